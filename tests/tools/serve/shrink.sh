#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A file that changes while it is sent: never a byte that was not in it, never a wrong length.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir "$tmp/www"
head -c 16000000 /dev/urandom > "$tmp/original"
server_start serve "$tmp/www" || exit 1

slow() { # NAME [CURL OPTION...]: starts a slow download into $tmp/got; sets $puller
	rm -f "$tmp/got"
	cp "$tmp/original" "$tmp/www/$1"
	fetch_beside "$1" --limit-rate 4M -o "$tmp/got" "${@:2}"
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
	[ "$(stat -c %s "$tmp/got")" -lt 16000000 ] || fail "the whole length arrived"
	expect_log "connection cut: /shrinks-$1 became shorter while it was sent"
}

# Parts that were there in time arrive whole, and of one that was not there is nothing.
shrinks_between_ranges() {
	local status
	slow shrinks-ranges -r 0-9999999,10500000-10500099,11500000-11500099,15500000-15500099
	truncate -s 11500050 "$tmp/www/shrinks-ranges"
	ends
	case $status in
	18 | 56) ;;
	*) fail "curl ended with $status" ;;
	esac
	python3 -IS - "$tmp/got" "$tmp/original" <<-'EOF'
		import re, sys
		got, original = (open(name, "rb").read() for name in sys.argv[1:])
		heads = list(re.finditer(rb"--[0-9A-F]{32}\r\n[^\r]*\r\nContent-Range: bytes (\d+)-(\d+)/16000000\r\n\r\n", got))
		parts = [tuple(map(int, head.groups())) for head in heads]
		assert parts == [(0, 9999999), (10500000, 10500099)], parts
		for head, (first, last) in zip(heads, parts):
		    assert got[head.end():head.end() + last + 1 - first] == original[first:last + 1]
		assert len(got) == heads[1].end() + 100, "something follows the last part"
	EOF
	expect_log "connection cut: /shrinks-ranges became shorter while it was sent"
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

test_case shrinks_to_a_part shrinks 10000000
test_case shrinks_to_odd_bytes shrinks 6172839
test_case shrinks_to_nothing shrinks 0
test_case shrinks_between_ranges shrinks_between_ranges
test_case grows grows
test_case is_replaced is_replaced
test_case is_removed is_removed
test_case stops_cleanly server_stop
test_end
