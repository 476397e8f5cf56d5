/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_MIX_H
#define TOOLS_BENCH_CLIENT_MIX_H

/* What a soak asks for: answers of many sizes, on connections that last and on ones that do not. Each byte of a
 * request is the same, its kind. */
#include <stdbool.h>
#include <stdint.h>

/* The kind of a connection's request number `nth` (from 0), the client's number `all`. */
uint8_t bench_mix_kind(unsigned connection, uint64_t nth, uint64_t all);
/* Bytes of its answer, where the largest has `size`. */
uint64_t bench_mix_size(uint64_t size, uint8_t kind);
/* Is it the connection's last? The server then ends it. */
bool bench_mix_last(uint8_t kind);
/* Does a change of keys come before it? */
bool bench_mix_update(uint64_t nth);

#endif
