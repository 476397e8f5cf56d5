// SPDX-License-Identifier: MIT
/* Numbers that people write: the whole string, within its range. */
#include <errno.h>
#include <sys/un.h>
#include "tests/ktap.h"
#include "tools/common/address.h"
#include "tools/common/clock.h"
#include "tools/common/number.h"

TEST(whole)
{
	uint64_t n = 7;

	CHECK(!number_parse("0", 0, 9, &n) && n == 0);
	CHECK(!number_parse("007", 0, 9, &n) && n == 7);
	CHECK(!number_parse("18446744073709551615", 0, UINT64_MAX, &n) && n == UINT64_MAX);
	CHECK(number_parse("18446744073709551616", 0, UINT64_MAX, &n) == -ERANGE);
	CHECK(number_parse("10", 0, 9, &n) == -ERANGE && number_parse("1", 2, 9, &n) == -ERANGE);
	for (const char *const *bad =
		     (const char *const[]){ "", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.0", NULL };
	     *bad; bad++)
		CHECK(number_parse(*bad, 0, UINT64_MAX, &n) == -EINVAL);
	CHECK(n == UINT64_MAX);
}

TEST(real)
{
	double n = 7;

	CHECK(!number_parse_real("0.5", 0, 1, &n) && n == 0.5);
	CHECK(!number_parse_real(".25", 0, 1, &n) && n == 0.25);
	CHECK(number_parse_real("1.5", 0, 1, &n) == -ERANGE);
	for (const char *const *bad = (const char *const[]){ "", ".", "inf", "nan", "0x1p4", "1e9",
							     "1..2", "-1", "1s", NULL };
	     *bad; bad++)
		CHECK(number_parse_real(*bad, 0, 1e300, &n) == -EINVAL);
	CHECK(n == 0.25);
}

TEST(units)
{
	uint64_t bytes = 7;
	double seconds = 7;

	CHECK(!number_parse_bytes("512", 1, 1024, &bytes) && bytes == 512);
	CHECK(!number_parse_bytes("16K", 1, 1 << 20, &bytes) && bytes == 16384);
	CHECK(!number_parse_bytes("1.5M", 1, 1 << 30, &bytes) && bytes == 1536 * 1024);
	CHECK(!number_parse_bytes("2T", 1, UINT64_MAX, &bytes) && bytes == 2199023255552);
	CHECK(!number_parse_bytes("9007199254740993", 1, UINT64_MAX, &bytes) &&
	      bytes == 9007199254740993);
	CHECK(number_parse_bytes("2G", 1, 1 << 30, &bytes) == -ERANGE);
	CHECK(number_parse_bytes("1k", 1, 1 << 30, &bytes) == -EINVAL &&
	      number_parse_bytes("K", 1, 9, &bytes) == -EINVAL);
	CHECK(!number_parse_seconds("90", 1, 100, &seconds) && seconds == 90);
	CHECK(!number_parse_seconds("1.5h", 1, 1e6, &seconds) && seconds == 5400);
	CHECK(!number_parse_seconds("250ms", 0, 100, &seconds) && seconds == 0.25);
	CHECK(number_parse_seconds("1w", 0, 1e9, &seconds) == -EINVAL &&
	      number_parse_seconds("1m", 0, 59, &seconds) == -ERANGE);
}

TEST(switches)
{
	bool on = false;

	CHECK(!number_parse_switch("yes", &on) && on);
	CHECK(!number_parse_switch("off", &on) && !on);
	CHECK(!number_parse_switch("1", &on) && on);
	CHECK(!number_parse_switch("Off", &on) && !on);
	CHECK(!number_parse_switch("ON", &on) && on);
	CHECK(number_parse_switch("o", &on) == -EINVAL && number_parse_switch("", &on) == -EINVAL &&
	      on);
}

TEST(for_people)
{
	char buf[NUMBER_BYTES], date[CLOCK_ISO];

	CHECK(!strcmp(number_bytes(0, buf), "0 B") && !strcmp(number_bytes(1023, buf), "1023 B"));
	CHECK(!strcmp(number_bytes(1024, buf), "1.0 KiB") &&
	      !strcmp(number_bytes(1024 * 1024 - 1, buf), "1.0 MiB"));
	CHECK(!strcmp(number_bytes(102348, buf), "99.9 KiB") &&
	      !strcmp(number_bytes(102400, buf), "100 KiB"));
	CHECK(!strcmp(number_bytes(UINT64_MAX, buf), "16.0 EiB"));
	CHECK(!strcmp(clock_iso(0, date), "1970-01-01T00:00:00Z"));
	CHECK(!strcmp(clock_iso((time_t)INT64_MAX, date), ""));
}

TEST(host_port)
{
	struct address a;

	CHECK(!address_parse("example.org:443", &a) && !strcmp(a.host, "example.org") &&
	      a.port == 443);
	CHECK(!address_parse("443", &a) && !*a.host && a.port == 443);
	CHECK(!address_parse(":0", &a) && !*a.host && !a.port);
	CHECK(!address_parse("[::1]:8443", &a) && !strcmp(a.host, "::1") && a.port == 8443);
	CHECK(!address_parse("[fe80::1%2]:1", &a) && !strcmp(a.host, "fe80::1%2"));
	for (const char *const *bad =
		     (const char *const[]){ "", "a", "a:", "a:65536", "a:-1", "::1:443", "[]:1",
					    "[::1:1", "[::1]", "a:1 ", NULL };
	     *bad; bad++)
		CHECK(address_parse(*bad, &a) == -EINVAL);
}

TEST(ip)
{
	struct sockaddr_storage address;
	char buf[ADDRESS_TEXT];

	CHECK(!address_parse_ip("192.0.2.1", &address) &&
	      !strcmp(address_text(&address, buf), "192.0.2.1:0"));
	CHECK(!address_parse_ip("::ffff:192.0.2.1", &address) &&
	      !strcmp(address_text(&address, buf), "192.0.2.1:0"));
	CHECK(!address_parse_ip("2001:db8::1", &address) &&
	      !strcmp(address_text(&address, buf), "[2001:db8::1]:0"));
	CHECK(address_parse_ip("192.0.2", &address) == -EINVAL &&
	      address_parse_ip("", &address) == -EINVAL);
	address = (struct sockaddr_storage){ .ss_family = AF_UNIX };
	strcpy(((struct sockaddr_un *)&address)->sun_path, "/run/socket");
	CHECK(!strcmp(address_text(&address, buf), "unix:/run/socket"));
	address.ss_family = AF_UNSPEC;
	CHECK(!strcmp(address_text(&address, buf), "(unknown peer)"));
}
