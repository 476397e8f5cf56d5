#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the pages at the top of the tree name is there: files, functions, make targets.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
pages=(ARCHITECTURE.md CONTRIBUTING.md SECURITY.md README.md Kbuild-notes.md tests/rig/README.md)

quoted() { # PAGE: what stands between backquotes outside of blocks, one a line
	sed '/^```/,/^```/d' "$root/$1" | grep -o '`[^`]*`' | tr -d '`'
}

files() {
	local page name missing=0
	for page in "${pages[@]}"; do
		while read -r name; do
			[ -e "$root/${name%%:*}" ] || { echo "$page: there is no $name"; missing=1; }
		done < <(quoted "$page" | grep -E '^(ktls|uring|lib|tools|tests|man)/[A-Za-z0-9_./-]*(:[a-z0-9_]+)?$')
	done
	[ $missing -eq 0 ]
}

# A definition, or a static inline one in a header, begins at the line's start.
functions() {
	local pair missing=0 count=0
	while read -r pair; do
		count=$((count + 1))
		grep -qE "^[a-z].*\<${pair#*:}\(" "$root/${pair%%:*}" || { echo "there is no $pair"; missing=1; }
	done < <(quoted ARCHITECTURE.md | grep -E '^[a-z0-9_/]+\.[ch]:[a-z0-9_]+$' | sort -u)
	[ $count -ge 30 ] || fail "only $count functions are named"
	[ $missing -eq 0 ]
}

targets() {
	local page target
	make -s -C "$root" help > "$tmp/help"
	for page in "${pages[@]}"; do
		for target in $(grep -oE '(`|^)make ([A-Z]+=[^ `]* )*[a-z][a-z-]*' "$root/$page" | grep -oE '[a-z-]*$' | sort -u); do
			grep -qE "^  $target " "$tmp/help" || fail "$page: make $target is not a target"
		done
	done
}

short() {
	[ "$(wc -l < "$root/ARCHITECTURE.md")" -le 150 ] || fail "ARCHITECTURE.md has more than 150 lines"
}

for name in files functions targets short; do
	test_case $name $name
done
test_end
