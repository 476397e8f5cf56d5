#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring bench` with other servers, servers elsewhere, and a bad network.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/result.sh"

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
		                   ("connections", 100001),
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

listens() { # OPTION...: sets $listener and $at
	start listener "$tlsring" bench --listen 127.0.0.1:0 "$@"
	listener=$pid
	await 30 grep -q 'listening on' "$log"
	at=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\) .*/\1/p' "$log")
}

listener_ends() {
	kill -INT "$listener"
	await 5 test -s "$log.status" || fail "it does not end: $(cat "$log")"
	equal "$(cat "$log.status")" 0 "status of the listener: $(cat "$log")"
}

# One byte of a message keeps nothing waiting: signals are heard.
half_a_message() {
	local listener at
	listens
	exec {half}<> "/dev/tcp/127.0.0.1/$at"
	printf 'x' >&"$half"
	sleep 0.3
	listener_ends
	exec {half}>&-
}

with_token() { # STATUS FILE
	local status=0
	"$tlsring" bench --json "${short[@]}" --repeats 1 --modes plain --connect "127.0.0.1:$at" ${2:+--token "$2"} \
		> "$tmp/token.json" 2> "$tmp/err" || status=$?
	equal "$status" "$1" "status with ${2:-no token}: $(cat "$tmp/err")"
}

# Without the secret nothing is done, whatever is asked.
secrets() {
	local listener at
	echo right > "$tmp/right"
	echo wrong > "$tmp/wrong"
	: > "$tmp/nothing"
	listens --token "$tmp/right"
	with_token 0 "$tmp/right"
	with_token 1 "$tmp/wrong"
	with_token 1
	grep -q -- '--token' "$tmp/err" || fail "$(cat "$tmp/err")"
	with_token 1 "$tmp/nothing"
	python3 -IS - "$at" <<-'END' || fail "it answers a stranger"
		import json, socket, struct, sys
		def asked(*questions):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    f = s.makefile("rwb")
		    for q in questions:
		        text = json.dumps(q).encode()
		        f.write(struct.pack("!I", len(text)) + text)
		    f.flush()
		    size = f.read(4)
		    return json.loads(f.read(struct.unpack("!I", size)[0])) if size else None
		nonce = asked({"ask": "hello"})["nonce"]
		assert len(nonce) == 64 and asked({"ask": "hello"})["nonce"] != nonce
		for proof in (None, "", nonce, 5, "0" * 64):
		    assert asked({"ask": "manifest", "proof": proof}) is None, proof
	END
	grep -q 'did not have the secret' "$log" || fail "$(cat "$log")"
	with_token 0 "$tmp/right"
	listener_ends
	listens
	with_token 0 "$tmp/right"
	listener_ends
}

addresses() {
	local listener at
	listens --allow 192.0.2.1,127.0.0.0/8
	with_token 0
	listener_ends
	listens --allow 192.0.2.1,::1,126.0.0.0/8
	with_token 1
	grep -q '127.0.0.1:[0-9]* is not in the list' "$log" || fail "$(cat "$log")"
	listener_ends
}

# An agent that lies, or is none: the client says so, and prints nothing that a terminal obeys.
strange_agents() {
	cat > "$tmp/agent.py" <<-'END'
		import json, socket, struct, sys
		version, answers = sys.argv[1], json.loads(sys.argv[2])
		l = socket.create_server(("127.0.0.1", 0))
		print(l.getsockname()[1], flush=True)
		f = l.accept()[0].makefile("rwb")
		def receive():
		    size = f.read(4)
		    return json.loads(f.read(struct.unpack("!I", size)[0])) if size else None
		while (q := receive()) is not None:
		    a = answers.get(q["ask"], {})
		    if q["ask"] == "manifest" and a == {}:
		        a = {"tlsring": version}
		    text = json.dumps(a).encode()
		    f.write(struct.pack("!I", len(text)) + text)
		    f.flush()
	END
	local answers status version
	version=$("$tlsring" --version | sed -n 's/^tlsring \([0-9.]*\).*/\1/p')
	for answers in '{"manifest": {"tlsring": "\u001b[31m9\u009b1m"}}' '{"manifest": [1]}' '{"manifest": {"tlsring": 5}}' \
		'{"start": {"result": "no", "port": []}}' '{"start": {"result": 0, "port": 1}, "report": []}' \
		'{"start": {"result": 0, "port": 1}, "report": {"result": 0, "cpu": 1, "memory": 1, "installs": [0, 0, 0, 0], "paths": [0, 1, 0, 0], "why": 9999, "lack": 2, "disk": 0, "counted": 7, "health": {"memory": 1, "descriptors": 1, "slab": 1, "rekeys": false, "counters": "x"}}, "look": "x"}'; do
		python3 -IS "$tmp/agent.py" "$version" "$answers" > "$tmp/agent.port" &
		at_end $!
		await 10 test -s "$tmp/agent.port"
		status=0
		"$tlsring" bench "${short[@]}" --modes kernel-engine,plain --connect "127.0.0.1:$(cat "$tmp/agent.port")" \
			> "$tmp/text" 2> "$tmp/err" || status=$?
		[ "$status" -le 1 ] || fail "status $status of $answers: $(cat "$tmp/err")"
		! LC_ALL=C grep -q "$(printf '\033\|\302\233')" "$tmp/text" "$tmp/err" || fail "control characters of $answers"
		rm "$tmp/agent.port"
	done
}

for name in peers elsewhere bad_network; do
	test_case $name $name
done
# No kernel changes the others.
for name in $(in_full peers_of_a_preset peers_that_cannot peers_end bad_network_without_tools \
	half_a_message secrets addresses strange_agents); do
	test_case $name $name
done
test_end
