#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a newcomer sees who types `tlsring serve` without any configuration.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir -p "$tmp/www/sub"
echo hello > "$tmp/www/hello.txt"
echo inner > "$tmp/www/sub/inner.txt"
printf '[server]\nlisten = 127.0.0.1:0\n[host]\ndir = %s/www\n' "$tmp" > "$tmp/conf"

folders_are_listed() {
	server_start listed "$tmp/www"
	equal "$(status '')" 200
	grep -q 'hello.txt' "$tmp/body" || fail "the page lacks the file"
	equal "$(status sub/)" 200
	server_stop
	server_start unlisted --no-listing "$tmp/www"
	equal "$(status '')" 404
	equal "$(fetch hello.txt)" hello
	server_stop
	server_start configured --config "$tmp/conf"
	equal "$(status '')" 404 "with a file that does not ask for listings"
	server_stop
}

first_lines() {
	server_start lines --offload off "$tmp/www"
	equal "$(tail -n 1 "$log")" "tlsring: listening on 127.0.0.1:$port: https://127.0.0.1:$port/"
	equal "$(grep -cE 'records: |sending: |receiving: ' "$log")" 1 "lines about sealing"
	server_stop
}

plain_http() {
	server_start plain "$tmp/www"
	equal "$(curl -sS -o "$tmp/body" -w '%{http_code}' "http://127.0.0.1:$port/hello.txt")" 400
	grep -q 'This port speaks TLS: write https://' "$tmp/body" || fail "$(cat "$tmp/body")"
	expect_log 'a plain HTTP request came instead of TLS'
	equal "$(fetch hello.txt)" hello
	server_stop
}

fingerprint() {
	sed -n 's/.*SHA-256 \([0-9A-F:]*\)$/\1/p' "$log"
}

# The same certificate the next time, which a client can trust by its file.
certificate_is_kept() {
	local file=$XDG_STATE_HOME/tlsring/localhost.pem first
	rm -rf "$XDG_STATE_HOME"
	server_start made "$tmp/www"
	grep -qF "kept in $file " "$log" || server_complain "it does not say where the certificate is"
	first=$(fingerprint)
	equal "$(stat -c %a "$file")" 600
	equal "$(curl -sS --cacert "$file" --resolve "localhost:$port:127.0.0.1" "https://localhost:$port/hello.txt")" hello
	server_stop
	server_start kept "$tmp/www"
	equal "$(fingerprint)" "$first"
	server_stop
	echo nonsense > "$file"
	server_start anew "$tmp/www"
	[ "$(fingerprint)" != "$first" ] || fail "it is the same"
	equal "$(curl -sS --cacert "$file" --resolve "localhost:$port:127.0.0.1" "https://localhost:$port/hello.txt")" hello
	server_stop
	rm -rf "$XDG_STATE_HOME"
	echo > "$XDG_STATE_HOME"
	server_start memory "$tmp/www"
	grep -q 'made for this run' "$log" || server_complain "it does not say that it is not kept"
	server_stop
	rm "$XDG_STATE_HOME"
}

addresses() {
	local form names=()
	! getent services https > /dev/null || names=(:https localhost:https)
	for form in 8443 "${names[@]}" '[::1]:8443' unix:/run/a.sock; do
		"$tlsring" serve --listen "$form" --print-config "$tmp/www" | grep -qxF "listen = $form" || fail "$form is refused"
	done
	for form in https :no-such-service 65536 unix: "unix:$(printf 'x%.0s' {1..108})"; do
		! "$tlsring" serve --listen "$form" --print-config "$tmp/www" 2> "$tmp/refused" || fail "$form is taken"
		grep -q 'write ADDR:PORT, .*unix:PATH' "$tmp/refused"
	done
	start bare "$tlsring" serve --listen 0 "$tmp/www"
	server=$pid
	await 30 server_settled
	port=$(sed -n 's|.*listening on .*: https://localhost:\([0-9]*\)/|\1|p' "$log")
	equal "$(fetch hello.txt)" hello
	server_stop
}

unix_fetch() {
	curl -sSk --unix-socket "$tmp/socket" https://localhost/hello.txt
}

unix_refused() {
	! unix_fetch > /dev/null 2>&1
}

unix_socket() {
	local old successor
	start unix "$tlsring" serve --listen "unix:$tmp/socket" --max-connections-per-address 1 --threads 2 "$tmp/www"
	server=$pid
	await 30 server_settled
	expect_log "listening on unix:$tmp/socket"
	equal "$(unix_fetch)" hello
	# A successor takes it over.
	old=$server
	kill -USR2 "$old"
	expect_log 'serves; connections here are drained'
	successor=$(sed -n 's/.*upgrade: process \([0-9]*\) serves.*/\1/p' "$log" | tail -n 1)
	at_end "$successor"
	await 30 test -s "$log.status"
	equal "$(unix_fetch)" hello
	# One that was killed leaves its file behind; who listens keeps it.
	! "$tlsring" serve --listen "unix:$tmp/socket" "$tmp/www" 2> "$tmp/taken" || fail "it is taken twice"
	grep -q 'cannot listen on unix:.*in use' "$tmp/taken"
	kill -KILL "$successor"
	# Killed, it has the socket for a moment yet.
	await 30 unix_refused
	start again "$tlsring" serve --listen "unix:$tmp/socket" "$tmp/www"
	server=$pid
	await 30 server_settled
	equal "$(unix_fetch)" hello
	server_stop
}

on_a_terminal() { # COMMAND...: what it writes to its terminal comes out here
	exec python3 -IS -c '
import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
' "$@"
}

requests_on_a_terminal() {
	command -v python3 > /dev/null || skip "there is no python3"
	on_a_terminal "$tlsring" serve --listen 127.0.0.1:0 "$tmp/www" > "$tmp/terminal" 2>&1 &
	at_end $!
	await 30 grep -q 'listening on' "$tmp/terminal"
	port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\):.*/\1/p' "$tmp/terminal")
	equal "$(fetch hello.txt)" hello
	await 10 grep -qE '^127\.0\.0\.1 - - \[.*\] "GET /hello.txt HTTP/1.1" 200 6' "$tmp/terminal" ||
		{ cat "$tmp/terminal"; fail "no line for the request"; }
	# A file says itself what is logged.
	(on_a_terminal "$tlsring" serve --config "$tmp/conf" --print-config) > "$tmp/terminal" 2>&1
	! grep -q '^access-log' "$tmp/terminal"
}

for name in folders_are_listed first_lines plain_http addresses unix_socket certificate_is_kept requests_on_a_terminal; do
	test_case $name $name
done
test_end
