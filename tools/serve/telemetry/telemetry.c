// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include "tools/serve/sandbox/sandbox.h"
#include "tools/serve/telemetry/access_log.h"
#include "tools/common/listen.h"
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/serve/telemetry/metrics.h"
#include "tools/serve/cleartext/cleartext.h"
#include "tools/serve/telemetry/telemetry.h"
#include "tools/serve/telemetry/status_page.h"
#include "tools/tools.h"

struct telemetry_certificate {
	LIST_ENTRY(telemetry_certificate) link;
	int64_t expires;
	bool named;	/* named since the last telemetry_certificates_end() */
	char name[];
};

struct telemetry {
	const struct telemetry_settings *settings;
	unsigned threads;
	struct accounting **accountings;	/* owned, as is all that follows */
	struct metrics **metrics;
	struct limits *limits;
	struct access_log *log;
	struct listen_set listen;		/* without an address: no listener */
	struct cleartext *cleartext;
	struct cleartext_route routes[2];
	time_t started;
	pthread_mutex_t lock;			/* guards all below */
	LIST_HEAD(, telemetry_certificate) certificates;	/* owned */
	uint64_t reloads[2];			/* [success] */
};

/* ---- responses of the listener ---- */

/* Respond with what write() writes. Without memory the response stays all zero, which is a 500. */
static void telemetry_fill(struct cleartext_response *out, const char *type,
			   struct telemetry *telemetry,
			   void (*write)(FILE *out, struct telemetry *telemetry,
					 const uint64_t *sum))
{
	uint64_t sum[METRICS_COUNTERS];
	FILE *stream = open_memstream(&out->body, &out->body_len);

	if (!stream)
		return;
	metrics_sum(telemetry->metrics, telemetry->threads, sum);
	for (unsigned i = 0; i < telemetry->threads; i++)
		for (unsigned j = 0; j < TLSRING_STRATEGY_COUNT; j++)
			sum[METRICS_SENT + j] +=
				tlsring_engine_sent(telemetry->accountings[i]->engine, j);
	write(stream, telemetry, sum);
	if (fclose(stream)) {
		free(out->body);
		out->body = NULL;
		return;
	}
	out->status = 200;
	out->type = type;
}

static void telemetry_quote(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

static void telemetry_certificates(FILE *out, struct telemetry *telemetry)
{
	static const char name[] = "tlsring_certificate_expiry_seconds";
	struct telemetry_certificate *certificate;
	time_t now = time(NULL);

	fprintf(out, "# HELP %s Seconds until a certificate ends.\n# TYPE %s gauge\n", name, name);
	pthread_mutex_lock(&telemetry->lock);
	LIST_FOREACH(certificate, &telemetry->certificates, link) {
		fprintf(out, "%s{certificate=\"", name);
		telemetry_quote(out, certificate->name);
		fprintf(out, "\"} %" PRId64 "\n", certificate->expires - (int64_t)now);
	}
	pthread_mutex_unlock(&telemetry->lock);
}

static void telemetry_reloads(FILE *out, struct telemetry *telemetry)
{
	static const char name[] = "tlsring_reloads_total";

	pthread_mutex_lock(&telemetry->lock);
	fprintf(out, "# HELP %s How often the configuration was read again.\n# TYPE %s counter\n"
		"%s{result=\"done\"} %" PRIu64 "\n%s{result=\"refused\"} %" PRIu64 "\n",
		name, name, name, telemetry->reloads[1], name, telemetry->reloads[0]);
	pthread_mutex_unlock(&telemetry->lock);
}

static void telemetry_text(FILE *out, struct telemetry *telemetry, const uint64_t *sum)
{
	metrics_write(out, sum);
	fprintf(out,
		"# HELP tlsring_access_log_lost_total Lines without room or that could not be "
		"written.\n"
		"# TYPE tlsring_access_log_lost_total counter\n"
		"tlsring_access_log_lost_total %" PRIu64
		"\n"
		"# HELP tlsring_start_time_seconds When it was started, in seconds since 1970.\n"
		"# TYPE tlsring_start_time_seconds gauge\ntlsring_start_time_seconds %" PRId64 "\n",
		telemetry->log ? access_log_lost(telemetry->log) : 0, (int64_t)telemetry->started);
	telemetry_reloads(out, telemetry);
	telemetry_certificates(out, telemetry);
	metrics_write_kernel(out);
}

static void telemetry_html(FILE *out, struct telemetry *telemetry, const uint64_t *sum)
{
	status_page_write(out, sum, (uint64_t)(time(NULL) - telemetry->started));
}

static void telemetry_metrics_respond(struct cleartext_response *out,
				      const struct http_request *request, void *user)
{
	(void)request;
	telemetry_fill(out, "text/plain; version=0.0.4; charset=utf-8", user, telemetry_text);
}

static void telemetry_page_respond(struct cleartext_response *out,
				   const struct http_request *request, void *user)
{
	(void)request;
	telemetry_fill(out, "text/html; charset=utf-8", user, telemetry_html);
}

/* The certificate of this name, made if need be; NULL: out of memory. */
static struct telemetry_certificate *certificate_get(struct telemetry *telemetry, const char *name)
{
	struct telemetry_certificate *certificate;

	LIST_FOREACH(certificate, &telemetry->certificates, link)
		if (!strcmp(certificate->name, name))
			return certificate;
	certificate = calloc(1, sizeof(*certificate) + strlen(name) + 1);
	if (certificate) {
		strcpy(certificate->name, name);
		LIST_INSERT_HEAD(&telemetry->certificates, certificate, link);
	}
	return certificate;
}

void telemetry_certificate(struct telemetry *telemetry, const char *name, int64_t expires)
{
	struct telemetry_certificate *certificate;

	pthread_mutex_lock(&telemetry->lock);
	certificate = certificate_get(telemetry, name);
	if (certificate) {
		certificate->expires = expires;
		certificate->named = true;
	}
	pthread_mutex_unlock(&telemetry->lock);
}

/* Forget those that were not named; the others must be named again. */
static void certificates_purge(struct telemetry *telemetry)
{
	struct telemetry_certificate *certificate, *next;

	for (certificate = LIST_FIRST(&telemetry->certificates); certificate; certificate = next) {
		next = LIST_NEXT(certificate, link);
		if (!certificate->named) {
			LIST_REMOVE(certificate, link);
			free(certificate);
			continue;
		}
		certificate->named = false;
	}
}

void telemetry_certificates_end(struct telemetry *telemetry)
{
	pthread_mutex_lock(&telemetry->lock);
	certificates_purge(telemetry);
	pthread_mutex_unlock(&telemetry->lock);
}

void telemetry_reloaded(struct telemetry *telemetry, bool success)
{
	pthread_mutex_lock(&telemetry->lock);
	telemetry->reloads[success]++;
	pthread_mutex_unlock(&telemetry->lock);
}

/* ---- life ---- */

static int telemetry_threads(struct telemetry *telemetry, const struct limits_settings *limits)
{
	telemetry->accountings = calloc(telemetry->threads, sizeof(*telemetry->accountings));
	telemetry->metrics = calloc(telemetry->threads, sizeof(*telemetry->metrics));
	if (!telemetry->accountings || !telemetry->metrics ||
	    limits_new(&telemetry->limits, limits))
		return TOOLS_FAILED;
	for (unsigned i = 0; i < telemetry->threads; i++) {
		struct accounting *accounting = calloc(1, sizeof(*accounting));

		telemetry->accountings[i] = accounting;
		telemetry->metrics[i] = metrics_new();
		if (!accounting || !telemetry->metrics[i])
			return TOOLS_FAILED;
		accounting->metrics = telemetry->metrics[i];
		accounting->limits = telemetry->limits;
		accounting->settings = limits;
		accounting->format = telemetry->settings->format;
		accounting->ring = telemetry->log ? access_log_ring(telemetry->log, i) : NULL;
	}
	return 0;
}

static int telemetry_log(struct telemetry *telemetry)
{
	const char *path = telemetry->settings->access_log;
	int ret = path ? access_log_open(&telemetry->log, path, telemetry->threads) : 0;

	if (!ret)
		return 0;
	log_line("cannot open the access log %s: %s", path, strerror(-ret));
	return TOOLS_FAILED;
}

int telemetry_open(struct telemetry **out, const struct telemetry_settings *settings,
		   const struct limits_settings *limits, unsigned threads, struct listen_pool *pool)
{
	struct telemetry *telemetry = calloc(1, sizeof(*telemetry));
	int ret;

	if (!telemetry) {
		log_line("cannot start: %s", strerror(ENOMEM));
		return TOOLS_FAILED;
	}
	telemetry->settings = settings;
	telemetry->threads = threads;
	telemetry->started = time(NULL);
	telemetry->listen = (struct listen_set){ .threads = 1, .setting = "metrics", .pool = pool };
	pthread_mutex_init(&telemetry->lock, NULL);
	telemetry->routes[0] = (struct cleartext_route){ .path = "/metrics",
							 .respond = telemetry_metrics_respond,
							 .user = telemetry };
	telemetry->routes[1] = (struct cleartext_route){ .path = "/",
							 .respond = telemetry_page_respond,
							 .user = telemetry };
	ret = telemetry_log(telemetry);
	if (!ret) {
		ret = telemetry_threads(telemetry, limits);
		if (ret)
			log_line("cannot start: %s", strerror(ENOMEM));
	}
	if (!ret && settings->metrics)
		ret = listen_add(&telemetry->listen, settings->metrics);
	if (ret) {
		telemetry_close(telemetry);
		return ret;
	}
	*out = telemetry;
	return 0;
}

struct accounting *telemetry_accounting(struct telemetry *telemetry, unsigned thread)
{
	return telemetry->accountings[thread];
}

/* The access log's writer has its file open. */
static void telemetry_confine_log(void)
{
	sandbox_enter_alone(NULL);
}

/* The kernel's counters are read from there. */
static void telemetry_confine_metrics(void)
{
	sandbox_enter_alone("/proc/thread-self/net");
}

static int telemetry_start_log(struct telemetry *telemetry, bool sandbox)
{
	int ret = 0;

	if (telemetry->log)
		ret = access_log_start(telemetry->log, sandbox ? telemetry_confine_log : NULL);
	if (!ret)
		return 0;
	log_line("cannot start the thread of the access log: %s", strerror(-ret));
	return TOOLS_FAILED;
}

int telemetry_start(struct telemetry *telemetry, bool sandbox)
{
	int fds[16], ret;
	size_t count = 0;

	if (telemetry_start_log(telemetry, sandbox))
		return TOOLS_FAILED;
	for (size_t i = 0; i < telemetry->listen.count && count < 16; i++)
		fds[count++] = telemetry->listen.addresses[i].fds[0];
	if (!count)
		return 0;
	ret = cleartext_start(&telemetry->cleartext, fds, count, telemetry->routes, 2,
			      sandbox ? telemetry_confine_metrics : NULL);
	if (!ret)
		return 0;
	log_line("cannot start the thread for metrics: %s", strerror(-ret));
	return TOOLS_FAILED;
}

void telemetry_announce(const struct telemetry *telemetry)
{
	char text[ADDRESS_TEXT];

	if (telemetry->log)
		log_line("access log: %s", telemetry->settings->access_log);
	for (size_t i = 0; i < telemetry->listen.count; i++) {
		address_text(&telemetry->listen.addresses[i].address, text);
		log_line("metrics on %s: http://%s/metrics", text, text);
	}
}

void telemetry_reopen(struct telemetry *telemetry)
{
	if (telemetry->log)
		access_log_reopen(telemetry->log);
}

const struct listen_set *telemetry_listen(const struct telemetry *telemetry)
{
	return &telemetry->listen;
}

void telemetry_retire(struct telemetry *telemetry)
{
	cleartext_stop(telemetry->cleartext);
	telemetry->cleartext = NULL;
}

void telemetry_close(struct telemetry *telemetry)
{
	struct telemetry_certificate *certificate;

	if (!telemetry)
		return;
	cleartext_stop(telemetry->cleartext);
	listen_close(&telemetry->listen);
	access_log_close(telemetry->log);
	for (unsigned i = 0; i < telemetry->threads; i++) {
		if (telemetry->accountings)
			free(telemetry->accountings[i]);
		if (telemetry->metrics)
			free(telemetry->metrics[i]);
	}
	free(telemetry->accountings);
	free(telemetry->metrics);
	limits_free(telemetry->limits);
	while ((certificate = LIST_FIRST(&telemetry->certificates))) {
		LIST_REMOVE(certificate, link);
		free(certificate);
	}
	free(telemetry);
}
