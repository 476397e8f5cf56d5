// SPDX-License-Identifier: MIT
/* Answers share a text behind their head, and none sees another's head. */
#include <stdint.h>
#include "tests/ktap.h"
#include "tools/serve/site/prebuilt.h"

#define LEN 16384

static char text[LEN];
static struct site_ready *kept;

static struct site_ready *get(const char *head)
{
	struct site_ready *ready = site_ready_get(&kept, head, strlen(head), text, LEN);

	CHECK(ready);
	EQ(ready->head_len, strlen(head));
	EQ_MEM(ready->bytes, head, strlen(head));
	EQ_MEM(ready->bytes + strlen(head), text, LEN);
	EQ((uintptr_t)ready->bytes % 4096, 0);
	return ready;
}

static void set_up(void)
{
	for (size_t i = 0; i < LEN; i++)
		text[i] = (char)(i * 7 + i / 256);
}

TEST(answers_of_the_same_head_share_it)
{
	struct site_ready *first, *second;

	set_up();
	first = get("head 1");
	second = get("head 1");
	CHECK(first == second);
	site_ready_put(first);
	site_ready_put(second);
	CHECK(get("head 1") == first);
	site_ready_put(first);
	site_ready_put(kept);
}

TEST(another_head_takes_its_place_when_nobody_sends_it)
{
	struct site_ready *first;

	set_up();
	first = get("head 1");
	site_ready_put(first);
	CHECK(get("head 2") == first);
	site_ready_put(first);
	site_ready_put(get("a longer head"));
	site_ready_put(get("head"));
	site_ready_put(kept);
}

TEST(what_is_on_its_way_stays_as_it_is)
{
	struct site_ready *first, *second;

	set_up();
	first = get("head 1");
	second = get("head 2");
	CHECK(first != second);
	EQ_MEM(first->bytes, "head 1", 6);
	EQ_MEM(first->bytes + 6, text, LEN);
	site_ready_put(get("a longer head"));
	EQ_MEM(second->bytes, "head 2", 6);
	site_ready_put(kept);
	site_ready_put(first);
	EQ_MEM(second->bytes + 6, text, LEN);
	site_ready_put(second);
}

TEST(nothing_is_put_back)
{
	site_ready_put(NULL);
}
