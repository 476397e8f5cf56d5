#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Several hosts: who gets which certificate, which folder, which demands; resumption; client certificates;
# the plain listener that redirects.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

cd "$tmp" || exit 1
mkdir one two three
echo one > one/index.html
echo two > two/index.html
echo three > three/index.html

pair() { # FILE ALGORITHM NAME...
	local file=$1 kind=$2 names
	shift 2
	names=$(printf ',DNS:%s' "$@")
	# shellcheck disable=SC2086
	openssl req -x509 -newkey $kind -nodes -keyout "$file.key" -out "$file.crt" -days 90 \
		-subj "/CN=$file" -addext "subjectAltName=${names#,}" 2> /dev/null
	chmod 600 "$file.key"
}

ec="ec -pkeyopt ec_paramgen_curve:P-256"
pair one "$ec" one.test
pair rsa rsa:2048 one.test
pair two "$ec" two.test '*.two.test'
pair three "$ec" three.test
pair staff "$ec" staff
pair stranger "$ec" stranger
head -c 48 /dev/urandom > ticket

cat > conf <<EOF
[server]
listen = 127.0.0.1:0
http = 127.0.0.1:0
ticket-keys = ticket
offload = ${TLSRING_USER_SPACE:-auto}
[host one.test]
dir = one
cert = one.crt
key = one.key
cert = rsa.crt
key = rsa.key
[host two.test]
name = *.two.test
dir = two
cert = two.crt
key = two.key
tls-min = 1.3
groups = P-384
[host three.test]
dir = three
cert = three.crt
key = three.key
client-ca = staff.crt
EOF

serve_file() { # NAME: the server of a file, with the port that it found
	"$tlsring" serve --config "$1" --check 2> checked || { cat checked; return 1; }
	server_start "$1" --config "$1"
}

get() { # NAME PATH [CURL OPTION...]
	local name=$1 path=$2
	shift 2
	curl -sS -k --max-time 60 --resolve "$name:$port:127.0.0.1" "$@" "https://$name:$port$path"
}

status() { # NAME HOST [CURL OPTION...]
	local name=$1 host=$2
	shift 2
	get "$name" / -o /dev/null -w '%{http_code}' -H "Host: $host" "$@"
}

handshake() { # NAME [S_CLIENT OPTION...]
	local name=$1
	shift
	timeout 60 openssl s_client -connect "127.0.0.1:$port" -servername "$name" "$@" < /dev/null 2>&1
}

subject() {
	handshake "$@" | sed -n 's/^subject=CN *= *//p'
}

names_choose() {
	equal "$(get one.test /)" one
	equal "$(get two.test /)" two
	equal "$(get a.two.test /)" two
	equal "$(get b.a.two.test / --http1.1)" two
	equal "$(get TWO.test /)" two
	equal "$(get other.test /)" one "what an unknown name is answered with"
	equal "$(fetch '')" one "what no name is answered with"
	equal "$(get two.test / --http1.0 -H 'Host:')" two "what no Host is answered with"
}

certificates_choose() {
	equal "$(subject one.test)" one
	equal "$(subject two.test)" two
	equal "$(subject x.two.test)" two
	equal "$(subject other.test)" one
	equal "$(subject one.test -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)" rsa
	equal "$(subject one.test -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)" one
}

other_host_is_misdirected() {
	local version
	for version in --http1.1 --http2; do
		equal "$(status one.test one.test "$version")" 200
		equal "$(status one.test two.test "$version")" 421
		equal "$(status two.test one.test "$version")" 421
		equal "$(status two.test a.two.test "$version")" 200
		equal "$(status one.test three.test "$version")" 421 "past the client certificate"
		equal "$(status one.test "one.test:$port" "$version")" 200
	done
}

demands_differ() {
	equal "$(get one.test / --tls-max 1.2)" one
	! get two.test / --tls-max 1.2 2> /dev/null || fail "an old version is taken"
	handshake two.test -groups P-384 | grep -q 'Cipher is TLS_AES'
	! handshake two.test -groups X25519 | grep -q 'Cipher is TLS_AES' || fail "another group is taken"
	handshake one.test -groups X25519 | grep -q 'Cipher is TLS_AES'
}

# Those of finite fields, which cost the server much and the client nothing.
groups_by_default() {
	local group groups="X25519 P-256 P-384"
	[[ "$(openssl version)" < "OpenSSL 3.5" ]] || groups+=" X25519MLKEM768"
	for group in $groups; do
		handshake one.test -groups "$group" | grep -q 'Cipher is TLS_AES' || fail "$group is refused"
	done
	for group in ffdhe2048 ffdhe3072 ffdhe8192; do
		! handshake one.test -groups "$group" | grep -q 'Cipher is TLS_AES' || fail "$group is taken"
	done
}

groups_of_openssl_cnf() {
	printf '%s\n' 'openssl_conf = o' '[o]' 'ssl_conf = s' '[s]' 'system_default = d' '[d]' \
		'Groups = ffdhe2048:P-384' > openssl.cnf
	OPENSSL_CONF=$PWD/openssl.cnf serve_file conf
	handshake one.test -groups ffdhe2048 | grep -q 'Cipher is TLS_AES' || fail "ffdhe2048 is refused"
	! handshake one.test -groups P-256 | grep -q 'Cipher is TLS_AES' || fail "P-256 is taken"
	server_stop
}

clients_are_known() {
	local version
	for version in 1.2 1.3; do
		! get three.test / --tls-max "$version" 2> /dev/null || fail "one without certificate is served"
		! get three.test / --tls-max "$version" --cert stranger.crt --key stranger.key 2> /dev/null ||
			fail "a stranger is served"
		equal "$(get three.test / --tls-max "$version" --cert staff.crt --key staff.key)" three
	done
}

# A session of a host is none for another, whatever the ticket key.
sessions_stay_at_their_host() {
	local version
	# Open for writing, so that it is the server's end that ends the client.
	mkfifo request
	exec 7<> request
	for version in -tls1_2 -tls1_3; do
		printf 'GET / HTTP/1.0\r\nHost: one.test\r\n\r\n' >&7
		timeout 60 openssl s_client -connect "127.0.0.1:$port" -servername one.test "$version" \
			-sess_out "session$version" <&7 > /dev/null 2>&1 || true
		handshake one.test "$version" -sess_in "session$version" | grep -q '^Reused' || fail "not resumed"
		! handshake three.test "$version" -sess_in "session$version" | grep -q '^Reused' ||
			fail "resumed by another host"
	done
}

redirects() {
	local plain
	plain=$(sed -n 's|.*redirecting http://127.0.0.1:\([0-9]*\)/.*|\1|p' "$log")
	equal "$(curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' "http://127.0.0.1:$plain/a%20b?c=d")" \
		"301 https://127.0.0.1:$port/a%20b?c=d"
	equal "$(curl -sS -o /dev/null -w '%{http_code}' -d x "http://127.0.0.1:$plain/")" 308
	equal "$(curl -sS -L -k --resolve "two.test:$plain:127.0.0.1" --resolve "two.test:$port:127.0.0.1" \
		"http://two.test:$plain/")" two
}

serve_file conf
for name in names_choose certificates_choose other_host_is_misdirected demands_differ groups_by_default \
	clients_are_known sessions_stay_at_their_host redirects; do
	test_case $name $name
done
test_case ends_cleanly server_stop
test_case groups_of_openssl_cnf groups_of_openssl_cnf
test_end
