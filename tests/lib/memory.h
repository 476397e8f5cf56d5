/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIB_MEMORY_H
#define TESTS_LIB_MEMORY_H

/* An engine in a process of its own, so that its memory can be measured. */

#include <sys/prctl.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

/* Serve connections of the listening fd in a child, until it is killed or the test ends. */
static inline pid_t memory_server(SSL_CTX *ssl, int fd, enum tlsring_io io,
				  enum tlsring_offload offload,
				  const struct tlsring_handlers *handlers)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };
	struct tlsring_ctx_options ctx_options = { .size = sizeof(ctx_options),
						   .offload = offload };
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	/* Die with the test, also when it has failed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	EQ(tlsring_ctx_new(&ctx, ssl, &ctx_options), 0);
	EQ(tlsring_engine_new(&engine, &options), 0);
	EQ(tlsring_engine_listen(engine, ctx, fd, handlers, NULL), 0);
	EQ(tlsring_engine_run(engine), 0);
	_exit(0);
}

/* The process's anonymous memory, in bytes. */
static inline long memory_anonymous(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	CHECK(status);
	while (fgets(line, sizeof(line), status))
		sscanf(line, "RssAnon: %ld", &kib);
	fclose(status);
	return kib * 1024;
}

#endif
