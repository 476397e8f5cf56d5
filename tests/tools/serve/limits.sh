#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each limit of a connection ends what goes beyond it, and is counted; those that slow clients hit are
# slow's, that of requests telemetry's, that of HTTP/2 http2_floods'.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir "$tmp/www"
echo public > "$tmp/www/public"

serve() { # NAME OPTION...
	server_start "$1" --threads 1 --metrics 127.0.0.1:0 "${@:2}" "$tmp/www"
	metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")
}

counts() { # LIMIT COUNT
	[ "$(curl -sS "$metrics" | sed -n "s/^tlsring_limit_hits_total{limit=\"$1\"} //p")" = "$2" ]
}

expect_count() { # LIMIT COUNT
	await 20 counts "$@" || fail "$1 is not counted: $(curl -sS "$metrics" | grep limit_hits)"
}

# One after the other: connects from ADDRESS, by TLS or not; says whether the server closed it, and keeps
# the others until the end.
connect() { # [ADDRESS:tls|ADDRESS:tcp]...
	timeout 60 python3 -IS - "$port" "$@" <<-'EOF'
		import socket, ssl, sys
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
		context.check_hostname = False
		context.verify_mode = ssl.CERT_NONE
		kept = []
		for word in sys.argv[2:]:
		    address, kind = word.split(":")
		    sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30, (address, 0))
		    try:
		        if kind == "tls":
		            sock = context.wrap_socket(sock)
		            sock.sendall(b"GET /public HTTP/1.1\r\nHost: x\r\n\r\n")
		            assert sock.recv(12) == b"HTTP/1.1 200"
		            while not sock.recv(4096).endswith(b"public\n"):
		                pass
		        elif sock.recv(1) == b"":
		            print("closed")
		            continue
		        kept.append(sock)
		        print("served")
		    except OSError:
		        print("refused")
	EOF
}

connections() {
	serve connections --max-connections 3 --max-connections-per-address 2
	# The third of one address; then the fourth of all.
	equal "$(connect 127.0.0.1:tls 127.0.0.1:tls 127.0.0.1:tls 127.0.0.2:tls 127.0.0.3:tls | tr '\n' ' ')" \
		"served served refused served refused "
	expect_count connections_per_address 1
	expect_count connections 1
	# They have gone: there is room again.
	await 20 served_again || fail "those who left still count"
	server_stop
}

served_again() {
	[ "$(fetch public)" = public ]
}

handshake() {
	serve handshake --handshake-timeout 1
	equal "$(connect 127.0.0.1:tcp)" closed
	expect_count handshake 1
	server_stop
}

header_bytes() {
	serve header_bytes --max-header-bytes 1000
	equal "$(status public -H "X: $(head -c 1100 /dev/zero | tr '\0' a)")" 431
	expect_count header_bytes 1
	server_stop
}

idle() {
	serve idle --idle-timeout 1
	mkfifo "$tmp/silence"
	# Open for both, so that it has no end: the client waits until the server ends the connection.
	exec 7<> "$tmp/silence"
	timeout 60 openssl s_client -quiet -connect "127.0.0.1:$port" <&7 > /dev/null 2>&1 || fail "it stays open"
	exec 7>&-
	expect_count idle 1
	server_stop
}

for name in connections handshake header_bytes idle; do
	test_case $name $name
done
test_end
