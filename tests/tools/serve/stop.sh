#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The first signal lets answers under way finish, the second ends them; idle connections end at once.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir "$tmp/www"
head -c 16000000 /dev/urandom > "$tmp/www/large"
truncate -s 1G "$tmp/www/huge"

ended() {
	[ -s "$log.status" ]
}

stops() { # SECONDS: within them, with status 0
	await "$1" ended || server_complain "the server runs on"
	equal "$(cat "$log.status")" 0 "the server's status"
}

answers_finish() {
	server_start finish "$tmp/www"
	fetch_beside large --limit-rate 5M -o "$tmp/got"
	await 10 test -s "$tmp/got"
	kill -INT "$server"
	expect_log 'stopping; '
	! fetch large --max-time 5 -o /dev/null 2> /dev/null || fail "a new connection is served"
	wait "$puller" || fail "the download ended with $?"
	cmp "$tmp/got" "$tmp/www/large"
	stops 15
}

second_signal_cuts() {
	server_start cut "$tmp/www"
	fetch_beside huge --limit-rate 1M -o "$tmp/cut"
	await 10 test -s "$tmp/cut"
	kill -TERM "$server"
	expect_log 'stopping; '
	sleep 1
	! ended || server_complain "the first signal cut the download"
	kill -TERM "$server"
	expect_log 'stopping at once'
	stops 4
	! wait "$puller" || fail "curl takes a part for the whole"
}

time_is_limited() {
	server_start limited "$tmp/www"
	fetch_beside huge --limit-rate 1M -o "$tmp/limited"
	await 10 test -s "$tmp/limited"
	kill -TERM "$server"
	sleep 5
	! ended || server_complain "it did not wait"
	stops 12
	! wait "$puller" || fail "curl takes a part for the whole"
}

idle_ends_at_once() {
	server_start idle "$tmp/www"
	# A FIFO that is open for writing has no end.
	mkfifo "$tmp/silence"
	exec 7<> "$tmp/silence"
	timeout 60 openssl s_client -quiet -connect "127.0.0.1:$port" <&7 > /dev/null 2>&1 &
	at_end $!
	sleep 2
	kill -TERM "$server"
	stops 8
}

for name in answers_finish second_signal_cuts time_is_limited idle_ends_at_once; do
	test_case $name $name
done
test_end
