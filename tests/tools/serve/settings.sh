#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the flags about files change in the answers.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir -p "$tmp/www/sub" "$tmp/www/.hidden" "$tmp/www/.well-known/acme-challenge" "$tmp/www/errors"
printf 'first' > "$tmp/www/sub/start.htm"
printf 'second' > "$tmp/www/sub/index.html"
printf 'dot' > "$tmp/www/.hidden/file"
printf 'proof' > "$tmp/www/.well-known/acme-challenge/token"
printf 'a {}' > "$tmp/www/a.css"
printf 'x' > "$tmp/www/x.mjs"
printf '<h1>gone fishing</h1>' > "$tmp/www/errors/404.html"
echo secret > "$tmp/secret"
ln -s ../../secret "$tmp/www/errors/405.html"

lacks() { # HEAD NAME
	! printf '%s\n' "$1" | grep -qi "^$2:" || { printf '%s\n' "$1"; fail "there is a $2"; }
}

hidden_by_default() {
	equal "$(status .hidden/file)" 404
	equal "$(status .hidden/)" 404
	equal "$(fetch .well-known/acme-challenge/token)" proof
	lacks "$(head_of a.css)" Cache-Control
	server_stop
}

server_start plain "$tmp/www" || exit 1
test_case hidden_by_default hidden_by_default
server_start flags --hidden --index start.htm,index.html --cache-control '/sub/*=no-cache' \
	--cache-control '*.css=public, max-age=31536000, immutable' --type mjs=text/x-module \
	--error-page 404=/errors/404.html --error-page 405=/errors/405.html "$tmp/www" || exit 1

hidden_shown() {
	equal "$(fetch .hidden/file)" dot
	equal "$(status ../secret --path-as-is)" 404
	equal "$(status .hidden/../a.css --path-as-is)" 200
	equal "$(status ../.hidden/a --path-as-is)" 404
}

indexes() {
	equal "$(fetch sub/)" first
	rm "$tmp/www/sub/start.htm"
	equal "$(fetch sub/)" second
}

cache_control() {
	local head tag
	head=$(head_of a.css)
	has "$head" 'Cache-Control: public, max-age=31536000, immutable'
	tag=$(printf '%s\n' "$head" | sed -n 's/^ETag: //p')
	has "$(head_of a.css -H "If-None-Match: $tag")" 'HTTP/1.1 304 Not Modified'
	has "$(head_of a.css -H "If-None-Match: $tag")" 'Cache-Control: public, max-age=31536000, immutable'
	has "$(head_of a.css -r 0-0)" 'Cache-Control: public, max-age=31536000, immutable'
	has "$(head_of sub/)" 'Cache-Control: no-cache'
	lacks "$(head_of x.mjs)" Cache-Control
	lacks "$(head_of absent.css)" Cache-Control
}

types() {
	has "$(head_of x.mjs)" 'Content-Type: text/x-module; charset=utf-8'
	has "$(head_of a.css)" 'Content-Type: text/css; charset=utf-8'
}

error_pages() {
	equal "$(status absent)" 404
	equal "$(cat "$tmp/body")" '<h1>gone fishing</h1>'
	has "$(head_of absent)" 'Content-Type: text/html; charset=utf-8'
	has "$(head_of absent -I)" 'Content-Length: 21'
	lacks "$(head_of absent)" ETag
	equal "$(status absent -r 0-1)" 404
	equal "$(wc -c < "$tmp/body")" 21
	# One that leads out of the folder is none.
	equal "$(status absent -X POST)" 405
	equal "$(cat "$tmp/body")" '405 Method Not Allowed'
	expect_log 'refused with 405: its error page cannot be read'
	has "$(head_of absent -X POST)" 'Allow: GET, HEAD, OPTIONS'
}

for name in hidden_shown indexes cache_control types error_pages; do
	test_case $name $name
done
test_case stops_cleanly server_stop

for i in $(seq 5000); do echo "line $i"; done > "$tmp/www/lines.txt"
gzip -k "$tmp/www/lines.txt"
head -c 1000 /dev/urandom > "$tmp/www/lines.txt.br" # only its bytes matter here
server_start precompressed --precompressed "$tmp/www" || exit 1

coding() { # ACCEPT-ENCODING CODING FILE: what comes is that file
	local head
	head=$(fetch lines.txt -H "Accept-Encoding: $1" -o "$tmp/body" -D - | tr -d '\r')
	equal "$(printf '%s\n' "$head" | sed -n 's/^content-encoding: //Ip')" "$2" "coding for $1"
	has "$head" 'Vary: Accept-Encoding'
	has "$head" 'Content-Type: text/plain; charset=utf-8'
	has "$head" "Content-Length: $(stat -c %s "$tmp/www/$3")"
	cmp "$tmp/body" "$tmp/www/$3"
}

etag() { # ACCEPT-ENCODING
	fetch lines.txt -I -H "Accept-Encoding: $1" | tr -d '\r' | sed -n 's/^etag: //Ip'
}

codings() {
	coding 'gzip, deflate, br, zstd' br lines.txt.br
	coding 'gzip;q=1, br;q=0.1' gzip lines.txt.gz
	coding 'zstd' '' lines.txt
	coding 'br;q=0, gzip' gzip lines.txt.gz
	coding 'identity' '' lines.txt
	coding '' '' lines.txt
	# In two lines, whichever comes first.
	for http in --http1.1 --http2; do
		equal "$(fetch lines.txt -H 'Accept-Encoding: gzip' -H 'Accept-Encoding: br;q=0.5' | cmp - "$tmp/www/lines.txt.gz")" ''
		equal "$(fetch lines.txt -H 'Accept-Encoding: br;q=0.5' -H 'Accept-Encoding: gzip' | cmp - "$tmp/www/lines.txt.gz")" ''
	done
	http=--http1.1
	equal "$(fetch lines.txt --compressed -H 'Accept-Encoding: gzip' | sha256sum)" "$(sha256sum < "$tmp/www/lines.txt")"
	lacks "$(head_of lines.txt.gz)" Content-Encoding
	has "$(head_of lines.txt.gz)" 'Content-Type: application/gzip'
}

coding_conditions() {
	local plain gzip head
	plain=$(etag identity)
	gzip=$(etag gzip)
	[ "$plain" != "$gzip" ] || fail "two representations have one entity tag"
	equal "$(status lines.txt -H 'Accept-Encoding: gzip' -H "If-None-Match: $gzip")" 304
	equal "$(status lines.txt -H 'Accept-Encoding: gzip' -H "If-None-Match: $plain")" 200
	has "$(head_of lines.txt -H 'Accept-Encoding: gzip' -H "If-None-Match: $gzip")" 'Vary: Accept-Encoding'
	head=$(fetch lines.txt -H 'Accept-Encoding: gzip' -r 100-199 -o "$tmp/body" -D - | tr -d '\r')
	has "$head" 'HTTP/1.1 206 Partial Content'
	has "$head" 'Content-Encoding: gzip'
	has "$head" "Content-Range: bytes 100-199/$(stat -c %s "$tmp/www/lines.txt.gz")"
	cmp "$tmp/body" <(tail -c +101 "$tmp/www/lines.txt.gz" | head -c 100)
}

stale_siblings() {
	touch -d tomorrow "$tmp/www/lines.txt"
	coding 'gzip, br' '' lines.txt
	# A date to come is none to compare with.
	has "$(head_of lines.txt)" 'Last-Modified: .* GMT'
	! head_of lines.txt | grep -qi "^Last-Modified: $(date -u -r "$tmp/www/lines.txt" '+%a, %d')" ||
		fail "Last-Modified is a date to come"
}

for name in codings coding_conditions stale_siblings; do
	test_case $name $name
done
test_case stops_cleanly_again server_stop

heads_limited() {
	local some much protocol
	some=$(printf 'x%.0s' {1..300})
	much=$some$some$some$some
	server_start limited --max-header-bytes 1000 "$tmp/www" || return 1
	for protocol in --http1.1 --http2; do
		equal "$(status a.css "$protocol" -H "X: $some")" 200
		equal "$(status a.css "$protocol" -H "X: $much")" 431
	done
	server_stop
	! "$tlsring" serve --max-header-bytes 100000 "$tmp/www" 2> "$tmp/refused" || fail "it starts"
	grep -q 'max-header-bytes.*give a number from 512 to 16384' "$tmp/refused"
}

# A reload that cannot read the types keeps the old ones. The server has mounts of its own, where reading
# the file of its memory is an error.
types_survive_a_reload() {
	unshare -m true 2> /dev/null || skip "no mounts of its own"
	have /etc/mime.types
	start types unshare -m "$tlsring" serve --listen 127.0.0.1:0 "$tmp/www"
	server=$pid
	await 30 server_settled
	port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\):.*/\1/p' "$log" | head -n 1)
	has "$(head_of a.css)" 'Content-Type: text/css.*'
	nsenter -t "$server" -m mount --bind "/proc/$server/mem" /etc/mime.types
	kill -HUP "$server"
	expect_log 'cannot read /etc/mime.types: Input/output error'
	has "$(head_of a.css)" 'Content-Type: text/css.*'
	server_stop
}

holds() { # FILE: has the server it open?
	find "/proc/$server/fd" -lname "$1" 2> /dev/null | grep -q .
}

# A small file stays open for the next request, but not over a reload.
files_go_with_a_reload() {
	server_start kept --threads 1 "$tmp/www" || return 1
	equal "$(fetch a.css)" 'a {}'
	holds "$tmp/www/a.css" || fail "not kept"
	kill -HUP "$server"
	expect_log '^tlsring: reloaded'
	equal "$(fetch x.mjs)" x
	! holds "$tmp/www/a.css" || fail "kept"
	holds "$tmp/www/x.mjs" || fail "not kept"
	server_stop
}

test_case heads_limited heads_limited
test_case files_go_with_a_reload files_go_with_a_reload
test_case types_survive_a_reload types_survive_a_reload
test_end
