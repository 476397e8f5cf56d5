#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The TLS of Go, and OpenSSL as Python uses it, as clients and as servers.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../ktap.sh"
. "$(dirname "$0")/../tools/serve.sh"
. "$(dirname "$0")/peers.sh"

ours_start server

go_client() { # VERSION
	have "$peers/go"
	timeout 200 "$peers/go" connect "$cert" "$port" "$1" "$size" "$size"
}

go_server() { # VERSION
	have "$peers/go"
	start_listening go "$peers/go" serve "$cert" "$key" "$1"
}

python_client() { # VERSION
	have python3
	timeout 200 python3 "$here/peer.py" "$cert" "$key" "$port" "$1" "$size" "$size"
}

python_server() { # VERSION
	have python3
	start_listening python python3 "$here/peer.py" "$cert" "$key" serve "$1"
}

client() { # LANGUAGE VERSION
	use server
	"$1_client" "$2"
	expect_log "^done tx $where rx $where TLSv$2 .*: clean"
}

server() { # LANGUAGE VERSION
	"$1_server" "$2"
	timeout 200 "$ours" connect "${verify[@]}" -n localhost "$port" "$size" "$size" > "$tmp/out" ||
		fail "$(cat "$tmp/out" "$log")"
	cat "$tmp/out"
	grep -q "^done tx $where rx $where TLSv$2 .*: clean" "$tmp/out" || fail "not there"
	ended_well
}

for language in go python; do
	test_case ${language}_client_tls12 client $language 1.2
	test_case ${language}_client_tls13 client $language 1.3
	test_case ${language}_server_tls12 server $language 1.2
	test_case ${language}_server_tls13 server $language 1.3
done
test_case stops_cleanly ours_stop server
test_end
