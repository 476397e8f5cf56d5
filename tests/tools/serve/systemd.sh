#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The unit as it is installed, under a systemd of its own in namespaces: it starts, reloads, is upgraded, rotates its
# log, and stops.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

root=$(cd "$(dirname "$0")/../../.." && pwd)
out=$tmp/out

# In namespaces of its own, over a copy of this system that goes with them.
boot() {
	mount --make-rprivate /
	mkdir "$tmp/layer" "$tmp/new"
	mount -t tmpfs tmpfs "$tmp/layer"
	mkdir "$tmp/layer/upper" "$tmp/layer/work"
	mount -t overlay overlay -o "lowerdir=/,upperdir=$tmp/layer/upper,workdir=$tmp/layer/work" "$tmp/new"
	cd "$tmp/new"
	make -s -C "$root" install O="$TLSRING_BUILD" DESTDIR="$PWD" PREFIX=/usr/local > "$out/install" 2>&1
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount -t tmpfs tmpfs run
	mount -t tmpfs tmpfs tmp
	mount --rbind /dev dev
	mkdir tmp/out
	mount --bind "$out" tmp/out
	printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/bash /tmp/out/steps\n' \
		> etc/systemd/system/steps.service
	exec chroot . /usr/bin/env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --system --unit=steps.service --log-target=null
}

steps() {
	cat <<-'EOS'
		exec > /tmp/out/log 2>&1
		set -ex
		trap 'systemctl status tlsring --no-pager -l || true; echo > /tmp/out/done' EXIT
		fetch() { [ "$(curl -sSk --max-time 10 https://127.0.0.1/file)" = hello ]; }
		main() { systemctl show -p MainPID --value tlsring; }
		ip link set lo up
		mkdir -p /srv/www
		echo hello > /srv/www/file
		systemd-sysusers /usr/local/lib/sysusers.d/tlsring.conf
		systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/tlsring.conf
		printf '[server]\nlisten = 127.0.0.1:443\naccess-log = /var/log/tlsring/access.log\n[host]\ndir = /srv/www\n' \
			> /etc/tlsring.conf
		systemctl start systemd-journald.service
		timeout 60 systemctl start tlsring
		fetch
		[ "$(awk '/^Uid/ { print $2 }' "/proc/$(main)/status")" = "$(id -u tlsring)" ]
		[ "$(stat -c '%U %a' /var/log/tlsring/access.log)" = 'tlsring 640' ]
		systemctl reload tlsring
		fetch
		mv /var/log/tlsring/access.log /var/log/tlsring/access.log.1
		systemctl kill --kill-who=main --signal=USR1 tlsring
		for i in $(seq 100); do [ -e /var/log/tlsring/access.log ] && break; sleep 0.1; done
		[ -e /var/log/tlsring/access.log ]
		before=$(main)
		systemctl kill --kill-who=main --signal=USR2 tlsring
		for i in $(seq 100); do [ "$(main)" != "$before" ] && break; sleep 0.1; done
		[ "$(main)" != "$before" ]
		for i in $(seq 100); do kill -0 "$before" 2> /dev/null || break; sleep 0.1; done
		fetch
		systemctl stop tlsring
		[ "$(systemctl is-failed tlsring)" = inactive ]
		echo good > /tmp/out/good
	EOS
}

# What it takes is not there in most containers.
may_boot() {
	[ "$(id -u)" = 0 ] || skip "only root can start a systemd of its own"
	[ -z "${TLSRING_SANITIZED:-}" ] || skip "a sanitizer asks for what the unit forbids"
	[ -x /lib/systemd/systemd ] || skip "there is no systemd here"
	command -v curl > /dev/null || skip "there is no curl"
	unshare --pid --mount --cgroup --ipc --uts --net --fork --kill-child bash -ec \
		'mount --make-rprivate /; d=$(mktemp -d); mount -t cgroup2 cgroup2 $d; mkdir $d/a; rmdir $d/a; umount $d; rmdir $d' \
		2> /dev/null || skip "a systemd of its own is not permitted here"
}

unit_lives() {
	may_boot
	mkdir "$out"
	steps > "$out/steps"
	export -f boot
	export root out tmp TLSRING_BUILD
	unshare --pid --mount --cgroup --ipc --uts --net --fork --kill-child bash -ec boot > "$tmp/boot" 2>&1 &
	at_end $!
	await 60 test -e "$out/done" || { cat "$tmp/boot" "$out/install" "$out/log"; fail "the steps do not end"; }
	[ -e "$out/good" ] || { cat "$out/log"; fail "a step failed"; }
}

hook() {
	local lineage=$tmp/live/www.example.org
	mkdir -p "$lineage" "$tmp/bin"
	echo chain > "$lineage/fullchain.pem"
	echo key > "$lineage/privkey.pem"
	printf '#!/bin/sh\necho "$@" > "%s/systemctl"\n' "$tmp" > "$tmp/bin/systemctl"
	printf '#!/bin/sh\nfor last; do :; done\ncase " $* " in *" -d "*) mkdir -p "$last" ;; *) cp "$5" "$6" ;; esac\n' > "$tmp/bin/install"
	chmod +x "$tmp/bin/systemctl" "$tmp/bin/install"
	PATH=$tmp/bin:$PATH RENEWED_LINEAGE=$lineage TLSRING_FOLDER=$tmp/etc "$root/tools/serve/certbot-hook"
	equal "$(cat "$tmp/etc/www.example.org.crt" "$tmp/etc/www.example.org.key" | tr '\n' ' ')" "chain key "
	equal "$(cat "$tmp/systemctl")" "reload-or-restart tlsring.service"
}

test_case unit_lives unit_lives
test_case hook hook
test_end
