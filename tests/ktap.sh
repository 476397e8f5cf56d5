# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The harness of tests written in shell. A script sources it, calls `test_case NAME COMMAND...`
# for each test, and ends with `test_end`. The command runs in a subshell under `set -e`; the
# helpers `fail`, `skip` and `have` end it with a reason. $tmp is a folder that is removed at the end, as
# are the processes named by `at_end`.

. "$(dirname "${BASH_SOURCE[0]}")/await.sh"

set -u
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tlsring-test.XXXXXX")
ktap_number=0
ktap_failed=0

ktap_cleanup() {
	local pid
	if [ -f "$tmp/pids" ]; then
		while read -r pid; do kill -KILL "$pid" 2>/dev/null; done < "$tmp/pids"
	fi
	wait 2>/dev/null
	rm -rf "$tmp"
}
trap ktap_cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

echo "KTAP version 1"

at_end() { # PID: ended with the script
	echo "$1" >> "$tmp/pids"
}

fail() {
	echo "$*"
	exit 1
}

skip() {
	echo "$*"
	exit 4
}

have() { # COMMAND or FILE
	command -v "$1" > /dev/null || [ -e "$1" ] || skip "there is no ${1##*/} here"
}

equal() { # GOT EXPECTED [WHAT]
	[ "$1" = "$2" ] || fail "${3:-value} is '$1', expected '$2'"
}

test_case() { # NAME COMMAND...
	local name=$1 output status
	shift
	ktap_number=$((ktap_number + 1))
	output=$(set -e; "$@" 2>&1)
	status=$?
	[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/# /'
	case $status in
	0) echo "ok $ktap_number $name" ;;
	4) echo "ok $ktap_number $name # SKIP $(printf '%s\n' "$output" | tail -n 1)" ;;
	*)
		echo "not ok $ktap_number $name"
		ktap_failed=$((ktap_failed + 1))
		;;
	esac
}

# What no kernel changes: where a check is short (TLSRING_SHORT), the machine that builds shows it, in a twentieth
# of the time that an emulated one takes.
in_full() { # NAME... -> the same, or nothing
	[ -n "${TLSRING_SHORT:-}" ] || echo "$@"
}

test_end() {
	echo "1..$ktap_number"
	[ "$ktap_failed" -eq 0 ]
	exit
}
