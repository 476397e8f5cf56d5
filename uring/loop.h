/* SPDX-License-Identifier: MIT */
#ifndef URING_LOOP_H
#define URING_LOOP_H

/*
 * One loop per thread: operations go in, completions come out. A completion carries the
 * tag that its operation was given, so nothing in here points back at the
 * owner. Every call is made by the loop's own thread, which is the first one to
 * wait on it; before that another may make the loop and queue operations.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct uring_loop;

enum uring_backend { URING_BACKEND_AUTO = 0, URING_BACKEND_RING, URING_BACKEND_EPOLL };

struct uring_options {
	enum uring_backend backend;
	unsigned entries;	/* submission queue size; 0 = 256 */
	unsigned buffers;	/* receive buffers of URING_BUFFER_SIZE; 0 = 256, power of two */
};

/* A receive buffer holds one full TLS record plus recvmsg's own header. */
#define URING_BUFFER_SIZE	(18 * 1024)
#define URING_CONTROL_SPACE	64	/* control-message room of uring_recvmsg */

#define URING_COMPLETION_MORE		1u	/* the operation stays armed: more completions will come */
#define URING_COMPLETION_BUFFER	2u	/* data sits in a loop buffer: give it back with uring_buffer_put */

struct uring_completion {
	uint64_t tag;
	int res;		/* >= 0 or -errno, as the system call would say */
	uint32_t flags;		/* URING_COMPLETION_* */
	uint16_t buffer;	/* id, if URING_COMPLETION_BUFFER */
	int msg_flags;		/* recvmsg: MSG_EOR, MSG_CTRUNC, ... */
	void *data;		/* res bytes, if URING_COMPLETION_BUFFER */
	const void *control;	/* recvmsg: control buffer and its used length */
	size_t control_len;
};

/* 0; -EPERM / -ENOSYS when URING_BACKEND_RING is forbidden or missing here (it needs multishot
 * recvmsg and buffer rings: Linux 6.0; URING_BACKEND_AUTO then takes epoll); -EINVAL; -ENOMEM. SIGPIPE never
 * comes of what is sent; a program that ignores it by now, which is cheaper, must go on to. */
int uring_loop_new(struct uring_loop **out, const struct uring_options *options);
/* Everything in flight is cancelled and forgotten first, which waits for a read of a file that
 * has begun; descriptors stay open. To be called by the thread that waited on the loop, or after
 * that thread has ended. NULL is fine. */
void uring_loop_free(struct uring_loop *loop);
enum uring_backend uring_loop_backend(const struct uring_loop *loop);

/* Submit what was queued, wait for at least one completion (or the next timer), fill up to max. Returns the number
 * of completions, 0 on a spurious wake-up, or -errno when the ring itself broke. */
int uring_loop_wait(struct uring_loop *loop, struct uring_completion *completions, unsigned max);
/* The same without waiting, also with max 0: 0 when there is no completion now. */
int uring_loop_look(struct uring_loop *loop, struct uring_completion *completions, unsigned max);

/*
 * Each of these queues one operation: 0, or -ENOMEM/-EBADF when it could not be queued. Exactly
 * one completion without URING_COMPLETION_MORE follows each. A descriptor stays open until the last completion of
 * whatever was queued on it. Receiving waits by itself for a free loop buffer.
 */

/* Multishot accept; res = the new descriptor (non-blocking is not set; CLOEXEC is). Ends with an
 * error only (-EMFILE, ...); then queue it again. The epoll backend makes fd non-blocking. */
int uring_accept(struct uring_loop *loop, int fd, uint64_t tag);
int uring_connect(struct uring_loop *loop, int fd, const void *addr, unsigned addr_len, uint64_t tag);
/* One receive of at most max bytes (<= URING_BUFFER_SIZE) into a loop buffer. res 0 = FIN. */
int uring_recv(struct uring_loop *loop, int fd, size_t max, uint64_t tag);
/* Multishot recvmsg with control-message room into loop buffers. Ends with res 0 (FIN, or an
 * empty record, which has a control message and then URING_COMPLETION_BUFFER) or an error. */
int uring_recvmsg(struct uring_loop *loop, int fd, uint64_t tag);
/* Wait, once, until one of poll(2)'s events (POLLIN, POLLOUT) holds for fd; res = what poll says
 * (also POLLHUP, ...). */
int uring_poll(struct uring_loop *loop, int fd, short events, uint64_t tag);
/* pread into the caller's buffer, at most 1 GiB at a time. Does not block the loop: the epoll backend has
 * threads for it. */
int uring_read(struct uring_loop *loop, int fd, void *buf, size_t len, uint64_t offset, uint64_t tag);
/* The same at once, of what is in memory: bytes, 0 at the file's end, -EAGAIN: uring_read() must
 * fetch it, -errno. */
ssize_t uring_read_now(int fd, void *buf, size_t len, uint64_t offset);
/* Cancel whatever is in flight on fd: those operations end with -ECANCELED (or as
 * they had just ended). No completion of its own. */
void uring_cancel(struct uring_loop *loop, int fd);
/* The same for those of fd that have this tag, say to stop receiving. */
void uring_cancel_tag(struct uring_loop *loop, int fd, uint64_t tag);
/* close(fd) along with what is submitted next, without a completion or a system call of its own.
 * Nothing may be in flight on fd. */
void uring_close(struct uring_loop *loop, int fd);

void uring_buffer_put(struct uring_loop *loop, uint16_t id);

/* Buffers for data on its way out, kept for the next who wants one. NULL: no memory. */
#define URING_POOL_SIZE	(64 * 1024)
void *uring_pool_get(struct uring_loop *loop);
void uring_pool_put(struct uring_loop *loop, void *buf);

/* Deadlines, without a system call each. Intrusive: storage belongs to the caller and must
 * outlive the setting; zeroed storage is unset. An expired timer gives a completion with res = -ETIME
 * and is then unset. */
struct uring_timer {
	struct uring_timer *next, *prev;
	uint64_t tag;
	uint32_t due;		/* in ticks of the wheel */
};
/* Msecs on a clock that is read once per uring_loop_wait(), in steps of the wheel's tick; only
 * differences mean something, up to 24 days. */
uint32_t uring_now(const struct uring_loop *loop);
/* (Re)arm; msecs is rounded up to the wheel's tick of 64 ms. */
void uring_timer_set(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs, uint64_t tag);
/* The same, unless it is set and due by then already; counts from uring_now(). */
void uring_timer_sooner(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs, uint64_t tag);
void uring_timer_clear(struct uring_loop *loop, struct uring_timer *timer);

#endif
