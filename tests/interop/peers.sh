# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034,SC2317
# What the tests with peers that others wrote share; sourced after ktap.sh and tools/serve.sh.
# Our end is peers/ours.c, which tells what an exchange is.

here=$(dirname "${BASH_SOURCE[0]}")/peers
peers=$TLSRING_BUILD/tests/interop/peers
ours=$peers/ours
cert=$tmp/cert.pem key=$tmp/key.pem
verify=(-c "VerifyCAFile=$cert" -c VerifyMode=Peer)

where=user
kernel_tls && where=kernel
rekeys=no
"$tlsring" doctor --json | grep -A 1 '"name": "ktls.rekey"' | grep -q '"good"' && rekeys=yes
# TLSRING_INTEROP_SIZE: bytes each way, for those who have time. A kernel that cannot rekey is asked for less
# where a check is short, as another one of its kind is asked for all.
size=6000001
[ -z "${TLSRING_SHORT:-}" ] || [ $rekeys = yes ] || size=2000001
size=${TLSRING_INTEROP_SIZE:-$size}
every=$((size / 6))	# bytes after which a key is changed

# Where the kernel cannot rekey, a connection of TLS 1.3 that shall live long stays in user space.
where_long=user
[ $rekeys = yes ] && where_long=$where

certificate() { # FILE PREFIX: a key, and a certificate for localhost
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$1key.pem" -out "$1cert.pem" 2> /dev/null
}
certificate "$tmp/"

start_listening() { # NAME COMMAND...: sets $port, which stands in the log
	start "$@"
	await 60 listening || server_complain "$1 does not listen"
	port=$(sed -n 's/^port //p' "$log" | tail -n 1)
}

listening() {
	[ -s "$log.status" ] || grep -qs '^port ' "$log"
}

# Most servers take no port of the system's choice.
server_start_anywhere() { # COMMAND WORD..., with PORT among them
	local try
	for try in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 10000))
		start foreign "${@//PORT/$port}"
		await 60 server_accepts || server_complain "it does not listen"
		[ -s "$log.status" ] || return 0
	done
	server_complain "it does not start"
}

server_accepts() {
	[ -s "$log.status" ] || ss -Hltn "sport = :$port" | grep -q .
}

ours_start() { # NAME OPTION...
	local name=$1
	shift
	start_listening "$name" "$ours" serve -c "Certificate=$cert" -c "PrivateKey=$key" "$@"
}

ended_well() {
	await 30 test -s "$log.status" || server_complain "it does not end"
	[ "$(cat "$log.status")" = 0 ] || server_complain "it ended with status $(cat "$log.status")"
}

ours_stop() { # NAME
	log=$tmp/$1.log
	kill -TERM "$(cat "$log.pid")"
	ended_well
}

use() { # NAME of what was started: its $log and $port, and what it logs from here on is new
	log=$tmp/$1.log
	port=$(sed -n 's/^port //p' "$log" | tail -n 1)
	: > "$log"
	echo "port $port" >> "$log"
}

# Where the kernel can: both ends of the counters must have moved.
rekeyed_before() {
	[ $rekeys = yes ] || return 0
	tx_rekeys=$(counter TlsTxRekeyOk)
	rx_rekeys=$(counter TlsRxRekeyOk)
}

rekeyed_since() { # AT LEAST, each
	[ $rekeys = yes ] || return 0
	echo "rekeyed $(($(counter TlsTxRekeyOk) - tx_rekeys)) times sending," \
		"$(($(counter TlsRxRekeyOk) - rx_rekeys)) times receiving"
	[ $(($(counter TlsTxRekeyOk) - tx_rekeys)) -ge "$1" ] || fail "the sending key was not changed in the kernel"
	[ $(($(counter TlsRxRekeyOk) - rx_rekeys)) -ge "$1" ] || fail "the receiving key was not changed in the kernel"
}

# For clients that only pass on their input and what comes: $tmp/request, and is $tmp/answer right?
make_request() {
	[ -e "$tmp/data" ] || head -c "$size" /dev/urandom > "$tmp/data"
	{ echo "$size $size" && cat "$tmp/data"; } > "$tmp/request"
}

sha() {
	sha256sum < "$1" | cut -d' ' -f1
}

answered() {
	head -c "$size" "$tmp/answer" > "$tmp/body"
	equal "$(tail -c +$((size + 1)) "$tmp/answer")" "$(sha "$tmp/data") $(sha "$tmp/body")" hashes
}

nss_db() { # $db: NSS's own way of keeping a key and its certificate
	db=sql:$tmp/db
	[ ! -d "$tmp/db" ] || return 0
	mkdir "$tmp/db"
	openssl pkcs12 -export -inkey "$key" -in "$cert" -out "$tmp/store.p12" -passout pass:secret -name peer
	certutil -N -d "$db" --empty-password
	pk12util -i "$tmp/store.p12" -d "$db" -W secret > /dev/null
	certutil -M -d "$db" -n peer -t CTu,u,u
}
