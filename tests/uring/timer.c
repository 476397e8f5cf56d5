// SPDX-License-Identifier: MIT
#include <time.h>

#include "tests/uring/both.h"

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

#define TICK	64u	/* msecs */

/* Set a timer. It is due at most a tick after its time and never before, however long this process
 * was not scheduled meanwhile; the coarse clock lags by up to 11 ms. */
static void set(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs, uint64_t tag)
{
	uint32_t min = (uint32_t)((now() - 11 + msecs) / TICK), max;

	uring_timer_set(loop, timer, msecs, tag);
	max = (uint32_t)((now() + msecs) / TICK + 1);
	CHECK(timer->due - min <= max - min);
}

/* The timer of this completion was due, and none that completed before it was due later. */
static void expired(const struct uring_loop *loop, const struct uring_timer *timer,
		    const struct uring_completion *completion, uint32_t *last)
{
	EQ(completion->res, -ETIME);
	EQ(completion->flags, 0);
	CHECK(!uring_timer_is_set(timer));
	CHECK((int32_t)(uring_now(loop) - timer->due * TICK) >= 0);
	CHECK((int32_t)(timer->due - *last) >= 0);
	*last = timer->due;
}

BOTH(expire_in_order_and_not_early)
{
	static const unsigned msecs[] = { 700, 0, 130, 400, 1, 200, 600 };
	struct uring_timer timers[7] = { 0 };
	uint32_t last = (uint32_t)(now() / TICK - 1);

	for (unsigned i = 0; i < 7; i++)
		set(loop, &timers[i], msecs[i], i);
	for (int i = 0; i < 7; i++) {
		struct uring_completion completion = both_completion(loop);

		expired(loop, &timers[completion.tag], &completion, &last);
	}
	for (int i = 0; i < 7; i++)
		CHECK(!uring_timer_is_set(&timers[i]));
}

BOTH(set_again_and_cleared)
{
	struct uring_timer later = { 0 }, sooner = { 0 }, never = { 0 };

	uring_timer_set(loop, &later, 100, 1);
	uring_timer_set(loop, &sooner, 40000000, 2);
	uring_timer_set(loop, &never, 150, 3);
	uring_timer_set(loop, &sooner, 200, 4);
	uring_timer_set(loop, &later, 500, 5);
	uring_timer_clear(loop, &never);
	uring_timer_clear(loop, &never);
	both_expect(loop, 4, -ETIME);
	both_expect(loop, 5, -ETIME);
	uring_timer_set(loop, &never, 4000000000u, 6);
	both_quiet(loop);
	uring_timer_clear(loop, &never);
}

/* The program clears and sets timers while others of the same tick wait to be reported. */
BOTH(changed_while_they_expire)
{
	struct uring_timer timers[10] = { 0 };
	int set_again = 0;

	for (int i = 0; i < 10; i++)
		uring_timer_set(loop, &timers[i], 1, (uint64_t)i);
	usleep(200000);
	both_completion(loop);
	for (int i = 0; i < 10; i++) {
		if (i % 2) {
			uring_timer_clear(loop, &timers[i]);
		} else if (uring_timer_is_set(&timers[i])) {
			uring_timer_set(loop, &timers[i], 300, (uint64_t)i + 100);
			set_again++;
		}
	}
	CHECK(set_again >= 4);
	for (; set_again; set_again--)
		CHECK(both_completion(loop).tag >= 100);
	both_quiet(loop);
}

BOTH(thousands)
{
	static struct uring_timer timers[5000];
	struct uring_completion completions[64];
	uint32_t last = (uint32_t)(now() / TICK - 1);
	unsigned seen = 0;

	for (unsigned i = 0; i < 5000; i++)
		set(loop, &timers[i], i * 2617 % 1000, i);
	for (unsigned i = 0; i < 5000; i += 2)
		uring_timer_clear(loop, &timers[i]);
	while (seen < 2500) {
		int count = uring_loop_wait(loop, completions, 64);

		CHECK(count >= 0);
		for (int i = 0; i < count; i++) {
			struct uring_timer *timer = &timers[completions[i].tag];

			CHECK(completions[i].tag % 2);
			expired(loop, timer, &completions[i], &last);
			timer->tag = 0;		/* a second time would fail */
			seen++;
		}
	}
	both_quiet(loop);
}

/* Completions of a descriptor delay no timer, and timers delay no completion. */
BOTH(beside_a_busy_descriptor)
{
	struct uring_timer timer = { 0 };
	bool expired = false;
	int ends[2];

	both_pair(ends, 0);
	EQ(uring_recvmsg(loop, ends[0], 1), 0);
	uring_timer_set(loop, &timer, 200, 2);
	while (!expired) {
		struct uring_completion completion;

		EQ(write(ends[1], "x", 1), 1);
		completion = both_completion(loop);
		expired = completion.tag == 2;
		if (completion.flags & URING_COMPLETION_BUFFER)
			uring_buffer_put(loop, completion.buffer);
	}
	both_close(ends);
}
