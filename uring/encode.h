/* SPDX-License-Identifier: MIT */
#ifndef URING_ENCODE_H
#define URING_ENCODE_H

#include "uring/internal.h"

/*
 * Messages with an encoder: what a step of a transmission would send is encoded into a buffer
 * first, and that is sent. The step ends when all of it has gone, as if the socket had taken the
 * step's own bytes.
 */

/* How many of len bytes the next step may have: more than a record only in full records. 0: the
 * socket must be waited for, so that thousands of slow readers do not each hold what they do not
 * take. */
size_t uring_encode_room(const struct uring_transmit *transmit, size_t len);
/* Start a step that sends, of kind URING_SEND or URING_SENDMSG: in its encoded form where the
 * message has an encoder. If it cannot be encoded the step ends at once, as if the send had failed.
 */
void uring_encode_send(struct uring_loop *loop, struct uring_transmit *transmit,
		       enum uring_kind kind);
/* A send, or a wait for room, of the encoded bytes ended with res. Returns the number of bytes of
 * the step, all of which have gone; -EINPROGRESS: more is to be sent; or -errno. */
int uring_encode_ended(struct uring_loop *loop, struct uring_transmit *transmit, int res);
/* Free what is left of it. */
void uring_encode_release(struct uring_loop *loop, struct uring_transmit *transmit);

#endif
