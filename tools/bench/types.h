/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_TYPES_H
#define TOOLS_BENCH_TYPES_H

/* What the parts of `tlsring bench` have in common. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <openssl/types.h>
#include "tools/bench/machine/counters.h"
#include "tools/bench/options.h"
#include "tools/bench/report/stats.h"
#include "tlsring.h"

#define BENCH_REQUEST	BENCH_SHORT	/* bytes; the answer has as many as were asked for by --size */

/* Who seals the records, or opens them. */
enum bench_seal { BENCH_NOBODY = 0, BENCH_USER, BENCH_KERNEL, BENCH_NIC, BENCH_SEALS };

/* How a file's bytes reach the socket. */
enum bench_way { BENCH_READ = 0, BENCH_MAPPED, BENCH_SENDFILE, BENCH_ZEROCOPY, BENCH_ENGINE };

/* Connections that last for a whole run; one for each request, with a full handshake or a resumed one; or
 * many that lie idle after a request each; or a mix of the first two, for hours (bench_soak.h). */
enum bench_shake { BENCH_LASTING = 0, BENCH_FULL, BENCH_RESUMED, BENCH_IDLE, BENCH_SOAK };

/* Who serves: this program as a library's user would, or a program as its users run it, over HTTP. */
enum bench_program { BENCH_OWN = 0, BENCH_SERVE, BENCH_NGINX, BENCH_OPENSSL };

struct bench_mode {
	const char *name, *text;
	enum bench_seal seal;
	enum bench_way way;
	enum bench_shake shake;
	enum bench_program program;
};
extern const struct bench_mode bench_modes[BENCH_MODES];
/* What it does in this direction; NULL: it only sends. */
const char *bench_mode_text(const struct bench_mode *mode, enum bench_direction direction);

enum bench_measure {
	BENCH_GBITS = 0, BENCH_REQUESTS, BENCH_CPU_GIB, BENCH_CPU_REQUEST,	/* of lasting connections */
	BENCH_SHAKES, BENCH_CPU_SHAKE, BENCH_SHAKE_P50, BENCH_SHAKE_P99,	/* of new ones */
	BENCH_INSTALLS, BENCH_INSTALL_P50, BENCH_INSTALL_P99,			/* of these, to the kernel's */
	BENCH_MEMORY,								/* of idle ones */
	BENCH_P50, BENCH_P90, BENCH_P99, BENCH_P999, BENCH_P9999,
	/* Where they are counted: of all but idle ones. */
	BENCH_CYCLES_BYTE, BENCH_CYCLES_REQUEST, BENCH_INSNS_BYTE, BENCH_INSNS_REQUEST,
	BENCH_TRAFFIC_BYTE, BENCH_TRAFFIC, BENCH_MEASURES,
};
/* Stable keys of JSON and CSV, with the unit. */
extern const char *const bench_measures[BENCH_MEASURES];
bool bench_mode_has(const struct bench_mode *mode, enum bench_measure measure);
struct bench_result;
/* And had it in each run? */
bool bench_result_has(const struct bench_result *result, enum bench_measure measure);
/* The measure to compare it with others by: they have the same. */
enum bench_measure bench_mode_measure(const struct bench_mode *mode);
/* Has each request a connection of its own? */
bool bench_mode_new(const struct bench_mode *mode);
/* How many ports its server listens on, one after the other: a thread of ours has its own, so that connections are
 * spread alike in each run. */
unsigned bench_mode_ports(const struct bench_mode *mode, const struct bench_options *options);
/* And does it say how long the kernel takes to take keys? */
bool bench_mode_installs(const struct bench_mode *mode);
extern const char *const bench_seals[BENCH_SEALS];
/* What is done to records: "sealed", or "opened"... */
extern const char *const bench_done[BENCH_DIRECTIONS];
/* Of what there are --size bytes. */
extern const char *const bench_messages[BENCH_DIRECTIONS];

/* A file to be sent. */
struct bench_copy {
	int fd;
	const uint8_t *map;
};

/* What every run uses. */
struct bench_setup {
	const struct bench_options *options;
	SSL_CTX *server, *client;	/* owned; server's is prepared for tlsring in the child only */
	int file;			/* owned: in memory */
	const uint8_t *map;		/* owned: the same */
	struct bench_copy *copies;	/* owned, and its members: the same on a disk, to be sent in turns; NULL: none */
	unsigned count;			/* of these */
	const volatile sig_atomic_t *interrupted;	/* by the user: the caller's */
	struct sockaddr_storage listen;	/* where its servers do; any port */
	int far;			/* owned: the connection to who runs them; -1: this process */
	struct sockaddr_storage there;	/* where far's servers listen; any port */
	pid_t agent;			/* owned: who is at the other end of far, if that is here; 0: none */
};

/* Where the bytes of a run were sealed, or opened, by counters and sockets before and after. */
struct bench_path {
	uint64_t bytes[BENCH_SEALS];	/* on the wire, the way that is measured */
	bool counted;			/* by installs: this user may not see the sockets */
	bool astray;			/* not as asked */
};

struct bench_run {
	double values[BENCH_MEASURES];
	bool counted[BENCH_COUNTERS];
	struct bench_path path;
	uint64_t disk, payload;		/* bytes: read from disks by the server, sent to the client */
	bool warm;			/* of what was to come from a disk some did not */
	bool behind;			/* it did not do as many requests per second as an open load has */
};

/* What keeps a program from serving, beside the kernel. */
enum bench_lack { BENCH_LACK_NONE = 0, BENCH_LACK_PROGRAM, BENCH_LACK_START, BENCH_LACK_KTLS };

/* All runs of a mode. */
struct bench_result {
	const struct bench_mode *mode;
	enum tlsring_reason why;	/* the kernel cannot do it; else TLSRING_REASON_NONE */
	enum bench_lack lack;		/* the program cannot */
	int error;			/* it failed with this; then it has no runs after that */
	unsigned runs;
	double values[BENCH_MEASURES][BENCH_REPEATS_MAX];
	bool counted[BENCH_COUNTERS];	/* by each run */
	struct bench_path path;		/* of all runs */
	unsigned astray;		/* runs whose path was not the one asked for */
	uint64_t disk, payload;		/* of all runs */
	unsigned warm;			/* runs that were not cold as asked */
	unsigned behind;		/* runs that an open load was too much for */
};

struct bench_report;

/* Why there are no figures: one word, and sentences for people. False: it is possible. */
struct bench_why {
	const char *name, *text, *remedy;
};
bool bench_why(struct bench_why *out, const struct bench_result *result);
/* What became of a run; a text, maybe in buf. */
const char *bench_error_text(int error, char *buf, size_t len);

/* ---- bench_setup.c: 0, or TOOLS_FAILED after a word on standard error; free in any case ---- */
int bench_setup_open(struct bench_setup *setup, const struct bench_options *options,
		     const volatile sig_atomic_t *interrupted);
void bench_setup_free(struct bench_setup *setup);
/* Let its server give a ticket with each handshake, as `tlsring serve` does. */
void bench_setup_tickets(const struct bench_setup *setup);

/* ---- bench_run.c: 0; -errno or TLSRING_E...; -EINTR: interrupted ---- */

/* One request on one connection of result's mode, its answer compared byte by byte. Sets why or lack where
 * it cannot be done here. */
int bench_try(const struct bench_setup *setup, struct bench_result *result);
int bench_run(struct bench_run *out, const struct bench_setup *setup, const struct bench_mode *mode);

/* ---- output; result is an array of BENCH_MODES, those not asked for have no mode ---- */

/* What the processors had done by a moment, in seconds. */
struct bench_noise {
	double all, busy, steal, own;
};
/* From /proc/stat or a file like it. False: it cannot be told. */
bool bench_noise_look(struct bench_noise *out, const char *path);
/* Percent of all processors' time: what others than this process and those it has waited for used, and what the
 * machine under a virtual one took. */
bool bench_noise_between(double *others, double *steal, const struct bench_noise *from, const struct bench_noise *to);

struct json_t;
struct bench_outcome {
	const struct bench_options *options;
	struct json_t *manifest;	/* borrowed: of the server's machine */
	struct json_t *client;		/* borrowed: of this one, if that is another; or NULL */
	const struct bench_result *results;
	unsigned repeats;		/* that were done */
	struct bench_noise from, to;	/* around them, on this machine */
};
void bench_summarise(struct bench_summary *out, const struct bench_result *result, enum bench_measure measure);
/* Percent of a path's bytes. */
double bench_share(const struct bench_path *path, enum bench_seal seal);

/* Bytes read from disks in percent of those sent. */
double bench_from_disk(const struct bench_result *result);

/* Digits behind the point that leave three that count, and no zeros before it. */
int bench_digits(double value);

/* ---- what a card would save ---- */

/* CPU seconds that a GiB costs by itself on this processor. */
struct bench_passes {
	double aes[2];			/* sealing records of 16 KiB: AES-128-GCM, AES-256-GCM */
	double copy;
};
/* Measures, some 0.1 seconds. False: no memory. */
bool bench_passes(struct bench_passes *out);

/* CPU seconds for a GiB. */
struct bench_model {
	double kernel;			/* what kernel TLS takes now */
	double least, most;		/* what would be left to a card's server that sends from the page cache */
	double copy;			/* in addition where it copies */
};
/* From what plain TCP and kernel TLS by sendfile take, and the passes. False: it says nothing. */
bool bench_model(struct bench_model *out, double plain, double kernel, double aes, double copy);
/* Of an outcome; false: it lacks what that takes. */
bool bench_outcome_model(struct bench_model *out, const struct bench_outcome *outcome);

/* Neighbours in the order of their CPU time, or memory, that noise may have put in that order. */
struct bench_doubt {
	const char *less, *more;	/* modes */
	enum bench_measure measure;
	double percent;			/* that more has more */
};
/* How many there are. */
unsigned bench_doubts(struct bench_doubt out[BENCH_MODES], const struct bench_outcome *outcome);

/* "over loopback" and the like. */
void bench_print_via(FILE *out, const struct bench_options *options);
void bench_print(const struct bench_outcome *outcome);
void bench_print_csv(const struct bench_outcome *outcome);
struct json_t *bench_json_options(const struct bench_options *options);
/* All of it, as a new object; NULL: no memory. */
struct json_t *bench_json(const struct bench_outcome *outcome);
/* The string of a key, "?" where there is none; inner NULL: outer is a string of all itself. */
const char *bench_json_string(const struct json_t *all, const char *outer, const char *inner);
/* Of a whole result. */
enum bench_direction bench_json_direction(const struct json_t *all);
/* 0 or -1. */
int bench_print_json(const struct json_t *all);
/* A page that needs nothing beside itself, with charts by gnuplot. 0 or as bench_gnuplot(). */
int bench_html(FILE *out, const struct json_t *all);

/* What this machine is, as a new JSON object; NULL: no memory. */
struct json_t *bench_manifest(const struct bench_options *options);

/* ---- bench_compare.c: an exit status ---- */
int bench_compare(const char *before, const char *after);

#endif
