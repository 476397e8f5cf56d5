#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No two source files call each other, by whatever way round: what an object needs and what another
# has draws the picture. tests/rooms does the same for includes; calls through pointers are seen by
# neither.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/ktap.sh"

objects() { # those that have a source, as FILE.o
	(cd "$root" && find ktls uring lib tools -name '*.c' ! -path '*/vendor/*' | sed 's/c$/o/')
}

calls() { # -> "FILE CALLED-FILE", a line each
	cd "$TLSRING_BUILD"
	objects | xargs nm -A -g | awk '
		{ file = $1; sub(/\.o:.*/, "", file); type = $(NF - 1); name = $NF }
		type ~ /^[A-TV-Z]$/ { home[name] = file }
		type == "U" { file_of[++n] = file; name_of[n] = name }
		END {
			for (i = 1; i <= n; i++)
				if (name_of[i] in home && home[name_of[i]] != file_of[i])
					print file_of[i], home[name_of[i]]
		}' | sort -u
}

no_circle() {
	have nm
	calls > "$tmp/calls"
	[ "$(wc -l < "$tmp/calls")" -gt 300 ] || fail "only $(wc -l < "$tmp/calls") files call another"
	tsort < "$tmp/calls" > /dev/null 2> "$tmp/circles" || fail "$(sed 's/^tsort: //' "$tmp/circles")"
}

test_case no_circle no_circle
test_end
