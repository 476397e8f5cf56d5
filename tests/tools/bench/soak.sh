#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring bench --preset soak`, short, but with all that there is in a long one: large and small answers, connections
# that end, changes of keys.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/result.sh"

export ASAN_OPTIONS=$no_quarantine

user_space() {
	local lines
	"$tlsring" bench --preset soak --modes user-soak --size 100K --connections 4 --requests 160 > "$tmp/text" ||
		fail "$(tail -n 5 "$tmp/text")"
	grep -qx 'VERDICT: pass: 160 requests on [0-9]* connections, [1-9][0-9]* KeyUpdates' "$tmp/text" || fail "$(tail -n 3 "$tmp/text")"
	lines=$(grep -cE '^ *0:[0-9:]+ +[0-9]+ ' "$tmp/text")
	equal "$lines" 40 "looks in between"
}

as_json() {
	"$tlsring" bench --preset soak --modes user-soak --tls 1.2 --size 1K --connections 4 --requests 80 --rate 1000 --json \
		> "$tmp/soak.json" || fail "$(cat "$tmp/soak.json")"
	python3 -IS - "$tmp/soak.json" <<-'END' || fail "$(cut -c1-3000 "$tmp/soak.json")"
		import json, sys
		j = json.load(open(sys.argv[1]))
		assert j["tlsring_soak"] == 1 and j["verdict"] == "pass" and j["requests"] == 80 and j["key_updates"] == 0
		assert len(j["looks"]) == 40 and j["looks"][-1]["requests"] == 80 and j["connections"] > 1
		assert all(l["server_memory_bytes"] > 0 and l["server_descriptors"] > 3 for l in j["looks"])
		assert 0 < j["latency"]["p50_us"] <= j["latency"]["p99.99_us"] and not any(f["wrong"] for f in j["findings"])
	END
}

as_csv() {
	"$tlsring" bench --preset soak --modes user-soak --size 1K --connections 4 --requests 80 --csv > "$tmp/csv" 2> "$tmp/err" ||
		fail "$(cat "$tmp/err")"
	grep -q '^VERDICT: pass' "$tmp/err" || fail "$(cat "$tmp/err")"
	python3 -IS - "$tmp/csv" <<-'END' || fail "$(cat "$tmp/csv")"
		import csv, sys
		rows = list(csv.DictReader(open(sys.argv[1])))
		assert len(rows) == 40 and all(None not in r and None not in r.values() for r in rows)
		assert rows[-1]["requests"] == "80" and all(int(r["server_memory_bytes"]) > 0 and r["errors"] == "0" for r in rows)
	END
}

page() {
	have gnuplot
	"$tlsring" bench --preset soak --modes user-soak --size 1K --connections 4 --requests 80 --html "$tmp/soak.html" > /dev/null ||
		fail "status $?"
	[ "$(grep -o '<svg' "$tmp/soak.html" | wc -l)" = 5 ] || fail "it lacks charts"
	grep -q '<p class="verdict">user-soak: pass</p>' "$tmp/soak.html" || fail "it lacks the verdict"
	! grep -q '<script\|<title>.*<title>' "$tmp/soak.html" || fail "it has more than it should"
}

# Each connection's keys are with the kernel, and gone with it.
in_the_kernel() {
	local current rekeys
	kernel_tls || skip "no kernel TLS here"
	current=$(counter TlsCurrTxSw)
	rekeys=$(counter TlsRxRekeyOk)
	"$tlsring" bench --preset soak --size 100K --connections 4 --requests 160 > "$tmp/text" || fail "$(tail -n 5 "$tmp/text")"
	grep -q '^VERDICT: pass: 160 requests' "$tmp/text" || fail "$(tail -n 3 "$tmp/text")"
	equal "$(counter TlsCurrTxSw)" "$current" TlsCurrTxSw
	if "$tlsring" doctor | grep 'change of keys' | grep -q 'sending yes, receiving yes'; then
		[ "$(counter TlsRxRekeyOk)" -gt "$rekeys" ] || fail "no keys were changed: $(tail -n 1 "$tmp/text")"
	else
		grep -q ' 0 KeyUpdates' "$tmp/text" || fail "$(tail -n 1 "$tmp/text")"
	fi
}

# It says what it has seen so far.
interrupted() {
	local status=0
	# Else await would read the text of a former test before the program has begun.
	rm -f "$tmp/text"
	"$tlsring" bench --preset soak --modes user-soak --size 1K > "$tmp/text" 2> "$tmp/err" &
	at_end $!
	await 30 grep -q SERVERKiB "$tmp/text"
	kill -INT $!
	wait $! || status=$?
	equal "$status" 1 status
	grep -q 'interrupted after [0-9]* seconds' "$tmp/err" || fail "$(cat "$tmp/err")"
	grep -q '^note: 0 looks are too few' "$tmp/text" || fail "$(cat "$tmp/text")"
}

for name in user_space as_json in_the_kernel interrupted $(in_full as_csv page); do
	test_case $name $name
done
test_end
