# SPDX-License-Identifier: MIT
# Sourced by the rig's scripts: where things are kept, and how they come to be there.
set -euo pipefail

rig=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
cache=${TLSRING_RIG_CACHE:-${cache:-/var/cache}/tlsring-rig}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
export TLSRING_RIG_CACHE=$cache
# mke2fs, depmod and others, which a user has not on the path.
export PATH=$PATH:/usr/sbin:/sbin
stale_days=14

note() { echo "rig: $*" >&2; }
die() { note "$*"; exit 1; }

# Without root: a user namespace in which we are root, and own a range of users beside.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		unshare --map-auto --map-root-user --mount --pid --fork --mount-proc "$@"
	fi
}

key() { # FILE-OR-WORD... -> a hash over the files' contents and the words
	local item
	for item in "$@"; do
		if [ -f "$item" ]; then cat "$item"; else echo "$item"; fi
	done | sha256sum | cut -c1-12
}

# cached NAME KEY FUNCTION: prints the folder NAME-KEY of the cache. Where it is missing, FUNCTION
# fills it, given its path while it is unfinished; folders of NAME that were not used for long go.
# (Call it as a plain command: in a condition "set -e" would not hold inside FUNCTION.)
cached() {
	local folder=$cache/$1-$2 started=$SECONDS old
	exec 9> "$cache/$1.lock"
	flock 9
	if [ ! -d "$folder" ]; then
		note "making ${folder##*/}"
		as_root rm -rf "$folder.part"
		mkdir "$folder.part"
		"$3" "$folder.part" >&2
		mv "$folder.part" "$folder"
		note "made ${folder##*/} in $((SECONDS - started)) s"
	fi
	touch "$folder"
	find "$cache" -mindepth 1 -maxdepth 1 -name "$1-*" -mtime "+$stale_days" -print0 |
		while IFS= read -r -d '' old; do as_root rm -rf "$old"; done
	exec 9>&-
	echo "$folder"
}

program() { # NAME -> what NAME.c was compiled to
	local name=$1
	echo "$(cached "$name" "$(key "$rig/$name.c")" compile)/$name"
}

compile() { # FOLDER: for program()
	cc -O2 -Wall -Wextra -Werror -o "$1/$name" "$rig/$name.c"
}
