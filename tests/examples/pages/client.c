// SPDX-License-Identifier: MIT
/* A client on the engine: client CA PORT LINE. It sends a line and writes the answer to standard
 * output. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <tlsring.h>

static struct tlsring_engine *engine;
static int outcome = 1;

static void opened(struct tlsring_conn *conn, void *user)
{
	struct tlsring_message message = { .head = user, .head_len = strlen(user), .file_fd = -1 };

	if (tlsring_send(conn, &message))
		tlsring_abort(conn, -EIO);
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)user;
	tlsring_conn_set_deadline(conn, 300);	/* then it has all */
	return write(STDOUT_FILENO, data, len);
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	char text[160];

	(void)conn;
	(void)user;
	outcome = end->result != 0 && end->limit != TLSRING_LIMIT_DEADLINE;
	if (outcome)
		fprintf(stderr, "%s\n", tlsring_strerror(end->result, text, sizeof(text)));
	tlsring_engine_stop(engine, 0);
}

/* page: tlsring_engine_connect */
static int connect_to(struct tlsring_ctx *ctx, in_port_t port, char *line)
{
	static const struct tlsring_handlers handlers = {
		.size = sizeof(handlers), .opened = opened, .received = received, .closed = closed,
	};
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct tlsring_connect_options options = {
		.size = sizeof(options), .addr = (struct sockaddr *)&addr, .addr_len = sizeof(addr),
		.server_name = "localhost",
	};

	return tlsring_engine_connect(engine, ctx, &options, &handlers, line);
}
/* page end */

int main(int argc, char **argv)
{
	SSL_CTX *ssl_ctx = SSL_CTX_new(TLS_client_method());
	struct tlsring_ctx *ctx;
	char line[64];

	if (argc < 4 || !ssl_ctx || SSL_CTX_load_verify_file(ssl_ctx, argv[1]) != 1)
		return 2;
	SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
	snprintf(line, sizeof(line), "%s\n", argv[3]);
	if (tlsring_ctx_new(&ctx, ssl_ctx, NULL) || tlsring_engine_new(&engine, NULL))
		return 1;
	if (!connect_to(ctx, (in_port_t)atoi(argv[2]), line))
		tlsring_engine_run(engine);
	tlsring_engine_free(engine);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl_ctx);
	return outcome;
}
