/* SPDX-License-Identifier: MIT */
#ifndef URING_LOOP_H
#define URING_LOOP_H

/*
 * One loop per thread: the caller queues operations and takes completions. A completion carries
 * the tag that its operation was given; the loop keeps no pointer to the caller's objects. Only the
 * loop's own thread may call in here, which is the first thread that waits on the loop. Until then
 * another thread may create the loop and queue operations.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct uring_loop;

enum uring_backend { URING_BACKEND_AUTO = 0, URING_BACKEND_RING, URING_BACKEND_EPOLL };

struct uring_options {
	enum uring_backend backend;
	unsigned entries;	/* submission queue size; 0: 256 */
	unsigned buffers;	/* receive buffers of URING_BUFFER_SIZE, a power of two; 0: 256 */
};

/* A receive buffer holds one full TLS record and recvmsg's header. */
#define URING_BUFFER_SIZE	(18 * 1024)
#define URING_CONTROL_SPACE	64	/* bytes that uring_recvmsg has for control messages */

#define URING_COMPLETION_MORE	1u	/* the operation goes on: more completions will follow */
#define URING_COMPLETION_BUFFER	2u	/* data is in a loop buffer, see uring_buffer_put */

struct uring_completion {
	uint64_t tag;
	int res;		/* >= 0 or -errno, as the system call would return */
	uint32_t flags;		/* URING_COMPLETION_* */
	uint16_t buffer;	/* its id, with URING_COMPLETION_BUFFER */
	int msg_flags;		/* recvmsg: MSG_EOR, MSG_CTRUNC, ... */
	void *data;		/* res bytes, with URING_COMPLETION_BUFFER */
	const void *control;	/* recvmsg: control messages */
	size_t control_len;
};

/* Create a loop; options may be NULL. Returns 0; -EPERM or -ENOSYS if URING_BACKEND_RING is
 * forbidden or unknown here (it needs multishot recvmsg and buffer rings, Linux 6.0;
 * URING_BACKEND_AUTO falls back to epoll); -EINVAL; -ENOMEM. Sending never raises SIGPIPE. A
 * program that ignores SIGPIPE before this call saves system calls, and must go on ignoring it. */
int uring_loop_new(struct uring_loop **out, const struct uring_options *options);
/* Cancel everything in flight without completions, then free the loop. Waits for file reads that
 * have begun. Descriptors stay open. To be called by the thread that waits on the loop, or after
 * that thread has ended. NULL is fine. */
void uring_loop_free(struct uring_loop *loop);
enum uring_backend uring_loop_backend(const struct uring_loop *loop);

/* Submit what was queued, wait for at least one completion or the next timer, and store up to max
 * completions. Returns their number, 0 after a spurious wake-up, or -errno if the ring itself is
 * broken. */
int uring_loop_wait(struct uring_loop *loop, struct uring_completion *completions, unsigned max);
/* As uring_loop_wait, but never waits; returns 0 if there is no completion yet. max may be 0. */
int uring_loop_look(struct uring_loop *loop, struct uring_completion *completions, unsigned max);

/*
 * Each of the calls below queues one operation and returns 0, or -ENOMEM or -EBADF if it could not.
 * Exactly one completion without URING_COMPLETION_MORE follows. The descriptor must stay open until
 * the last completion of each operation on it. A receive waits by itself for a free loop buffer.
 */

/* Accept until an error (-EMFILE, ...); res is a new descriptor with CLOEXEC and without
 * O_NONBLOCK. After the error queue it again. The epoll backend sets O_NONBLOCK on fd. */
int uring_accept(struct uring_loop *loop, int fd, uint64_t tag);
int uring_connect(struct uring_loop *loop, int fd, const void *addr, unsigned addr_len,
		  uint64_t tag);
/* Receive once, at most max bytes (<= URING_BUFFER_SIZE), into a loop buffer. res 0: FIN. */
int uring_recv(struct uring_loop *loop, int fd, size_t max, uint64_t tag);
/* Receive with control messages into loop buffers until an error or res 0. That is FIN, or with
 * URING_COMPLETION_BUFFER an empty record, which has a control message. */
int uring_recvmsg(struct uring_loop *loop, int fd, uint64_t tag);
/* Wait once until one of poll(2)'s events (POLLIN, POLLOUT) holds for fd. res is poll's revents,
 * which may contain POLLERR or POLLHUP. */
int uring_poll(struct uring_loop *loop, int fd, short events, uint64_t tag);
/* pread into the caller's buffer, at most 1 GiB. It does not block the loop: the epoll backend has
 * threads for it. */
int uring_read(struct uring_loop *loop, int fd, void *buf, size_t len, uint64_t offset,
	       uint64_t tag);
/* Read at once what is in memory. Returns the number of bytes, 0 at the file's end, -EAGAIN if only
 * uring_read can fetch it, or -errno. */
ssize_t uring_read_now(struct uring_loop *loop, int fd, void *buf, size_t len, uint64_t offset);
/* Cancel every operation on fd. They end with -ECANCELED, or with their result if they had just
 * ended. The cancellation has no completion of its own. */
void uring_cancel(struct uring_loop *loop, int fd);
/* Cancel the operations on fd that have this tag, for example to stop receiving. */
void uring_cancel_tag(struct uring_loop *loop, int fd, uint64_t tag);
/* Close fd with the next submission: no completion and no system call of its own. Nothing may be in
 * flight on fd. */
void uring_close(struct uring_loop *loop, int fd);

/* Give a receive buffer back. */
void uring_buffer_put(struct uring_loop *loop, uint16_t id);

/* Pooled buffers for outgoing data. uring_pool_get returns NULL without memory. */
#define URING_POOL_SIZE	(64 * 1024)
void *uring_pool_get(struct uring_loop *loop);
void uring_pool_put(struct uring_loop *loop, void *buf);

/* A timeout that costs no system call. The storage belongs to the caller and must outlive the
 * setting; zeroed storage is an unset timer. An expired timer gives a completion with res -ETIME
 * and is unset then. */
struct uring_timer {
	LIST_ENTRY(uring_timer) link;
	uint64_t tag;
	uint32_t due;		/* tick of the wheel */
};
static inline bool uring_timer_is_set(const struct uring_timer *timer)
{
	return timer->link.le_prev;
}
/* Milliseconds on a clock that is read once per uring_loop_wait, in steps of the wheel's tick. Only
 * differences have a meaning, up to 24 days. */
uint32_t uring_now(const struct uring_loop *loop);
/* Set or move a timer; msecs is rounded up to the wheel's tick of 64 ms. */
void uring_timer_set(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs,
		     uint64_t tag);
/* As uring_timer_set, unless the timer is due earlier already; msecs count from uring_now(). */
void uring_timer_sooner(struct uring_loop *loop, struct uring_timer *timer, unsigned msecs,
			uint64_t tag);
void uring_timer_clear(struct uring_loop *loop, struct uring_timer *timer);

#endif
