#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that people download with: what each makes of a server is its own. Where the kernel has
# TLS it seals and opens the records of all but the shortest exchanges.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"

size=3000001
mkdir -p "$tmp/www/folder/below" "$tmp/got"
head -c $size /dev/urandom > "$tmp/www/file"
head -c 100000 "$tmp/www/file" > "$tmp/www/folder/one"
head -c 70000 "$tmp/www/file" > "$tmp/www/folder/below/a name"
: > "$tmp/www/folder/empty"
echo hello > "$tmp/www/hello.txt"
server_start serve --listing "$tmp/www" || exit 1
url=https://127.0.0.1:$port

same() { # GOT WANTED: files or folders
	diff -r "$1" "$tmp/www/$2" || fail "what came of $2 differs"
}

sealed() { # how many connections the kernel has opened and sealed for
	[ ! -e /proc/net/tls_stat ] || awk '/^Tls[TR]xSw/ { sum += $2 } END { print sum + 0 }' /proc/net/tls_stat
}

# The client's connections were in the kernel, if it can.
in_kernel() { # TEST...
	local before
	kernel_tls || { "$@"; return; }
	before=$(sealed)
	"$@"
	[ "$(sealed)" -ge $((before + 2)) ] || fail "the records were not the kernel's"
}

# ---- a request that ends with the client's input ----

request() { # PATH
	printf 'GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$1"
}

# The client sends close_notify behind its request, and reads on.
gnutls_piped() { # PRIORITY
	have gnutls-cli
	request hello.txt | timeout 60 gnutls-cli --insecure --logfile=/dev/null --priority "$1" -p "$port" \
		127.0.0.1 > "$tmp/answer" || true
	grep -q '^HTTP/1.1 200' "$tmp/answer" || fail "there is no answer: $(cat "$tmp/answer")"
	equal "$(tail -n 1 "$tmp/answer")" hello content
}

# It leaves at the end of its input, answered or not: cleanly, and the server goes on.
openssl_leaves() { # INPUT OPTION...
	local input=$1
	shift
	have openssl
	timeout 60 openssl s_client -no_ign_eof -connect "127.0.0.1:$port" "$@" < "$input" > "$tmp/answer" 2>&1 ||
		fail "s_client ended with $?: $(tail -n 3 "$tmp/answer")"
	equal "$(fetch hello.txt)" hello "what comes afterwards"
}

openssl_without_input() { # OPTION...
	have openssl
	timeout 60 openssl s_client -no_ign_eof -connect "127.0.0.1:$port" "$@" <&- > "$tmp/answer" 2>&1 || true
	grep -q '^SSL handshake has read' "$tmp/answer" || fail "$(tail -n 3 "$tmp/answer")"
	equal "$(fetch hello.txt)" hello "what comes afterwards"
}

# ---- files ----

wget2_files() {
	have wget2
	rm -rf "$tmp/got/wget2"
	wget2 -q -T 100 --no-check-certificate -P "$tmp/got/wget2" "$url/file" "$url/hello.txt" "$url/folder/one"
	same "$tmp/got/wget2/file" file
	same "$tmp/got/wget2/hello.txt" hello.txt
	same "$tmp/got/wget2/one" folder/one
}

wget2_http1() {
	have wget2
	wget2 -q -T 100 --no-check-certificate --no-http2 -O "$tmp/got/http1" "$url/file"
	same "$tmp/got/http1" file
}

lftp_does() { # COMMANDS
	have lftp
	timeout 100 lftp -c "set ssl:verify-certificate no; set net:max-retries 1; set cmd:fail-exit yes; $1"
}

lftp_get() {
	lftp_does "get $url/file -o $tmp/got/lftp"
	same "$tmp/got/lftp" file
}

lftp_segments() {
	lftp_does "pget -n 4 $url/file -o $tmp/got/segments"
	same "$tmp/got/segments" file
}

# By our listing.
lftp_mirror() {
	lftp_does "mirror $url/folder/ $tmp/got/mirror"
	same "$tmp/got/mirror" folder
}

rclone_copy() {
	have rclone
	timeout 200 rclone --config /dev/null --no-check-certificate --http-url "$url/folder/" \
		copy :http: "$tmp/got/rclone" < /dev/null
	same "$tmp/got/rclone" folder
}

aria2_segments() {
	have aria2c
	aria2c -q --check-certificate=false -x 4 -s 4 -k 1M --min-split-size=1M -d "$tmp/got" -o aria2 "$url/file" \
		< /dev/null
	same "$tmp/got/aria2" file
}

# ---- a repository ----

repository() { # an empty package, and the two files that name it
	local at=$tmp/www/debian control=$tmp/package/DEBIAN/control
	mkdir -p "$at" "${control%/*}"
	printf '%s\n' 'Package: nothing' 'Version: 1' 'Architecture: all' \
		'Maintainer: nobody <nobody@localhost>' 'Description: nothing' > "$control"
	dpkg-deb -b "$tmp/package" "$at/nothing_1_all.deb" > /dev/null
	{
		cat "$control"
		echo "Filename: ./nothing_1_all.deb"
		echo "Size: $(stat -c %s "$at/nothing_1_all.deb")"
		echo "SHA256: $(sha256sum < "$at/nothing_1_all.deb" | cut -d' ' -f1)"
	} > "$at/Packages"
	{
		echo "Date: $(date -Ru)"
		echo "SHA256:"
		echo " $(sha256sum < "$at/Packages" | cut -d' ' -f1) $(stat -c %s "$at/Packages") Packages"
	} > "$at/Release"
}

apt_does() { # COMMAND...: beside this machine's own state
	local state=$tmp/apt
	apt-get -q -o Dir="$state" -o Dir::State::status="$state/status" -o Dir::Etc::SourceList="$state/list" \
		-o APT::Sandbox::User="" -o Debug::NoLocking=1 -o Acquire::https::Verify-Peer=false \
		-o Acquire::https::Verify-Host=false -o Acquire::https::Proxy=false \
		-o Acquire::Languages=none -o Acquire::Retries=0 "$@"
}

apt_updates() {
	have apt-get
	have dpkg-deb
	repository
	mkdir -p "$tmp/apt/var/lib/apt/lists/partial" "$tmp/apt/var/cache/apt/archives/partial"
	: > "$tmp/apt/status"
	echo "deb [trusted=yes] $url/debian ./" > "$tmp/apt/list"
	apt_does update
	# Nothing is new.
	apt_does update | grep -q '^Hit:' || fail "the second time it was not a hit"
	(cd "$tmp/got" && apt_does download nothing)
	same "$tmp/got/nothing_1_all.deb" debian/nothing_1_all.deb
}

request hello.txt > "$tmp/request"
tls12=NORMAL:-VERS-ALL:+VERS-TLS1.2
tls13=NORMAL:-VERS-ALL:+VERS-TLS1.3
test_case gnutls_piped_tls12 gnutls_piped $tls12
test_case gnutls_piped_tls13 gnutls_piped $tls13
test_case openssl_leaves_tls12 openssl_leaves "$tmp/request" -tls1_2
test_case openssl_leaves_tls13 openssl_leaves "$tmp/request" -tls1_3
test_case openssl_says_nothing_tls12 openssl_leaves /dev/null -tls1_2
test_case openssl_says_nothing_tls13 openssl_leaves /dev/null -tls1_3
test_case openssl_without_input openssl_without_input
for name in wget2_files wget2_http1 lftp_get lftp_segments lftp_mirror rclone_copy aria2_segments apt_updates; do
	test_case $name in_kernel $name
done
test_case stops_cleanly server_stop
test_end
