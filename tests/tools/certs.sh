# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Certificates that the tests need; sourced after ktap.sh. All are in $certs: ca.pem, and NAME.pem
# with NAME.key, signed by it.

certs=$tmp/certs
mkdir "$certs"

certs_key() { # NAME
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$certs/$1.key" 2> /dev/null
}

certs_ca() {
	certs_key ca
	openssl req -x509 -key "$certs/ca.key" -out "$certs/ca.pem" -subj /CN=test-ca -days 30 2> /dev/null
	mkdir "$certs/db"
	: > "$certs/db/index"
	cat > "$certs/ca.conf" <<-EOF
		[ca]
		default_ca = it
		[it]
		database = $certs/db/index
		new_certs_dir = $certs/db
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		copy_extensions = copy
		[any]
		commonName = supplied
	EOF
}

certs_make() { # NAME SUBJECT-ALT-NAMES [FROM TO]: YYYYMMDDHHMMSSZ
	certs_key "$1"
	openssl req -new -key "$certs/$1.key" -subj "/CN=$1" -addext "subjectAltName=$2" \
		-out "$certs/$1.csr" 2> /dev/null
	openssl ca -batch -notext -config "$certs/ca.conf" -cert "$certs/ca.pem" -keyfile "$certs/ca.key" \
		-startdate "${3:-20200101000000Z}" -enddate "${4:-20491231235959Z}" \
		-in "$certs/$1.csr" -out "$certs/$1.pem" > "$certs/$1.log" 2>&1 || cat "$certs/$1.log"
}

certs_ca
certs_make server IP:127.0.0.1,DNS:localhost
