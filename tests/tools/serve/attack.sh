#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Clients that try to use up memory, descriptors or time; meanwhile others are served as before.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

here=$(dirname "$0")
mkdir "$tmp/www"
echo 0123456789 > "$tmp/www/small"
truncate -s 30M "$tmp/www/large"
for i in {0..99}; do
	truncate -s 400000 "$tmp/www/file$i"
done

anonymous() { # KiB
	awk '/^RssAnon:/ { print $2 }' "/proc/$server/status"
}

value() { # NAME, of beside.py's line in $tmp/NAME.beside
	sed -n "s/.*$1=\([0-9.]*\).*/\1/p" "$2"
}

# An attack runs until its input ends; another client measures its own times meanwhile.
attack_start() { # CASE PATH
	mkfifo "$tmp/hold"
	timeout 200 python3 -IS "$here/http2_raw.py" "$port" "$1" "$2" < "$tmp/hold" > "$tmp/said" 2>&1 &
	attacker=$!
	at_end "$attacker"
	exec 7> "$tmp/hold"
	rm "$tmp/hold"
}

attack_end() {
	exec 7>&-
	wait "$attacker" || true
}

# Folders that take a long time to list.
folders() { # COUNT ENTRIES
	python3 -IS -c '
import os, sys
os.chdir(sys.argv[1])
for folder in range(int(sys.argv[2])):
    os.mkdir(f"folder{folder}")
    for i in range(int(sys.argv[3])):
        os.mknod(f"folder{folder}/a-file-with-a-rather-long-name-{i}")
' "$tmp/www" "$@"
}

waits() { # PERCENTILE MSECS-MORE
	[ -z "${TLSRING_SANITIZED:-}${TLSRING_RIG:-}" ] || return 0
	awk -v idle="$(value "$1" "$tmp/idle.beside")" -v now="$(value "$1" "$tmp/attacked.beside")" -v more="$2" \
		'BEGIN { exit now > 3 * idle + more }' || fail "others wait for too long ($1)"
}

# Each attack has a server of its own.
attacked() { # CASE PATH SAYS [SERVE OPTION...]
	local case=$1 path=$2 says=$3 before grown
	shift 3
	server_start "$case" --threads 1 "$@" "$tmp/www" || fail "no server"
	[ -s "$tmp/idle.beside" ] ||
		python3 -IS "$here/beside.py" "$port" /small 2 > "$tmp/idle.beside" || fail "no other client"
	equal "$(fetch small)" 0123456789 "what another gets"
	before=$(anonymous)
	attack_start "$case" "$path"
	python3 -IS "$here/beside.py" "$port" /small 2 > "$tmp/attacked.beside" 2> "$tmp/failed"
	await 60 grep -q "$says" "$tmp/said" || fail "the attack fails: $(cat "$tmp/said")"
	equal "$(fetch small)" 0123456789 "what another gets"
	grown=$(($(anonymous) - before))
	echo "$case: $(tail -n 1 "$tmp/said"): $grown KiB more, others: $(cat "$tmp/idle.beside") -> $(cat "$tmp/attacked.beside")"
	equal "$(value failed "$tmp/attacked.beside")" 0 "failures of others ($(head -n 3 "$tmp/failed"))"
	[ -n "${TLSRING_SANITIZED:-}" ] || [ "$grown" -lt 65536 ] || fail "$grown KiB more"
	# Three times as long as before the attack; some more, since this machine may be busy.
	waits p50 20
	waits p99 1000
	attack_end
	server_stop
}

# Large files that may not be sent hold descriptors.
descriptors() {
	(
		ulimit -Sn 1024
		ulimit -Hn 1024
		attacked hoard /file stuck
	)
}

test_case descriptors descriptors
kinds="refused reset malformed window small missing ping settings closed again" entries=10000
[ -z "${TLSRING_SHORT:-}" ] || kinds="refused small" entries=2000
for kind in $kinds; do
	test_case "unread_$kind" attacked "unread_$kind" /large sent
done
listings() {
	folders 6 $entries
	attacked listings /folder pouring
}

test_case listings listings
test_case acknowledged_after_goaway attacked late_acks /large sent --max-requests 3
test_end
