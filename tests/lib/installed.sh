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
# The packages have the library's version.
packaged() {
	equal "$(sed -n '1s/^tlsring (\([^)]*\)) .*/\1/p' "$root/debian/changelog")" "$(pkg-config --modversion tlsring)"
}

completes() { # commands and options of the program itself
	local COMP_CWORD COMP_WORDS COMPREPLY
	# shellcheck disable=SC1091
	. "$tmp/inst/usr/share/bash-completion/completions/tlsring"
	PATH=$tmp/inst/usr/bin:$PATH
	COMP_CWORD=1 COMP_WORDS=(tlsring se)
	_tlsring tlsring se tlsring
	equal "${COMPREPLY[*]}" serve
	COMP_CWORD=2 COMP_WORDS=(tlsring serve --access)
	_tlsring tlsring --access serve
	equal "${COMPREPLY[*]}" --access-log
	! command -v zsh > /dev/null || zsh -n "$tmp/inst/usr/share/zsh/site-functions/_tlsring"
	! command -v fish > /dev/null || fish -n "$tmp/inst/usr/share/fish/vendor_completions.d/tlsring.fish"
}

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

symbols() { # only public ones, and the same in both libraries
	nm -g --defined-only "$tmp/inst/usr/lib/libtlsring.a" | awk 'NF == 3 { print $3 }' |
		grep -v __odr_asan | sort > "$tmp/static_has"
	nm -D --defined-only "$tmp/inst/usr/lib/libtlsring.so" | awk '{ print $3 }' | sed 's/@.*//' |
		grep -Ev '^TLSRING_|__odr_asan' | sort > "$tmp/shared_has"
	equal "$(grep -v '^tlsring_' "$tmp/static_has")" "" "what else the archive has"
	diff "$tmp/static_has" "$tmp/shared_has" || fail "the libraries differ"
}

# A library that OpenSSL calls back must not go while OpenSSL has objects of it.
unloads() {
	cat > "$tmp/unload.c" <<-EOF
		#include <dlfcn.h>
		#include <openssl/ssl.h>
		#include <tlsring.h>

		int main(int argc, char **argv)
		{
			SSL_CTX *ssl_ctx = SSL_CTX_new(TLS_server_method());
			void *library = dlopen(argv[argc - 1], RTLD_NOW);
			int (*ctx_new)(struct tlsring_ctx **, SSL_CTX *, const struct tlsring_ctx_options *);
			int (*watch)(SSL *);
			void (*ctx_free)(struct tlsring_ctx *);
			struct tlsring_ctx *ctx;
			SSL *ssl;

			*(void **)&ctx_new = dlsym(library, "tlsring_ctx_new");
			*(void **)&watch = dlsym(library, "tlsring_watch");
			*(void **)&ctx_free = dlsym(library, "tlsring_ctx_free");
			if (ctx_new(&ctx, ssl_ctx, NULL))
				return 1;
			ssl = SSL_new(ssl_ctx);
			if (watch(ssl))
				return 1;
			ctx_free(ctx);
			if (dlclose(library))
				return 1;
			SSL_free(ssl);
			SSL_CTX_free(ssl_ctx);
			return 0;
		}
	EOF
	# shellcheck disable=SC2046
	gcc -std=gnu11 -Wall -Werror $sanitize $(flags --cflags) "$tmp/unload.c" -o "$tmp/unload" $(pkg-config --libs libssl libcrypto)
	"$tmp/unload" "$tmp/inst/usr/lib/libtlsring.so"
}

cmake_finds() {
	command -v cmake > /dev/null || skip "no cmake here"
	mkdir -p "$tmp/cmake"
	cp "$tmp/plus.cc" "$tmp/cmake/"
	cat > "$tmp/cmake/CMakeLists.txt" <<-EOF
		cmake_minimum_required(VERSION 3.18)
		project(plus CXX)
		find_package(tlsring $(pkg-config --modversion tlsring) REQUIRED)
		add_executable(plus plus.cc)
		target_link_libraries(plus tlsring::tlsring)
	EOF
	cmake -S "$tmp/cmake" -B "$tmp/cmake/build" -DCMAKE_PREFIX_PATH="$tmp/inst/usr" -DCMAKE_CXX_FLAGS="$sanitize" \
		> "$tmp/cmake.log" 2>&1 &&
		cmake --build "$tmp/cmake/build" >> "$tmp/cmake.log" 2>&1 || { cat "$tmp/cmake.log"; fail "cmake"; }
	equal "$("$tmp/cmake/build/plus")" "alert sent: handshake_failure"
	! sed -i 's/find_package(tlsring [^ ]*/find_package(tlsring 9.9/' "$tmp/cmake/CMakeLists.txt" ||
		! cmake -S "$tmp/cmake" -B "$tmp/cmake/other" -DCMAKE_PREFIX_PATH="$tmp/inst/usr" > "$tmp/cmake.log" 2>&1 ||
		fail "it takes itself for 9.9"
}

# Flags of the command line, as a distribution gives them, come behind ours.
own_flags() {
	make -n -B -C "$root" O="$tmp/none" CPPFLAGS=-DTHEIRS=1 CFLAGS=-O1 LDFLAGS=-Wl,-z,now lib > "$tmp/commands"
	[ "$(grep -c -- ' -c -o ' "$tmp/commands")" -ge 20 ] || fail "it compiles nothing"
	equal "$(grep -- ' -c -o ' "$tmp/commands" | grep -vc -- '-D_GNU_SOURCE.*-DTHEIRS=1.*-O1')" 0 "commands without them"
	grep -- ' -shared ' "$tmp/commands" | grep -q -- '-Wl,-z,now' || fail "LDFLAGS is not used"
}

release_needs_node() { # a version that the map does not know
	! make -s -C "$root" O="$tmp/release" VERSION=9.9.0 LIB_OBJ= "$tmp/release/libtlsring.so.9.9.0" > "$tmp/release.log" 2>&1 ||
		fail "it builds"
	grep -q 'no TLSRING_9.9' "$tmp/release.log" || { cat "$tmp/release.log"; fail "it says something else"; }
}

uninstalls() {
	make_quietly uninstall
	equal "$(find "$tmp/inst" ! -type d)" "" "what is left"
}

for name in installs packaged completes unit shared static cplusplus symbols unloads cmake_finds uninstalls; do
	test_case $name $name
done
for name in $(in_full own_flags release_needs_node); do
	test_case $name $name
done
test_end
