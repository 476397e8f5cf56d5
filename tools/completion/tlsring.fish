# SPDX-License-Identifier: MIT
# Completion of tlsring for fish: commands and options are those that the program itself lists.

function __tlsring_options
    set -l words (commandline -opc)
    tlsring $words[2] --help 2>/dev/null | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u
end

complete -c tlsring -n __fish_use_subcommand -f -a "(tlsring --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p')"
complete -c tlsring -n __fish_use_subcommand -l help -d 'List the commands'
complete -c tlsring -n __fish_use_subcommand -l version -d 'Print the version'
complete -c tlsring -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__tlsring_options)'
