/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_CONNECT_H
#define TOOLS_BENCH_CLIENT_CONNECT_H

/* The client's state, and its connections one by one. */
#include <sys/types.h>
#include "tools/bench/types.h"

#define BENCH_HEAD_END	4	/* bytes of the empty line that ends a head of HTTP */
#define BENCH_PATIENCE	60	/* seconds without a byte */

struct bench_peer {
	int fd;				/* -1: none */
	SSL *ssl;			/* NULL: no TLS */
	enum { PEER_DIAL = 0, PEER_UPLOAD, PEER_ANSWER, PEER_END } state;
	/* -1: a head of HTTP is to come; else bytes seen of the line that ends it */
	int head;
	uint64_t up;			/* bytes of an upload that have been sent */
	uint64_t left;			/* bytes of the answer that are to come */
	/* in nanoseconds: when asked, due, or connected (new connections) */
	uint64_t asked;
	uint64_t nth;			/* requests on this connection */
	uint8_t kind;			/* of the answer, in a soak */
	struct bench_peer *next;	/* free connection of an open load */
};

struct bench_client {
	const struct bench_setup *setup;
	const struct bench_mode *mode;
	const struct sockaddr_storage *to;	/* borrowed */
	unsigned which;			/* among clients of other threads */
	struct bench_peer *peers;	/* owned */
	unsigned count;
	bool check;			/* compare each answer with the file */
	int epoll;
	struct ssl_session_st *session;	/* owned: to be resumed */
	uint64_t ended[2];		/* bytes as of bench_client_wire(), of closed connections */
	bool rekeys;			/* in a soak: the server can change keys */
	uint64_t asked, updates;	/* requests and changes of keys, in all */
	unsigned opened;		/* connections, in all */
};

/* Blocking, handshake included. */
int bench_peer_dial(struct bench_client *client, struct bench_peer *peer);
/* Non-blocking; adds it to the client's epoll, edge-triggered. */
int bench_peer_begin(struct bench_client *client, struct bench_peer *peer);
/* 0: the handshake is done, and of the kind asked for; -EAGAIN. */
int bench_peer_shake(struct bench_client *client, struct bench_peer *peer);
/* Close cleanly, as far as one side can. */
void bench_peer_end(struct bench_client *client, struct bench_peer *peer);
/* Bytes; 0: the peer has ended; -EAGAIN; -errno. */
ssize_t bench_peer_receive(struct bench_peer *peer, void *buf, size_t len);
/* Change the sending key, and ask the server to change its own, with the next data. */
int bench_peer_update(struct bench_peer *peer);
/* Send a short request, or start an upload. */
int bench_peer_ask(const struct bench_client *client, struct bench_peer *peer);
/* Go on with an upload. 0: all of the file is sent; -EAGAIN; -errno. */
int bench_peer_upload(const struct bench_client *client, struct bench_peer *peer);
/* Bytes of data that belong to an answer's head; -EPROTO: it is not the answer to the request. */
int bench_peer_head(struct bench_peer *peer, const char *data, size_t len);
/* Add its bytes of TCP, as bench_client_wire() has them. */
void bench_peer_wire(uint64_t bytes[2], int fd);
/* A call was cut short, but not by the user: the end of a closed io_uring interrupts calls once. */
bool bench_peer_again(const struct bench_client *client);

#endif
