#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# TLS clients that others wrote fetch the same file; each must get every byte, over both versions.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"

size=3000001
mkdir "$tmp/www"
head -c $size /dev/urandom > "$tmp/www/file"
want=$(sha256sum < "$tmp/www/file")
# gnutls-cli writes each byte by itself, which an emulated machine takes long over.
less=300001
head -c $less "$tmp/www/file" > "$tmp/www/less"
less_hash=$(sha256sum < "$tmp/www/less")
server_start serve "$tmp/www" || exit 1

# HTTP/1.0 ends with the connection, so the body is what comes last.
request() { # FILE
	printf 'GET /%s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1"
}

with_curl() { # OPTION...
	have curl
	equal "$(curl -sk --max-time 100 "$@" "https://127.0.0.1:$port/file" | sha256sum)" "$want" hash
}

with_wget() { # VERSION
	have wget
	equal "$(wget -q -T 100 --no-check-certificate --secure-protocol="$1" -O - \
		"https://127.0.0.1:$port/file" | sha256sum)" "$want" hash
}

with_openssl() { # OPTION...
	have openssl
	equal "$(request file | timeout 100 openssl s_client -quiet -connect "127.0.0.1:$port" "$@" 2> /dev/null |
		tail -c $size | sha256sum)" "$want" hash
}

answered() {
	[ "$(tail -c $less "$tmp/answer" | sha256sum)" = "$less_hash" ]
}

# It leaves at the end of its input, so that stays open until the answer is there.
input_until_answered() {
	request less
	await 100 answered
}

with_gnutls() { # PRIORITY
	have gnutls-cli
	: > "$tmp/answer"
	timeout 100 gnutls-cli --insecure --logfile=/dev/null --priority "$1" -p "$port" 127.0.0.1 \
		< <(input_until_answered) > "$tmp/answer" 2> /dev/null || true
	answered || fail "what came differs"
}

test_case curl_tls12 with_curl --tls-max 1.2
test_case curl_tls13 with_curl --tlsv1.3
test_case wget_tls12 with_wget TLSv1_2
test_case wget_tls13 with_wget TLSv1_3
test_case openssl_tls12 with_openssl -tls1_2
test_case openssl_tls13 with_openssl -tls1_3
test_case openssl_chacha with_openssl -ciphersuites TLS_CHACHA20_POLY1305_SHA256
test_case openssl_small_records with_openssl -tls1_2 -max_send_frag 512
test_case gnutls_tls12 with_gnutls NORMAL:-VERS-ALL:+VERS-TLS1.2
test_case gnutls_tls13 with_gnutls NORMAL:-VERS-ALL:+VERS-TLS1.3
test_case gnutls_chacha with_gnutls NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305
test_case stops_cleanly server_stop
test_end
