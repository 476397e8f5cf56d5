#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whatever is wrong with what it was given, one line says what and what to do; status 1, or 2 for
# a wrong call.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir "$tmp/www" "$tmp/locked" "$tmp/ca"
echo public > "$tmp/www/public"
chmod 700 "$tmp/locked"
cd "$tmp" || exit 1

make_pair() { # NAME: NAME.key, NAME.crt
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" &&
		openssl req -x509 -new -key "$1.key" -subj /CN=localhost -days 90 -out "$1.crt"
}

make_expired() { # NAME.crt from the key of "good"
	printf '%s\n' '[ca]' 'default_ca=d' '[d]' database=ca/index serial=ca/serial new_certs_dir=ca \
		default_md=sha256 policy=p '[p]' commonName=supplied > ca/cnf
	: > ca/index
	echo 01 > ca/serial
	openssl req -new -key good.key -subj /CN=localhost -out ca/request
	openssl ca -batch -selfsign -config ca/cnf -in ca/request -keyfile good.key -notext \
		-startdate "$2" -enddate "$3" -out "$1.crt"
}

{
	make_pair good
	make_pair other
	make_expired expired 20200101000000Z 20210101000000Z
	make_expired future 20900101000000Z 20910101000000Z
	openssl ec -in good.key -aes128 -passout pass:secret -out encrypted.key
	echo nonsense > nonsense
} > "$tmp/openssl.log" 2>&1 || { cat "$tmp/openssl.log"; exit 1; }
chmod 600 ./*.key nonsense

as=()	# who runs it: a command and its options

# One line (and no more) that matches, and the status.
refuses() { # STATUS PATTERN OPTION...
	local status=0 wanted=$1 pattern=$2
	shift 2
	timeout 20 "${as[@]}" "$tlsring" serve "$@" > out 2>&1 || status=$?
	cat out
	equal "$status" "$wanted" "status of serve $*"
	grep -qE -- "$pattern" out || fail "no such line: $pattern"
	[ "$wanted" -eq 2 ] || equal "$(wc -l < out)" 1 "number of lines"
}

# It warns in one line, and serves.
warns() { # PATTERN OPTION...
	local pattern=$1
	shift
	server_start warned "$@" www
	equal "$(grep -c warning "$log")" 1 "number of warnings"
	grep -E "$pattern" "$log" || server_complain "no such line: $pattern"
	equal "$(fetch public)" public
	server_stop
}

folders() {
	refuses 1 'cannot serve absent: No such file or directory; give' absent
	refuses 1 'cannot serve good.crt: it is not a folder; give' good.crt
}

refuses_nobody() { # PATTERN OPTION...: somebody without rights
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become somebody else"
	# A copy, as somebody else may not come to the build folder.
	chmod 755 "$tmp"
	cp "$tlsring" "$tmp/tlsring"
	local tlsring=$tmp/tlsring as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	refuses 1 "$@"
}

unreadable_folder() {
	refuses_nobody 'cannot serve locked: Permission denied; give' -l 127.0.0.1:0 locked
}

privileged_port() {
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 443 ] || skip "port 443 is not privileged here"
	refuses_nobody 'cannot listen on 127.0.0.1:443: Permission denied; .*choose another' -l 127.0.0.1:443 www
}

certificates() {
	refuses 1 'the key other.key does not belong to the certificate good.crt: ' \
		-c good.crt -k other.key www
	refuses 1 'the key encrypted.key is encrypted: decrypt it with' -c good.crt -k encrypted.key www
	refuses 1 'cannot read the certificate absent.crt: No such file' -c absent.crt -k good.key www
	refuses 1 'cannot read the key absent.key: No such file' -c good.crt -k absent.key www
	refuses 1 'cannot use the certificate nonsense: .*PEM' -c nonsense -k good.key www
	refuses 1 'cannot use the key nonsense: .*PEM' -c good.crt -k nonsense www
	refuses 1 'cannot read the certificate ca: Is a directory' -c ca -k good.key www
}

given_certificate() {
	server_start given -c good.crt -k good.key www
	equal "$(curl -sS --cacert good.crt --resolve "localhost:$port:127.0.0.1" --max-time 30 \
		"https://localhost:$port/public")" public
	! grep -qE 'warning|self-signed' "$log" || server_complain "there is nothing to warn of"
	server_stop
}

warnings() {
	warns 'the certificate expired.crt expired on 2021-01-01: ' -c expired.crt -k good.key
	warns 'the certificate future.crt is not valid before 2090-01-01: ' -c future.crt -k good.key
	chmod 644 good.key
	warns 'others may read the key good.key: chmod o-rw good.key' -c good.crt -k good.key
	chmod 600 good.key
}

port_in_use() { # also with SO_REUSEPORT, which several threads need
	server_start first --threads 2 www
	local taken="cannot listen on 127.0.0.1:$port: Address already in use; choose"
	refuses 1 "$taken" --threads 1 -l "127.0.0.1:$port" www
	refuses 1 "$taken" --threads 2 -l "127.0.0.1:$port" www
	refuses 1 "port with --metrics, or" --metrics "127.0.0.1:$port" -l 127.0.0.1:0 www
	refuses 1 "port with --http, or" --http "127.0.0.1:$port" -l 127.0.0.1:0 www
	server_stop
}

addresses() {
	refuses 1 'cannot listen on 192.0.2.1:0: Cannot assign requested address; ' -l 192.0.2.1:0 www
	refuses 2 '--listen nowhere: write ADDR:PORT' -l nowhere www
	refuses 2 '--listen ::1:0: write ADDR:PORT, \[V6ADDR\]' -l ::1:0 www
	refuses 2 '--listen :99999: write' -l :99999 www
	refuses 2 '--listen :: write ADDR:PORT' -l : www
	refuses 2 '--metrics nowhere: write ADDR:PORT' --metrics nowhere www
}

usage() {
	refuses 2 'serve --help' --no-such-option
	refuses 2 '--threads 0: give a number' --threads 0
	refuses 2 '--threads many: give a number' --threads many
	refuses 2 '--offload maybe: give auto, off, require or fastest' --offload maybe
	refuses 2 '--io disk: give auto, uring or epoll' --io disk
	refuses 2 '--cert and --key belong together' -c good.crt
	refuses 2 'other: only one folder' www other
	equal "$("$tlsring" 2>&1 > /dev/null | head -n 1)" "usage: tlsring COMMAND [OPTION]..."
	local status=0
	"$tlsring" nonsense 2> out || status=$?
	equal "$status" 2
	grep -q 'there is no command nonsense' out
	"$tlsring" serve --help | grep -q -- --listen
	"$tlsring" --version | grep -qE '^tlsring [0-9]+\.[0-9]+\.[0-9]+$'
}

offload_required() {
	if kernel_tls; then
		server_start required --offload require www
		equal "$(fetch public)" public
		server_stop
		return
	fi
	refuses 1 'kernel TLS' --offload require -l 127.0.0.1:0 www
}

several_addresses() {
	server_start several -l 127.0.0.2:0 www
	local second
	second=$(sed -n 's/.*listening on 127.0.0.2:\([0-9]*\):.*/\1/p' "$log")
	equal "$(fetch public)" public
	equal "$(curl -sSk --max-time 30 "https://127.0.0.2:$second/public")" public
	server_stop
}

# The server that does not start is the same on any kernel.
for name in $(in_full folders unreadable_folder privileged_port certificates) given_certificate \
	$(in_full warnings port_in_use addresses usage) offload_required several_addresses; do
	test_case $name $name
done
test_end
