#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# HTTP/2 with clients that others wrote: what HTTP/1.1 answers, whole files, many at a time, small
# windows, files that change, ends.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

raw=$(dirname "$0")/http2_raw.py
http=--http2
sizes="0 1 1000 16383 16384 16385 65536 1048577"
mkdir -p "$tmp/www/folder" "$tmp/got"
for size in $sizes; do
	head -c "$size" /dev/urandom > "$tmp/www/$size"
done
# shellcheck disable=SC2086
(cd "$tmp/www" && sha256sum $sizes > "$tmp/hashes")
echo 0123456789 > "$tmp/www/small"
echo index > "$tmp/www/index.html"
head -c 8000000 /dev/urandom > "$tmp/www/large"
server_start serve "$tmp/www" || exit 1

hash_of() { # FILE
	sha256sum < "$1"
}

# Both versions say the same, but for the names' case and the date.
head_of() { # VERSION OPTION...
	local version=$1 path=$2
	shift 2
	http=$version fetch "$path" -i "$@" | tr -d '\r' | sed '1s/^HTTP[^ ]* \([0-9]*\).*/\1/; /^[Dd]ate:/d' |
		sed 's/^[A-Za-z-]*:/\L&/' | tr -d '\0'
}

as_http1() {
	local path
	for path in "small" "small -I" "small -r 2-5" "small -r 90-" nothing folder folder/ "?root" 0 .hidden "%00" \
		"small -X DELETE" "small -X NONSENSE" "small -d body" "small -H If-None-Match:*" \
		"small -H If-Match:x" "small -r 0-1 -H If-Range:x" \
		"small -H If-None-Match:x -H If-None-Match:*" "small -H If-Match:* -H If-Match:x"; do
		# shellcheck disable=SC2086
		equal "$(head_of --http2 $path)" "$(head_of --http1.1 $path)" "the answer to $path"
	done
	equal "$(fetch small -o /dev/null -w '%{http_version}')" 2 version
}

# By one client, as starting one costs an emulated machine more than a transfer does; for each name it makes a
# connection of its own.
transfers() { # CURL OPTION...
	local size list=()
	for size in $sizes; do
		list+=(-o "$tmp/got/$size" "https://of-$size.example:$port/$size")
	done
	rm -f "$tmp/got"/*
	curl -sSk "$http" --max-time 300 --resolve "*:$port:127.0.0.1" "$@" "${list[@]}"
	(cd "$tmp/got" && sha256sum --quiet --check ../hashes) || fail "what came differs"
}

transfers_with() { # NAME SERVER OPTION...
	server_start "$@" "$tmp/www" || exit 1
	transfers
	transfers --tls-max 1.2
	parallel 10
	server_stop
}

user_space() {
	transfers_with off --offload off
}

in_kernel() {
	kernel_tls || skip "no kernel TLS here"
	local tx rx bad
	tx=$(counter TlsTxSw) rx=$(counter TlsRxSw) bad=$(counter TlsDecryptError)
	transfers
	fetch large -o "$tmp/one"
	equal "$(hash_of "$tmp/one")" "$(hash_of "$tmp/www/large")" "hash of a large file"
	equal "$(($(counter TlsTxSw) - tx))" 9 "TlsTxSw"
	equal "$(($(counter TlsRxSw) - rx))" 9 "TlsRxSw"
	equal "$(($(counter TlsDecryptError) - bad))" 0 "TlsDecryptError"
}

# A large file's frames are padded for the kernel's cipher, and nobody else's.
padding() {
	local padded
	have nghttp
	padded=$(nghttp -nv -w 24 -W 24 "https://127.0.0.1:$port/large" | grep -c '; PADDED') || :
	if kernel_tls; then
		[ "$padded" -gt 100 ] || fail "$padded frames are padded"
	else
		equal "$padded" 0 "padded frames"
	fi
}

parallel() { # FILES: at once, over one connection
	local i urls=()
	mkdir "$tmp/many"
	for ((i = 0; i < $1; i++)); do
		urls+=("https://127.0.0.1:$port/1048577" -o "large-$i" "https://127.0.0.1:$port/16385" -o "less-$i")
	done
	curl -sSk --http2 -Z --parallel-max 50 --max-time 200 --output-dir "$tmp/many" -w '%{num_connects}\n' \
		"${urls[@]}" > "$tmp/connects" 2> "$tmp/progress" || fail "$(cat "$tmp/progress")"
	for ((i = 0; i < $1; i++)); do
		cmp "$tmp/many/large-$i" "$tmp/www/1048577"
		cmp "$tmp/many/less-$i" "$tmp/www/16385"
	done
	rm -r "$tmp/many"
	echo "$(awk '{ n += $1 } END { print n }' "$tmp/connects") connections for $((2 * $1)) files"
}

with_nghttp() { # OPTION...
	have nghttp
	equal "$(nghttp "$@" "https://127.0.0.1:$port/65536" 2> /dev/null | sha256sum)" "$(hash_of "$tmp/www/65536")" hash
}

with_h2load() { # PATH REQUESTS OPTION...
	have h2load
	local path=$1 count=$2
	shift 2
	h2load -n "$count" "$@" "https://127.0.0.1:$port/$path" > "$tmp/h2load"
	grep -q " $count succeeded, 0 failed, 0 errored" "$tmp/h2load" || fail "$(cat "$tmp/h2load")"
	grep -q "status codes: $count 2xx" "$tmp/h2load" || fail "$(cat "$tmp/h2load")"
}

raw() { # CASE [PATH]
	timeout 200 python3 -IS "$raw" "$port" "$@"
}

# Malformed requests cost their stream; what we refuse ourselves has an answer.
strict() {
	equal "$(raw no_path,upper_case,connection,late_pseudo,no_scheme,path_twice,unknown_pseudo < /dev/null |
		uniq -c | tr -d ' ')" "7reset=1"
	equal "$(raw twice,other_host,large,many,good,same_host < /dev/null | grep -v data | tr '\n' ' ')" \
		"status=400 status=400 status=431 status=431 status=200 status=200 "
	equal "$(raw no_host < /dev/null)" reset=1
	equal "$(raw priority_of_none < /dev/null | tr '\n' ' ')" "goaway=1 closed "
}

# Who says nothing is served in order, who says what is urgent gets that first, and who can use pieces of
# each gets them in turn.
priorities() {
	equal "$(raw in_order /large < /dev/null | grep data | tr '\n' ' ')" "data=8000000 data=1048577 "
	equal "$(raw urgent /large < /dev/null | grep data | tr '\n' ' ')" "data=1048577 data=8000000 "
	equal "$(raw incremental /large < /dev/null | grep data | tr '\n' ' ')" "data=1048577 data=8000000 "
}

# A body is passed over, up to a limit: then the stream ends, and its answer counts.
body_is_passed_over() {
	equal "$(raw post < /dev/null | tr '\n' ' ')" "status=405 data=23 status=200 data=11 "
	equal "$(raw long_post < /dev/null | tr '\n' ' ')" "status=405 data=23 reset=0 status=200 data=11 "
	equal "$(fetch small -T "$tmp/www/1048577" -w '%{http_code}' -o /dev/null)" 405
}

client_resets_a_stream() {
	equal "$(raw reset_mid_file /large < /dev/null | tr '\n' ' ')" "status=200 status=200 data=11 "
}

# The rest of the file is gone before its frames are made: the stream ends, the connection does not.
shrinks() {
	local client
	cp "$tmp/www/large" "$tmp/www/shrinks"
	mkfifo "$tmp/go"
	raw shrinks /shrinks < "$tmp/go" > "$tmp/said" &
	client=$!
	exec 8> "$tmp/go"
	await 60 grep -q waits "$tmp/said" || fail "nothing came"
	truncate -s 30000 "$tmp/www/shrinks"
	echo >&8
	wait "$client"
	exec 8>&-
	equal "$(tr '\n' ' ' < "$tmp/said")" "status=200 waits reset=2 status=200 data=11 "
	expect_log "stream cut: /shrinks became shorter while it was sent"
}

# A client that vanishes inside a file leaves nothing open.
client_vanishes() {
	fetch_beside large --limit-rate 100k
	await 60 under_way || fail "the file is not sent"
	kill -KILL "$puller"
	await 60 at_rest || fail "the file stays open"
}

under_way() {
	find "/proc/$server/fd" -lname "*/large" 2> /dev/null | grep -q .
}

at_rest() {
	! under_way
}

# All streams open, none may send: they hold files, and give them back.
client_takes_nothing() {
	mkfifo "$tmp/stay"
	raw stuck /large < "$tmp/stay" > "$tmp/stuck" &
	exec 8> "$tmp/stay"
	await 60 under_way || fail "the files are not opened"
	fetch 16385 -o "$tmp/one"
	cmp "$tmp/one" "$tmp/www/16385"
	exec 8>&-
	wait "$!"
	await 60 at_rest || fail "the file stays open"
}

# A stop sends GOAWAY, and an answer under way arrives whole.
stop_is_graceful() {
	local client
	server_start stops "$tmp/www" || exit 1
	mkfifo "$tmp/idle"
	raw hold /small < "$tmp/idle" > "$tmp/held" &
	client=$!
	exec 8> "$tmp/idle"
	await 60 grep -q data= "$tmp/held"
	curl -sSk --http2 --limit-rate 4M -o "$tmp/one" "https://127.0.0.1:$port/large" &
	puller=$!
	await 60 under_way || fail "the file is not sent"
	kill -TERM "$server"
	wait "$puller" || fail "curl ended with $?"
	cmp "$tmp/one" "$tmp/www/large"
	exec 8>&-
	wait "$client"
	# The notice, then the number of the last stream.
	equal "$(tr '\n' ' ' < "$tmp/held")" "status=200 data=11 goaway=0 goaway=0 closed "
	await 30 test -s "$log.status" || fail "the server does not stop"
	equal "$(cat "$log.status")" 0 "the server's status"
}

# No kernel changes what is answered.
for name in $(in_full as_http1 transfers user_space); do
	test_case $name $name
done
test_case in_kernel in_kernel
test_case epoll transfers_with epoll --io epoll
test_case padding padding
test_case parallel parallel 20
test_case nghttp with_nghttp
test_case nghttp_window_of_63_bytes with_nghttp -w 6
test_case nghttp_connection_window with_nghttp -w 10 -W 16
test_case nghttp_padding with_nghttp -b 200
test_case nghttp_no_dependencies with_nghttp --no-dep
test_case h2load_small with_h2load 1000 2000 -c 10 -m 10
test_case h2load_mixed with_h2load 65536 200 -c 4 -m 30
test_case h2load_small_windows with_h2load 65536 60 -c 2 -m 10 -w 12 -W 14
test_case strict strict
test_case body_is_passed_over body_is_passed_over
test_case priorities priorities
test_case client_resets_a_stream client_resets_a_stream
test_case shrinks shrinks
test_case client_vanishes client_vanishes
test_case client_takes_nothing client_takes_nothing
test_case stops_cleanly server_stop
test_case stop_is_graceful stop_is_graceful
test_end
