#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# OpenSSL in user space, as client and as server: hashes both ways, its KeyUpdates and ours.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"
. "$(dirname "$0")/peers.sh"

peer=$peers/openssl
tls12=(-c MaxProtocol=TLSv1.2)

ours_start server
ours_start long -l -k "$every"
ours_start epoll -e -l -k "$every"

client() { # SERVER OF OURS, EXPECTED PATH, OPTION...
	use "$1"
	local path=$2
	shift 2
	timeout 300 "$peer" connect "${verify[@]}" "$@" "$port" "$size" "$size"
	expect_log "^done tx $path rx $path .*: clean"
}

client_updates() { # SERVER OF OURS
	rekeyed_before
	client "$1" "$where_long" -k "$every"
	rekeyed_since 5
}

server() { # EXPECTED PATH, OPTION OF OURS...
	local path=$1
	shift
	start_listening peer "$peer" serve -c "Certificate=$cert" -c "PrivateKey=$key" "${peer_options[@]}"
	timeout 300 "$ours" connect "${verify[@]}" -n localhost "$@" "$port" "$size" "$size" > "$tmp/out" ||
		fail "$(cat "$tmp/out" "$log")"
	cat "$tmp/out"
	grep -q "^done tx $path rx $path .*: clean" "$tmp/out" || fail "not there"
}

server_updates() { # OPTION OF OURS...
	local peer_options=(-k "$every")
	rekeyed_before
	server "$where_long" -l -k "$every" "$@"
	rekeyed_since 5
}

# Without rekeying the connection ends when the peer changes its key, and says why.
not_followed_as_server() {
	use server
	timeout 300 "$peer" connect "${verify[@]}" -k "$every" "$port" "$size" "$size" && fail "it went on"
	expect_log "^ended .*no-rekey"
}

not_followed_as_client() {
	local peer_options=(-k "$every")
	start_listening peer "$peer" serve -c "Certificate=$cert" -c "PrivateKey=$key" "${peer_options[@]}"
	timeout 300 "$ours" connect "${verify[@]}" "$port" "$size" "$size" > "$tmp/out" && fail "it went on"
	cat "$tmp/out"
	grep -q "^ended .*no-rekey" "$tmp/out" || fail "for another reason"
}

peer_options=()
test_case client_tls12 client server $where "${tls12[@]}"
test_case client_tls13 client server $where
test_case client_tls13_updates client_updates long
test_case client_tls13_updates_epoll client_updates epoll
test_case server_tls12 server $where "${tls12[@]}"
test_case server_tls13 server $where
test_case server_tls13_updates server_updates
test_case server_tls13_updates_epoll server_updates -e
if [ $rekeys = no ] && [ $where = kernel ]; then
	test_case update_not_followed_as_server not_followed_as_server
	test_case update_not_followed_as_client not_followed_as_client
fi
for name in server long epoll; do
	test_case stops_cleanly_$name ours_stop $name
done
test_end
