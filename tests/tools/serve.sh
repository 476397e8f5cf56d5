# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2317
# What the tests of `tlsring serve` share; sourced after ktap.sh.

tlsring=$TLSRING_BUILD/tlsring
export XDG_STATE_HOME=$tmp/state	# where serve keeps its own certificate
http=--http1.1	# what curl is to speak

# Beside this shell, under one of its own that keeps its status, so that any subshell may stop it.
start() { # NAME COMMAND...: sets $pid and $log, which is $tmp/NAME.log; reads $input
	log=$tmp/$1.log
	shift
	rm -f "$log" "$log.pid" "$log.status"
	{
		"$@" < "${input:-/dev/null}" >> "$log" 2>&1 &
		echo $! > "$log.pid"
		wait $!
		echo $? > "$log.status"
	} < /dev/null > /dev/null 2>&1 &
	await 30 test -s "$log.pid"
	pid=$(cat "$log.pid")
	at_end "$pid"
}

server_start() { # NAME OPTION...: sets $server, $port and $log
	local pid name=$1 settings=(--listen 127.0.0.1:0)
	shift
	[ -z "${TLSRING_USER_SPACE:-}" ] || settings+=(--offload off)
	case " $* " in
	*" --config "*) settings=() ;;
	esac
	start "$name" "$tlsring" serve "${settings[@]}" "$@"
	server=$pid
	await 30 server_settled
	port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\):.*/\1/p' "$log" | head -n 1)
	[ -n "$port" ] || server_complain "the server did not start"
}

server_settled() {
	[ -s "$log.status" ] || grep -qs "listening on" "$log"
}

server_complain() {
	cat "$log"
	echo "$*"
	return 1
}

server_stop() { # its status must be 0: it ends cleanly, and a sanitizer found nothing
	kill -TERM "$server"
	await 30 test -s "$log.status" || server_complain "the server does not stop"
	[ "$(cat "$log.status")" = 0 ] || server_complain "the server ended with status $(cat "$log.status")"
}

server_descriptors() {
	find "/proc/$server/fd" -mindepth 1 2>/dev/null | wc -l
}

logged() { # PATTERN [COUNT]
	[ "$(grep -cE -- "$1" "$log")" -ge "${2:-1}" ]
}

expect_log() { # PATTERN [COUNT]
	await 10 logged "$@" || {
		tail -n 20 "$log"
		fail "the log lacks: $1"
	}
}

fetch() { # PATH [CURL OPTION...]
	local path=$1
	shift
	curl -sS -k "$http" --max-time 120 "$@" "https://127.0.0.1:$port/$path"
}

head_of() { # PATH [CURL OPTION...]
	fetch "$1" -o /dev/null -D - "${@:2}" | tr -d '\r'
}

status() { # PATH [CURL OPTION...]: the content goes to $tmp/body
	fetch "$1" -o "$tmp/body" -w '%{http_code}' "${@:2}"
}

has() { # HEAD LINE
	printf '%s\n' "$1" | grep -qix -- "$2" || { printf '%s\n' "$1"; fail "no line $2"; }
}

fetch_beside() { # PATH [CURL OPTION...]: sets $puller to curl itself, so that it can be killed
	local path=$1
	shift
	curl -sS -k "$http" "$@" "https://127.0.0.1:$port/$path" > /dev/null 2>&1 &
	puller=$!
	at_end "$puller"
}

kernel_tls() { # does this kernel carry our records?
	local told=$tmp/kernel-tls
	[ -z "${TLSRING_USER_SPACE:-}" ] || return 1
	[ -s "$told" ] || "$tlsring" doctor --json > "$told"
	[[ $(< "$told") == *'"kernel_tls": true'* ]]
}

counter() { # NAME of /proc/net/tls_stat
	awk -v name="$1" '$1 == name { print $2 }' /proc/net/tls_stat
}
