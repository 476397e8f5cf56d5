// SPDX-License-Identifier: MIT
#include <errno.h>
#include "tools/bench/client/samples.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/result.h"

static const struct bench_why result_programs[][BENCH_LACK_KTLS + 1] = {
	[BENCH_SERVE] = {
		[BENCH_LACK_PROGRAM] = {
			"not-installed", "this program cannot be run again", "is /proc mounted?",
		},
		[BENCH_LACK_START] = {
			"not-started", "tlsring serve did not start",
			"its last line stands on standard error",
		},
		[BENCH_LACK_KTLS] = {
			"no-ktls", "tlsring serve did not give its keys to the kernel", "",
		},
	},
	[BENCH_NGINX] = {
		[BENCH_LACK_PROGRAM] = {
			"not-installed", "nginx is not installed",
			"install it as root: apt-get install nginx-light",
		},
		[BENCH_LACK_START] = {
			"not-started", "nginx did not start with what this mode needs",
			"its last line stands on standard error; kernel TLS needs nginx 1.21.4",
		},
		[BENCH_LACK_KTLS] = {
			"no-ktls", "nginx did not give its keys to the kernel",
			"it needs an OpenSSL that was built with enable-ktls, as Debian's is",
		},
	},
	[BENCH_OPENSSL] = {
		[BENCH_LACK_PROGRAM] = {
			"not-installed", "the program openssl is not installed",
			"install it as root: apt-get install openssl",
		},
		[BENCH_LACK_START] = {
			"not-started", "openssl s_server did not start with what this mode needs",
			"its last line stands on standard error; -sendfile needs a build with "
			"enable-ktls",
		},
		[BENCH_LACK_KTLS] = {
			"no-ktls", "openssl s_server did not give its keys to the kernel",
			"it needs to be built with enable-ktls, as Debian's is",
		},
	},
};

bool bench_result_why(struct bench_why *out, const struct bench_result *result)
{
	if (result->lack)
		*out = result_programs[result->mode->program][result->lack];
	else
		*out = (struct bench_why){ tlsring_reason_name(result->why),
					   tlsring_reason_text(result->why),
					   tlsring_reason_remedy(result->why) };
	return result->lack || result->why;
}

const char *bench_result_error_text(int error, char *buf, size_t len)
{
	switch (error) {
	case -EBADMSG:
		return "the answer is not the file's content";
	case -EILSEQ:
		return "what the server received is not the file's content";
	case -EPIPE:
	case -ECONNRESET:
	case -ECHILD:
		return "the server has ended, or ended a connection";
	default:
		return tlsring_strerror(error, buf, len);
	}
}

/* Fewer values beyond a percentile than that are chance. */
#define RESULT_BEYOND	10

bool bench_result_enough(const struct bench_result *r, double percent, unsigned runs)
{
	double beyond = (double)r->samples / runs * (1 - percent / 100);

	return percent <= 50 || beyond >= RESULT_BEYOND * 0.999;
}

double bench_result_latency(const struct hdr_histogram *histogram, double percent)
{
	return (double)hdr_value_at_percentile(histogram, percent) / 1e3;
}

#define RESULT_BUSY	0.8	/* of a processor */

enum bench_limit bench_result_limit(const struct bench_result *r,
				    const struct bench_options *options)
{
	double all = RESULT_BUSY * r->busy.seconds;

	if (r->busy.server >= options->threads * all)
		return BENCH_LIMIT_SERVER;
	if (r->busy.client >= options->client_threads * all)
		return BENCH_LIMIT_CLIENT;
	return r->busy.server + r->busy.client >= all ? BENCH_LIMIT_TURNS : BENCH_LIMIT_OTHER;
}

bool bench_result_has(const struct bench_result *r, enum bench_measure measure)
{
	if (!bench_mode_has(r->mode, measure))
		return false;
	if (measure > BENCH_P50 && measure <= BENCH_P9999)
		return bench_result_enough(r, bench_percentiles[measure - BENCH_P50], r->runs);
	if (measure >= BENCH_TRAFFIC_BYTE)
		return r->counted[BENCH_COUNT_MEMORY];
	if (measure >= BENCH_INSNS_BYTE)
		return r->counted[BENCH_COUNT_INSTRUCTIONS];
	return measure < BENCH_CYCLES_BYTE || r->counted[BENCH_COUNT_CYCLES];
}

double bench_result_from_disk(const struct bench_result *r)
{
	return r->payload ? 100 * (double)r->disk / (double)r->payload : 0;
}

double bench_result_share(const struct bench_path *path, enum bench_seal seal)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < BENCH_SEALS; i++)
		all += path->bytes[i];
	return all ? 100.0 * (double)path->bytes[seal] / (double)all : 0;
}

const char *bench_result_doubt(enum bench_doubt doubt)
{
	static const char *const texts[] = {
		[BENCH_DOUBT_UNCOUNTED] = 
			"the card's driver does not count the bytes that it seals or opens",
		[BENCH_DOUBT_FOREIGN] = "the card also worked for other connections meanwhile",
		[BENCH_DOUBT_RESENT] = 
			"segments were sent again, on sockets that cannot be looked at",
	};

	return texts[doubt];
}

void bench_result_add_path(struct bench_path *out, const struct bench_path *run)
{
	for (unsigned i = 0; i < BENCH_SEALS; i++)
		out->bytes[i] += run->bytes[i];
	out->counted |= run->counted;
	out->doubt = out->doubt ? out->doubt : run->doubt;
	out->card.carried += run->card.carried;
	out->card.done += run->card.done;
	out->card.foreign += run->card.foreign;
	out->card.retransmitted += run->card.retransmitted;
	for (unsigned i = 0; i < BENCH_CARD_EVENTS; i++)
		out->card.events[i] += run->card.events[i];
}

bool bench_result_has_card(const struct bench_path *path)
{
	uint64_t sum = path->card.carried | path->card.retransmitted;

	for (unsigned i = 0; i < BENCH_CARD_EVENTS; i++)
		sum |= path->card.events[i];
	return sum;
}

int bench_result_share_digits(double share)
{
	return share > 99.995 || share < 0.005 ? 0 : 2;
}
