// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include "tools/common/html.h"
#include "tools/serve/telemetry/metrics.h"
#include "tools/serve/telemetry/status_page.h"

static void page_row(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "<tr><th>%s<td>%" PRIu64 "\n", name, value);
}

static void page_table(FILE *out, const char *title)
{
	fprintf(out, "</table>\n<h2>%s</h2>\n<table>\n", title);
}

static uint64_t page_add(const uint64_t *values, unsigned count, unsigned step)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += values[i * step];
	return sum;
}

static void page_paths(FILE *out, const uint64_t *sum)
{
	static const char *const names[] = {
		"sending: user space",	 "sending: kernel",   "sending: network card",
		"receiving: user space", "receiving: kernel", "receiving: network card",
	};

	page_table(out, "Open connections by where their records are sealed");
	for (unsigned i = 0; i < 6; i++)
		page_row(out, names[i], sum[METRICS_PLACED + i]);
}

static void page_strategies(FILE *out, const uint64_t *sum)
{
	static const char *const names[TLSRING_STRATEGY_COUNT] = {
		[TLSRING_SENT_RECORDS] = "sealed in user space",
		[TLSRING_SENT_BUFFER] = "from a buffer",
		[TLSRING_SENT_MAPPING] = "from a mapping of the file",
		[TLSRING_SENT_SENDFILE] = "by sendfile",
		[TLSRING_SENT_ZEROCOPY] = "by sendfile, without a copy",
	};

	page_table(out, "Bytes by how they were sent");
	for (unsigned i = 0; i < TLSRING_STRATEGY_COUNT; i++)
		page_row(out, names[i], sum[METRICS_SENT + i]);
}

static void page_requests(FILE *out, const uint64_t *sum)
{
	static const char *const names[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

	page_table(out, "Requests");
	for (unsigned i = 1; i < 5; i++)
		page_row(out, names[i], page_add(&sum[METRICS_REQUESTS + i], 3, 5));
	page_row(out, "bytes of content", page_add(&sum[METRICS_BYTES], 3, 1));
}

static void page_limits(FILE *out, const uint64_t *sum)
{
	static const char *const names[METRICS_LIMITS] = {
		"connections in all",
		"connections of an address",
		"handshake",
		"header",
		"header's size",
		"idle",
		"rate",
		"requests of a connection",
		"HTTP/2 floods", "open files",
	};

	page_table(out, "Limits hit");
	for (unsigned i = 0; i < METRICS_LIMITS; i++)
		page_row(out, names[i], sum[METRICS_LIMIT + i]);
}

void status_page_write(FILE *out, const uint64_t *sum, uint64_t uptime)
{
	uint64_t accepted = sum[METRICS_ACCEPTED], closed = sum[METRICS_CLOSED];

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>tlsring</title>\n"
	      "<style>",
	      out);
	fputs(html_style, out);
	fputs("body{max-width:40rem}h1{font-size:1.4em}h2{font-size:1.1em;margin:1.5em 0 .4em}"
	      "th,td{padding:.1em 0;border-bottom:1px solid var(--line)}"
	      "td{text-align:right}</style>\n"
	      "<h1>tlsring " TLSRING_VERSION "</h1>\n"
	      "<p>All counters: <a href=\"/metrics\">/metrics</a>\n<table>\n",
	      out);
	page_row(out, "seconds since the start", uptime);
	page_row(out, "connections open", accepted > closed ? accepted - closed : 0);
	page_row(out, "connections accepted", accepted);
	page_row(out, "handshakes, full", page_add(&sum[METRICS_HANDSHAKES], 2, 3));
	page_row(out, "handshakes, resumed", page_add(&sum[METRICS_HANDSHAKES + 1], 2, 3));
	page_row(out, "handshakes, with early data", page_add(&sum[METRICS_HANDSHAKES + 2], 2, 3));
	page_row(out, "handshakes, failed", page_add(&sum[METRICS_FAILED], METRICS_FAILURES, 1));
	page_paths(out, sum);
	page_strategies(out, sum);
	page_requests(out, sum);
	page_limits(out, sum);
	fputs("</table>\n", out);
}
