/* SPDX-License-Identifier: MIT */
#ifndef URING_INTERNAL_H
#define URING_INTERNAL_H

/* The types that the files of uring/ share. */

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "uring/loop.h"
#include "uring/tally.h"

#define URING_RECEIVE_HEADER	16	/* struct io_uring_recvmsg_out */
#define URING_RECEIVE_OFFSET	(URING_RECEIVE_HEADER + URING_CONTROL_SPACE)

enum uring_kind {
	URING_ACCEPT, URING_CONNECT, URING_RECV, URING_RECVMSG, URING_POLL, URING_READ,
	/* Steps of a transmission only: */
	URING_SEND, URING_SENDMSG, URING_FETCH,
	/* Inside the ring only, in place of URING_POLL: */
	URING_POLL_CHANGES,
};

/* Bits of uring_op.state. */
#define URING_OP_QUEUED		0x01	/* on a uring_list */
#define URING_OP_WAITS_BUFFER	0x02	/* that list is loop->waiting_buffer */
#define URING_OP_STEP		0x04	/* first member of a struct uring_transmit */
#define URING_OP_CANCELLED	0x08	/* the caller cancelled it */
#define URING_OP_ENDED		0x10	/* its last completion was stored, or waits in loop->done */
#define URING_OP_IN_FLIGHT	0x20	/* ring: the kernel owes its final CQE */
#define URING_OP_CANCELLING	0x40	/* ring: a cancel request for it is in flight */
#define URING_OP_REGISTERED	0x80	/* epoll: it saw its descriptor registered */

/* An operation from the call that queued it to its last completion. Each idle connection owns
 * exactly one, so its size counts. */
struct uring_op {
	uint64_t tag;
	SLIST_ENTRY(uring_op) on_fd;	/* operations on the same descriptor */
	STAILQ_ENTRY(uring_op) queued;
	void *buf;			/* data, struct msghdr or struct sockaddr */
	uint64_t offset;
	uint32_t len;
	int fd;				/* whose list it is on */
	union {
		int target;		/* URING_READ, URING_FETCH: the descriptor to read */
		int res;		/* after its end; POLL_CHANGES: events so far */
	};
	uint16_t flags;			/* MSG_* to send with, POLL* to wait for */
	uint8_t kind;
	uint8_t state;
};

STAILQ_HEAD(uring_list, uring_op);
SLIST_HEAD(uring_fd_ops, uring_op);

#define URING_SLOTS 512

struct uring_wheel {
	uint32_t tick;			/* timers due by then have expired */
	uint32_t now;			/* the current tick, at the last look at the clock */
	unsigned grain;			/* milliseconds by which the coarse clock may lag */
	uint64_t used[URING_SLOTS / 64];
	LIST_HEAD(, uring_timer) slots[URING_SLOTS];
};

struct uring_buffers {
	char *base;
	unsigned count, free;
	uint16_t *stack;		/* epoll: ids of the free ones */
	struct io_uring_buf_ring *ring;	/* ring: where free ones are offered to the kernel */
};

struct uring_free_buffer {
	SLIST_ENTRY(uring_free_buffer) next;
};

struct uring_pool {
	SLIST_HEAD(, uring_free_buffer) buffers;
	unsigned free;
};

struct uring_chunk;
struct uring_warm;

/* How to find out which bytes of a file are in memory. */
enum uring_residency {
	URING_RESIDENCY_UNKNOWN,	/* not asked yet */
	URING_RESIDENCY_TOLD,		/* by the file system, with RWF_NOWAIT */
	URING_RESIDENCY_ALWAYS,		/* all are: tmpfs, ramfs */
	URING_RESIDENCY_UNTOLD,		/* only those read a moment ago (warm.c) */
};

#define URING_RECORD		16384u
#define URING_ENCODE_MAX (256u * 1024) /* bytes encoded for one send */
#define URING_ENCODE_OVERHEAD 64u /* bytes, at most, that a record gains */
#define URING_LARGE_SIZE (URING_ENCODE_MAX + 4096u)
#define URING_FRAMES		16	/* at most, in one send */

enum uring_window_kind {
	URING_WINDOW_NONE,
	URING_WINDOW_POOL,		/* file bytes in a pooled buffer, perhaps after the head */
	URING_WINDOW_MAP,		/* a mapping of the file */
	URING_WINDOW_PAGES,		/* pages for sendfile: no address */
};

struct uring_window {
	char *base;			/* NULL for PAGES */
	uint64_t start, end;		/* file range that can be sent from here */
	enum uring_window_kind kind;
	bool callers;			/* MAP: the caller's mapping, not to be unmapped */
	uint16_t head;			/* POOL: bytes of the head's copy before the file's bytes */
};

/* A message on its way out: a sequence of steps, of which one is in flight at a time. */
struct uring_transmit {
	struct uring_op op;		/* the step in flight; must come first */
	/* Continues after a step that ended with res. */
	void (*step)(struct uring_loop *loop, struct uring_transmit *transmit, int res);
	/* Frees what the transmission holds, but for itself. */
	void (*release)(struct uring_loop *loop, struct uring_transmit *transmit);
	const char *head;
	size_t head_left;
	uint64_t offset, left;		/* file range that is still to be sent */
	uint64_t sent;
	uint64_t edge;			/* file offset at which the second record starts; 0: any */
	uint64_t first;			/* length of the first record, if there is an edge */
	uint64_t fetched;		/* the file is in memory up to here */
	uint64_t missing;		/* a probe before this offset found nothing in memory */
	struct uring_window window;
	struct uring_tally *tally;	/* the caller's, or NULL */
	const struct uring_encoder *encoder; /* the caller's, or NULL */
	void *encoder_user;
	char *encoded; /* from a pool: the step's encoded form (encode.c); or NULL */
	uint32_t encoded_len, encoded_sent;
	size_t step_len; /* of the step's own bytes */
	size_t room; /* for bytes of the next step, where there is an encoder */
	const char *mapping;		/* the caller's, or NULL */
	bool *nonblocking;		/* the caller's, or NULL */
	int file_fd;
	enum uring_residency residency;	/* of the file */
	bool more;
	bool mapped;			/* some bytes went out without being read by us */
	bool unmappable;
	bool sendfile;
	bool corked;			/* TCP_CORK is set until the end */
	bool encoded_large; /* which pool it is from */
	bool hold_last;			/* MSG_MORE before the last record, which goes by itself */
	uint8_t control_len;
	uint16_t encoded_flags;
	/* Frames (frames.c): */
	uint8_t insert_len, tail_len;
	uint8_t insert_left;		/* bytes of the insert to be sent before the next piece */
	uint32_t piece_len, piece_left;	/* piece_left: bytes of the next piece to be sent */
	const char *insert;
	struct msghdr msg;
	struct iovec iov[2 * URING_FRAMES + 1];
	char control[URING_CONTROL_SPACE];
};

/* The backends. start() and cancel() never complete an operation; only wait() does. */
struct uring_driver {
	enum uring_backend backend;
	int (*open)(struct uring_loop *loop, const struct uring_options *options);
	/* Ends every operation that the kernel still holds. */
	void (*close)(struct uring_loop *loop);
	void (*start)(struct uring_loop *loop, struct uring_op *op);
	void (*cancel)(struct uring_loop *loop, struct uring_op *op);
	/* Submits what was started, then waits up to msecs (-1: for ever) for completions. */
	int (*wait)(struct uring_loop *loop, int msecs);
	void (*close_fd)(struct uring_loop *loop, int fd);
};

extern const struct uring_driver uring_ring_driver, uring_epoll_driver;

struct uring_loop {
	const struct uring_driver *driver;
	void *state;			/* the driver's */
	struct uring_fd_ops *on_fd;	/* by descriptor */
	unsigned fds;
	struct uring_list free_ops;
	SLIST_HEAD(, uring_chunk) chunks;	/* memory of the operations */
	struct uring_list done;		/* ended, with no room to store their completions */
	struct uring_list waiting_buffer;	/* receives that wait for a free buffer */
	struct uring_completion *out;	/* inside uring_loop_wait: the next one to store */
	unsigned room;			/* for so many completions */
	bool sweep;			/* an operation on waiting_buffer was cancelled */
	bool closing;
	bool sigpipe_ignored;
	struct uring_buffers buffers;
	struct uring_pool pool, large; /* buffers of URING_POOL_SIZE, URING_LARGE_SIZE */
	char *fetch_buffer;		/* scratch for fetch.c; NULL until its first use */
	struct uring_warm *warm;	/* warm.c's table; NULL until its first use */
	struct uring_wheel wheel;
};

static inline void uring_transmit_start(struct uring_loop *loop, struct uring_transmit *transmit,
					enum uring_kind kind)
{
	transmit->op.kind = kind;
	loop->driver->start(loop, &transmit->op);
}

static inline void uring_transmit_count(const struct uring_transmit *transmit, enum uring_way way,
					size_t bytes)
{
	if (transmit->tally)
		uring_tally_add(&transmit->tally->bytes[way], bytes);
}

/* The offset, within its TLS record, of the byte that follows `before` bytes of the message. */
static inline uint64_t uring_transmit_record_offset(const struct uring_transmit *transmit,
						    uint64_t before)
{
	if (before >= transmit->first)
		before -= transmit->first;
	return before % URING_RECORD;
}

#endif
