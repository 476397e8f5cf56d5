#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The sandbox of `tlsring serve` holds, and breaks neither reload, nor rotation, nor upgrade.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir -p "$tmp/www" "$tmp/next"
echo first > "$tmp/www/file"
echo second > "$tmp/next/file"
server_start serve --threads 2 --access-log "$tmp/access" "$tmp/www" || exit 1

threads_with() { # LINE OF /proc/PID/task/TID/status: how many
	cat /proc/"$server"/task/*/status | grep -c "^$1"
}

confined() {
	expect_log 'sandbox: threads that serve'
	equal "$(fetch file)" first
	# Two that serve, and the one that lists folders.
	equal "$(threads_with 'NoNewPrivs:.1')" 3 "threads without new privileges"
	# In a container all threads may have a filter.
	if grep -q '(seccomp)' "$log" && grep -q 'Seccomp:.0' "/proc/$server/status"; then equal "$(threads_with 'Seccomp:.2')" 3 "threads with a filter"; fi
	grep -q 'NoNewPrivs:.0' "/proc/$server/status"
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
	equal "$(cat /proc/"$successor"/task/*/status | grep -c 'NoNewPrivs:.1')" 3 "confined threads of the new process"
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
test_case rotation rotation
test_case reload reload
test_case another_folder another_folder
test_case upgrade upgrade
test_case without without
test_end
