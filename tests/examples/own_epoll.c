// SPDX-License-Identifier: MIT
/*
 * A TLS file server with an epoll loop of its own: OpenSSL shakes hands, then the keys go to the
 * kernel, and the program does read(2) and sendfile(2) on the socket as if there were no TLS.
 *
 * Where the kernel does not take the keys, the same connection goes on through
 * tlsring_session_recv() and tlsring_session_send().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include "example.h"

#define PIECE	16384			/* what one TLS record holds */

struct client {
	enum { SHAKING, HANDING_OVER, READING, WRITING, CLOSING, WAITING } state;
	int fd;
	SSL *ssl;			/* until the session owns it */
	struct tlsring_session *session;
	struct tlsring_info info;
	int early;			/* what came before the hand-over has been read */
	char request[4096], head[128];
	size_t request_len, head_len, head_sent;
	off_t at;			/* of the file, sent so far */
};

static int epoll;

/* Every step returns 0: go on with the next state; 1: done for now, wait for `want`; < 0: over. */

static int client_wait(struct client *c, unsigned want)
{
	struct epoll_event event = { .events = want, .data.ptr = c };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event) ? -errno : 1;
}

static int client_shake(struct client *c)
{
	int ret = tlsring_handshake(c->ssl);

	if (ret == TLSRING_WANT_READ)
		return client_wait(c, EPOLLIN);
	if (ret == TLSRING_WANT_WRITE)
		return client_wait(c, EPOLLOUT);
	if (ret)
		return ret;
	/* From here on the SSL is the session's; the descriptor stays ours. */
	ret = tlsring_session_new(&c->session, ctx, c->ssl, c->fd);
	if (ret)
		return ret;
	c->ssl = NULL;
	c->state = HANDING_OVER;
	return 0;
}

static int client_hand_over(struct client *c)
{
	int ret = tlsring_session_handover(c->session);

	if (ret == -EAGAIN)		/* half a record has come: the rest must come first */
		return client_wait(c, EPOLLIN);
	if (ret == -EBUSY)		/* our own last record has not left yet */
		return client_wait(c, EPOLLOUT);
	if (ret)
		return ret;
	c->info.size = sizeof(c->info);
	tlsring_session_info(c->session, &c->info);
	c->state = READING;
	return 0;
}

/* Plaintext, wherever it is opened. > 0: bytes; 0: the peer is done; -EAGAIN; others: over. */
static ssize_t client_receive(struct client *c, void *buf, size_t len)
{
	ssize_t got;
	int ret;

	/* What libssl had received already comes out first. */
	if (!c->early || c->info.rx.path == TLSRING_PATH_USER) {
		got = tlsring_session_recv(c->session, buf, len);
		c->early |= got == -EAGAIN;
		if (got != -EAGAIN || c->info.rx.path == TLSRING_PATH_USER)
			return got;
	}
	for (;;) {
		got = read(c->fd, buf, len);
		if (got > 0)
			return got;
		if (!got)
			return -EPIPE;		/* FIN without close_notify: it may be cut short */
		if (errno != EIO && errno != EKEYEXPIRED)
			return -errno;
		/* A record that is no data: an alert, a KeyUpdate. The library knows what to do. */
		ret = tlsring_session_control(c->session);
		if (ret)
			return ret == 1 ? 0 : ret;
	}
}

static int client_read(struct client *c)
{
	ssize_t got = client_receive(c, c->request + c->request_len, sizeof(c->request) - 1 - c->request_len);

	if (got == -EAGAIN)
		return client_wait(c, EPOLLIN);
	if (got < 0)
		return (int)got;
	if (!got) {
		c->state = CLOSING;
		return 0;
	}
	c->request_len += (size_t)got;
	c->request[c->request_len] = '\0';
	if (!strstr(c->request, "\r\n\r\n"))
		return c->request_len == sizeof(c->request) - 1 ? -EMSGSIZE : 0;
	c->request_len = 0;			/* no pipelining here */
	c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
				       "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n", (long long)file_size);
	c->head_sent = 0;
	c->at = 0;
	c->state = WRITING;
	return 0;
}

/* The kernel seals what sendfile brings: the file's bytes never come here. */
static ssize_t client_send_kernel(struct client *c)
{
	ssize_t sent;
	int ret;

	if (c->head_sent < c->head_len) {
		/* MSG_MORE: the head shares its record with the beginning of the file. */
		sent = send(c->fd, c->head + c->head_sent, c->head_len - c->head_sent,
			    MSG_NOSIGNAL | (file_size ? MSG_MORE : 0));
		if (sent > 0)
			c->head_sent += (size_t)sent;
	} else {
		sent = sendfile(c->fd, file, &c->at, (size_t)(file_size - c->at) < 1 << 20 ?
				(size_t)(file_size - c->at) : 1 << 20);
		if (!sent)
			return -ENODATA;	/* the file became shorter */
	}
	if (sent < 0)
		return -errno;
	/* A key seals a limited number of records: it is counted, and changed in time. */
	ret = tlsring_session_sent(c->session, (uint64_t)sent);
	return ret ? ret : sent;
}

static ssize_t client_send_user(struct client *c)
{
	char piece[PIECE];
	size_t len = c->head_len - c->head_sent;
	ssize_t sent;

	if (len)
		memcpy(piece, c->head + c->head_sent, len);
	else
		len = (size_t)pread(file, piece, sizeof(piece), c->at);
	if (!len || len > sizeof(piece))
		return -ENODATA;
	sent = tlsring_session_send(c->session, piece, len);
	if (sent > 0 && c->head_sent < c->head_len)
		c->head_sent += (size_t)sent;
	else if (sent > 0)
		c->at += sent;
	return sent;
}

static int client_write(struct client *c)
{
	ssize_t sent;

	if (c->head_sent == c->head_len && c->at == file_size) {
		c->state = READING;
		return 0;
	}
	sent = c->info.tx.path == TLSRING_PATH_USER ? client_send_user(c) : client_send_kernel(c);
	if (sent == -EAGAIN)
		return client_wait(c, EPOLLOUT);
	return sent < 0 ? (int)sent : 0;
}

/* close_notify and FIN. Closing the descriptor now could reset what is still on its way. */
static int client_close(struct client *c)
{
	int ret = tlsring_session_close(c->session);

	if (ret == -EAGAIN)
		return client_wait(c, EPOLLOUT);
	if (!ret)
		c->state = WAITING;
	return ret;
}

static int client_await_fin(struct client *c)
{
	char ignored[512];
	ssize_t got = recv(c->fd, ignored, sizeof(ignored), 0);

	if (got < 0 && errno == EAGAIN)
		return client_wait(c, EPOLLIN);
	return got > 0 ? 0 : -EPIPE;
}

static void client_free(struct client *c)
{
	tlsring_session_free(c->session);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static void client_step(struct client *c)
{
	static int (*const steps[])(struct client *) = {
		client_shake, client_hand_over, client_read, client_write, client_close, client_await_fin,
	};
	int ret;

	do {
		ret = steps[c->state](c);
	} while (!ret);
	if (ret < 0)
		client_free(c);
}

static void client_new(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	if (fd < 0 || !c)
		exit(1);
	c->fd = fd;
	c->ssl = SSL_new(ssl_ctx);
	/* The keys and record numbers are followed from the first byte on. */
	if (!c->ssl || tlsring_watch(c->ssl) || !SSL_set_fd(c->ssl, fd) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
		client_free(c);
		return;
	}
	SSL_set_accept_state(c->ssl);
	client_step(c);
}

int main(int argc, char **argv)
{
	int listener = example_begin(argc, argv);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		return 1;
	while (epoll_wait(epoll, &event, 1, -1) == 1 || errno == EINTR) {
		if (event.data.ptr)
			client_step(event.data.ptr);
		else
			client_new(listener);
	}
	return 1;
}
