// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "tools/bench/modes.h"
#include "tools/bench/proof.h"

#define PROOF_SEGMENT	1460	/* bytes */
#define PROOF_SHARE	100	/* one part in so many, sent again, makes a doubt */
#define PROOF_TOLERANCE	1000	/* one part in so many may be still on its way */

/* What a flow's bytes on the wire are divided into. */
struct proof_flow {
	const struct bench_proof *proof;
	struct bench_path *out;
	const struct bench_flow_counters *start, *from, *to;
	uint64_t wire;
	uint64_t nic, kernel;		/* of wire, by sockets or installs */
	uint64_t carried;		/* bytes that the card should have sealed or opened */
};

static uint64_t proof_part(uint64_t of, uint64_t part, uint64_t all)
{
	return all ? (uint64_t)((double)of * (double)part / (double)all) : 0;
}

static bool proof_less(uint64_t bytes, uint64_t all)
{
	return bytes < all - all / PROOF_TOLERANCE;
}

/* ---- whose connections they were ---- */

static void proof_by_sockets(struct proof_flow *f)
{
	const uint64_t *from = f->from->through, *to = f->to->through;
	uint64_t nic = to[TLSRING_PATH_NIC] - from[TLSRING_PATH_NIC];
	uint64_t kernel = to[TLSRING_PATH_KERNEL] - from[TLSRING_PATH_KERNEL];

	f->nic = nic < f->wire ? nic : f->wire;
	f->kernel = kernel < f->wire - f->nic ? kernel : f->wire - f->nic;
	f->carried = f->to->carried - f->from->carried;
}

/*
 * Each connection has the same part of the bytes. In a mode that installs no keys,
 fewer installs than
 * connections say nothing, as others' are counted, too.
 */
static void proof_by_installs(struct proof_flow *f)
{
	uint64_t nic = f->to->installs[1] - f->start->installs[1];
	uint64_t kernel = f->to->installs[0] - f->start->installs[0];
	uint64_t of = f->proof->connections, records = f->proof->records;
	enum bench_seal asked = f->proof->mode->seal;

	nic = nic < of ? nic : of;
	kernel = kernel < of - nic ? kernel : of - nic;
	f->out->counted = true;
	if (!of || (nic + kernel < of && asked != BENCH_KERNEL && asked != BENCH_NIC))
		return;
	f->nic = proof_part(f->wire, nic, of);
	f->kernel = proof_part(f->wire, kernel, of);
	f->carried = proof_part(records ? records : f->wire, nic, of);
	f->out->astray |= asked == BENCH_NIC ? nic < of : kernel < of;
}

/* ---- what the card did for them ---- */

static void proof_doubt(struct bench_path *out, enum bench_doubt doubt)
{
	out->doubt = out->doubt ? out->doubt : doubt;
}

static void proof_by_card(struct proof_flow *f)
{
	const struct bench_snapshot *from = f->proof->from, *to = f->proof->to;
	struct bench_card *card = &f->out->card;
	uint64_t done = f->to->done - f->from->done, foreign = f->to->foreign - f->from->foreign;
	uint64_t own = done > foreign ? done - foreign : 0, by_card = f->nic;

	if (!f->nic)
		return;
	card->carried += f->carried;
	card->done += done;
	card->foreign += foreign > 0 || done <= f->carried ? foreign : done - f->carried;
	if (f->out->counted &&
	    (to->resent - from->resent) * PROOF_SEGMENT > f->carried / PROOF_SHARE)
		proof_doubt(f->out, BENCH_DOUBT_RESENT);
	if (!to->counts)
		proof_doubt(f->out, BENCH_DOUBT_UNCOUNTED);
	else if (own < f->carried)
		by_card = proof_part(f->nic, own, f->carried);
	/* Even if all that the card did was for us, it was too little. */
	if (to->counts && f->proof->mode->seal == BENCH_NIC && proof_less(done, f->carried))
		f->out->astray = true;
	f->kernel += f->nic - by_card;
	f->nic = by_card;
}

/* Bytes of others may hide what the card did not do for ours. */
static void proof_foreign(struct bench_path *out)
{
	const struct bench_card *card = &out->card;

	if (card->foreign > card->carried / PROOF_TOLERANCE)
		proof_doubt(out, BENCH_DOUBT_FOREIGN);
}

/* ---- the judgement ---- */

static void proof_flow(struct bench_path *out, const struct bench_proof *proof,
		       enum bench_flow flow)
{
	const struct bench_snapshot *start = proof->start, *from = proof->from, *to = proof->to;
	struct proof_flow f = {
		.proof = proof, .out = out, .start = &start->flows[flow],
		.from = &from->flows[flow],
		.to = &to->flows[flow], .wire = to->wire[flow] - from->wire[flow],
	};

	if (to->sockets_result || bench_mode_new(proof->mode))
		proof_by_installs(&f);
	else
		proof_by_sockets(&f);
	proof_by_card(&f);
	out->bytes[BENCH_NIC] += f.nic;
	out->bytes[BENCH_KERNEL] += f.kernel;
	out->bytes[proof->mode->seal == BENCH_NOBODY ? BENCH_NOBODY : BENCH_USER] +=
		f.wire - f.nic - f.kernel;
}

static uint64_t proof_all(const struct bench_path *path)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < BENCH_SEALS; i++)
		all += path->bytes[i];
	return all;
}

void bench_proof_judge(struct bench_path *out, const struct bench_proof *proof)
{
	static const enum tlsring_path library[BENCH_SEALS] = {
		[BENCH_KERNEL] = TLSRING_PATH_KERNEL, [BENCH_NIC] = TLSRING_PATH_NIC,
	};
	enum bench_seal asked = proof->mode->seal;
	uint64_t all;

	*out = (struct bench_path){ 0 };
	for (unsigned i = 0; i < BENCH_FLOWS; i++)
		if (bench_snapshot_measures(proof->direction, i))
			proof_flow(out, proof, i);
	out->card.retransmitted = proof->to->retransmitted - proof->from->retransmitted;
	for (unsigned i = 0; i < BENCH_CARD_EVENTS; i++)
		out->card.events[i] = proof->to->events[i] - proof->from->events[i];
	proof_foreign(out);
	all = proof_all(out);
	out->astray |= !all;
	/* With foreign bytes on the card the share is the least that it can be. */
	if (proof_less(out->bytes[asked], all))
		out->astray |= asked != BENCH_NIC || out->doubt != BENCH_DOUBT_FOREIGN;
	if (!proof->mode->program && library[asked] &&
	    proof->report->paths[library[asked]] < proof->connections)
		out->astray = true;
}
