#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# `tlsring stat` and `tlsring doctor --nic` against the simulated NIC: they say what ss and ethtool
# say, and why a connection is not on it.
# shellcheck disable=SC2086,SC2154
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/nic.sh"
. "$(dirname "$0")/../json.sh"
json_begin 'j = json.loads(text); c, s, d = j["connections"], j["system"], j["devices"][0]'

mkdir "$tmp/www"
head -c $((64 << 20)) /dev/zero > "$tmp/www/file"

up() {
	why=$(nic_up) || skip "$why"
}

hold() { # CURL OPTION...: a download that goes on; sets $holder
	ip netns exec nic-c curl -sS -k "$@" --limit-rate 200k "https://$server_address:8443/file" \
		> /dev/null 2>&1 &
	holder=$!
	at_end $holder
	await 20 held || fail "the connection is not listed"
}

held() {
	look && [ "$(expression 'len(c)')" = 1 ]
}

release() {
	kill $holder
	await 10 let_go
}

let_go() {
	look && [ "$(expression 'len(c)')" = 0 ]
}

look() {
	in_server "$tlsring" stat --json --port 8443 > "$tmp/json"
}

expression() { # PYTHON: j is the whole, c its connections, s its system, d its first device
	value_of "$tmp/json" "$1"
}

true_of() {
	json_true "$tmp/json" "$1"
}

all_on_the_nic() {
	hold $tls12
	true_of 'c[0]["tx"] == c[0]["rx"] == {"path": "nic", "reason": "none"} and c[0]["device"] == "tlsnic0"'
	true_of 's["sent"]["nic"] == c[0]["sent"] > 0 and s["sent"]["kernel"] == s["sent"]["user"] == 0'
	true_of 'd["name"] == "tlsnic0" and d["driver"] == "tlsnic" and d["tx_on"] and d["rx_on"] and len(j["devices"]) == 1'
	in_server "$tlsring" stat > "$tmp/text"
	grep -q '^sent  *nic 100.0 %' "$tmp/text" || fail "$(cat "$tmp/text")"
	in_server ss -tieH "sport = :8443" | grep -q "rxconf: *hw.*txconf: *hw" || fail "ss says something else"
	release
}

# On a device at rest the two read the same.
counters_as_ethtool() {
	look
	in_server ethtool -S tlsnic0 | awk '/tls/ { print $1 $2 }' > "$tmp/ethtool"
	expression '"\n".join(f"{k}:{v}" for k, v in d["counters"].items())' > "$tmp/stat"
	diff "$tmp/ethtool" "$tmp/stat" || fail "the counters differ"
}

counters_as_tls_stat() {
	look
	in_server awk '{ print $1 ":" $2 }' /proc/net/tls_stat > "$tmp/kernel"
	expression '"\n".join(f"{k}:{v}" for k, v in s["counters"].items())' > "$tmp/stat"
	diff "$tmp/kernel" "$tmp/stat" || fail "the counters differ"
}

says_why() { # REASON CURL OPTION...
	local reason=$1
	shift
	hold "$@"
	true_of "c[0]['tx'] == {'path': 'kernel', 'reason': '$reason'} and c[0]['device'] == 'tlsnic0'"
	release
	grep -q 'not on the network card (.*): in software' "$log" || fail "the log does not tell"
}

switched_off() {
	in_server ethtool -K tlsnic0 tls-hw-tx-offload off
	hold $tls12
	true_of "c[0]['tx'] == {'path': 'kernel', 'reason': 'nic-feature-off'} and c[0]['rx']['path'] == 'nic'"
	in_server ethtool -K tlsnic0 tls-hw-tx-offload on
	release
}

refused() {
	fault tlsnic0 refuse 1
	says_why nic-refused $tls12
	no_faults
}

# A link that went away takes the connection's context along, and the kernel goes on.
after_a_flap() {
	hold $tls12
	ip -n nic-s link set tlsnic0 down
	ip -n nic-s link set tlsnic0 up
	sleep 2
	look
	true_of 'len(c) == 1 and d["tx_lost"] == d["rx_lost"] == 1'
	true_of 'c[0]["tx"] == c[0]["rx"] == {"path": "kernel", "reason": "nic-lost"}'
	true_of 's["sent"]["nic"] == s["received"]["nic"] == 0 and s["sent"]["kernel"] == c[0]["sent"]'
	in_server "$tlsring" stat | grep -q "lost 1 sending, 1 receiving: its link was down" ||
		fail "the loss is not told"
	release
}

through_a_vlan() {
	ip -n nic-s link add link tlsnic0 name vlan5 type vlan id 5
	ip -n nic-c link add link tlsnic1 name vlan5 type vlan id 5
	ip -n nic-s addr add 10.9.5.1/24 dev vlan5
	ip -n nic-c addr add 10.9.5.2/24 dev vlan5
	ip -n nic-s link set vlan5 up
	ip -n nic-c link set vlan5 up
	local second
	ip netns exec nic-s "$tlsring" serve --threads 1 --listen 10.9.5.1:8445 "$tmp/www" > /dev/null 2> "$tmp/vlan.log" &
	second=$!
	at_end $second
	await 30 grep -q "listening on" "$tmp/vlan.log"
	ip netns exec nic-c curl -sS -k $tls12 --limit-rate 200k "https://10.9.5.1:8445/file" > /dev/null 2>&1 &
	holder=$!
	at_end $holder
	await 20 on_the_vlan || fail "not listed: $(cat "$tmp/json")"
	true_of 'c[0]["device"] == "tlsnic0" and c[0]["tx"] == c[0]["rx"] == {"path": "kernel", "reason": "nic-vlan"}'
	in_server "$tlsring" doctor --nic vlan5 > "$tmp/text" && fail "a VLAN is said to offload"
	grep -q 'missing .*a VLAN over tlsnic0: ' "$tmp/text" || fail "$(cat "$tmp/text")"
	in_server "$tlsring" doctor --nic vlan5 --fix 2> "$tmp/err" && fail "a VLAN is said to be fixed"
	grep -q 'nothing can be switched on: a VLAN over tlsnic0' "$tmp/err" || fail "$(cat "$tmp/err")"
	kill -KILL $second $holder
	ip -n nic-s link del vlan5
	ip -n nic-c link del vlan5
}

bonded() { # BOND OPTION...: tlsnic0 becomes the port of one
	modprobe -q bonding
	ip -n nic-s link add bond5 type bond miimon 100 "$@" || fail "no bond"
	ip -n nic-s link set tlsnic0 down
	ip -n nic-s addr flush dev tlsnic0
	ip -n nic-s link set tlsnic0 master bond5
	ip -n nic-s addr add $server_address/24 dev bond5
	ip -n nic-s link set bond5 up
}

unbonded() {
	ip -n nic-s link set tlsnic0 nomaster
	ip -n nic-s link del bond5
	ip -n nic-s addr add $server_address/24 dev tlsnic0
	ip -n nic-s link set tlsnic0 up
	await 10 in_server grep -qx 1 /sys/class/net/tlsnic0/carrier
}

# The kernel offloads through a bond that chooses the port by the connection, and through no other.
through_a_bond() {
	bonded mode balance-xor xmit_hash_policy layer3+4
	hold $tls12
	true_of 'c[0]["tx"] == {"path": "nic", "reason": "none"} and c[0]["device"] == "tlsnic0"'
	true_of 'len({x["counters"]["tx_tls_ctx"] for x in j["devices"]}) == 1' # a bond counts what its port does
	in_server "$tlsring" doctor --nic bond5 > "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'good .*a bond of 1 ports, mode balance-xor, policy layer3+4' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^NIC tlsnic0, port of bond5$' "$tmp/text" || fail "$(cat "$tmp/text")"
	release
	unbonded
}

through_another_bond() {
	bonded mode active-backup
	hold $tls12
	true_of 'c[0]["tx"] == {"path": "kernel", "reason": "nic-absent"}'
	in_server "$tlsring" doctor --nic bond5 > "$tmp/text" && fail "$(cat "$tmp/text")"
	grep -q 'missing .*a bond of 1 ports, mode active-backup' "$tmp/text" || fail "$(cat "$tmp/text")"
	release
	unbonded
}

on_the_vlan() {
	in_server "$tlsring" stat --json --port 8445 > "$tmp/json" && [ "$(expression 'len(c)')" = 1 ]
}

feature() { # NAME -> on|off
	in_server ethtool -k tlsnic0 | awk -v name="$1:" '$1 == name { print $2 }'
}

doctor_is_content() {
	in_server "$tlsring" doctor --nic tlsnic0 > "$tmp/text" || fail "$(cat "$tmp/text")"
	in_server "$tlsring" doctor --nic tlsnic0 --json | python3 -IS -m json.tool > /dev/null
	in_server "$tlsring" doctor --nic lo > /dev/null && fail "lo is said to offload TLS"
	return 0
}

# The checksum takes TLS along when it goes; both come back, and the undo leaves what was there.
doctor_fixes() {
	in_server ethtool -K tlsnic0 tx off tls-hw-rx-offload off > /dev/null
	equal "$(feature tls-hw-tx-offload)" off "TLS without checksums"
	in_server "$tlsring" doctor --nic tlsnic0 > "$tmp/text" && fail "all is said to be well"
	grep -q 'missing .*tx-checksum-ip-generic: off' "$tmp/text" || fail "$(cat "$tmp/text")"
	in_server "$tlsring" doctor --nic tlsnic0 --fix
	equal "$(feature tls-hw-tx-offload)$(feature tls-hw-rx-offload)$(feature tx-checksumming)" ononon "after --fix"
	in_server "$tlsring" doctor --nic tlsnic0 > /dev/null
	in_server "$tlsring" doctor --nic tlsnic0 --undo
	equal "$(feature tls-hw-tx-offload)$(feature tls-hw-rx-offload)$(feature tx-checksumming)" offoffoff "after --undo"
	in_server "$tlsring" doctor --nic tlsnic0 --undo | grep -q "nothing was switched on"
	in_server ethtool -K tlsnic0 tx on tls-hw-tx-offload on tls-hw-rx-offload on > /dev/null
}

doctor_needs_privilege() {
	local status=0
	in_server ethtool -K tlsnic0 tls-hw-rx-offload off
	in_server setpriv --bounding-set -net_admin --inh-caps -net_admin -- \
		"$tlsring" doctor --nic tlsnic0 --fix > /dev/null 2> "$tmp/err" || status=$?
	equal $status 1 "status"
	grep -q CAP_NET_ADMIN "$tmp/err" || fail "$(cat "$tmp/err")"
	in_server ethtool -K tlsnic0 tls-hw-rx-offload on
	rm -f /run/tlsring/nic-tlsnic0.fixed
}

# Some drivers have two checksums where others have one.
doctor_with_two_checksums() {
	kill -TERM $server
	nic_down
	nic_up ip_checksums=1
	in_server "$tlsring" doctor --nic tlsnic0 > "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'tx-checksum-ip-generic' "$tmp/text" && fail "$(cat "$tmp/text")"
	in_server ethtool -K tlsnic0 tx-checksum-ipv6 off > /dev/null
	equal "$(feature tls-hw-tx-offload)" off "TLS without one of them"
	in_server "$tlsring" doctor --nic tlsnic0 > "$tmp/text" && fail "all is said to be well"
	grep -q 'missing .*tx-checksum-ipv6: off' "$tmp/text" || fail "$(cat "$tmp/text")"
	in_server "$tlsring" doctor --nic tlsnic0 --fix
	in_server "$tlsring" doctor --nic tlsnic0 > /dev/null || fail "not fixed"
	in_server "$tlsring" doctor --nic tlsnic0 --undo
}

down() {
	nic_down
}

test_case up up
if [ $ktap_failed -gt 0 ] || [ ! -d $debug ]; then
	test_end
fi
serve "$tmp/www"
test_case all_on_the_nic all_on_the_nic
test_case counters_as_ethtool counters_as_ethtool
test_case counters_as_tls_stat counters_as_tls_stat
test_case tls13 says_why nic-version --tlsv1.3 --tls13-ciphers TLS_AES_128_GCM_SHA256
test_case chacha says_why nic-cipher --tlsv1.2 --tls-max 1.2 --ciphers ECDHE-ECDSA-CHACHA20-POLY1305
test_case switched_off switched_off
test_case refused refused
test_case after_a_flap after_a_flap
test_case through_a_vlan through_a_vlan
test_case through_a_bond through_a_bond
test_case through_another_bond through_another_bond
test_case doctor_is_content doctor_is_content
test_case doctor_fixes doctor_fixes
test_case doctor_needs_privilege doctor_needs_privilege
test_case doctor_with_two_checksums doctor_with_two_checksums
test_case down down
test_end
