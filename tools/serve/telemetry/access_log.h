/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_ACCESS_LOG_H
#define TOOLS_SERVE_TELEMETRY_ACCESS_LOG_H

/*
 * The access log. A thread of its own writes the lines of the serving threads to a file. Each
 * serving thread has a ring that no other thread writes to. A slow disk or reader never holds up a
 * client: a line that finds no room is lost, and counted.
 */

#include <stddef.h>
#include <stdint.h>

struct access_log;
struct access_ring;

#define ACCESS_RING	(1u << 20)	/* bytes of each thread that wait for the disk */

/* Append to the file at path ("-": standard output), which is created if need be, for so many
 * threads. Starts the writer. 0; -errno of opening; -ENOMEM; -EAGAIN. */
int access_log_open(struct access_log **out, const char *path, unsigned rings);
/* Start the thread that writes. enter: called in it before it writes, to put it into a sandbox;
 * or NULL. 0 or -errno. */
int access_log_start(struct access_log *log, void (*enter)(void));
/* The ring of one thread, which lives as long as the log. */
struct access_ring *access_log_ring(struct access_log *log, unsigned index);
/* Add a whole line. By the ring's own thread. Never blocks. */
void access_ring_put(struct access_ring *ring, const char *line, size_t len);
/* Open the path anew after the file was renamed. On failure the old file is kept, and the failure
 * is logged. Any thread. */
void access_log_reopen(struct access_log *log);
uint64_t access_log_lost(const struct access_log *log);
/* Write all lines (the reader of a pipe has five seconds for them), then close and free the log.
 * After the serving threads have ended. NULL is fine. */
void access_log_close(struct access_log *log);

#endif
