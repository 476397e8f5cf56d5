#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The rig's own test in the guest: is this the machine that was promised?
echo 'KTAP version 1'
echo '1..4'
n=0

check() { # NAME COMMAND...
	local name=$1 verdict=ok
	shift
	n=$((n + 1))
	"$@" || verdict='not ok'
	echo "$verdict $n $name"
}

kernel_version() {
	case $TLSRING_RIG in
	newest) [ "$(printf '%s\n' 6.13 "$(uname -r)" | sort -V | head -n 1)" = 6.13 ] ;;
	*) [[ $(uname -r) == "$TLSRING_RIG"[.-]* ]] ;;
	esac
}
aes_ni() { grep -A 1 '^name *: gcm(aes)$' /proc/crypto | grep -q aesni; }
io_uring() { [ "$(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0)" = 0 ]; }
ktls() {
	python3 - <<-'END'
	import socket
	listener = socket.create_server(("127.0.0.1", 0))
	sock = socket.create_connection(listener.getsockname())
	sock.setsockopt(socket.IPPROTO_TCP, 31, b"tls")
	END
}

check kernel_version kernel_version
check ktls ktls
check aes_ni aes_ni
check io_uring io_uring
