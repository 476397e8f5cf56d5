// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <linux/sock_diag.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "uring/buffers.h"
#include "uring/encode.h"
#include "uring/encoder.h"
#include "uring/guard.h"

/* Bytes that the socket takes now. It counts more memory for them than they are long. 0: poll(2)
 * would wait, too (sk_stream_is_writeable() in include/net/sock.h). */
static size_t encode_space(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(memory);
	uint32_t size, queued;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len))
		return URING_ENCODE_MAX;
	size = memory[SK_MEMINFO_SNDBUF];
	queued = memory[SK_MEMINFO_WMEM_QUEUED];
	return size <= queued || size - queued < queued / 2 ? 0 : (size - queued) / 2;
}

size_t uring_encode_room(const struct uring_transmit *transmit, size_t len)
{
	size_t space;

	if (len <= URING_RECORD)
		return len;
	if (len > URING_ENCODE_MAX)
		len = URING_ENCODE_MAX;
	space = encode_space(transmit->op.fd);
	if (!space || space >= len)
		return space ? len : 0;
	return space < URING_RECORD ? URING_RECORD : space & ~(size_t)(URING_RECORD - 1);
}

/* The step's own bytes. */
static const struct iovec *encode_pieces(const struct uring_transmit *transmit,
					 enum uring_kind kind, struct iovec *single, size_t *count)
{
	const struct uring_op *op = &transmit->op;

	if (kind == URING_SENDMSG) {
		*count = transmit->msg.msg_iovlen;
		return transmit->msg.msg_iov;
	}
	*single = (struct iovec){ op->buf, op->len };
	*count = 1;
	return single;
}

/* Encode, in a guard where pieces of a mapping are read. Bytes or -errno. */
static long encode_run(struct uring_transmit *transmit, const struct iovec *pieces, size_t count)
{
	const struct uring_window *window = &transmit->window;
	const struct uring_encoder *encoder = transmit->encoder;
	size_t mapped = (size_t)(window->end - window->start);
	long ret;

	if (window->kind != URING_WINDOW_MAP)
		return encoder->encode(transmit->encoder_user, pieces, count, transmit->step_len,
				       transmit->encoded);
	if (!uring_guard_begin(window->base, mapped))
		return -EFAULT;
	ret = encoder->encode(transmit->encoder_user, pieces, count, transmit->step_len,
			      transmit->encoded);
	if (uring_guard_end())
		return ret;
	/* Zeroes were encoded, and the encoder cannot go back. For other users of the mapping it is
	 * made as it was, which joins what the guard had split, and so needs no memory. */
	(void)mmap(window->base, mapped, PROT_READ, MAP_SHARED | MAP_FIXED, transmit->file_fd,
		   (off_t)window->start);
	return -ENODATA;
}

static bool encode_get(struct uring_loop *loop, struct uring_transmit *transmit)
{
	size_t records = transmit->step_len / URING_RECORD + 1;
	size_t size = transmit->step_len + records * transmit->encoder->overhead;

	transmit->encoded_large = size > URING_POOL_SIZE;
	transmit->encoded = transmit->encoded_large ? uring_large_get(loop) : uring_pool_get(loop);
	return transmit->encoded;
}

void uring_encode_release(struct uring_loop *loop, struct uring_transmit *transmit)
{
	if (transmit->encoded && transmit->encoded_large)
		uring_large_put(loop, transmit->encoded);
	else if (transmit->encoded)
		uring_pool_put(loop, transmit->encoded);
	transmit->encoded = NULL;
	transmit->encoded_len = transmit->encoded_sent = 0;
}

static void encode_send(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_op *op = &transmit->op;

	op->buf = transmit->encoded + transmit->encoded_sent;
	op->len = transmit->encoded_len - transmit->encoded_sent;
	op->flags = transmit->encoded_flags;
	uring_transmit_start(loop, transmit, URING_SEND);
}

static int encode_start(struct uring_loop *loop, struct uring_transmit *transmit,
			enum uring_kind kind)
{
	struct iovec single;
	size_t count;
	const struct iovec *pieces = encode_pieces(transmit, kind, &single, &count);
	long len;

	transmit->step_len = 0;
	for (size_t i = 0; i < count; i++)
		transmit->step_len += pieces[i].iov_len;
	if (!encode_get(loop, transmit))
		return -ENOMEM;
	len = encode_run(transmit, pieces, count);
	if (len < 0) {
		uring_encode_release(loop, transmit);
		return (int)len;
	}
	transmit->encoded_len = (uint32_t)len;
	/* The backend waits for room: the bytes are ours, and there should be room. */
	transmit->encoded_flags = transmit->op.flags & (uint16_t)~MSG_DONTWAIT;
	encode_send(loop, transmit);
	return 0;
}

void uring_encode_send(struct uring_loop *loop, struct uring_transmit *transmit,
		       enum uring_kind kind)
{
	int ret;

	if (!transmit->encoder) {
		uring_transmit_start(loop, transmit, kind);
		return;
	}
	ret = encode_start(loop, transmit, kind);
	if (ret) {
		transmit->op.kind = URING_SEND;
		transmit->step(loop, transmit, ret);
	}
}

int uring_encode_ended(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	struct uring_op *op = &transmit->op;

	/* The program made the socket non-blocking. */
	if (res == -EAGAIN && op->kind == URING_SEND) {
		op->flags = POLLOUT;
		uring_transmit_start(loop, transmit, URING_POLL);
		return -EINPROGRESS;
	}
	if (res < 0 || op->state & URING_OP_CANCELLED)
		return res < 0 ? res : -ECANCELED;
	if (op->kind == URING_SEND)
		transmit->encoded_sent += (uint32_t)res;
	if (transmit->encoded_sent < transmit->encoded_len) {
		encode_send(loop, transmit);
		return -EINPROGRESS;
	}
	uring_encode_release(loop, transmit);
	return (int)transmit->step_len;
}
