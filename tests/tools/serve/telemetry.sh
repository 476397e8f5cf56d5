#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The access log and the metrics of `tlsring serve`, over HTTP/1.1 and HTTP/2.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317,SC2034
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
raw=$(dirname "$0")/raw.py

mkdir -p "$tmp/www"
head -c 100000 /dev/urandom > "$tmp/www/file.bin"
truncate -s 400M "$tmp/www/large.bin"
server_start serve --access-log "$tmp/access" --log-format json --metrics 127.0.0.1:0 --threads 2 \
	--max-requests 3 "$tmp/www" || exit 1
metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")

lines() { # FILE COUNT: it has so many, or more
	[ "$(wc -l < "$1")" -ge "$2" ]
}

expect_lines() { # FILE COUNT
	await 20 lines "$1" "$2" || fail "$1 has $(wc -l < "$1") lines, not $2"
}

field() { # NAME...: of the last line, a line each
	tail -n 1 "$tmp/access" |
		python3 -IS -c 'import json,sys; line = json.loads(sys.stdin.readline()); [print(line.get(x)) for x in sys.argv[1:]]' "$@"
}

value() { # METRIC WITH LABELS
	curl -sS "$metrics" | value_of "$1"
}

value_of() { # METRIC WITH LABELS: of the text that is read
	awk -v name="$1" '$1 == name { print $2 }'
}

is() { # VALUE METRIC
	[ "$(value "$2")" = "$1" ]
}

expect_value() { # VALUE METRIC
	await 20 is "$1" "$2" || fail "$2 is $(value "$2"), not $1"
}

path_is() {
	if kernel_tls; then echo kernel; else echo user; fi
}

one_exchange() { # PROTOCOL CURL'S NAME OF IT
	local before fields
	before=$(wc -l < "$tmp/access")
	http=$2 fetch 'file.bin?a=b' -A 'an "agent"' -e 'https://example.org/' | cmp - "$tmp/www/file.bin"
	expect_lines "$tmp/access" $((before + 1))
	mapfile -t fields < <(field method target protocol status bytes complete peer host tls resumed tx user_agent referer \
		duration_us)
	equal "${fields[*]:0:4}" "GET /file.bin?a=b $1 200"
	equal "${fields[*]:4:4}" "100000 True 127.0.0.1 127.0.0.1:$port"
	equal "${fields[*]:8:3}" "TLSv1.3 False $(path_is)"
	equal "${fields[*]:11:2}" 'an "agent" https://example.org/'
	[ "${fields[13]}" -gt 0 ]
}

http1() { one_exchange HTTP/1.1 --http1.1; }
http2() { one_exchange HTTP/2.0 --http2; }

refused() {
	local before
	before=$(wc -l < "$tmp/access")
	printf 'NO SUCH THING\r\n\r\n' | timeout 30 python3 -IS "$raw" "$port" tls read > /dev/null
	expect_lines "$tmp/access" $((before + 1))
	equal "$(field status complete)" $'400\nTrue'
}

# A client that leaves: the line says how far it came.
left() {
	local before fields sent
	before=$(wc -l < "$tmp/access")
	fetch large.bin --max-filesize 500M 2> /dev/null | head -c 20000000 > /dev/null || true
	expect_lines "$tmp/access" $((before + 1))
	mapfile -t fields < <(field complete bytes)
	equal "${fields[0]}" False
	sent=${fields[1]}
	[ "$sent" -lt 400000000 ] && [ "$sent" -gt 1000000 ] || fail "$sent bytes are said to be sent"
}

rotated() {
	local before
	before=$(wc -l < "$tmp/access")
	fetch file.bin -o /dev/null
	expect_lines "$tmp/access" $((before + 1))
	mv "$tmp/access" "$tmp/access.1"
	kill -USR1 "$server"
	await 20 test -e "$tmp/access" || fail "no new log"
	fetch file.bin -o /dev/null
	expect_lines "$tmp/access" 1
	fetch absent -o /dev/null
	expect_lines "$tmp/access" 2
	equal "$(field status)" 404
}

known() { # METRIC WITH LABELS: of $all
	value_of "$1" <<< "$all"
}

counted() {
	local all
	expect_value 0 tlsring_connections_open
	all=$(curl -sS "$metrics")
	equal "$(known 'tlsring_requests_total{protocol="HTTP/1.1",status="4xx"}')" 2
	equal "$(known 'tlsring_requests_total{protocol="HTTP/1.1",status="2xx"}')" 4
	equal "$(known 'tlsring_requests_total{protocol="HTTP/2",status="2xx"}')" 1
	equal "$(known 'tlsring_request_duration_seconds_count')" 7
	equal "$(known 'tlsring_request_duration_seconds_bucket{le="+Inf"}')" 7
	equal "$(known 'tlsring_connections_accepted_total')" 7
	equal "$(known 'tlsring_handshakes_total{version="TLSv1.3",kind="full"}')" 7
	equal "$(known "tlsring_connections_sealed{direction=\"tx\",path=\"$(path_is)\"}")" 0
	equal "$(known tlsring_access_log_lost_total)" 0
	equal "$(known 'tlsring_limit_hits_total{limit="requests"}')" 0
	[ "$(known "tlsring_content_bytes_total{path=\"$(path_is)\"}")" -gt 1500000 ]
	[ "$(known 'tlsring_certificate_expiry_seconds{certificate="(self-signed)"}')" -gt 86400 ]
}

# What the kernel counts, under the names that node_exporter gives to it.
kernel_counters() {
	kernel_tls || skip "this kernel has no TLS"
	equal "$(value node_ktls_tls_tx_sw_total)" "$(counter TlsTxSw)"
	equal "$(value node_ktls_tls_curr_tx_sw)" "$(counter TlsCurrTxSw)"
}

resumed() {
	local before
	before=$(value 'tlsring_handshakes_total{version="TLSv1.2",kind="resumed"}')
	openssl s_client -connect "127.0.0.1:$port" -tls1_2 -sess_out "$tmp/session" < /dev/null > /dev/null 2>&1
	openssl s_client -connect "127.0.0.1:$port" -tls1_2 -sess_in "$tmp/session" < /dev/null > /dev/null 2>&1
	expect_value $((before + 1)) 'tlsring_handshakes_total{version="TLSv1.2",kind="resumed"}'
}

handshake_failures() {
	openssl s_client -connect "127.0.0.1:$port" -tls1_2 -cipher AES128-SHA < /dev/null > /dev/null 2>&1 || true
	expect_value 1 'tlsring_handshake_failures_total{reason="alert_sent"}'
	printf '' | timeout 30 python3 -IS "$raw" "$port" tcp fin > /dev/null 2>&1 || true
	expect_value 1 'tlsring_handshake_failures_total{reason="peer_left"}'
}

requests_of_a_connection() {
	local many=()
	for _ in 1 2 3 4 5; do many+=(-o /dev/null "https://127.0.0.1:$port/file.bin"); done
	curl -sSk --http1.1 --max-time 60 -w '%{num_connects}\n' "${many[@]}" | paste -sd+ | grep -qx 1+0+0+1+0
	expect_value 1 'tlsring_limit_hits_total{limit="requests"}'
	curl -sSk --http2 --max-time 60 "${many[@]}"
	expect_value 2 'tlsring_limit_hits_total{limit="requests"}'
}

# Every family has its HELP and TYPE before its first value, once, and no value comes twice.
form() {
	curl -sS "$metrics" > "$tmp/metrics"
	python3 -IS - "$tmp/metrics" <<-'EOF'
		import re, sys
		families, seen = {}, set()
		for line in open(sys.argv[1]):
		    words = line.split()
		    if line.startswith('# TYPE '):
		        assert words[2] not in families, line
		        families[words[2]] = words[3]
		    elif not line.startswith('#'):
		        name, value = line.rsplit(' ', 1)
		        assert name not in seen, line
		        seen.add(name)
		        float(value)
		        bare = re.match(r'[a-z_0-9]+', name).group()
		        base = re.sub(r'_(bucket|sum|count)$', '', bare)
		        kind = families.get(bare) or families[base]
		        assert (kind == 'counter') == bare.endswith('_total'), line
	EOF
	if command -v promtool > /dev/null; then promtool check metrics < "$tmp/metrics"; fi
	curl -sS "${metrics%metrics}" | grep -q '<h1>tlsring'
	equal "$(curl -sS -o /dev/null -w '%{http_code}' "${metrics}x")" 404
}

stopped_cleanly() {
	local before
	before=$(wc -l < "$tmp/access")
	fetch file.bin -o /dev/null
	server_stop
	equal "$(wc -l < "$tmp/access")" $((before + 1)) "lines after the end"
	equal "$(cat "$tmp/access" "$tmp/access.1" | python3 -IS -c 'import json,sys; print(len([json.loads(l) for l in sys.stdin]))')" \
		"$(cat "$tmp/access" "$tmp/access.1" | wc -l)"
}

sent() { # STRATEGY
	value "tlsring_sent_bytes_total{strategy=\"$1\"}"
}

sent_all() {
	curl -sS "$metrics" | awk '/^tlsring_sent_bytes_total/ { sum += $2 } END { printf "%d\n", sum }'
}

sent_since() { # STRATEGY BEFORE BYTES: so many more, at least
	[ $(($(sent "$1") - $2)) -ge "$3" ]
}

sent_so() { # STRATEGY FILE: most of it, but for its ends and what HTTP/2 adds, and no byte is counted twice
	local before all size
	before=$(sent "$1") all=$(sent_all) size=$(stat -c %s "$tmp/www/$2")
	fetch "$2" | cmp - "$tmp/www/$2"
	# The client may have it before the server has counted it.
	await 10 sent_since "$1" "$before" $((size - size / 8)) || fail "$2: $(($(sent "$1") - before)) bytes by $1"
	all=$(($(sent_all) - all))
	[ $all -ge "$size" ] && [ $all -le $((size + size / 1000 + 20000)) ] || fail "$2: $all bytes in all"
}

sent_again() { # FILE: soon after it was sent, whenever this machine lets us be soon
	local before
	before=$(sent mapping)
	until [ $(($(sent mapping) - before)) -ge $(($(stat -c %s "$tmp/www/$1") / 8 * 7)) ]; do
		fetch "$1" "https://127.0.0.1:$port/$1" | cmp - <(cat "$tmp/www/$1" "$tmp/www/$1")
	done
}

in_kernel() {
	kernel_tls || skip "this kernel has no TLS"
	truncate -s 60000 "$tmp/www/small.bin"
	truncate -s 600000 "$tmp/www/middle.bin"
	sent_so buffer small.bin
	sent_so sendfile middle.bin
	sent_so sendfile huge.bin
	sent_again middle.bin
	http=--http2 sent_so mapping huge.bin
	equal "$(sent user_records)" 0
	equal "$(sent sendfile_zerocopy)" 0
}

in_user_space() {
	sent_so user_records file.bin
	http=--http2 sent_so user_records huge.bin
	equal "$(($(sent_all) - $(sent user_records)))" 0
}

strategies() { # CASE OPTION...
	truncate -s 20M "$tmp/www/huge.bin"
	server_start "$1" --metrics 127.0.0.1:0 --threads 2 "${@:2}" "$tmp/www"
	metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")
	"$1"
	curl -sS "${metrics%metrics}" | grep -q 'Bytes by how they were sent'
	server_stop
}

strategies_user() {
	strategies in_user_space --offload off
}

combined() {
	server_start combined --access-log "$tmp/combined" "$tmp/www"
	fetch file.bin -o /dev/null -A agent
	expect_lines "$tmp/combined" 1
	grep -qE '^127\.0\.0\.1 - - \[[^]]+\] "GET /file\.bin HTTP/1\.1" 200 100000 "-" "agent"$' "$tmp/combined"
	server_stop
}

bad_options() {
	"$tlsring" serve --log-format xml "$tmp/www" 2>&1 | grep -q 'give common, combined or json'
	"$tlsring" serve --listen 127.0.0.1:0 --access-log /nowhere/log "$tmp/www" 2>&1 | grep -q 'cannot open the access log'
	"$tlsring" serve --listen 127.0.0.1:0 --metrics nonsense "$tmp/www" 2>&1 | grep -q 'ADDR:PORT'
	"$tlsring" serve --max-connections 0 "$tmp/www" 2>&1 | grep -q 'give a number'
}

test_case http1 http1
test_case http2 http2
test_case refused refused
test_case left left
test_case rotated rotated
test_case counted counted
test_case kernel_counters kernel_counters
test_case resumed resumed
test_case handshake_failures handshake_failures
test_case requests_of_a_connection requests_of_a_connection
test_case form form
test_case stopped_cleanly stopped_cleanly
test_case strategies_kernel strategies in_kernel --handover at-once
for name in $(in_full strategies_user); do
	test_case $name $name
done
test_case combined combined
test_case bad_options bad_options
test_end
