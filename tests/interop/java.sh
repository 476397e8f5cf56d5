#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Java as client and as server, in TLS 1.2 and 1.3. Its limits of key use are lowered, so that it
# changes keys, and asks for ours to be changed, all the time, whoever is sending.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"
. "$(dirname "$0")/peers.sh"

size=2000001
[ -z "${TLSRING_SHORT:-}" ] || size=500001
size=${TLSRING_INTEROP_SIZE:-$size}
limit=$((size / 5))
aes13=TLSv1.3:TLS_AES_128_GCM_SHA256
chacha13=TLSv1.3:TLS_CHACHA20_POLY1305_SHA256
aes12=TLSv1.2:TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
many=$((limit * 40))

if [ ! -e "$peers/Peer.class" ] || ! command -v java > /dev/null; then
	test_case java skip "there is no java here"
	test_end
fi
openssl pkcs12 -export -inkey "$key" -in "$cert" -out "$tmp/store.p12" -passout pass:secret -name x

ours_start short
short=$port
ours_start long -l
long=$port
rekeyed_before
start java java -XX:TieredStopAtLevel=1 -Xshare:auto -cp "$peers" Peer "$tmp/store.p12" "$limit" \
	"$aes12:$short:$size:$size" "$aes13:$long:$size:$size" "$chacha13:$long:$size:$size" \
	"$aes13:$long:0:$many" $aes12:serve $aes13:serve "$aes13:$short:$size:$size"
java=$log

result() { # NUMBER: of Java's cases
	await 200 over "$1" || fail "Java does not go on: $(cat "$java")"
	said="$(grep -E '^(ok|failed)' "$java" | sed -n "$1p")"
	echo "Java: $said"
}

over() {
	[ "$(grep -cE '^(ok|failed)' "$java")" -ge "$1" ] || [ -s "$java.status" ]
}

client() { # NUMBER, PATH, CIPHER, SERVER OF OURS
	result "$1"
	equal "$said" ok result
	log=$tmp/$4.log
	expect_log "^done tx $2 rx $2 .* $3: clean"
}

ports() {
	[ "$(grep -c '^port' "$java")" -ge "$1" ]
}

server() { # NUMBER, WHICH, PATH, OPTION OF OURS...
	local path=$3 number=$1
	await 200 ports "$2" || fail "Java does not listen: $(cat "$java")"
	port=$(sed -n 's/^port //p' "$java" | sed -n "$2p")
	shift 3
	timeout 200 "$ours" connect "${verify[@]}" -n localhost "$@" "$port" "$size" "$size" > "$tmp/out" ||
		fail "$(cat "$tmp/out")"
	cat "$tmp/out"
	grep -q "^done tx $path rx $path .*: clean" "$tmp/out" || fail "not there"
	result "$number"
	equal "$said" ok result
}

# A connection that need not live long goes to kernels that cannot rekey, and ends for that reason.
not_long() {
	log=$tmp/short.log
	result 7
	if [ "$rekeys" = yes ] || [ "$where" = user ]; then
		equal "$said" ok result
		return
	fi
	[ "${said%%:*}" = failed ] || fail "it went on"
	expect_log "^ended .*no-rekey"
}

test_case client_tls12 client 1 $where ECDHE-ECDSA-AES128-GCM-SHA256 short
test_case client_tls13_updates client 2 $where_long TLS_AES_128_GCM_SHA256 long
test_case client_tls13_chacha client 3 $where_long TLS_CHACHA20_POLY1305_SHA256 long
test_case client_updates_while_it_only_reads client 4 $where_long TLS_AES_128_GCM_SHA256 long
test_case server_tls12 server 5 1 $where
test_case server_tls13_updates server 6 2 $where_long -l -k "$limit"
test_case client_tls13_not_long_lived not_long
test_case rekeyed_in_the_kernel rekeyed_since 20
test_case java_ends ended_well
test_case stops_cleanly_short ours_stop short
test_case stops_cleanly_long ours_stop long
test_end
