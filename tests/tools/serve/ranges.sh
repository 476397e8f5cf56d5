#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Several ranges in one request, and clients that fetch a file in many parts.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir -p "$tmp/www"
head -c 3000000 /dev/urandom > "$tmp/www/random.bin"
truncate -s 8G "$tmp/www/huge"
printf 'the end' >> "$tmp/www/huge"
server_start serve "$tmp/www" || exit 1

# Joins the parts of a multipart/byteranges body (standard input) into FILE at their places, and
# prints their ranges. Fails when anything is not as RFC 9110, 14.6 has it.
parts() { # CONTENT-TYPE ORIGINAL
	python3 -IS -c '
import re, sys
boundary = re.fullmatch("multipart/byteranges; boundary=([0-9A-F]{32})", sys.argv[1]).group(1).encode()
body = sys.stdin.buffer.read()
original = open(sys.argv[2], "rb").read()
pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
assert pieces[0] == b"" and pieces[-1] == b"--\r\n", pieces[-1]
for piece in pieces[1:-1]:
    head, data = piece.split(b"\r\n\r\n", 1)
    fields = dict(line.split(b": ") for line in head.split(b"\r\n")[1:])
    assert fields.pop(b"Content-Type") == b"application/octet-stream"
    first, last, size = re.fullmatch(rb"bytes (\d+)-(\d+)/(\d+)", fields.pop(b"Content-Range")).groups()
    assert not fields and int(size) == len(original)
    assert data == original[int(first):int(last) + 1], "wrong bytes"
    print(first.decode() + "-" + last.decode())
' "$1" "$2"
}

several() { # RANGES PARTS
	local type
	fetch random.bin -r "$1" -D "$tmp/head" -o "$tmp/body"
	head -n 1 "$tmp/head" | grep -q 'HTTP/[0-9.]* 206' || fail "no 206"
	type=$(tr -d '\r' < "$tmp/head" | sed -n 's/^content-type: //Ip')
	equal "$(tr -d '\r' < "$tmp/head" | sed -n 's/^content-length: //Ip')" "$(stat -c %s "$tmp/body")" "length"
	! grep -qi '^content-range' "$tmp/head" || fail "a Content-Range outside the parts"
	equal "$(parts "$type" "$tmp/www/random.bin" < "$tmp/body" | paste -sd,)" "$2"
}

ranges() {
	several 0-9,1000-1009 0-9,1000-1009
	several 2000000-,0-0,100000-300000 2000000-2999999,0-0,100000-300000
	several 0-99,50-150,-5 0-150,2999995-2999999
	several 5-5,4000000-,-1 5-5,2999999-2999999
}

one_is_left() {
	fetch random.bin -r 0-99,50-150,4000000- -D "$tmp/head" -o "$tmp/body"
	grep -qi '^content-range: bytes 0-150/3000000' "$tmp/head" || fail "not one range"
	cmp "$tmp/body" <(head -c 151 "$tmp/www/random.bin")
}

conditional() {
	local tag
	tag=$(fetch random.bin -I | tr -d '\r' | sed -n 's/^etag: //Ip')
	equal "$(status random.bin -r 0-9,1000-1009 -H "If-Range: $tag")" 206
	equal "$(status random.bin -r 0-9,1000-1009 -H 'If-Range: "other"')" 200
	cmp "$tmp/body" "$tmp/www/random.bin"
	equal "$(status random.bin -r 0-9,1000-1009 -H "If-None-Match: $tag")" 304
}

scattered() { # COUNT
	awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++) printf "%s%d-%d", i ? "," : "", i * 1000, i * 1000 }'
}

hundreds() {
	several "$(scattered 256)" "$(scattered 256)"
	# Of more the last ones become one.
	several "$(scattered 300)" "$(scattered 255),255000-299000"
}

empty_is_whole() {
	: > "$tmp/www/empty"
	equal "$(status empty -r 0-9)" 200
	equal "$(status empty -r -5)" 200
	equal "$(status empty -r 5-)" 200
}

overlaps_are_sent_once() {
	local flood
	flood=$(seq -s, -f '0-%.0f' 0 999)
	equal "$(status huge -r "$flood")" 206
	equal "$(stat -c %s "$tmp/body")" 1000
	flood=$(seq -s, -f '%.0f-999' 0 60)
	equal "$(status huge -r "$flood")" 206
	equal "$(stat -c %s "$tmp/body")" 1000
}

far_out() {
	equal "$(fetch huge -r 8589934592-)" 'the end'
	equal "$(fetch huge -r -3)" end
}

aria2() {
	command -v aria2c > /dev/null || fail "aria2c is missing"
	aria2c -q --check-certificate=false -x 8 -s 8 -k 1M --min-split-size=1M -d "$tmp" -o aria \
		"https://127.0.0.1:$port/random.bin" < /dev/null
	cmp "$tmp/aria" "$tmp/www/random.bin"
}

aria2_resumed() {
	fetch_limited
	aria2c -q --check-certificate=false -c -x 4 -d "$tmp" -o resumed "https://127.0.0.1:$port/random.bin" < /dev/null
	cmp "$tmp/resumed" "$tmp/www/random.bin"
}

fetch_limited() { # the first part, as of a download that was interrupted
	head -c 1234567 "$tmp/www/random.bin" > "$tmp/resumed"
}

wget_resumed() {
	head -c 765432 "$tmp/www/random.bin" > "$tmp/random.bin"
	(cd "$tmp" && wget -q -c --no-check-certificate "https://127.0.0.1:$port/random.bin")
	cmp "$tmp/random.bin" "$tmp/www/random.bin"
}

for name in ranges one_is_left conditional hundreds empty_is_whole overlaps_are_sent_once far_out aria2 aria2_resumed wget_resumed; do
	test_case $name $name
done
test_case stops_cleanly server_stop
test_end
