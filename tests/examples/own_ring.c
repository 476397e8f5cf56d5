// SPDX-License-Identifier: MIT
/*
 * A TLS file server with a ring of its own (liburing): the handshake goes through a BIO pair whose
 * bytes the ring carries, then the keys go to the kernel, and IORING_OP_RECV, SEND and SPLICE work
 * on the socket as if there were no TLS.
 *
 * Where the kernel does not take the keys, the same connection goes on through
 * tlsring_session_recv() and tlsring_session_send(), and the ring only tells when.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "example.h"

#define PIECE	16384			/* what one TLS record holds */
#define PIPE	65536

/* Each client has one operation in flight at a time, whose result is `res`. A step returns 1: an
 * operation is under way, `step` comes when it is done; 0: go on with `step` at once; < 0: over. */
struct client {
	int (*step)(struct client *c);
	int res, fd, pipe[2];
	SSL *ssl;			/* until the session owns it */
	BIO *network;			/* our end of the pair, the SSL has the other */
	struct tlsring_session *session;
	struct tlsring_info info;
	char buf[PIECE], head[128];
	size_t request_len, out_len, out_sent;
	int64_t at, piped;		/* of the file: in the pipe or further; still in the pipe */
};

static struct io_uring ring;

static int client_shake(struct client *c);
static int client_hand_over(struct client *c);
static int client_read(struct client *c);
static int client_write(struct client *c);

/* ---- operations ---- */

static int client_then(struct client *c, int (*step)(struct client *))
{
	c->step = step;
	return 0;
}

static int client_await(struct client *c, struct io_uring_sqe *sqe, int (*step)(struct client *))
{
	io_uring_sqe_set_data(sqe, c);
	c->step = step;
	return 1;
}

static struct io_uring_sqe *ring_sqe(void)
{
	if (io_uring_sq_space_left(&ring) < 2)
		io_uring_submit(&ring);
	return io_uring_get_sqe(&ring);
}

static int client_poll(struct client *c, unsigned events, int (*step)(struct client *))
{
	struct io_uring_sqe *sqe = ring_sqe();

	io_uring_prep_poll_add(sqe, c->fd, events);
	return client_await(c, sqe, step);
}

/* The socket does not block, so that the library's own calls never do: an operation on it waits
 * by being linked behind a poll, in the same submission. */
static struct io_uring_sqe *client_when(struct client *c, unsigned events)
{
	struct io_uring_sqe *sqe = ring_sqe();

	io_uring_prep_poll_add(sqe, c->fd, events);
	io_uring_sqe_set_data(sqe, NULL);
	sqe->flags |= IOSQE_IO_LINK;
	return io_uring_get_sqe(&ring);
}

static int client_recv(struct client *c, size_t max, int (*step)(struct client *))
{
	struct io_uring_sqe *sqe = client_when(c, POLLIN);

	io_uring_prep_recv(sqe, c->fd, c->buf + c->request_len, max, 0);
	return client_await(c, sqe, step);
}

static int client_send(struct client *c, const char *data, int flags, int (*step)(struct client *))
{
	struct io_uring_sqe *sqe = client_when(c, POLLOUT);

	/* Not MSG_WAITALL: kernel TLS refuses it. Short sends are ours to finish. */
	io_uring_prep_send(sqe, c->fd, data + c->out_sent, c->out_len - c->out_sent, flags | MSG_NOSIGNAL);
	return client_await(c, sqe, step);
}

/* ---- the handshake ---- */

static int client_flushed(struct client *c)
{
	if (c->res < 0 && c->res != -EAGAIN)
		return c->res;
	c->out_sent += c->res > 0 ? (size_t)c->res : 0;
	if (c->out_sent < c->out_len)
		return client_send(c, c->buf, 0, client_flushed);
	return client_then(c, c->session ? client_hand_over : client_shake);
}

/* What libssl wants to send leaves through the ring. 0: nothing waits. */
static int client_flush(struct client *c)
{
	int len = BIO_read(c->network, c->buf, sizeof(c->buf));

	c->out_len = len > 0 ? (size_t)len : 0;
	c->out_sent = 0;
	return len > 0 ? client_send(c, c->buf, 0, client_flushed) : 0;
}

static int client_fed(struct client *c)
{
	if (!c->res || (c->res < 0 && c->res != -EAGAIN))
		return c->res ? c->res : -EPIPE;
	if (c->res > 0 && BIO_write(c->network, c->buf, c->res) != c->res)
		return -EPROTO;
	return client_then(c, client_shake);
}

static int client_shake(struct client *c)
{
	int ret = tlsring_handshake(c->ssl);
	size_t room = BIO_ctrl_get_write_guarantee(c->network);

	if (ret < 0)
		return ret;		/* to let the alert leave first would be kinder */
	if (client_flush(c))
		return 1;		/* and here again when it has left */
	if (ret)
		return client_recv(c, room < sizeof(c->buf) ? room : sizeof(c->buf), client_fed);
	/* From here on the SSL is the session's; the descriptor and our end of the pair stay ours. */
	ret = tlsring_session_new(&c->session, ctx, c->ssl, c->fd);
	if (ret)
		return ret;
	c->ssl = NULL;
	return client_then(c, client_hand_over);
}

/* What came early and is still in the pair becomes plaintext for tlsring_session_recv(). */
static int client_hand_over(struct client *c)
{
	int ret = tlsring_session_handover(c->session);

	if (ret == -EBUSY)		/* our own last record is still in the pair */
		return client_flush(c);
	if (ret == -EAGAIN)		/* half a record has come, the rest is on its way */
		return client_poll(c, POLLIN, client_hand_over);
	if (ret)
		return ret;
	c->info.size = sizeof(c->info);
	tlsring_session_info(c->session, &c->info);
	return client_then(c, client_read);
}

/* ---- the end ---- */

static int client_ended(struct client *c)
{
	return c->res > 0 || c->res == -EAGAIN ? client_recv(c, sizeof(c->buf), client_ended) : -EPIPE;
}

/* close_notify and FIN. Closing the descriptor now could reset what is still on its way. */
static int client_close(struct client *c)
{
	int ret = tlsring_session_close(c->session);

	if (ret == -EAGAIN)
		return client_poll(c, POLLOUT, client_close);
	c->request_len = 0;
	return ret ? ret : client_recv(c, sizeof(c->buf), client_ended);
}

/* ---- requests ---- */

static int client_requested(struct client *c, size_t got)
{
	c->request_len += got;
	if (!memmem(c->buf, c->request_len, "\r\n\r\n", 4))
		return c->request_len == sizeof(c->buf) ? -EMSGSIZE : client_then(c, client_read);
	c->request_len = 0;		/* no pipelining here */
	c->out_len = (size_t)snprintf(c->head, sizeof(c->head),
				      "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n", (long long)file_size);
	c->out_sent = 0;
	c->at = 0;
	return client_then(c, client_write);
}

static int client_received(struct client *c)
{
	int ret;

	if (c->res > 0)
		return client_requested(c, (size_t)c->res);
	if (c->res == -EIO || c->res == -EKEYEXPIRED) {
		/* A record that is no data: an alert, a KeyUpdate. The library knows what to do. */
		ret = tlsring_session_control(c->session);
		if (ret == 1)
			return client_then(c, client_close);
		if (ret && ret != -EAGAIN)
			return ret;
	} else if (c->res != -EAGAIN) {
		return c->res ? c->res : -EPIPE;	/* FIN without close_notify: it may be cut short */
	}
	return client_recv(c, sizeof(c->buf) - c->request_len, client_received);
}

static int client_read(struct client *c)
{
	ssize_t got = tlsring_session_recv(c->session, c->buf + c->request_len, sizeof(c->buf) - c->request_len);

	if (!got)
		return client_then(c, client_close);
	if (got != -EAGAIN)
		return got > 0 ? client_requested(c, (size_t)got) : (int)got;
	if (c->info.rx.path == TLSRING_PATH_USER)
		return client_poll(c, POLLIN, client_read);
	/* Nothing is left in user space: the ring receives plaintext from the socket itself. */
	return client_recv(c, sizeof(c->buf) - c->request_len, client_received);
}

/* ---- answers ---- */

static int client_piped(struct client *c)
{
	if (c->res <= 0)
		return c->res ? c->res : -ENODATA;	/* the file became shorter */
	c->piped = c->res;
	c->at += c->res;
	return client_then(c, client_write);
}

static int client_sent(struct client *c)
{
	int ret;

	if (c->res <= 0)
		return c->res == -EAGAIN ? client_then(c, client_write) : c->res ? c->res : -EPIPE;
	if (c->out_sent < c->out_len)
		c->out_sent += (size_t)c->res;
	else
		c->piped -= c->res;
	/* A key seals a limited number of records: it is counted, and changed in time. */
	ret = tlsring_session_sent(c->session, (uint64_t)c->res);
	if (ret == -EAGAIN)
		return client_poll(c, POLLOUT, client_write);
	return ret ? ret : client_then(c, client_write);
}

/* The kernel seals what comes out of the pipe: the file's bytes never come here. */
static int client_splice(struct client *c)
{
	int64_t left = file_size - c->at;
	struct io_uring_sqe *sqe;

	if (c->piped) {
		sqe = client_when(c, POLLOUT);
		io_uring_prep_splice(sqe, c->pipe[0], -1, c->fd, -1, (unsigned)c->piped, left ? SPLICE_F_MORE : 0);
		return client_await(c, sqe, client_sent);
	}
	sqe = ring_sqe();
	io_uring_prep_splice(sqe, file, c->at, c->pipe[1], -1, left < PIPE ? (unsigned)left : PIPE, 0);
	return client_await(c, sqe, client_piped);
}

static int client_write_user(struct client *c)
{
	bool head = c->out_sent < c->out_len;
	ssize_t len = head ? (ssize_t)(c->out_len - c->out_sent) : pread(file, c->buf, sizeof(c->buf), c->at);

	if (len <= 0)
		return -ENODATA;
	len = tlsring_session_send(c->session, head ? c->head + c->out_sent : c->buf, (size_t)len);
	if (len == -EAGAIN)
		return client_poll(c, POLLOUT, client_write);
	if (head && len > 0)
		c->out_sent += (size_t)len;
	else if (len > 0)
		c->at += len;
	return len < 0 ? (int)len : 0;
}

static int client_write(struct client *c)
{
	c->step = client_write;
	if (c->out_sent == c->out_len && c->at == file_size && !c->piped)
		return client_then(c, client_read);
	if (c->info.tx.path == TLSRING_PATH_USER)
		return client_write_user(c);
	if (c->out_sent < c->out_len)	/* MSG_MORE: the head shares its record with the file's beginning */
		return client_send(c, c->head, file_size ? MSG_MORE : 0, client_sent);
	return client_splice(c);
}

/* ---- life ---- */

static void client_go_on(struct client *c, int res)
{
	int ret;

	c->res = res;
	do {
		ret = c->step(c);
	} while (!ret);
	if (ret > 0)
		return;
	tlsring_session_free(c->session);
	SSL_free(c->ssl);
	BIO_free(c->network);
	close(c->pipe[0]);
	close(c->pipe[1]);
	close(c->fd);
	free(c);
}

static void client_new(int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	BIO *internal;

	if (fd < 0 || !c || pipe2(c->pipe, O_CLOEXEC))
		exit(1);
	c->fd = fd;
	c->ssl = SSL_new(ssl_ctx);
	/* The keys and record numbers are followed from the first byte on. */
	if (!c->ssl || tlsring_watch(c->ssl) || !BIO_new_bio_pair(&internal, 0, &c->network, 0))
		exit(1);
	SSL_set_bio(c->ssl, internal, internal);
	SSL_set_accept_state(c->ssl);
	c->step = client_shake;
	client_go_on(c, 0);
}

__attribute__((noreturn))
static void run(int listener)
{
	struct io_uring_sqe *sqe = ring_sqe();
	struct io_uring_cqe *cqe;

	io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	io_uring_sqe_set_data(sqe, &ring);
	for (;;) {
		void *whose;
		int res;

		io_uring_submit(&ring);
		if (io_uring_wait_cqe(&ring, &cqe))
			continue;
		whose = io_uring_cqe_get_data(cqe);
		res = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
		if (whose == &ring)
			client_new(res);
		else if (whose)		/* polls that are only linked to say nothing */
			client_go_on(whose, res);
	}
}

int main(int argc, char **argv)
{
	int listener = example_begin(argc, argv);

	if (io_uring_queue_init(64, &ring, 0))
		example_fail("io_uring may not be used here");
	run(listener);
}
