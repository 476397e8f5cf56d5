#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring bench --sweep`: every combination is measured once, also if it is interrupted, and shown.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/result.sh"

sweep() { # OPTION... : two sizes, two numbers of connections
	"$tlsring" bench --sweep size=1K,20000 connections=1,3 modes=plain,user-mapped --requests 8 --repeats 2 "$@"
}

refuses() { # WORD REST...
	local word=$1 status=0
	shift
	"$tlsring" bench "$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 2 "status of bench $*"
	grep -q -- "$word" "$tmp/err" || fail "bench $* does not name $word: $(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "bench $* measures all the same"
}

bad_sweeps() {
	refuses 'NAME=VALUE' --sweep size
	refuses 'NAME=VALUE' --sweep speed=1,2
	refuses 'NAME=VALUE' --sweep size=
	refuses 'give a number of bytes' --sweep size=1K,0
	refuses 'from 1 to' --sweep connections=1,two
	refuses '1.2 or 1.3' --sweep tls=1.3,1.4
	refuses '4 dimensions' --sweep size=1 connections=1 threads=1 tls=1.2 cipher=aes128
	refuses 'nothing to do with 1 --connections' --sweep threads=1,2 connections=1,2
	refuses 'points' --sweep size=1,2,3,4,5,6,7,8 connections=1,2,3,4,5,6,7,8 rate=1,2,3,4,5,6,7,8
	refuses 'with --json' --sweep size=1K --csv
	refuses 'for --sweep' --save file
	refuses 'only compare' size=1K
}

every_point() {
	sweep --json > "$tmp/sweep.json"
	true_of sweep.json 'j["tlsring_sweep"] == 1 and [d["name"] for d in j["dimensions"]] == ["size", "connections"] and j["manifest"]["kernel"]'
	true_of sweep.json '[(p["at"]["size"], p["at"]["connections"]) for p in j["points"]] == [("1K", "1"), ("1K", "3"), ("20000", "1"), ("20000", "3")]'
	true_of sweep.json 'all(p["result"]["options"]["connections"] == int(p["at"]["connections"]) for p in j["points"])'
	true_of sweep.json '[p["result"]["options"]["size"] for p in j["points"]] == [1024, 1024, 20000, 20000]'
	true_of sweep.json 'all([x["name"] for x in p["result"]["modes"]] == ["plain", "user-mapped"] and all(x["runs"] == 2 and x["path"]["as_asked"] for x in p["result"]["modes"]) for p in j["points"])'
	sweep > "$tmp/text"
	[ "$(grep -cE '^(1K|20000) +[13] +(plain|user-mapped) +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+' "$tmp/text")" = 8 ] || fail "$(cat "$tmp/text")"
	[ "$(grep -c 'user-mapped.*<- least$' "$tmp/text")" = 4 ] || fail "plain TCP wins: $(cat "$tmp/text")"
}

# What has been measured is not measured again, and the result is the same file.
resumes() {
	local first
	sweep --save "$tmp/save.json" > /dev/null
	first=$(sha256sum < "$tmp/save.json")
	sweep --save "$tmp/save.json" --json > "$tmp/again.json"
	equal "$(sha256sum < "$tmp/save.json")" "$first" "the file"
	python3 -IS - "$tmp" <<-'END'
		import json, sys
		j = json.load(open(sys.argv[1] + "/save.json"))
		j["points"] = [j["points"][2]]
		json.dump(j, open(sys.argv[1] + "/save.json", "w"))
	END
	sweep --save "$tmp/save.json" --json > "$tmp/rest.json"
	true_of rest.json '[(p["at"]["size"], p["at"]["connections"]) for p in j["points"]] == [("20000", "1"), ("1K", "1"), ("1K", "3"), ("20000", "3")]'
	json_true "$tmp/save.json" 'len(j["points"]) == 4'
}

# A sweep that is interrupted leaves a file that it goes on with.
interrupted() {
	local status=0
	rm -f "$tmp/cut.json"
	"$tlsring" bench --sweep size=1K,2K,3K modes=plain --seconds 0.4 --repeats 1 --save "$tmp/cut.json" \
		> "$tmp/text" 2> "$tmp/err" &
	at_end $!
	await 30 test -s "$tmp/cut.json"
	kill -INT $!
	wait $! || status=$?
	equal "$status" 1 status
	grep -q 'interrupted after [12] of 3 points; the same command goes on' "$tmp/err" || fail "$(cat "$tmp/err")"
	"$tlsring" bench --sweep size=1K,2K,3K modes=plain --seconds 0.4 --repeats 1 --save "$tmp/cut.json" > /dev/null
	json_true "$tmp/cut.json" 'len(j["points"]) == 3'
}

other_sweep() {
	local status=0
	sweep --save "$tmp/other.json" > /dev/null
	"$tlsring" bench --sweep size=1K modes=plain --save "$tmp/other.json" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q 'not of the same sweep' "$tmp/err" || fail "$(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "$(cat "$tmp/out")"
}

page() {
	have gnuplot
	sweep --html "$tmp/sweep.html" > /dev/null
	python3 -IS - "$tmp/sweep.html" <<-'END' || fail "the page lacks something"
		import re, sys
		text = open(sys.argv[1]).read()
		# Two measures along two dimensions, at both values of the other one each.
		assert text.count("<svg") == 8 and text.count('class="cell"') == 4, (text.count("<svg"), text.count('class="cell"'))
		ids = re.findall(r"\bid=[\"']([^\"']*)", text)
		assert len(ids) == len(set(ids))
		assert "<script" not in text and "http://" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)
		assert "<title>" not in text[text.index("</head>"):]
	END
}

for name in every_point; do
	test_case $name $name
done
# No kernel changes the others.
for name in $(in_full bad_sweeps resumes interrupted other_sweep page); do
	test_case $name $name
done
test_end
