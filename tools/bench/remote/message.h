/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_MESSAGE_H
#define TOOLS_BENCH_REMOTE_MESSAGE_H

/* Messages of the control connection: a JSON object each, preceded by its length in four bytes. */
#include "tools/bench/snapshot.h"

struct json_t;

/* Takes over message. 0 or -errno. */
int bench_message_send(int fd, struct json_t *message);
/* A new object, whose strings have no control characters. stop: set by a signal,
ends the wait; NULL: there is
 * none. NULL with errno: EBADMSG, ECONNRESET, EINTR, EAGAIN (it took BENCH_PATIENCE)... */
struct json_t *bench_message_receive(int fd, const volatile sig_atomic_t *stop);

struct json_t *bench_message_pack_report(const struct bench_report *report);
int bench_message_unpack_report(struct bench_report *out, struct json_t *object);
/* The server's part of a snapshot. */
struct json_t *bench_message_pack_snapshot(const struct bench_snapshot *snapshot);
int bench_message_unpack_snapshot(struct bench_snapshot *out, struct json_t *object);

#endif
