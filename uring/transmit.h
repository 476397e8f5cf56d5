/* SPDX-License-Identifier: MIT */
#ifndef URING_TRANSMIT_H
#define URING_TRANSMIT_H

#include <stdatomic.h>

#include "uring/loop.h"

/* Bytes that sockets have taken, by how they came to them: one thread writes, any may read. */
enum uring_way { URING_WAY_BUFFER, URING_WAY_MAPPING, URING_WAY_SENDFILE, URING_WAYS };

struct uring_tally {
	_Atomic uint64_t bytes[URING_WAYS];
};

/* By the thread that writes it: no other can come between. */
static inline void uring_tally_add(_Atomic uint64_t *count, uint64_t bytes)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + bytes, memory_order_relaxed);
}

/*
 * One outgoing message of a connection: a head from memory, then a range of a file, sent whole.
 * Short sends are finished in here. head and file_fd stay the caller's and must stay valid until
 * the completion arrives.
 */
struct uring_message {
	const void *head;
	size_t head_len;
	int file_fd;		/* -1: no file */
	uint64_t offset, length;/* of the file range */
	const void *control;	/* control message for the head (copied, at most
				 * URING_CONTROL_SPACE bytes), or NULL; then no file and no `more` */
	size_t control_len;
	bool more;		/* more messages follow at once: the last record may stay open */
	/* By sendfile, which neither maps nor pins the file's pages; the kernel seals straight from them,
	 * and a network card may send what it seals without a copy (TLS_TX_ZEROCOPY_RO). */
	bool pages;
	/* Where the file's first byte is mapped, which the caller keeps, offset + length bytes long at least
	 * (also when the file has become shorter), or NULL. Then nothing is mapped for this message. Not used
	 * with `pages`. */
	const void *mapping;
	/* Whether the socket has O_NONBLOCK, which sendfile asks for: the caller's, false at first. With it that
	 * stays so from the first sendfile on, and what the ring receives anew then ends with -EAGAIN: the
	 * caller takes it off, says so here, and receives again. NULL: it is taken off after each sendfile. */
	bool *nonblocking;
	bool sealed;		/* by the kernel's TLS, also when it is only a head: see where TCP is corked */
	/* The file range goes out in frames: between pieces of `every` bytes, of which it is a multiple, stand
	 * insert_len bytes of `insert`. The first tail_len of them end a frame, the others begin one, also the
	 * first. Then there is no head. A frame is sent whole or not at all. With a tail the first frame has a
	 * record of its own, and where insert_len + every is 16384 all records but it begin with an insert. */
	const void *insert;
	uint32_t insert_len;	/* at most URING_INSERT_MAX */
	uint32_t tail_len;
	uint32_t every;		/* at most 64 KiB; 0: no frames */
	struct uring_tally *tally;	/* where its bytes are counted; outlives the loop. NULL: nowhere */
};

#define URING_INSERT_MAX	32

/*
 * Queue it. One completion follows: res = 0 when every byte went to the socket; -errno else:
 * -ENODATA when the file turned out shorter than offset + length (it shrank): what was
 * sent ends before the missing bytes, nothing is ever padded. Of frames res > 0 is how many of the
 * last ones were not sent for that reason, and -ENODATA means that one was cut.
 * One transmission per socket at a time. 0, -ENOMEM, -EBADF or -EINVAL.
 */
int uring_transmit(struct uring_loop *loop, int fd, const struct uring_message *message, uint64_t tag);

#endif
