// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "engine.h"

#define RECORD_HEADER	5
#define RECORD_NONCE	8
#define RECORD_MAX	(16384 + RECORD_NONCE + TLSNIC_TAG)
#define RECORD_AAD	13

int tlsnic_engine_init(struct tlsnic_engine *engine, const u8 *key, unsigned int key_len,
		       const u8 *salt, const u8 *number, bool seal)
{
	memcpy(engine->salt, salt, sizeof(engine->salt));
	engine->seal = seal;
	tlsnic_engine_start(engine, get_unaligned_be64(number));
	return tlsnic_gcm_key_init(&engine->key, key, key_len);
}

void tlsnic_engine_start(struct tlsnic_engine *engine, u64 number)
{
	engine->number = number;
	engine->pos = 0;
	engine->skip = false;
	engine->blind = false;
}

static bool engine_plausible(const u8 *head)
{
	u32 len = get_unaligned_be16(head + 3);

	return head[0] >= 20 && head[0] <= 23 && head[1] == 3 && head[2] == 3 &&
	       len >= RECORD_NONCE + TLSNIC_TAG && len <= RECORD_MAX;
}

static void engine_begin(struct tlsnic_engine *engine)
{
	u8 nonce[12], aad[RECORD_AAD];

	engine->differs = false;
	if (engine->blind)
		return;
	memcpy(nonce, engine->salt, 4);
	memcpy(nonce + 4, engine->head + RECORD_HEADER, RECORD_NONCE);
	put_unaligned_be64(engine->number, aad);
	memcpy(aad + 8, engine->head, 3);
	put_unaligned_be16(engine->len - TLSNIC_HEAD - TLSNIC_TAG, aad + 11);
	tlsnic_gcm_start(&engine->gcm, &engine->key, nonce, aad, sizeof(aad));
}

static void engine_end(struct tlsnic_engine *engine)
{
	engine->number++;
	engine->pos = 0;
	engine->skip = false;
}

/* Each takes what belongs to its part of the record: how many bytes. */

static u32 engine_head(struct tlsnic_engine *engine, const u8 *data, u32 len)
{
	u32 n = min(len, TLSNIC_HEAD - engine->pos);

	memcpy(engine->head + engine->pos, data, n);
	if (engine->pos + n < TLSNIC_HEAD)
		return n;
	engine->len = RECORD_HEADER + get_unaligned_be16(engine->head + 3);
	engine_begin(engine);
	return n;
}

static u32 engine_text(struct tlsnic_engine *engine, u8 *data, u32 len)
{
	u32 n = min(len, engine->len - TLSNIC_TAG - engine->pos);

	if (!engine->blind && !engine->skip)
		tlsnic_gcm_crypt(&engine->gcm, &engine->key, data, n, engine->seal);
	return n;
}

static u32 engine_tag(struct tlsnic_engine *engine, u8 *data, u32 len)
{
	u32 from = engine->pos - (engine->len - TLSNIC_TAG), n = min(len, TLSNIC_TAG - from);

	if (engine->blind || engine->skip)
		return n;
	if (!from)
		tlsnic_gcm_finish(&engine->gcm, &engine->key, engine->tag);
	if (engine->seal)
		memcpy(data, engine->tag + from, n);
	else if (memcmp(data, engine->tag + from, n))
		engine->differs = true;
	return n;
}

enum tlsnic_result tlsnic_engine_run(struct tlsnic_engine *engine, u8 *data, u32 len)
{
	enum tlsnic_result result = TLSNIC_DONE;

	while (len) {
		u32 n;

		if (engine->blind || engine->skip)
			result = max(result, TLSNIC_PARTLY);
		if (engine->pos < TLSNIC_HEAD)
			n = engine_head(engine, data, len);
		else if (engine->pos < engine->len - TLSNIC_TAG)
			n = engine_text(engine, data, len);
		else
			n = engine_tag(engine, data, len);
		engine->pos += n;
		data += n;
		len -= n;
		if (engine->pos >= TLSNIC_HEAD && !engine_plausible(engine->head))
			return TLSNIC_LOST;
		if (engine->pos < TLSNIC_HEAD || engine->pos < engine->len)
			continue;
		if (engine->differs)
			result = TLSNIC_FORGED;
		engine_end(engine);
	}
	return result;
}

bool tlsnic_engine_miss(struct tlsnic_engine *engine, u32 len)
{
	if (engine->pos < TLSNIC_HEAD || len > engine->len - engine->pos)
		return false;
	engine->pos += len;
	engine->skip = true;
	if (engine->pos == engine->len)
		engine_end(engine);
	return true;
}

u32 tlsnic_engine_scan(const u8 *data, u32 len)
{
	for (u32 at = 0; at + TLSNIC_HEAD <= len; at++) {
		u32 next = at + RECORD_HEADER + get_unaligned_be16(data + at + 3);

		if (engine_plausible(data + at) &&
		    (next + RECORD_HEADER > len || engine_plausible(data + next)))
			return at;
	}
	return len;
}

void tlsnic_engine_number(struct tlsnic_engine *engine, u64 first)
{
	engine->number += first;
	engine->blind = false;
	/* Of the record under way the start has gone by. */
	engine->skip = engine->pos >= TLSNIC_HEAD;
}
