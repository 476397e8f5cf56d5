#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `make install` lays down is enough: the examples compile against it and run, in C and C++,
# with the shared and the static library; `make uninstall` takes it all away.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../ktap.sh"
root=$(cd "$here/../.." && pwd)
export PKG_CONFIG_PATH=$tmp/inst/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/inst
warnings=(-Wall -Wextra -pedantic -Werror)
sanitize=${TLSRING_SANITIZED:+-fsanitize=address,undefined}

make_quietly() { # TARGET
	make -s -C "$root" O="$TLSRING_BUILD" ${TLSRING_SANITIZED:+SANITIZE=address,undefined} \
		PREFIX=/usr DESTDIR="$tmp/inst" "$1"
}

installs() {
	make_quietly install
	[ -x "$tmp/inst/usr/bin/tlsring" ] || fail "no program"
	[ -s "$tmp/inst/usr/share/man/man1/tlsring.1" ] || fail "no man page"
	equal "$(pkg-config --modversion tlsring)" "$("$tmp/inst/usr/bin/tlsring" --version | cut -d' ' -f2)"
}

# What the program asks of the kernel the unit permits: none of these was in every systemd's sets.
unit() {
	local call unit=$tmp/inst/usr/lib/systemd/system/tlsring.service
	grep -qx 'ExecStart=/usr/bin/tlsring serve --config /etc/tlsring.conf' "$unit" || fail "it starts something else"
	for call in io_uring_setup io_uring_enter io_uring_register landlock_create_ruleset landlock_add_rule \
		landlock_restrict_self; do
		grep -qE "^SystemCallFilter=.*\<$call\>" "$unit" || fail "$call is not permitted"
	done
	if command -v systemd-analyze > /dev/null; then
		systemd-analyze security --no-pager --offline=true --threshold=25 "$unit" > "$tmp/security" 2>&1 ||
			{ grep -v '^✓' "$tmp/security"; fail "it is exposed"; }
	fi
}

flags() { # OPTION...
	pkg-config "$@" tlsring libssl libcrypto
}

shared() {
	local example
	for example in own_epoll own_ring; do
		# shellcheck disable=SC2046
		gcc -std=gnu11 "${warnings[@]}" $sanitize $(flags --cflags) "$root/tests/examples/$example.c" -o "$tmp/$example" \
			$(flags --libs) -luring
		equal "$(LD_LIBRARY_PATH=$tmp/inst/usr/lib "$tmp/$example" 2>&1)" "give a certificate, its key, and a file"
	done
}

# The library alone: a libssl that is linked in wants what its distribution built it with.
static() {
	# shellcheck disable=SC2046
	gcc -std=gnu11 "${warnings[@]}" $sanitize $(flags --cflags) "$root/tests/examples/own_epoll.c" -o "$tmp/static" \
		"$tmp/inst/usr/lib/libtlsring.a" $(pkg-config --libs libssl libcrypto liburing libmnl libsodium) -pthread
	equal "$("$tmp/static" 2>&1)" "give a certificate, its key, and a file"
}

cplusplus() {
	local standard
	cat > "$tmp/plus.cc" <<-EOF
		#include <tlsring.h>
		#include <iostream>

		int main()
		{
			char text[160];

			std::cout << tlsring_strerror(TLSRING_EALERT_SENT(40), text, sizeof(text)) << std::endl;
			return tlsring_ctx_new(nullptr, nullptr, nullptr) == 0;
		}
	EOF
	for standard in c++11 $(in_full c++20); do
		# shellcheck disable=SC2046
		g++ -std=$standard "${warnings[@]}" $sanitize $(flags --cflags) "$tmp/plus.cc" -o "$tmp/plus" $(flags --libs)
		equal "$(LD_LIBRARY_PATH=$tmp/inst/usr/lib "$tmp/plus")" "alert sent: handshake_failure"
	done
}

uninstalls() {
	make_quietly uninstall
	equal "$(find "$tmp/inst" ! -type d)" "" "what is left"
}

for name in installs unit shared static cplusplus uninstalls; do
	test_case $name $name
done
test_end
