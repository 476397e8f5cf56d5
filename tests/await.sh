# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A pipe that nobody writes to: waiting for it costs no process.
exec {await_pipe}<> <(:)

await() { # SECONDS COMMAND...: until it succeeds
	local left=$(($1 * 100)) pause=5 time
	shift
	until "$@" 2> /dev/null; do
		[ $((left -= pause)) -gt 0 ] || { echo "waited in vain for: $*"; return 1; }
		printf -v time '0.%02d' $pause
		read -rt "$time" -u "$await_pipe" || [ $((pause *= 2)) -lt 40 ] || pause=40
	done
}
