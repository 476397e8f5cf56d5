#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The configuration file: each mistake is told with its line, what is printed can be read again, and what
# it says is what is done.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"

cd "$tmp" || exit 1
mkdir one two
echo one > one/index.html
for name in one two; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.crt \
		-days 90 -subj /CN=$name -addext subjectAltName=DNS:$name.test 2> /dev/null
	chmod 600 $name.key
done
cp one.crt same.crt
cp one.key same.key

mistakes() { # FILE PATTERN...: --check says just these, and ends with 1
	local file=$1 status=0
	shift
	"$tlsring" serve --config "$file" --check 2> told || status=$?
	cat told
	equal "$status" 1 status
	for pattern; do
		grep -qE "^tlsring: $file:$pattern" told || fail "not told: $pattern"
	done
	equal "$(grep -c "^tlsring: $file:" told)" $(($# + 1)) "number of lines"
}

text_mistakes() {
	cat > text <<'EOF'
listen = :1
[server]
no-such = 1
threads = 0
threads = 2
offload = maybe
dir = one
[host a.test]
dir = one
	dir = two
threads = 1
listing = perhaps
error-page = 200=/x
[host]
[thing]
a = b
[host b.test]
nonsense
dir = one
name = a.test
client-optional = on
[host bad/name]
dir = one
cert = one.crt
EOF
	mistakes text '1: a setting before the first section' '3: there is no setting no-such' \
		'4: threads = 0: give a number from 1 to 256' '5: threads was given before' \
		'6: offload = maybe: give auto, off, require or fastest' '7: dir belongs into a section \[host NAME\]' \
		'10: dir was given before' '11: threads belongs into a section \[server\]' \
		'12: listing = perhaps: ' '13: error-page = 200=/x: ' '14: this section is empty' \
		'15: \[thing\]: give \[server\] or \[host NAME\]' '18: give \[SECTION\] or SETTING = VALUE' \
		'20: name a.test: the host of line 8 has it already' '17: client-optional needs client-ca' \
		'22: \[host bad/name\]: give a host name' '22: each cert needs its key: 1 and 0 are given'
}

file_mistakes() {
	cat > files <<'EOF'
[host a.test]
dir = nowhere
cert = none.crt
key = one.key
[host b.test]
dir = one
cert = one.crt
key = two.key
[host c.test]
dir = one.crt
cert = one.crt
key = one.key
cert = same.crt
key = same.key
ciphers = NO-SUCH
groups = nothing
client-ca = one.key
EOF
	mistakes files '2: cannot serve nowhere: ' '3: cannot read the certificate none.crt: No such file' \
		'8: the key two.key does not belong to the certificate one.crt' '10: cannot serve one.crt: it is not a folder' \
		'11: warning: the certificate one.crt is not for c.test' \
		'13: warning: the certificate same.crt is not for c.test' \
		'13: the certificate same.crt has the same kind of key as one.crt' '15: ciphers NO-SUCH: ' \
		'16: groups nothing: ' '17: cannot use the issuers in one.key: '
}

# What would only show when it starts.
server_mistakes() {
	head -c 48 /dev/urandom > ticket
	head -c 40 /dev/urandom > short
	chmod 604 ticket
	cat > server <<'EOF'
[server]
listen = nowhere
http = ::1:80
metrics = nine
user = no-such-user
access-log = absent/lines
ticket-keys = ticket
ticket-keys = short
ticket-keys = absent
[host]
dir = one
client-ca = absent
EOF
	mistakes server '2: listen = nowhere: write ADDR:PORT' '3: http = ::1:80: write' '4: metrics = nine: write' \
		'5: user no-such-user: there is no user' '6: cannot open the access log absent/lines: No such file' \
		'7: warning: others may read the ticket key ticket' '8: cannot use the ticket key short: it has 40 bytes' \
		'9: cannot read the ticket key absent: No such file' \
		'12: cannot use the issuers in absent: No such file'
}

no_file() {
	! "$tlsring" serve --config absent --check 2> told || fail "it is taken"
	grep -q 'cannot read the configuration absent: No such file' told
	! "$tlsring" serve --config text --threads 2 2> told || fail "a flag beside the file is taken"
	grep -q 'other settings belong into that file' told
}

cat > good <<'EOF'
; a comment
[server]
	listen = 127.0.0.1:0
	threads = 2	; another
	offload = off
	min-rate = 0
	access-log = lines

[host one.test]
	name = *.one.test
	dir = one
	cert = one.crt
	key = one.key
	ciphers = ECDHE-ECDSA-AES128-GCM-SHA256
	ciphers = ECDHE-ECDSA-AES256-GCM-SHA384
	index =
	cache-control = *.html=max-age=60, public
	error-page = 404=/index.html

[host two.test]
	dir = two
	cert = two.crt
	key = two.key
	listing = on
EOF

printed_is_read_again() {
	"$tlsring" serve --config good --print-config > printed
	"$tlsring" serve --config printed --check
	"$tlsring" serve --config printed --print-config | cmp - printed
	grep -qx 'threads = 2' printed
	grep -qx 'min-rate = 0' printed
	grep -qx 'name = \*.one.test' printed
	grep -qx 'index = ' printed
	equal "$(grep -c '^ciphers = ' printed)" 2
}

flags_are_printed() {
	"$tlsring" serve --listen :1 --hidden --type x=text/x -c one.crt -k one.key one --print-config > flags
	grep -qx 'hidden = on' flags
	grep -qx 'type = x=text/x.*' flags
	grep -qx 'dir = one' flags
	"$tlsring" serve --config flags --print-config | cmp - flags
}

switches_agree() {
	local word
	for word in yes on true 1 YES; do
		printf '[server]\npin = %s\nzerocopy = %s\n[host]\ndir = one\nhidden = %s\nclient-optional = off\n' \
			$word $word $word > switches
		equal "$("$tlsring" serve --config switches --print-config | grep -cE '^(pin|zerocopy|hidden) = on$')" 3 $word
	done
}

# The limit of one client follows the limit of all.
limits_follow() {
	"$tlsring" serve --max-connections 100 one --print-config | grep -qx 'max-connections-per-address = 75'
}

it_is_done() {
	server_start done --config good
	equal "$(curl -sSk --resolve "one.test:$port:127.0.0.1" "https://one.test:$port/index.html")" one
	equal "$(curl -sSk --resolve "one.test:$port:127.0.0.1" -o /dev/null -w '%{http_code}' \
		"https://one.test:$port/")" 404 "a folder without index"
	curl -sSk --resolve "one.test:$port:127.0.0.1" -I "https://one.test:$port/index.html" |
		grep -qi '^cache-control: max-age=60, public'
	curl -sSk --resolve "two.test:$port:127.0.0.1" -H 'Accept: application/json' "https://two.test:$port/" | grep -q '\['
	server_stop
	equal "$(wc -l < lines)" 4 "lines in the access log"
}

for name in text_mistakes file_mistakes server_mistakes no_file printed_is_read_again flags_are_printed switches_agree limits_follow it_is_done; do
	test_case $name $name
done
test_end
