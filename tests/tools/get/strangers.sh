#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring get` with peers that are no TLS servers, or whose bytes are damaged on the way: an exit
# status, one line of message, and no file.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../ktap.sh"
. "$here/../serve.sh"
. "$here/../certs.sh"
flips=${FLIPS:-60}

mkdir "$tmp/www" "$tmp/cwd"
head -c 20000 /dev/urandom > "$tmp/www/file"
server_start serve --cert "$certs/server.pem" --key "$certs/server.key" "$tmp/www" || exit 1
python3 -IS "$here/strangers.py" "$port" > "$tmp/ports" &
at_end $!
disown
await 30 grep -qs '^all ' "$tmp/ports" || exit 1
cd "$tmp/cwd" || exit 1

fetch_fails() { # PATTERN URL [OPTION...]
	local status=0
	timeout 100 "$tlsring" get --ca "$certs/ca.pem" "${@:2}" 2> "$tmp/said" || status=$?
	# The connection broke off, or TLS failed.
	[[ $status = [45] ]] || { cat "$tmp/said"; fail "status $status: $*"; }
	grep -qE -- "$1" "$tmp/said" || { cat "$tmp/said"; fail "not said: $1"; }
	equal "$(wc -l < "$tmp/said")" 1 "lines of words"
	equal "$(ls -A)" "" "what is left behind"
}

kind() { # KIND: its URL
	echo "https://127.0.0.1:$(sed -n "s/^$1 //p" "$tmp/ports")/file"
}

strangers() {
	local which pattern
	while read -r which pattern; do
		fetch_fails "^tlsring: 127.0.0.1:[0-9]* .*: .*$pattern" "$(kind "$which")"
		fetch_fails "$pattern" --offload off --io epoll "$(kind "$which")"
	done <<-EOF
		plain-http is not TLS
		ssh is not TLS
		smtp is not TLS
		empty try again later
		noise ..
		zeros ..
		half-hello ..
		huge-record ..
		noise-in-record ..
		empty-records ..
		data-first ..
		refused handshake_failure.*no cipher in common
		old protocol_version.*neither TLS 1.2 nor 1.3
		no-such-name unrecognized_name.*does not know this name
		close-notify ..
		reset reset by peer.*try again later
	EOF
}

silent() {
	fetch_fails 'timed out.*--timeout waits longer' --timeout 1 "$(kind silent)"
}

flipped() { # one wrong bit each time: it is detected, or does not matter
	local i status good=0
	for i in $(seq "$flips"); do
		status=0
		timeout 100 "$tlsring" get --timeout 2 --ca "$certs/ca.pem" "$(kind flip)" 2> "$tmp/said" || status=$?
		if [ "$status" = 0 ]; then
			cmp file "$tmp/www/file"
			rm file
			good=$((good + 1))
			continue
		fi
		[[ $status = [457] ]] && [ -s "$tmp/said" ] || { cat "$tmp/said"; fail "status $status in round $i"; }
		[ ! -e file ] || fail "a file came though it failed"
		rm -f file.part*
	done
	[ "$good" -lt "$flips" ] || fail "nothing was damaged"
}

unreachable() {
	unshare -n true 2> /dev/null || skip "a network namespace is not permitted here"
	local status=0
	unshare -n "$tlsring" get https://192.0.2.1/file 2> "$tmp/said" || status=$?
	equal "$status" 4 status
	grep -q 'Network is unreachable.*is the address right' "$tmp/said" || { cat "$tmp/said"; fail "not said"; }
}

for name in strangers silent flipped unreachable; do
	test_case $name $name
done
test_end
