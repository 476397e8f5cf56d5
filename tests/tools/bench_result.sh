# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# What the tests of `tlsring bench` share; sourced after ktap.sh.

# A Python expression: j is the whole, m its modes by name.
true_of() { # FILE EXPRESSION
	python3 - "$tmp/$1" "$2" <<-'END' || { cut -c1-4000 "$tmp/$1"; fail "not true: $2"; }
		import json, sys
		j = json.load(open(sys.argv[1]))
		m = {x["name"]: x for x in j["modes"]}
		sys.exit(not eval(sys.argv[2]))
	END
}

# What a sanitizer keeps back of freed memory, for longer than a soak runs here, is a leak to who looks from outside.
# shellcheck disable=SC2034
no_quarantine=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=0:thread_local_quarantine_size_kb=0
