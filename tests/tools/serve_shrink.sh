#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A file that changes while it is sent: never a byte that was not in it, never a wrong length.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/serve.sh"

mkdir "$tmp/www"
head -c 32000000 /dev/urandom > "$tmp/original"
server_start serve "$tmp/www" || exit 1

slow() { # NAME: starts a slow download into $tmp/got; sets $puller
	rm -f "$tmp/got"
	cp "$tmp/original" "$tmp/www/$1"
	fetch_beside "$1" --limit-rate 8M -o "$tmp/got"
	await 10 test -s "$tmp/got" || fail "nothing arrives"
}

ends() { # waits for the slow download, sets $status
	status=0
	wait "$puller" || status=$?
}

is_beginning() {
	local len
	len=$(stat -c %s "$tmp/got")
	cmp -n "$len" "$tmp/got" "$tmp/original" || fail "what arrived was not in the file"
	echo "$len bytes arrived"
}

shrinks() { # TO
	local status
	slow "shrinks-$1"
	truncate -s "$1" "$tmp/www/shrinks-$1"
	ends
	# 18: a part only; 56: the connection failed.
	case $status in
	18 | 56) ;;
	*) fail "curl ended with $status" ;;
	esac
	is_beginning
	[ "$(stat -c %s "$tmp/got")" -lt 32000000 ] || fail "the whole length arrived"
	expect_log "connection cut: /shrinks-$1 became shorter while it was sent"
}

grows() {
	local status
	slow grows
	cat "$tmp/original" >> "$tmp/www/grows"
	ends
	equal "$status" 0 "curl's status"
	cmp "$tmp/got" "$tmp/original"
}

is_replaced() {
	local status
	slow replaced
	echo other > "$tmp/www/new"
	mv "$tmp/www/new" "$tmp/www/replaced"
	ends
	equal "$status" 0 "curl's status"
	cmp "$tmp/got" "$tmp/original"
	equal "$(fetch replaced)" other
}

is_removed() {
	local status
	slow removed
	rm "$tmp/www/removed"
	ends
	equal "$status" 0 "curl's status"
	cmp "$tmp/got" "$tmp/original"
}

test_case shrinks_to_a_part shrinks 20000000
test_case shrinks_to_odd_bytes shrinks 12345678
test_case shrinks_to_nothing shrinks 0
test_case grows grows
test_case is_replaced is_replaced
test_case is_removed is_removed
test_case stops_cleanly server_stop
test_end
