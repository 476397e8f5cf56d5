#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What README.md and the man pages say can be done: commands exist, options are the program's,
# examples run.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$TLSRING_BUILD:$PATH

fenced() { # LANGUAGE: the README's blocks in it
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | grep -v '^```'
}

examples() { # PAGE
	sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/p' "$root/man/$1" | grep '^tlsring '
}

# A folder with what examples name, in a network of their own so that every port is free.
stage() {
	mkdir -p "$tmp/stage/public"
	cd "$tmp/stage"
	[ -e privkey.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout privkey.pem -out fullchain.pem -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -days 30 2> openssl.log
	unshare -n true 2> /dev/null || skip "a network namespace is not permitted here"
}

fetch_example() { # LINE: fetches from our own server, which the system's authorities stand for
	head -c 100000 /dev/urandom > public/image.iso
	sha256sum public/image.iso > image.sha256
	# What an earlier server said would be taken for the new one.
	rm -f image.iso* served
	# shellcheck disable=SC2016
	SSL_CERT_FILE=fullchain.pem timeout 100 unshare -n bash -c 'ip link set lo up
		tlsring serve --cert fullchain.pem --key privkey.pem public 2> served &
		until grep -q "listening on" served; do sleep 0.1; done
		eval "$1"; status=$?
		kill %1; wait; exit $status' - "$1" > out 2>&1 || { cat out; fail "status $?: $1"; }
	[ ! -e image.iso ] || cmp image.iso public/image.iso
}

run_example() { # LINE: serves until it is stopped, or ends by itself
	local status=0
	case $1 in
	tlsring\ get*) fetch_example "$1"; return ;;
	esac
	# shellcheck disable=SC2016
	timeout --preserve-status -s INT -k 60 "${SECONDS_EACH:-4}" unshare -n bash -c \
		'ip link set lo up; eval "exec $1"' - "$1" > out 2>&1 || status=$?
	case $1 in
	# 3: something became worse.
	tlsring\ bench\ compare*) [ "$status" -le 1 ] || [ "$status" -eq 3 ] ;;
	tlsring\ doctor*|tlsring\ stat*|tlsring\ bench*) [ "$status" -le 1 ] ;;
	*) [ "$status" -eq 0 ] && grep -q 'listening on' out ;;
	esac || { cat out; fail "status $status: $1"; }
}

make_targets() {
	local target
	make -s -C "$root" help > "$tmp/help"
	for target in $(grep -oE '\bmake [a-z][a-z-]*' "$root/README.md" | cut -d' ' -f2 | sort -u); do
		grep -qE "^  $target " "$tmp/help" || fail "make $target is not a target"
	done
	grep -q '^make serve' "$root/README.md"
	grep -q '^make check' "$root/README.md"
}

named_files() {
	local file
	for file in $(grep -oE '`(tests|tools|lib|ktls|uring)/[A-Za-z/_.-]*`' "$root/README.md" | tr -d '`') \
		LICENSE Kbuild-notes.md; do
		[ -e "$root/$file" ] || fail "there is no $file"
	done
}

readme_commands() {
	local line
	stage
	fenced sh | grep '^tlsring ' > lines
	[ "$(wc -l < lines)" -ge 2 ] || fail "no commands found"
	while read -r line; do run_example "$line"; done < lines
}

man_examples() {
	local page line
	stage
	for page in tlsring.1 tlsring-serve.1 tlsring-get.1 tlsring-doctor.1 tlsring-stat.1 tlsring-bench.1; do
		examples "$page" > lines
		[ -s lines ] || fail "no examples in $page"
		while read -r line; do run_example "$line"; done < lines
	done
}

# Every option that --help lists stands in the man page, and the reverse.
man_options() {
	local command
	for command in serve get doctor stat bench; do
		tlsring "$command" --help | grep -oE -- '--[a-z][a-z-]*' | sort -u > "$tmp/has"
		sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' "$root/man/tlsring-$command.1" | sed 's/\\-/-/g' |
			grep -oE -- '--[a-z][a-z-]*' | sort -u > "$tmp/says"
		diff "$tmp/has" "$tmp/says" || fail "tlsring-$command(1) and --help differ"
	done
}

man_is_clean() {
	local page
	command -v groff > /dev/null || return 0
	for page in "$root"/man/*.1; do
		equal "$(groff -man -Tutf8 -ww "$page" 2>&1 > /dev/null)" "" "$page"
	done
}

library_example() {
	local port=8443
	command -v cc > /dev/null || skip "no compiler here"
	stage
	fenced c > hello.c
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror ${TLSRING_SANITIZED:+-fsanitize=address,undefined} -I"$root/lib" -I"$root/ktls" \
		hello.c -o hello "$TLSRING_BUILD/libtlsring.a" \
		$(pkg-config --libs libssl libcrypto liburing libmnl libsodium) -pthread
	equal "$(unshare -n bash -c "ip link set lo up; ./hello fullchain.pem privkey.pem $port > out 2>&1 &
		curl -s --retry 20 --retry-connrefused --retry-delay 1 --cacert fullchain.pem https://localhost:$port/
		head -c 3000000 /dev/zero > large
		for i in 1 2 3 4 5 6 7 8; do
			curl -s --http1.1 --data-binary @large --cacert fullchain.pem https://localhost:$port/
		done; kill %1")" "$(yes hello | head -n 9)"
}

# No kernel changes what is written.
for name in $(in_full make_targets named_files man_options man_is_clean man_examples) readme_commands library_example; do
	test_case $name $name
done
test_end
