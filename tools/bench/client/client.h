/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_CLIENT_H
#define TOOLS_BENCH_CLIENT_CLIENT_H

/* The client, the same for every mode: one thread, OpenSSL in user space, one request at a time on
 * each connection. All return 0; -errno or TLSRING_E...; -EINTR when the user interrupts. */
#include <sys/socket.h>
#include "tools/bench/types.h"
#include "tools/bench/client/samples.h"

struct bench_peer {
	int fd;				/* -1: none */
	SSL *ssl;			/* NULL: no TLS */
	enum { PEER_DIAL = 0, PEER_UPLOAD, PEER_ANSWER, PEER_END } state;
	int head;			/* of HTTP, ahead of the answer: -1: to come; else as many bytes of the empty
					 * line at its end as there were */
	uint64_t up;			/* bytes of an upload that have been sent */
	uint64_t left;			/* of the answer under way */
	uint64_t asked;			/* when, or due, in nanoseconds: a new connection counts from its connect() */
	uint64_t nth;			/* requests on this connection */
	uint8_t kind;			/* of the answer under way */
	struct bench_peer *next;	/* of those that are free, in an open load */
};

struct bench_client {
	const struct bench_setup *setup;
	const struct bench_mode *mode;
	const struct sockaddr_storage *to;	/* borrowed */
	struct bench_peer *peers;	/* owned */
	unsigned count;
	bool check;			/* compare each answer with the file */
	int epoll;
	struct ssl_session_st *session;	/* owned: to be resumed */
	uint64_t ended;			/* bytes of TCP, as of bench_client_wire(), on connections that are gone */
	bool rekeys;			/* in a soak: the server can change keys */
	uint64_t asked, updates;	/* requests and changes of keys, in all */
	unsigned opened;		/* connections, in all */
};
/* Room for so many connections. Those that last are made; else, for a mode that resumes, one is, and has ended. */
int bench_client_open(struct bench_client *client, const struct bench_setup *setup, const struct bench_mode *mode,
		      unsigned connections, const struct sockaddr_storage *to);
/* Idle ones are made when they are to be: until there are so many. */
int bench_client_dial(struct bench_client *client, unsigned connections);
void bench_client_close(struct bench_client *client);

/*
 * Closed: each connection asks again as soon as it has its answer. Open: requests are due at fixed times, on
 * whichever connection is free; one that finds none waits, and its time counts from when it was due.
 */
struct bench_load {
	uint64_t requests;		/* so many; 0: as many as there are in */
	double seconds;			/* and then each connection has its last answer */
	unsigned rate;			/* requests per second of an open load; 0: a closed one */
};
/* Empties samples first. */
int bench_client_run(struct bench_client *client, const struct bench_load *load, struct bench_samples *samples);

/* Bytes of TCP that came to it, or that it sent, or both, as is measured, since it was opened. */
int bench_client_wire(const struct bench_client *client, uint64_t *bytes);

/* ---- inside: bench_connect.c ---- */

/* Blocking, handshake included. */
int bench_peer_dial(struct bench_client *client, struct bench_peer *peer);
/* Without waiting; it is watched for all that happens. */
int bench_peer_begin(struct bench_client *client, struct bench_peer *peer);
/* 0: the handshake is done, and of the kind asked for; -EAGAIN. */
int bench_peer_shake(struct bench_client *client, struct bench_peer *peer);
/* A clean end, as far as one side can have it. */
void bench_peer_end(struct bench_client *client, struct bench_peer *peer);
/* Bytes; 0: the peer's end; -EAGAIN; -errno. */
ssize_t bench_peer_receive(struct bench_peer *peer, void *buf, size_t len);
/* Change the sending key, and ask the server to change its own, with what is sent next. */
int bench_peer_update(struct bench_peer *peer);
/* What it asks with: a short request, or the file, of which it sends as much as there is room for: it may have to go on. */
int bench_peer_ask(const struct bench_client *client, struct bench_peer *peer);
/* 0: all of the file is sent; -EAGAIN; -errno. */
int bench_peer_upload(const struct bench_client *client, struct bench_peer *peer);
/* What io_uring leaves to be done after a ring has been closed interrupts calls too, once. */
bool bench_client_again(const struct bench_client *client);

/* How many of these bytes are the head of an answer; or -EPROTO: it is not the one that was asked for. */
int bench_peer_head(struct bench_peer *peer, const char *data, size_t len);
#define BENCH_HEAD_END	4

#define BENCH_PATIENCE	60	/* seconds without a byte */

#endif
