/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_REMOTE_H
#define TOOLS_BENCH_REMOTE_REMOTE_H

/*
 * A server on another machine, or in another network namespace: `tlsring bench --listen` there does what
 * is asked for over a control connection, one JSON object for each question and each answer, preceded by
 * its length in four bytes. Whoever can reach it can have it send.
 */
#include "tools/bench/proof.h"

/* Takes over message. 0 or -errno. */
int bench_far_send(int fd, struct json_t *message);
/* A new object; NULL with errno: EBADMSG, ECONNRESET, EAGAIN (its time is up)... */
struct json_t *bench_far_receive(int fd);

/* A report and the server's part of a look, as objects. */
struct json_t *bench_far_report_pack(const struct bench_report *report);
int bench_far_report_unpack(struct bench_report *out, struct json_t *object);
struct json_t *bench_far_look_pack(const struct bench_look *look);
int bench_far_look_unpack(struct bench_look *out, struct json_t *object);

/* ---- the client's side. 0 or -errno; all wait ---- */

/* Connect to HOST:PORT: setup's far and there. *manifest: what machine it is, a new object. An exit status, after
 * a word. */
int bench_far_open(struct bench_setup *setup, const char *text, struct json_t **manifest);
int bench_far_start(struct bench_server *server, const struct bench_setup *setup, const struct bench_mode *mode);
int bench_far_ask(const struct bench_server *server, struct bench_report *report);
int bench_far_look(const struct bench_server *server, struct bench_look *out);
void bench_far_stop(const struct bench_server *server);

/* ---- the server's side: bench_listen.c. Until SIGINT or SIGTERM; an exit status ---- */
int bench_listen(const struct bench_options *options, const volatile sig_atomic_t *interrupted);
/* For one client, whose connection fd is, until it goes; servers listen at an address, whatever its port. */
void bench_agent(const struct bench_options *own, int fd, const struct sockaddr_storage *at,
		 const volatile sig_atomic_t *interrupted);

#endif
