#compdef tlsring
# SPDX-License-Identifier: MIT
# Completion of tlsring for zsh: commands and options are those that the program itself lists.

local -a commands
if (( CURRENT == 2 )); then
	commands=(${(f)"$(tlsring --help 2> /dev/null | sed -n 's/^  \([a-z][a-z]*\)  *\(.*\)/\1:\2/p')"})
	_describe command commands
	compadd -- --help --version
elif [[ $words[CURRENT] == -* || $PREFIX == -* ]]; then
	compadd -- ${(fu)"$(tlsring $words[2] --help 2> /dev/null | grep -oE -- '--[a-z][a-z0-9-]*')"}
else
	_files
fi
