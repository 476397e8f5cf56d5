// SPDX-License-Identifier: MIT
/* The client's connections, one by one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "tools/bench/client/connect.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"

#define CONNECT_PORTS	20000	/* of an address: fewer than ip_local_port_range has by default */
#define CONNECT_ADDRESSES 64
#define CONNECT_PIECE	(1024 * 1024)	/* of an upload, for one call */

bool bench_peer_again(const struct bench_client *client)
{
	return errno == EINTR && !*client->setup->interrupted;
}

static socklen_t connect_length(const struct bench_client *client)
{
	return client->to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
						   sizeof(struct sockaddr_in);
}

/* Loopback has other addresses, from which there are as many ports again. */
static void connect_source(const struct bench_client *client, int fd)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)client->to;
	unsigned nth = client->opened * client->setup->options->client_threads / CONNECT_PORTS;
	struct sockaddr_in from = { .sin_family = AF_INET };
	int one = 1;

	if (to->sin_family != AF_INET || to->sin_addr.s_addr != htonl(INADDR_LOOPBACK) || !nth)
		return;
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + nth % CONNECT_ADDRESSES);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	bind(fd, (struct sockaddr *)&from, sizeof(from));
}

/* Connect to each of the server's ports in turn. */
static int connect_socket_to(const struct bench_client *client, int fd)
{
	unsigned ports = bench_mode_ports(client->mode, client->setup->options->threads);
	struct sockaddr_storage to = *client->to;
	in_port_t *port = &((struct sockaddr_in *)&to)->sin_port;

	connect_source(client, fd);
	*port = htons((uint16_t)(ntohs(*port) + (client->opened + client->which) % ports));
	return connect(fd, (const struct sockaddr *)&to, connect_length(client));
}

static int connect_ssl(struct bench_client *client, struct bench_peer *peer)
{
	peer->ssl = SSL_new(client->setup->client);
	if (!peer->ssl || !SSL_set_fd(peer->ssl, peer->fd))
		return -ENOMEM;
	SSL_set_connect_state(peer->ssl);
	if (client->session && !SSL_set_session(peer->ssl, client->session))
		return -ENOMEM;
	return 0;
}

static int connect_socket(struct bench_client *client, struct bench_peer *peer, int flags)
{
	int one = 1;

	*peer = (struct bench_peer){ .fd = socket(client->to->ss_family,
						  SOCK_STREAM | SOCK_CLOEXEC | flags,
						  IPPROTO_TCP) };
	if (peer->fd < 0)
		return -errno;
	client->opened++;
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

/* ---- blocking ---- */

/* connect() goes on by itself after EINTR. */
static int connect_wait(const struct bench_client *client, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (!connect_socket_to(client, fd))
		return 0;
	if (!bench_peer_again(client))
		return -errno;
	while (poll(&wait, 1, BENCH_PATIENCE * 1000) < 0 && bench_peer_again(client))
		;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -errno;
	return error ? -error : wait.revents ? 0 : -ETIMEDOUT;
}

static int connect_shake(struct bench_client *client, struct bench_peer *peer)
{
	int ret = connect_ssl(client, peer);

	if (ret)
		return ret;
	do {
		errno = 0;
		ret = SSL_connect(peer->ssl);
	} while (ret != 1 && bench_peer_again(client));
	ERR_clear_error();
	return ret == 1	       ? 0 :
	       errno == EINTR  ? -EINTR :
	       errno == EAGAIN ? -ETIMEDOUT :
				 -ECONNABORTED;
}

int bench_peer_dial(struct bench_client *client, struct bench_peer *peer)
{
	struct timeval patience = { .tv_sec = BENCH_PATIENCE };
	int ret = connect_socket(client, peer, 0);

	if (!ret)
		ret = connect_wait(client, peer->fd);
	if (ret)
		return ret;
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return client->mode->seal == BENCH_NOBODY ? 0 : connect_shake(client, peer);
}

/* ---- without waiting ---- */

int bench_peer_begin(struct bench_client *client, struct bench_peer *peer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = peer };
	int ret = connect_socket(client, peer, SOCK_NONBLOCK);

	if (!ret && client->mode->seal != BENCH_NOBODY)
		ret = connect_ssl(client, peer);
	if (ret)
		return ret;
	if (connect_socket_to(client, peer->fd) && errno != EINPROGRESS)
		return -errno;
	return epoll_ctl(client->epoll, EPOLL_CTL_ADD, peer->fd, &event) ? -errno : 0;
}

/* -EAGAIN while connect() is under way, or its error. */
static int connect_done(const struct bench_peer *peer)
{
	struct pollfd wait = { .fd = peer->fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -errno;
	return error ? -error : poll(&wait, 1, 0) == 1 ? 0 : -EAGAIN;
}

int bench_peer_shake(struct bench_client *client, struct bench_peer *peer)
{
	int ret, error;

	if (!peer->ssl)
		return connect_done(peer);
	ret = SSL_do_handshake(peer->ssl);
	if (ret == 1)
		return !SSL_session_reused(peer->ssl) == !client->session ? 0 : -EPROTO;
	error = SSL_get_error(peer->ssl, ret);
	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	/* A write before the connection is established fails; SO_ERROR knows whether that is final.
	 */
	ret = connect_done(peer);
	return ret ? ret : -ECONNABORTED;
}

/* ---- data ---- */

int bench_peer_update(struct bench_peer *peer)
{
	return SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED) ? 0 : -EPROTO;
}

static void connect_cork(const struct bench_peer *peer, int on)
{
	setsockopt(peer->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static ssize_t connect_send(struct bench_peer *peer, const uint8_t *data, uint64_t len)
{
	size_t piece = len < CONNECT_PIECE ? (size_t)len : CONNECT_PIECE;
	ssize_t sent;
	int error;

	if (!peer->ssl) {
		sent = send(peer->fd, data, piece, MSG_NOSIGNAL);
		return sent < 0 ? -errno : sent;
	}
	sent = SSL_write(peer->ssl, data, (int)piece);
	if (sent > 0)
		return sent;
	error = SSL_get_error(peer->ssl, (int)sent);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? -EAGAIN : -EPIPE;
}

/* Corked, so that segments are full whatever the pieces are. */
int bench_peer_upload(const struct bench_client *client, struct bench_peer *peer)
{
	uint64_t all = bench_options_up(client->setup->options);

	while (peer->up < all) {
		ssize_t sent = connect_send(peer, client->setup->map + peer->up, all - peer->up);

		if (sent < 0)
			return (int)sent;
		peer->up += (uint64_t)sent;
	}
	connect_cork(peer, 0);
	peer->state = PEER_ANSWER;
	return 0;
}

static int connect_upload(const struct bench_client *client, struct bench_peer *peer)
{
	int ret;

	connect_cork(peer, 1);
	peer->head = BENCH_HEAD_END;
	peer->up = 0;
	peer->state = PEER_UPLOAD;
	ret = bench_peer_upload(client, peer);
	return ret == -EAGAIN ? 0 : ret;
}

/* A server of HTTP/1.0 closes after the answer. */
int bench_peer_ask(const struct bench_client *client, struct bench_peer *peer)
{
	static const char requests[][BENCH_SHORT + 1] = {
		"GET /file HTTP/1.1\r\nHost: bench\r\nUser-Agent: tlsring-bench/1\r\n\r\n",
		"GET /file HTTP/1.0\r\nHost: bench\r\nUser-Agent: tlsring-bench/1\r\n\r\n",
	};
	const char *request = requests[bench_mode_new(client->mode)];
	char mixed[BENCH_SHORT];
	ssize_t sent;

	if (client->setup->options->direction)
		return connect_upload(client, peer);
	if (client->mode->lifetime == BENCH_SOAK)
		request = memset(mixed, peer->kind, sizeof(mixed));
	sent = peer->ssl ? SSL_write(peer->ssl, request, BENCH_SHORT) :
			   send(peer->fd, request, BENCH_SHORT, MSG_NOSIGNAL);
	peer->head = client->mode->program ? -1 : BENCH_HEAD_END;
	return sent == BENCH_SHORT ? 0 : -EPIPE;
}

int bench_peer_head(struct bench_peer *peer, const char *data, size_t len)
{
	static const char end[] = "\r\n\r\n";
	size_t at = 0;

	/* No server sends its status line in pieces. */
	if (peer->head < 0 &&
	    (len < 12 || memcmp(data, "HTTP/1.", 7) || memcmp(data + 8, " 200", 4)))
		return -EPROTO;
	peer->head = peer->head < 0 ? 0 : peer->head;
	for (; at < len && peer->head < BENCH_HEAD_END; at++)
		peer->head = data[at] == end[peer->head] ? peer->head + 1 : data[at] == '\r';
	return (int)at;
}

ssize_t bench_peer_receive(struct bench_peer *peer, void *buf, size_t len)
{
	ssize_t got;
	int error;

	if (!peer->ssl) {
		got = recv(peer->fd, buf, len, 0);
		return got < 0 ? -errno : got;
	}
	got = SSL_read(peer->ssl, buf, (int)len);
	if (got > 0)
		return got;
	error = SSL_get_error(peer->ssl, (int)got);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_READ ? -EAGAIN : error == SSL_ERROR_ZERO_RETURN ? 0 : -EPIPE;
}

void bench_peer_wire(uint64_t bytes[2], int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	bytes[0] += info.tcpi_bytes_received;
	bytes[1] += info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
}

void bench_peer_end(struct bench_client *client, struct bench_peer *peer)
{
	if (peer->ssl)
		SSL_shutdown(peer->ssl);
	ERR_clear_error();
	SSL_free(peer->ssl);
	if (peer->fd >= 0) {
		bench_peer_wire(client->ended, peer->fd);
		close(peer->fd);
	}
	*peer = (struct bench_peer){ .fd = -1 };
}
