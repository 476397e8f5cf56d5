/* SPDX-License-Identifier: MIT */
#ifndef URING_INTERNAL_H
#define URING_INTERNAL_H

#include <sys/socket.h>
#include <sys/uio.h>
#include "uring/caps.h"
#include "uring/loop.h"
#include "uring/transmit.h"

#define URING_RECEIVE_HEADER	16	/* struct io_uring_recvmsg_out */
#define URING_RECEIVE_OFFSET	(URING_RECEIVE_HEADER + URING_CONTROL_SPACE)

enum uring_kind {
	URING_ACCEPT, URING_CONNECT, URING_RECV, URING_RECVMSG, URING_POLL, URING_READ,
	/* Only as steps of a transmission: */
	URING_SEND, URING_SENDMSG, URING_FETCH,
};

#define URING_OP_QUEUED		0x01	/* on one of the lists, through `queued` */
#define URING_OP_WAITS_BUFFER	0x02	/* that list is loop->waiting_buffer */
#define URING_OP_STEP		0x04	/* first member of a struct uring_transmit */
#define URING_OP_CANCELLED	0x08	/* the caller wants it ended */
#define URING_OP_ENDED		0x10	/* its last completion is out */
#define URING_OP_IN_FLIGHT	0x20	/* ring: the kernel owes a final completion */
#define URING_OP_CANCELLING	0x40	/* ring: a cancel request refers to it still */
#define URING_OP_REGISTERED	0x80	/* epoll: it knows that its descriptor is registered */

/* An operation from its call to its last completion. An idle connection owns exactly one of these, so
 * its size counts. */
struct uring_op {
	uint64_t tag;
	struct uring_op *on_fd;		/* next operation on the same descriptor */
	struct uring_op *queued;
	void *buf;			/* data, struct msghdr or struct sockaddr */
	uint64_t offset;
	uint32_t len;
	int fd;				/* whose list it is on */
	union {
		int target;		/* which descriptor to read (URING_READ) */
		int res;		/* once ended */
	};
	uint16_t flags;			/* MSG_* to send with, POLL* to wait for */
	uint8_t kind;
	uint8_t state;
};

struct uring_list {
	struct uring_op *first, **last;
};

#define URING_SLOTS 512

struct uring_wheel {
	uint32_t tick;			/* the last one that was looked at */
	unsigned grain;			/* msecs that the clock may lag */
	uint64_t used[URING_SLOTS / 64];
	struct uring_timer slots[URING_SLOTS];
	struct uring_timer expired;
};

struct uring_buffers {
	char *base;
	unsigned count, free;
	uint16_t *stack;		/* epoll: ids of the free ones */
	struct io_uring_buf_ring *ring;	/* ring: where they are put back */
};

struct uring_pool {
	void *first;
	unsigned free;
};

struct uring_chunk;

#define URING_RECORD		16384u
#define URING_MAP_SIZE		(1024u * 1024)	/* one mapping */
#define URING_MAP_ALIGN		65536u		/* no page is larger */
#define URING_SEND_MAX		(256u * 1024)	/* one send, so that others get their turn */
#define URING_MAP_LEAST		(256u * 1024)	/* a file range up to this is read instead */
#define URING_ALIGN_LEAST	(4u * 1024 * 1024)	/* one record more does not matter then */
#define URING_ALIGN		4096u
#define URING_HEAD_MAX		(1u << 30)
#define URING_HEAD_COPY		4096u		/* so much of a head goes before the file in one buffer */

#define URING_FRAMES		16		/* in one send */

enum uring_window_kind { URING_WINDOW_NONE, URING_WINDOW_POOL, URING_WINDOW_MAP, URING_WINDOW_PAGES };

struct uring_window {
	char *base;			/* of PAGES: NULL, they are for sendfile */
	uint64_t start, end;		/* file range that can be sent from here */
	enum uring_window_kind kind;
	bool kept;			/* MAP: the caller's */
	uint16_t head;			/* POOL: bytes before it, a copy of the head */
};

struct uring_transmit {
	struct uring_op op;		/* the step; must come first */
	const char *head;
	size_t head_left;
	uint64_t offset, left;		/* file range that was not sent yet */
	uint64_t sent;
	uint64_t edge;			/* of a page in the file, at which a record begins; 0: none */
	uint64_t first;			/* bytes sent by then */
	uint64_t fetched;		/* up to here the file was brought to memory */
	uint64_t missing;		/* something before this was not there when it was looked for */
	struct uring_window window;
	struct uring_tally *tally;	/* the caller's, or NULL */
	const char *mapping;		/* the caller's, or NULL */
	bool *nonblocking;		/* the caller's, or NULL */
	int file_fd;
	bool more;
	bool mapped;			/* some of it went out from a mapping */
	bool unmappable;
	bool pages;
	bool corked;			/* TCP waits for full segments until the end */
	bool held;			/* so it does, by MSG_MORE: the last record goes out by itself */
	uint8_t control_len;
	/* Of frames (frames.c): */
	uint8_t insert_len, tail_len;	/* of what stands between pieces of the file; of it, what ends a frame */
	uint8_t insert_left;		/* of it, to be sent before the next piece */
	uint32_t every, until;		/* bytes of a piece; still to be sent of the next one */
	const char *insert;
	struct msghdr msg;
	struct iovec iov[2 * URING_FRAMES + 1];
	char control[URING_CONTROL_SPACE];
};

/* What differs between io_uring and epoll. Nothing here completes an operation from inside
 * start() or cancel(): that is wait()'s alone. */
struct uring_driver {
	enum uring_backend backend;
	int (*open)(struct uring_loop *loop, const struct uring_options *options);
	/* Ends everything that the kernel still holds of this loop, then closes. */
	void (*close)(struct uring_loop *loop);
	void (*start)(struct uring_loop *loop, struct uring_op *op);
	void (*cancel)(struct uring_loop *loop, struct uring_op *op);
	/* Hand over what was started, wait msecs (-1: for ever) for something to end. */
	int (*wait)(struct uring_loop *loop, int msecs);
	void (*close_fd)(struct uring_loop *loop, int fd);
};

extern const struct uring_driver uring_ring_driver, uring_epoll_driver;

struct uring_loop {
	const struct uring_driver *driver;
	void *state;			/* the driver's */
	struct uring_op **on_fd;
	unsigned fds;
	struct uring_op *free_ops;
	struct uring_chunk *chunks;
	struct uring_list done;		/* ended while no wait was there to take the completion */
	struct uring_list waiting_buffer;	/* waiting for a receive buffer */
	struct uring_completion *out;		/* inside uring_loop_wait: where completions go */
	unsigned room;
	bool sweep;			/* an operation on `waiting_buffer` was cancelled */
	bool closing;
	bool quiet;			/* SIGPIPE is ignored, and stays so */
	struct uring_buffers buffers;
	struct uring_pool pool;
	char *fetched;			/* what nobody looks at; NULL: nothing was fetched yet */
	struct uring_wheel wheel;
};

/* op.c */
void uring_list_init(struct uring_list *list);
void uring_list_add(struct uring_list *list, struct uring_op *op);
struct uring_op *uring_list_take(struct uring_list *list);
int uring_op_new(struct uring_loop *loop, int fd, enum uring_kind kind, uint64_t tag,
		 struct uring_op **out);
int uring_op_attach(struct uring_loop *loop, struct uring_op *op);
/* The next completion of op to be filled in; only while loop->room. */
struct uring_completion *uring_op_completion(struct uring_loop *loop, const struct uring_op *op);
/* The operation is over without a further completion. */
void uring_op_forget(struct uring_loop *loop, struct uring_op *op);
/* The operation is over, and says so. */
void uring_op_end(struct uring_loop *loop, struct uring_op *op, int res);
/* What the kernel was asked for is done: the end, or the next step of a transmission. */
void uring_op_done(struct uring_loop *loop, struct uring_op *op, int res);
/* Go on with it once a receive buffer is free. */
void uring_op_wait_buffer(struct uring_loop *loop, struct uring_op *op);
/* Memory back; the ring calls it for those that uring_op_forget had to leave to it. */
void uring_op_free(struct uring_loop *loop, struct uring_op *op);
void uring_ops_flush(struct uring_loop *loop);
void uring_ops_feed(struct uring_loop *loop);
void uring_ops_free(struct uring_loop *loop);

/* timer.c */
int uring_timers_init(struct uring_loop *loop);
void uring_timers_expire(struct uring_loop *loop);
int uring_timers_msecs(const struct uring_loop *loop);

/* buffers.c */
void *uring_pages(size_t len);		/* or NULL */
void uring_pages_free(void *pages, size_t len);
int uring_buffers_new(struct uring_loop *loop, unsigned count, bool ring);
void uring_buffers_free(struct uring_loop *loop);
void *uring_buffer_at(const struct uring_loop *loop, unsigned id);
int uring_buffer_take(struct uring_loop *loop);	/* epoll; -ENOBUFS */
void uring_pool_free(struct uring_loop *loop);

/* transmit.c */
void uring_transmit_start(struct uring_loop *loop, struct uring_transmit *transmit, enum uring_kind kind);
/* Map the next part, unless the caller has. 1: mapped; 0: it cannot be; -EINPROGRESS: it is not in memory yet. */
int uring_window_map(struct uring_loop *loop, struct uring_transmit *transmit);
void uring_window_close(struct uring_loop *loop, struct uring_window *window);
void uring_transmit_count(const struct uring_transmit *transmit, enum uring_way way, size_t bytes);
bool uring_file_reaches(int fd, uint64_t end);
void uring_transmit_step(struct uring_loop *loop, struct uring_op *op, int res);
void uring_transmit_release(struct uring_loop *loop, struct uring_op *op);

/* fetch.c: files that are not in memory */
/* Is it of tmpfs or the like, which has its files nowhere else (but for swap), and does not say so? */
bool uring_file_never_cold(int fd);
/* May what is next of the file be sent without a wait for the disk? 1: yes, up to *end, which is made less
 * when it must; 0: no, and it cannot be fetched; -EINPROGRESS: it is being fetched. */
int uring_fetch(struct uring_loop *loop, struct uring_transmit *transmit, uint64_t *end);
/* Has it left memory since? Then uring_fetch() must be asked once more. */
bool uring_fetch_again(struct uring_transmit *transmit);
void uring_fetch_free(struct uring_loop *loop);

/* helpers.c: threads that read files for the epoll backend */
struct uring_helpers;
int uring_helpers_new(struct uring_helpers **out);
/* Waits for what they have begun; the rest is forgotten. */
void uring_helpers_free(struct uring_helpers *helpers);
/* Readable when something is done. */
int uring_helpers_fd(const struct uring_helpers *helpers);
/* Do this URING_READ or URING_FETCH. False: there is nobody who could. */
bool uring_helpers_add(struct uring_helpers *helpers, struct uring_op *op);
/* All that are done, linked by `queued`, with op->res. */
struct uring_op *uring_helpers_done(struct uring_helpers *helpers);

/* frames.c: a file range with something inserted between its pieces */
void uring_frames_next(struct uring_loop *loop, struct uring_transmit *transmit);
/* 1: go on; else the end. */
int uring_frames_sent(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent);

#endif
