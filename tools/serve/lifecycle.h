/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_LIFECYCLE_H
#define TOOLS_SERVE_LIFECYCLE_H

struct server;

/*
 * Block the signals that lifecycle_run() waits for, in this thread and in those that it starts: a
 * signal that interrupts a send can cost a connection. Call it before any thread is started.
 */
void lifecycle_block_signals(void);
/* Serve until a signal or a successor ends it. Returns an exit status. */
int lifecycle_run(struct server *s);

#endif
