// SPDX-License-Identifier: MIT
/* The sentences at the top of every form of output, from outcomes with known values. */
#include <string.h>
#include "tests/ktap.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/report/verdict.h"

static struct bench_result results[BENCH_MODES];
static struct bench_options options = { .size = 1 << 20, .tls = 0 };
static char sentences[BENCH_VERDICTS][BENCH_VERDICT_TEXT];

/* Two rounds of a mode, with this CPU time or memory. */
static struct bench_result *measured(const char *name, double a, double b)
{
	const struct bench_mode *mode = bench_mode_find(name);
	struct bench_result *r = &results[mode - bench_modes];
	enum bench_measure measure = bench_mode_measure(mode);

	*r = (struct bench_result){ .mode = mode, .runs = 2 };
	r->values[measure][0] = a;
	r->values[measure][1] = b;
	return r;
}

static unsigned judge(void)
{
	const struct bench_outcome outcome = { .options = &options, .results = results, .repeats = 2 };
	unsigned count = bench_verdict(sentences, &outcome);

	memset(results, 0, sizeof(results));
	return count;
}

static bool says(unsigned which, const char *text)
{
	if (strstr(sentences[which], text))
		return true;
	printf("# %s\n", sentences[which]);
	return false;
}

TEST(a_card_saves)
{
	measured("kernel-sendfile", 1.0, 1.0);
	measured("kernel-read", 2.0, 2.0);
	measured("nic-sendfile", 0.8, 0.8);
	measured("nic-zerocopy", 0.58, 0.6);
	EQ(judge(), 1);
	CHECK(says(0, "the card saves 41 % +- 1 % of the CPU time of kernel TLS for answers of 1.0 MiB "
		      "over TLS 1.2 (nic-zerocopy beside kernel-sendfile)"));
}

TEST(kernel_tls_costs_more)
{
	measured("kernel-sendfile", 1.2, 1.2);
	measured("user-mapped", 1.0, 1.0);
	EQ(judge(), 1);
	CHECK(says(0, "kernel TLS takes 20 % +- 0 % more CPU time than TLS in user space"));
}

TEST(noise_is_said_to_be_noise)
{
	measured("kernel-sendfile", 0.9, 1.1);
	measured("user-mapped", 1.0, 1.05);
	EQ(judge(), 1);
	CHECK(says(0, "as much CPU time as TLS in user space") && says(0, "within noise"));
	measured("kernel-sendfile", 0.9, 1.1)->runs = 1;
	measured("user-mapped", 2.0, 2.0)->runs = 1;
	EQ(judge(), 1);
	CHECK(says(0, "A single round cannot tell"));
}

/* Each kind of connection has a sentence of its own. */
TEST(kinds_apart)
{
	measured("kernel-sendfile", 0.5, 0.5);
	measured("user-mapped", 1.0, 1.0);
	measured("kernel-full", 300, 300);
	measured("user-full", 200, 200);
	measured("kernel-idle", 1000, 1000);
	measured("user-idle", 10000, 10000);
	EQ(judge(), 3);
	CHECK(says(0, "saves 50 %") && says(1, "takes 50 %") && says(1, "new connections"));
	CHECK(says(2, "saves 90 %") && says(2, "of the memory"));
}

TEST(what_is_not_possible)
{
	measured("kernel-sendfile", 1.0, 1.0);
	*measured("nic-sendfile", 0, 0) = (struct bench_result){
		.mode = bench_mode_find("nic-sendfile"), .why = TLSRING_REASON_NIC_VERSION,
	};
	EQ(judge(), 1);
	CHECK(says(0, "The card does nothing for answers of 1.0 MiB over TLS 1.2: "));
}

/* A wrong path is not about the card, and doubt is not left out. */
TEST(wrong_paths_and_doubts)
{
	measured("kernel-sendfile", 1.0, 1.0);
	measured("nic-sendfile", 0.5, 0.5)->astray = 1;
	EQ(judge(), 0);
	measured("kernel-sendfile", 1.0, 1.0);
	measured("nic-sendfile", 0.5, 0.5)->path.doubt = BENCH_DOUBT_UNCOUNTED;
	EQ(judge(), 1);
	CHECK(says(0, "NOT PROVEN"));
}

/* Other servers are not what is compared. */
TEST(only_our_own_servers)
{
	measured("nginx-kernel", 0.5, 0.5);
	measured("user-mapped", 1.0, 1.0);
	EQ(judge(), 0);
}

