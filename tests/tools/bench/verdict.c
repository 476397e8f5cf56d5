// SPDX-License-Identifier: MIT
/* What `tlsring bench --preset soak` concludes: leaks that are made here, and what only looks like one. */
#include <errno.h>
#include "tests/ktap.h"
#include "tools/bench/client/mix.h"
#include "tools/bench/soak/verdict.h"

#define LOOKS	BENCH_SOAK_LOOKS
#define MIB	1048576.0

/* The same in every run, from 0 to 1. */
static double noise(unsigned i)
{
	return (double)(i * 7919 % 101) / 100;
}

TEST(what_stays_does_not_grow)
{
	double flat[LOOKS], noisy[LOOKS], falls[LOOKS];

	for (unsigned i = 0; i < LOOKS; i++) {
		flat[i] = 5 * MIB;
		noisy[i] = 5 * MIB + noise(i) * MIB;
		falls[i] = 50 * MIB - i * MIB;
	}
	CHECK(bench_soak_growth(flat, LOOKS) == 0);
	CHECK(bench_soak_growth(noisy, LOOKS) == 0);
	CHECK(bench_soak_growth(falls, LOOKS) == 0);
}

/* Caches fill at first, an arena is added once: neither goes on. */
TEST(what_settles_does_not_grow)
{
	double warm[LOOKS], step[LOOKS];

	/* A large page at once, and a little of what settles. */
	for (unsigned i = 0; i < LOOKS; i++)
		step[i] = (i < 27 ? 3 : 5) * MIB + i * 4096.0;
	CHECK(bench_soak_growth(step, LOOKS) < 0.1 * MIB);
	for (unsigned i = 0; i < LOOKS; i++) {
		warm[i] = (i < LOOKS / 2 ? i : LOOKS / 2) * MIB + noise(i) * MIB;
		step[i] = (i < 25 ? 5 : 9) * MIB;
	}
	CHECK(bench_soak_growth(warm, LOOKS) == 0);
	CHECK(bench_soak_growth(step, LOOKS) == 0);
}

TEST(a_leak_grows_through_noise)
{
	double leak[LOOKS], growth;

	for (unsigned i = 0; i < LOOKS; i++)
		leak[i] = 5 * MIB + i * 0.25 * MIB + noise(i) * MIB;
	growth = bench_soak_growth(leak, LOOKS);
	CHECK(growth > 3 * MIB && growth < 7 * MIB);
	/* Of a run cut short too; but four looks in a quarter tell nothing. */
	for (unsigned i = 0; i < LOOKS; i++)
		leak[i] = i;
	CHECK(bench_soak_growth(leak, 20) == 8);
	CHECK(bench_soak_growth(leak, 19) == 0 && bench_soak_growth(leak, 0) == 0);
}

/* ---- verdicts ---- */

static const struct bench_mode kernel = { .name = "kernel-soak", .seal = BENCH_KERNEL };
static struct bench_soak soak;	/* large */
static struct bench_finding findings[BENCH_SOAK_FINDINGS];

/* Nothing is wrong with it. */
static void made(void)
{
	soak = (struct bench_soak){
		.mode = &kernel, .count = LOOKS, .requests = 1000, .connections = 100, .updates = 70,
		.before = { .descriptors = 12, .counters = { [BENCH_CURRENT_TX] = 2, [BENCH_DECRYPT_ERRORS] = 7,
							     [BENCH_RX_REKEYS] = 30 } },
		.own_before = { .descriptors = 5 }, .own_after = { .descriptors = 5 },
	};
	soak.after = soak.before;
	soak.after.counters[BENCH_RX_REKEYS] = 100;
	for (unsigned i = 0; i < LOOKS; i++)
		soak.looks[i] = (struct bench_soak_look){
			.seconds = 360 * (i + 1),
			.server = { .memory = (uint64_t)((3 + noise(i)) * MIB), .descriptors = 24 + i % 3, .slab = 70 << 20 },
			.client = { .memory = 5 << 20, .descriptors = 20 },
		};
}

/* The only finding, or "". */
static const char *finding(bool wrong)
{
	unsigned count = bench_soak_verdict(findings, &soak);

	CHECK(count < 2);
	if (!count)
		return "";
	EQ(findings[0].wrong, wrong);
	return findings[0].text;
}

TEST(nothing_wrong)
{
	made();
	EQ_STR(finding(true), "");
}

TEST(memory_leaks)
{
	made();
	for (unsigned i = 0; i < LOOKS; i++)
		soak.looks[i].server.memory = (5 << 20) + i * (100 << 10);
	/* Nine looks of six minutes in each quarter behind its first. */
	EQ_STR(finding(true), "the server's memory leaks: KiB: 1800 more since the middle of the run, 1000 an hour, and growing "
	       "all the time");
	made();
	for (unsigned i = 0; i < LOOKS; i++)
		soak.looks[i].client.memory = (5 << 20) + i * (100 << 10);
	CHECK(strstr(finding(true), "the client's memory leaks"));
	/* What it may come and go by. */
	for (unsigned i = 0; i < LOOKS; i++)
		soak.looks[i].client.memory = (5 << 20) + i * (10 << 10);
	EQ_STR(finding(true), "");
}

TEST(descriptors_leak)
{
	made();
	for (unsigned i = 0; i < LOOKS; i++)
		soak.looks[i].server.descriptors = 24 + i / 2;
	CHECK(strstr(finding(true), "the server leaks descriptors: 8 more"));
	made();
	soak.after.descriptors = 40;
	EQ_STR(finding(true), "the server has 40 descriptors, 12 before it had a connection");
	made();
	soak.own_after.descriptors = 25;
	EQ_STR(finding(true), "the client has 25 descriptors, 5 before it had a connection");
}

/* It is the whole system's: that is no verdict. */
TEST(the_kernel_grows)
{
	made();
	for (unsigned i = 0; i < LOOKS; i++)
		soak.looks[i].server.slab = (uint64_t)(70 + 3 * i) << 20;
	CHECK(strstr(finding(false), "MiB: 54 more"));
}

TEST(keys_of_ended_connections)
{
	made();
	soak.after.counters[BENCH_CURRENT_RX] = 1;
	EQ_STR(finding(true), "TlsCurrRxSw is 1, 0 before: the kernel still has keys of connections that have ended");
	/* Another program's were there before, and have gone. */
	made();
	soak.after.counters[BENCH_CURRENT_TX] = 0;
	EQ_STR(finding(true), "");
}

TEST(errors_are_counted)
{
	made();
	soak.after.counters[BENCH_DECRYPT_ERRORS] = 10;
	EQ_STR(finding(true), "TlsDecryptError: 3");
	made();
	soak.after.counters[BENCH_TX_REKEY_ERRORS] = 1;
	EQ_STR(finding(true), "TlsTxRekeyError: 1");
	made();
	soak.after.counters[BENCH_RX_REKEYS] = 99;
	EQ_STR(finding(true), "of 70 KeyUpdates the kernel followed 69");
}

TEST(the_load_failed)
{
	made();
	soak.error = -EBADMSG;
	EQ_STR(finding(true), "after 1000 requests: the answer is not the file's content");
	made();
	soak.astray = 3;
	EQ_STR(finding(true), "WRONG PATH: the records of 3 connections were not sealed where they should be (kernel)");
}

TEST(cut_short)
{
	made();
	soak.count = 19;
	EQ_STR(finding(false), "19 looks are too few to tell whether memory grows");
}

/* ---- what is asked for ---- */

TEST(a_mix_of_everything)
{
	uint64_t sizes = 0, least = 1 << 20, updates = 0;
	unsigned last = 0, nth[4] = { 0 };

	for (unsigned all = 0; all < 4800; all++) {
		unsigned connection = all % 4;
		uint8_t kind = bench_mix_kind(connection, nth[connection], all);
		uint64_t size = bench_mix_size(1 << 20, kind);

		CHECK(size && size <= 1 << 20);
		sizes += size == 1 << 20;
		least = size < least ? size : least;
		updates += bench_mix_update(nth[connection]++);
		last += bench_mix_last(kind);
		if (bench_mix_last(kind))
			nth[connection] = 0;
	}
	EQ(sizes, 300);
	CHECK(least < 64);
	/* One connection in four is always new, the others are after a thousand requests. */
	EQ(last, 1200 + 3);
	EQ(updates, 3 * 120);
	EQ(bench_mix_size(1, 15), 1);
	EQ(bench_mix_size(5000, 0), 5000);
}

/* What cannot mend itself ends the load. */
TEST(stops_at_the_first_fault)
{
	struct bench_soak soak = { .count = 2, .before.counters[BENCH_DECRYPT_ERRORS] = 5 };

	soak.looks[0].server.counters[BENCH_DECRYPT_ERRORS] = 5;
	soak.looks[1].server.counters[BENCH_DECRYPT_ERRORS] = 5;
	CHECK(!bench_soak_fault(&soak));
	soak.looks[1].server.counters[BENCH_RX_REKEYS] = 9;
	CHECK(!bench_soak_fault(&soak));
	soak.looks[1].server.counters[BENCH_DECRYPT_ERRORS] = 6;
	CHECK(bench_soak_fault(&soak));
	soak.looks[1].server.counters[BENCH_DECRYPT_ERRORS] = 5;
	soak.astray = 1;
	CHECK(bench_soak_fault(&soak));
}
