// SPDX-License-Identifier: MIT
#include <ctype.h>
#include "ktls/tlsring_reason.h"
#include "tests/ktap.h"

TEST(each_has_a_name_of_its_own)
{
	for (int r = 0; r < TLSRING_REASON_COUNT; r++) {
		const char *name = tlsring_reason_name(r);

		CHECK(*name && strcmp(name, "unknown"));
		for (const char *c = name; *c; c++)
			CHECK(islower((unsigned char)*c) || *c == '-');
		for (int other = 0; other < r; other++)
			CHECK(strcmp(name, tlsring_reason_name(other)));
	}
}

/* A text stands between "reason: " and " (remedy)": one line, no full stop. */
static void expect_clause(const char *text)
{
	size_t len = strlen(text);

	CHECK(len && text[len - 1] != '.' && !strchr(text, '\n'));
}

TEST(each_has_a_sentence)
{
	for (int r = 0; r < TLSRING_REASON_COUNT; r++) {
		expect_clause(tlsring_reason_text(r));
		for (int other = 0; other < r; other++)
			CHECK(strcmp(tlsring_reason_text(r), tlsring_reason_text(other)));
	}
}

TEST(remedies)
{
	for (int r = 0; r < TLSRING_REASON_COUNT; r++) {
		/* Only these have no remedy. */
		if (r == TLSRING_REASON_NONE || r == TLSRING_REASON_NOT_YET ||
		    r == TLSRING_REASON_USER_FASTER ||
		    r == TLSRING_REASON_NIC_ABSENT)
			EQ_STR(tlsring_reason_remedy(r), "");
		else
			expect_clause(tlsring_reason_remedy(r));
	}
	CHECK(strstr(tlsring_reason_remedy(TLSRING_REASON_NO_MODULE), "modprobe tls"));
	CHECK(strstr(tlsring_reason_remedy(TLSRING_REASON_MPTCP), "IPPROTO_TCP"));
	CHECK(strstr(tlsring_reason_remedy(TLSRING_REASON_NIC_FEATURE_OFF), "ethtool -K"));
}

TEST(beyond_the_list)
{
	EQ_STR(tlsring_reason_name(TLSRING_REASON_COUNT), "unknown");
	EQ_STR(tlsring_reason_name((enum tlsring_reason)-1), "unknown");
	CHECK(*tlsring_reason_text((enum tlsring_reason)12345));
	EQ_STR(tlsring_reason_remedy((enum tlsring_reason)12345), "");
}
