#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 source-path=SCRIPTDIR
# Each system call of `tlsring get` and `tlsring serve` fails in turn, by strace. A program may say
# so and end, or go on; it must not crash, hang, or report a success that is none. Calls that any
# start of the program makes are left out: they are the dynamic linker's and the libraries'.
# Without TLSRING_LAB=N only the first call of each kind fails, else the first N / 20.
. "$(dirname "$0")/../ktap.sh"
# shellcheck source=../tools/serve.sh
. "$(dirname "$0")/../tools/serve.sh"

# NAME:ERROR
calls="openat:EMFILE read:EIO pread64:EIO preadv2:EIO fstat:EIO newfstatat:EIO statfs:ENOSYS
	mmap:ENOMEM munmap:EINVAL mprotect:ENOMEM socket:EMFILE connect:ENETUNREACH bind:EADDRINUSE
	listen:EADDRINUSE accept4:ENFILE getsockname:ENOBUFS getpeername:ENOTCONN getsockopt:ENOBUFS
	setsockopt:ENOMEM setsockopt:ENOPROTOOPT epoll_create1:EMFILE epoll_ctl:ENOMEM
	epoll_wait:EINTR eventfd2:EMFILE timerfd_create:EMFILE signalfd4:EMFILE
	io_uring_setup:ENOMEM io_uring_setup:EPERM io_uring_register:ENOMEM io_uring_enter:ENOMEM
	io_uring_enter:EINTR sendmsg:ENOBUFS recvmsg:ENOMEM sendto:ENOBUFS recvfrom:ENOMEM
	sendfile:EIO poll:EINTR poll:ENOMEM write:ENOSPC pwrite64:ENOSPC ftruncate:EIO
	fallocate:EOPNOTSUPP rename:EACCES unlink:EACCES clone3:EAGAIN pipe2:EMFILE
	getrandom:ENOSYS prctl:EINVAL seccomp:EINVAL landlock_create_ruleset:ENOSYS
	memfd_create:ENOMEM madvise:ENOMEM mlock:ENOMEM prlimit64:EPERM fcntl:EBADF close:EIO"
times=$((${TLSRING_LAB:-0} / 20 + 1))

declare -A start_calls	# how often any start of the program makes a call

count_start_calls() {
	local name count
	strace -f -qq -o "$tmp/start" "$tlsring" --version > /dev/null 2>&1 ||
		skip "strace may not be used here"
	while read -r count name; do
		start_calls[$name]=$count
	done < <(sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$tmp/start" | sort | uniq -c)
}

# Did the call fail that was to?
injected() {
	grep -qs INJECTED "$tmp/trace"
}

# Runs FUNCTION once for each call that is to fail, under "${strace[@]}".
every_call() { # FUNCTION
	local spec call n first failed=0 runs=0
	count_start_calls
	for spec in $calls; do
		call=${spec%%:*} first=${start_calls[${spec%%:*}]:-0}
		for ((n = first + 1; n <= first + times; n++)); do
			rm -f "$tmp/trace"
			strace=(strace -f -qq -o "$tmp/trace" -e "trace=$call" -e signal=none
				-e "inject=$call:error=${spec#*:}:when=$n")
			if ! "$1" > "$tmp/verdict" 2>&1; then
				echo "$spec, the ${n}th: $(tail -n 3 "$tmp/verdict" | tr '\n' ' ')"
				grep INJECTED "$tmp/trace" || true
				failed=$((failed + 1))
			fi
			injected || break
			runs=$((runs + 1))
		done
	done
	echo "$runs calls failed, one at a time"
	[ "$runs" -gt 10 ] || fail "hardly any call failed"
	equal "$failed" 0 "the number of bad ends"
}

# A program that fails says why, and ends with a status of its own.
failed_well() { # STATUS LOG OF-STATUSES
	cat "$2"
	[[ " $3 " == *" $1 "* ]] || { echo "status $1"; return 1; }
	[ -s "$2" ] || { echo "status $1, without a word"; return 1; }
}

get_once() {
	local status=0
	rm -f "$tmp/got"
	timeout 60 "${strace[@]}" "$tlsring" get --insecure --quiet -o "$tmp/got" \
		"https://127.0.0.1:$port/large" > "$tmp/get.log" 2>&1 || status=$?
	if [ $status = 0 ]; then
		cmp "$tmp/got" "$tmp/www/large"
	else
		injected && failed_well $status "$tmp/get.log" "1 3 4 5 7 8"
	fi
}

get() {
	server_start get-server "$tmp/www"
	every_call get_once
}

fetch() {
	rm -f "$tmp/fetched"
	curl --silent --show-error --insecure --max-time 20 --http1.1 -o "$tmp/fetched" \
		"https://127.0.0.1:$port/large" && cmp "$tmp/fetched" "$tmp/www/large"
}

# Sets $port, to nothing if the server ended before it listened.
await_port() { # STRACE LOG
	port=
	while kill -0 "$1" 2> /dev/null; do
		port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\):.*/\1/p' "$2" | head -n 1)
		[ -z "$port" ] || return 0
		sleep 0.05
	done
}

serve_once() {
	local log=$tmp/serve.log tracer status=0
	: > "$log"
	timeout 60 "${strace[@]}" "$tlsring" serve --listen 127.0.0.1:0 --threads 1 "$tmp/www" \
		> "$log" 2>&1 &
	tracer=$!
	await_port $tracer "$log"
	# The client that meets the failure may get nothing, the next one gets the file.
	if [ -n "$port" ] && { fetch || { injected && fetch; }; }; then
		pkill -TERM -P "$(pgrep -P $tracer)"
		wait $tracer || { failed_well $? "$log" none; return 1; }
		return 0
	fi
	# Or the server ends, also after it has begun to listen.
	[ -z "$port" ] || sleep 1
	kill -0 $tracer 2> /dev/null && { echo "the second client got nothing"; return 1; }
	wait $tracer || status=$?
	injected && failed_well $status "$log" "1 2"
}

serve() {
	every_call serve_once
}

have strace
have curl
# LeakSanitizer cannot run beside strace.
export ASAN_OPTIONS=detect_leaks=0
mkdir "$tmp/www"
head -c 3000000 /dev/urandom > "$tmp/www/large"
test_case get get
test_case serve serve
test_end
