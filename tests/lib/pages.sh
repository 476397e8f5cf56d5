#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The man pages of sections 3 and 7: each call has a page with every section, each SYNOPSIS compiles, and the
# programs that have what stands under EXAMPLE run.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../ktap.sh"
. "$here/../tools/certs.sh"
root=$(cd "$here/../.." && pwd)
man3=$TLSRING_BUILD/man3
examples=$TLSRING_BUILD/tests/examples/pages
section7=("$root"/man/*.7)

calls() {
	sed -nE 's/^\t(tlsring_[a-z0-9_]+);$/\1/p' "$root/lib/tlsring.map"
}

complete() {
	local call heading
	for call in $(calls); do
		[ -s "$man3/$call.3" ] || fail "there is no $call.3"
		grep -q '^\.so ' "$man3/$call.3" && continue
		for heading in NAME SYNOPSIS DESCRIPTION 'RETURN VALUE' ERRORS THREADS SINCE EXAMPLE 'SEE ALSO'; do
			grep -qx "\.SH $heading" "$man3/$call.3" || fail "$call.3 has no $heading"
		done
	done
}

# Prototypes that are not the header's conflict with it.
synopses() {
	local pages
	mapfile -t pages < <(grep -L '^\.so ' "$man3"/*.3 "${section7[@]}")
	python3 -S "$root/man/pages.py" synopsis "${pages[@]}" > "$tmp/synopses.c"
	equal "$(grep -c '#include <tlsring.h>' "$tmp/synopses.c")" ${#pages[@]} "pages that include the header"
	cc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -I"$TLSRING_BUILD/include" "$tmp/synopses.c"
}

well_formed() {
	local page
	cd "$TLSRING_BUILD"
	for page in man3/*.3 "${section7[@]}"; do
		! command -v groff > /dev/null ||
			equal "$(groff -man -Tutf8 -ww "$page" 2>&1 > /dev/null)" "" "$page"
		! command -v mandoc > /dev/null ||
			equal "$(mandoc -T lint -W warning "$page" | grep -v 'missing date\|is fragile')" "" "$page"
	done
}

# Pages that others name are there.
references() {
	local page name
	for page in "$man3"/*.3 "$root"/man/*; do
		for name in $(sed 's/\\-/-/g; s/\\f[BRI]//g; s/^\.BR //' "$page" | grep -oE '\<tlsring[a-z0-9_.-]* ?\([1-8]\)' |
			tr -d ' )' | tr '(' '.' | sort -u); do
			[ -e "$man3/$name" ] || [ -e "$root/man/$name" ] || fail "$page names $name"
		done
	done
}

# tlsring-reasons(7) is written by hand, with the library's own words.
reasons() {
	cat > "$tmp/reasons.c" <<-EOF
		#include <stdio.h>
		#include <tlsring.h>

		int main(void)
		{
			for (int i = 1; i < TLSRING_REASON_COUNT; i++)
				printf("%s|%s|%s\\n", tlsring_reason_name(i), tlsring_reason_text(i),
				       tlsring_reason_remedy(i));
			return 0;
		}
	EOF
	# shellcheck disable=SC2046
	cc -I"$TLSRING_BUILD/include" ${TLSRING_SANITIZED:+-fsanitize=address,undefined} "$tmp/reasons.c" -o "$tmp/reasons" \
		"$TLSRING_BUILD/libtlsring.a" $(pkg-config --libs libssl libcrypto liburing libmnl libsodium) -pthread
	sed 's/\\-/-/g; s/\\e/\\/g; s/\\f[BR]//g' "$root/man/tlsring-reasons.7" > "$tmp/page"
	"$tmp/reasons" | while IFS='|' read -r name text remedy; do
		grep -q "^$name, TLSRING_REASON_" "$tmp/page" || fail "there is no $name"
		grep -qiF "$text. " "$tmp/page" || fail "$name has another text: $text"
		[ -z "$remedy" ] || grep -qF "Remedy: $remedy." "$tmp/page" || fail "$name has another remedy: $remedy"
	done
}

html() {
	command -v mandoc > /dev/null || skip "no mandoc here"
	make -s -C "$root" O="$TLSRING_BUILD" ${TLSRING_SANITIZED:+SANITIZE=address,undefined} html
	grep -q 'href="tlsring_send.3.html"' "$TLSRING_BUILD/html/index.html" || fail "the index lacks a page"
	grep -q 'href="tlsring_send_many.3.html"' "$TLSRING_BUILD/html/tlsring_send.3.html" || fail "no link"
}

prints() { # WHAT COMMAND...
	local want=$1
	shift
	"$@" > "$tmp/out" 2>&1 || { cat "$tmp/out"; fail "status $?: $*"; }
	grep -qF -- "$want" "$tmp/out" || { cat "$tmp/out"; fail "it does not say: $want"; }
}

words() {
	prints 'alert received: unknown_ca' "$examples/result"
	prints 'sending: kernel' "$examples/result"
}

system() {
	"$examples/system" > "$tmp/out" 2>&1 || { cat "$tmp/out"; fail "status $?"; }
}

context() {
	head -c 48 /dev/urandom > "$tmp/ticket.key"
	prints 'sending in ' "$examples/context" "$certs/server.pem" "$certs/server.key" "$tmp/ticket.key"
}

serve() {
	seq 100000 > "$tmp/file"
	size=$(stat -c %s "$tmp/file")
	"$examples/server" "$certs/server.pem" "$certs/server.key" "$tmp/file" > "$tmp/port" 2> "$tmp/log" &
	server=$!
	at_end $server
	await 20 test -s "$tmp/port" || fail "it does not start"
	port=$(cat "$tmp/port")
}

client() { # LINE
	"$examples/client" "$certs/ca.pem" "$port" "$1"
}

session() { # LINE BYTES [result]
	"$examples/session" "$certs/ca.pem" "$port" "$@" 2> "$tmp/session" || { cat "$tmp/session"; fail "status $?: $1"; }
}

lines() {
	equal "$(client file | tail -n +2 | cmp - "$tmp/file" && echo same)" same
	equal "$(client parts | head -n 1)" first
	equal "$(client later)" "done"
	prints 'line 0, 0 bytes' client count
	client rekey | grep -q 'key'
	equal "$(client quit)" ""
	equal "$(client half)" ""
	! client drop > "$tmp/out" 2>&1 || fail "a dropped connection looks whole"
}

sessions() {
	equal "$(session file $((size + 7)) | tail -n +2 | cmp - "$tmp/file" && echo same)" same
	equal "$(session parts 10 result | head -n 1)" first
}

gone() { # PID: a child that nobody has waited for yet, too
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

stops() {
	kill -TERM $server
	await 20 gone $server || fail "it does not end"
	grep -q 'bytes sealed in user space' "$tmp/log" || { cat "$tmp/log"; fail "it says nothing at its end"; }
}

for name in $(in_full complete synopses well_formed references reasons html words); do
	test_case $name $name
done
for name in system context; do
	test_case $name $name
done
serve
for name in lines sessions stops; do
	test_case $name $name
done
test_end
