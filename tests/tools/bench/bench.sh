#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring bench`: what it says it measured is what happened.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/result.sh"

refuses() { # WORD REST... : status 2, and what to do
	local word=$1 status=0
	shift
	"$tlsring" bench "$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 2 "status of bench $*"
	grep -q -- "$word" "$tmp/err" || fail "bench $* does not name $word: $(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "bench $* measures all the same"
}

bad_usage() {
	refuses 'quick, fileserver, requests, handshake, offload, idle or soak' --preset swift
	refuses '1.2 or 1.3' --tls 1.1
	refuses 'aes128, aes256 or chacha20' --cipher des
	refuses 'kernel-engine' --modes kernel-engine,nothing
	refuses 'leave out --direction' --direction receive --cache cold
	refuses 'from 1 B to 1.0 GiB' --size 0
	refuses 'from 1 B to 1.0 GiB' --size 2G
	refuses 'from 1 B to 1.0 GiB' --size 17179869185G
	refuses 'from 1 B to 1.0 GiB' --size 1Q
	refuses 'from 1 to' --connections 0
	refuses 'from 1 to 99' --repeats 100
	refuses 'warm or cold' --cache tepid
	refuses 'other servers' --cache cold --modes plain,nginx-user
	refuses 'idle connections' --cache cold --preset idle
	refuses 'soaks' --cache cold --preset soak
	refuses 'from 1 to 64' --threads 0
	refuses 'nothing to do with 2 --connections' --threads 3 --connections 2
	refuses 'nothing to do with 2 --connections' --client-threads 3 --connections 2
	refuses 'one client thread' --preset soak --client-threads 2
	refuses 'from 1 to 100000' --connections 100001
	refuses 'from 0.01 to 3600' --seconds 0
	refuses 'from 0.01 to 3600' --seconds nan
	refuses 'from 0.01 to 3600' --seconds .
	refuses 'auto, uring or epoll' --io aio
	refuses 'send, receive or both' --direction up
	refuses 'kernel-sendfile only sends' --direction receive --modes plain,kernel-sendfile
	refuses 'nginx-user only sends' --direction both --modes nginx-user
	refuses 'plain-new only sends' --preset handshake --direction receive
	refuses 'kernel-soak only sends' --preset soak --direction receive
	refuses 'other servers only send' --peers --direction receive
	refuses 'what the server sends' --loss 1 --direction receive
	refuses 'from 1 to' --rate 0
	refuses 'from 1 to' --rate fast
	refuses 'from 1 to 3600000 seconds' --preset soak --duration 0
	refuses 'from 1 to 3600000 seconds' --preset soak --duration 42d
	refuses 'from 1 to 3600000 seconds' --preset soak --duration 2w
	refuses 'for --preset soak' --duration 5
	refuses 'one mode' --preset soak --modes user-soak,plain
	refuses 'compare BEFORE' nothing
	refuses 'two files' compare one
	refuses 'two ends' --listen 127.0.0.1:0 --connect 127.0.0.1:1
	refuses 'for the end that has --listen' --nic eth0
	refuses 'ADDR:PORT' --listen nowhere
	refuses 'from 0.001 to 50' --loss 51
	refuses 'from 0.001 to 10000' --delay -1
	refuses 'server beside the client' --loss 1 --connect 127.0.0.1:1
	refuses '--help' --nonsense
}

every_mode() {
	bench all.json
	true_of all.json 'len(m) == 8 and j["tlsring_bench"] == 1 and j["rounds"] == 2'
	true_of all.json 'j["options"]["size"] == 20000 and j["options"]["requests"] == 8 and j["options"]["tls"] == "1.3"'
	true_of all.json 'all(x["possible"] and x["runs"] == 2 and x["path"]["as_asked"] for n, x in m.items() if n[:6] != "kernel")'
	true_of all.json 'm["plain"]["path"]["nobody"] == 100'
	true_of all.json 'all(m["user-" + w]["path"]["user"] == 100 for w in ("read", "mapped", "engine"))'
}

# Figures that must be consistent with one another, however fast this machine is.
figures() {
	true_of all.json 'all(len(v["values"]) == 2 and v["min"] <= v["median"] <= v["max"] for x in m.values() if x["runs"] for v in x["measures"].values())'
	true_of all.json 'all(0 < x["measures"]["latency_p50_us"]["min"] <= x["measures"]["latency_max_us"]["max"] for x in m.values() if x["runs"])'
	true_of all.json 'all(x["latency"]["samples"] == 16 == x["samples"] and "p90_us" not in x["latency"] for x in m.values() if x["runs"])'
	true_of all.json 'all(abs(x["latency"]["max_us"] / x["measures"]["latency_max_us"]["max"] - 1) < 2e-3 for x in m.values() if x["runs"])'
	true_of all.json 'all(0 < x["limit"]["client_busy_percent"] and x["limit"]["by"] in ("server", "client", "turns", "other") for x in m.values() if x["runs"])'
	true_of all.json 'all(abs(x["measures"]["gbit_per_s"]["values"][0] / x["measures"]["requests_per_s"]["values"][0] / (8 * 20000e-9) - 1) < 1e-3 for x in m.values() if x["runs"])'
	true_of all.json 'all(abs(x["measures"]["cpu_s_per_gib"]["values"][0] / x["measures"]["cpu_us_per_request"]["values"][0] / (2**30 / 20000 / 1e6) - 1) < 1e-3 for x in m.values() if x["runs"])'
	true_of all.json 'all(("cycles_per_byte" in x["measures"]) == (j["manifest"]["processor"]["perf_events"] == "counted") for x in m.values() if x["runs"])'
	true_of all.json '"CONFIG_TLS" in (j["manifest"]["kernel"]["options"] or ["CONFIG_TLS"]) and {"aes_gcm", "tcp_wmem"} & set(j["manifest"]["kernel"]) and 0 <= j["noise"]["others_percent"] <= 100'
	true_of all.json 'j["manifest"]["kernel"]["release"] == "'"$(uname -r)"'" and j["manifest"]["kernel"]["mitigations"] and j["manifest"]["engine"] in ("uring", "epoll")'
}

kernel_modes() {
	if kernel_tls; then
		in_the_kernel
	else
		not_possible
	fi
}

in_the_kernel() {
	local before after
	true_of all.json '("card" in j) == (m["kernel-sendfile"]["measures"]["cpu_s_per_gib"]["min"] > m["plain"]["measures"]["cpu_s_per_gib"]["max"])'
	true_of all.json '"card" not in j or j["card"]["least_cpu_s_per_gib"] == m["plain"]["measures"]["cpu_s_per_gib"]["median"] and abs(j["card"]["most_cpu_s_per_gib"] - max(j["card"]["least_cpu_s_per_gib"], m["kernel-sendfile"]["measures"]["cpu_s_per_gib"]["median"] - j["manifest"]["passes"]["aes128_s_per_gib"])) < 1e-6'
	before=$(counter TlsTxSw)
	true_of all.json 'all(m["kernel-" + w]["path"]["kernel"] == 100 and m["kernel-" + w]["path"]["as_asked"] for w in ("read", "mapped", "sendfile", "engine"))'
	bench one.json --modes kernel-mapped --repeats 1 --tls 1.2 --cipher aes256
	after=$(counter TlsTxSw)
	true_of one.json 'len(m) == 1 and m["kernel-mapped"]["path"]["kernel"] == 100 and m["kernel-mapped"]["path"]["proof"] == "sockets"'
	# A try, and two connections.
	[ $((after - before)) -ge 3 ] || fail "only $((after - before)) times did the kernel get a key"
}

not_possible() {
	true_of all.json 'all(not m["kernel-" + w]["possible"] and m["kernel-" + w]["reason"] == "no-module" and m["kernel-" + w]["remedy"] and m["kernel-" + w]["runs"] == 0 for w in ("read", "mapped", "sendfile", "engine"))'
	"$tlsring" bench "${short[@]}" --modes kernel-engine > "$tmp/text"
	grep -q '^kernel-engine *not possible: .*modprobe tls' "$tmp/text" || fail "not told why: $(cat "$tmp/text")"
	"$tlsring" bench "${short[@]}" --modes kernel-read,kernel-engine > "$tmp/text"
	grep -qx 'kernel-engine *not possible, for the same reason as kernel-read' "$tmp/text" || fail "$(cat "$tmp/text")"
}

# The other way it is who opens the records that counts, and by what was received.
receives() {
	local before
	kernel_tls && before=$(counter TlsRxSw)
	bench up.json --direction receive
	true_of up.json 'j["options"]["direction"] == "receive" and set(m) == {"plain", "user-read", "user-engine", "kernel-read", "kernel-engine"}'
	true_of up.json 'all(x["path"]["as_asked"] and x["path"]["proof"] == "sockets" for x in m.values() if x["possible"])'
	true_of up.json 'm["plain"]["path"]["nobody"] == 100 and all(m["user-" + w]["path"]["user"] == 100 for w in ("read", "engine"))'
	true_of up.json 'all(abs(x["measures"]["gbit_per_s"]["values"][0] / x["measures"]["requests_per_s"]["values"][0] / (8 * 20000e-9) - 1) < 1e-3 for x in m.values() if x["runs"])'
	if kernel_tls; then
		true_of up.json 'all(m["kernel-" + w]["path"]["kernel"] == 100 and m["kernel-" + w]["runs"] == 2 for w in ("read", "engine"))'
		# Of each mode a try, and two rounds of two connections.
		[ $(($(counter TlsRxSw) - before)) -ge 10 ] || fail "only $(($(counter TlsRxSw) - before)) times did the kernel get a key"
	else
		true_of up.json 'all(m["kernel-" + w]["reason"] == "no-module" for w in ("read", "engine"))'
	fi
}

both_ways() {
	bench both.json --direction both --modes plain,user-read,user-engine,kernel-read,kernel-engine --size 300K --tls 1.2
	true_of both.json 'j["options"]["direction"] == "both" and all(x["path"]["as_asked"] for x in m.values() if x["possible"])'
	true_of both.json 'all(m[n]["path"][w] == 100 for n, w in (("plain", "nobody"), ("user-read", "user"), ("user-engine", "user")))'
	true_of both.json 'all(m["kernel-" + w]["path"]["kernel"] == 100 for w in ("read", "engine") if m["kernel-" + w]["possible"])'
	true_of both.json 'all(abs(x["measures"]["gbit_per_s"]["values"][0] / x["measures"]["requests_per_s"]["values"][0] / (16 * 307200e-9) - 1) < 1e-3 for x in m.values() if x["runs"])'
	"$tlsring" bench compare "$tmp/up.json" "$tmp/both.json" > "$tmp/text" || : # it may be worse
	grep -q 'not measured alike: direction was "receive", is "both"' "$tmp/text" || fail "$(cat "$tmp/text")"
}

# One byte, an open load, as text and as CSV.
receives_little() {
	"$tlsring" bench "${short[@]}" --direction receive --modes plain,user-engine --size 1 --rate 1000 > "$tmp/text"
	grep -q '^MODE .* OPENED BY$' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'uploads of 1 bytes' "$tmp/text" || fail "$(cat "$tmp/text")"
	"$tlsring" bench "${short[@]}" --direction receive --modes user-read --csv > "$tmp/csv"
	grep -q '^user-read,gbit_per_s,.*,0.00,0.00,100.00,yes,receive,,yes,0,0,0,0,0,16,1.3,aes128,20000,2,1,0,' "$tmp/csv" || fail "$(cat "$tmp/csv")"
}

# Only the sockets of its own server may count, and they may not be shown to everybody.
without_privilege() {
	kernel_tls || skip "no kernel TLS here"
	setpriv --bounding-set -net_admin --inh-caps -net_admin -- "$tlsring" bench --json "${short[@]}" \
		--modes plain,user-engine,kernel-mapped > "$tmp/bare.json"
	setpriv --bounding-set -net_admin --inh-caps -net_admin -- "$tlsring" bench --json "${short[@]}" --repeats 1 \
		--modes user-engine,kernel-read --direction both > "$tmp/both.json"
	true_of both.json 'all(x["path"]["as_asked"] for x in m.values()) and m["kernel-read"]["path"]["kernel"] == 100'
	true_of bare.json 'all(x["path"]["as_asked"] for x in m.values()) and m["kernel-mapped"]["path"]["kernel"] == 100'
}

versions_and_ciphers() {
	local version cipher
	for version in 1.2 1.3; do
		for cipher in aes128 aes256 chacha20; do
			bench each.json --repeats 1 --modes user-read,user-engine --tls $version --cipher $cipher
			true_of each.json "all(x['path']['user'] == 100 for x in m.values()) and j['options']['cipher'] == '$cipher'"
		done
	done
}

# Each request has a connection of its own, and resumed means that every handshake was: bench fails if not.
handshakes() {
	local version
	for version in 1.3 1.2; do
		"$tlsring" bench --json --preset handshake --requests 6 --connections 3 --repeats 1 --tls $version > "$tmp/shake.json"
		true_of shake.json 'len(m) == 7 and all(x["path"]["as_asked"] for x in m.values() if x["possible"])'
		true_of shake.json 'all(x["possible"] for n, x in m.items() if n[:6] != "kernel")'
		true_of shake.json 'all({"handshakes_per_s", "cpu_us_per_handshake", "handshake_p50_us"} <= set(x["measures"]) and "gbit_per_s" not in x["measures"] for x in m.values() if x["runs"])'
		true_of shake.json 'all(v["handshake_p50_us"]["values"][0] <= v["latency_p50_us"]["values"][0] for v in (x["measures"] for x in m.values() if x["runs"]))'
		true_of shake.json 'all(("installs_per_s" in x["measures"]) == (n[:6] == "kernel") for n, x in m.items() if x["runs"])'
		kernel_tls || continue
		true_of shake.json 'all(m["kernel-" + w]["path"]["kernel"] == 100 and m["kernel-" + w]["runs"] == 1 for w in ("full", "resumed"))'
		true_of shake.json 'all(0 < m["kernel-" + w]["measures"]["install_p50_ns"]["median"] <= m["kernel-" + w]["measures"]["install_p99_ns"]["median"] and m["kernel-" + w]["measures"]["installs_per_s"]["median"] > 0 for w in ("full", "resumed"))'
	done
	"$tlsring" bench --preset handshake --requests 6 --connections 3 --repeats 1 --modes user-full,user-mapped > "$tmp/text"
	[ "$(grep -c '^MODE' "$tmp/text")" = 2 ] || fail "no table for each kind: $(cat "$tmp/text")"
}

# What OpenSSL keeps for a connection is there to be seen, and there is nothing else to measure.
idle() {
	"$tlsring" bench --json --preset idle --connections 20 --repeats 2 --html "$tmp/idle.html" > "$tmp/idle.json" 2> "$tmp/err" ||
		{ grep -q gnuplot "$tmp/err" && skip "there is no gnuplot here"; fail "$(cat "$tmp/err")"; }
	true_of idle.json 'len(m) == 4 and all(list(x["measures"]) == ["memory_bytes_per_connection"] for x in m.values() if x["runs"])'
	true_of idle.json 'all(x["path"]["as_asked"] and x["runs"] == 2 for x in m.values() if x["possible"])'
	true_of idle.json 'm["plain-idle"]["measures"]["memory_bytes_per_connection"]["max"] < 10000 < m["user-idle"]["measures"]["memory_bytes_per_connection"]["min"]'
	grep -q 'Bytes per idle connection' "$tmp/idle.html" || fail "the report lacks it"
	! grep -q 'Closed load' "$tmp/idle.html" || fail "a load is told"
	"$tlsring" bench --preset idle --connections 8 --repeats 1 --modes plain-idle > "$tmp/text"
	! grep -q 'Closed load' "$tmp/text" || fail "a load is told: $(cat "$tmp/text")"
}

engine_on_epoll() {
	bench epoll.json --modes user-engine,kernel-engine --io epoll
	true_of epoll.json 'j["manifest"]["engine"] == "epoll" and m["user-engine"]["path"]["user"] == 100'
	true_of epoll.json 'm["kernel-engine"]["possible"] == False or m["kernel-engine"]["path"]["kernel"] == 100'
}

# A process with as many, each of which listens by itself; and all of what they send is counted.
threads() {
	bench threads.json --threads 3 --connections 4 --repeats 1 --modes plain,user-mapped,user-engine,user-resumed,kernel-mapped,kernel-engine,kernel-full
	true_of threads.json 'j["options"]["threads"] == 3 and all(x["path"]["as_asked"] and x["runs"] == 1 for x in m.values() if x["possible"])'
	true_of threads.json 'all(m["user-" + w]["path"]["user"] == 100 for w in ("mapped", "engine", "resumed"))'
	"$tlsring" bench "${short[@]}" --repeats 1 --modes plain --threads 2 > "$tmp/text"
	grep -q '; 2 threads serve; median' "$tmp/text" || fail "$(cat "$tmp/text")"
	"$tlsring" bench --modes user-mapped --threads 3 --seconds 1000 > "$tmp/text" 2> "$tmp/err" &
	at_end $!
	await 60 server_has 3 $!
	kill -TERM $!
	wait $! || :
}

# The load of a run is that of all client threads, and their bytes are in the proof.
client_threads() {
	bench clients.json --client-threads 3 --connections 7 --requests 30 --threads 2 --modes plain,user-mapped,user-engine,user-resumed,kernel-engine
	true_of clients.json 'j["options"]["client_threads"] == 3 and all(x["path"]["as_asked"] and x["runs"] == 2 and x["samples"] == 60 for x in m.values() if x["possible"])'
	"$tlsring" bench --json --client-threads 2 --connections 4 --modes plain --rate 100 --requests 20 --repeats 1 > "$tmp/rate.json"
	true_of rate.json 'm["plain"]["samples"] == 20 and m["plain"]["measures"]["requests_per_s"]["median"] < 130'
	"$tlsring" bench --json --preset idle --client-threads 3 --connections 20 --repeats 1 --modes plain-idle > "$tmp/idle3.json"
	true_of idle3.json 'm["plain-idle"]["runs"] == 1 and m["plain-idle"]["path"]["as_asked"]'
}

# More than a process may usually have open.
many_connections() {
	[ "$(ulimit -Hn)" -ge 1700 ] || skip "no process may have so many descriptors here"
	(ulimit -Sn 1024 && "$tlsring" bench --json --preset idle --connections 1500 --client-threads 2 --repeats 1 --modes plain-idle > "$tmp/many.json")
	true_of many.json 'm["plain-idle"]["runs"] == 1 and m["plain-idle"]["path"]["as_asked"]'
	(ulimit -n 500 && "$tlsring" bench --connections 600 --modes plain > "$tmp/text" 2> "$tmp/err") && [ "$(id -u)" != 0 ] && fail "it measures with too few descriptors"
	return 0
}

# What was sent came from a disk, each time; and where it cannot, that is said before anything is measured.
cold() {
	local all=plain,user-read,user-mapped,user-engine,user-resumed,kernel-mapped,kernel-sendfile,kernel-engine status=0
	TMPDIR=$TLSRING_BUILD "$tlsring" bench --json "${short[@]}" --cache cold --modes "$all" \
		> "$tmp/cold.json" 2> "$tmp/err" || status=$?
	! grep -q 'its files stay in memory' "$tmp/err" || skip "no file system on a disk here"
	equal "$status" 0 "status ($(cat "$tmp/err"))"
	true_of cold.json 'j["options"]["cache"] == "cold" and all(x["path"]["as_asked"] and x["disk"]["cold"] and x["disk"]["percent"] >= 99 for x in m.values() if x["possible"])'
	TMPDIR=$TLSRING_BUILD "$tlsring" bench "${short[@]}" --cache cold --threads 2 --modes plain,user-engine > "$tmp/text"
	grep -qE '^user-engine .* user 100 %; from disk [0-9]+ %$' "$tmp/text" || fail "$(cat "$tmp/text")"
	[ "$(grep -c 'from disk' "$tmp/text")" = 2 ] || fail "$(cat "$tmp/text")"
	true_of all.json 'j["options"]["cache"] == "warm" and all("disk" not in x for x in m.values())'
}

cold_refused() {
	local status=0
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "/dev/shm is no tmpfs here"
	TMPDIR=/dev/shm "$tlsring" bench "${short[@]}" --cache cold > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q '/dev/shm: its files stay in memory.*set TMPDIR' "$tmp/err" || fail "$(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "measured all the same: $(cat "$tmp/out")"
}

server_has() { # THREADS PID: of bench
	local server
	server=$(pgrep -x tlsring -P "$2") && [ "$(find "/proc/$server/task" -mindepth 1 -maxdepth 1 | wc -l)" = "$1" ]
}

# More than a record, a window, and what one send may take; and the smallest there is.
sizes() {
	bench large.json --size 3M --connections 1 --requests 1 --repeats 1
	true_of large.json 'all(x["path"]["as_asked"] for x in m.values() if x["possible"])'
	bench small.json --size 1 --requests 50 --repeats 1
	true_of small.json 'all(x["path"]["as_asked"] for x in m.values() if x["possible"])'
}

by_time() {
	"$tlsring" bench --json --preset requests --modes plain,user-mapped --seconds .05 --repeats 1 > "$tmp/time.json"
	true_of time.json 'j["options"]["connections"] == 64 and j["options"]["seconds"] == 0.05 and m["plain"]["runs"] == 1'
}

# However fast the server is, 30 requests at 100 a second take 0.29 seconds; what is late stays counted.
open_load() {
	true_of all.json 'j["options"]["load"] == "closed" and all(x["runs_behind"] == 0 for x in m.values() if x["runs"])'
	"$tlsring" bench --json --modes plain,user-mapped,user-engine,user-full --size 1000 --connections 3 --repeats 1 \
		--requests 30 --rate 100 > "$tmp/open.json"
	true_of open.json 'j["options"]["load"] == "open" and j["options"]["rate"] == 100'
	true_of open.json 'all(x["measures"][k]["values"][0] <= 30 / 0.29 for x in m.values() for k in ("requests_per_s", "handshakes_per_s") if k in x["measures"])'
	# More than anybody can do, on one connection: who is asked last has waited for all the others.
	"$tlsring" bench --json --modes plain --size 1M --connections 1 --repeats 1 --requests 400 --rate 10000000 > "$tmp/open.json"
	true_of open.json 'm["plain"]["latency"]["max_us"] > 100 * 1e6 / m["plain"]["measures"]["requests_per_s"]["median"]'
	"$tlsring" bench --modes plain --connections 1 --repeats 1 --seconds 0.05 --rate 100 > "$tmp/text"
	grep -q '^Open load: 100 requests/s' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qE '^LATENCY us +SAMPLES +p50 +p90 +p99 +p99.9 +p99.99 +max$' "$tmp/text" || fail "$(cat "$tmp/text")"
}

# What was measured before is printed all the same.
interrupted() {
	local status=0
	"$tlsring" bench --json --modes plain --seconds 1000 --repeats 3 > "$tmp/cut.json" 2> "$tmp/err" &
	at_end $!
	# A try ends soon, the first run does not.
	await 60 runs_for_long $!
	kill -INT $!
	wait $! || status=$?
	equal "$status" 1 status
	grep -q 'interrupted after 0 of 3 rounds' "$tmp/err" || fail "$(cat "$tmp/err")"
	true_of cut.json 'j["rounds"] == 0 and m["plain"]["runs"] == 0'
	await 10 none_left || fail "a server is left"
}

none_left() {
	! pgrep -f -- '--modes plain --seconds 1000 --repeats 3' > /dev/null
}

# The same server is there after half a second.
runs_for_long() { # PID of bench
	local first
	first=$(server_of "$1")
	[ -n "$first" ] || return 1
	sleep 0.5
	[ "$(server_of "$1")" = "$first" ]
}

server_of() { # PID: of bench. A server ignores SIGINT; the tracer of LeakSanitizer, a child of the same name, does not.
	local child
	for child in $(pgrep -x tlsring -P "$1"); do
		[ $((0x$(awk '/^SigIgn/ { print $2 }' "/proc/$child/status") & 2)) = 0 ] || echo "$child"
	done
}

server_gone() {
	local status=0 server
	"$tlsring" bench --modes plain --seconds 1000 > "$tmp/text" 2> "$tmp/err" &
	at_end $!
	while kill -0 $! 2> /dev/null; do
		server=$(server_of $! 2> /dev/null)
		[ -n "$server" ] && kill -KILL "$server" || sleep 0.1
	done
	wait $! || status=$?
	equal "$status" 1 status
	grep -q '^tlsring: plain: the server has ended, or ended a connection$' "$tmp/err" || fail "$(cat "$tmp/err")"
	grep -q '^plain *failed: the server has ended' "$tmp/text" || fail "$(cat "$tmp/text")"
}

for name in every_mode figures kernel_modes receives both_ways without_privilege handshakes engine_on_epoll threads client_threads cold sizes; do
	test_case $name $name
done
# No kernel changes the others.
for name in $(in_full bad_usage idle receives_little versions_and_ciphers cold_refused by_time open_load many_connections interrupted \
	server_gone); do
	test_case $name $name
done
test_end
