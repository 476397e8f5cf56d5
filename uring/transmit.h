/* SPDX-License-Identifier: MIT */
#ifndef URING_TRANSMIT_H
#define URING_TRANSMIT_H

#include "uring/encoder.h"
#include "uring/loop.h"
#include "uring/tally.h"

#define URING_INSERT_MAX	32

/*
 * One outgoing message of a connection: a head from memory, then a range of a file. The loop sends
 * it whole, however many sends that takes. head, file_fd, insert and mapping belong to the caller
 * and must stay valid until the completion arrives.
 */
struct uring_message {
	const void *head;
	size_t head_len;
	int file_fd;		/* -1: no file */
	uint64_t offset, length;/* of the file range */
	/* A control message for the head, or NULL. It is copied, and must not be longer than
	 * URING_CONTROL_SPACE. The message then has neither a file nor `more`. */
	const void *control;
	size_t control_len;
	bool more;		/* another message follows at once: the last record may stay open */
	/* Send the file by sendfile, which neither maps nor pins its pages. The kernel seals
	 * straight from the page cache, and a network card that seals may send the pages without
	 * a copy (TLS_TX_ZEROCOPY_RO). */
	bool sendfile;
	/* A mapping of the file from its first byte on, kept by the caller, or NULL. It must be at
	 * least offset + length bytes long, also after the file has become shorter. The loop then
	 * maps nothing for this message. Not used with `sendfile`. */
	const void *mapping;
	/* Whether O_NONBLOCK is set on the socket, as sendfile needs it: a variable of the
	 * caller's, false at first. The first sendfile sets the flag and leaves it set; a
	 * receive that is queued on the ring afterwards may end with -EAGAIN, upon which the
	 * caller clears the flag and this variable, and queues the receive again. NULL: the flag
	 * is cleared after each sendfile. */
	bool *nonblocking;
	/* The kernel seals what this socket sends: TCP is then corked, or told of MSG_MORE, while
	 * several records are written, even if the message has no file. */
	bool sealed;
	/*
	 * Frames (piece_len > 0): the file range goes out in pieces of piece_len bytes, of which
	 * its length is a multiple, with insert_len bytes of `insert` between two pieces. The first
	 * tail_len bytes of `insert` end a frame, the others begin one; those precede the first
	 * piece too, and the tail follows the last. Such a message has no head. A frame is sent
	 * whole or not at all. With a tail, the first frame has a record of its own; if
	 * insert_len + piece_len is 16384, each later record begins with an insert.
	 */
	const void *insert;
	uint32_t insert_len;	/* at most URING_INSERT_MAX */
	uint32_t tail_len;	/* at most insert_len */
	uint32_t piece_len;	/* at most 64 KiB; 0: no frames */
	/* Encode the message's bytes before they are sent, or NULL. Not with `control` or
	 * `sendfile`. */
	const struct uring_encoder *encoder;
	void *encoder_user;
	struct uring_tally *tally;	/* counts sent bytes; outlives the loop. NULL: none */
};

/*
 * Queue a message on fd, one at a time per socket. Returns 0, -ENOMEM, -EBADF or -EINVAL; after 0
 * one completion follows. Its res is 0 once the socket has taken every byte, or -errno. -ENODATA:
 * the file has become shorter than offset + length; what was sent ends before the first missing
 * byte, nothing is padded. With frames a positive res is the number of last frames that were not
 * sent for that reason, and -ENODATA says that a frame was cut.
 */
int uring_transmit(struct uring_loop *loop, int fd, const struct uring_message *message,
		   uint64_t tag);

#endif
