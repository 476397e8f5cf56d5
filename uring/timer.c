/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>

#include "uring/internal.h"

/*
 * A hashed wheel: a timer sits in the slot of its tick modulo the number of slots, so that those
 * of a later round are passed over once per round. The coarse clock never enters the kernel.
 */

#define URING_TICK	64u		/* msecs */

static uint64_t uring_timers_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint32_t uring_now(const struct uring_loop *loop)
{
	return loop->wheel.tick * URING_TICK;
}

static void uring_timer_unlink(struct uring_timer *timer)
{
	timer->prev->next = timer->next;	/* NOLINT: it is in a list */
	timer->next->prev = timer->prev;
	timer->next = timer->prev = NULL;
}

static void uring_timer_link(struct uring_timer *head, struct uring_timer *timer)
{
	timer->next = head;
	timer->prev = head->prev;
	head->prev->next = timer;
	head->prev = timer;
}

int uring_timers_init(struct uring_loop *loop)
{
	struct uring_wheel *wheel = &loop->wheel;
	struct timespec grain;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &grain))
		return -errno;
	wheel->grain = (unsigned)(grain.tv_nsec / 1000000) + 1;
	wheel->tick = (uint32_t)(uring_timers_now() / URING_TICK);
	for (unsigned i = 0; i < URING_SLOTS; i++)
		wheel->slots[i].next = wheel->slots[i].prev = &wheel->slots[i];
	wheel->expired.next = wheel->expired.prev = &wheel->expired;
	return 0;
}

void uring_timer_set(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs, uint64_t tag)
{
	struct uring_wheel *wheel = &loop->wheel;
	unsigned slot;

	uring_timer_clear(loop, timer);
	timer->tag = tag;
	timer->due = (uint32_t)((uring_timers_now() + msecs + URING_TICK - 1) / URING_TICK);
	if ((int32_t)(timer->due - wheel->tick) <= 0)
		timer->due = wheel->tick + 1;
	slot = timer->due % URING_SLOTS;
	uring_timer_link(&wheel->slots[slot], timer);
	wheel->used[slot / 64] |= 1ull << (slot % 64);
}

void uring_timer_sooner(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs, uint64_t tag)
{
	uint32_t due = loop->wheel.tick + (msecs + URING_TICK - 1) / URING_TICK;

	if (!timer->next || (int32_t)(timer->due - due) > 0)
		uring_timer_set(loop, timer, msecs, tag);
}

void uring_timer_clear(struct uring_loop *loop, struct uring_timer *timer)
{
	struct uring_wheel *wheel = &loop->wheel;
	unsigned slot = timer->due % URING_SLOTS;

	if (!timer->next)
		return;
	uring_timer_unlink(timer);
	if (wheel->slots[slot].next == &wheel->slots[slot])
		wheel->used[slot / 64] &= ~(1ull << (slot % 64));
}

static void uring_slot_expire(struct uring_loop *loop, unsigned slot, uint32_t now)
{
	struct uring_timer *head = &loop->wheel.slots[slot], *timer, *next;

	if (!(loop->wheel.used[slot / 64] & 1ull << (slot % 64)))
		return;
	for (timer = head->next; timer != head; timer = next) {
		next = timer->next;
		if ((int32_t)(now - timer->due) < 0)
			continue;
		uring_timer_clear(loop, timer);
		uring_timer_link(&loop->wheel.expired, timer);
	}
}

void uring_timers_expire(struct uring_loop *loop)
{
	struct uring_wheel *wheel = &loop->wheel;
	uint32_t now = (uint32_t)(uring_timers_now() / URING_TICK), tick = wheel->tick;

	if (now - tick > URING_SLOTS)
		tick = now - URING_SLOTS;
	while (tick != now)
		uring_slot_expire(loop, ++tick % URING_SLOTS, now);
	wheel->tick = now;
	while (loop->room && wheel->expired.next != &wheel->expired) {
		struct uring_timer *timer = wheel->expired.next;

		uring_timer_unlink(timer);
		*loop->out++ = (struct uring_completion){ .tag = timer->tag, .res = -ETIME };
		loop->room--;
	}
}

/* How long until something may be due; -1: nothing is set. */
int uring_timers_msecs(const struct uring_loop *loop)
{
	const struct uring_wheel *wheel = &loop->wheel;

	if (wheel->expired.next != &wheel->expired)
		return 0;
	for (unsigned i = 1; i <= URING_SLOTS;) {
		unsigned slot = (wheel->tick + i) % URING_SLOTS;
		uint64_t used = wheel->used[slot / 64] >> (slot % 64), now;
		int32_t ahead;

		if (!used) {
			i += 64 - slot % 64;
			continue;
		}
		i += (unsigned)__builtin_ctzll(used);
		now = uring_timers_now();
		ahead = (int32_t)(wheel->tick + i - (uint32_t)(now / URING_TICK));
		if (ahead <= 0)
			return 0;
		return ahead * (int)URING_TICK - (int)(now % URING_TICK) + (int)wheel->grain;
	}
	return -1;
}
