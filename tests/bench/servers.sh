# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
# To be sourced: a folder to serve, and the servers. From the sourcing script: $here, $build; from the
# environment SERVE, options of serve; $nginx_edit may change nginx's configuration by sed. Sets $work, $port,
# $pid (of the process that serves); at the exit both the server and the folder go.

# A disk's file system, as files are served from; /tmp is in memory.
work=$(mktemp -d "$([ -d /out ] && echo /out || echo /var/tmp)/bench.XXXXXX")
chmod 755 "$work"
port=9443 pid= master=
export OPENSSL_CONF=/dev/null
ulimit -n 65536 2> /dev/null || ulimit -n "$(ulimit -Hn)"

# A server must not outlive us, or the next one finds its port taken.
leave() {
	[ -z "$master" ] || kill "$master" 2> /dev/null || true
	rm -rf "$work"
}
trap leave EXIT

problem() { echo "problem $*"; }

prepare() { # KiB of the largest file
	local size
	mkdir "$work/www"
	for size in 1 16 100 "$1"; do
		head -c $((size * 1024)) /dev/zero | openssl enc -aes-128-ctr -K 0 -iv 0 2> /dev/null > "$work/www/$size"
	done
	cat "$work"/www/* > /dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 30 \
		-keyout "$work/key.pem" -out "$work/cert.pem" 2> /dev/null
	[ -n "${TLSRING_RIG:-}" ] || return 0
	echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range
	# A client's port must not be the next server's.
	echo $((port + 1))-$((port + 16)) > /proc/sys/net/ipv4/ip_local_reserved_ports
	echo 4096 > /proc/sys/net/core/somaxconn
}

await() { # CONDITION...
	local i
	for i in {1..100}; do
		"$@" && return
		sleep 0.1
	done
	problem "waited in vain: $*"
	cat "$work"/*.log
	exit 1
}

listening() { ss -ltnH "sport = :$port" | grep -q .; }

worker() { pid=$(pgrep -P "$master" nginx); }

start() { # SERVER
	local ktls='' seeing=() seal=()
	port=$((port + 1))
	case $1 in
	tlsring*)
		[ "$1" != tlsring-user ] || seal=(--offload off)
		[ "$1" = tlsring ] || [ "$1" = tlsring-user ] ||
			seeing=(--access-log "$work/access.log" --log-format "${1#tlsring-}" --metrics 127.0.0.1:0)
		# shellcheck disable=SC2086
		"$build/tlsring" serve ${SERVE:-} "${seal[@]}" -t 1 -l "127.0.0.1:$port" -c "$work/cert.pem" \
			-k "$work/key.pem" "${seeing[@]}" "$work/www" 2> "$work/tlsring.log" &
		master=$! pid=$!
		;;
	nginx-*)
		[ "$1" = nginx-user ] || ktls="ssl_conf_command Options KTLS;"
		sed "s|@work@|$work|; s|@port@|$port|; s|@ktls@|$ktls|; ${nginx_edit:-}" "$here/nginx.conf" \
			> "$work/nginx.conf"
		nginx -c "$work/nginx.conf" -g "daemon off;" 2> "$work/nginx.log" &
		master=$!
		await worker
		;;
	esac
	await listening
}

stop() {
	kill "$master"
	wait "$master" || true
	master=
}
