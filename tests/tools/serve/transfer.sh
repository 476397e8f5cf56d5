#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Files of every size that matters to records, in both versions and AES-GCM ciphers, arrive whole;
# where the kernel has TLS, it is the kernel that seals them: all, or what is worth it.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

sizes="0 1 1280 16383 16384 16385 1048576"
mkdir "$tmp/www" "$tmp/got"
for size in $sizes; do
	head -c "$size" /dev/urandom > "$tmp/www/$size"
done
# shellcheck disable=SC2086
(cd "$tmp/www" && sha256sum $sizes > "$tmp/hashes")
sparse=1G sparse_hash=49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14
if [ -n "${TLSRING_SHORT:-}" ]; then
	sparse=64M sparse_hash=3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351
fi
truncate -s $sparse "$tmp/www/sparse"
server_start serve --handover at-once "$tmp/www" || exit 1
in_kernel=
! kernel_tls || in_kernel=yes

client() { # CIPHER: curl's options for it
	case $1 in
	TLS_*) echo "--tlsv1.3 --tls13-ciphers $1" ;;
	*) echo "--tlsv1.2 --tls-max 1.2 --ciphers $1" ;;
	esac
}

# All sizes by one client, since starting one costs an emulated machine more than a transfer does; a
# connection, and a whole handshake, for each.
fetch_sizes() { # CURL OPTION...
	local size list=()
	for size in $sizes; do
		list+=(-o "$tmp/got/$size" "https://127.0.0.1:$port/$size")
	done
	rm -f "$tmp/got"/*
	curl -sS -k "$http" --max-time 300 --no-sessionid -H 'Connection: close' "$@" "${list[@]}"
}

transfer() { # CIPHER
	# shellcheck disable=SC2046
	fetch_sizes $(client "$1")
	(cd "$tmp/got" && sha256sum --quiet --check ../hashes) || fail "what came over $1 differs"
}

transfer_counted() { # CIPHER
	[ -n "$in_kernel" ] || { transfer "$1"; return; }
	local tx rx bad
	tx=$(counter TlsTxSw) rx=$(counter TlsRxSw) bad=$(counter TlsDecryptError)
	transfer "$1"
	# One connection for each size.
	equal "$(($(counter TlsTxSw) - tx))" 7 "TlsTxSw"
	equal "$(($(counter TlsRxSw) - rx))" 7 "TlsRxSw"
	equal "$(($(counter TlsDecryptError) - bad))" 0 "TlsDecryptError"
}

ss_shows() {
	ss -tieH "sport = :$port" | grep -q 'tcp-ulp-tls.*rxconf: *sw.*txconf: *sw'
}

seen_by_ss() { # CIPHER
	[ -n "$in_kernel" ] || skip "no kernel TLS here"
	# shellcheck disable=SC2046
	fetch_beside 1048576 $(client "$1") --limit-rate 200k -o /dev/null
	await 5 ss_shows || { ss -tie; kill "$puller"; fail "ss shows no TLS socket"; }
	kill "$puller"
}

says_where() {
	if [ -n "$in_kernel" ]; then
		grep -q "records: kernel" "$log" || fail "it does not say that the kernel seals"
	else
		grep -qE 'records: user space: .{10,}; `tlsring doctor` says what to do' "$log" || fail "no reason"
	fi
}

large_file() {
	equal "$(fetch sparse --max-time 600 | sha256sum)" "$sparse_hash  -" "hash of $sparse"
}

adaptive() {
	[ -n "$in_kernel" ] || skip "no kernel TLS here"
	server_start adaptive --handover adaptive "$tmp/www" || exit 1
	transfer TLS_AES_128_GCM_SHA256
	transfer ECDHE-ECDSA-AES128-GCM-SHA256
	local before
	before=$(counter TlsTxSw)
	fetch 1048576 -o /dev/null
	fetch 1280 "https://127.0.0.1:$port/1280" -o /dev/null -o /dev/null
	equal "$(($(counter TlsTxSw) - before))" 2 "TlsTxSw of a large file, and of two small ones"
	server_stop
}

forced_user_space() {
	server_start off --offload off "$tmp/www" || exit 1
	grep -q "records: user space" "$log" || fail "--offload off is not said"
	transfer TLS_AES_128_GCM_SHA256
	server_stop
}

over_epoll() {
	server_start epoll --io epoll --handover at-once "$tmp/www" || exit 1
	grep -q "io: epoll" "$log" || fail "--io epoll is not said"
	transfer TLS_AES_256_GCM_SHA384
	transfer ECDHE-ECDSA-AES128-GCM-SHA256
	server_stop
}

test_case says_where says_where
for cipher in TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 \
	ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384; do
	test_case "transfer_$cipher" transfer_counted "$cipher"
	test_case "ss_$cipher" seen_by_ss "$cipher"
done
test_case large_file large_file
test_case adaptive adaptive
test_case forced_user_space forced_user_space
test_case over_epoll over_epoll
test_case stops_cleanly server_stop
test_end
