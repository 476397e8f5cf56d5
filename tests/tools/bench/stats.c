// SPDX-License-Identifier: MIT
/* What `tlsring bench` concludes from its figures: statistics, and where records were sealed. */
#include <errno.h>
#include "tests/ktap.h"
#include "tools/bench/client/samples.h"
#include "tools/bench/proof.h"
#include "tools/bench/machine/cost.h"
#include "tools/bench/report/stats.h"

static struct bench_summary summary(const double *values, size_t count)
{
	struct bench_summary s;

	bench_stats_summarise(&s, values, count);
	return s;
}

TEST(summaries)
{
	static const double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 },
	spread[] = { 1, 1, 2, 2, 4, 6, 9 };
	struct bench_summary s = summary(odd, 3);

	EQ(s.count, 3);
	CHECK(s.median == 3 && s.min == 1 && s.max == 5 && s.mad == 2);
	s = summary(even, 4);
	CHECK(s.median == 2.5 && s.min == 1 && s.max == 4 && s.mad == 1);
	s = summary(spread, 7);
	CHECK(s.median == 2 && s.mad == 1);
	s = summary(odd, 1);
	CHECK(s.median == 5 && s.min == 5 && s.max == 5 && s.mad == 0);
	s = summary(NULL, 0);
	CHECK(!s.count && s.median == 0 && s.mad == 0);
	/* The caller's order is left alone. */
	CHECK(odd[0] == 5 && odd[1] == 1);
}

TEST(apart_only_when_no_values_overlap)
{
	static const double low[] = { 1, 2, 3 }, high[] = { 4, 3.5, 9 }, between[] = { 2.5, 5, 6 };
	struct bench_summary a = summary(low, 3), b = summary(high, 3), c = summary(between, 3);
	struct bench_summary once = summary(high, 1), none = summary(NULL, 0);

	CHECK(bench_stats_apart(&a, &b) && bench_stats_apart(&b, &a));
	CHECK(!bench_stats_apart(&a, &c) && !bench_stats_apart(&c, &b));
	CHECK(!bench_stats_apart(&a, &a));
	CHECK(!bench_stats_apart(&a, &once) && !bench_stats_apart(&once,
								  &a) && !bench_stats_apart(&a,
											    &none));
}

TEST(changes)
{
	CHECK(bench_stats_change(4, 5) == 25 && bench_stats_change(4, 3) == -25);
	CHECK(bench_stats_change(0, 3) == 0);
}

/* ---- percentiles ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of values from nanoseconds to hours: never below what sorting says,
and at most a thousandth above. */
TEST(as_sorting_says_to_a_thousandth)
{
	static const double percents[] = { 1, 10, 50, 90, 99, 99.9, 99.99 };
	static uint64_t values[20000];
	struct hdr_histogram *histogram = bench_samples_histogram();
	uint64_t state = 88172645463325252;

	CHECK(histogram);
	for (unsigned i = 0; i < 20000; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		values[i] = state >> (17 + state % 40);
		CHECK(hdr_record_value(histogram, (int64_t)values[i]));
	}
	qsort(values, 20000, sizeof(*values), by_value);
	for (unsigned i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		uint64_t exact = values[(unsigned)(percents[i] * 200 + 0.5) - 1];
		uint64_t value = (uint64_t)hdr_value_at_percentile(histogram, percents[i]);

		CHECK(value >= exact && value - exact <= exact / 1000);
	}
	hdr_close(histogram);
}

/* ---- the model of a card ---- */

TEST(a_card_saves_the_sealing)
{
	struct bench_model m;

	CHECK(bench_cost_model(&m, 0.25, 1, 0.5, 0.125));
	CHECK(m.kernel == 1 && m.least == 0.25 && m.most == 0.5 && m.copy == 0.125);
	/* It cannot be better than no TLS at all. */
	CHECK(bench_cost_model(&m, 0.25, 1, 0.875, 0.125) && m.least == 0.25 && m.most == 0.25);
	CHECK(!bench_cost_model(&m, 0, 1, 0.5, 0.1) && !bench_cost_model(&m, 0.25, 0, 0.5, 0.1));
	CHECK(!bench_cost_model(&m, 0.25, 1, 0, 0.1) && !bench_cost_model(&m, 0.25, 0.25, 0.5,
									  0.1));
}

TEST(sealing_and_copying_cost_something)
{
	struct bench_cost p;

	CHECK(bench_cost_measure(&p) && p.aes[0] > 0 && p.aes[1] > 0 && p.copy > 0);
}

/* ---- proof of path: 4 connections, 100,000 bytes after a warm-up of 5,000 ---- */

static const struct bench_snapshot start = { .flows[BENCH_OUT].installs = { 70, 7 } };
static const struct bench_report kernel_report = { .paths = { [TLSRING_PATH_KERNEL] = 4 } };
static const struct bench_report nic_report = { .paths = { [TLSRING_PATH_NIC] = 4 } };
static const struct bench_report no_report;

/* Sockets without retransmissions, and a card that has sealed all that they sent. */
static struct bench_snapshot look(uint64_t wire, uint64_t kernel, uint64_t nic)
{
	return (struct bench_snapshot){
		.wire = { wire },
		.flows[BENCH_OUT] = {
			.through = { [TLSRING_PATH_KERNEL] = kernel, [TLSRING_PATH_NIC] = nic },
			.carried = nic, .done = nic, .installs = { 74, 7 },
		},
		.counts = true,
	};
}

static struct bench_path judge_in(const struct bench_mode *mode, enum bench_direction direction,
				  unsigned connections, const struct bench_snapshot *from,
				  const struct bench_snapshot *to,
				  const struct bench_report *report)
{
	const struct bench_proof proof = {
		.mode = mode, .direction = direction, .connections = connections, .start = &start,
		.from = from, .to = to, .report = report,
	};
	struct bench_path path;

	bench_proof_judge(&path, &proof);
	return path;
}

static struct bench_path judge(enum bench_seal asked, struct bench_snapshot from,
			       struct bench_snapshot to,
			       const struct bench_report *report)
{
	const struct bench_mode mode = { .seal = asked };

	return judge_in(&mode, BENCH_SEND, 4, &from, &to, report);
}

TEST(kernel_as_asked)
{
	struct bench_path p = judge(BENCH_KERNEL, look(5000, 5000, 0), look(105000, 105000, 0),
				    &kernel_report);

	EQ(p.bytes[BENCH_KERNEL], 100000);
	EQ(p.bytes[BENCH_USER] + p.bytes[BENCH_NIC] + p.bytes[BENCH_NOBODY], 0);
	CHECK(!p.astray && !p.counted);
}

TEST(part_of_it_fell_back)
{
	struct bench_path p = judge(BENCH_KERNEL, look(5000, 5000, 0), look(105000, 65000, 0),
				    &kernel_report);

	EQ(p.bytes[BENCH_KERNEL], 60000);
	EQ(p.bytes[BENCH_USER], 40000);
	CHECK(p.astray);
}

TEST(the_library_disagrees)
{
	static const struct bench_report report = { .paths = { [TLSRING_PATH_KERNEL] = 3,
							       [TLSRING_PATH_USER] = 1 } };

	CHECK(judge(BENCH_KERNEL, look(5000, 5000, 0), look(105000, 105000, 0), &report).astray);
}

TEST(sealed_by_a_nic)
{
	struct bench_path p = judge(BENCH_KERNEL, look(5000, 0, 5000), look(105000, 0, 105000),
				    &kernel_report);

	EQ(p.bytes[BENCH_NIC], 100000);
	EQ(p.bytes[BENCH_KERNEL], 0);
	CHECK(p.astray);
}

/* The card's own counter, against all that was given to it. */
TEST(a_nic_that_fell_back)
{
	struct bench_snapshot from = look(5000, 0, 5000), to = look(105000, 0, 105000);
	struct bench_path p = judge(BENCH_NIC, from, to, &nic_report);

	EQ(p.bytes[BENCH_NIC], 100000);
	CHECK(!p.astray && !p.doubt);
	to.flows[BENCH_OUT].done = 5000 + 87000;
	p = judge(BENCH_NIC, from, to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 87000);
	EQ(p.bytes[BENCH_KERNEL], 13000);
	CHECK(p.astray && !p.doubt);
}

/* The kernel sealed the 5,000 bytes that were sent again; the card all else. */
TEST(retransmissions)
{
	struct bench_snapshot from = look(5000, 0, 5000), to = look(105000, 0, 105000);
	struct bench_path p;

	to.flows[BENCH_OUT].carried += 5000;
	to.retransmitted = 5000;
	p = judge(BENCH_NIC, from, to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 95238);
	EQ(p.card.retransmitted, 5000);
	CHECK(p.astray && !p.doubt);
	/* The card sealed these, too. */
	to.flows[BENCH_OUT].done += 5000;
	p = judge(BENCH_NIC, from, to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 100000);
	CHECK(!p.astray && !p.doubt);
}

/* The share is that of the sockets on the card, not squared. */
TEST(half_of_the_connections)
{
	static const struct bench_report half = {
		.paths = { [TLSRING_PATH_NIC] = 2, [TLSRING_PATH_KERNEL] = 2 },
	};
	struct bench_path p = judge(BENCH_NIC, look(5000, 2500, 2500), look(105000, 52500, 52500),
				    &half);

	EQ(p.bytes[BENCH_NIC], 50000);
	EQ(p.bytes[BENCH_KERNEL], 50000);
	CHECK(p.astray);
}

TEST(a_card_that_counts_no_bytes)
{
	struct bench_snapshot from = look(5000, 0, 5000), to = look(105000, 0, 105000);
	struct bench_path p;

	from.counts = to.counts = false;
	from.flows[BENCH_OUT].done = to.flows[BENCH_OUT].done = 0;
	p = judge(BENCH_NIC, from, to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 100000);
	EQ(p.doubt, BENCH_DOUBT_UNCOUNTED);
	/* Nothing went to a card: there is nothing to prove. */
	EQ(judge(BENCH_KERNEL, look(5000, 5000, 0), look(105000, 105000, 0), &kernel_report).doubt,
	   0);
}

/* Others' bytes could stand for ours: what is left is the least that the card did. */
TEST(foreign_bytes)
{
	struct bench_snapshot from = look(5000, 0, 5000), to = look(105000, 0, 105000);
	struct bench_path p;

	to.flows[BENCH_OUT].foreign = 30000;
	p = judge(BENCH_NIC, from, to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 70000);
	EQ(p.doubt, BENCH_DOUBT_FOREIGN);
	CHECK(!p.astray);
	/* Sockets of another network namespace are not seen, but their bytes are. */
	to.flows[BENCH_OUT].foreign = 0;
	to.flows[BENCH_OUT].done += 20000;
	p = judge(BENCH_NIC, from, to, &nic_report);
	EQ(p.doubt, BENCH_DOUBT_FOREIGN);
	EQ(p.card.foreign, 20000);
}

/* In both directions, each has a counter of its own: one does not make up for the other. */
TEST(both_flows_of_a_nic)
{
	static const struct bench_mode mode = { .seal = BENCH_NIC };
	struct bench_snapshot from = look(0, 0, 0), to = look(100000, 0, 100000);
	struct bench_path p;

	to.wire[BENCH_IN] = 100000;
	to.flows[BENCH_IN] = to.flows[BENCH_OUT];
	to.flows[BENCH_IN].done = 50000;
	to.flows[BENCH_OUT].done = 150000;
	p = judge_in(&mode, BENCH_BOTH, 4, &from, &to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 150000);
	EQ(p.bytes[BENCH_KERNEL], 50000);
	CHECK(p.astray);
	/* The other flow is left out where it is not measured. */
	p = judge_in(&mode, BENCH_RECEIVE, 4, &from, &to, &nic_report);
	EQ(p.bytes[BENCH_NIC], 50000);
	EQ(p.bytes[BENCH_KERNEL], 50000);
}

TEST(user_space_as_asked)
{
	struct bench_path p = judge(BENCH_USER, look(5000, 0, 0), look(105000, 0, 0), &no_report);

	EQ(p.bytes[BENCH_USER], 100000);
	CHECK(!p.astray);
	CHECK(judge(BENCH_USER, look(5000, 5000, 0), look(105000, 105000, 0), &no_report).astray);
}

TEST(plain_must_be_plain)
{
	struct bench_path p = judge(BENCH_NOBODY, look(5000, 0, 0), look(105000, 0, 0), &no_report);

	EQ(p.bytes[BENCH_NOBODY], 100000);
	CHECK(!p.astray);
	CHECK(judge(BENCH_NOBODY, look(5000, 0, 0), look(105000, 105000, 0), &no_report).astray);
}

TEST(nothing_came)
{
	CHECK(judge(BENCH_KERNEL, look(5000, 5000, 0), look(5000, 5000, 0), &kernel_report).astray);
}

/* Their sockets are gone when one looks. */
TEST(connections_that_did_not_last)
{
	static const struct bench_mode mode = { .seal = BENCH_KERNEL, .lifetime = BENCH_FULL };
	struct bench_snapshot from = look(5000, 0, 0), to = look(105000, 0, 0);
	struct bench_path p = judge_in(&mode, BENCH_SEND, 4, &from, &to, &kernel_report);

	EQ(p.bytes[BENCH_KERNEL], 100000);
	CHECK(p.counted && !p.astray);
	p = judge_in(&mode, BENCH_SEND, 5, &from, &to, &kernel_report);
	EQ(p.bytes[BENCH_KERNEL], 80000);
	EQ(p.bytes[BENCH_USER], 20000);
	CHECK(p.astray);
	/* However many there were. */
	to.flows[BENCH_OUT].installs[0] += 4995;
	CHECK(judge_in(&mode, BENCH_SEND, 5000, &from, &to, &kernel_report).astray);
}

/* Sockets are not shown to this user: then installs count. */
TEST(by_installs)
{
	struct bench_snapshot from = look(5000, 0, 0), to = look(105000, 0, 0);
	struct bench_path p;

	from.sockets_result = to.sockets_result = -EPERM;
	p = judge(BENCH_KERNEL, from, to, &kernel_report);
	EQ(p.bytes[BENCH_KERNEL], 100000);
	CHECK(p.counted && !p.astray);
	to.flows[BENCH_OUT].installs[0] = 73;
	p = judge(BENCH_KERNEL, from, to, &kernel_report);
	EQ(p.bytes[BENCH_KERNEL], 75000);
	EQ(p.bytes[BENCH_USER], 25000);
	CHECK(p.astray);
	/* Whose they are nobody knows. */
	p = judge(BENCH_USER, from, to, &kernel_report);
	EQ(p.bytes[BENCH_USER], 100000);
	CHECK(!p.astray);
	to.flows[BENCH_OUT].installs[1] = 9;
	to.flows[BENCH_OUT].done = 50000;
	p = judge(BENCH_NIC, from, to, &kernel_report);
	EQ(p.bytes[BENCH_NIC], 50000);
	EQ(p.bytes[BENCH_KERNEL], 50000);
	CHECK(p.astray);
	to.flows[BENCH_OUT].installs[1] = 11;
	to.flows[BENCH_OUT].done = 100000;
	p = judge(BENCH_KERNEL, from, to, &kernel_report);
	EQ(p.bytes[BENCH_NIC], 100000);
	CHECK(p.astray);
}

/* Keys to send with, and to receive with, are installed one by one. */
TEST(by_installs_of_both_ways)
{
	static const struct bench_mode mode = { .seal = BENCH_KERNEL };
	struct bench_snapshot from = look(5000, 0, 0), to = look(105000, 0, 0);
	struct bench_path p;

	from.sockets_result = to.sockets_result = -EPERM;
	to.wire[BENCH_IN] = 100000;
	p = judge_in(&mode, BENCH_BOTH, 4, &from, &to, &kernel_report);
	EQ(p.bytes[BENCH_KERNEL], 100000);
	CHECK(p.counted && p.astray);
	to.flows[BENCH_IN].installs[0] = 4;
	p = judge_in(&mode, BENCH_BOTH, 4, &from, &to, &kernel_report);
	EQ(p.bytes[BENCH_KERNEL], 200000);
	CHECK(!p.astray);
}
