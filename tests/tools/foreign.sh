# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Servers that are not `tlsring serve`; sourced after ktap.sh.

foreign_start() { # NAME COMMAND...: it reads $tmp/NAME.in and writes $tmp/NAME.log; sets $foreign
	local name=$1 input
	shift
	rm -f "$tmp/$name.in"
	# A former one of this name has left a log that would be read before the new one begins.
	: > "$tmp/$name.log"
	mkfifo "$tmp/$name.in"
	# Open for both, so that it never ends.
	exec {input}<> "$tmp/$name.in"
	"$@" <&"$input" > "$tmp/$name.log" 2>&1 &
	foreign=$!
	exec {input}>&-
	at_end $foreign
	disown
}
