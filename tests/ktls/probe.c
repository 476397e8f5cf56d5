// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <sys/resource.h>
#include "ktls/counters.h"
#include "ktls/probe.h"
#include "ktls/tlsring_reason.h"
#include "tests/ktap.h"

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += !(lseek(fd, 0, SEEK_CUR) < 0 && errno == EBADF);
	return count;
}

static uint64_t mask(void)
{
	unsigned rows = 0;

	while (ktls_cipher_at(rows))
		rows++;
	return rows == 64 ? ~0ull : (1ull << rows) - 1;
}

TEST(answers_and_remembers)
{
	const struct ktls_caps *caps = ktls_probe();

	CHECK(caps);
	CHECK(ktls_probe() == caps);
	CHECK(strlen(caps->ulp_list) < sizeof(caps->ulp_list));
	CHECK(!strchr(caps->ulp_list, '\n'));
	CHECK(!(caps->tx_ciphers & ~mask()) && !(caps->rx_ciphers & ~mask()));
}

static void with_kernel_tls(const struct ktls_caps *caps)
{
	struct ktls_counters counters;

	EQ(caps->why_not, TLSRING_REASON_NONE);
	EQ(caps->ulp_error, 0);
	CHECK(strstr(caps->ulp_list, "tls"));
	CHECK(caps->tx_ciphers & 1);	/* TLS 1.3 AES-128-GCM: any kernel that has tls.ko */
	CHECK(caps->rx_ciphers & 1);
	EQ(caps->tx_ciphers, caps->rx_ciphers);
	EQ(caps->rekey_tx, caps->rekey_rx);
	EQ(ktls_counters_read(&counters), 0);
	CHECK(counters.tx_sw && counters.rx_sw);
	for (unsigned i = 0; ktls_cipher_at(i); i++)
		if (caps->tx_ciphers >> i & 1)
			printf("# %s\n", ktls_cipher_at(i)->name);
	printf("# rekey %d, zero-copy %d, no-pad %d, max-payload %d, ulps: %s\n", caps->rekey_tx,
	       caps->tx_zerocopy_ro, caps->rx_expect_no_pad, caps->max_payload, caps->ulp_list);
	printf("# bugs: no-pad %d, splice %d, nic %d, signal %d\n", caps->bug_no_pad,
	       caps->bug_splice_rx, caps->bug_nic, caps->bug_signal);
}

static void without_kernel_tls(const struct ktls_caps *caps)
{
	struct ktls_counters counters;

	CHECK(caps->why_not != TLSRING_REASON_NONE);
	CHECK(caps->ulp_error > 0);
	EQ(ktls_counters_read(&counters), -ENOENT);
	EQ(caps->tx_ciphers, 0);
	EQ(caps->rx_ciphers, 0);
	CHECK(!caps->rekey_tx && !caps->rekey_rx && !caps->tx_zerocopy_ro);
	CHECK(!caps->rx_expect_no_pad && !caps->max_payload);
	printf("# %s (errno %d)\n", tlsring_reason_text(caps->why_not), caps->ulp_error);
}

TEST(consistent)
{
	const struct ktls_caps *caps = ktls_probe();

	if (caps->ulp)
		with_kernel_tls(caps);
	else
		without_kernel_tls(caps);
}

TEST(leaves_no_descriptor)
{
	int before = descriptors();

	ktls_probe();
	EQ(descriptors(), before);
}

static void *ask(void *arg)
{
	(void)arg;
	return (void *)ktls_probe();
}

TEST(threads_get_one_answer)
{
	pthread_t threads[8];
	void *answer;

	for (int i = 0; i < 8; i++)
		CHECK(!pthread_create(&threads[i], NULL, ask, NULL));
	for (int i = 0; i < 8; i++) {
		CHECK(!pthread_join(threads[i], &answer));
		CHECK(answer == ktls_probe());
	}
}

TEST(quick)
{
	struct timespec start, end;
	long msecs;

	/* Of this process alone: others may keep it waiting. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	ktls_probe();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	msecs = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
	printf("# %ld ms\n", msecs);
	CHECK(msecs < 500);	/* it takes a few ms, more on emulated machines */
}

/* A lack of descriptors is not remembered as a lack of kernel TLS. */
TEST(repeated_after_a_lack_of_descriptors)
{
	struct rlimit limit, none;

	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	for (rlim_t count = 3; count <= 5; count++) {
		none = limit;
		none.rlim_cur = count;
		CHECK(!setrlimit(RLIMIT_NOFILE, &none));
		EQ(ktls_probe()->ulp, false);
		EQ(ktls_probe()->ulp_error, EMFILE);
		EQ(ktls_probe()->why_not, TLSRING_REASON_KERNEL_REFUSED);
	}
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	CHECK(ktls_probe()->ulp || ktls_probe()->ulp_error != EMFILE);
	CHECK(ktls_probe() == ktls_probe());
}
