#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring bench`: what it says it measured is what happened, in each of its forms of output.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/result.sh"

# As short as can be: nothing here asks how fast it is.
short=(--size 20000 --connections 2 --requests 8 --repeats 2)

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
	refuses 'from 1 to 1G' --size 0
	refuses 'from 1 to 1G' --size 2G
	refuses 'from 1 to 1G' --size 17179869185G
	refuses 'from 1 to 1G' --size 1Q
	refuses 'from 1 to' --connections 0
	refuses 'from 1 to 99' --repeats 100
	refuses 'warm or cold' --cache tepid
	refuses 'other servers' --cache cold --modes plain,nginx-user
	refuses 'idle connections' --cache cold --preset idle
	refuses 'soaks' --cache cold --preset soak
	refuses 'from 1 to 64' --threads 0
	refuses 'nothing to do with 2 --connections' --threads 3 --connections 2
	refuses 'from 0.01' --seconds 0
	refuses 'from 0.01' --seconds nan
	refuses 'from 0.01' --seconds .
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
	refuses 'from 1s to' --preset soak --duration 0
	refuses 'from 1s to' --preset soak --duration 2d
	refuses 'from 1s to' --preset soak --duration 1001h
	refuses 'for --preset soak' --duration 5
	refuses 'one mode' --preset soak --modes user-soak,plain
	refuses 'with --json only' --preset soak --csv
	refuses 'with --json only' --preset soak --html report.html
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

bench() { # FILE OPTION... : as JSON, silently and without a fault
	local file=$1
	shift
	"$tlsring" bench --json "${short[@]}" "$@" > "$tmp/$file" 2> "$tmp/err" ||
		{ cat "$tmp/err"; fail "status $? of bench $*"; }
	equal "$(cat "$tmp/err")" "" "standard error"
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
	true_of all.json 'all(0 < x["measures"]["latency_p50_us"]["min"] <= x["measures"]["latency_p99.99_us"]["max"] for x in m.values() if x["runs"])'
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
	true_of all.json '("card" in j) == (m["kernel-sendfile"]["measures"]["cpu_s_per_gib"]["median"] > m["plain"]["measures"]["cpu_s_per_gib"]["median"])'
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
	"$tlsring" bench compare "$tmp/up.json" "$tmp/both.json" > "$tmp/text"
	grep -q 'not measured alike: direction was "receive", is "both"' "$tmp/text" || fail "$(cat "$tmp/text")"
}

# One byte, an open load, as text and as CSV.
receives_little() {
	"$tlsring" bench "${short[@]}" --direction receive --modes plain,user-engine --size 1 --rate 1000 > "$tmp/text"
	grep -q '^MODE .* OPENED BY$' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'uploads of 1 bytes' "$tmp/text" || fail "$(cat "$tmp/text")"
	"$tlsring" bench "${short[@]}" --direction receive --modes user-read --csv > "$tmp/csv"
	grep -q '^user-read,gbit_per_s,.*,0.00,0.00,100.00,yes,receive,$' "$tmp/csv" || fail "$(cat "$tmp/csv")"
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

# Other servers: each seals where its mode says, and is ended with its files.
peers() {
	local all=serve-user,serve-kernel,nginx-user,nginx-kernel,nginx-full,nginx-kernel-resumed,openssl-full,openssl-resumed
	have nginx
	have openssl
	# Those that seal themselves are the same on any kernel.
	[ -z "${TLSRING_SHORT:-}" ] || all=serve-kernel,nginx-user,nginx-kernel,nginx-kernel-resumed
	bench peers.json --repeats 1 --modes $all,openssl-kernel-full,openssl-sendfile
	true_of peers.json 'all(x["possible"] and x["runs"] == 1 and x["path"]["user"] == 100 for x in m.values() if x["seal"] == "user")'
	true_of peers.json '"nginx/" in j["manifest"]["peers"]["nginx"] and j["manifest"]["peers"]["s_server"].startswith("OpenSSL ")'
	true_of peers.json 'all(x["measures"].get("cpu_s_per_gib", x["measures"].get("cpu_us_per_handshake"))["min"] > 0 for x in m.values() if x["runs"])'
	if kernel_tls; then
		true_of peers.json 'all(x["possible"] and x["path"]["as_asked"] and x["path"]["kernel"] == 100 for x in m.values() if x["seal"] == "kernel")'
	else
		true_of peers.json 'all(x["reason"] == "no-module" for x in m.values() if x["seal"] == "kernel")'
	fi
	[ -z "${TLSRING_SHORT:-}" ] || return 0
	bench peers12.json --repeats 1 --modes nginx-resumed,openssl-full --tls 1.2 --cipher chacha20
	true_of peers12.json 'all(x["path"]["user"] == 100 for x in m.values())'
	"$tlsring" bench --json --preset idle --connections 20 --repeats 1 --modes nginx-idle > "$tmp/peers0.json"
	true_of peers0.json 'm["nginx-idle"]["measures"]["memory_bytes_per_connection"]["min"] > 0'
}

# --peers adds those that can be compared with what is measured.
peers_of_a_preset() {
	have nginx
	"$tlsring" bench --json "${short[@]}" --repeats 1 --modes user-read --peers > "$tmp/some.json"
	true_of some.json 'list(m) == ["user-read", "serve-user", "serve-kernel", "nginx-user", "nginx-kernel"]'
}

peers_that_cannot() {
	mkdir -p "$tmp/none" "$tmp/fake"
	PATH=$tmp/none "$tlsring" bench --json "${short[@]}" --modes openssl-full > "$tmp/none.json"
	true_of none.json 'm["openssl-full"]["reason"] == "not-installed" and "apt-get install openssl" in m["openssl-full"]["remedy"]'
	printf '#!/bin/sh\necho the last words >&2\nexit 1\n' > "$tmp/fake/nginx"
	chmod +x "$tmp/fake/nginx"
	PATH=$tmp/fake:$PATH "$tlsring" bench "${short[@]}" --modes nginx-user > "$tmp/text" 2> "$tmp/err"
	grep -q '^nginx-user *not possible: nginx did not start' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'nginx-user: the last words' "$tmp/err" || fail "$(cat "$tmp/err")"
}

# Whoever kills bench does not leave a server, nor its folder.
peers_end() {
	have nginx
	mkdir "$tmp/peers"
	TMPDIR=$tmp/peers start forever "$tlsring" bench --modes nginx-user --seconds 1000 --repeats 1
	await 60 pgrep -f "nginx: master .* -p $tmp/peers" > /dev/null
	kill -KILL "$pid"
	await 60 rmdir "$tmp/peers" 2> /dev/null
	! pgrep -f "nginx: master .* -p $tmp/peers" || fail "nginx is left"
}

# The server in a process of its own, as on another machine.
elsewhere() {
	local status=0 listener at
	export ASAN_OPTIONS=$no_quarantine
	start listener "$tlsring" bench --listen 127.0.0.1:0
	listener=$pid
	await 30 grep -q 'listening on' "$log"
	at=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\) .*/\1/p' "$log")
	bench far.json --connect "127.0.0.1:$at" --modes plain,user-mapped,user-engine,user-resumed,kernel-mapped
	true_of far.json 'all(x["runs"] == 2 and x["path"]["as_asked"] for n, x in m.items() if n[:6] != "kernel")'
	true_of far.json 'm["plain"]["path"]["nobody"] == 100 and m["user-mapped"]["path"]["user"] == 100'
	true_of far.json 'm["kernel-mapped"]["path"]["kernel"] == 100 if m["kernel-mapped"]["possible"] else m["kernel-mapped"]["reason"]'
	bench up.json --connect "127.0.0.1:$at" --direction receive
	true_of up.json 'all(x["runs"] == 2 and x["path"]["as_asked"] for n, x in m.items() if x["possible"])'
	true_of up.json 'all(m["kernel-" + w]["path"]["kernel"] == 100 for w in ("read", "engine") if m["kernel-" + w]["possible"])'
	true_of far.json 'j["client"]["kernel"] == j["manifest"]["kernel"] and j["options"]["via"] == "127.0.0.1:'"$at"'"'
	# What is no client does no harm, and the next one is served.
	printf 'GET / HTTP/1.0\r\n\r\n' > "/dev/tcp/127.0.0.1/$at" 2> /dev/null || :
	python3 -IS - "$at" <<-'END' || fail "not every question has an answer"
		import json, socket, struct, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		f = s.makefile("rwb")
		def ask(o):
		    text = json.dumps(o).encode()
		    f.write(struct.pack("!I", len(text)) + text)
		    f.flush()
		    return json.loads(f.read(struct.unpack("!I", f.read(4))[0]))
		start = {"ask": "start", "mode": "plain", "tls": 1, "cipher": 0, "io": 0, "size": 5, "threads": 1, "cache": 0, "connections": 1}
		assert ask(start)["result"] == 0
		for key, value in (("mode", "none"), ("direction", 3), ("direction", -1), ("tls", 2), ("tls", -1), ("cipher", 3), ("io", 9), ("size", 0), ("size", 1 << 40), ("threads", 0), ("threads", 65), ("cache", 2), ("connections", 0),
		                   ("connections", 401),
		                   ("mode", 5)):
		    assert ask({**start, key: value})["result"] < 0, (key, value)
		assert ask({**start, "mode": "kernel-sendfile", "direction": 1})["result"] < 0
		# What it is sent is compared with the file.
		wrong = socket.create_connection(("127.0.0.1", ask({**start, "direction": 1})["port"]))
		wrong.sendall(b"wrong")
		assert wrong.recv(1) == b"" and ask({"ask": "report"})["result"] < 0
		for other in ({}, [], {"ask": "report"}, {"ask": "look"}, {"ask": 7}):
		    assert ask(other) == {}, other
	END
	bench again.json --connect "localhost:$at" --modes plain,user-engine,kernel-mapped --repeats 1 --threads 2
	true_of again.json 'all(x["path"]["as_asked"] for x in m.values() if x["runs"]) and j["options"]["threads"] == 2'
	status=0
	"$tlsring" bench --json "${short[@]}" --connect "127.0.0.1:$at" --modes plain,user-engine --cache cold > "$tmp/far.json" 2> "$tmp/err" || status=$?
	if [ $status = 0 ]; then
		true_of far.json 'all(x["disk"]["cold"] for x in m.values())'
	else
		grep -q 'its files stay in memory' "$log" || fail "$(cat "$tmp/err" "$log")"
	fi
	"$tlsring" bench --preset soak --modes user-soak --size 1K --connections 4 --requests 80 --connect "127.0.0.1:$at" > "$tmp/text" ||
		fail "$(tail -n 5 "$tmp/text")"
	status=0
	kill -INT "$listener"
	await 30 test -s "$log.status"
	equal "$(cat "$log.status")" 0 "status of the listener: $(cat "$log")"
	"$tlsring" bench "${short[@]}" --connect "127.0.0.1:$at" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q 'bench --listen' "$tmp/err" || fail "$(cat "$tmp/err")"
	"$tlsring" bench --listen 127.0.0.1:0 --nic lo 2> "$tmp/err" && fail "lo is said to offload TLS"
	grep -q 'doctor --nic lo' "$tmp/err" || fail "$(cat "$tmp/err")"
}

# In a network of its own: ours does not see it.
bad_network() {
	local links status=0
	have tc
	unshare -n true 2> /dev/null || skip "a network namespace is not permitted here"
	links=$(ip -o link)
	"$tlsring" bench --json "${short[@]}" --repeats 1 --modes plain,user-mapped,kernel-engine,openssl-full --loss 2 --delay 3 \
		> "$tmp/net.json" 2> "$tmp/err" || status=$?
	equal "$(ip -o link)" "$links" "links"
	if [ $status != 0 ]; then
		grep -q 'module sch_netem' "$tmp/err" || fail "$(cat "$tmp/err")"
		[ ! -s "$tmp/net.json" ] || fail "measured all the same"
		skip "this kernel has no netem"
	fi
	true_of net.json 'j["options"]["via"] == "veth" and j["options"]["loss_percent"] == 2 and "client" not in j'
	true_of net.json 'all(x["path"]["as_asked"] and x["measures"]["latency_p50_us"]["min"] >= 3000 for x in m.values() if x["possible"])'
	kernel_tls || return 0
	true_of net.json 'm["kernel-engine"]["path"]["kernel"] == 100'
}

bad_network_without_tools() {
	local status=0
	mkdir -p "$tmp/tools"
	# Where it is installed it is found without PATH, too: this is how a shell says that it is not.
	printf '#!/bin/sh\nexit 127\n' > "$tmp/tools/ip"
	chmod +x "$tmp/tools/ip"
	PATH=$tmp/tools "$tlsring" bench --loss 1 > "$tmp/out" 2> "$tmp/err" || status=$?
	[ "$status" != 127 ] && grep -q 'apt-get install iproute2\|no network namespace' "$tmp/err" || fail "$(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "$(cat "$tmp/out")"
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
	true_of open.json 'm["plain"]["measures"]["latency_p99.99_us"]["median"] > 100 * 1e6 / m["plain"]["measures"]["requests_per_s"]["median"]'
	"$tlsring" bench --modes plain --connections 1 --repeats 1 --seconds 0.05 --rate 100 > "$tmp/text"
	grep -q '^Open load: 100 requests/s' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qE '^LATENCY us +p50 +p90 +p99 +p99.9 +p99.99$' "$tmp/text" || fail "$(cat "$tmp/text")"
}

for_people() {
	"$tlsring" bench "${short[@]}" --modes plain,user-mapped > "$tmp/text"
	grep -qE '^plain .* nobody 100 %$' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qE '^user-mapped .* user 100 %$' "$tmp/text" || fail "$(cat "$tmp/text")"
	! grep -q 'WRONG' "$tmp/text"
	"$tlsring" bench "${short[@]}" --repeats 1 --modes plain,user-mapped > "$tmp/text"
	grep -q '^warning: noise is larger .* plain and user-mapped\|user-mapped and plain' "$tmp/text" ||
		fail "one repeat tells them apart: $(cat "$tmp/text")"
	grep -q '^a single round tells no difference from noise' "$tmp/text" || fail "$(cat "$tmp/text")"
}

# Who looks on sees how far it is, and nothing of that stays.
progress() {
	python3 -IS - "$tlsring" "${short[@]}" <<-'END' || fail "no progress, or it stays"
		import os, pty, re, subprocess, sys
		ours, its = pty.openpty()
		subprocess.run([sys.argv[1], "bench", *sys.argv[2:], "--modes", "plain,user-mapped"], check=True, stderr=its,
		               stdout=subprocess.DEVNULL)
		os.close(its)
		text = os.read(ours, 65536).decode()
		steps = re.findall(r"\r\x1b\[K\[(#*)(-*)\] (\d)/6 (?:trying|running) \S+", text)
		assert [int(x[2]) for x in steps] == [1, 2, 3, 4, 5, 6] and text.endswith("\r\x1b[K"), text
		assert all(len(x[0]) == (int(x[2]) - 1) * 24 // 6 and len(x[0] + x[1]) == 24 for x in steps), text
	END
}

csv() {
	"$tlsring" bench --csv "${short[@]}" --modes plain,user-read > "$tmp/csv"
	python3 -IS - "$tmp/csv" <<-'END' || fail "$(cat "$tmp/csv")"
		import csv, sys
		# Where the processor counts there are more.
		counted = ("cycles_", "instructions_", "memory_traffic_")
		rows = [r for r in csv.DictReader(open(sys.argv[1])) if not r["measure"].startswith(counted)]
		assert len(rows) == 18 and all(r["as_asked"] == "yes" and r["runs"] == "2" for r in rows)
		assert all(float(r["min"]) <= float(r["median"]) <= float(r["max"]) for r in rows)
		assert [r["sealed_by_user"] for r in rows if r["mode"] == "user-read"] == ["100.00"] * 9
	END
}

# Every number of the report stands in JSON, every median of JSON in the report, and nothing else is needed.
report() {
	have gnuplot
	bench report.json --html "$tmp/report.html" --modes plain,user-mapped,user-engine
	python3 -IS - "$tmp/report.html" "$tmp/report.json" <<-'END' || fail "the report is not what JSON is"
		import html.parser, json, re, sys
		text, j = open(sys.argv[1]).read(), json.load(open(sys.argv[2]))
		m = {x["name"]: x for x in j["modes"]}
		class Report(html.parser.HTMLParser):
		    def __init__(self):
		        super().__init__()
		        self.rows, self.cells, self.tags, self.ids, self.texts, self.of = [], None, [], [], [], {}
		    def handle_starttag(self, tag, attributes):
		        a = dict(attributes)
		        self.tags.append(tag)
		        self.ids += [a["id"]] if "id" in a else []
		        for key in ("src", "href", "xlink:href", "data", "action", "style"):
		            assert re.match(r"(#|data:,$|--seal:)", a.get(key, "#")), (tag, a)
		        if tag == "tr":
		            self.rows.append([])
		        if tag == "data":
		            self.rows[-1].append(float(a["value"]))
		            self.value = float(a["value"])
		        self.measure = a.get("data-measure", self.measure if tag == "data" else None)
		        if tag == "data" and self.measure:
		            self.of.setdefault(self.measure, []).append(self.value)
		        self.last = tag
		    measure = last = None
		    def handle_data(self, data):
		        if self.last == "data":
		            shown = float(data)
		            assert abs(shown - self.value) <= max(0.5 * 10 ** -len((data.split(".") + [""])[1]), 1e-9) * 1.001, data
		            self.last = None
		        elif data.strip():
		            self.texts.append(data.strip())
		r = Report()
		r.feed(text)
		# gnuplot 6 would clear a place for a point that is not drawn.
		assert not re.search(r"<use[^>]*white", text)
		assert r.tags.count("svg") == 4 and len(r.ids) == len(set(r.ids)), r.ids
		assert "url(" not in text.replace("url(#", "") and "@import" not in text and "<script" not in text
		def near(a, b):
		    return abs(a - b) <= 1e-8 * abs(b)
		def has(row):
		    return any(len(x) == len(row) and all(near(a, b) for a, b in zip(x, row)) for x in r.rows)
		for name, mode in m.items():
		    assert name in r.texts
		    for measure, v in mode["measures"].items():
		        assert has([v["median"], v["min"], v["max"], v["mad"]]), (name, measure)
		for measure, values in r.of.items():
		    assert len(values) == 3 and all(near(a, x["measures"][measure]["median"]) for a, x in zip(values, m.values())), measure
		# Bars are labelled with three digits that count.
		for mode in m.values():
		    for measure in ("cpu_s_per_gib", "gbit_per_s", "cpu_us_per_request"):
		        assert any(re.fullmatch(r"[0-9.]+", t) and abs(float(t) / mode["measures"][measure]["median"] - 1) < 0.006
		                   for t in r.texts), (mode["name"], measure)
	END
}

# Whose bytes came the other way.
report_of_uploads() {
	have gnuplot
	bench report.json --html "$tmp/report.html" --modes plain,user-read --direction receive
	grep -q 'uploads of 20000 bytes' "$tmp/report.html" || fail "it does not say what was measured"
	grep -q '<th>opened by</th>' "$tmp/report.html" || fail "it does not say who opened"
	! grep -qE 'sealed (by|in)' "$tmp/report.html" || fail "nothing was sealed"
}

# What the machine is called is text, whatever it looks like; nothing may run it.
in_a_browser() {
	have chromium-headless-shell
	have gnuplot
	timeout 100 chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom about:blank \
		> /dev/null 2>&1 || skip "chromium-headless-shell cannot run here"
	"$tlsring" bench "${short[@]}" --html "$tmp/page.html" --modes plain,user-mapped > /dev/null
	cat > "$tmp/frames.html" <<-'END'
		<body><script>
		function look(frame) {
			const page = frame.contentDocument.documentElement;
			const cut = [...page.querySelectorAll("svg text")].filter(text => {
				const at = text.getBoundingClientRect(), all = text.ownerSVGElement.getBoundingClientRect();
				return at.left < all.left || at.right > all.right || at.top < all.top || at.bottom > all.bottom;
			});
			document.body.append(` ${frame.width}:${page.scrollWidth <= page.clientWidth ? "fits" : "overflows"}`);
			document.body.append(` cut:${cut.map(text => text.textContent)}.`);
		}
		</script>
		<iframe src="page.html" width="340" height="900" onload="look(this)"></iframe>
		<iframe src="page.html" width="1900" height="900" onload="look(this)"></iframe>
	END
	timeout 120 chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$tmp/chromium" --enable-logging=stderr \
		--allow-file-access-from-files --dump-dom "file://$tmp/frames.html" > "$tmp/dom" 2> "$tmp/err" ||
		fail "$(tail -n 5 "$tmp/err")"
	grep -q '340:fits' "$tmp/dom" || fail "it does not fit into a narrow window: $(tail -n 3 "$tmp/dom")"
	grep -q '1900:fits' "$tmp/dom" || fail "it does not fit into a wide window"
	grep -q '1900:fits cut:\.' "$tmp/dom" || fail "what its charts say is cut off: $(tail -n 3 "$tmp/dom")"
	! grep ':CONSOLE' "$tmp/err" || fail "the browser complains"
}

no_report() {
	local status=0
	mkdir -p "$tmp/nothing"
	PATH=$tmp/nothing "$tlsring" bench "${short[@]}" --html "$tmp/none.html" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q 'install it as root: apt-get install gnuplot-nox' "$tmp/err" || fail "$(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "measured in vain: $(cat "$tmp/out")"
	have gnuplot
	status=0
	"$tlsring" bench "${short[@]}" --html "$tmp/no/folder" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q 'folder: No such file' "$tmp/err" || fail "$(cat "$tmp/err")"
}

interrupted() {
	local status=0
	timeout --preserve-status -s INT 2 "$tlsring" bench --json --modes plain --seconds 1000 --repeats 3 \
		> "$tmp/cut.json" 2> "$tmp/err" || status=$?
	equal "$status" 1
	grep -q 'interrupted after 0 of 3 rounds' "$tmp/err" || fail "$(cat "$tmp/err")"
	true_of cut.json 'j["rounds"] == 0 and m["plain"]["runs"] == 0'
	! pgrep -f -- '--modes plain --seconds 1000' || fail "a server is left"
}

# Made from a result by a factor, so that what must be said is known.
# What was measured before is printed all the same.
server_gone() {
	local status=0
	"$tlsring" bench --modes plain --seconds 1000 > "$tmp/text" 2> "$tmp/err" &
	at_end $!
	# Programs that it asks for their version are its children, too.
	while kill -0 $! 2> /dev/null; do
		pkill -KILL -x tlsring -P $! || sleep 0.1
	done
	wait $! || status=$?
	equal "$status" 1 status
	grep -q '^tlsring: plain: the server has ended, or ended a connection$' "$tmp/err" || fail "$(cat "$tmp/err")"
	grep -q '^plain *failed: the server has ended' "$tmp/text" || fail "$(cat "$tmp/text")"
}

compares() {
	python3 -IS - "$tmp" <<-'END'
		import json, sys
		at = sys.argv[1] + "/"
		j = json.load(open(at + "all.json"))
		for mode in j["modes"]:
		    for measure in mode.get("measures", {}).values():
		        measure["values"] = [100.0, 101.0, 102.0]
		json.dump(j, open(at + "before.json", "w"))
		m = {x["name"]: x for x in j["modes"]}
		m["plain"]["measures"]["cpu_s_per_gib"]["values"] = [50.0, 51.0, 52.0]
		m["user-read"]["measures"]["gbit_per_s"]["values"] = [90.0, 80.0, 81.0]
		m["user-mapped"]["measures"]["gbit_per_s"]["values"] = [99.0, 80.0, 100.5]
		m["user-engine"]["runs"] = 0
		m["user-read"]["disk"] = {"cold": False}
		j["options"]["size"] = 1
		del j["manifest"]["tlsring"]
		json.dump(j, open(at + "after.json", "w"))
	END
	"$tlsring" bench compare "$tmp/before.json" "$tmp/after.json" > "$tmp/text"
	grep -qE '^plain +cpu_s_per_gib +101 +51 +-49.5 % +better$' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qE '^user-read +gbit_per_s +101 +81 +-19.8 % +WORSE$' "$tmp/text" || fail "$(cat "$tmp/text")"
	! grep -q '^user-mapped' "$tmp/text" || fail "noise is told as a change"
	grep -q '^user-engine *measured only before' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^warning: NOT COLD: in the file after not all that user-read sent' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'not measured alike: size was 20000, is 1' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'not measured alike: tlsring was "[0-9.]*", is not there' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^2 measures changed by more than noise' "$tmp/text" || fail "$(cat "$tmp/text")"
	"$tlsring" bench compare "$tmp/before.json" "$tmp/before.json" > "$tmp/text"
	! grep -q 'not measured alike' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^0 measures changed' "$tmp/text" || fail "$(cat "$tmp/text")"
}

compares_only_results() {
	local status=0 wrong
	echo '{"tlsring_bench": 2}' > "$tmp/other.json"
	echo 'no json' > "$tmp/text.json"
	for wrong in other text missing; do
		status=0
		"$tlsring" bench compare "$tmp/all.json" "$tmp/$wrong.json" > "$tmp/out" 2> "$tmp/err" || status=$?
		equal "$status" 1 "status with $wrong.json"
		grep -q "$wrong.json: .*tlsring bench --json" "$tmp/err" || fail "$(cat "$tmp/err")"
		[ ! -s "$tmp/out" ] || fail "$(cat "$tmp/out")"
	done
}

for name in every_mode figures kernel_modes receives both_ways without_privilege handshakes peers elsewhere \
	bad_network engine_on_epoll threads cold sizes; do
	test_case $name $name
done
# No kernel changes the others.
for name in $(in_full bad_usage idle receives_little versions_and_ciphers peers_of_a_preset peers_that_cannot peers_end \
	bad_network_without_tools cold_refused by_time open_load for_people progress csv report report_of_uploads \
	in_a_browser no_report interrupted server_gone compares compares_only_results); do
	test_case $name $name
done
test_end
