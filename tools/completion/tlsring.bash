# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of tlsring for bash: commands and options are those that the program itself lists.

_tlsring() {
	local word=$2 words
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		words="$(tlsring --help 2> /dev/null | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p') --help --version"
	elif [[ $word == -* ]]; then
		words=$(tlsring "${COMP_WORDS[1]}" --help 2> /dev/null | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u)
	else
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
# Where there is nothing else: files and folders.
complete -o default -F _tlsring tlsring
