// SPDX-License-Identifier: MIT
/* Results and paths, as numbers and as words. */
#include <limits.h>
#include "lib/tlsring.h"
#include "tests/ktap.h"

TEST(alerts)
{
	for (int alert = 0; alert <= UINT8_MAX; alert++) {
		int sent = tlsring_result_alert_sent((uint8_t)alert);
		int received = tlsring_result_alert_received((uint8_t)alert);

		EQ(sent, TLSRING_EALERT_SENT(alert));
		EQ(received, TLSRING_EALERT_RECEIVED(alert));
		CHECK(tlsring_result_is_alert_sent(sent) && !tlsring_result_is_alert_received(sent));
		CHECK(tlsring_result_is_alert_received(received) && !tlsring_result_is_alert_sent(received));
		EQ(tlsring_result_alert(sent), alert);
		EQ(tlsring_result_alert(received), alert);
	}
}

TEST(no_alerts)
{
	static const int others[] = {
		1, 0, -EPIPE, -4095, -4999, -5256, -5299, -5556, TLSRING_ELIBRARY, TLSRING_EREFUSED, INT_MIN,
	};

	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++) {
		CHECK(!tlsring_result_is_alert_sent(others[i]));
		CHECK(!tlsring_result_is_alert_received(others[i]));
		EQ(tlsring_result_alert(others[i]), -1);
	}
}

static const char *sentence(int result)
{
	static char text[128];

	return tlsring_strerror(result, text, sizeof(text));
}

TEST(sentences)
{
	EQ_STR(sentence(0), "no error");
	EQ_STR(sentence(1), "no error");
	EQ_STR(sentence(-ENOMEM), "Cannot allocate memory");
	EQ_STR(sentence(-EPIPE), "the peer ended the stream without close_notify");
	EQ_STR(sentence(TLSRING_EALERT_SENT(40)), "alert sent: handshake_failure");
	EQ_STR(sentence(TLSRING_EALERT_RECEIVED(48)), "alert received: unknown_ca");
	EQ_STR(sentence(TLSRING_ELIBRARY), "OpenSSL failed");
	EQ_STR(sentence(-5256), "unknown result -5256");
}

TEST(short_buffer)
{
	char text[4] = "abc";

	EQ_STR(tlsring_strerror(-ENOMEM, text, sizeof(text)), "Can");
	CHECK(tlsring_strerror(-ENOMEM, NULL, 0) == NULL);
}

TEST(paths)
{
	EQ_STR(tlsring_path_name(TLSRING_PATH_USER), "user");
	EQ_STR(tlsring_path_name(TLSRING_PATH_KERNEL), "kernel");
	EQ_STR(tlsring_path_name(TLSRING_PATH_NIC), "nic");
	EQ_STR(tlsring_path_name(TLSRING_PATH_FAILED), "failed");
	EQ_STR(tlsring_path_name((enum tlsring_path)99), "unknown");
	EQ_STR(tlsring_path_name((enum tlsring_path)-1), "unknown");
}
