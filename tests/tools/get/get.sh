#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring get` with our own server, and with one that sends odd answers (server.py).
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../ktap.sh"
. "$here/../serve.sh"
. "$here/../certs.sh"

mkdir "$tmp/www" "$tmp/cwd"
head -c 300001 /dev/urandom > "$tmp/www/file"
head -c 5000000 /dev/urandom > "$tmp/www/large"
printf 'spaced' > "$tmp/www/two words"
server_start serve --cert "$certs/server.pem" --key "$certs/server.key" "$tmp/www" || exit 1
url=https://127.0.0.1:$port
cd "$tmp/cwd" || exit 1

odd_log=$tmp/odd.log
: > "$odd_log"
python3 -IS "$here/server.py" "$certs/server.pem" "$certs/server.key" "$tmp/www/file" "$odd_log" > "$tmp/odd.port" &
at_end $!
disown
await 30 test -s "$tmp/odd.port" || exit 1
odd=https://127.0.0.1:$(cat "$tmp/odd.port")

get() { # OPTION...: its messages are in $tmp/said
	timeout 120 "$tlsring" get --ca "$certs/ca.pem" "$@" 2> "$tmp/said"
}

said() { # PATTERN
	grep -qE -- "$1" "$tmp/said" || { cat "$tmp/said"; fail "not said: $1"; }
}

get_fails() { # STATUS PATTERN OPTION...: ends with that status and a message
	local wanted=$1 pattern=$2 status=0
	shift 2
	get "$@" || status=$?
	[ "$status" = "$wanted" ] || cat "$tmp/said"
	equal "$status" "$wanted" status
	said "$pattern"
}

no_file() { # neither a file nor a part is left
	equal "$(ls -A)" "" "what is left behind"
}

fresh() { # COMMAND...: in an empty folder
	rm -rf "$tmp/cwd/it"
	mkdir "$tmp/cwd/it"
	cd "$tmp/cwd/it"
	: > "$odd_log"
	"$@"
}

whole() { # OPTION...
	get "$@" "$url/large"
	cmp large "$tmp/www/large"
	equal "$(ls -A)" large files
	equal "$(cat "$tmp/said")" "" "what it says without a terminal"
}

named() {
	get "$url/two%20words?a=b#c"
	equal "$(cat 'two words')" spaced
	get -o other "$url/file"
	cmp other "$tmp/www/file"
	get_fails 3 'already there; --force' -o other "$url/large"
	cmp other "$tmp/www/file"
	get -f -o other "$url/large"
	cmp other "$tmp/www/large"
	mkdir folder
	get_fails 3 'Is a directory' -o folder "$url/file"
	get_fails 3 'No such file or directory' -o absent/file "$url/file"
	get -o /dev/null "$url/file"
}

to_stdout() {
	get -o - "$url/large" | cmp - "$tmp/www/large"
	get -o - "$url/large" > stdout
	cmp stdout "$tmp/www/large"
	get -o - "$url/file" "$url/large" "$url/file" | cmp - <(cat "$tmp"/www/{file,large,file})
}

to_a_slow_reader() {
	get -o - --offload "$1" "$url/large" | { sleep 0.5; head -c 1000; sleep 0.5; cat; } | cmp - "$tmp/www/large"
}

to_nobody() {
	local status
	(set +e; get -o - "$url/large"; echo $? > status) | head -c 1000 > /dev/null
	status=$(cat status)
	equal "$status" 3 status
	said 'Broken pipe'
}

disk_full() {
	get_fails 3 'No space left on device' -o /dev/full "$url/large"
}

several() { # over one connection
	get -v "$url/file" "$url/large" "$url/two%20words"
	cmp file "$tmp/www/file"
	cmp large "$tmp/www/large"
	equal "$(grep -c 'connected to' "$tmp/said")" 1 connections
}

some_fail() {
	get_fails 8 '404 Not Found' "$url/file" "$url/absent" "$url/large"
	cmp file "$tmp/www/file"
	cmp large "$tmp/www/large"
	equal "$(ls -A | tr '\n' ' ')" "file large "
}

hash_checked() {
	local sum wrong
	sum=$(sha256sum < "$tmp/www/large" | cut -d' ' -f1)
	wrong=${sum%?}$([ "${sum: -1}" = 0 ] && echo 1 || echo 0)
	get --sha256 "${sum^^}" "$url/large"
	rm large
	get_fails 1 "SHA-256 is $sum" --sha256 "$wrong" "$url/large"
	no_file
	get_fails 1 "SHA-256 is $sum" --sha256 "$wrong" -o - "$url/large" > /dev/null
}

says_where() {
	get -v "$url/file"
	said 'connected to 127.0.0.1:[0-9]*: TLSv1.3, TLS_AES_'
	if kernel_tls; then
		said 'sending: kernel'
		said 'receiving: kernel'
		rm file
		get -v --offload require "$url/file"
		cmp file "$tmp/www/file"
	else
		said 'sending: user space: .*"tls" module'
		get_fails 1 'require needs kernel TLS' --offload require "$url/large"
	fi
	get -v --offload off -o off "$url/file"
	said 'receiving: user space: '
}

in_the_kernel() { # the kernel opens the records
	local before
	kernel_tls || skip "no kernel TLS here"
	before=$(counter TlsRxSw)
	get --offload require "$url/large"
	cmp large "$tmp/www/large"
	# The server's side and ours.
	[ "$(counter TlsRxSw)" -ge $((before + 2)) ] || fail "no socket was opened by the kernel"
}

wrong_calls() {
	local status pattern
	while IFS='|' read -r pattern arguments; do
		status=0
		# shellcheck disable=SC2086
		get $arguments > /dev/null || status=$?
		equal "$status" 2 "status of $arguments"
		said "$pattern"
	done <<-EOF
		give a URL|
		only https|http://127.0.0.1/file
		begins with https|127.0.0.1/file
		begins with https|file
		names no file|$url/
		names no file|$url/a/%2e%2e
		names no file|$url/..%2fpasswd
		names no file|-o folder/ $url/
		characters that a URL|$url/a"b
		name and password|https://me:you@localhost/file
		from 1 to 65535|https://localhost:65536/file
		host's name is missing|https:///file
		hexadecimal|--sha256 abc $url/file
		belong together|--cert $certs/server.pem $url/file
		contradict|--insecure $url/file
		several URLs|-o x $url/file $url/large
		several URLs|--sha256 $(printf '%064d' 0) $url/file $url/large
		needs a file|--continue -o - $url/file
		from 1 to|--timeout 0 $url/file
		give auto, off or require|--offload maybe $url/file
	EOF
	no_file
}

certificates() {
	local status=0
	get_fails 5 'self-signed certificate in chain|unable to get local issuer|--ca FILE' --ca "$certs/server.pem" "$url/file"
	timeout 60 "$tlsring" get "$url/file" 2> "$tmp/said" || status=$?
	equal "$status" 5 status
	said 'not trusted: .*--ca FILE'
	get_fails 1 "--ca $tmp/absent: .*PEM" --ca "$tmp/absent" "$url/file"
	no_file
	timeout 60 "$tlsring" get --insecure "$url/file"
	cmp file "$tmp/www/file"
}

nobody_there() {
	local free
	free=$(python3 -IS -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	get_fails 4 'Connection refused.*nothing listens' "https://127.0.0.1:$free/file"
	get_fails 4 'no-such-host.invalid: .*; is ' https://no-such-host.invalid/file
	no_file
}

# Lines of: path, exit status, message.
odd_answers() {
	local path status pattern
	while read -r path status pattern; do
		get_fails "$status" "$pattern" "$odd/$path/file"
		no_file
	done <<-EOF
		absent 8 404 Not Found; is the URL right
		secret 8 403 Forbidden; the server wants
		busy 8 503 Busy; try again later
		nothing 8 answered 204
		to-http 8 redirected to http://127.0.0.1/x, which is not followed: only https
		circle 8 more than 10 redirections
		nowhere 8 which is not followed
		two-lengths 7 two different Content-Lengths
		bad-length 7 Content-Length is no number
		bad-coding 7 Transfer-Encoding
		garbage 7 it is not HTTP/1
		endless-head 7 its head does not end
		upgrade 7 another protocol
		no-answer 4 without an answer
		provisional 7 nothing but provisional answers
		long-extension 7 too much that is not content
	EOF
}

good_answers() {
	local path
	for path in plain chunked surplus hundred compressed until-close http10 weak redirect/0 redirect/1 redirect/6 \
		no-blank folded; do
		get "$odd/$path/file"
		cmp file "$tmp/www/file"
		rm file
	done
	get "$odd/tiny-chunks/file"
	cmp file <(head -c 3000 "$tmp/www/file")
	get -f "$odd/slow/file"
	cmp file <(head -c 4000 "$tmp/www/file")
	get -f "$odd/empty/file"
	[ -f file ] && [ ! -s file ] || fail "an empty file is not there, or not empty"
}

cut_short() { # PATH PATTERN: some of the file is kept as a part
	get_fails 4 "$2" "$odd/$1/file"
	said 'file.part is kept'
	[ ! -e file ] || fail "half a file looks whole"
	[ -s file.part ] || fail "nothing is kept"
	cmp -n "$(stat -c %s file.part)" file.part "$tmp/www/file"
}

cuts() {
	cut_short cut 'cut short after 150000 bytes: .*close_notify'
	said 'file.part is kept, but --continue'
	fresh cut_short short 'cut short after 150000 of 300001 bytes: the server closed'
	said 'file.part is kept; --continue goes on'
	fresh cut_short short-cut 'cut short after 150000 of 300001 bytes: .*close_notify'
	fresh cut_short short-chunks 'cut short after 14[0-9]* bytes'
}

bad_chunk() {
	get_fails 7 'chunked encoding is not valid' "$odd/bad-chunk/file"
	[ ! -e file ] || fail "half a file looks whole"
}

silent_server() {
	get_fails 4 'silent for 1 seconds' --timeout 1 "$odd/silent/file"
	[ -s file.part ] || fail "nothing is kept"
}

redirects_share() { # one connection, as long as the server keeps it
	get "$odd/redirect/1/file"
	equal "$(grep -c connection "$odd_log")" 2 connections
}

stale() {
	get "$odd/stale/a" "$odd/stale/b" "$odd/plain/c"
	cmp a "$tmp/www/file"
	cmp b "$tmp/www/file"
	equal "$(grep -c connection "$odd_log")" 2 connections
	equal "$(grep -c stale/b "$odd_log")" 2 "requests for the second"
}

resumed_session() {
	get -v "${odd/127.0.0.1/localhost}/until-close/a" "${odd/127.0.0.1/localhost}/plain/b"
	equal "$(grep -c connection "$odd_log")" 2 connections
	said 'connected to .*, resumed'
}

continued() {
	get_fails 4 'cut short' "$odd/short/file"
	get --continue --sha256 "$(sha256sum < "$tmp/www/file" | cut -d' ' -f1)" "$odd/range/file"
	cmp file "$tmp/www/file"
	equal "$(grep -c 'range/file bytes=150000- "one"' "$odd_log")" 1 "requests for the rest"
	equal "$(ls -A)" file
	get --continue "$odd/range/file"
	said 'already there and complete'
	get_fails 1 'its SHA-256 is' --continue --sha256 "$(printf '%064d' 0)" "$odd/range/file"
}

continued_of_ours() {
	head -c 2000000 "$tmp/www/large" > large.part
	curl -sk -I "$url/large" | tr -d '\r' | sed -n 's/^etag: //Ip' > large.part.version
	get --continue "$url/large"
	cmp large "$tmp/www/large"
	equal "$(cat "$tmp/said")" ""
}

changed() { # the part is of another version
	get_fails 4 'cut short' "$odd/short/file"
	get --continue "$odd/other/file"
	said 'fetched anew'
	cmp file "$tmp/www/file"
}

unknown_version() {
	head -c 1000 /dev/urandom > file.part
	get --continue "$odd/range/file"
	said 'fetched anew'
	cmp file "$tmp/www/file"
	rm file
	head -c 1000 /dev/urandom > file.part
	printf '"on' > file.part.version
	get --continue "$odd/range/file"
	cmp file "$tmp/www/file"
}

part_is_whole() {
	cp "$tmp/www/file" file.part
	echo '"one"' > file.part.version
	get --continue "$odd/range/file"
	cmp file "$tmp/www/file"
	equal "$(ls -A)" file
}

lying_range() {
	head -c 1000 "$tmp/www/file" > file.part
	echo '"one"' > file.part.version
	get --continue "$odd/lying-range/file"
	said 'fetched anew'
	cmp file "$tmp/www/file"
}

# The rest arrives in a 206 that is of another version, or not all of the rest.
other_part() { # PATH
	get_fails 4 'cut short' "$odd/short/file"
	get --continue "$odd/$1/file"
	said 'does not continue file.part; fetched anew'
	cmp file "$tmp/www/file"
}

other_parts() {
	local path
	for path in part/two part/weak part/none part/star part/length; do
		fresh other_part $path
	done
}

part_by_date() { # PATH: Last-Modified of the rest
	get_fails 4 'cut short' "$odd/short-date/file"
	said '--continue goes on'
	get --continue "$odd/$1/file"
	cmp file "$tmp/www/file"
}

parts_by_date() {
	fresh part_by_date part/date
	equal "$(cat "$tmp/said")" ""
	fresh part_by_date part/undated
	equal "$(cat "$tmp/said")" ""
	fresh part_by_date part/later
	said 'does not continue file.part; fetched anew'
}

any_case_of_units() {
	get_fails 4 'cut short' "$odd/short/file"
	get --continue "$odd/part/upper/file"
	cmp file "$tmp/www/file"
	equal "$(cat "$tmp/said")" ""
}

long_trailer() {
	get_fails 7 'too much that is not content' "$odd/long-trailer/file"
	[ ! -e file ] || fail "half an answer looks whole"
}

into_a_folder() {
	mkdir folder
	get -o folder/ "$url/file" "$url/large"
	cmp folder/file "$tmp/www/file"
	cmp folder/large "$tmp/www/large"
	get_fails 3 'No such file or directory' -o absent/ "$url/file"
	equal "$(ls -A)" folder files
}

modified() {
	touch -d '2021-02-03 04:05:06Z' "$tmp/www/dated"
	get "$url/dated"
	equal "$(stat -c %Y dated)" "$(stat -c %Y "$tmp/www/dated")" "time of modification"
}

retries() { # each attempt goes on where the one before ended
	get --retry 3 --sha256 "$(sha256sum < "$tmp/www/file" | cut -d' ' -f1)" "$odd/flaky/file"
	cmp file "$tmp/www/file"
	said 'trying again in 1 s \(1 of 3\)'
	said 'trying again in 2 s \(2 of 3\)'
	equal "$(sed -n 's/^.flaky.file //p' "$odd_log" | tr '\n' ,)" '- -,- -,bytes=150000- "one",'
}

retries_to_a_stream() {
	get --retry 3 -o - "$odd/flaky/a/file" | cmp - "$tmp/www/file"
	# What was written cannot be taken back.
	get_fails 4 'cut short' --retry 3 -o - "$odd/short-cut/file" > /dev/null
	grep -q 'trying again' "$tmp/said" && fail "it tried again"
	return 0
}

retries_end() {
	get_fails 8 'trying again in 1 s \(1 of 1\)' --retry 1 "$odd/busy/file"
	get_fails 8 '404' --retry 3 "$odd/absent/file"
	grep -q 'trying again' "$tmp/said" && fail "it tried again for a 404"
	get_fails 8 '503' --retry 3 "$odd/much-later/file"
	grep -q 'trying again' "$tmp/said" && fail "it would have waited for a day"
	get_fails 4 'trying again' --retry 1 https://no-such-host.invalid/file
	no_file
}

two_at_once() {
	(flock 9; get_fails 3 'another program is writing it' "$url/file") 9> file.part
	[ ! -e file ] || fail "it was fetched"
}

interrupted() { # SIGNAL STATUS
	local status=0 pid
	"$tlsring" get --ca "$certs/ca.pem" "$odd/silent/file" 2> "$tmp/said" &
	pid=$!
	await 30 test -s file.part
	kill "-$1" $pid
	wait $pid || status=$?
	equal "$status" "$2" status
	said 'file.part is kept'
	[ ! -e file ] || fail "half a file looks whole"
}

progress() {
	command -v script > /dev/null || skip "there is no script(1) here"
	TERM=vt100 script -qec "stty cols 100; '$tlsring' get --ca '$certs/ca.pem' '$odd/slow/file'" /dev/null \
		< /dev/null > seen 2>&1
	cmp file <(head -c 4000 "$tmp/www/file")
	grep -q 'file \[=*>* *\] *[0-9]*% .* ETA' seen || { cat -v seen; fail "no bar"; }
	grep -q 'tlsring: file: 3.9 KiB, ' seen || { cat -v seen; fail "no last line"; }
	TERM=vt100 script -qec "'$tlsring' get -fq --ca '$certs/ca.pem' '$odd/slow/file'" /dev/null \
		< /dev/null > seen 2>&1
	equal "$(cat seen)" ""
}

test_case whole_uring fresh whole --io auto
test_case whole_epoll fresh whole --io epoll
test_case whole_user_space fresh whole --offload off
test_case slow_reader fresh to_a_slow_reader auto
test_case slow_reader_user_space fresh to_a_slow_reader off
for name in to_stdout several hash_checked says_where in_the_kernel good_answers cuts continued continued_of_ours; do
	test_case $name fresh $name
done
# The other cases do not depend on the kernel.
for name in $(in_full named to_nobody disk_full some_fail wrong_calls certificates nobody_there odd_answers bad_chunk \
	silent_server redirects_share stale resumed_session changed unknown_version part_is_whole lying_range \
	two_at_once progress other_parts parts_by_date any_case_of_units long_trailer into_a_folder modified \
	retries retries_to_a_stream retries_end); do
	test_case $name fresh $name
done
[ -n "${TLSRING_SHORT:-}" ] || test_case sigint fresh interrupted INT 130
test_case sigterm fresh interrupted TERM 143
test_case stops_cleanly server_stop
test_end
