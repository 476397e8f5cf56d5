#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# HTTP/2 clients that want much for little are sent away; others go on, memory stays small.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

raw=$(dirname "$0")/http2_raw.py
http=--http2
mkdir "$tmp/www"
echo 0123456789 > "$tmp/www/small"
head -c 20000000 /dev/urandom > "$tmp/www/large"
server_start serve --threads 1 --metrics 127.0.0.1:0 "$tmp/www" || exit 1

anonymous() { # KiB
	awk '/^RssAnon:/ { print $2 }' "/proc/$server/status"
}

# Beside the floods somebody has a file on its way.
{
	curl -sSk --http2 --limit-rate 2M -o "$tmp/beside" "https://127.0.0.1:$port/large" 2> "$tmp/beside.log"
	echo "ended with $?" >> "$tmp/beside.log"
} &
at_end $!

flood() { # CASE PATH ERROR [LOG]
	timeout 200 python3 -IS "$raw" "$port" "$1" "$2" < /dev/null > "$tmp/said" || fail "the client failed"
	grep -qx "goaway=$3" "$tmp/said" || fail "no GOAWAY with error $3: $(sort "$tmp/said" | uniq -c)"
	equal "$(tail -n 1 "$tmp/said")" closed "what came last"
	equal "$(fetch small)" 0123456789 "what another gets"
	[ -z "${4:-}" ] || expect_log "HTTP/2 connection ended: $4"
}

half_a_head() {
	server_start half --header-timeout 1 "$tmp/www" || exit 1
	equal "$(timeout 200 python3 -IS "$raw" "$port" half_head < /dev/null)" closed
	server_stop
}

storm() { # SEED
	timeout 200 python3 -IS "$raw" "$port" storm "$1" < /dev/null || fail "the client failed"
	equal "$(fetch small)" 0123456789 "what another gets"
}

others_are_served() {
	await 200 grep -q "ended with" "$tmp/beside.log" || fail "it does not end"
	equal "$(cat "$tmp/beside.log")" "ended with 0"
	cmp "$tmp/beside" "$tmp/www/large"
}

at_rest() {
	[ "$(server_descriptors)" -le "$descriptors" ]
}

counted() {
	local metrics
	metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")
	equal "$(curl -sS "$metrics" | sed -n 's/^tlsring_limit_hits_total{limit="http2"} //p')" \
		"$(grep -cE 'ended: ([Tt]oo |nothing was taken)' "$log")" "the counter"
	logged 'ended: [Tt]oo ' $too_much
}

nothing_is_left() {
	await 60 at_rest || fail "descriptors are left: $(ls -l "/proc/$server/fd")"
	# A sanitizer keeps what was freed.
	[ -n "${TLSRING_SANITIZED:-}" ] || [ "$(anonymous)" -lt $((memory + 20000)) ] || fail "from $memory to $(anonymous) KiB"
}

fetch small > "$tmp/first"
descriptors=$(server_descriptors) memory=$(anonymous)
calm=11 too_much=12 seeds="1 2 3"
[ -z "${TLSRING_SHORT:-}" ] || too_much=11 seeds=1
test_case rapid_reset flood rapid_reset /small $calm "too many streams reset"
test_case server_made_to_reset flood made_reset /large $calm "too many streams reset"
test_case malformed_requests flood malformed /small $calm "too many streams reset"
test_case settings flood settings /small $calm "too many SETTINGS"
test_case ping flood ping /small $calm "too many PING"
test_case priority flood priority /small $calm "too many PRIORITY"
test_case window_update flood window /small $calm "too many WINDOW_UPDATE"
test_case empty_data flood empty_data /large $calm "too many empty DATA"
test_case crumbs flood crumbs /large $calm "too (small windows|many WINDOW_UPDATE)"
test_case continuation flood continuation /small $calm "Too many CONTINUATION"
test_case continuation_empty flood continuation_empty /small $calm "Too many CONTINUATION"
# Its client packs heads for as long as all others take together.
[ -n "${TLSRING_SHORT:-}" ] || test_case field_bomb flood bomb /small $calm "too many requests with too large heads"
test_case garbage flood garbage /small 6
test_case not_http2 flood no_preface /small 1
for seed in $seeds; do
	test_case "storm_$seed" storm "$seed"
done
test_case others_are_served others_are_served
test_case counted counted
test_case nothing_is_left nothing_is_left
test_case stops_cleanly server_stop
test_case half_a_head half_a_head
test_end
