// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "bench_client.h"

#define CLIENT_PATIENCE	60	/* seconds without a byte */
#define CLIENT_EVENTS	64
#define CLIENT_BUFFER	(256 * 1024)

struct bench_peer {
	int fd;
	SSL *ssl;		/* NULL: no TLS */
	uint64_t left;		/* of the answer under way */
	uint64_t asked;		/* when, in nanoseconds */
};

/* A run under way. */
struct client_run {
	struct bench_client *client;
	struct bench_samples *samples;
	uint64_t start, until, now;	/* nanoseconds */
	uint64_t more;			/* requests to be made yet */
	unsigned busy;			/* connections */
	uint8_t *buf;
};

static uint64_t client_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What io_uring leaves to be done after a ring has been closed interrupts calls too, once. */
static bool client_again(const struct bench_client *client)
{
	return errno == EINTR && !*client->setup->interrupted;
}

/* ---- connections ---- */

static int client_shake(const struct bench_client *client, struct bench_peer *peer)
{
	int ret;

	peer->ssl = SSL_new(client->setup->client);
	if (!peer->ssl || !SSL_set_fd(peer->ssl, peer->fd))
		return -ENOMEM;
	do {
		errno = 0;
		ret = SSL_connect(peer->ssl);
	} while (ret != 1 && client_again(client));
	ERR_clear_error();
	return ret == 1 ? 0 : errno == EINTR ? -EINTR : errno == EAGAIN ? -ETIMEDOUT : -ECONNABORTED;
}

/* A connect() that was cut short goes on by itself. */
static int client_connect(const struct bench_client *client, int fd, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 0;
	if (!client_again(client))
		return -errno;
	while (poll(&wait, 1, CLIENT_PATIENCE * 1000) < 0 && client_again(client))
		;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -errno;
	return error ? -error : wait.revents ? 0 : -ETIMEDOUT;
}

static int client_dial(const struct bench_client *client, struct bench_peer *peer, uint16_t port, bool tls)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };
	struct timeval patience = { .tv_sec = CLIENT_PATIENCE };
	int one = 1, ret;

	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (peer->fd < 0)
		return -errno;
	ret = client_connect(client, peer->fd, port);
	if (ret)
		return ret;
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ret = tls ? client_shake(client, peer) : 0;
	if (ret)
		return ret;
	if (fcntl(peer->fd, F_SETFL, O_NONBLOCK) || epoll_ctl(client->epoll, EPOLL_CTL_ADD, peer->fd, &event))
		return -errno;
	return 0;
}

int bench_client_open(struct bench_client *client, const struct bench_setup *setup, unsigned connections,
		      uint16_t port, bool tls)
{
	int ret = 0;

	*client = (struct bench_client){ .setup = setup, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	if (client->epoll < 0)
		return -errno;
	client->peers = calloc(connections, sizeof(*client->peers));
	if (!client->peers)
		return -ENOMEM;
	while (!ret && client->count < connections)
		ret = client_dial(client, &client->peers[client->count++], port, tls);
	return ret;
}

void bench_client_close(struct bench_client *client)
{
	for (unsigned i = 0; i < client->count; i++) {
		SSL_free(client->peers[i].ssl);
		if (client->peers[i].fd >= 0)
			close(client->peers[i].fd);
	}
	free(client->peers);
	if (client->epoll >= 0)
		close(client->epoll);
	*client = (struct bench_client){ .epoll = -1 };
}

int bench_client_wire(const struct bench_client *client, uint64_t *bytes)
{
	*bytes = 0;
	for (unsigned i = 0; i < client->count; i++) {
		struct tcp_info info = { 0 };
		socklen_t len = sizeof(info);

		if (getsockopt(client->peers[i].fd, IPPROTO_TCP, TCP_INFO, &info, &len))
			return -errno;
		*bytes += info.tcpi_bytes_received;
	}
	return 0;
}

/* ---- requests ---- */

static int client_ask(struct client_run *run, struct bench_peer *peer)
{
	static const char request[BENCH_REQUEST];
	ssize_t sent = peer->ssl ? SSL_write(peer->ssl, request, sizeof(request)) :
				   send(peer->fd, request, sizeof(request), MSG_NOSIGNAL);

	if (sent != sizeof(request))
		return -EPIPE;
	peer->left = run->client->setup->options->size;
	peer->asked = client_now();
	run->busy++;
	if (run->more)
		run->more--;
	return 0;
}

static int client_sample(struct client_run *run, const struct bench_peer *peer)
{
	struct bench_samples *s = run->samples;

	run->now = client_now();
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 4096;
		uint64_t *larger = realloc(s->list, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		s->list = larger;
		s->room = room;
	}
	s->list[s->count++] = run->now - peer->asked;
	return 0;
}

/* Bytes; -EAGAIN; -EPIPE. */
static ssize_t client_receive(struct bench_peer *peer, void *buf, size_t len)
{
	ssize_t got;
	int error;

	if (!peer->ssl) {
		got = recv(peer->fd, buf, len, 0);
		return got > 0 ? got : !got ? -EPIPE : -errno;
	}
	got = SSL_read(peer->ssl, buf, (int)len);
	if (got > 0)
		return got;
	error = SSL_get_error(peer->ssl, (int)got);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_READ ? -EAGAIN : -EPIPE;
}

static int client_take(struct client_run *run, struct bench_peer *peer)
{
	const struct bench_setup *setup = run->client->setup;

	while (peer->left) {
		size_t len = peer->left < CLIENT_BUFFER ? (size_t)peer->left : CLIENT_BUFFER;
		ssize_t got = client_receive(peer, run->buf, len);

		if (got < 0)
			return got == -EAGAIN ? 0 : (int)got;
		if (run->client->check &&
		    memcmp(run->buf, setup->map + (setup->options->size - peer->left), (size_t)got))
			return -EBADMSG;
		peer->left -= (uint64_t)got;
	}
	run->busy--;
	return client_sample(run, peer);
}

static int client_turn(struct client_run *run)
{
	struct epoll_event events[CLIENT_EVENTS];
	int count = epoll_wait(run->client->epoll, events, CLIENT_EVENTS, CLIENT_PATIENCE * 1000), ret = 0;

	if (*run->client->setup->interrupted)
		return -EINTR;
	if (count <= 0)
		return !count ? -ETIMEDOUT : client_again(run->client) ? 0 : -errno;
	for (int i = 0; i < count && !ret; i++) {
		struct bench_peer *peer = events[i].data.ptr;

		/* Between two answers only the server's end can come. */
		if (!peer->left)
			return -EPIPE;
		ret = client_take(run, peer);
		if (!ret && !peer->left && (run->more || run->now < run->until))
			ret = client_ask(run, peer);
	}
	return ret;
}

int bench_client_run(struct bench_client *client, const struct bench_load *load, struct bench_samples *samples)
{
	struct client_run run = { .client = client, .samples = samples, .start = client_now(),
				  .more = load->requests, .buf = malloc(CLIENT_BUFFER) };
	int ret = run.buf ? 0 : -ENOMEM;

	samples->count = 0;
	if (!load->requests)
		run.until = run.start + (uint64_t)(load->seconds * 1e9);
	for (unsigned i = 0; i < client->count && !ret; i++)
		if (!load->requests || run.more)
			ret = client_ask(&run, &client->peers[i]);
	while (run.busy && !ret)
		ret = client_turn(&run);
	samples->seconds = (double)(run.now - run.start) / 1e9;
	free(run.buf);
	return ret;
}
