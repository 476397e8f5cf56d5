#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Few descriptors, closed standard ones, a log that nobody reads, signals in a row: it serves or says why not,
# and it ends when it is told to.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir "$tmp/www"
echo hello > "$tmp/www/file"

with_descriptors() { # COUNT COMMAND...
	ulimit -n "$1"
	shift
	exec "$@"
}

# poll() refuses more entries than there may be descriptors.
cleartext_with_few() {
	start few with_descriptors 200 "$tlsring" serve --listen 127.0.0.1:0 --http 127.0.0.1:0 --metrics 127.0.0.1:0 \
		--threads 1 "$tmp/www"
	server=$pid
	await 30 server_settled
	port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\):.*/\1/p' "$log")
	curl -sS --max-time 10 "$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")" | grep -q '^tlsring_build_info'
	equal "$(curl -sS --max-time 10 -o /dev/null -w '%{http_code}' \
		"$(sed -n 's|.*redirecting \(http://[^ ]*\) to https.*|\1|p' "$log")")" 301
	server_stop
}

starts_or_says_why() {
	local count status
	for count in 4 5 6 7 8 9 10 12 14 16 18 20 24 28 32; do
		status=0
		(with_descriptors $count timeout 2 "$tlsring" serve --listen 127.0.0.1:0 --metrics 127.0.0.1:0 --threads 2 \
			"$tmp/www") > "$tmp/words" 2>&1 || status=$?
		# It was ended from outside, in an orderly way, or it has said why it does not start.
		case $status in
		0 | 124) grep -q 'listening on' "$tmp/words" || { cat "$tmp/words"; fail "with $count descriptors it does not start"; } ;;
		1) grep -q '^tlsring: ' "$tmp/words" || fail "with $count descriptors it ends without a word" ;;
		*) cat "$tmp/words"; fail "with $count descriptors its status is $status" ;;
		esac
	done
}

closed_standard() { # REDIRECTIONS: it serves although these descriptors are closed
	local status=0
	rm -f "$tmp/port"
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' > "$tmp/port"
	port=$(cat "$tmp/port")
	eval "\"\$tlsring\" serve --listen 127.0.0.1:$port --threads 1 --no-sandbox \"\$tmp/www\" $1 &"
	server=$!
	at_end "$server"
	await 30 curl -sk -o /dev/null "https://127.0.0.1:$port/file" || fail "it does not serve with $1"
	equal "$(fetch file)" hello "with $1"
	kill -TERM "$server"
	wait "$server" || status=$?
	equal "$status" 0 "status with $1"
}

closed_descriptors() {
	command -v python3 > /dev/null || skip "there is no python3"
	closed_standard '2>&-'
	closed_standard '<&- >&- 2>&-'
	closed_standard '>&- 2> /dev/null'
}

# Nobody reads it at first; later somebody does.
fifo_log() {
	mkfifo "$tmp/fifo"
	server_start fifo --access-log "$tmp/fifo" --threads 1 "$tmp/www"
	equal "$(fetch file)" hello
	timeout 20 head -n 1 "$tmp/fifo" > "$tmp/line" || fail "the line does not come"
	grep -q '"GET /file HTTP/1.1" 200' "$tmp/line"
	server_stop
	server_start unread --access-log "$tmp/fifo" --threads 1 "$tmp/www"
	equal "$(fetch file)" hello
	server_stop
}

# Both signals are there before the successor can serve.
upgrade_then_stop() {
	local round successor
	for round in 1 2 3; do
		server_start upgrade$round --threads 1 "$tmp/www"
		kill -USR2 "$server"
		kill -TERM "$server"
		await 30 test -s "$log.status" || fail "it does not stop"
		successor=$(sed -n 's/.*upgrade: process \([0-9]*\) is being started.*/\1/p' "$log")
		[ -z "$successor" ] || await 30 gone "$successor" || { cat "$log"; fail "the successor lives on"; }
	done
}

gone() {
	! kill -0 "$1" 2> /dev/null
}

for name in cleartext_with_few starts_or_says_why closed_descriptors fifo_log upgrade_then_stop; do
	test_case $name $name
done
test_end
