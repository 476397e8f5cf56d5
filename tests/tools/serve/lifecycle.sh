#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Reloads, upgrades, inherited sockets, the service manager, another user.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

cd "$tmp" || exit 1
chmod 755 .
mkdir one two
echo one > one/index.html
echo two > two/index.html
for name in first second; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.crt \
		-days 90 -subj /CN=$name -addext subjectAltName=DNS:localhost 2> /dev/null
	chmod 600 $name.key
done
head -c 48 /dev/urandom > ticket.first
head -c 48 /dev/urandom > ticket.second

write() { # DIR PAIR: the configuration
	cat > conf.new <<-EOF
		[server]
		listen = 127.0.0.1:0
		threads = 2
		metrics = 127.0.0.1:0
		ticket-keys = ticket
		sandbox = off
		[host]
		dir = $1
		cert = $2.crt
		key = $2.key
	EOF
	mv conf.new conf
}

subject() {
	timeout 60 openssl s_client -connect "127.0.0.1:$port" "$@" < /dev/null 2>&1 | sed -n 's/^subject=CN *= *//p'
}

resumed() {
	timeout 60 openssl s_client -connect "127.0.0.1:$port" -sess_in session < /dev/null 2>&1 | grep -q '^Reused'
}

session_new() {
	# Open for writing, so that it is the server's end that ends the client.
	[ -p request ] || mkfifo request
	exec 7<> request
	printf 'GET / HTTP/1.0\r\n\r\n' >&7
	timeout 60 openssl s_client -connect "127.0.0.1:$port" -sess_out session <&7 > /dev/null 2>&1 || true
	exec 7>&-
	[ -s session ]
}

reload() { # LINE: that the log then has once more
	local before
	before=$(grep -c -- "$1" "$log") || true
	kill -HUP "$server"
	expect_log "$1" $((before + 1))
}

reload_changes() {
	equal "$(fetch '')" one
	equal "$(subject)" first
	session_new
	resumed || fail "a session is not resumed"
	write two second
	cp ticket.second ticket
	reload 'tlsring: reloaded'
	equal "$(fetch '')" two
	equal "$(subject)" second
	! resumed || fail "the old ticket key is still in use"
}

reload_refuses() {
	write two first
	echo nonsense >> conf
	reload 'not reloaded'
	grep -q 'conf:11: give' "$log" || server_complain "the mistake is not told"
	equal "$(subject)" second
	write two absent
	reload 'not reloaded'
	write one first
	echo short > ticket
	reload 'not reloaded'
	equal "$(subject)" second
	equal "$(fetch '')" two
	cp ticket.second ticket
	reload 'tlsring: reloaded'
	equal "$(fetch '')" one
}

# Each by its name, whatever form the value has.
reload_names_what_stays() {
	sed 's/^sandbox = off/sandbox = yes\npin = yes\nidle-timeout = 9/' conf > conf.fixed
	mv conf.fixed conf
	reload 'tlsring: reloaded'
	expect_log 'warning: pin, sandbox, idle-timeout changed, which takes effect with an upgrade'
	write one first
	reload 'tlsring: reloaded'
	equal "$(grep -c 'changed, which takes effect' "$log")" 1 "warnings"
}

# Both results, and the certificate that is served now, not those that were.
reload_is_counted() {
	curl -sS "$(sed -n 's|.*metrics on .*: \(http://.*\)|\1|p' "$log")" > metrics
	grep -qx 'tlsring_reloads_total{result="done"} 4' metrics || fail "$(cat metrics)"
	grep -qx 'tlsring_reloads_total{result="refused"} 3' metrics || fail "$(cat metrics)"
	equal "$(sed -n 's/^tlsring_certificate_expiry_seconds{certificate="\(.*\)"}.*/\1/p' metrics)" first.crt certificates
}

reload_keeps_connections() {
	head -c 4000000 /dev/urandom > one/large
	fetch_beside large --limit-rate 2M -o got
	await 10 test -s got
	write two second
	reload 'tlsring: reloaded'
	wait "$puller" || fail "the download ended with $?"
	cmp got one/large
	server_stop
}

# The program is a copy, so that it can be replaced.
upgrade() {
	write one first
	cp "$tlsring" program
	(tlsring=$tmp/program && server_start upgrade --config conf)
	log=$tmp/upgrade.log
	server=$(cat "$log.pid")
	port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\):.*/\1/p' "$log" | head -n 1)
	printf '#!/bin/sh\nexit 1\n' > broken
	chmod +x broken
	mv program program.good
	mv broken program
	kill -USR2 "$server"
	expect_log 'upgrade: the new process did not start; this one serves on'
	equal "$(fetch '')" one
	mv program.good program
	head -c 4000000 /dev/urandom > one/large
	fetch_beside large --limit-rate 2M -o got.upgrade
	await 10 test -s got.upgrade
	kill -USR2 "$server"
	expect_log 'serves; connections here are drained'
	successor=$(sed -n 's/.*upgrade: process \([0-9]*\) serves.*/\1/p' "$log" | tail -n 1)
	at_end "$successor"
	equal "$(fetch '')" one
	wait "$puller" || fail "the download ended with $?"
	cmp got.upgrade one/large
	await 60 test -s "$log.status" || server_complain "the old process stays"
	equal "$(cat "$log.status")" 0
	equal "$(fetch '')" one
	kill -TERM "$successor"
	await 30 gone "$successor"
}

# The flags of a socket are shared: a successor that makes it block holds a thread of the old process in
# accept() for ever.
upgrade_shares_sockets() {
	local old
	write one first
	sed 's/^threads.*/&\nio = epoll/' conf > conf.epoll
	mv conf.epoll conf
	server_start shared --config conf
	old=$server
	write one first
	kill -USR2 "$old"
	expect_log 'serves; connections here are drained'
	successor=$(sed -n 's/.*upgrade: process \([0-9]*\) serves.*/\1/p' "$log" | tail -n 1)
	at_end "$successor"
	await 30 gone "$old"
	(( $(awk '/^flags:/ { print $2 }' "/proc/$successor/fdinfo/3") & 04000 )) || fail "the socket blocks"
	equal "$(fetch '')" one
	kill -TERM "$successor"
	await 30 gone "$successor"
}

gone() {
	! kill -0 "$1" 2> /dev/null
}

# systemd's part: a socket that listens, a socket for notes.
manager() { # COMMAND...: does not return
	exec python3 -IS - "$@" <<'EOF'
import os, signal, socket, sys
notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notes.bind("notes")
ours = socket.socket()
ours.bind(("127.0.0.1", 0))
ours.listen(64)
plain = socket.socket()
plain.bind(("127.0.0.1", 0))
plain.listen(64)
child = os.fork()
if not child:
    a, b = os.dup2(ours.fileno(), 30), os.dup2(plain.fileno(), 31)
    os.dup2(30, 3)
    os.dup2(31, 4)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="https:http",
                      NOTIFY_SOCKET=os.path.abspath("notes"), WATCHDOG_USEC="200000",
                      WATCHDOG_PID=str(os.getpid()))
    os.execv(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with open("managed", "w") as out:
    out.write("%d %d %d\n" % (child, ours.getsockname()[1], plain.getsockname()[1]))
ours.close()
plain.close()
with open("told", "w", buffering=1) as out:
    while True:
        out.write(notes.recv(4096).decode() + "\n")
EOF
}

told() {
	grep -q -- "$1" told
}

service_manager() {
	local plain
	command -v python3 > /dev/null || skip "there is no python3"
	manager "$tlsring" serve --threads 2 one > /dev/null 2> managed.log &
	at_end $!
	await 30 test -s managed
	read -r server port plain < managed
	at_end "$server"
	await 30 told READY=1 || { cat managed.log; fail "it does not say that it is ready"; }
	equal "$(fetch '')" one
	equal "$(curl -sS -o /dev/null -w '%{redirect_url}' "http://127.0.0.1:$plain/x")" "https://127.0.0.1:$port/x"
	await 30 told WATCHDOG=1 || fail "the watchdog is not calmed"
	kill -HUP "$server"
	await 30 told RELOADING=1 && told MONOTONIC_USEC=
	kill -TERM "$server"
	await 30 told STOPPING=1
	await 30 gone "$server"
}

pinned() {
	local cpus
	cpus=$(nproc)
	server_start pinned --pin --threads $((cpus + 1)) one
	# Where there is one CPU only, every thread is on it.
	[ "$cpus" = 1 ] || equal "$(cat "/proc/$server/task/"*/status | awk '/^Cpus_allowed_list:/ && $2 ~ /^[0-9]+$/' | sort | uniq -c |
		awk '{ n++; if ($1 == 2) twice++ } END { print n, twice }')" "$cpus 1"
	equal "$(fetch '')" one
	server_stop
}

other_user() {
	[ "$(id -u)" = 0 ] || skip "only root can become another user"
	server_start user --user nobody --threads 2 one
	equal "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$server/status" | uniq)" \
		"$(id -u nobody) $(id -u nobody) $(id -u nobody) $(id -u nobody)"
	equal "$(cat "/proc/$server/task/"*/status | awk '/^Uid:/ { print $2 }' | sort -u)" "$(id -u nobody)"
	equal "$(awk '/^CapEff:/ { print $2 }' "/proc/$server/status")" 0000000000000000
	equal "$(fetch '')" one
	server_stop
	! "$tlsring" serve --listen 127.0.0.1:0 --user no-such-user one 2> told.user || fail "it starts"
	grep -q 'there is no user no-such-user' told.user
}

write one first
cp ticket.first ticket
server_start reload --config conf
for name in reload_changes reload_refuses reload_names_what_stays reload_is_counted reload_keeps_connections upgrade upgrade_shares_sockets pinned \
	service_manager other_user; do
	test_case $name $name
done
test_end
