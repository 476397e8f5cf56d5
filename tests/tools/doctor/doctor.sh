#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The findings of `tlsring doctor` are well-formed and agree with other sources.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../../json.sh"
json_begin 'j = json.loads(text); f = {x["name"]: x for x in j["findings"]}'
tlsring=$TLSRING_BUILD/tlsring

run() { # FILE OPTION...: sets $status
	local file=$1
	shift
	status=0
	"$tlsring" doctor "$@" > "$tmp/$file" || status=$?
}

true_of() { # EXPRESSION: j is the whole, f the findings by name
	json_true "$tmp/json" "$1"
}

well_formed() {
	run json --json
	python3 -IS -m json.tool "$tmp/json" > /dev/null
	true_of 'len(f) == len(j["findings"]) > 10'
	true_of 'all(set(x) == {"area", "name", "state", "text", "remedy"} for x in f.values())'
	true_of 'all(x["state"] in ("good", "missing", "broken") for x in f.values())'
	true_of 'all(x["text"] and x["area"] for x in f.values())'
	true_of 'all(bool(x["remedy"]) == (x["state"] != "good") for x in f.values())'
	true_of 'all(j["summary"][s] == sum(x["state"] == s for x in f.values()) for s in ("good", "missing", "broken"))'
	true_of 'j["summary"]["io_uring"] == (f["uring.setup"]["state"] == "good")'
	true_of 'j["costs"]["user_ns"] > 0 and (j["costs"]["kernel_ns"] > 0) == j["summary"]["kernel_tls"]'
}

status_tells() {
	run json --json
	true_of "(j['summary']['kernel_tls'] and j['summary']['io_uring']) == ($status == 0)"
	[ "$status" -le 1 ] || fail "status $status"
}

# Setting the TLS ULP on a connected socket asks the kernel directly.
agrees_with_the_kernel() {
	local ulp=False
	python3 -IS - <<-'END' && ulp=True
		import socket, sys
		server = socket.create_server(("127.0.0.1", 0))
		client = socket.create_connection(server.getsockname())
		try:
		    client.setsockopt(socket.IPPROTO_TCP, 31, b"tls")
		except OSError as error:
		    sys.exit(str(error))
	END
	run json --json
	true_of "(f['ktls.module']['state'] == 'good') == $ulp"
	true_of "(f['uring.setup']['state'] == 'good') or open('/proc/sys/kernel/io_uring_disabled').read() != '0\n'"
	true_of "'$(openssl version | cut -d' ' -f1-2)' in f['openssl.version']['text']"
}

for_people() {
	run text
	run json --json
	grep -q '^kernel TLS$' "$tmp/text"
	grep -q '^io_uring$' "$tmp/text"
	grep -q "io_uring: usable\|io_uring: not usable" "$tmp/text"
	! grep -q "$(printf '\033')" "$tmp/text" || fail "colour in a file"
	true_of "sum(l.startswith('  good') for l in open('$tmp/text')) == j['summary']['good']"
	# Each fault has a remedy.
	true_of "open('$tmp/text').read().count(' -> ') == j['summary']['missing'] + j['summary']['broken']"
}

wrong_calls() {
	local status
	status=0
	"$tlsring" doctor --nonsense 2> "$tmp/err" || status=$?
	equal "$status" 2
	status=0
	"$tlsring" doctor argument 2> "$tmp/err" || status=$?
	equal "$status" 2
	status=0
	"$tlsring" doctor > /dev/full 2> "$tmp/err" || status=$?
	equal "$status" 1
	grep -q 'cannot write' "$tmp/err"
	"$tlsring" doctor --help | grep -q -- --json
}

# The probes are counted in a network namespace of their own.
leaves_no_trace() {
	[ -r /proc/net/tls_stat ] || skip "no kernel TLS here"
	[ "$(id -u)" = 0 ] && unshare -n true 2> /dev/null || skip "a network namespace is not permitted here"
	cat /proc/net/tls_stat > "$tmp/before"
	run json --json
	run text
	"$tlsring" doctor --nic lo > /dev/null || true
	diff "$tmp/before" /proc/net/tls_stat || fail "its probes are counted"
	true_of 'j["summary"]["kernel_tls"]'
}

nothing_to_fix() {
	local status=0
	"$tlsring" doctor --nic lo --fix > "$tmp/text" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q '^tlsring: lo: nothing can be switched on: driver .*sealed by the CPU' "$tmp/err" || fail "$(cat "$tmp/err")"
	[ ! -e /run/tlsring/nic-lo.fixed ] || fail "something is noted"
}

for name in well_formed status_tells agrees_with_the_kernel for_people wrong_calls leaves_no_trace nothing_to_fix; do
	test_case $name $name
done
test_end
