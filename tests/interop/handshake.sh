#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a handshake can settle beside keys, and what peers may ask for after it, with OpenSSL at the
# other end: certificates of clients, names, protocols, groups, resumption, renegotiation.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"
. "$(dirname "$0")/peers.sh"

size=100001
peer=$peers/openssl
own=(-c "Certificate=$cert" -c "PrivateKey=$key")
require=(-c "VerifyCAFile=$cert" -c "ClientCAFile=$cert" -c VerifyMode=Require)
tls12=(-c MaxProtocol=TLSv1.2)
no_tickets=(-c Options=-SessionTicket)
certificate "$tmp/other-"

# ---- our server ----

client() { # PATTERN OF THE HANDSHAKE, OPTION OF THE PEER...
	local pattern=$1
	shift
	timeout 100 "$peer" connect "${verify[@]}" "$@" "$port" "$size" "$size"
	expect_log "^handshake $pattern"
	expect_log "^done tx $where rx $where"
}

mutual_server() {
	ours_start server "${require[@]}"
	client ".* peer verified" "${own[@]}"
	: > "$log"
	client ".* peer verified" "${own[@]}" "${tls12[@]}"
}

# In TLS 1.3 the client learns it after its own handshake.
mutual_server_refuses() {
	ours_start server "${require[@]}"
	timeout 100 "$peer" connect "${verify[@]}" "$port" "$size" "$size" && fail "it came in without a certificate"
	expect_log "^ended"
	! grep -q "^handshake" "$log" || fail "the handshake was finished"
	timeout 100 "$peer" connect "${verify[@]}" -c "Certificate=$tmp/other-cert.pem" \
		-c "PrivateKey=$tmp/other-key.pem" "$port" "$size" "$size" && fail "it came in with a stranger's certificate"
	expect_log "^ended" 2
	! grep -q "^handshake" "$log" || fail "the handshake was finished"
}

s_client() { # OPTION...: an exchange; its notes go to $tmp/notes
	make_request
	timeout 100 openssl s_client -quiet -connect "127.0.0.1:$port" -CAfile "$cert" "$@" < "$tmp/request" \
		> "$tmp/answer" 2> "$tmp/notes" || fail "$(cat "$tmp/notes")"
	answered
}

alpn_server() {
	ours_start server -x -a tlsring/1
	s_client -alpn other/1,tlsring/1 -servername some.example
	expect_log "^handshake .* alpn tlsring/1 name some.example"
}

alpn_server_refuses() {
	ours_start server -x -a tlsring/1
	timeout 100 openssl s_client -quiet -connect "127.0.0.1:$port" -alpn other/1 < /dev/null > "$tmp/notes" 2>&1 &&
		fail "it came in"
	cat "$tmp/notes"
	grep -qi "no application protocol" "$tmp/notes" || fail "another alert"
	expect_log "^ended .*no_application_protocol"
}

# The client's first share is for a group that the server does not have.
hello_retry_server() {
	ours_start server -x -c Groups=P-384
	make_request
	timeout 100 openssl s_client -msg -connect "127.0.0.1:$port" -groups X25519:P-384 < /dev/null > "$tmp/notes" 2>&1 || true
	equal "$(grep -c '^>>>.*ClientHello' "$tmp/notes")" 2 ClientHellos
	: > "$log"
	client "full group secp384r1" -c Groups=X25519:P-384
}

resumed_by_server() { # VERSION, OPTION OF OURS...
	local version=$1
	shift
	ours_start server -x "$@"
	s_client "$version" -sess_out "$tmp/session"
	expect_log "^handshake full"
	s_client "$version" -sess_in "$tmp/session"
	expect_log "^handshake resumed"
	expect_log "^done tx $where rx $where" 2
}

# No record that comes has more than the client asked for, and what stands around it (RFC 6066).
fragments_of_server() { # VERSION
	local longest
	ours_start server -x
	s_client "$1" -maxfraglen 512 -msg -msgfile "$tmp/records"
	longest=$(grep -A 1 '^<<<.*RecordHeader' "$tmp/records" | sed -n 's/^ *17 03 03 \(..\) \(..\)$/\1\2/p' |
		sort | tail -n 1)
	[ $((0x$longest)) -gt 512 ] && [ $((0x$longest)) -le 544 ] || fail "its longest record has 0x$longest bytes"
	expect_log "^done tx user rx user"
}

renegotiation_asked_of_server() {
	ours_start server -x
	mkfifo "$tmp/commands"
	exec 7<> "$tmp/commands"
	echo R >&7
	input=$tmp/commands start client timeout 100 openssl s_client -tls1_2 -connect "127.0.0.1:$port"
	expect_log RENEGOTIATING
	expect_log "no renegotiation|unexpected message"
	log=$tmp/server.log
	expect_log "^ended .*alert"
}

# ---- our client ----

server() { # PATTERN OF THE HANDSHAKES, WORD...: of ours
	local pattern=$1
	shift
	timeout 100 "$ours" connect "${verify[@]}" -n localhost "$@" "$port" "$size" "$size" > "$tmp/out" ||
		fail "$(cat "$tmp/out" "$log")"
	cat "$tmp/out"
	grep -q "^handshake $pattern" "$tmp/out" || fail "another handshake"
	grep -q "^done tx $where rx $where .*: clean" "$tmp/out" || fail "not there"
}

peer_start() { # OPTION...
	start_listening peer "$peer" serve "${own[@]}" "$@"
}

mutual_client() {
	peer_start "${require[@]}"
	server "full" "${own[@]}"
	server "full" "${own[@]}" "${tls12[@]}"
}

mutual_client_refused() {
	peer_start "${require[@]}"
	timeout 100 "$ours" connect -p "${verify[@]}" "$port" 0 1 > "$tmp/out" && fail "it was let in"
	cat "$tmp/out"
	grep -q "^ended .*certificate_required" "$tmp/out" || fail "for another reason"
}

s_server() { # WORD...
	server_start_anywhere openssl s_server -quiet -accept 127.0.0.1:PORT "$@"
}

handshake_only() { # PATTERN, OPTION OF OURS...
	local pattern=$1
	shift
	timeout 100 "$ours" connect -p "${verify[@]}" "$@" "$port" 0 0 > "$tmp/out" || fail "$(cat "$tmp/out" "$log")"
	cat "$tmp/out"
	grep -q "^handshake $pattern" "$tmp/out" || fail "another handshake"
}

alpn_client() {
	s_server -cert "$cert" -key "$key" -alpn other/1,tlsring/1
	handshake_only ".* alpn tlsring/1" -n localhost -a tlsring/1
}

# The name decides which certificate it shows.
name_client() {
	s_server -cert "$tmp/other-cert.pem" -key "$tmp/other-key.pem" -servername localhost -cert2 "$cert" -key2 "$key"
	handshake_only ".* peer verified" -n localhost
	timeout 100 "$ours" connect -p "${verify[@]}" "$port" 0 0 > "$tmp/out" && fail "the other certificate will do"
	cat "$tmp/out"
}

hello_retry_client() {
	peer_start -c Groups=P-384
	server "full group secp384r1" -c Groups=X25519:P-384
}

resumed_by_client() { # OPTION OF THE PEER...
	peer_start "$@"
	server "resumed" -r 2
	equal "$(grep -c "^done" "$tmp/out")" 2 exchanges
}

renegotiation_asked_of_client() {
	mkfifo "$tmp/wishes"
	exec 7<> "$tmp/wishes"
	input=$tmp/wishes server_start_anywhere openssl s_server -cert "$cert" -key "$key" -accept 127.0.0.1:PORT
	start client timeout 100 "$ours" connect -p "${verify[@]}" "${tls12[@]}" "$port" 0 2
	expect_log "^handshake"
	echo r >&7
	expect_log "^ended tx $where rx $where .*alert"
}

test_case mutual_server mutual_server
test_case mutual_server_refuses mutual_server_refuses
test_case alpn_server alpn_server
test_case alpn_server_refuses alpn_server_refuses
test_case hello_retry_server hello_retry_server
test_case resumed_by_server_tls12_ticket resumed_by_server -tls1_2
test_case resumed_by_server_tls12_id resumed_by_server -tls1_2 "${no_tickets[@]}"
test_case resumed_by_server_tls13_ticket resumed_by_server -tls1_3
test_case resumed_by_server_tls13_stateful resumed_by_server -tls1_3 "${no_tickets[@]}"
test_case fragments_of_server_tls12 fragments_of_server -tls1_2
test_case fragments_of_server_tls13 fragments_of_server -tls1_3
test_case renegotiation_asked_of_server renegotiation_asked_of_server
test_case renegotiation_asked_of_client renegotiation_asked_of_client
test_case mutual_client mutual_client
test_case mutual_client_refused mutual_client_refused
test_case alpn_client alpn_client
test_case name_client name_client
test_case hello_retry_client hello_retry_client
test_case resumed_by_client_tls12_ticket resumed_by_client "${tls12[@]}"
test_case resumed_by_client_tls12_id resumed_by_client "${tls12[@]}" "${no_tickets[@]}"
test_case resumed_by_client_tls13_ticket resumed_by_client
test_case resumed_by_client_tls13_stateful resumed_by_client "${no_tickets[@]}"
test_end
