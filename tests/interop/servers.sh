#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring get` against TLS servers that others wrote: every byte must come, over both versions, and
# what is wrong with a server must be said.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../ktap.sh"
. "$here/../tools/serve.sh"
. "$here/../tools/certs.sh"
. "$here/../tools/foreign.sh"

size=3000001
mkdir "$tmp/www" "$tmp/cwd"
head -c $size /dev/urandom > "$tmp/www/file"
head -c 1000 /dev/urandom > "$tmp/www/small"
want=$(sha256sum < "$tmp/www/file" | cut -d' ' -f1)
certs_make other DNS:elsewhere.example
certs_make expired IP:127.0.0.1 20200101000000Z 20210101000000Z
certs_make future IP:127.0.0.1 20480101000000Z 20490101000000Z
certs_make client email:client@example.org
openssl req -x509 -key "$certs/server.key" -out "$certs/selfsigned.pem" -subj /CN=x \
	-addext subjectAltName=IP:127.0.0.1 -days 30 2> /dev/null

free_ports() { # COUNT: all at once, so that they differ
	python3 -IS - "$1" <<-EOF
		import socket, sys
		socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
		print(*(s.getsockname()[1] for s in socks))
	EOF
}

listens() { # PORT
	(: > "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

try() { # OPTION...: what was said is in $tmp/said
	timeout 120 "$tlsring" get --ca "$certs/ca.pem" "$@" 2> "$tmp/said"
}

get() { # OPTION...
	try "$@" || fail "get: status $?: $(cat "$tmp/said")"
}

said() { # PATTERN
	grep -qE -- "$1" "$tmp/said" || { cat "$tmp/said"; fail "not said: $1"; }
}

get_fails() { # PATTERN OPTION...
	local pattern=$1 status=0
	shift
	try "$@" || status=$?
	# TLS failed, or the server answered with an error.
	[[ $status = [58] ]] || fail "status $status; $(cat "$tmp/said")"
	said "$pattern"
	[ ! -e file ] || fail "half a file looks whole"
}

fresh() { # COMMAND...: in an empty folder
	rm -rf "$tmp/cwd/it"
	mkdir "$tmp/cwd/it"
	cd "$tmp/cwd/it"
	"$@"
}

# ---- nginx: a server for each port ----

nginx_server() { # PORT CERTIFICATE DIRECTIVE...
	printf 'server {\n\tlisten 127.0.0.1:%s ssl;\n\tssl_certificate %s;\n\tssl_certificate_key %s;\n' \
		"$1" "$certs/$2.pem" "$certs/${2/selfsigned/server}.key"
	printf '\t%s;\n' "${@:3}"
	printf '}\n'
}

nginx_conf() {
	local protocols='ssl_protocols TLSv1.2 TLSv1.3'
	cat <<-EOF
		daemon off;
		master_process off;
		pid $tmp/nginx.pid;
		error_log $tmp/nginx.error;
		events { worker_connections 64; }
		http {
		access_log $tmp/nginx.access;
		client_body_temp_path $tmp/nginx; proxy_temp_path $tmp/nginx; fastcgi_temp_path $tmp/nginx;
		uwsgi_temp_path $tmp/nginx; scgi_temp_path $tmp/nginx;
		root $tmp/www;
		gzip on; gzip_types *; gzip_min_length 1;
		sendfile on;
	EOF
	nginx_server "$plain" server "$protocols" 'location /chunked { alias '"$tmp"'/www/file; ssi on; ssi_types *; ssi_min_file_chunk 1k }' |
		sed 's/ssi_min_file_chunk 1k };/ssi_min_file_chunk 1k; }/'
	nginx_server "$once" server "$protocols" 'keepalive_requests 1'
	nginx_server "$slow" server "$protocols" 'limit_rate 1m'
	nginx_server "$other" other "$protocols"
	nginx_server "$expired" expired "$protocols"
	nginx_server "$future" future "$protocols"
	nginx_server "$selfsigned" selfsigned "$protocols"
	nginx_server "$asks13" server 'ssl_protocols TLSv1.3' 'ssl_verify_client on' "ssl_client_certificate $certs/ca.pem"
	nginx_server "$asks12" server 'ssl_protocols TLSv1.2' 'ssl_verify_client on' "ssl_client_certificate $certs/ca.pem"
	nginx_server "$tls12" server 'ssl_protocols TLSv1.2' 'ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384'
	nginx_server "$chacha12" server 'ssl_protocols TLSv1.2' 'ssl_ciphers ECDHE-ECDSA-CHACHA20-POLY1305'
	nginx_server "$cbc" server 'ssl_protocols TLSv1.2' 'ssl_ciphers ECDHE-ECDSA-AES128-SHA'
	nginx_server "$small" server "$protocols" 'ssl_buffer_size 1k'
	echo '}'
}

nginx_up() {
	have nginx
	mkdir "$tmp/nginx"
	nginx_conf > "$tmp/nginx.conf"
	nginx -c "$tmp/nginx.conf" -p "$tmp" -t 2> "$tmp/nginx.test" || { cat "$tmp/nginx.test"; fail "its configuration"; }
	foreign_start nginx nginx -c "$tmp/nginx.conf" -p "$tmp"
	await 30 listens "$small" || { cat "$tmp/nginx.log" "$tmp/nginx.error"; fail "nginx does not start"; }
}

from() { # PORT OPTION...: the file, whole
	have nginx
	get --sha256 "$want" "${@:2}" "https://127.0.0.1:$1/file"
	equal "$(sha256sum < file | cut -d' ' -f1)" "$want" hash
}

version() { # PORT VERSION CIPHER
	from "$1" -v
	said "$2, $3"
}

several() {
	local list=() i
	for i in $(seq 20); do list+=("https://127.0.0.1:$1/small"); done
	equal "$(get -v -o - "${list[@]}" | sha256sum)" \
		"$(for i in $(seq 20); do cat "$tmp/www/small"; done | sha256sum)" hash
	equal "$(grep -c 'connected to' "$tmp/said")" "$2" connections
}

resumed() {
	several "$once" 20 2> /dev/null || true
	get -v -f "https://localhost:$once/small" "https://localhost:$once/file"
	equal "$(grep -c 'connected to' "$tmp/said")" 2 connections
	said 'connected to .*, resumed'
	cmp file "$tmp/www/file"
}

continued() {
	head -c 1000000 "$tmp/www/file" > file.part
	curl -sI --cacert "$certs/ca.pem" "https://127.0.0.1:$plain/file" | tr -d '\r' |
		sed -n 's/^ETag: //p' > file.part.version
	[ -s file.part.version ] || fail "no entity tag"
	from "$plain" --continue
	equal "$(cat "$tmp/said")" ""
	grep -q '"GET /file HTTP/1.1" 206 2000001' "$tmp/nginx.access" || fail "not continued"
}

chunked() {
	get "https://127.0.0.1:$plain/chunked"
	cmp chunked "$tmp/www/file"
}

client_certificate() { # PORT
	get_fails '400 Bad Request|certificate_required|handshake_failure' "https://127.0.0.1:$1/file"
	from "$1" --cert "$certs/client.pem" --key "$certs/client.key"
	rm file
	get_fails '400 Bad Request|unknown_ca|decrypt_error|bad_certificate' --cert "$certs/selfsigned.pem" \
		--key "$certs/server.key" "https://127.0.0.1:$1/file"
}

untrusted() { # PORT PATTERN
	have nginx
	get_fails "not trusted: $2" "https://127.0.0.1:$1/file"
	timeout 120 "$tlsring" get --insecure "https://127.0.0.1:$1/file"
	cmp file "$tmp/www/file"
}

# ---- openssl ----

s_server() { # OPTION...: sets $port
	port=$(free_ports 1)
	cd "$tmp/www"
	foreign_start s_server stdbuf -oL openssl s_server -accept "127.0.0.1:$port" -cert "$certs/server.pem" \
		-key "$certs/server.key" "$@"
	cd "$tmp/cwd/it"
	await 30 grep -q ACCEPT "$tmp/s_server.log"
}

openssl_www() { # OPTION...
	s_server -WWW "$@"
	get --sha256 "$want" "https://127.0.0.1:$port/file"
	kill "$foreign"
}

openssl_asks() { # OPTION...: it insists on a certificate
	s_server -WWW -Verify 1 -verify_return_error -CAfile "$certs/ca.pem" "$@"
	get_fails 'give --cert and --key|no cipher in common' "https://127.0.0.1:$port/file"
	get --sha256 "$want" --cert "$certs/client.pem" --key "$certs/client.key" "https://127.0.0.1:$port/file"
	kill "$foreign"
}

holds() { # BYTES: so much of the file is here
	[ "$(stat -c %s file.part 2> /dev/null)" = "$1" ]
}

# It is spoken to by hand: what is written to it goes to the client; a k or K alone changes its key.
by_hand() { # TEXT
	printf '%s\n' "$1" > "$tmp/s_server.in"
}

changes_key() { # LETTER COUNT
	by_hand "$1"
	await 30 changed_key "$2"
}

changed_key() { # COUNT: so many times it has
	[ "$(grep -c 'SSL_do_handshake -> 1' "$tmp/s_server.log")" -ge "$1" ]
}

key_updates() { # OPTION...
	local status=0 expected=0 i client letter
	s_server -tls1_3
	"$tlsring" get --ca "$certs/ca.pem" "$@" "https://127.0.0.1:$port/file" 2> "$tmp/said" &
	client=$!
	await 30 grep -q 'GET /file' "$tmp/s_server.log"
	by_hand $'HTTP/1.0 200 OK\r\nContent-Length: 42\r\n\r'
	for i in 1 2 3 4 5 6; do
		by_hand "line $i"
		expected=$((expected + 7))
		[ "$i" = 6 ] || await 30 holds $expected || break
		letter=k
		[ $((i % 2)) = 0 ] || letter=K
		[ "$i" = 6 ] || changes_key $letter "$i" || break
	done
	wait $client || status=$?
	kill "$foreign"
	if [ "$status" != 0 ] && [ "$1" != --offload ]; then
		said 'changed its key, .*--offload off' # kernels before 6.14 cannot follow
		return
	fi
	equal "$status" 0 "status; $(cat "$tmp/said")"
	equal "$(cat file)" "$(for i in 1 2 3 4 5 6; do echo "line $i"; done)"
}

truncating() { # it vanishes without close_notify
	local status=0 client
	s_server "$@"
	"$tlsring" get --ca "$certs/ca.pem" "https://127.0.0.1:$port/file" 2> "$tmp/said" &
	client=$!
	await 30 grep -q 'GET /file' "$tmp/s_server.log"
	by_hand $'HTTP/1.0 200 OK\r\n\r'
	by_hand 'the first half'
	await 30 holds 15
	kill -KILL "$foreign"
	wait $client || status=$?
	equal "$status" 4 "status; $(cat "$tmp/said")"
	said 'cut short after 15 bytes'
	holds 15
	[ ! -e file ] || fail "half a file looks whole"
}

# ---- the others ----

gnutls() { # PRIORITY
	have gnutls-serv
	port=$(free_ports 1)
	foreign_start gnutls gnutls-serv --http -p "$port" --x509certfile "$certs/server.pem" \
		--x509keyfile "$certs/server.key" --priority "$1"
	await 30 listens "$port"
	get -o page "https://localhost:$port/" || { cat "$tmp/said" "$tmp/gnutls.log"; fail "not fetched"; }
	grep -qi 'gnutls' page || { cat page; fail "this is not its page"; }
	grep -qi '</html>' page || fail "its end is missing"
	kill "$foreign"
}

python() { # it ends its connections without close_notify, but says how long its answers are
	port=$(free_ports 1)
	cat > "$tmp/server.py" <<-EOF
		import functools, http.server, ssl, sys
		handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[4])
		server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), handler)
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(sys.argv[2], sys.argv[3])
		server.socket = context.wrap_socket(server.socket, server_side=True)
		server.serve_forever()
	EOF
	foreign_start python python3 "$tmp/server.py" "$port" "$certs/server.pem" "$certs/server.key" "$tmp/www"
	await 30 listens "$port"
	get --sha256 "$want" "https://127.0.0.1:$port/file"
	rm file
	get_fails '404 File not found' -o absent "https://127.0.0.1:$port/absent"
	kill "$foreign"
}

read -r plain once slow other expired future selfsigned asks13 asks12 tls12 chacha12 cbc small < <(free_ports 13)
cd "$tmp/cwd" || exit 1
test_case nginx_up nginx_up
test_case nginx_tls13 fresh version "$plain" TLSv1.3 TLS_AES_256_GCM_SHA384
test_case nginx_tls12 fresh version "$tls12" TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384
test_case nginx_tls12_chacha fresh version "$chacha12" TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305
test_case nginx_tls12_cbc fresh version "$cbc" TLSv1.2 ECDHE-ECDSA-AES128-SHA
test_case nginx_small_records fresh from "$small"
test_case nginx_user_space fresh from "$plain" --offload off
test_case nginx_epoll fresh from "$plain" --io epoll
test_case nginx_keeps_alive fresh several "$plain" 1
test_case nginx_closes_each_time fresh several "$once" 20
test_case nginx_resumes fresh resumed
test_case nginx_slow fresh from "$slow" --timeout 3
test_case nginx_continued fresh continued
test_case nginx_chunked fresh chunked
test_case nginx_client_certificate_tls13 fresh client_certificate "$asks13"
test_case nginx_client_certificate_tls12 fresh client_certificate "$asks12"
test_case nginx_other_name fresh untrusted "$other" 'IP address mismatch; .*use the name'
test_case nginx_expired fresh untrusted "$expired" 'certificate has expired; the server needs'
test_case nginx_not_yet_valid fresh untrusted "$future" 'certificate is not yet valid; .*clock'
test_case nginx_self_signed fresh untrusted "$selfsigned" 'self-signed certificate; .*--ca FILE'
test_case openssl_tls13 fresh openssl_www -tls1_3
test_case openssl_tls12 fresh openssl_www -tls1_2
test_case openssl_chacha fresh openssl_www -ciphersuites TLS_CHACHA20_POLY1305_SHA256
test_case openssl_no_tickets fresh openssl_www -num_tickets 0
test_case openssl_many_tickets fresh openssl_www -num_tickets 20
test_case openssl_asks_for_a_certificate_tls13 fresh openssl_asks -tls1_3
test_case openssl_asks_for_a_certificate_tls12 fresh openssl_asks -tls1_2
test_case openssl_key_updates fresh key_updates --io auto
test_case openssl_key_updates_user_space fresh key_updates --offload off
test_case openssl_truncates_tls13 fresh truncating -tls1_3
test_case openssl_truncates_tls12 fresh truncating -tls1_2
test_case gnutls_tls13 fresh gnutls NORMAL:-VERS-ALL:+VERS-TLS1.3
test_case gnutls_tls12 fresh gnutls NORMAL:-VERS-ALL:+VERS-TLS1.2
test_case gnutls_chacha fresh gnutls NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305
test_case python fresh python
test_end
