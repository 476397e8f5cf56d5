#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each fuzz target over its corpus; `make fuzz` looks for more.
cd "$(dirname "$0")/.." || exit 1
. ./ktap.sh

replay() {
	"$TLSRING_BUILD/tests/fuzz/$1" "fuzz/corpus/$1"/*
}

for target in fuzz/*.c; do
	target=$(basename "$target" .c)
	[ "$target" = replay ] || test_case "$target" replay "$target"
done
test_end
