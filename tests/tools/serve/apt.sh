#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# apt and a flat repository, whose paths have "./" in them; a package whose download was interrupted.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

mkdir -p "$tmp/www/flat" "$tmp/package/DEBIAN" "$tmp/package/usr/share/tlsring-example" \
	"$tmp/apt/etc" "$tmp/apt/lists/partial" "$tmp/apt/archives/partial" "$tmp/got"
head -c 3000000 /dev/urandom > "$tmp/package/usr/share/tlsring-example/data"
cat > "$tmp/package/DEBIAN/control" <<END
Package: tlsring-example
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: three megabytes at random
END

options() { # what keeps apt inside $tmp
	printf -- '-o\n%s\n' Dir::Etc="$tmp/apt/etc" Dir::Etc::sourcelist="$tmp/apt/etc/sources.list" \
		Dir::Etc::sourceparts=/dev/null Dir::Etc::main=/dev/null Dir::Etc::parts=/dev/null \
		Dir::State::lists="$tmp/apt/lists" Dir::State::status=/dev/null Dir::Cache="$tmp/apt" \
		Dir::Cache::archives="$tmp/apt/archives" APT::Sandbox::User=root \
		Acquire::https::Verify-Peer=false Acquire::https::Verify-Host=false Acquire::Retries=0 Debug::NoLocking=true
}

repository() {
	local deb=$tmp/www/flat/tlsring-example_1.0_all.deb
	have dpkg-deb
	have apt-get
	dpkg-deb --root-owner-group -Znone -b "$tmp/package" "$deb" > /dev/null
	# A date of the current second is no validator.
	touch -d 2020-01-01 "$deb"
	{
		cat "$tmp/package/DEBIAN/control"
		echo "Filename: ./tlsring-example_1.0_all.deb"
		echo "Size: $(stat -c %s "$deb")"
		echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
	} > "$tmp/www/flat/Packages"
	echo "deb [trusted=yes] https://127.0.0.1:$port/flat ./" > "$tmp/apt/etc/sources.list"
}

update() {
	repository
	mapfile -t apt < <(options)
	apt-get "${apt[@]}" update > "$tmp/apt.log" 2>&1 || fail "$(cat "$tmp/apt.log")"
	await 10 grep -q '"GET /flat/./Packages HTTP/1.1" 200' "$tmp/access" || fail "no list: $(cat "$tmp/apt.log")"
}

download() {
	have apt-get
	mapfile -t apt < <(options)
	(cd "$tmp/got" && apt-get "${apt[@]}" download tlsring-example) > "$tmp/apt.log" 2>&1 || fail "$(cat "$tmp/apt.log")"
	cmp "$tmp/got/tlsring-example_1.0_all.deb" "$tmp/www/flat/tlsring-example_1.0_all.deb"
}

resume() {
	have apt-get
	mapfile -t apt < <(options)
	head -c 1234567 "$tmp/www/flat/tlsring-example_1.0_all.deb" > "$tmp/apt/archives/partial/tlsring-example_1.0_all.deb"
	# apt takes its time for the validator.
	touch -r "$tmp/www/flat/tlsring-example_1.0_all.deb" "$tmp/apt/archives/partial/tlsring-example_1.0_all.deb"
	apt-get "${apt[@]}" -y --download-only install tlsring-example > "$tmp/apt.log" 2>&1 || fail "$(cat "$tmp/apt.log")"
	cmp "$tmp/apt/archives/tlsring-example_1.0_all.deb" "$tmp/www/flat/tlsring-example_1.0_all.deb"
	await 10 grep -q '"GET /flat/./tlsring-example_1.0_all.deb HTTP/1.1" 206' "$tmp/access" || fail "not resumed: $(tail -n 3 "$tmp/access")"
}

server_start serve --access-log "$tmp/access" "$tmp/www" || exit 1
test_case update update
test_case download download
test_case resume resume
test_case stops_cleanly server_stop
test_end
