# SPDX-License-Identifier: MIT
# Sourced: apt beside the machine's own. It reads the machine's apt.conf (proxies and so on), but
# has its own sources, lists and state, so nothing of the machine's is touched and no root needed.

private_apt_options() { # STATE-FOLDER -> fills the array apt
	local state=$1
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	: > "$state/status"
	mkdir -p "$state/none"
	apt=(-q -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts="$state/none"
		-o Dir::Etc::Preferences="$state/status" -o Dir::Etc::PreferencesParts="$state/none"
		-o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status"
		-o Dir::Cache="$state/cache" -o APT::Sandbox::User="" -o APT::Architecture=amd64
		-o Acquire::Languages=none -o Debug::NoLocking=1)
}

apt_depends() { # PACKAGE REGEX -> those of its dependencies that match
	apt-cache "${apt[@]}" show --no-all-versions "$1" | sed -n 's/^Depends: //p' |
		tr ',|' '\n\n' | sed 's/ *(.*//; s/^ *//' | grep -E "^($2)\$" | sort -u || true
}
