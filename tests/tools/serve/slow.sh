#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A crowd of slow clients: others are served as if they were not there, and all of them are ended.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
slow=$(dirname "$0")/slow.py

crowd=1000
[ -z "${TLSRING_RIG:-}${TLSRING_SANITIZED:-}" ] || crowd=30
mkdir -p "$tmp/www"
truncate -s 100M "$tmp/www/large"
head -c 10000 /dev/urandom > "$tmp/www/file"
# The time for a head, and that for a body, end before the idle time: however slow the crowd is for want
# of a processor, what ends it is the same.
server_start serve --threads 2 --metrics 127.0.0.1:0 --header-timeout 4 --idle-timeout 6 --min-rate 2000 \
	"$tmp/www" || exit 1
metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")

value() { # METRIC WITH LABELS
	curl -sS "$metrics" | awk -v name="$1" '$1 == name { print $2 }'
}

others_are_served() {
	local i
	python3 -IS "$slow" "$port" "$crowd" > "$tmp/slow" 2>&1 &
	at_end $!
	await 120 grep -q ready "$tmp/slow" || { cat "$tmp/slow"; fail "the crowd did not come"; }
	for i in $(seq 20); do
		fetch file --max-time 20 | cmp - "$tmp/www/file" || fail "request $i"
	done
}

none_open() {
	[ "$(value tlsring_connections_open)" = 0 ]
}

all_are_ended() {
	await 120 grep -qx "$crowd" "$tmp/slow" || { cat "$tmp/slow"; fail "some of the crowd are still there"; }
	await 30 none_open || fail "connections are still counted"
	# Heads and bodies that trickle; what nobody reads.
	[ "$(value 'tlsring_limit_hits_total{limit="header"}')" -ge $((crowd / 3)) ]
	[ "$(value 'tlsring_limit_hits_total{limit="rate"}')" -ge $((crowd / 3)) ]
}

test_case others_are_served others_are_served
test_case all_are_ended all_are_ended
test_end
