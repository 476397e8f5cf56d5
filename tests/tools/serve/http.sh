#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# HTTP/1.1 as curl and a raw client see it.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
raw=$(dirname "$0")/raw.py

mkdir -p "$tmp/www/folder/deep" "$tmp/www/empty" "$tmp/www/two words"
printf '0123456789' > "$tmp/www/digits.txt"
printf 'index' > "$tmp/www/folder/index.html"
printf 'umlaut' > "$tmp/www/größe 1.css"
printf 'spaced' > "$tmp/www/two words/index.html"
: > "$tmp/www/nothing"
head -c 300000 /dev/urandom > "$tmp/www/random"
touch -d '2020-02-02 02:02:02 UTC' "$tmp/www/digits.txt"
server_start serve --no-listing "$tmp/www" || exit 1

basics() {
	local head
	head=$(head_of digits.txt)
	has "$head" 'HTTP/1.1 200 OK'
	has "$head" 'Content-Length: 10'
	has "$head" 'Content-Type: text/plain; charset=utf-8'
	has "$head" 'Last-Modified: Sun, 02 Feb 2020 02:02:02 GMT'
	has "$head" 'Accept-Ranges: bytes'
	has "$head" 'ETag: "[0-9a-f-]*"'
	has "$head" 'Date: [A-Z][a-z]*, .* GMT'
	equal "$(fetch digits.txt)" 0123456789
	equal "$(status nothing)" 200
	equal "$(fetch 'digits.txt?query=1&x=%20')" 0123456789
}

head_has_no_content() {
	local head
	head=$(raw_text 'HEAD /digits.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
	has "$head" 'Content-Length: 10'
	printf '%s' "$head" | tail -c 10 | grep -q 0123456789 && fail "HEAD sent the content"
	head=$(raw_text 'HEAD /absent HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
	has "$head" 'HTTP/1.1 404 Not Found'
	equal "$(printf '%s\n' "$head" | sed -n '/^$/,$p' | tr -d '\n')" "" "content of a HEAD"
}

raw_text() { # TEXT
	printf '%b' "$1" | timeout 30 python3 -IS "$raw" "$port" tls read | tr -d '\r'
}

names() {
	equal "$(fetch gr%C3%B6%C3%9Fe%201.css)" umlaut
	has "$(head_of gr%C3%B6%C3%9Fe%201.css)" 'Content-Type: text/css; charset=utf-8'
	equal "$(fetch two%20words/)" spaced
	equal "$(fetch //folder///index.html)" index
}

folders() {
	local head
	equal "$(fetch folder/)" index
	head=$(head_of 'two%20words?a=b')
	has "$head" 'HTTP/1.1 301 Moved Permanently'
	has "$head" 'Location: /two%20words/?a=b'
	has "$(head_of //folder)" 'Location: /folder/'
	equal "$(status empty/)" 404
	equal "$(status '')" 404
	equal "$(status digits.txt/)" 404
}

ranges() {
	local head
	head=$(head_of digits.txt -r 2-5)
	has "$head" 'HTTP/1.1 206 Partial Content'
	has "$head" 'Content-Range: bytes 2-5/10'
	has "$head" 'Content-Length: 4'
	equal "$(fetch digits.txt -r 2-5)" 2345
	equal "$(fetch digits.txt -r 7-)" 789
	equal "$(fetch digits.txt -r -2)" 89
	equal "$(fetch digits.txt -r 0-99)" 0123456789
	equal "$(fetch digits.txt -r 1-2,4-5)" 12345
	has "$(head_of digits.txt -r 10-)" 'HTTP/1.1 416 Range Not Satisfiable'
	has "$(head_of digits.txt -r 10-)" 'Content-Range: bytes \*/10'
	cmp <(fetch random -r 100000-250000) <(tail -c +100001 "$tmp/www/random" | head -c 150001)
}

resumed() {
	head -c 123456 "$tmp/www/random" > "$tmp/part"
	fetch random -C - -o "$tmp/part"
	cmp "$tmp/part" "$tmp/www/random"
}

conditions() {
	local tag date='Sun, 02 Feb 2020 02:02:02 GMT'
	tag=$(head_of digits.txt | sed -n 's/^ETag: //p')
	equal "$(status digits.txt -H "If-None-Match: $tag")" 304
	equal "$(status digits.txt -H "If-None-Match: \"x\", W/$tag")" 304
	equal "$(status digits.txt -H 'If-None-Match: "x"')" 200
	equal "$(status digits.txt -H "If-Modified-Since: $date")" 304
	equal "$(status digits.txt -H 'If-Modified-Since: Sun, 02 Feb 2020 02:02:01 GMT')" 200
	equal "$(status digits.txt -H 'If-Match: "x"')" 412
	equal "$(status digits.txt -H "If-Match: $tag")" 200
	equal "$(status digits.txt -H 'If-Unmodified-Since: Sun, 02 Feb 2020 02:02:01 GMT')" 412
	equal "$(status digits.txt -r 0-1 -H "If-Range: $tag")" 206
	equal "$(status digits.txt -r 0-1 -H 'If-Range: "x"')" 200
	equal "$(status digits.txt -r 0-1 -H "If-Range: $date")" 206
	has "$(head_of digits.txt -H "If-None-Match: $tag")" "ETag: $tag"
	# A list in several lines is one; what is no list may not come twice.
	equal "$(status digits.txt -H "If-None-Match: $tag" -H 'If-None-Match: "x"')" 304
	equal "$(status digits.txt -H 'If-None-Match: "x"' -H "If-None-Match: $tag")" 304
	equal "$(status digits.txt -H "If-Match: $tag" -H 'If-Match: "x"')" 200
	equal "$(status digits.txt -H "If-Modified-Since: $date" -H "If-Modified-Since: $date")" 400
	equal "$(status digits.txt -H 'Range: bytes=0-1' -H 'Range: bytes=0-1')" 400
}

methods() {
	equal "$(status digits.txt -X POST -d data)" 405
	has "$(head_of digits.txt -X DELETE)" 'Allow: GET, HEAD, OPTIONS'
	equal "$(status digits.txt -X BREW)" 501
	equal "$(status digits.txt -X OPTIONS)" 204
	has "$(head_of absent -X OPTIONS)" 'Allow: GET, HEAD, OPTIONS'
	has "$(raw_text 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')" 'HTTP/1.1 204 No Content'
	equal "$(status absent)" 404
}

http10() {
	local answer
	answer=$(raw_text 'GET /digits.txt HTTP/1.0\r\n\r\nGET /digits.txt HTTP/1.0\r\n\r\n')
	equal "$(printf '%s\n' "$answer" | grep -c '^HTTP/1.1 200')" 1 "answers without keep-alive"
	has "$answer" 'Connection: close'
	answer=$(raw_text 'GET /digits.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /digits.txt HTTP/1.0\r\n\r\n')
	equal "$(printf '%s\n' "$answer" | grep -o 'HTTP/1.1 200' | wc -l)" 2 "answers with keep-alive"
	has "$answer" 'Connection: keep-alive'
}

pipelined() { # 200 requests in one go: every answer, in order
	local request='GET /digits.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=' all='' i answer
	for i in $(seq 200); do
		all+="$request$((i % 10))-$((i % 10))\r\n\r\n"
	done
	all+='GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
	answer=$(raw_text "$all")
	equal "$(printf '%s\n' "$answer" | grep -o 'HTTP/1.1 206' | wc -l)" 200 "answers"
	equal "$(printf '%s\n' "$answer" | sed -n 's|^Content-Range: bytes \([0-9]\)-.*|\1|p' | tr -d '\n')" \
		"$(for i in $(seq 200); do printf %d $((i % 10)); done)" "order of the answers"
}

one_connection() {
	equal "$(curl -sSk "$http" --max-time 30 -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects}' \
		"https://127.0.0.1:$port/random" "https://127.0.0.1:$port/absent" \
		"https://127.0.0.1:$port/folder/")" 100 "new connections of three requests"
}

alpn() {
	equal "$(fetch digits.txt --http2 -o /dev/null -w '%{http_version}')" 2 "the protocol of who offers both"
	equal "$(fetch digits.txt --no-alpn -o /dev/null -w '%{http_version}')" 1.1 "without ALPN"
	! openssl s_client -connect "127.0.0.1:$port" -alpn h3 < /dev/null > "$tmp/alpn" 2>&1 ||
		fail "an unknown protocol is accepted"
	grep -q 'no application protocol' "$tmp/alpn" || fail "no alert about the protocol"
}

changed_file() {
	local before after
	before=$(head_of nothing | grep '^ETag')
	printf 'something' > "$tmp/www/nothing"
	after=$(head_of nothing | grep '^ETag')
	[ "$before" != "$after" ] || fail "the entity tag did not change"
	equal "$(fetch nothing)" something
}

# What is answered is no kernel's matter.
for name in basics head_has_no_content $(in_full names folders) ranges resumed $(in_full conditions methods http10) \
	pipelined one_connection alpn changed_file; do
	test_case $name $name
done
test_case stops_cleanly server_stop
test_end
