/* SPDX-License-Identifier: MIT */
#ifndef URING_TIMER_H
#define URING_TIMER_H

#include "uring/internal.h"

int uring_timers_init(struct uring_loop *loop);
/* Store the completions of timers that are due. */
void uring_timers_expire(struct uring_loop *loop);
/* Milliseconds until a timer may be due; -1: none is set. */
int uring_timers_msecs(const struct uring_loop *loop);

#endif
