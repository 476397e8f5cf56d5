/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_INTERNAL_H
#define LIB_ENGINE_INTERNAL_H

#include <stdatomic.h>
#include <netinet/in.h>
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "lib/tlsring.h"
#include "uring/loop.h"
#include "uring/transmit.h"

/* The low bits of a tag say which operation a completion belongs to; the rest is the object. */
enum engine_op {
	ENGINE_WAKE = 0,	/* the engine's eventfd */
	ENGINE_GRACE,		/* the engine's timer of a stop in progress */
	ENGINE_ACCEPT,		/* listener */
	ENGINE_RETRY,		/* listener's timer: accept again */
	ENGINE_RECV,		/* connection: wire bytes */
	ENGINE_RECORDS,		/* connection: records from the kernel */
	ENGINE_OUTPUT,		/* connection: wire output or a control record */
	ENGINE_MESSAGE,		/* connection: a piece of the user's message, kernel TX */
	ENGINE_READ,		/* connection: the file's next bytes, user-space TX */
	ENGINE_CONNECT,		/* connection: a client's TCP handshake */
	ENGINE_TIMER,		/* connection: handshake, idle or closing deadline */
	ENGINE_POLL,		/* a descriptor of the program's own */
	ENGINE_ROOM,		/* connection: the socket takes more */
	ENGINE_PART,		/* connection: the rest of a handshake message is there */
	ENGINE_OP_MASK = 15
};

struct engine_listener {
	struct uring_timer timer;
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx;	/* the user's, as are the next three */
	const struct tlsring_handlers *handlers;
	void *user;
	struct engine_listener *next;	/* owned by the engine's list */
	int fd;
	bool accepting;
} __attribute__((aligned(16)));

/* Lives until its one completion, owned by the engine's list. */
struct engine_poll {
	struct tlsring_engine *engine;
	struct engine_poll *next, *prev;
	void (*ready)(int fd, int events, void *user);
	void *user;
	int fd;
} __attribute__((aligned(16)));

/* What came for handshakes and waits for its turn (fair.c). */
struct fair {
	struct fair_completion *first, *last;	/* owned */
	uint64_t since;			/* nanoseconds, as the next two: when the time of all else was counted */
	uint64_t owed;			/* so much more had all else than they */
	uint64_t took;			/* by the last one */
	bool done;			/* one was not put off in this round */
};

struct tlsring_engine {
	struct uring_loop *loop;
	struct engine_listener *listeners;
	struct tlsring_conn *conns;	/* all that live, owned */
	struct tlsring_conn *dead;	/* ended, freed after the batch of completions; owned */
	struct engine_poll *polls;	/* all that wait, owned */
	uint8_t *scratch;		/* ENGINE_SCRATCH bytes for opened records */
	struct fair fair;
	struct uring_timer grace;
	struct uring_tally tally[2];	/* sealed by the kernel; by a network card that sends pages without a copy */
	_Atomic uint64_t records;	/* bytes sealed in user space; this engine's thread alone writes it */
	uint64_t round;			/* the one that is under way, or was the last; from 1 */
	unsigned handshake_timeout, idle_timeout;	/* msecs */
	unsigned min_rate;		/* bytes per second, 0 = any */
	unsigned stop_grace;		/* msecs, written before the wake-up */
	int wake_fd;
	bool stopping;
	bool draining;			/* stopping, but who was accepted is served */
	_Atomic bool drain;		/* what the wake-up is for; written before it */
	bool ending;			/* tlsring_engine_free() has begun */
} __attribute__((aligned(16)));

#define ENGINE_SCRATCH	16384

/* User-space TX: sealed in four full records at a time. */
#define SEND_PLAIN	URING_POOL_SIZE

/* The outgoing side of a connection: one message of the user's at a time. */
struct send_state {
	struct tlsring_message message;	/* what is still to be handed to the loop */
	struct tlsring_message *many;	/* the user's, of tlsring_send_many(): those still to be gathered */
	unsigned count;			/* of many */
	unsigned run;			/* so many of them are on their way as frames */
	uint8_t *plain;			/* from the loop's pool, while a file is read */
	uint32_t piece;			/* bytes of the piece under way; of the one that is gathered */
	uint32_t plain_len;
	uint32_t most;			/* so much may be in plain before it is sealed */
	bool busy;			/* a message was taken and sent() not called yet */
	bool large;			/* more than a record of it: look whether the socket has room */
};

struct tlsring_conn {
	struct conn conn;
	struct uring_timer timer;
	struct tlsring_engine *engine;
	struct tlsring_conn *next, *prev;
	const struct tlsring_handlers *handlers;
	void *user;
	uint8_t *output;		/* owned: raw bytes in flight */
	uint8_t *pending;		/* owned: plaintext not taken yet */
	struct send_state send;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	uint64_t tag;			/* the user's */
	uint64_t sent;			/* bytes of messages that the socket has taken */
	uint64_t acked;			/* by the peer, at the last look */
	uint32_t looked_at;		/* msecs, as the next two */
	uint32_t active;		/* something was received, or a message went out */
	uint32_t deadline_from;
	unsigned deadline;		/* msecs from then, 0 = none */
	int result;			/* of an end that is no failure: -EPIPE, -ETIMEDOUT */
	uint32_t pending_len;
	unsigned idle;			/* msecs, 0 = never */
	int fd;
	uint16_t ops;			/* in flight: the connection lives until it is 0 */
	bool receiving, writing;	/* an operation of that side is in flight */
	bool connecting;		/* a client's TCP handshake is under way */
	bool handing;			/* the keys shall go over as soon as nothing is in flight */
	bool opened;			/* the user knows of it */
	bool paused;			/* the user takes no data before the next sent() */
	bool finishing;			/* the user has nothing more to send */
	bool half;			/* our FIN went out, the peer goes on */
	bool told;			/* the user knows that the peer has finished */
	bool closing;			/* the user or the peer wants a clean end */
	bool shut;			/* our FIN went out; what still comes is dropped */
	bool ended;			/* only waiting for ops */
	bool driving;
	bool looked;			/* at this message, or this drain, before */
	bool nonblocking;		/* sendfile needed it: what is received anew ends with -EAGAIN once */
	uint8_t limit;			/* enum tlsring_limit: what ended it */
} __attribute__((aligned(16)));

static inline uint64_t engine_tag(const void *object, enum engine_op op)
{
	return (uint64_t)(uintptr_t)object | op;
}

static inline bool engine_takes(const struct tlsring_handlers *handlers)
{
	return handlers && handlers->size >= sizeof(*handlers) && handlers->received;
}

/* engine.c: the list of connections. */
void engine_adopt(struct tlsring_engine *engine, struct tlsring_conn *c);
void engine_bury(struct tlsring_conn *c);

/* poll.c: the program's own descriptors. */
void poll_completed(struct engine_poll *poll, int res);
/* Nobody is told any more. */
void poll_free(struct tlsring_engine *engine);

/* fair.c: handshakes do not keep others waiting. */
/* Shall what came on c wait until later? Then it is copied, and fair_turn() sees to it. */
bool fair_put_off(struct tlsring_engine *engine, const struct tlsring_conn *c, const struct uring_completion *completion);
/* All else of the round is done; `busy`: there was something. */
void fair_turn(struct tlsring_engine *engine, bool busy);
void fair_free(struct tlsring_engine *engine);

/* drive.c: brings a connection's wishes and its operations together. */
/* NULL: no memory. Its machine is still to be made; then drive_start(), or drive_discard(). */
struct tlsring_conn *drive_new(struct tlsring_engine *engine, int fd,
			       const struct tlsring_handlers *handlers, void *user);
void drive_start(struct tlsring_conn *c);
void drive_discard(struct tlsring_conn *c);
void drive_completed(struct tlsring_conn *c, enum engine_op op, const struct uring_completion *completion);
/* Do whatever can be done now; may bury c. */
void drive(struct tlsring_conn *c);
/* Tells the user that it is over, and frees it. */
void drive_free(struct tlsring_conn *c);
void drive_stop(struct tlsring_conn *c, bool at_once);
/* Nothing more is to happen: it goes when the operations in flight have come back. */
void drive_end(struct tlsring_conn *c);
#define DRIVE_LINGER	5000	/* msecs that a peer has to answer our close_notify or alert */

/* deadline.c: how long a connection may take. */
/* Wait for so long, whatever was waited for. */
void deadline_set(struct tlsring_conn *c, unsigned msecs);
/* The timer must not fire later than what is due next. */
void deadline_watch(struct tlsring_conn *c);
/* Something happened: the time of silence begins anew. */
void deadline_active(struct tlsring_conn *c);
/* The timer has fired. */
void deadline_passed(struct tlsring_conn *c);

/* leave.c: its end. */
/* Nothing more is to be expected of the peer. */
bool leave_peer(const struct tlsring_conn *c);
/* With nothing to send: whatever there is to do for the end. True: look again. */
bool leave_step(struct tlsring_conn *c);
/* FIN, without further ado. */
void leave_shut(struct tlsring_conn *c);

/* deliver.c: plaintext to the user. */
void deliver(struct tlsring_conn *c, const void *data, size_t len);
void deliver_pending(struct tlsring_conn *c);
/* There is room for what is received next. */
bool deliver_room(const struct tlsring_conn *c);

/* send.c: the user's message to the socket. */
void send_next(struct tlsring_conn *c);
void send_completed(struct tlsring_conn *c, enum engine_op op, int res);
/* The message is over: forget it and tell the user. */
void send_finish(struct tlsring_conn *c, int result);
/* So does the connection. */
void send_fail(struct tlsring_conn *c, int result, const char *detail);
/* Give it to the kernel, whose key it costs so many bytes. False: not now, or send_fail() was called. */
bool send_transmit(struct tlsring_conn *c, const struct uring_message *piece, uint64_t bytes);
/* Read on into plain at `at`; a completion follows. */
void send_read(struct tlsring_conn *c, int fd, size_t at, size_t len, uint64_t offset);
size_t send_room(struct tlsring_conn *c);
void send_put_plain(struct tlsring_conn *c);

/* gather.c: many messages as one. */
/* All bytes of one of them. */
static inline size_t gather_size(const struct tlsring_message *m)
{
	return m->head_len + m->length + m->tail_len;
}
/* Make the next ones the message. */
void gather_next(struct tlsring_conn *c);
/* Frames have gone, but for the last ones. */
void gather_run_sent(struct tlsring_conn *c, unsigned missing);
/* What was to be read for it has come. */
void gather_was_read(struct tlsring_conn *c, int res);

#endif
