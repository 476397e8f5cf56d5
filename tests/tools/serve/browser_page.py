#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a page with 50 assets: browser_page.py DIR FONT

Its load event waits for all of them. assets() in the page then says what is wrong: an asset that did
not take effect, was not as long as its file, or, fetched once more with all others at once, has another
hash; and which protocols they came over.
"""
import hashlib
import json
import os
import random
import struct
import sys
import zlib

PAGE = """<!DOCTYPE html>
<html lang=en><meta charset=utf-8><title>assets</title>
<script>
const files = %s, loaded = new Set();

async function sha256(data) {
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
	return [...hash].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

async function wrong(name, file) {
	const answer = await fetch(name, {cache: "no-store"}), data = await answer.arrayBuffer();
	const timing = performance.getEntriesByName(new URL(name, location).href)[0];

	if (name.endsWith(".ttf"))
		await document.fonts.load("16px " + name.split(".")[0]).catch(() => {});
	if (name.endsWith(".css") && getComputedStyle(document.body).getPropertyValue("--" + name.split(".")[0]) != "1")
		return name + " has no effect";
	if (!name.endsWith(".css") && !name.endsWith(".ttf") && !loaded.has(name))
		return name + " was not loaded";
	if (timing.encodedBodySize != file.size)
		return `${name}: ${timing.encodedBodySize} bytes of ${file.size}`;
	if (answer.status != 200 || await sha256(data) != file.sha256)
		return `${name}: status ${answer.status}, ${data.byteLength} bytes, not the same`;
	return "";
}

async function assets() {
	const names = Object.keys(files);
	const faults = (await Promise.all(names.map(name => wrong(name, files[name])))).filter(text => text);
	const fonts = [...document.fonts].filter(font => font.status != "loaded").map(font => font.family + " not loaded");
	const protocols = new Set(performance.getEntriesByType("resource").map(entry => entry.nextHopProtocol));

	return [...faults, ...fonts, `${names.length} assets over ${[...protocols]}`].join("\\n");
}
</script>
%s
"""


def png(random_bytes, side):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + random_bytes(3 * side) for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def main():
    folder, font = sys.argv[1:]
    files, tags, seed = {}, [], random.Random(1)

    def add(name, data, tag):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
        files[name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        tags.append(tag.format(name, name.split(".")[0]))

    for i in range(24):
        add(f"image{i}.png", png(seed.randbytes, 8 + 12 * i), "<img src={0} onload='loaded.add(\"{0}\")'>")
    for i in range(12):
        add(f"style{i}.css", b"body { --style%d: 1 }\n" % i + b"/* more */\n" * seed.randrange(10000),
            "<link rel=stylesheet href={0}>")
    for i in range(10):
        add(f"script{i}.js", b'loaded.add("script%d.js");\n' % i + b"// more\n" * seed.randrange(20000),
            "<script src={0}></script>")
    with open(font, "rb") as file:
        data = file.read()
    for i in range(4):
        add(f"font{i}.ttf", data,
            "<style>@font-face {{ font-family: {1}; src: url({0}) }}</style><p style='font: 16px {1}'>{1}")
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as file:
        file.write(PAGE % (json.dumps(files), "\n".join(tags)))


main()
