/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_PROOF_H
#define TOOLS_BENCH_PROOF_H

/*
 * Proof of path: where records were sealed or opened is what the kernel and the card count,
 not what a
 * mode is called. A card's part is what its own counter says,
 measured against all bytes that the server's
 * sockets on it gave to it, retransmissions included; what it did not seal,
 the kernel did. All other
 * bytes on the wire are the program's, or nobody's in a plain mode.
 */
#include "tools/bench/snapshot.h"

struct bench_proof {
	const struct bench_mode *mode;
	enum bench_direction direction;
	unsigned connections;		/* that were made from start on */
	/* Before the first connection; before and after the part that is measured. */
	const struct bench_snapshot *start, *from, *to;
	/* the server's own account; empty for other programs */
	const struct bench_report *report;
	/* bytes of the records of all answers, where connections are new */
	uint64_t records;
};

void bench_proof_judge(struct bench_path *out, const struct bench_proof *proof);

#endif
