/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_TYPES_H
#define TOOLS_BENCH_TYPES_H

/* Types that several parts of `tlsring bench` share. Functions are declared by the file that has
 * them. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <openssl/types.h>
#include "tools/bench/machine/counters.h"
#include "tools/bench/machine/noise.h"
#include "tlsring.h"

#define BENCH_MODES		44
#define BENCH_REPEATS_MAX	99
#define BENCH_THREADS_MAX	64
#define BENCH_SHORT		64	/* bytes: a request, and the most that answers an upload */

/* The direction that is measured, as the server sees it. */
enum bench_direction { BENCH_SEND = 0, BENCH_RECEIVE, BENCH_BOTH, BENCH_DIRECTIONS };

/* Who seals or opens the records. */
enum bench_seal { BENCH_NOBODY = 0, BENCH_USER, BENCH_KERNEL, BENCH_NIC, BENCH_SEALS };

/* How a file's bytes reach the socket. */
enum bench_way { BENCH_READ = 0, BENCH_MAPPED, BENCH_SENDFILE, BENCH_ZEROCOPY, BENCH_ENGINE };

/*
 * How long connections live: a whole run; one request, after a full or a resumed handshake; idle
 * after one request; or, in a soak, a mix of the first two.
 */
enum bench_lifetime { BENCH_LASTING = 0, BENCH_FULL, BENCH_RESUMED, BENCH_IDLE, BENCH_SOAK };

/* The server: code as a user of the library writes it, or a program that speaks HTTP. */
enum bench_program { BENCH_OWN = 0, BENCH_SERVE, BENCH_NGINX, BENCH_OPENSSL };

struct bench_mode {
	const char *name, *text;
	enum bench_seal seal;
	enum bench_way way;
	enum bench_lifetime lifetime;
	enum bench_program program;
};

enum bench_measure {
	/* Modes with lasting connections. */
	BENCH_GBITS = 0, BENCH_REQUESTS, BENCH_CPU_GIB, BENCH_CPU_REQUEST,
	/* Modes with new connections. */
	BENCH_HANDSHAKES, BENCH_CPU_HANDSHAKE, BENCH_HANDSHAKE_P50, BENCH_HANDSHAKE_P99,
	/* Keys given to the kernel for new connections. */
	BENCH_INSTALLS, BENCH_INSTALL_P50, BENCH_INSTALL_P99,
	/* Modes with idle connections. */
	BENCH_MEMORY,
	/* All modes but idle ones; counters only where the processor has them. */
	BENCH_P50, BENCH_P90, BENCH_P99, BENCH_P999, BENCH_P9999, BENCH_LATENCY_MAX,
	BENCH_CYCLES_BYTE, BENCH_CYCLES_REQUEST, BENCH_INSNS_BYTE, BENCH_INSNS_REQUEST,
	BENCH_TRAFFIC_BYTE, BENCH_TRAFFIC, BENCH_MEASURES,
};

/* A copy of the file that is sent. */
struct bench_copy {
	int fd;
	const uint8_t *map;
};

struct bench_options;
struct bench_server_ops;

/* What every run uses. */
struct bench_setup {
	const struct bench_options *options;
	/* owned; only the server's process gives the first to tlsring */
	SSL_CTX *server, *client;
	int file;			/* owned: in memory */
	const uint8_t *map;		/* owned: of file */
	/* owned, with its members: on a disk, sent in turns; NULL: none */
	struct bench_copy *copies;
	unsigned count;			/* of copies */
	/* the caller's: set by SIGINT and SIGTERM */
	const volatile sig_atomic_t *interrupted;
	struct sockaddr_storage listen;	/* where servers of this process listen; any port */
	const struct bench_server_ops *elsewhere;	/* NULL: servers run on this machine */
	int remote;			/* owned: control connection to an agent; -1: none */
	struct sockaddr_storage remote_address;	/* where the agent's servers listen; any port */
	/* owned: the agent's process, if it is our child; 0: none */
	pid_t agent;
};

/* Counters of network cards: packets out of order, requests to resynchronise, packets dropped,
and packets
 * that the kernel sealed in the card's place. */
enum bench_card_event {
	BENCH_CARD_OOO = 0, BENCH_CARD_RESYNC, BENCH_CARD_DROP, BENCH_CARD_FALLBACK,
	BENCH_CARD_EVENTS,
};

/* Network cards during the part of a run that is measured, in bytes of TCP. */
struct bench_card {
	uint64_t carried;		/* to or from the card, by the server's sockets on it */
	uint64_t done;			/* encrypted or decrypted by the card, for anybody */
	uint64_t foreign;		/* to or from the card, by others, as far as is known */
	uint64_t retransmitted;		/* by the server's TLS sockets, on a card or not */
	uint64_t events[BENCH_CARD_EVENTS];
};

/* Why a card's part cannot be proven. */
enum bench_doubt {
	BENCH_DOUBT_NONE = 0, BENCH_DOUBT_UNCOUNTED, BENCH_DOUBT_FOREIGN, BENCH_DOUBT_RESENT,
};

/* Where the bytes of a run were sealed or opened, from counters and sockets before and after. */
struct bench_path {
	uint64_t bytes[BENCH_SEALS];	/* on the wire, in the direction that is measured */
	bool counted;			/* by installs: the sockets are gone, or may not be seen */
	bool astray;			/* not as asked */
	enum bench_doubt doubt;
	struct bench_card card;
};

/* What a closed load was limited by,
as far as CPU time tells. Server and client that share processors, or
 * have few connections, take turns. */
enum bench_limit {
	BENCH_LIMIT_SERVER = 0, BENCH_LIMIT_CLIENT, BENCH_LIMIT_TURNS, BENCH_LIMIT_OTHER,
	BENCH_LIMITS,
};

/* CPU time and time, in seconds. */
struct bench_busy {
	double server, client, seconds;
};

struct bench_run {
	double values[BENCH_MEASURES];
	bool counted[BENCH_COUNTERS];
	struct bench_path path;
	/* bytes: read from disks by the server, sent to the client */
	uint64_t disk, payload;
	uint64_t samples;		/* requests that were measured */
	struct bench_busy busy;
	bool warm;			/* with a cold cache: some of it did not come from a disk */
	bool behind;			/* the rate of an open load was not reached */
};

/* What keeps a program from serving, beside the kernel. */
enum bench_lack { BENCH_LACK_NONE = 0, BENCH_LACK_PROGRAM, BENCH_LACK_START, BENCH_LACK_KTLS };

struct hdr_histogram;

/* All runs of a mode. */
struct bench_result {
	const struct bench_mode *mode;
	enum tlsring_reason why;	/* the kernel cannot do it; else TLSRING_REASON_NONE */
	enum bench_lack lack;		/* the program cannot do it */
	int error;			/* of the last run; no further runs are made */
	unsigned runs;
	double values[BENCH_MEASURES][BENCH_REPEATS_MAX];
	bool counted[BENCH_COUNTERS];	/* by each run */
	struct bench_path path;		/* of all runs */
	unsigned astray;		/* runs whose path was not the one asked for */
	uint64_t disk, payload;		/* of all runs */
	uint64_t samples;		/* of all runs */
	struct hdr_histogram *latency, *handshakes;	/* owned: of all runs; NULL: none */
	struct bench_busy busy;		/* of all runs */
	unsigned warm;			/* runs that were not cold as asked */
	unsigned behind;		/* runs that an open load was too much for */
};

struct json_t;

/* What is printed. */
struct bench_outcome {
	const struct bench_options *options;
	struct json_t *manifest;	/* borrowed: of the server's machine */
	struct json_t *client;		/* borrowed: of this machine, if it is another; or NULL */
	/* BENCH_MODES of them; mode is NULL if not asked for */
	const struct bench_result *results;
	unsigned repeats;		/* rounds that were completed */
	struct bench_noise from, to;	/* around them, on this machine */
};

#endif
