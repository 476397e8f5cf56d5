/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_INTERNAL_H
#define LIB_ENGINE_INTERNAL_H

#include <stdatomic.h>
#include <netinet/in.h>
#include <sys/queue.h>
#include "lib/tls/state.h"
#include "lib/tlsring.h"
#include "uring/loop.h"
#include "uring/transmit.h"

/* The low bits of a tag name the operation that a completion belongs to; the rest is the object. */
enum engine_op {
	ENGINE_WAKE = 0,	/* the engine's eventfd */
	ENGINE_WAKE_RETRY,	/* the engine's timer: look at its eventfd after an error */
	ENGINE_GRACE,		/* the engine's timer of a stop in progress */
	ENGINE_ACCEPT,		/* listener */
	ENGINE_RETRY,		/* listener's timer: accept again */
	ENGINE_RECV,		/* connection: bytes of the stream */
	ENGINE_RECORDS,		/* connection: records from the kernel */
	ENGINE_OUTPUT,		/* connection: bytes for the stream, or a control record */
	ENGINE_MESSAGE,		/* connection: a piece of the user's message, kernel TX */
	ENGINE_READ,		/* connection: the file's next bytes, user-space TX */
	ENGINE_CONNECT,		/* connection: a client's TCP handshake */
	ENGINE_TIMER,		/* connection: its one timer (timeout.c) */
	ENGINE_POLL,		/* a descriptor of the program's own */
	ENGINE_ROOM,		/* connection: the socket takes more */
	ENGINE_PART,		/* connection: the rest of a handshake message is there */
	ENGINE_OP_MASK = 15
};

struct engine_listener {
	SLIST_ENTRY(engine_listener) link;
	struct uring_timer timer;
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx;	/* the user's, as are the next three */
	const struct tlsring_handlers *handlers;
	void *user;
	int fd;
	bool accepting;
} __attribute__((aligned(16)));

/* Lives until its only completion. */
struct engine_poll {
	LIST_ENTRY(engine_poll) link;
	struct tlsring_engine *engine;
	void (*ready)(int fd, int events, void *user);
	void *user;
	int fd;
} __attribute__((aligned(16)));

/* Received bytes of handshakes that wait for their turn (handshake_queue.c). Times are
 * nanoseconds. */
struct handshake_queue {
	STAILQ_HEAD(, handshake_waiting) waiting;	/* owned */
	uint64_t counted_at;		/* when lag was last brought up to date */
	uint64_t lag;			/* time that other work has had since the last handshake */
	uint64_t cost;			/* time that the last handshake took */
	bool round_had_one;		/* a handshake of this round was not put off */
};

/* Who sealed what was sent. */
enum engine_tally {
	ENGINE_TALLY_KERNEL, /* or a NIC */
	ENGINE_TALLY_ZEROCOPY, /* a NIC that copies no pages */
	ENGINE_TALLY_RECORDS, /* user space */
	ENGINE_TALLIES
};

struct tlsring_engine {
	struct uring_loop *loop;
	/* All four lists own their elements. */
	SLIST_HEAD(, engine_listener) listeners;
	LIST_HEAD(, tlsring_conn) conns;
	struct tlsring_conn *next;	/* of conns, while engine_each() goes through them */
	LIST_HEAD(, tlsring_conn) dead;	/* ended, freed after the batch of completions */
	LIST_HEAD(, engine_poll) polls;
	STAILQ_HEAD(engine_conns, tlsring_conn) scheduled;	/* to be advanced in this round */
	uint8_t *scratch;		/* owned: ENGINE_SCRATCH bytes for opened records */
	struct handshake_queue handshakes;
	struct uring_timer grace, wake_retry;
	struct uring_tally tally[ENGINE_TALLIES];
	uint64_t round;			/* of the event loop, current or last; from 1 */
	unsigned handshake_timeout, idle_timeout;	/* msecs */
	unsigned min_rate;		/* bytes per second; 0: any */
	unsigned stop_grace;		/* msecs; written before the wake-up */
	int wake_fd;
	bool stopping;
	bool draining;			/* stopping, but accepted connections are served */
	_Atomic bool drain;		/* the wake-up asks for draining; written before it */
	bool freeing;			/* tlsring_engine_free() has begun */
} __attribute__((aligned(16)));

#define ENGINE_SCRATCH	16384

/* User-space TX seals four full records at a time. */
#define SEND_PLAIN	URING_POOL_SIZE

/* The outgoing side of a connection: one message of the user's at a time. */
struct send_state {
	struct tlsring_message message;	/* the part that the loop has not got yet */
	/* The user's, of tlsring_send_many(): those still to be batched. */
	struct tlsring_message *messages;
	unsigned count;			/* of messages */
	unsigned run;			/* the first so many messages are in flight as frames */
	uint8_t *plain;			/* from the loop's pool: file bytes to seal, or a batch */
	uint32_t piece;			/* file bytes in flight; bytes of messages[0] in plain */
	uint32_t plain_len;
	uint32_t plain_limit;		/* plain is sealed when it has so many bytes */
	bool busy;			/* a message was accepted and sent() was not called yet */
	bool large;			/* longer than a record: a full socket is waited for */
};

/*
 * The phases of a connection, from first to last. Some are skipped, none is entered again.
 *
 *	phase		sent				received	left
 *	CONNECTING	nothing				nothing		when TCP is connected
 *	RUNNING		handshake, messages		delivered	by user, peer or limit
 *	FINISHING	message under way,		delivered	by user or peer
 *			close_notify, FIN: half closed
 *	CLOSING		message under way,		dropped		when the FIN is sent
 *			close_notify, FIN
 *	LINGERING	nothing				dropped		when the peer has closed too
 *	ENDED		nothing				dropped		when nothing is in flight
 *
 * The state of conn (enum conn_state) moves independently: inside RUNNING it goes from HANDSHAKE to
 * OPEN. When it has FAILED the message is given up, an alert and FIN are sent, and LINGERING
 * follows. A cut (by tlsring_abort(), an I/O error, some limits) leads from any phase to ENDED.
 */
enum connection_phase {
	CONNECTION_CONNECTING,
	CONNECTION_RUNNING,
	CONNECTION_FINISHING,
	CONNECTION_CLOSING,
	CONNECTION_LINGERING,
	CONNECTION_ENDED,
};

struct tlsring_conn {
	LIST_ENTRY(tlsring_conn) link;
	STAILQ_ENTRY(tlsring_conn) next_scheduled;
	struct conn conn;
	struct uring_timer timer;
	struct tlsring_engine *engine;
	const struct tlsring_handlers *handlers;
	void *user;
	uint8_t *output;		/* owned: bytes in flight that are no message */
	uint8_t *pending;		/* owned: plaintext that the user has not taken yet */
	struct send_state send;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	uint64_t tag;			/* the user's */
	uint64_t sent;			/* bytes of messages that the socket has taken */
	uint64_t acked;			/* bytes that the peer had acknowledged at sampled_at */
	uint32_t sampled_at;		/* msecs, as the next two */
	uint32_t active;		/* when something was received, or a message went out */
	uint32_t deadline_from;
	unsigned deadline;		/* msecs after deadline_from; 0: none */
	int result;			/* of the end; settled with LINGERING or ENDED */
	uint32_t pending_len;
	unsigned idle;			/* msecs; 0: never */
	int fd;
	uint16_t ops;			/* in flight: the connection lives until it is 0 */
	bool receiving, writing;	/* an operation of that side is in flight */
	bool handing;			/* hand the keys over as soon as nothing is in flight */
	bool opened;			/* opened() was called */
	bool paused;			/* the user takes no data before the next sent() */
	bool fin_sent;			/* our side of TCP is shut down */
	bool eof_reported;		/* finished() was called */
	bool scheduled;			/* on the engine's list of that name */
	bool advancing;			/* connection_advance() is at work further up the stack */
	bool sampled;			/* acked is of the current message, or of its drain */
	bool nonblocking;		/* for sendfile: receives begun since end with -EAGAIN */
	uint8_t phase;			/* enum connection_phase */
	uint8_t limit;			/* enum tlsring_limit: the one that ended it */
} __attribute__((aligned(16)));

static inline uint64_t engine_tag(const void *object, enum engine_op op)
{
	return (uint64_t)(uintptr_t)object | op;
}

/* Enter a phase, unless a later one has been entered. */
static inline void engine_enter(struct tlsring_conn *c, enum connection_phase phase)
{
	if (c->phase < phase)
		c->phase = (uint8_t)phase;
}

/* Can handlers be accepted from a program? */
static inline bool engine_takes(const struct tlsring_handlers *handlers)
{
	return handlers && handlers->size >= sizeof(*handlers) && handlers->received;
}

/* All bytes of a message. */
static inline uint64_t engine_message_size(const struct tlsring_message *m)
{
	return m->head_len + m->length + m->tail_len;
}

#endif
