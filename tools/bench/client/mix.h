/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_MIX_H
#define TOOLS_BENCH_CLIENT_MIX_H

/* A soak's requests: answers of many sizes, on connections that last and on ones that do not. Every
 * byte of a request is its kind. */
#include <stdbool.h>
#include <stdint.h>

/* The kind of a connection's request number nth (from 0), which is the client's number all. */
uint8_t bench_mix_kind(unsigned connection, uint64_t nth, uint64_t all);
/* Bytes of its answer, if the largest answer has size. */
uint64_t bench_mix_size(uint64_t size, uint8_t kind);
/* It is the connection's last: the server then closes. */
bool bench_mix_last(uint8_t kind);
/* Keys are changed before it. */
bool bench_mix_update(uint64_t nth);

#endif
