#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The sandbox of `tlsring serve` holds, and breaks neither reload, nor rotation, nor upgrade.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir -p "$tmp/www" "$tmp/next"
echo first > "$tmp/www/file"
echo second > "$tmp/next/file"
server_start serve --threads 2 --access-log "$tmp/access" --metrics 127.0.0.1:0 --http 127.0.0.1:0 \
	"$tmp/www" || exit 1

threads_with() { # LINE OF /proc/PID/task/TID/status: how many
	cat /proc/"$server"/task/*/status | grep -c "^$1"
}

confined() {
	expect_log 'sandbox: threads that serve'
	equal "$(fetch file)" first
	# Two that serve, and the one that lists folders.
	equal "$(threads_with 'NoNewPrivs:.1')" 6 "threads without new privileges"
	# In a container all threads may have a filter.
	if grep -q '(seccomp)' "$log" && grep -q 'Seccomp:.0' "/proc/$server/status"; then equal "$(threads_with 'Seccomp:.2')" 6 "threads with a filter"; fi
	grep -q 'NoNewPrivs:.0' "/proc/$server/status"
}

# A writer that waits for a reader goes on waiting.
fifo_is_not_opened() {
	local writer
	mkfifo "$tmp/www/fifo"
	{ echo text > "$tmp/www/fifo"; } > /dev/null 2>&1 &
	writer=$!
	at_end "$writer"
	equal "$(status fifo)" 404
	equal "$(status fifo -r 0-1)" 404
	kill -0 "$writer" 2> /dev/null || fail "the FIFO was opened"
	rm "$tmp/www/fifo"
}

# Counters come from /proc, which the thread for metrics may read a piece of.
counters_are_read() {
	[ -e /proc/net/tls_stat ] || skip "no kernel TLS here"
	curl -sS --max-time 10 "$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")" | grep -q '^node_ktls_'
}

rotation() {
	mv "$tmp/access" "$tmp/access.1"
	kill -USR1 "$server"
	await 20 test -e "$tmp/access" || fail "no new log"
}

reload() {
	kill -HUP "$server"
	expect_log '^tlsring: reloaded'
	equal "$(fetch file)" first
}

# Another folder under the same name: the old one stays until an upgrade.
another_folder() {
	mv "$tmp/www" "$tmp/old"
	mv "$tmp/next" "$tmp/www"
	kill -HUP "$server"
	if grep -q '(Landlock)' "$log"; then
		expect_log 'is not a folder that the sandbox lets'
		equal "$(fetch file)" first
	else
		expect_log '^tlsring: reloaded' 2
		equal "$(fetch file)" second
	fi
}

upgrade() {
	local successor
	kill -USR2 "$server"
	expect_log 'upgrade: process [0-9]* serves'
	successor=$(sed -n 's/.*upgrade: process \([0-9]*\) serves.*/\1/p' "$log")
	at_end "$successor"
	await 30 test -s "$log.status" || fail "the first process does not end"
	equal "$(cat "$log.status")" 0
	equal "$(fetch file)" second
	equal "$(cat /proc/"$successor"/task/*/status | grep -c 'NoNewPrivs:.1')" 6 "confined threads of the new process"
	kill "$successor"
}

without() {
	server_start without --threads 1 --no-sandbox "$tmp/www"
	expect_log 'sandbox: none'
	equal "$(fetch file)" second
	equal "$(threads_with 'NoNewPrivs:.1' || true)" 0
	server_stop
}

test_case confined confined
test_case fifo_is_not_opened fifo_is_not_opened
test_case counters_are_read counters_are_read
test_case rotation rotation
test_case reload reload
test_case another_folder another_folder
test_case upgrade upgrade
test_case without without
test_end
