#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring stat` lists the connections that the kernel has, as its options ask for.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/../../json.sh"
json_begin '
def rates_are_right(text):
    looks = [json.loads(line)["connections"][0] for line in text.splitlines()]
    pairs = [(new["sent"] - old["sent"], new["sent_rate"]) for old, new in zip(looks, looks[1:])]
    return all(0 <= rate <= sent * 1.02 and rate >= sent / 60 for sent, rate in pairs) and any(sent for sent, rate in pairs)
j = json.loads(text.splitlines()[-1]); c, s = j["connections"], j["system"]'

# Connections of misses_none; emulated machines are slow.
many=${TLSRING_STAT_MANY:-2000}
mkdir "$tmp/www"
head -c 4194304 /dev/zero > "$tmp/www/file"

look() { # OPTION...: into $tmp/json
	"$tlsring" stat --json "$@" > "$tmp/json"
}

true_of() { # EXPRESSION: j is the whole, c its connections, s its system
	json_true "$tmp/json" "$1"
}

refuses() { # WORD... : status 2 and a word about it
	local status=0
	"$tlsring" stat "$@" > /dev/null 2> "$tmp/err" || status=$?
	equal "$status" 2 "status of stat $*"
	[ -s "$tmp/err" ] || fail "stat $* says nothing"
}

bad_usage() {
	refuses --port 65536
	refuses --port x
	refuses --address nowhere
	refuses --lines -1
	refuses --watch=x
	refuses --watch=0
	refuses --sort size
	refuses --json --prometheus
	refuses --prometheus --watch
	refuses argument
	refuses --nonsense
}

without_connections() {
	unshare -n true 2> /dev/null || skip "a network namespace is not permitted here"
	unshare -n "$tlsring" stat --json > "$tmp/json"
	true_of 'c == [] and s["sent"] == {"nic": 0, "kernel": 0, "user": 0}'
	unshare -n "$tlsring" stat > "$tmp/text"
	[ -s "$tmp/text" ] || fail "nothing is printed"
}

connected() {
	kernel_tls || skip "no kernel TLS here"
	fetch_beside file --tlsv1.3 --limit-rate 100k
	await 10 seen || fail "the connection is not listed"
}

seen() {
	look --port "$port" && grep -q "\"local\":\"127.0.0.1:$port\"" "$tmp/json"
}

one_connection() {
	connected
	true_of 'len(c) == 1 and c[0]["version"] == "TLSv1.3" and c[0]["tx"]["path"] == c[0]["rx"]["path"] == "kernel"'
	true_of 'c[0]["tx"]["reason"] in ("nic-absent", "nic-version") and c[0]["sent"] > 0 and c[0]["received"] > 0'
	true_of 's["kernel_tls"] and s["sent"]["kernel"] == c[0]["sent"] and s["counters"]["TlsCurrTxSw"] >= 1'
	# ss and stat cannot look at the same moment, but sent bytes never decrease.
	local before after
	before=$(ss -tiH "sport = :$port" | grep -o 'bytes_acked:[0-9]*' | cut -d: -f2)
	look --port "$port"
	after=$(ss -tiH "sport = :$port" | grep -o 'bytes_acked:[0-9]*' | cut -d: -f2)
	true_of "$before <= c[0]['sent'] <= $after"
	kill "$puller"
}

filters() {
	connected
	look --port 1
	true_of 'c == []'
	look --address 127.0.0.1 --port "$port"
	true_of 'len(c) == 1'
	look --address 127.0.0.2
	true_of 'c == []'
	look --process tlsring --port "$port"
	true_of "len(c) == 1 and c[0]['process'] == 'tlsring' and c[0]['pid'] == $server"
	look --process "$server" --port "$port"
	true_of 'len(c) == 1'
	look --process nobody-is-called-so
	true_of 'c == []'
	kill "$puller"
}

for_people() {
	connected
	"$tlsring" stat --processes > "$tmp/text"
	grep -qE "127.0.0.1:$port .* TLSv1.3 AES-.*kernel +kernel .*nic-[a-z]+ +tlsring\($server\)" "$tmp/text" ||
		{ cat "$tmp/text"; fail "the connection's line is missing"; }
	grep -q '^nic-.*: in software' "$tmp/text" || fail "the reason is not explained"
	grep -q 'kernel 100.0 %' "$tmp/text" || fail "the shares are wrong: $(cat "$tmp/text")"
	kill "$puller"
}

watching() {
	connected
	timeout 4 "$tlsring" stat --json --watch --port "$port" > "$tmp/json" || true
	[ "$(wc -l < "$tmp/json")" -ge 2 ] || fail "only $(wc -l < "$tmp/json") looks in 4 seconds"
	# A second or more lies between two looks: many on a machine that is slow.
	true_of 'rates_are_right(text)'
	kill "$puller"
}

without_privilege() {
	connected
	local status=0
	setpriv --bounding-set -net_admin --inh-caps -net_admin -- "$tlsring" stat --json --port "$port" \
		> "$tmp/json" 2> "$tmp/err" || status=$?
	# Newer kernels show it to everybody; older ones must not let it look like nothing.
	[ "$status" = 0 ] && grep -q "127.0.0.1:$port" "$tmp/json" || grep -q CAP_NET_ADMIN "$tmp/err" ||
		fail "status $status: $(cat "$tmp/err" "$tmp/json")"
	kill "$puller"
}

# Each family has HELP and TYPE, each sample a number, and none occurs twice.
prometheus_format() { # FILE
	python3 -IS - "$1" <<-'END'
		import re, sys
		types, seen = {}, set()
		for line in open(sys.argv[1]):
		    kind = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)\n", line)
		    if kind:
		        if kind[1] == "TYPE":
		            assert kind[2] not in types and kind[3] in ("gauge", "counter"), line
		            types[kind[2]] = kind[3]
		        continue
		    sample = re.fullmatch(r'([a-z_]+)(\{([a-z]+="[^"\\]*",?)+\})? [0-9]+\n', line)
		    assert sample and sample[1] in types and line.split()[0] not in seen, line
		    assert sample[1].endswith("_total") == (types[sample[1]] == "counter"), line
		    seen.add(line.split()[0])
		assert len(types) >= 4 and len(seen) >= 10
	END
	! command -v promtool > /dev/null || promtool check metrics < "$1"
}

prometheus() {
	"$tlsring" stat --prometheus > "$tmp/text"
	prometheus_format "$tmp/text"
}

prometheus_counts() {
	connected
	look
	"$tlsring" stat --prometheus --port "$port" > "$tmp/text"
	prometheus_format "$tmp/text"
	grep -qx 'tlsring_connections{path="kernel"} 1' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qx 'tlsring_kernel_sockets{counter="TlsCurrTxSw"} [1-9][0-9]*' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'tlsring_kernel_counter_total{counter="TlsTxSw"} ' "$tmp/text" || fail "$(cat "$tmp/text")"
	kill "$puller"
}

terminal() { # COLUMNS ROWS KEYS OPTION...: into $tmp/screen; the status
	python3 -IS "$(dirname "$0")/terminal.py" "$1" "$2" "$3" "$tlsring" stat "${@:4}" > "$tmp/screen"
}

# Pages on the alternate screen; keys change the order and end the program.
pages() {
	terminal 100 30 sq --watch=0.2 || fail "status $?"
	grep -q 's: by both' "$tmp/screen" && grep -q 's: by sent' "$tmp/screen" || fail "$(cat -v "$tmp/screen")"
	[ "$(head -c 8 "$tmp/screen")" = $'\e[?1049h' ] || fail "not on the alternate screen"
	[ "$(tail -c 14 "$tmp/screen")" = $'\e[?25h\e[?1049l' ] || fail "the terminal is not as it was"
}

# The terminal is restored before a signal ends the program.
pages_interrupted() {
	local status=0
	terminal 100 30 ^ --watch || status=$?
	equal "$status" 143 status
	[ "$(tail -c 14 "$tmp/screen")" = $'\e[?25h\e[?1049l' ] || fail "the terminal is not as it was"
}

# No line is longer than the terminal is wide; paths and reasons are shown all the same.
fits() { # COLUMNS
	terminal "$1" 24 '' --port "$port" --processes
	tr -d '\r' < "$tmp/screen" > "$tmp/text"
	[ "$(wc -L < "$tmp/text")" -le "$1" ] || fail "$(cat "$tmp/text")"
	grep -qE "127.0.0.1:$port .*kernel +kernel +(- +)?nic-" "$tmp/text" || fail "$(cat "$tmp/text")"
	terminal "$1" 12 'dq' --port "$port" --watch=0.2
	sed -z 's/\x1b\[H/\n/g; s/\x1b\[[?0-9]*[a-zA-Z]//g; s/\r//g' "$tmp/screen" > "$tmp/text"
	[ "$(wc -L < "$tmp/text")" -le "$1" ] || fail "$(cat "$tmp/text")"
	grep -qE "127.0.0.1:$port .*kernel +kernel" "$tmp/text" || fail "$(cat "$tmp/text")"
}

fits_the_terminal() {
	connected
	fits 80
	fits 150
	kill "$puller"
}

sorted() {
	connected
	fetch_beside file --tlsv1.3 --limit-rate 300k
	await 10 two_seen || fail "the second connection is not listed"
	look --port "$port" --sort sent
	true_of 'c[0]["sent"] >= c[1]["sent"]'
	look --port "$port" --sort received
	true_of 'c[0]["received"] >= c[1]["received"]'
	kill "$puller"
}

two_seen() {
	look --port "$port" && [ "$(grep -o "\"local\":\"127.0.0.1:$port\"" "$tmp/json" | wc -l)" -ge 2 ]
}

# Sockets with kernel TLS and keys of zeroes, which send nothing.
crowd() {
	ulimit -n $((many + 100))
	python3 -IS - "$many" <<-'END'
		import socket, struct, sys, time
		count = int(sys.argv[1]) // 2
		server = socket.create_server(("127.0.0.1", 0), backlog=512)
		info = struct.pack("=HH8s16s4s8s", 0x303, 51, bytes(8), bytes(16), bytes(4), bytes(8))
		kept = []
		for i in range(count):
		    a = socket.create_connection(server.getsockname())
		    b, _ = server.accept()
		    for s in a, b:
		        s.setsockopt(socket.IPPROTO_TCP, 31, b"tls")
		        s.setsockopt(282, 1, info)
		        kept.append(s)
		print(server.getsockname()[1], flush=True)
		time.sleep(300)
	END
}

crowd_settled() {
	[ -s "$tmp/crowd" ] || ! kill -0 "$crowd" 2> /dev/null
}

misses_none() {
	kernel_tls || skip "no kernel TLS here"
	crowd > "$tmp/crowd" 2>&1 &
	crowd=$!
	at_end $crowd
	await 120 crowd_settled
	grep -qE '^[0-9]+$' "$tmp/crowd" || fail "the crowd did not come: $(cat "$tmp/crowd")"
	local where
	where=$(cat "$tmp/crowd")
	TIMEFORMAT='%U + %S s of CPU for one look at %R s'
	time "$tlsring" stat --json --port "$where" > "$tmp/json"
	true_of "len(c) == $((many / 2 * 2)) == len(set(x['inode'] for x in c))"
	"$tlsring" stat --port "$where" > "$tmp/text"
	grep -q "and $((many - 20)) more" "$tmp/text" || fail "not told how many are left out"
	kill "$crowd"
}

server_start serve "$tmp/www" || exit 1
for name in bad_usage without_connections prometheus pages pages_interrupted one_connection filters for_people watching \
	prometheus_counts fits_the_terminal sorted without_privilege misses_none; do
	test_case $name $name
done
test_case stops_cleanly server_stop
test_end
