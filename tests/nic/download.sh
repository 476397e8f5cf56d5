#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Files arrive whole over the simulated NIC, sealed by it, whatever goes wrong on the way.
# shellcheck disable=SC2086,SC2154
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/nic.sh"

# TLSRING_NIC_SIZE: bytes of each file that meets with faults, for those who have time.
full=$((100 << 20)) large=${TLSRING_NIC_SIZE:-$((16 << 20))} middle=$((8 << 20))
[ -z "${TLSRING_SHORT:-}" ] || full=$large
mkdir "$tmp/www"
head -c $middle /dev/urandom > "$tmp/www/middle"
middle_hash=$(sha256sum < "$tmp/www/middle")

up() {
	why=$(nic_up) || skip "$why"
}

# The device, its engine and its fallback together, has sealed every byte of the file.
sealed() {
	echo $(($(stat_of tlsnic0 tx_tls_encrypted_bytes) + $(stat_of tlsnic0 tx_tls_fallback_bytes)))
}

whole() { # FILE BYTES HASH [CURL OPTION...]
	local before file=$1 bytes=$2 hash=$3
	shift 3
	before=$(sealed)
	equal "$(download "$file" "$@")" "$hash" "hash"
	[ $(($(sealed) - before)) -ge "$bytes" ] || fail "the NIC sealed only $(($(sealed) - before)) bytes"
}

shows_hw() {
	in_server ss -tieH "sport = :8443" | grep -q "rxconf: *hw.*txconf: *hw"
}

# On its way the connection is seen where it is to be.
whole_and_seen() { # SEEN FILE BYTES HASH COMMAND...: what shows it
	local puller seen=$1
	whole "$2" "$3" "$4" $tls12 &
	puller=$!
	shift 4
	await 20 "$seen" || fail "$* shows: $(in_server "$@")"
	wait $puller
}

large_file() {
	local fallback
	head -c "$large" /dev/zero > "$tmp/www/large"
	fallback=$(stat_of tlsnic0 tx_tls_fallback_bytes)
	whole_and_seen shows_hw large "$large" "$(sha256sum < "$tmp/www/large")" ss -tie
	# A slow machine lets TCP send a little again even on a sound wire.
	fallback=$(($(stat_of tlsnic0 tx_tls_fallback_bytes) - fallback))
	[ $fallback -lt $((large / 100)) ] || fail "the engine did not seal $fallback bytes of a sound wire"
	rm "$tmp/www/large"
}

aes_256() {
	whole middle $middle "$middle_hash" $tls12_256
}

on_a_bad_wire() { # FAULT VALUE COUNTER FILE BYTES HASH
	local before
	before=$(stat_of tlsnic0 "$3")
	fault tlsnic0 "$1" "$2"
	whole "$4" "$5" "$6" $tls12
	no_faults
	[ "$(stat_of tlsnic0 "$3")" -gt "$before" ] || fail "$3 did not move"
}

lost_engine() {
	local before
	before=$(stat_of tlsnic0 tx_tls_resync_ok)
	fault tlsnic0 forget 5
	whole middle $middle "$middle_hash" $tls12
	[ "$(stat_of tlsnic0 tx_tls_resync_ok)" -gt "$before" ] || fail "the engine was not brought back"
	no_faults
}

flap() {
	sleep 0.5
	ip -n nic-s link set tlsnic0 down
	sleep 0.5
	ip -n nic-s link set tlsnic0 up
}

link_flap() { # FILE HASH RATE
	local before
	before=$(stat_of tlsnic0 tx_tls_del)
	flap &
	equal "$(download "$1" $tls12 --limit-rate "$3")" "$2" "hash"
	wait $!
	[ "$(stat_of tlsnic0 tx_tls_del)" -gt "$before" ] || fail "the context outlived the link"
}

software() { # COMMAND...: the kernel seals, not the NIC, and counts so
	local hw sw
	hw=$(tls_stat TlsTxDevice) sw=$(tls_stat TlsTxSw)
	"$@"
	equal "$(tls_stat TlsTxDevice)" "$hw" "TlsTxDevice"
	equal "$(($(tls_stat TlsTxSw) - sw))" 1 "TlsTxSw"
}

refused() {
	fault tlsnic0 refuse 1
	software equal_download $tls12
	no_faults
}

equal_download() { # CURL OPTION...
	equal "$(download middle "$@")" "$middle_hash" "hash"
}

few_contexts() {
	# Two contexts are one connection's; it is held while another one comes.
	fault tlsnic0 contexts 2
	ip netns exec nic-c curl -sS -k $tls12 --limit-rate 100k "https://$server_address:8443/middle" > /dev/null 2>&1 &
	local holder=$!
	await 10 shows_hw
	software equal_download $tls12
	kill $holder
	no_faults
	[ "$(stat_of tlsnic0 tls_ctx_refused)" -gt 0 ] || fail "no context was refused"
}

slow_install() {
	fault tlsnic0 slow 300
	whole middle $middle "$middle_hash" $tls12
	no_faults
}

switched_off() {
	in_server ethtool -K tlsnic0 tls-hw-tx-offload off
	software equal_download $tls12
	in_server ethtool -K tlsnic0 tls-hw-tx-offload on
}

# A connection that is on the NIC stays there when the feature goes.
switched_off_midway() {
	{ sleep 0.5; in_server ethtool -K tlsnic0 tls-hw-tx-offload off tls-hw-rx-offload off; } &
	equal "$(download middle $tls12 --limit-rate 4M)" "$middle_hash" "hash"
	wait $!
	in_server ethtool -K tlsnic0 tls-hw-tx-offload on tls-hw-rx-offload on
}

tls13() {
	software equal_download --tlsv1.3 --tls13-ciphers TLS_AES_128_GCM_SHA256
}

chacha() {
	software equal_download --tlsv1.2 --tls-max 1.2 --ciphers ECDHE-ECDSA-CHACHA20-POLY1305
}

# From the page cache.
by_pages() { # FILE BYTES HASH
	local metrics sent
	whole_and_seen shows_pages "$@" "$tlsring" stat
	metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")
	sent=$(in_server curl -sS "$metrics" | awk '$1 == "tlsring_sent_bytes_total{strategy=\"sendfile_zerocopy\"}" { print $2 }')
	[ "$sent" -ge $(($2 - $2 / 8)) ] || fail "$sent bytes were sent without a copy"
}

shows_pages() {
	in_server "$tlsring" stat > "$tmp/stat" && grep -q 'nic+zc' "$tmp/stat" &&
		grep -q '^sent  *nic 100.0 %' "$tmp/stat"
}

pages_switched_off() {
	{ sleep 0.5; in_server ethtool -K tlsnic0 tls-hw-tx-offload off; } &
	equal "$(download large $tls12 --limit-rate 20M)" "$large_hash" "hash"
	wait $!
	in_server ethtool -K tlsnic0 tls-hw-tx-offload on
}

# A file that loses its end meanwhile is a connection cut short, and told.
pages_of_a_shrinking_file() {
	cp "$tmp/www/large" "$tmp/www/shrinks"
	ip netns exec nic-c curl -sS -k $tls12 --http1.1 --limit-rate 1M "https://$server_address:8443/shrinks" > "$tmp/part" 2> /dev/null &
	await 20 shows_pages
	truncate -s 1M "$tmp/www/shrinks"
	wait $! && fail "the client believes that it has the whole"
	await 10 grep -q "shrinks.* became shorter" "$log" || fail "$(cat "$log")"
	cmp -n $((1 << 20)) "$tmp/part" "$tmp/www/large" || fail "not what the file held"
	rm "$tmp/www/shrinks" "$tmp/part"
}

required() {
	# The client would take TLS 1.3.
	whole middle $middle "$middle_hash"
	fault tlsnic0 refuse 1
	download middle > /dev/null 2>&1
	no_faults
	await 5 grep -q "the network card did not take this connection" "$log" || fail "$(cat "$log")"
}

# Nothing is left behind: contexts, the server's status, the module.
down() {
	kill -TERM $server
	await 10 no_contexts
	for i in 0 1; do
		equal "$(stat_of tlsnic$i tx_tls_ctx)" "$(stat_of tlsnic$i tx_tls_del)" "contexts of tlsnic$i"
		equal "$(stat_of tlsnic$i tx_tls_drop_no_sync_data)" 0 "packets that could not be sealed"
	done
	nic_down
}

no_contexts() {
	[ "$(stat_of tlsnic0 tx_tls_ctx)" = "$(stat_of tlsnic0 tx_tls_del)" ]
}

test_case up up
if [ $ktap_failed -gt 0 ] || [ ! -d $debug ]; then
	test_end
fi
serve "$tmp/www"
test_case large_file large_file
test_case aes_256 aes_256
test_case drop on_a_bad_wire drop 100 fault_dropped middle $middle "$middle_hash"
test_case reorder on_a_bad_wire reorder 50 fault_reordered middle $middle "$middle_hash"
test_case duplicate on_a_bad_wire duplicate 50 fault_duplicated middle $middle "$middle_hash"
test_case lost_engine lost_engine
test_case link_flap link_flap middle "$middle_hash" 4M
test_case refused refused
test_case few_contexts few_contexts
test_case slow_install slow_install
test_case switched_off switched_off
test_case switched_off_midway switched_off_midway
test_case tls13 tls13
test_case chacha chacha
kill -TERM $server
wait $server
head -c $full /dev/urandom > "$tmp/www/full"
head -c "$large" "$tmp/www/full" > "$tmp/www/large"
large_hash=$(sha256sum < "$tmp/www/large")
# HTTP/2 puts frames around pieces of the file: those are copied.
http=--http1.1
serve --zerocopy --metrics $server_address:0 "$tmp/www"
test_case by_pages by_pages full $full "$(sha256sum < "$tmp/www/full")"
rm "$tmp/www/full"
test_case pages_drop on_a_bad_wire drop 100 fault_dropped large "$large" "$large_hash"
test_case pages_reorder on_a_bad_wire reorder 50 fault_reordered large "$large" "$large_hash"
test_case pages_through_a_flap link_flap large "$large_hash" 20M
test_case pages_switched_off pages_switched_off
test_case pages_of_a_shrinking_file pages_of_a_shrinking_file
kill -TERM $server
wait $server
serve --zerocopy --io epoll --metrics $server_address:0 "$tmp/www"
test_case by_pages_with_epoll by_pages large "$large" "$large_hash"
kill -TERM $server
wait $server
rm "$tmp/www/large"
http=--http2
serve --nic require "$tmp/www"
test_case required required
test_case down down
test_end
