#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The TLS of Firefox, as NSS's test programs have it: its client, and its server for `tlsring get`.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"
. "$(dirname "$0")/peers.sh"

client() { # VERSION
	have tstclnt
	nss_db
	use server
	make_request
	timeout 200 tstclnt -d "$db" -h localhost -p "$port" -4 -V "tls$1:tls$1" < "$tmp/request" > "$tmp/answer" \
		2> "$tmp/err" || fail "$(cat "$tmp/err")"
	answered
	expect_log "^done tx $where rx $where TLSv$1 .*: clean"
}

# It shows the request, then so many blocks of 16 KiB of all bytes in turn.
server() { # VERSION
	local blocks=100
	have selfserv
	nss_db
	server_start_anywhere selfserv -d "$db" -n peer -e peer -p PORT -V "tls$1:tls$1" -g "$blocks"
	"$tlsring" get -v --ca "$cert" --force -o "$tmp/got" "https://localhost:$port/" > "$tmp/out" 2>&1 ||
		fail "$(cat "$tmp/out" "$log")"
	cat "$tmp/out"
	grep -q "TLSv$1," "$tmp/out" || fail "not that version"
	grep -q "receiving: $where" "$tmp/out" || fail "not opened there"
	kill "$pid"
	python3 -IS -c "import sys; sys.stdout.buffer.write(bytes(range(256)) * 64 * $blocks)" > "$tmp/blocks"
	tail -c $((blocks * 16384)) "$tmp/got" > "$tmp/tail"
	equal "$(sha "$tmp/tail")" "$(sha "$tmp/blocks")" hash
}

ours_start server -x
test_case client_tls12 client 1.2
test_case client_tls13 client 1.3
test_case server_tls12 server 1.2
test_case server_tls13 server 1.3
test_case stops_cleanly ours_stop server
test_end
