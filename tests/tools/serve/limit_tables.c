// SPDX-License-Identifier: MIT
/* How many connections and open files there may be, in all and for each address. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include "tests/ktap.h"
#include "tools/serve/telemetry/limits.h"

static const struct sockaddr *address(const char *text)
{
	static struct sockaddr_storage out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out;

	memset(&out, 0, sizeof(out));
	out.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	CHECK(inet_pton(out.ss_family, text,
			out.ss_family == AF_INET ? (void *)&v4->sin_addr : &v6->sin6_addr) == 1);
	return (const struct sockaddr *)&out;
}

TEST(in_all)
{
	struct limits_settings settings = { .connections = 3 };
	struct limits *limits;

	EQ(limits_new(&limits, &settings), 0);
	EQ(limits_enter(limits, address("192.0.2.1")), LIMITS_WELCOME);
	EQ(limits_enter(limits, address("192.0.2.1")), LIMITS_WELCOME);
	EQ(limits_enter(limits, address("192.0.2.2")), LIMITS_WELCOME);
	EQ(limits_enter(limits, address("192.0.2.3")), LIMITS_TOO_MANY);
	limits_leave(limits, address("192.0.2.1"));
	EQ(limits_enter(limits, address("192.0.2.3")), LIMITS_WELCOME);
	EQ(limits_enter(limits, address("192.0.2.3")), LIMITS_TOO_MANY);
	limits_free(limits);
}

TEST(of_each_address)
{
	struct limits_settings settings = { .connections = 1000, .connections_per_address = 2 };
	struct limits *limits;

	EQ(limits_new(&limits, &settings), 0);
	for (int i = 0; i < 2; i++) {
		EQ(limits_enter(limits, address("192.0.2.1")), LIMITS_WELCOME);
		EQ(limits_enter(limits, address("2001:db8::1")), LIMITS_WELCOME);
	}
	EQ(limits_enter(limits, address("192.0.2.1")), LIMITS_TOO_MANY_OF_ADDRESS);
	/* The same address in another form, and another address of the same network. */
	EQ(limits_enter(limits, address("::ffff:192.0.2.1")), LIMITS_TOO_MANY_OF_ADDRESS);
	EQ(limits_enter(limits, address("2001:db8::2:3:4:5")), LIMITS_TOO_MANY_OF_ADDRESS);
	EQ(limits_enter(limits, address("2001:db8:0:1::1")), LIMITS_WELCOME);
	EQ(limits_enter(limits, address("192.0.2.2")), LIMITS_WELCOME);
	limits_leave(limits, address("::ffff:192.0.2.1"));
	EQ(limits_enter(limits, address("192.0.2.1")), LIMITS_WELCOME);
	limits_free(limits);
}

TEST(many_come_and_go)
{
	struct limits_settings settings = { .connections = 100000, .connections_per_address = 1 };
	struct limits *limits;
	char text[32];

	EQ(limits_new(&limits, &settings), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 50000; i++) {
			snprintf(text, sizeof(text), "10.%d.%d.1", i / 250, i % 250);
			EQ(limits_enter(limits, address(text)), LIMITS_WELCOME);
		}
		for (int i = 0; i < 50000; i++) {
			snprintf(text, sizeof(text), "10.%d.%d.1", i / 250, i % 250);
			limits_leave(limits, address(text));
		}
	}
	limits_free(limits);
}
