// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "tools/serve/telemetry/metrics.h"

static const struct {
	uint64_t nsecs;
	const char *name;	/* the same in seconds */
} metrics_buckets[METRICS_BUCKETS] = {
	{ 100000, "0.0001" },  { 250000, "0.00025" },	{ 500000, "0.0005" }, { 1000000, "0.001" },
	{ 2500000, "0.0025" }, { 5000000, "0.005" },	{ 10000000, "0.01" }, { 25000000, "0.025" },
	{ 100000000, "0.1" },  { 500000000, "0.5" },	{ 1000000000, "1" },  { 5000000000, "5" },
	{ 30000000000, "30" }, { 300000000000, "300" },
};

static const char *const metrics_limits[METRICS_LIMITS] = {
	[METRICS_LIMIT_CONNECTIONS] = "connections",
	[METRICS_LIMIT_PER_ADDRESS] = "connections_per_address",
	[METRICS_LIMIT_HANDSHAKE] = "handshake",
	[METRICS_LIMIT_HEADER] = "header",
	[METRICS_LIMIT_HEADER_BYTES] = "header_bytes",
	[METRICS_LIMIT_IDLE] = "idle",
	[METRICS_LIMIT_RATE] = "rate",
	[METRICS_LIMIT_REQUESTS] = "requests",
	[METRICS_LIMIT_HTTP2] = "http2", [METRICS_LIMIT_FILES] = "files",
};

static const char *const metrics_failures[METRICS_FAILURES] = {
	[METRICS_FAILURE_TIMEOUT] = "timeout",
	[METRICS_FAILURE_LEFT] = "peer_left",
	[METRICS_FAILURE_REFUSED_BY_PEER] = "alert_received",
	[METRICS_FAILURE_REFUSED] = "alert_sent",
	[METRICS_FAILURE_STOPPING] = "stopping",
	[METRICS_FAILURE_OTHER] = "other",
};

static const char *const metrics_directions[] = { "tx", "rx" };
static const char *const metrics_paths[] = { "user", "kernel", "nic" };
static const char *const metrics_strategies[TLSRING_STRATEGY_COUNT] = {
	[TLSRING_SENT_RECORDS] = "user_records", [TLSRING_SENT_BUFFER] = "buffer",
	[TLSRING_SENT_MAPPING] = "mapping", [TLSRING_SENT_SENDFILE] = "sendfile",
	[TLSRING_SENT_ZEROCOPY] = "sendfile_zerocopy",
};

struct metrics *metrics_new(void)
{
	struct metrics *m = aligned_alloc(_Alignof(struct metrics), sizeof(*m));

	for (unsigned i = 0; m && i < METRICS_COUNTERS; i++)
		atomic_init(&m->values[i], 0);
	return m;
}

void metrics_duration(struct metrics *m, uint64_t nsecs)
{
	unsigned bucket = 0;

	while (bucket < METRICS_BUCKETS && nsecs > metrics_buckets[bucket].nsecs)
		bucket++;
	metrics_add(m, METRICS_DURATION + bucket, 1);
	metrics_add(m, METRICS_DURATION_SUM, nsecs);
}

void metrics_sum(struct metrics *const *sets, unsigned count, uint64_t out[METRICS_COUNTERS])
{
	memset(out, 0, METRICS_COUNTERS * sizeof(*out));
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < METRICS_COUNTERS; j++)
			out[j] += atomic_load_explicit(&sets[i]->values[j], memory_order_relaxed);
}

/* ---- text ---- */

static void write_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_one(FILE *out, const char *name, const char *type, const char *help,
		      uint64_t value)
{
	write_family(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_listed(FILE *out, const char *name, const char *help, const char *label,
			 const char *const *names, unsigned count, const uint64_t *values)
{
	write_family(out, name, "counter", help);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, names[i], values[i]);
}

static void write_handshakes(FILE *out, const uint64_t *sum)
{
	static const char *const versions[] = { "TLSv1.2", "TLSv1.3" }, *const kinds[] = {
		"full", "resumed", "early"
	};

	write_family(out, "tlsring_handshakes_total", "counter", "Handshakes that were finished.");
	for (unsigned i = 0; i < 2 * 3; i++)
		fprintf(out, "tlsring_handshakes_total{version=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
			versions[i / 3], kinds[i % 3], sum[METRICS_HANDSHAKES + i]);
	write_listed(out, "tlsring_handshake_failures_total",
		     "Connections that ended inside the handshake.", "reason", metrics_failures,
		     METRICS_FAILURES, &sum[METRICS_FAILED]);
}

/* Reasons that were never counted are left out, except for "none". */
static void write_offload(FILE *out, const uint64_t *sum)
{
	static const char name[] = "tlsring_offload_total";
	const uint64_t *value = &sum[METRICS_OFFLOAD];

	write_family(
		out, name, "counter",
		"Connections by where each direction's records are sealed, and why not nearer "
		     "to the wire.");
	for (unsigned i = 0; i < 2 * 3 * TLSRING_REASON_COUNT; i++, value++) {
		unsigned place = i / TLSRING_REASON_COUNT;
		enum tlsring_reason reason = i % TLSRING_REASON_COUNT;

		if (*value || !reason)
			fprintf(out, "%s{direction=\"%s\",path=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				name, metrics_directions[place / 3], metrics_paths[place % 3],
				reason ? tlsring_reason_name(reason) : "none", *value);
	}
}

static void write_placed(FILE *out, const uint64_t *sum)
{
	static const char name[] = "tlsring_connections_sealed";

	write_family(out, name, "gauge",
		     "Open connections by where each direction's records are sealed.");
	for (unsigned i = 0; i < 6; i++)
		fprintf(out, "%s{direction=\"%s\",path=\"%s\"} %" PRIu64 "\n", name,
			metrics_directions[i / 3], metrics_paths[i % 3], sum[METRICS_PLACED + i]);
}

static void write_requests(FILE *out, const uint64_t *sum)
{
	static const char *const protocols[] = { "HTTP/1.0", "HTTP/1.1", "HTTP/2" };

	write_family(out, "tlsring_requests_total", "counter", "Requests that were answered.");
	for (unsigned i = 0; i < 3 * 5; i++)
		fprintf(out,
			"tlsring_requests_total{protocol=\"%s\",status=\"%uxx\"} %" PRIu64 "\n",
			protocols[i / 5], i % 5 + 1, sum[METRICS_REQUESTS + i]);
}

static void write_durations(FILE *out, const uint64_t *sum)
{
	static const char name[] = "tlsring_request_duration_seconds";
	uint64_t count = 0;

	write_family(out, name, "histogram",
		     "Time from a request's head to the end of its answer.");
	for (unsigned i = 0; i <= METRICS_BUCKETS; i++) {
		count += sum[METRICS_DURATION + i];
		fprintf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
			i < METRICS_BUCKETS ? metrics_buckets[i].name : "+Inf", count);
	}
	fprintf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n%s_count %" PRIu64 "\n", name,
		sum[METRICS_DURATION_SUM] / 1000000000, sum[METRICS_DURATION_SUM] % 1000000000,
		name, count);
}

void metrics_write(FILE *out, const uint64_t sum[METRICS_COUNTERS])
{
	write_family(out, "tlsring_build_info", "gauge", "1, with the versions of what runs.");
	fprintf(out, "tlsring_build_info{version=\"" TLSRING_VERSION "\",openssl=\"%s\"} 1\n",
		OpenSSL_version(OPENSSL_VERSION_STRING));
	write_one(out, "tlsring_connections_accepted_total", "counter",
		  "TCP connections that came.", sum[METRICS_ACCEPTED]);
	/* Threads are read one after the other: more connections may seem closed than accepted. */
	write_one(out, "tlsring_connections_open", "gauge",
		  "Connections there are, also in their handshake.",
		  sum[METRICS_ACCEPTED] > sum[METRICS_CLOSED]
			  ? sum[METRICS_ACCEPTED] - sum[METRICS_CLOSED]
			  : 0);
	write_handshakes(out, sum);
	write_offload(out, sum);
	write_placed(out, sum);
	write_listed(
		out, "tlsring_key_updates_total",
		"Keys that the kernel was given to go on with, on connections that have ended.",
		"direction", metrics_directions, 2, &sum[METRICS_UPDATES]);
	write_listed(out, "tlsring_content_bytes_total",
		     "Content of answers by where it was sealed.", "path", metrics_paths, 3,
		     &sum[METRICS_BYTES]);
	write_listed(out, "tlsring_sent_bytes_total",
		     "Bytes of answers, heads and all, by how they came to the socket.", "strategy",
		     metrics_strategies, TLSRING_STRATEGY_COUNT, &sum[METRICS_SENT]);
	write_requests(out, sum);
	write_durations(out, sum);
	write_listed(out, "tlsring_limit_hits_total", "How often a limit was hit.", "limit",
		     metrics_limits, METRICS_LIMITS, &sum[METRICS_LIMIT]);
}

/* ---- the kernel's ---- */

/* "TlsRxDeviceResync" becomes "tls_rx_device_resync". */
static void kernel_name(char *out, size_t room, const char *name)
{
	size_t used = 0;

	for (const char *at = name; *at && used + 2 < room; at++) {
		if (isupper((unsigned char)*at) && at != name)
			out[used++] = '_';
		out[used++] = (char)tolower((unsigned char)*at);
	}
	out[used] = '\0';
}

static int kernel_counter(const char *name, uint64_t value, void *user)
{
	bool gauge = !strncmp(name, "TlsCurr", 7);
	char snake[64], metric[96];

	kernel_name(snake, sizeof(snake), name);
	/* node_exporter has another name for this one than the kernel. */
	if (!strcmp(snake, "tls_rx_no_pad_violation"))
		strcpy(snake, "tls_no_pad_violation");
	snprintf(metric, sizeof(metric), "node_ktls_%s%s", snake, gauge ? "" : "_total");
	write_family(user, metric, gauge ? "gauge" : "counter",
		     "Of /proc/net/tls_stat: all programs of this network namespace.");
	fprintf(user, "%s %" PRIu64 "\n", metric, value);
	return 0;
}

void metrics_write_kernel(FILE *out)
{
	tlsring_report_counters(NULL, kernel_counter, out);
}
