#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Where the kernel has TLS, all that the other scripts show is shown over it. Of what they show, that which
# could depend on who seals the records is shown here once more over user space; transfer, telemetry
# and http2 do that themselves.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
here=$(dirname "$0")

shown() { # SCRIPT
	[ "$ended" != skipped ] || skip "this kernel has no TLS: $1 has shown it"
	equal "$ended" 0 "its status"
}

for script in http ranges hosts stop slow shrink; do
	ended=skipped
	if kernel_tls; then
		TLSRING_USER_SPACE=off "$here/$script.sh" 2>&1 | sed -u 's/^/# /'
		ended=${PIPESTATUS[0]}
	fi
	test_case "$script" shown "$script"
done
test_end
