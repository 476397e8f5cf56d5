/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_OPTIONS_H
#define TOOLS_BENCH_OPTIONS_H

#include "tools/bench/machine/manifest.h"
#include "tools/bench/types.h"

enum bench_format { BENCH_TABLE = 0, BENCH_JSON, BENCH_CSV };
#define BENCH_DIMENSIONS	4	/* of a sweep */

enum bench_cache { BENCH_WARM = 0, BENCH_COLD };

struct bench_options {
	const char *preset;
	unsigned tls, cipher;		/* positions in bench_versions and bench_ciphers */
	uint64_t size;			/* bytes of an answer, or of an upload */
	enum bench_direction direction;
	unsigned connections, repeats;
	unsigned threads;		/* of the server, or its workers */
	unsigned client_threads;
	unsigned requests;		/* of a run, in all; 0: it lasts for seconds */
	double seconds;
	double duration;		/* seconds of a soak; 0: it is none */
	/* requests per second of an open load, in all; 0: a closed load */
	unsigned rate;
	unsigned cache;			/* enum bench_cache */
	enum tlsring_io io;
	bool modes[BENCH_MODES];
	bool chosen;			/* modes are the user's, not the preset's */
	bool peers;			/* add other servers, in modes like these */
	enum bench_format format;
	const char *html;		/* also write a report there; NULL: none */
	const char *listen;		/* run servers for others: ADDR:PORT; NULL: no */
	const char *connect;		/* let servers be run there: HOST:PORT; NULL: here */
	/* with listen or connect: a file with a secret; NULL: none */
	const char *token;
	const char *allow;		/* with listen: addresses of clients; NULL: all */
	double loss, delay;		/* percent of packets; milliseconds. 0: none */
	const char *nic;		/* with listen: a device whose offload is switched */
	const char *sweep[BENCH_DIMENSIONS];	/* NAME=VALUE,VALUE... */
	unsigned sweeps;		/* of these; 0: no sweep */
	const char *save;		/* of a sweep: the file to write, and to resume from; NULL: none */
	const char *before, *after;	/* compare these files; NULL: measure */
};

/* Words of options, ended by NULL. */
extern const char *const bench_versions[], *const bench_ciphers[];
extern const char *const bench_caches[], *const bench_directions[];

/* 0; -1: there is nothing left to do (--help); else an exit status, after a message on standard
 * error. */
int bench_options_parse(struct bench_options *out, int argc, char **argv);
/* tls, cipher, io, size, direction, connections, threads and cache are within their ranges. */
bool bench_options_valid(const struct bench_options *options);

/* Set an option by its name, and check that all go together. 0, or an exit status after a message.
 */
int bench_options_set(struct bench_options *options, const char *name, const char *value);
int bench_options_check(struct bench_options *options);

/* The network is to be worse than loopback. */
bool bench_options_bad_net(const struct bench_options *options);
/* Bytes that a client sends for each answer, and of the answer, outside soaks. */
uint64_t bench_options_up(const struct bench_options *options);
uint64_t bench_options_down(const struct bench_options *options);
/* Bytes of the two that are measured. */
uint64_t bench_options_bytes(const struct bench_options *options);
/* An agent does not know what its clients will ask for; a client's servers are on another machine.
 */
struct bench_manifest_parts bench_options_manifest(const struct bench_options *options);

#endif
