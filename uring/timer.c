// SPDX-License-Identifier: MIT
#include <errno.h>
#include <time.h>
#include "uring/timer.h"

/*
 * A hashed wheel: a timer sits in the slot of its tick modulo the number of slots. A timer of a
 * later round is passed over once per round. Reading the coarse clock never enters the kernel.
 */

#define URING_TICK	64u		/* milliseconds */

static uint64_t timers_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint32_t uring_now(const struct uring_loop *loop)
{
	return loop->wheel.now * URING_TICK;
}

int uring_timers_init(struct uring_loop *loop)
{
	struct uring_wheel *wheel = &loop->wheel;
	struct timespec grain;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &grain))
		return -errno;
	wheel->grain = (unsigned)(grain.tv_nsec / 1000000) + 1;
	wheel->tick = wheel->now = (uint32_t)(timers_clock() / URING_TICK);
	return 0;
}

void uring_timer_set(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs,
		     uint64_t tag)
{
	struct uring_wheel *wheel = &loop->wheel;
	unsigned slot;

	uring_timer_clear(loop, timer);
	timer->tag = tag;
	timer->due = (uint32_t)((timers_clock() + msecs + URING_TICK - 1) / URING_TICK);
	if ((int32_t)(timer->due - wheel->now) <= 0)
		timer->due = wheel->now + 1;
	slot = timer->due % URING_SLOTS;
	LIST_INSERT_HEAD(&wheel->slots[slot], timer, link);
	wheel->used[slot / 64] |= 1ull << (slot % 64);
}

void uring_timer_sooner(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs,
			uint64_t tag)
{
	uint32_t due = loop->wheel.now + (msecs + URING_TICK - 1) / URING_TICK;

	if (!uring_timer_is_set(timer) || (int32_t)(timer->due - due) > 0)
		uring_timer_set(loop, timer, msecs, tag);
}

void uring_timer_clear(struct uring_loop *loop, struct uring_timer *timer)
{
	struct uring_wheel *wheel = &loop->wheel;
	unsigned slot = timer->due % URING_SLOTS;

	if (!uring_timer_is_set(timer))
		return;
	LIST_REMOVE(timer, link);
	timer->link.le_prev = NULL;
	if (LIST_EMPTY(&wheel->slots[slot]))
		wheel->used[slot / 64] &= ~(1ull << (slot % 64));
}

/* False: there was no room for the completions of all timers in the slot that are due. */
static bool timers_expire_slot(struct uring_loop *loop, unsigned slot)
{
	struct uring_timer *timer = LIST_FIRST(&loop->wheel.slots[slot]), *next;

	for (; timer; timer = next) {
		next = LIST_NEXT(timer, link);
		if ((int32_t)(loop->wheel.now - timer->due) < 0)
			continue;
		if (!loop->room)
			return false;
		uring_timer_clear(loop, timer);
		*loop->out++ = (struct uring_completion){ .tag = timer->tag, .res = -ETIME };
		loop->room--;
	}
	return true;
}

void uring_timers_expire(struct uring_loop *loop)
{
	struct uring_wheel *wheel = &loop->wheel;

	wheel->now = (uint32_t)(timers_clock() / URING_TICK);
	if (wheel->now - wheel->tick > URING_SLOTS)
		wheel->tick = wheel->now - URING_SLOTS;
	while (wheel->tick != wheel->now) {
		if (!timers_expire_slot(loop, (wheel->tick + 1) % URING_SLOTS))
			return;
		wheel->tick++;
	}
}

int uring_timers_msecs(const struct uring_loop *loop)
{
	const struct uring_wheel *wheel = &loop->wheel;

	for (unsigned i = 1; i <= URING_SLOTS;) {
		unsigned slot = (wheel->tick + i) % URING_SLOTS;
		uint64_t used = wheel->used[slot / 64] >> (slot % 64), clock;
		int32_t ahead;

		if (!used) {
			i += 64 - slot % 64;
			continue;
		}
		i += (unsigned)__builtin_ctzll(used);
		clock = timers_clock();
		ahead = (int32_t)(wheel->tick + i - (uint32_t)(clock / URING_TICK));
		if (ahead <= 0)
			return 0;
		return ahead * (int)URING_TICK - (int)(clock % URING_TICK) + (int)wheel->grain;
	}
	return -1;
}
