#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# `tlsring bench` between two network namespaces, joined by the simulated NIC: it says that the NIC
# sealed when the NIC did, and never when it did not.
# shellcheck disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/nic.sh"
. "$(dirname "$0")/../tools/bench/result.sh"

size=100000
requests=6

up() {
	why=$(nic_up) || skip "$why"
}

listens() { # PORT OPTION...: sets $agent
	local port=$1
	shift
	: > "$tmp/listen.log" # of a former one
	ip netns exec nic-s "$tlsring" bench --listen "$server_address:$port" "$@" > /dev/null 2> "$tmp/listen.log" &
	agent=$!
	at_end $agent
	await 30 grep -q "listening on" "$tmp/listen.log" || { cat "$tmp/listen.log"; return 1; }
}

bench() { # PORT STATUS OPTION... -> $tmp/json, $tmp/err
	local port=$1 expected=$2 status=0
	shift 2
	in_client "$tlsring" bench --json --connect "$server_address:$port" --preset offload --size $size --connections 2 \
		--requests $requests --repeats 1 "$@" > "$tmp/json" 2> "$tmp/err" || status=$?
	equal "$status" "$expected" "status ($(cat "$tmp/err"))"
}

# An emulated machine is slow: TCP would take what is late for lost, and the kernel, not the card, seals
# what is sent again. on: it waits for three seconds.
patience() { # on or off
	local min=200ms probes=3
	[ "$1" = off ] || min=3s probes=0
	in_server sysctl -qw net.ipv4.tcp_early_retrans=$probes
	in_server ip route change 10.9.0.0/24 dev tlsnic0 src $server_address rto_min $min
}

feature() { # tx (default) or rx
	in_server ethtool -k tlsnic0 | awk -v name="tls-hw-${1:-tx}-offload:" '$1 == name { print $2 }'
}

# Each mode's records are sealed where they are to be, and the NIC's own counter agrees.
side_by_side() {
	local before
	before=$(stat_of tlsnic0 tx_tls_encrypted_bytes)
	bench 8555 0 --modes user-mapped,kernel-sendfile,nic-sendfile,nic-zerocopy,nic-engine,nic-resumed
	true_of json 'all(x["possible"] and x["path"]["as_asked"] and x["path"]["proof"] == ("installs" if n == "nic-resumed" else "sockets") for n, x in m.items())'
	true_of json 'all(m["nic-" + w]["path"]["nic"] == 100 for w in ("sendfile", "zerocopy", "engine", "resumed"))'
	true_of json 'm["nic-resumed"]["measures"]["install_p50_ns"]["median"] > 0'
	true_of json 'm["kernel-sendfile"]["path"]["kernel"] == 100 and m["user-mapped"]["path"]["user"] == 100'
	true_of json 'j["options"]["tls"] == "1.2" and j["manifest"]["offload_devices"][0]["name"] == "tlsnic0" and j["client"]'
	true_of json '{"driver", "firmware", "mtu", "tso", "sends", "irq_affinity"} <= set(j["manifest"]["offload_devices"][0])'
	[ $(($(stat_of tlsnic0 tx_tls_encrypted_bytes) - before)) -ge $((4 * requests * size)) ] ||
		fail "the NIC has not sealed so much"
	equal "$(feature)" on "the feature afterwards"
}

# The other way, by the NIC's other counter.
receives() {
	local before
	before=$(stat_of tlsnic0 rx_tls_decrypted_bytes)
	bench 8555 0 --direction receive --modes user-read,kernel-read,nic-engine
	true_of json 'all(x["possible"] and x["path"]["as_asked"] and x["path"]["proof"] == "sockets" for x in m.values())'
	true_of json 'all(m[n]["path"][w] == 100 for n, w in (("user-read", "user"), ("kernel-read", "kernel"), ("nic-engine", "nic")))'
	[ $(($(stat_of tlsnic0 rx_tls_decrypted_bytes) - before)) -ge $((requests * size)) ] || fail "the NIC has not opened so much"
	equal "$(feature rx) $(feature)" "on on" "the features afterwards"
}

switched_off() {
	local before
	before=$(tls_stat TlsTxDevice)
	in_server ethtool -K tlsnic0 tls-hw-tx-offload off
	bench 8555 0 --modes kernel-sendfile,nic-sendfile,nic-engine
	true_of json 'all(m["nic-" + w]["possible"] == False and m["nic-" + w]["reason"] == "nic-feature-off" for w in ("sendfile", "engine"))'
	true_of json 'm["kernel-sendfile"]["path"]["nic"] == 0 and m["kernel-sendfile"]["path"]["kernel"] == 100'
	equal "$(feature)" off "the feature, which was off before"
	equal "$(tls_stat TlsTxDevice)" "$before" "TlsTxDevice"
	in_server ethtool -K tlsnic0 tls-hw-tx-offload on
}

has_installed() { # TIMES more than $before
	[ $(($(tls_stat TlsTxDevice) - before)) -ge "$1" ]
}

# New connections then go to the kernel, and what came before does not hide it.
switched_off_midway() {
	local before status=0 run
	before=$(tls_stat TlsTxDevice)
	in_client "$tlsring" bench --json --connect "$server_address:8555" --preset offload --modes nic-resumed --size 1000 \
		--connections 2 --requests 600 --repeats 1 > "$tmp/json" 2> "$tmp/err" &
	run=$!
	at_end $run
	# More than are tried, and come before what counts.
	await 60 has_installed 150
	in_server ethtool -K tlsnic0 tls-hw-tx-offload off
	wait $run || status=$?
	in_server ethtool -K tlsnic0 tls-hw-tx-offload on
	equal "$status" 1 "status ($(cat "$tmp/err"))"
	true_of json 'm["nic-resumed"]["path"]["as_asked"] == False and 0 < m["nic-resumed"]["path"]["nic"] < 99.9'
	grep -q 'WRONG PATH: .*nic-resumed' "$tmp/err" || fail "$(cat "$tmp/err")"
}

not_for_nics() {
	bench 8555 0 --modes nic-sendfile --tls 1.3
	true_of json 'm["nic-sendfile"]["reason"] == "nic-version"'
}

refused() {
	fault tlsnic0 refuse 1
	bench 8555 0 --modes nic-sendfile
	no_faults
	true_of json 'm["nic-sendfile"]["reason"] == "nic-refused"'
}

# What the engine had lost the keys of, the kernel sealed in its place.
fallbacks() {
	fault tlsnic0 forget 100000
	bench 8555 1 --modes nic-sendfile
	no_faults
	true_of json 'm["nic-sendfile"]["path"]["as_asked"] == False and 0 <= m["nic-sendfile"]["path"]["nic"] < 99.9'
	true_of json 'abs(m["nic-sendfile"]["path"]["nic"] + m["nic-sendfile"]["path"]["kernel"] - 100) < 1e-6'
	grep -q 'WRONG PATH: .*nic-sendfile' "$tmp/err" || fail "$(cat "$tmp/err")"
}

# The card's own counts, whatever its driver calls them, since start_card.
card() { # NAME: tx_encrypted_bytes or tx_fallback_bytes
	local now
	now=$(stat_of tlsnic0 "private_$1")
	[ -n "$now" ] || now=$(stat_of tlsnic0 "${1/_/_tls_}")
	echo $((now - ${started[$1]:-0}))
}

declare -A started
start_card() {
	started=()
	started[tx_encrypted_bytes]=$(card tx_encrypted_bytes)
	started[tx_fallback_bytes]=$(card tx_fallback_bytes)
}

# The share that bench gives is within 1 % of what the card says of all that was sealed by it, or in its
# place; the runs before the measured one, and its warm-up, are in the card's count, too.
agrees() { # MODE
	local share
	share=$(awk -v e="$(card tx_encrypted_bytes)" -v f="$(card tx_fallback_bytes)" 'BEGIN { print 100 * e / (e + f) }')
	true_of json "abs(m['$1']['path']['nic'] - $share) < ${2:-1}" || fail "the card says $share: $(cat "$tmp/json")"
}

lame_share() { # MODE SIZE REQUESTS: every other connection is never sealed by the card
	start_card
	fault tlsnic0 lame 2
	bench 8555 1 --modes "$1" --size "$2" --requests "$3"
	no_faults
	agrees "$1" 3
	true_of json "40 < m['$1']['path']['nic'] < 60 and m['$1']['path']['as_asked'] == False"
}

# Small answers have more framing than data: it hides nothing.
small_fallbacks() {
	lame_share nic-sendfile 100 400
	lame_share nic-engine 100 400
	lame_share nic-engine 64K 16
	lame_share nic-resumed 100 200
}

# Half of the connections find no room in the card.
half() {
	fault tlsnic0 contexts 8
	bench 8555 1 --modes nic-engine --size 64K --connections 8 --requests 64
	no_faults
	true_of json '45 < m["nic-engine"]["path"]["nic"] < 55 and m["nic-engine"]["path"]["as_asked"] == False'
}

# What is sent again the kernel seals: it is told, and is no more than that.
losses() {
	patience off
	start_card
	fault tlsnic0 drop 20
	bench 8555 1 --modes nic-sendfile --size 1M --requests 8
	no_faults
	patience on
	agrees nic-sendfile 2
	true_of json 'm["nic-sendfile"]["path"]["proven"] and m["nic-sendfile"]["path"]["nic"] < 99.9'
	true_of json 'all(m["nic-sendfile"]["path"]["card"][c] > 0 for c in ("retransmitted_bytes", "out_of_order", "fallbacks"))'
}

style() { # NUMBER
	echo "$1" > /sys/module/tlsnic/parameters/style
}

# cxgb4 pads names with blanks.
padded_names() {
	style 1
	start_card
	bench 8555 0 --modes nic-sendfile
	true_of json 'm["nic-sendfile"]["path"]["nic"] == 100 and m["nic-sendfile"]["path"]["proven"]'
	lame_share nic-sendfile 10K 40
	style 0
}

# nfp counts packets only: nothing is proven, and that is said in every form.
packets_only() {
	style 2
	bench 8555 0 --modes nic-sendfile,kernel-sendfile
	grep -q 'NOT PROVEN: .*nic-sendfile: .*does not count' "$tmp/err" || fail "$(cat "$tmp/err")"
	true_of json 'not m["nic-sendfile"]["path"]["proven"] and m["kernel-sendfile"]["path"]["proven"]'
	fault tlsnic0 lame 1
	bench 8555 0 --modes nic-sendfile
	no_faults
	true_of json 'not m["nic-sendfile"]["path"]["proven"]'
	in_client "$tlsring" bench --csv --connect "$server_address:8555" --preset offload --size $size --connections 2 \
		--requests $requests --repeats 1 --modes nic-sendfile > "$tmp/csv" 2> /dev/null
	grep -q '^nic-sendfile,cpu_s_per_gib,.*,send,,no,' "$tmp/csv" || fail "$(cat "$tmp/csv")"
	style 0
}

# The bytes of another program could stand for those that the card did not seal for us.
foreign_bytes() {
	local other before
	mkdir -p "$tmp/www"
	head -c 200M /dev/zero > "$tmp/www/file"
	serve "$tmp/www"
	before=$(tls_stat TlsTxDevice)
	# shellcheck disable=SC2086
	in_client curl -sS -k --http1.1 $tls12 --limit-rate 3M "https://$server_address:8443/file" > /dev/null 2>&1 &
	other=$!
	at_end $other
	await 30 has_installed 1
	bench 8555 0 --modes nic-sendfile --requests 40
	kill -KILL $other $server
	true_of json 'not m["nic-sendfile"]["path"]["proven"] and m["nic-sendfile"]["path"]["card"]["foreign_bytes"] > 0'
	grep -q 'NOT PROVEN: .*other connections' "$tmp/err" || fail "$(cat "$tmp/err")"
}

# The card lets go of every connection's keys.
soaks() {
	in_client "$tlsring" bench --connect "$server_address:8555" --preset soak --modes nic-soak --tls 1.2 --size 100K \
		--connections 4 --requests 160 > "$tmp/text" || fail "$(tail -n 5 "$tmp/text")"
	grep -q '^VERDICT: pass: 160 requests' "$tmp/text" || fail "$(tail -n 3 "$tmp/text")"
	equal "$(tls_stat TlsCurrTxDevice)" 0 TlsCurrTxDevice
}

# Without leave to switch the feature the kernel's modes go to the NIC, and it is told.
kernel_on_the_nic() {
	bench 8556 1 --modes kernel-sendfile
	true_of json 'm["kernel-sendfile"]["path"]["nic"] == 100 and m["kernel-sendfile"]["path"]["as_asked"] == False'
	bench 8556 1 --modes kernel-read --direction receive
	true_of json 'm["kernel-read"]["path"]["nic"] > 0 and m["kernel-read"]["path"]["as_asked"] == False'
	grep -q 'WRONG PATH: .*kernel-read the records were not opened' "$tmp/err" || fail "$(cat "$tmp/err")"
	kill -INT $agent
}

# A listener that is killed in the midst of a run leaves the feature off; the next one switches it on.
killed_midway() {
	in_client "$tlsring" bench --json --connect "$server_address:8557" --preset offload --modes kernel-sendfile --seconds 60 \
		> /dev/null 2>&1 &
	at_end $!
	await 60 feature_is off
	kill -KILL $agent $!
	wait $agent $! 2> /dev/null || :
	equal "$(feature)" off "the feature of a killed listener"
	listens 8557 --nic tlsnic0
	grep -q 'was killed' "$tmp/listen.log" || fail "$(cat "$tmp/listen.log")"
	equal "$(feature)" on "the feature"
	kill -INT $agent
}

feature_is() { # on or off
	[ "$(feature)" = "$1" ]
}

down() {
	nic_down
}

test_case up up
if [ $ktap_failed -gt 0 ] || [ ! -d $debug ]; then
	test_end
fi
patience on
listens 8555 --nic tlsnic0
test_case side_by_side side_by_side
test_case receives receives
test_case switched_off switched_off
test_case switched_off_midway switched_off_midway
test_case not_for_nics not_for_nics
test_case refused refused
test_case fallbacks fallbacks
for name in small_fallbacks half losses padded_names packets_only foreign_bytes; do
	test_case $name $name
done
test_case soaks soaks
kill -INT $agent
wait $agent
test_case listener_ends equal "$? $(feature)" "0 on" "status, feature"
listens 8556
test_case kernel_on_the_nic kernel_on_the_nic
listens 8557 --nic tlsnic0
test_case killed_midway killed_midway
test_case down down
test_end
