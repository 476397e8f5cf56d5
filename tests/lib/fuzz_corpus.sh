#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each fuzz target over its corpus; `make fuzz` looks for more.
cd "$(dirname "$0")/.." || exit 1
. ./ktap.sh

replay() {
	"$TLSRING_BUILD/tests/fuzz/$1" "fuzz/corpus/$1"/*
}

for target in cmsg http records stream; do
	test_case "$target" replay "$target"
done
test_end
