// SPDX-License-Identifier: MIT
/* The model of a network card is made of these costs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "tools/bench/machine/cost.h"
#include "tools/common/clock.h"

#define COST_RECORD	16384
#define COST_ROOM	(8 << 20)	/* bytes: more than a core's own cache,
as a server's data comes from memory */
#define COST_TIMES	3
#define COST_LONG	.05	/* CPU seconds: noise is a small part of a longer pass */

struct cost {
	EVP_CIPHER_CTX *context;	/* owned */
	uint8_t *from, *to;		/* owned */
};

static void cost_seal(struct cost *p, size_t at)
{
	static const uint8_t iv[12];
	uint8_t tag[16];
	int len;

	EVP_EncryptInit_ex(p->context, NULL, NULL, NULL, iv);
	EVP_EncryptUpdate(p->context, p->to + at, &len, p->from + at, COST_RECORD);
	EVP_EncryptFinal_ex(p->context, tag, &len);
	EVP_CIPHER_CTX_ctrl(p->context, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag);
}

static void cost_copy(struct cost *p, size_t at)
{
	memcpy(p->to + at, p->from + at, COST_RECORD);
}

/* CPU seconds for a GiB: the minimum of some passes, as noise only adds. */
static double cost_of(struct cost *p, void (*pass)(struct cost *p, size_t at))
{
	double least = 0;

	for (unsigned i = 0; i < COST_TIMES && least < COST_LONG; i++) {
		uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		double cost;

		for (size_t at = 0; at < COST_ROOM; at += COST_RECORD)
			pass(p, at);
		cost = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / 1e9;
		least = !i || cost < least ? cost : least;
	}
	return least * ((double)(1 << 30) / COST_ROOM);
}

static double cost_aes(struct cost *p, const EVP_CIPHER *cipher)
{
	static const uint8_t key[32];

	return EVP_EncryptInit_ex(p->context, cipher, NULL, key, NULL) ? cost_of(p, cost_seal) : 0;
}

bool bench_cost_measure(struct bench_cost *out)
{
	struct cost p = { .context = EVP_CIPHER_CTX_new(), .from = malloc(COST_ROOM),
			  .to = malloc(COST_ROOM) };
	bool good = p.context && p.from && p.to;

	*out = (struct bench_cost){ 0 };
	if (good) {
		memset(p.from, 1, COST_ROOM);
		memset(p.to, 2, COST_ROOM);
		out->aes[0] = cost_aes(&p, EVP_aes_128_gcm());
		out->aes[1] = cost_aes(&p, EVP_aes_256_gcm());
		out->copy = cost_of(&p, cost_copy);
	}
	EVP_CIPHER_CTX_free(p.context);
	free(p.from);
	free(p.to);
	return good;
}

bool bench_cost_model(struct bench_model *out, double plain, double kernel, double aes, double copy)
{
	double rest = kernel - aes;

	*out = (struct bench_model){ .kernel = kernel, .least = plain,
				     .most = rest > plain ? rest : plain, .copy = copy };
	return plain > 0 && kernel > plain && aes > 0;
}
