/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_ACCESS_LOG_H
#define TOOLS_SERVE_TELEMETRY_ACCESS_LOG_H

/*
 * Lines of the threads that serve, written to a file by a thread of its own. Each of them has a ring
 * that nobody else writes to. A disk or a reader that does not keep up never holds up a client: a line
 * that finds no room is lost, and counted.
 */

#include <stddef.h>
#include <stdint.h>

struct access_log;
struct access_ring;

#define ACCESS_RING	(1u << 20)	/* bytes that wait for the disk, each thread */

/* Append to the file at path ("-": standard output), which is made if it is not there; `rings` threads
 * will write. Starts the writer's thread. 0; -errno of opening; -ENOMEM; -EAGAIN. */
int access_log_open(struct access_log **out, const char *path, unsigned rings);
/* The ring of one thread; lives as long as the log. */
struct access_ring *access_log_ring(struct access_log *log, unsigned index);
/* A whole line. Any thread, one for each ring. Never blocks. */
void access_ring_put(struct access_ring *ring, const char *line, size_t len);
/* Open the path anew, as after it was renamed, before anything else is written; when that fails the old
 * file stays and standard error gets a word. Any thread. */
void access_log_reopen(struct access_log *log);
uint64_t access_log_lost(const struct access_log *log);
/* What waits is written (a reader of a pipe has five seconds), then the log is closed and freed. All
 * who write must have ended. NULL is fine. */
void access_log_close(struct access_log *log);

#endif
