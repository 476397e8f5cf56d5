# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# What JSON says, in Python's words; sourced after ktap.sh. One Python answers all, as a start of one takes an
# emulated machine a third of a second.

json_begin() { # PYTHON: what is known to all expressions, made from the file's text
	mkfifo "$tmp/json.asks" "$tmp/json.answers"
	python3 -ISc '
import json, sys
for line in sys.stdin:
    file, expression = line.rstrip("\n").split("\t")
    try:
        known = {"json": json, "text": open(file).read()}
        exec(sys.argv[1], known)
        answer = eval(expression, known)
    except Exception as error:
        answer = repr(error)
    print(answer, end="\0", flush=True)
' "$1" < "$tmp/json.asks" > "$tmp/json.answers" &
	at_end $!
	exec {json_asks}> "$tmp/json.asks" {json_answers}< "$tmp/json.answers"
}

value_of() { # FILE EXPRESSION: one line
	local answer
	printf '%s\t%s\n' "$1" "$2" >&"$json_asks"
	IFS= read -r -d '' answer <&"$json_answers"
	printf '%s\n' "$answer"
}

json_true() { # FILE EXPRESSION
	local value
	value=$(value_of "$1" "bool($2)")
	[ "$value" = True ] || { cut -c1-4000 "$1"; fail "$value, not true: $2"; }
}
