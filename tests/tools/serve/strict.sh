#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One interpretation of each request, and nothing outside the folder: strict.py has the tables.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
strict=$(dirname "$0")/strict.py

www=$tmp/www
mkdir -p "$www/folder" "$www/.git" "$www/.well-known"
for name in a inner last; do echo "the $name file" > "$www/$name"; done
echo 'the secret' > "$tmp/secret"
echo hidden | tee "$www/.git/config" "$www/folder/.hidden" > "$www/.well-known/.hidden"
ln -s ../secret "$www/out"
ln -s "$tmp/secret" "$www/absolute"
ln -s .. "$www/up"
ln -s ../up "$www/folder/up"
ln -s ../up "$www/.well-known/up"
ln -s out "$www/chain"
ln -s loop "$www/loop"
ln -s /proc/self/root "$www/proc-root"
ln -s /proc/self/cwd "$www/proc-cwd"
ln -s /proc/self/fd "$www/proc-fd"
ln -s /proc/self/exe "$www/proc-exe"
mkfifo "$www/fifo"
python3 -IS -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$www/socket"
mknod "$www/null" c 1 3 2> /dev/null || ln -s /dev/null "$www/null"
mknod "$www/zero" c 1 5 2> /dev/null || ln -s /dev/zero "$www/zero"
cd "$tmp" || exit 1
server_start serve --no-listing www || exit 1
shown_port=$port

test_case smuggling python3 -IS "$strict" "$shown_port" smuggling
test_case paths python3 -IS "$strict" "$shown_port" paths
test_case stops_cleanly server_stop
test_end
