/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SNAPSHOT_H
#define TOOLS_BENCH_SNAPSHOT_H

/* What the kernel, the network cards and the client's sockets have counted by one moment. */
#include "tools/bench/client/crowd.h"
#include "tools/bench/server/server.h"

/* The server's sending, and its receiving. */
enum bench_flow { BENCH_OUT = 0, BENCH_IN, BENCH_FLOWS };

/* Counters of a flow on the server's side. Bytes are of TCP, which carries TLS's own, too. */
struct bench_flow_counters {
	/* By TLS sockets of the server: acknowledged, or received. */
	uint64_t through[TLSRING_PATH_FAILED + 1];
	/* To or from the card, by those on a NIC: sending includes retransmissions. */
	uint64_t carried;
	uint64_t foreign;	/* likewise, by TLS sockets of other programs */
	uint64_t installs[2];	/* of keys, by anybody, since boot: in software; on a NIC */
	uint64_t done;		/* bytes that NICs have encrypted or decrypted, for anybody */
};

struct bench_snapshot {
	uint64_t wire[BENCH_FLOWS];	/* bytes that the client has received; that it has sent */
	struct bench_flow_counters flows[BENCH_FLOWS];
	uint64_t retransmitted;		/* bytes, by the server's TLS sockets */
	uint64_t resent;		/* segments, by anybody, since boot */
	uint64_t events[BENCH_CARD_EVENTS];	/* of NICs, in the flows that are measured */
	bool counts;			/* NICs count bytes */
	int sockets_result;		/* -EPERM: this user may not see TLS sockets */
};

/* The flow is measured. */
bool bench_snapshot_measures(enum bench_direction direction, enum bench_flow flow);
/* Waits until what was sent is acknowledged; crowd may be NULL. 0 or -errno. */
int bench_snapshot_take(struct bench_snapshot *out, const struct bench_crowd *crowd,
			const struct bench_server *server);
/* The server's part of it, all but wire, for a server of this machine. */
void bench_snapshot_take_server(struct bench_snapshot *out, const struct bench_server *server);

#endif
