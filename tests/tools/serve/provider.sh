#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# serve --handshake-provider tlsring: clients that others wrote shake hands with it over X25519, for the
# first time and again; and where FIPS is demanded it does not start.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir "$tmp/www"
head -c 100000 /dev/urandom | base64 > "$tmp/www/file"
want=$(sha256sum < "$tmp/www/file")
server_start serve --handshake-provider tlsring "$tmp/www" || exit 1

with_curl() { # OPTION...
	equal "$(fetch file "$@" | sha256sum)" "$want" hash
}

request() {
	printf 'GET /file HTTP/1.0\r\nHost: localhost\r\n\r\n'
}

shaken() { # OPTION...: what s_client says of the handshake
	request | timeout 100 openssl s_client -ign_eof -connect "127.0.0.1:$port" "$@" 2> /dev/null
}

resumed() { # VERSION
	shaken "$1" -sess_out "$tmp/session" > "$tmp/first"
	shaken "$1" -sess_in "$tmp/session" > "$tmp/again"
	grep -qE '^(Server|Peer) Temp Key: X25519|^Negotiated TLS1.3 group: X25519' "$tmp/first" ||
		fail "the key exchange is another: $(grep -iE 'key|group' "$tmp/first")"
	grep -q '^New, ' "$tmp/first" || fail "the first handshake was not full"
	grep -q '^Reused, ' "$tmp/again" || fail "the second handshake was not resumed"
}

with_gnutls() { # PRIORITY
	have gnutls-cli
	request | timeout 100 gnutls-cli --insecure --priority "$1:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1" \
		-p "$port" 127.0.0.1 > "$tmp/gnutls" 2>&1 || true
	grep -qE 'ECDHE-X25519' "$tmp/gnutls" || { cat "$tmp/gnutls"; fail "no handshake with X25519"; }
}

reloads() {
	kill -HUP "$server"
	expect_log "^tlsring: reloaded"
	with_curl
	! grep -q "settings of \[server\] have changed" "$log" || fail "it takes its own setting for another"
}

fips_refused() {
	local status=0
	cat > "$tmp/fips.cnf" <<'END'
openssl_conf = all
[all]
alg_section = algorithms
[algorithms]
default_properties = fips=yes
END
	OPENSSL_CONF=$tmp/fips.cnf timeout 60 "$tlsring" serve --listen 127.0.0.1:0 --handshake-provider tlsring \
		"$tmp/www" > "$tmp/told" 2>&1 || status=$?
	cat "$tmp/told"
	equal "$status" 1 status
	grep -q 'give --handshake-provider openssl' "$tmp/told" || fail "the remedy is not told"
}

test_case curl_tls13 with_curl --tlsv1.3 --curves X25519
test_case curl_tls12 with_curl --tls-max 1.2 --curves X25519:P-256
test_case curl_another_group with_curl --curves P-256
test_case openssl_tls13 resumed -tls1_3
test_case openssl_tls12 resumed -tls1_2
test_case gnutls_tls13 with_gnutls NORMAL:-VERS-ALL:+VERS-TLS1.3
test_case gnutls_tls12 with_gnutls NORMAL:-VERS-ALL:+VERS-TLS1.2
test_case reloads reloads
test_case stops_cleanly server_stop
test_case fips_refused fips_refused
test_end
