/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_THREADS_H
#define TOOLS_SERVE_THREADS_H

struct config;
struct server;

/* The threads that serve. Those that return int: 0 or an exit status, after a line on standard
 * error. */

/* Make an engine for each thread, and give it its sockets. */
int threads_new(struct server *s, const struct config *config);
int threads_start(struct server *s);
/* End connections: answers under way have `grace` msecs. */
void threads_stop(struct server *s, unsigned grace);
/* The same when another process goes on: clients are told with their next answer. */
void threads_drain(struct server *s, unsigned grace);
/* Wait until all running threads have ended. */
int threads_join(struct server *s);
void threads_free(struct server *s);

#endif
