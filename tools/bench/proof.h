/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_PROOF_H
#define TOOLS_BENCH_PROOF_H

/* Proof of path: where records were sealed is what the kernel counts, not what a mode is called. */
#include "tools/bench/client/client.h"
#include "tools/bench/server/server.h"

/* Counters at one moment. */
struct bench_snapshot {
	bool both;		/* both directions are measured: the others are sums of the two */
	uint64_t wire;		/* bytes that came to the client, or that it sent */
	uint64_t payload;	/* of wire: answers, or uploads */
	/* bytes by the server's TLS sockets: acknowledged, or received */
	uint64_t through[TLSRING_PATH_FAILED + 1];
	uint64_t installs[2];	/* of keys, since boot: in software; on a NIC */
	uint64_t done;		/* bytes, encrypted or decrypted by NICs that count them */
	bool counts;		/* there is such a NIC */
	int sockets_result;	/* -EPERM: this user may not see TLS sockets */
};
/* Waits until what was sent is acknowledged; client may be NULL. 0 or -errno. */
int bench_proof_take(struct bench_snapshot *out, const struct bench_client *client,
		     const struct bench_server *server);
/* The server's part of it, without both, wire and payload. For a server of this machine. */
void bench_proof_take_server(struct bench_snapshot *out, const struct bench_server *server);

/*
 * start: before the first of the run's connections; from and to: around the part that is measured;
 * report: the server's own account at its end, empty for other programs. Sockets of connections
 * that did not last are gone, so that installs must do. Bytes of a NIC's sockets that the NIC did
 * not encrypt or decrypt were the kernel's work. All other bytes are the program's, or nobody's in
 * a plain mode.
 */
void bench_proof_judge(struct bench_path *out, const struct bench_mode *mode, unsigned connections,
		       const struct bench_snapshot *start, const struct bench_snapshot *from,
		       const struct bench_snapshot *to, const struct bench_report *report);

#endif
