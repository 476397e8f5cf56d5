#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The example programs serve a file to clients that others wrote and to our own; where there is
# kernel TLS, its counters say that their connections went through it.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../ktap.sh"
. "$here/../tools/serve.sh"
. "$here/../tools/certs.sh"
. "$here/../tools/foreign.sh"

size=3000001
head -c $size /dev/urandom > "$tmp/file"
want=$(sha256sum < "$tmp/file")

example() { # NAME: sets $port
	foreign_start "$1" "$TLSRING_BUILD/tests/examples/$1" "$certs/server.pem" "$certs/server.key" "$tmp/file"
	await 20 test -s "$tmp/$1.log" || fail "it does not start"
	port=$(cat "$tmp/$1.log")
}

with_curl() { # OPTION...: twice on one connection
	curl -sS --max-time 100 --cacert "$certs/ca.pem" "$@" "https://127.0.0.1:$port/" -o "$tmp/one" \
		"https://127.0.0.1:$port/" -o "$tmp/two" -w '%{num_connects}\n' > "$tmp/connects"
	equal "$(sha256sum < "$tmp/one")" "$want" "hash of the first"
	equal "$(sha256sum < "$tmp/two")" "$want" "hash of the second"
	equal "$(tr -d '\n' < "$tmp/connects")" 10 connections
}

with_get() { # OPTION...
	equal "$("$tlsring" get --ca "$certs/ca.pem" "$@" -o - "https://127.0.0.1:$port/" | sha256sum)" "$want" hash
}

# By one client, as starting one costs an emulated machine more than the file does.
crowd() { # many at once, all whole
	local i list=()
	for i in $(seq 10); do
		list+=(-o "$tmp/crowd.$i" "https://127.0.0.1:$port/")
	done
	curl -sS --http1.1 -Z --parallel-immediate --max-time 100 --cacert "$certs/ca.pem" -w '%{num_connects}\n' \
		"${list[@]}" > "$tmp/connects" 2> "$tmp/progress" || fail "$(cat "$tmp/progress")"
	equal "$(grep -cx 1 "$tmp/connects")" 10 connections
	for i in $(seq 10); do
		cmp "$tmp/crowd.$i" "$tmp/file"
	done
	rm "$tmp"/crowd.*
}

vanishing() { # clients that leave in the middle do not disturb it
	local i
	for i in 1 2 3; do
		curl -sk "https://127.0.0.1:$port/" | head -c 100000 > /dev/null
	done
	# It is written in two parts; the first may be answered by a reset already.
	printf 'no TLS\r\n\r\n' 2> /dev/null > "/dev/tcp/127.0.0.1/$port" || :
	with_get
}

in_the_kernel() {
	local tx rx
	kernel_tls || skip "no kernel TLS here"
	tx=$(counter TlsTxSw) rx=$(counter TlsRxSw)
	with_get --offload off
	[ "$(counter TlsTxSw)" -gt "$tx" ] || fail "the kernel did not seal"
	[ "$(counter TlsRxSw)" -gt "$rx" ] || fail "the kernel did not open"
}

for name in own_epoll own_ring; do
	example $name
	test_case ${name}_curl_tls13 with_curl --tlsv1.3
	test_case ${name}_curl_tls12 with_curl --tls-max 1.2
	test_case ${name}_get with_get
	test_case ${name}_crowd crowd
	test_case ${name}_vanishing vanishing
	test_case ${name}_in_the_kernel in_the_kernel
done
test_end
