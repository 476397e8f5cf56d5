#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Listings of folders, as a page and as JSON.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

www=$tmp/www
mkdir -p "$www/mixed/sub" "$www/mixed/.hidden" "$www/index" "$www/empty" "$www/many" "$tmp/outside"
echo secret > "$tmp/outside/secret"
echo '<h1>mine</h1>' > "$www/index/index.html"
cd "$www/mixed" || exit 1
for name in plain.txt file-2 file-10 '<img src=x onerror=alert(1)>.html' 'a&b "c" '"'d'.txt" '100%.txt' 'q?r#s;t:u' \
	'with space' 'größe' $'bad\xff\xfename' $'tab\there' -dash 'back\slash' .dot; do
	printf '%s' "content of $name" > "./$name"
done
head -c 1500000 /dev/zero > million
ln -s plain.txt inside
ln -s ../../outside/secret outside
ln -s ../../outside outside-folder
ln -s nowhere dangling
ln -s /etc/passwd absolute
mkfifo fifo
for i in $(seq 300); do : > "$www/many/a-file-with-a-rather-long-name-$i"; done
cd "$tmp" || exit 1

off() {
	equal "$(status mixed/)" 404
	server_stop
}

server_start plain --no-listing www || exit 1
test_case off off
server_start listing www || exit 1

# Both forms; each link is followed (the empty files would only take time).
check='
import json, os, re, subprocess, sys
base, folder = sys.argv[1], os.fsencode(sys.argv[2])

def fetch(url, accept="text/html"):
    return subprocess.run(["curl", "-sSkf", "--max-time", "60", "-H", "Accept: " + accept, url],
                          stdout=subprocess.PIPE, check=True).stdout

def unquote(text):
    return re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode())

def unescape(text):
    return re.sub("&#([0-9]+);", lambda m: chr(int(m.group(1))), text)

expected = {name for name in os.listdir(folder) if not name.startswith(b".")} - \
    {b"outside", b"outside-folder", b"dangling", b"absolute", b"fifo"}
page = fetch(base).decode("utf-8", "replace")
assert "img" not in re.findall("<([a-z0-9]+)", page), "a name became markup"
links = [(href, unescape(text)) for href, text in re.findall("<a href=\"([^\"]*)\">([^<]*)</a>", page)]
links = [link for link in links if not link[0].startswith(("/", ".."))]
listing = json.loads(fetch(base, "application/json"))
assert listing["path"] == "/" + base.split("/", 3)[3] and not listing["cut"], listing
assert [link[0] for link in links] == [entry["href"] for entry in listing["entries"]]
got = set()
for entry, link in zip(listing["entries"], links):
    name = unquote(entry["href"])
    got.add(name.rstrip(b"/"))
    if entry["type"] == "directory":
        assert name.endswith(b"/") and link[1].endswith("/")
        continue
    data = open(os.path.join(folder, name), "rb").read()
    assert entry["size"] == len(data)
    assert name.startswith(b"a-file-") or fetch(base + entry["href"]) == data, name
    if name.decode("utf-8", "replace").isprintable() and b"\xff" not in name:
        assert entry["name"].encode() == name and link[1].encode() == name, (entry, link, name)
assert got == expected, got ^ expected
print(len(got), "entries")
'

every_link_leads_there() {
	python3 -IS -c "$check" "https://127.0.0.1:$port/mixed/" "$www/mixed"
	python3 -IS -c "$check" "https://127.0.0.1:$port/many/" "$www/many"
}

names() { # PATH
	fetch "$1" -H 'Accept: application/json' |
		python3 -IS -c 'import json, sys; print(" ".join(e["name"] for e in json.load(sys.stdin)["entries"]))'
}

sorted() {
	equal "$(names '')" 'empty index many mixed tree'
	names mixed/ | grep -q '^sub .*file-2 file-10 .*' || fail "folders first, numbers in their order"
}

forms() {
	status mixed/ -D "$tmp/head" -H 'Accept: text/html, application/json;q=0.9' > /dev/null
	grep -qi '^content-type: text/html' "$tmp/head"
	status mixed/ -D "$tmp/head" -H 'Accept: application/json, text/html;q=0.9' > /dev/null
	grep -qi '^content-type: application/json' "$tmp/head"
	grep -qi '^vary: accept' "$tmp/head"
	status mixed/ -D "$tmp/head" > /dev/null
	grep -qi '^content-type: text/html' "$tmp/head"
	grep -q '1.4 MiB' "$tmp/body"
	grep -q 'title="1500000 bytes"' "$tmp/body"
}

head_only() {
	local head
	head=$(fetch mixed/ -I | tr -d '\r')
	has "$head" "Content-Length: $(fetch mixed/ | wc -c)"
}

folders() {
	equal "$(fetch index/)" '<h1>mine</h1>'
	equal "$(status empty/)" 200
	equal "$(status empty)" 301
	equal "$(status absent/)" 404
	equal "$(status mixed/plain.txt/)" 404
	equal "$(status mixed/.hidden/)" 404
	equal "$(status mixed/outside-folder/)" 404
	expect_log 'leads out of the folder: /mixed/outside-folder/'
}

# A folder of any size is listed whole, in order, and by each of its columns.
complete() {
	local count=100000
	[ -z "${TLSRING_SHORT:-}" ] || count=10000
	mkdir "$www/huge"
	(cd "$www/huge" && seq -f "file-%.0f" $count | xargs touch)
	equal "$(names huge/ | tr ' ' '\n' | sha256sum)" "$(seq -f "file-%.0f" $count | sha256sum)" "names"
	equal "$(fetch huge/ | grep -c '<tr><td class="n"><a href="file-')" $count "rows"
	fetch "huge/?sort=-name" > "$tmp/page"
	equal "$(< "$tmp/page" grep -o 'href="file-[0-9]*"' | head -n 1)" "href=\"file-$count\""
	rm -r "$www/huge"
}

columns() {
	fetch 'mixed/?sort=-size' > "$tmp/page"
	grep -q '<th scope=col class=s aria-sort=descending><button name=sort value=size>Size</button>' "$tmp/page"
	grep -q '<th scope=col><button name=sort value=name>Name</button>' "$tmp/page"
	equal "$(grep -o 'href="[^"/]*"' "$tmp/page" | head -n 1)" 'href="million"'
	equal "$(names 'mixed/?sort=-size' | cut -d' ' -f1,2)" "sub million"
}

# Clients that come and go while a listing is made, over a reload.
impatient() {
	local i protocols=(--http1.1 --http2)
	mkdir -p "$www/large"
	(cd "$www/large" && seq -f 'file-%.0f' 20000 | xargs touch)
	for i in $(seq 12); do
		touch "$www/large/again-$i"
		timeout "0.0$((i % 10 + 1))" curl -sk "${protocols[i % 2]}" "https://127.0.0.1:$port/large/" \
			> /dev/null || true
		[ $((i % 4)) != 0 ] || kill -HUP "$server"
	done
	for i in 1 2 3 4 5 6; do
		fetch "large/?sort=size" -o "$tmp/large.$i" &
	done
	touch "$www/large/last"
	wait $(jobs -p)
	fetch large/ | grep -q 'href="last"' || fail "the last file is missing"
	grep -q 'href="file-20000"' "$tmp/large.6" || fail "not listed"
	# One response after the other, though more requests are there.
	equal "$(curl -sk --http1.1 "https://127.0.0.1:$port/{large/,empty/,large/,index/}" | grep -c '</table>\|mine')" 4
}

# Programs that know no listing of ours see all that is there, once.
tree() {
	mkdir -p "$www/tree/sub/deeper" "$www/tree/with space"
	for name in a.txt file-2 file-10 größe sub/b sub/deeper/c 'with space/d e'; do
		echo "content of $name" > "$www/tree/$name"
	done
}

wget_mirrors() {
	have wget
	wget -q -r -np -nH --cut-dirs=1 --no-check-certificate -R 'index.html*' -P "$tmp/wget" "https://127.0.0.1:$port/tree/" < /dev/null
	diff -r "$www/tree" "$tmp/wget"
}

wget2_mirrors() {
	have wget2
	wget2 -q -r -np -nH --cut-dirs=1 --no-check-certificate -R 'index.html*' -P "$tmp/wget2" \
		"https://127.0.0.1:$port/tree/" < /dev/null
	diff -r -x index.html "$www/tree" "$tmp/wget2"
}

lftp_mirrors() {
	have lftp
	lftp -c "set ssl:verify-certificate no; mirror https://127.0.0.1:$port/tree/ $tmp/lftp" < /dev/null
	diff -r "$www/tree" "$tmp/lftp"
}

rclone_mirrors() {
	have rclone
	rclone --config /dev/null --no-check-certificate --http-url "https://127.0.0.1:$port/tree/" copy :http: "$tmp/rclone" < /dev/null
	diff -r "$www/tree" "$tmp/rclone"
}

tree
for name in wget_mirrors wget2_mirrors lftp_mirrors rclone_mirrors; do
	test_case $name $name
done
for name in every_link_leads_there sorted forms head_only folders complete columns impatient; do
	test_case $name $name
done
test_case stops_cleanly server_stop
test_end
