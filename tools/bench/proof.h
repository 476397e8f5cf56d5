/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_PROOF_H
#define TOOLS_BENCH_PROOF_H

/* Proof of path: not what a mode is called, but what the kernel counts says where records were sealed. */
#include "tools/bench/client/client.h"
#include "tools/bench/server/server.h"

/* What was there at one moment. */
struct bench_look {
	bool both;		/* ways are measured; all else is of both, or of that one */
	uint64_t wire;		/* bytes that came to the client, or that it sent */
	uint64_t payload;	/* of these, answers, or uploads */
	uint64_t through[TLSRING_PATH_FAILED + 1];	/* the server's TLS sockets: sent and acknowledged, or received */
	uint64_t installs[2];	/* of keys, since boot: in software; on a NIC */
	uint64_t done;		/* bytes, encrypted or decrypted by NICs that count them */
	bool counts;		/* there is one */
	int sockets_result;	/* -EPERM: this user may not see them */
};
/* Once what was sent has been acknowledged; client may be NULL. 0 or -errno. */
int bench_look(struct bench_look *out, const struct bench_client *client,
	       const struct bench_server *server);
/* The server's part of it: all but both, wire and payload. Of a server that is here. */
void bench_look_server(struct bench_look *out, const struct bench_server *server);

/*
 * start: before there were connections, of which there were so many until the end; from and to: around
 * the run; report: the server's own word at its end, which other programs than ours do not have. Sockets of connections
 * that did not last are gone: then installs are what counts. What went through the sockets of a NIC, but the NIC says it
 * did not encrypt or decrypt, the kernel did in its place. Each byte on the wire was sealed, or opened, by a TLS socket of
 * the kernel's or, in the other modes than plain, by the program.
 */
void bench_path_judge(struct bench_path *out, const struct bench_mode *mode, unsigned connections,
		      const struct bench_look *start, const struct bench_look *from, const struct bench_look *to,
		      const struct bench_report *report);

#endif
