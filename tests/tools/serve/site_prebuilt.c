// SPDX-License-Identifier: MIT
/* Responses share a text behind their head, and none sees another's head. */
#include <stdint.h>
#include "tests/ktap.h"
#include "tools/serve/site/prebuilt.h"

#define LEN 16384

static char text[LEN];
static struct site_prebuilt *kept;

static struct site_prebuilt *get(const char *head)
{
	struct site_prebuilt *prebuilt = site_prebuilt_get(&kept, head, strlen(head), text, LEN);

	CHECK(prebuilt);
	EQ(prebuilt->head_len, strlen(head));
	EQ_MEM(prebuilt->bytes, head, strlen(head));
	EQ_MEM(prebuilt->bytes + strlen(head), text, LEN);
	EQ((uintptr_t)prebuilt->bytes % 4096, 0);
	return prebuilt;
}

static void set_up(void)
{
	for (size_t i = 0; i < LEN; i++)
		text[i] = (char)(i * 7 + i / 256);
}

TEST(answers_of_the_same_head_share_it)
{
	struct site_prebuilt *first, *second;

	set_up();
	first = get("head 1");
	second = get("head 1");
	CHECK(first == second);
	site_prebuilt_put(first);
	site_prebuilt_put(second);
	CHECK(get("head 1") == first);
	site_prebuilt_put(first);
	site_prebuilt_put(kept);
}

TEST(another_head_takes_its_place_when_nobody_sends_it)
{
	struct site_prebuilt *first;

	set_up();
	first = get("head 1");
	site_prebuilt_put(first);
	CHECK(get("head 2") == first);
	site_prebuilt_put(first);
	site_prebuilt_put(get("a longer head"));
	site_prebuilt_put(get("head"));
	site_prebuilt_put(kept);
}

TEST(what_is_on_its_way_stays_as_it_is)
{
	struct site_prebuilt *first, *second;

	set_up();
	first = get("head 1");
	second = get("head 2");
	CHECK(first != second);
	EQ_MEM(first->bytes, "head 1", 6);
	EQ_MEM(first->bytes + 6, text, LEN);
	site_prebuilt_put(get("a longer head"));
	EQ_MEM(second->bytes, "head 2", 6);
	site_prebuilt_put(kept);
	site_prebuilt_put(first);
	EQ_MEM(second->bytes + 6, text, LEN);
	site_prebuilt_put(second);
}

TEST(nothing_is_put_back)
{
	site_prebuilt_put(NULL);
}
