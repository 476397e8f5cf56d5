/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_OPTIONS_H
#define TOOLS_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "tlsring.h"

#define BENCH_MODES		44
#define BENCH_REPEATS_MAX	99
#define BENCH_THREADS_MAX	64
#define BENCH_SHORT		64	/* bytes, at most, of what goes the other way */

/* Which way the bytes go whose cost is measured, as the server sees it. */
enum bench_direction { BENCH_SEND = 0, BENCH_RECEIVE, BENCH_BOTH, BENCH_DIRECTIONS };

enum bench_format { BENCH_TABLE = 0, BENCH_JSON, BENCH_CSV };

struct bench_options {
	const char *preset;
	unsigned tls, cipher;		/* positions in bench_versions and bench_ciphers */
	uint64_t size;			/* bytes of an answer, or of what is received */
	enum bench_direction direction;
	unsigned connections, repeats;
	unsigned threads;		/* of the server, or its workers */
	unsigned requests;		/* of a run, in all; 0: it lasts so many seconds */
	double seconds;
	double duration;		/* seconds that a soak lasts; 0: it is none */
	unsigned rate;			/* requests per second, on all connections: an open load; 0: a closed one */
	unsigned cache;			/* a position in bench_caches */
	enum tlsring_io io;
	bool modes[BENCH_MODES];
	bool chosen;			/* by the user, not the preset */
	bool peers;			/* and other servers, in modes like these */
	enum bench_format format;
	const char *html;		/* write a report there too; NULL: no */
	const char *listen;		/* be the server for others instead: ADDR:PORT; NULL: no */
	const char *connect;		/* the server is there: HOST:PORT; NULL: here */
	double loss, delay;		/* percent of packets; milliseconds each is held back. 0: none */
	const char *nic;		/* with listen: a device to switch the offload of */
	const char *before, *after;	/* compare these instead; NULL: measure */
};

/* Words of options, ended by NULL. */
extern const char *const bench_versions[], *const bench_ciphers[], *const bench_ios[], *const bench_caches[],
	*const bench_directions[];
enum bench_cache { BENCH_WARM = 0, BENCH_COLD };

/* Is the network to be worse than loopback? */
bool bench_options_bad_net(const struct bench_options *options);

/* Bytes of a message to the server, but for one of a soak, and of the one that answers it. */
uint64_t bench_options_up(const struct bench_options *options);
uint64_t bench_options_down(const struct bench_options *options);
/* Of both, those that are measured. */
uint64_t bench_options_bytes(const struct bench_options *options);

/* Are tls, cipher, io, size, direction, connections, threads and cache what they may be? */
bool bench_options_valid(const struct bench_options *options);

/* 0; -1 when there is nothing left to do (--help); else the exit status, after a word on standard
 * error. */
int bench_options_parse(struct bench_options *out, int argc, char **argv);

#endif
