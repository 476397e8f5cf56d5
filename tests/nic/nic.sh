# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# What the tests across the simulated NIC share. Two network namespaces:
# nic-s with tlsnic0 (10.9.0.1) for the server, nic-c with tlsnic1 (10.9.0.2) for the client.

tlsring=$TLSRING_BUILD/tlsring
module=$TLSRING_BUILD/tlsnic.ko
debug=/sys/kernel/debug/tlsnic
server_address=10.9.0.1
http=--http2	# what curl is to speak
. "$(dirname "${BASH_SOURCE[0]}")/../await.sh"

in_server() { ip netns exec nic-s "$@"; }
in_client() { ip netns exec nic-c "$@"; }

# Prints why not.
nic_load() { # [PARAMETER...]
	[ -f "$module" ] || { echo "no simulated NIC was built for this kernel"; return 1; }
	[ "$(id -u)" = 0 ] || { echo "only root can load the simulated NIC"; return 1; }
	modprobe -q tls
	# It wants these; built into newer kernels.
	modprobe -q gf128mul
	[ -d $debug ] || insmod "$module" "$@" || return 1
}

nic_join() { # ADDRESS/BITS NAMESPACE DEVICE
	ip netns add "$2"
	ip link set "$3" netns "$2"
	ip -n "$2" link set lo up
	ip -n "$2" addr add "$1" dev "$3"
	ip -n "$2" link set "$3" up
}

nic_up() { # [PARAMETER...]
	nic_load "$@" || return 1
	nic_join $server_address/24 nic-s tlsnic0 && nic_join 10.9.0.2/24 nic-c tlsnic1
}

nic_down() {
	# What nobody answers any more would keep its namespace for minutes.
	in_server ss -KH > /dev/null 2>&1
	in_client ss -KH > /dev/null 2>&1
	ip netns del nic-s
	ip netns del nic-c
	# Sockets that are still closing keep their namespace for a moment.
	await 10 test -d /sys/class/net/tlsnic0 && await 10 test -d /sys/class/net/tlsnic1 &&
		await 10 rmmod tlsnic
}

fault() { # DEVICE NAME VALUE
	echo "$3" > "$debug/$1/$2"
}

no_faults() {
	local file
	for file in $debug/*/{drop,reorder,duplicate,corrupt,forget,refuse,contexts,slow,lame}; do
		echo 0 > "$file"
	done
}

stat_of() { # tlsnic0|tlsnic1 COUNTER
	local space=nic-s
	[ "$1" = tlsnic0 ] || space=nic-c
	ip netns exec $space ethtool -S "$1" | tr -d ' ' | awk -F: -v name="$2" '$1 == name { print $2 }'
}

tls_stat() { # COUNTER: of the server's namespace
	in_server awk -v name="$1" '$1 == name { print $2 }' /proc/net/tls_stat
}

serve() { # OPTION... FOLDER: on port 8443; sets $log and $server
	log=$tmp/serve.log
	: > "$log" # of a former one, which would be read
	# Not through a function: that would be a shell of its own, which a signal then meets.
	ip netns exec nic-s "$tlsring" serve --threads 1 --listen $server_address:8443 "$@" > /dev/null 2> "$log" &
	server=$!
	at_end $server
	await 30 grep -q "listening on" "$log" || { cat "$log"; return 1; }
}

download() { # FILE [CURL OPTION...] -> its hash
	local file=$1
	shift
	in_client curl -sS -k $http --max-time 300 "$@" "https://$server_address:8443/$file" | sha256sum
}

tls12="--tlsv1.2 --tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256"
tls12_256="--tlsv1.2 --tls-max 1.2 --ciphers ECDHE-ECDSA-AES256-GCM-SHA384"
