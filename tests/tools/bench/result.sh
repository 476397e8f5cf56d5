# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# What the tests of `tlsring bench` share; sourced after ktap.sh.

. "$(dirname "${BASH_SOURCE[0]}")/../../json.sh"
json_begin 'j = json.loads(text); m = {x["name"]: x for x in j.get("modes", []) if isinstance(x, dict)}'

true_of() { # FILE EXPRESSION: j is the whole, m its modes by name
	json_true "$tmp/$1" "$2"
}

# What a sanitizer keeps back of freed memory, for longer than a soak runs here, is a leak to who looks from outside.
# shellcheck disable=SC2034
no_quarantine=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=0:thread_local_quarantine_size_kb=0

# As short as can be: no test asks how fast it is.
short=(--size 20000 --connections 2 --requests 8 --repeats 2)

bench() { # FILE OPTION... : as JSON, silently and without a fault
	local file=$1
	shift
	"$tlsring" bench --json "${short[@]}" "$@" > "$tmp/$file" 2> "$tmp/err" ||
		{ cat "$tmp/err"; fail "status $? of bench $*"; }
	equal "$(cat "$tmp/err")" "" "standard error"
}
