#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# GnuTLS as a server that echoes, and as a client that changes keys.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"
. "$(dirname "$0")/peers.sh"

tls12=NORMAL:-VERS-ALL:+VERS-TLS1.2
tls13=NORMAL:-VERS-ALL:+VERS-TLS1.3

server() { # PRIORITY
	have gnutls-serv
	server_start_anywhere gnutls-serv --echo --crlf --x509certfile "$cert" --x509keyfile "$key" -p PORT --priority "$1"
	timeout 200 "$ours" connect -p "${verify[@]}" -n localhost "$port" "$size" "$size" > "$tmp/out" ||
		fail "$(cat "$tmp/out")"
	cat "$tmp/out"
	grep -q "^done tx $where rx $where .*: clean" "$tmp/out" || fail "not there"
	read -r _ ours theirs < <(grep ^hashes "$tmp/out")
	equal "$theirs" "$ours" hash
}

# It writes each byte that comes by itself.
back=$((size / 10))

# Lines of text with commands between them. It leaves at the end of its input.
lines() {
	local i
	echo "$((100000 * 6)) $back"
	for i in 1 2 3 4 5 6; do
		sed -n "$(((i - 1) * 1000 + 1)),$((i * 1000))p" "$tmp/text"
		echo "^rekey^"
	done
	await 100 complete
}

complete() {
	[ "$(stat -c %s "$tmp/answer")" -ge $((back + 130)) ]
}

client_updates() {
	have gnutls-cli
	use server
	: > "$tmp/answer"
	base64 -w 99 /dev/urandom | head -n 6000 > "$tmp/text"
	rekeyed_before
	timeout 200 gnutls-cli --x509cafile "$cert" --logfile=/dev/null --inline-commands --priority "$tls13" \
		-p "$port" localhost < <(lines) > "$tmp/answer" 2> "$tmp/err" || cat "$tmp/err"
	equal "$(tail -c 130 "$tmp/answer")" "$(sha "$tmp/text") $(head -c "$back" "$tmp/answer" | sha256sum | cut -d' ' -f1)"
	expect_log "^done tx $where_long rx $where_long .*: clean"
	rekeyed_since 5
}

ours_start server -l
test_case server_tls12 server $tls12
test_case server_tls13 server $tls13
test_case client_tls13_updates client_updates
test_case stops_cleanly ours_stop server
test_end
