#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Clients that are broken or mean: each is told so in the log, nothing leaks, the others go on.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
raw=$(dirname "$0")/raw.py

mkdir -p "$tmp/www/folder" "$tmp/www/.git"
echo secret > "$tmp/secret"
echo public > "$tmp/www/public"
echo hidden > "$tmp/www/.git/config"
ln -s ../secret "$tmp/www/out"
ln -s /etc/passwd "$tmp/www/passwd"
ln -s /proc/self/root "$tmp/www/magic"
mkfifo "$tmp/www/fifo"
head -c 4000000 /dev/urandom > "$tmp/www/large"
truncate -s 1G "$tmp/www/huge"
server_start serve --handshake-timeout 2 --file-cache 0 "$tmp/www" || exit 1
fetch public > /dev/null
before=$(server_descriptors)

# Runs beside all of them.
fetch_beside large --limit-rate 200k -o "$tmp/beside"
beside=$puller

lines() { # PATTERN: how often it stands in the log
	grep -cE -- "$1" "$log"
}

tells() { # PATTERN COMMAND...: the command makes the log say so once more
	local pattern=$1 count
	shift
	count=$(lines "$pattern" || true)
	"$@"
	expect_log "$pattern" "$((count + 1))"
	equal "$(fetch public)" public "another client's answer"
}

vanish() {
	rm -f "$tmp/huge"
	fetch_beside huge --limit-rate 1M -o "$tmp/huge"
	await 20 test -s "$tmp/huge"
	kill -KILL "$puller"
}

raw_text() { # TRANSPORT END TEXT
	printf '%b' "$3" | timeout 30 python3 -IS "$raw" "$port" "$1" "$2"
}

hello() { # a ClientHello of 512 bytes that says it has LENGTH
	printf '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
	head -c 32 /dev/zero
}

half_hello() { # END
	hello | timeout 30 python3 -IS "$raw" "$port" tcp "$1"
}

client_vanishes() {
	tells 'failed while /huge was sent' vanish
}

garbage() {
	tells 'handshake failed' raw_text tcp read '\x00\x01\x02 is this TLS?\n\n\n\n'
}

plain_http() {
	tells 'handshake failed.*(HTTP|http)' raw_text tcp read 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
}

stops_midway() {
	tells 'handshake failed.*time' half_hello hold
}

truncated_hello() {
	tells 'handshake failed' half_hello fin
}

reset_in_hello() {
	tells 'handshake failed.*reset' half_hello reset
}

status_of() { # PATH...: as they are, without curl's own tidying; a line for each
	local path list=()
	rm -f "$tmp"/body.*
	for path in "$@"; do
		list+=(-o "$tmp/body.${#list[@]}" "https://127.0.0.1:$port$path")
	done
	curl -sk "$http" --path-as-is -w '%{http_code} %{url}\n' --max-time 30 "${list[@]}"
}

path_escapes() {
	local paths=(/../secret /%2e%2e/secret /.%2E/secret /..%2fsecret /%2e%2e%2fsecret \
		/folder/../../secret /folder/%2e%2e/%2e%2e/secret /%252e%252e/secret //../secret \
		/folder/../.git/config /.git/config /%2egit/config /out /passwd /magic/etc/passwd /fifo)
	status_of "${paths[@]}" > "$tmp/statuses"
	equal "$(grep -c '^404 ' "$tmp/statuses")" "${#paths[@]}" "number of 404 in $(cat "$tmp/statuses")"
	equal "$(cat "$tmp"/body.* | wc -l)" "${#paths[@]}" "number of answers"
	! grep -E 'secret|hidden|root:' "$tmp"/body.* || fail "a path leaked"
	# Segments that stay inside are removed, as apt's "deb URL ./" has them.
	status_of /./public /folder/../public /../public /%2e/%2E%2e/public > "$tmp/statuses"
	equal "$(cut -d' ' -f1 "$tmp/statuses" | xargs)" "200 200 200 200" "statuses inside"
	equal "$(status_of /%00 /public%00.html | cut -d' ' -f1 | xargs)" "400 400" "statuses of a NUL"
	expect_log 'refused with 404: leads out of the folder: /out'
	expect_log 'refused with 404: leads out of the folder: /passwd'
	expect_log 'refused with 400: .*/%00'
}

refused() { # STATUS REQUEST: one answer, of that status, and then the end
	local answer
	answer=$(raw_text tls read "$2")
	case $answer in
	"HTTP/1.1 $1 "*) ;;
	*) fail "instead of $1 for $2: $answer" ;;
	esac
	equal "$(printf '%s\n' "$answer" | grep -c '^HTTP/1')" 1 "number of answers to $2"
	expect_log "refused with $1"
}

smuggling() {
	local inner='GET /public HTTP/1.1\r\nHost: x\r\n\r\n'
	refused 400 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner"
	refused 400 "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n$inner"
	refused 400 "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\n$inner"
	refused 400 "GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n$inner"
	refused 400 "GET / HTTP/1.1\nHost: x\n\n$inner"
	refused 501 "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n$inner"
	refused 505 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n$inner"
}

chunked_body_is_no_request() {
	local answer
	answer=$(raw_text tls read 'GET /public HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /public HTTP/1.1\r\nHost: x\r\n\r\n')
	equal "$(printf '%s\n' "$answer" | grep -c '^HTTP/1')" 1 "number of answers"
	printf '%s\n' "$answer" | grep -qi '^Connection: close' || fail "it does not say that it closes"
}

body_is_passed_over() {
	local answer
	answer=$(raw_text tls read 'GET /public HTTP/1.1\r\nHost: x\r\nContent-Length: 41\r\n\r\nGET /.git/config HTTP/1.1\r\nHost: evil\r\n\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /public HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
	equal "$(printf '%s\n' "$answer" | grep '^HTTP/1' | cut -d' ' -f2 | tr '\n' ' ')" "200 405 200 " "answers"
}

long_heads() {
	local long
	long=$(head -c 9000 /dev/zero | tr '\0' a)
	refused 414 "GET /$long HTTP/1.1\r\nHost: x\r\n\r\n"
	refused 431 "GET / HTTP/1.1\r\nHost: x\r\nA: $long\r\nB: $long\r\n\r\n"
}

log_is_one_line_each() {
	raw_text tls read 'GET /a\xe2\x80\xa8\x9b31mb%0d%0ainjected/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' > /dev/null
	expect_log 'refused with 400: .*/a.xe2.x80.xa8.x9b31mb%0d%0ainjected'
	! LC_ALL=C grep -q '[^[:print:]]' "$log" || fail "the log holds bytes that do not print"
}

others_go_on() {
	wait "$beside"
	equal "$(sha256sum < "$tmp/beside")" "$(sha256sum < "$tmp/www/large")" "hash of the slow download"
}

back_to_before() {
	[ "$(server_descriptors)" -le "$before" ]
}

nothing_leaks() {
	await 15 back_to_before || { ls -l "/proc/$server/fd"; fail "more than $before descriptors"; }
}

# No kernel changes what a request is answered with.
for name in client_vanishes garbage plain_http stops_midway truncated_hello reset_in_hello \
	$(in_full path_escapes smuggling chunked_body_is_no_request body_is_passed_over long_heads log_is_one_line_each); do
	test_case $name $name
done
wait "$beside"
test_case others_go_on others_go_on
test_case nothing_leaks nothing_leaks
test_case stops_cleanly server_stop
test_end
