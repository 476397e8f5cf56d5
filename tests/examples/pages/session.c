// SPDX-License-Identifier: MIT
/* A client with a blocking socket of its own: session CA PORT LINE BYTES [result] */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <tlsring.h>

/* page: tlsring_watch tlsring_handshake */
static SSL *shake_hands(SSL_CTX *ssl_ctx, int fd)
{
	SSL *ssl = SSL_new(ssl_ctx);

	if (!ssl || tlsring_watch(ssl) || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	if (tlsring_handshake(ssl)) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}
/* page end */

/* page: tlsring_handshake_result */
static int connect_tls(SSL *ssl)
{
	ERR_clear_error();
	return tlsring_handshake_result(ssl, SSL_connect(ssl));
}
/* page end */

static SSL *shake_hands_otherwise(SSL_CTX *ssl_ctx, int fd)
{
	SSL *ssl = SSL_new(ssl_ctx);

	if (ssl && !tlsring_watch(ssl) && SSL_set_fd(ssl, fd) == 1 && !connect_tls(ssl))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* page: tlsring_session_new tlsring_session_handover tlsring_session_free */
static int hand_over(struct tlsring_session **out, struct tlsring_ctx *ctx, SSL *ssl, int fd)
{
	int ret = tlsring_session_new(out, ctx, ssl, fd);

	if (ret) {
		SSL_free(ssl);
		return ret;
	}
	/* -EAGAIN: half a record is here; receiving takes it, and the hand-over is tried again. */
	ret = tlsring_session_handover(*out);
	if (!ret || ret == -EAGAIN)
		return 0;
	tlsring_session_free(*out);
	return ret;
}
/* page end */

/* page: tlsring_session_info */
static int print_paths(const struct tlsring_session *session)
{
	struct tlsring_info info = { .size = sizeof(info) };
	int ret = tlsring_session_info(session, &info);

	if (!ret)
		fprintf(stderr, "%s, sending: %s, receiving: %s\n", info.version,
			tlsring_path_name(info.tx.path), tlsring_path_name(info.rx.path));
	return ret;
}
/* page end */

/* page: tlsring_session_send tlsring_session_update */
static int send_all(struct tlsring_session *session, const char *data, size_t len)
{
	int ret = tlsring_session_update(session, false);

	if (ret && ret != -EOPNOTSUPP)
		return ret;
	while (len) {
		ssize_t sent = tlsring_session_send(session, data, len);

		if (sent < 0)
			return (int)sent;
		data += sent;
		len -= (size_t)sent;
	}
	return 0;
}
/* page end */

/* page: tlsring_session_sent */
static int send_directly(struct tlsring_session *session, int fd, const char *data, size_t len)
{
	ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);	/* sending is in the kernel */

	if (sent < 0)
		return -errno;
	return tlsring_session_sent(session, (uint64_t)sent);
}
/* page end */

/* page: tlsring_session_control */
static ssize_t receive_directly(struct tlsring_session *session, int fd, void *buf, size_t len)
{
	ssize_t got;
	int ret = 0;

	do {
		got = read(fd, buf, len);		/* receiving is in the kernel */
		if (got >= 0)
			return got ? got : -EPIPE;
		if (errno != EIO && errno != EKEYEXPIRED)
			return -errno;
		ret = tlsring_session_control(session);
	} while (!ret);
	return ret == 1 ? 0 : ret;
}
/* page end */

/* page: tlsring_session_recv tlsring_session_close */
static int receive_and_close(struct tlsring_session *session, size_t bytes)
{
	char buf[16384];
	ssize_t got = 1;

	while (bytes && got > 0) {
		got = tlsring_session_recv(session, buf, sizeof(buf));
		if (got > 0) {
			fwrite(buf, 1, (size_t)got, stdout);
			bytes -= (size_t)got < bytes ? (size_t)got : bytes;
		}
	}
	return got < 0 ? (int)got : tlsring_session_close(session);
}
/* page end */

static int connected(in_port_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	return fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? fd : -1;
}

static int talk(struct tlsring_session *session, int fd, const char *line, size_t bytes)
{
	struct tlsring_info info = { .size = sizeof(info) };
	char buf[16];
	int ret = tlsring_session_info(session, &info);

	if (!ret)
		ret = print_paths(session);
	if (!ret && info.tx.path != TLSRING_PATH_USER)
		ret = send_directly(session, fd, line, strlen(line));
	else if (!ret)
		ret = send_all(session, line, strlen(line));
	if (!ret && bytes && info.rx.path != TLSRING_PATH_USER) {
		ssize_t got = receive_directly(session, fd, buf, 1);

		ret = got == 1 ? 0 : got < 0 ? (int)got : -EPIPE;
		if (!ret)
			fwrite(buf, 1, 1, stdout);
		bytes--;
	}
	return ret ? ret : receive_and_close(session, bytes);
}

int main(int argc, char **argv)
{
	SSL_CTX *ssl_ctx = SSL_CTX_new(TLS_client_method());
	struct tlsring_session *session;
	struct tlsring_ctx *ctx;
	char text[160];
	SSL *ssl;
	int fd, ret;

	if (argc < 5 || !ssl_ctx || SSL_CTX_load_verify_file(ssl_ctx, argv[1]) != 1)
		return 2;
	SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
	snprintf(text, sizeof(text), "%s\n", argv[3]);
	fd = connected((in_port_t)atoi(argv[2]));
	if (fd < 0 || tlsring_ctx_new(&ctx, ssl_ctx, NULL))
		return 1;
	ssl = argc > 5 ? shake_hands_otherwise(ssl_ctx, fd) : shake_hands(ssl_ctx, fd);
	if (!ssl || hand_over(&session, ctx, ssl, fd))
		return 1;
	ret = talk(session, fd, text, strtoul(argv[4], NULL, 10));
	tlsring_session_free(session);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl_ctx);
	close(fd);
	if (ret)
		fprintf(stderr, "%s\n", tlsring_strerror(ret, text, sizeof(text)));
	return ret != 0;
}
