// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/serve/telemetry/access_log.h"
#include "tools/common/listen.h"
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/serve/telemetry/metrics.h"
#include "tools/serve/cleartext/cleartext.h"
#include "tools/serve/telemetry/telemetry.h"
#include "tools/serve/telemetry/status_page.h"
#include "tools/tools.h"

struct seeing_certificate {
	struct seeing_certificate *next;
	int64_t expires;
	bool named;			/* since the last seeing_certificates_end() */
	char name[];
};

struct seeing {
	const struct seeing_settings *settings;
	unsigned threads;
	struct account **accounts;	/* owned, as is all that follows */
	struct metrics **metrics;
	struct limits *limits;
	struct access_log *log;
	struct listen_set listen;	/* no address: no listener */
	struct plain *plain;
	struct plain_route routes[2];
	time_t started;
	pthread_mutex_t lock;		/* of what follows */
	struct seeing_certificate *certificates;
	uint64_t reloads[2];		/* refused, done */
};

/* ---- what the listener answers ---- */

/* Fills what write() wrote into the answer; nothing, which is a 500, when there is no memory. */
static void seeing_fill(struct plain_answer *out, const char *type, struct seeing *seeing,
			void (*write)(FILE *out, struct seeing *seeing, const uint64_t *sum))
{
	uint64_t sum[METRICS_COUNTERS];
	FILE *stream = open_memstream(&out->body, &out->body_len);

	if (!stream)
		return;
	metrics_sum(seeing->metrics, seeing->threads, sum);
	for (unsigned i = 0; i < seeing->threads; i++)
		for (unsigned j = 0; j < TLSRING_STRATEGY_COUNT; j++)
			sum[METRICS_SENT + j] += tlsring_engine_sent(seeing->accounts[i]->engine, j);
	write(stream, seeing, sum);
	if (fclose(stream)) {
		free(out->body);
		out->body = NULL;
		return;
	}
	out->status = 200;
	out->type = type;
}

static void seeing_quote(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

static void seeing_certificates(FILE *out, struct seeing *seeing)
{
	static const char name[] = "tlsring_certificate_expiry_seconds";
	time_t now = time(NULL);

	fprintf(out, "# HELP %s Seconds until a certificate ends.\n# TYPE %s gauge\n", name, name);
	pthread_mutex_lock(&seeing->lock);
	for (const struct seeing_certificate *c = seeing->certificates; c; c = c->next) {
		fprintf(out, "%s{certificate=\"", name);
		seeing_quote(out, c->name);
		fprintf(out, "\"} %" PRId64 "\n", c->expires - (int64_t)now);
	}
	pthread_mutex_unlock(&seeing->lock);
}

static void seeing_reloads(FILE *out, struct seeing *seeing)
{
	static const char name[] = "tlsring_reloads_total";

	pthread_mutex_lock(&seeing->lock);
	fprintf(out, "# HELP %s How often the configuration was read again.\n# TYPE %s counter\n"
		"%s{result=\"done\"} %" PRIu64 "\n%s{result=\"refused\"} %" PRIu64 "\n",
		name, name, name, seeing->reloads[1], name, seeing->reloads[0]);
	pthread_mutex_unlock(&seeing->lock);
}

static void seeing_text(FILE *out, struct seeing *seeing, const uint64_t *sum)
{
	metrics_write(out, sum);
	fprintf(out, "# HELP tlsring_access_log_lost_total Lines that found no room or could not be written.\n"
		     "# TYPE tlsring_access_log_lost_total counter\ntlsring_access_log_lost_total %" PRIu64 "\n"
		     "# HELP tlsring_start_time_seconds When it was started, in seconds since 1970.\n"
		     "# TYPE tlsring_start_time_seconds gauge\ntlsring_start_time_seconds %" PRId64 "\n",
		seeing->log ? access_log_lost(seeing->log) : 0, (int64_t)seeing->started);
	seeing_reloads(out, seeing);
	seeing_certificates(out, seeing);
	metrics_write_kernel(out);
}

static void seeing_html(FILE *out, struct seeing *seeing, const uint64_t *sum)
{
	seeing_page_write(out, sum, (uint64_t)(time(NULL) - seeing->started));
}

static void seeing_metrics_answer(struct plain_answer *out, const struct http_request *request, void *user)
{
	(void)request;
	seeing_fill(out, "text/plain; version=0.0.4; charset=utf-8", user, seeing_text);
}

static void seeing_page_answer(struct plain_answer *out, const struct http_request *request, void *user)
{
	(void)request;
	seeing_fill(out, "text/html; charset=utf-8", user, seeing_html);
}

void seeing_certificate(struct seeing *seeing, const char *name, int64_t expires)
{
	struct seeing_certificate **at;

	pthread_mutex_lock(&seeing->lock);
	at = &seeing->certificates;
	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	if (!*at) {
		*at = calloc(1, sizeof(**at) + strlen(name) + 1);
		if (*at)
			strcpy((*at)->name, name);
	}
	if (*at) {
		(*at)->expires = expires;
		(*at)->named = true;
	}
	pthread_mutex_unlock(&seeing->lock);
}

void seeing_certificates_end(struct seeing *seeing)
{
	struct seeing_certificate **at = &seeing->certificates, *old;

	pthread_mutex_lock(&seeing->lock);
	while ((old = *at)) {
		if (old->named) {
			old->named = false;
			at = &old->next;
		} else {
			*at = old->next;
			free(old);
		}
	}
	pthread_mutex_unlock(&seeing->lock);
}

void seeing_reloaded(struct seeing *seeing, bool success)
{
	pthread_mutex_lock(&seeing->lock);
	seeing->reloads[success]++;
	pthread_mutex_unlock(&seeing->lock);
}

/* ---- life ---- */

static int seeing_threads(struct seeing *seeing, const struct limits_settings *limits)
{
	seeing->accounts = calloc(seeing->threads, sizeof(*seeing->accounts));
	seeing->metrics = calloc(seeing->threads, sizeof(*seeing->metrics));
	if (!seeing->accounts || !seeing->metrics || limits_new(&seeing->limits, limits))
		return TOOLS_FAILED;
	for (unsigned i = 0; i < seeing->threads; i++) {
		struct account *account = calloc(1, sizeof(*account));

		seeing->accounts[i] = account;
		seeing->metrics[i] = metrics_new();
		if (!account || !seeing->metrics[i])
			return TOOLS_FAILED;
		account->metrics = seeing->metrics[i];
		account->limits = seeing->limits;
		account->settings = limits;
		account->format = seeing->settings->format;
		account->ring = seeing->log ? access_log_ring(seeing->log, i) : NULL;
	}
	return 0;
}

static int seeing_log(struct seeing *seeing)
{
	const char *path = seeing->settings->access_log;
	int ret = path ? access_log_open(&seeing->log, path, seeing->threads) : 0;

	if (!ret)
		return 0;
	log_line("cannot open the access log %s: %s", path, strerror(-ret));
	return TOOLS_FAILED;
}

int seeing_open(struct seeing **out, const struct seeing_settings *settings,
		const struct limits_settings *limits, unsigned threads, struct listen_pool *pool)
{
	struct seeing *seeing = calloc(1, sizeof(*seeing));
	int ret;

	if (!seeing)
		return TOOLS_FAILED;
	seeing->settings = settings;
	seeing->threads = threads;
	seeing->started = time(NULL);
	seeing->listen = (struct listen_set){ .threads = 1, .setting = "metrics", .pool = pool };
	pthread_mutex_init(&seeing->lock, NULL);
	seeing->routes[0] = (struct plain_route){ .path = "/metrics", .answer = seeing_metrics_answer, .user = seeing };
	seeing->routes[1] = (struct plain_route){ .path = "/", .answer = seeing_page_answer, .user = seeing };
	ret = seeing_log(seeing);
	if (!ret)
		ret = seeing_threads(seeing, limits);
	if (!ret && settings->metrics)
		ret = listen_add(&seeing->listen, settings->metrics);
	if (ret) {
		seeing_close(seeing);
		return ret;
	}
	*out = seeing;
	return 0;
}

struct account *seeing_account(struct seeing *seeing, unsigned thread)
{
	return seeing->accounts[thread];
}

int seeing_start(struct seeing *seeing)
{
	int fds[16], ret;
	size_t count = 0;

	for (size_t i = 0; i < seeing->listen.count && count < 16; i++)
		fds[count++] = seeing->listen.addresses[i].fds[0];
	if (!count)
		return 0;
	ret = plain_start(&seeing->plain, fds, count, seeing->routes, 2);
	if (!ret)
		return 0;
	log_line("cannot start the thread for metrics: %s", strerror(-ret));
	return TOOLS_FAILED;
}

void seeing_announce(const struct seeing *seeing)
{
	char text[ADDRESS_TEXT];

	if (seeing->log)
		log_line("access log: %s", seeing->settings->access_log);
	for (size_t i = 0; i < seeing->listen.count; i++) {
		address_text(&seeing->listen.addresses[i].address, text);
		log_line("metrics on %s: http://%s/metrics", text, text);
	}
}

void seeing_reopen(struct seeing *seeing)
{
	if (seeing->log)
		access_log_reopen(seeing->log);
}

const struct listen_set *seeing_listen(const struct seeing *seeing)
{
	return &seeing->listen;
}

void seeing_retire(struct seeing *seeing)
{
	plain_stop(seeing->plain);
	seeing->plain = NULL;
}

void seeing_close(struct seeing *seeing)
{
	struct seeing_certificate *next;

	if (!seeing)
		return;
	plain_stop(seeing->plain);
	listen_close(&seeing->listen);
	access_log_close(seeing->log);
	for (unsigned i = 0; i < seeing->threads; i++) {
		if (seeing->accounts)
			free(seeing->accounts[i]);
		if (seeing->metrics)
			free(seeing->metrics[i]);
	}
	free(seeing->accounts);
	free(seeing->metrics);
	limits_free(seeing->limits);
	for (struct seeing_certificate *c = seeing->certificates; c; c = next) {
		next = c->next;
		free(c);
	}
	free(seeing);
}
