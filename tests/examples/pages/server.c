// SPDX-License-Identifier: MIT
/*
 * A server on the engine that answers lines: server CERTIFICATE KEY FILE. It prints its port. Lines
 * are file, parts, later, count, rekey, half, drop, quit; SIGTERM drains it, SIGINT stops it.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tlsring.h>

#define SIZE_LINE	32

struct client {
	char text[128];			/* stays untouched until sent() */
	struct tlsring_message parts[2];
	bool job_done;
};

static struct tlsring_engine *engine;
static struct tlsring_conn *waiting;	/* for its job; NULL: none */
static uint64_t file_size;
static int file_fd, job_fd;
static struct tlsring_conn *shaking;	/* until there is a certificate for it; NULL: none */
static bool have_certificate;

static int answer(struct tlsring_conn *conn, struct client *client)
{
	struct tlsring_message message = {
		.head = client->text, .head_len = strlen(client->text), .file_fd = -1,
	};

	return tlsring_send(conn, &message);
}

/* page: tlsring_send */
static int send_file(struct tlsring_conn *conn, struct client *client)
{
	struct tlsring_message message = {
		.head = client->text, .file_fd = file_fd, .length = file_size,
	};

	message.head_len = (size_t)sprintf(client->text, "%" PRIu64 "\n", file_size);
	return tlsring_send(conn, &message);
}
/* page end */

/* page: tlsring_send_many */
static int send_parts(struct tlsring_conn *conn, struct client *client)
{
	for (int i = 0; i < 2; i++)
		client->parts[i] = (struct tlsring_message){
			.head = i ? "second\n" : "first\n", .head_len = i ? 7 : 6,
			.file_fd = file_fd, .offset = (uint64_t)i * SIZE_LINE, .length = SIZE_LINE,
		};
	return tlsring_send_many(conn, client->parts, 2);
}
/* page end */

/* page: tlsring_conn_resume tlsring_conn_early */
static void job_ready(int fd, int events, void *user)
{
	uint64_t count;

	(void)events;
	(void)user;
	if (read(fd, &count, sizeof(count)) == sizeof(count) && waiting) {
		struct client *client = tlsring_conn_user(waiting);

		client->job_done = true;
		tlsring_conn_resume(waiting);
	}
}

static int do_job(struct tlsring_conn *conn, struct client *client)
{
	uint64_t one = 1;

	/* A replay must not start it; this line is offered again. */
	if (tlsring_conn_early(conn))
		return -EAGAIN;
	if (!client->job_done && !waiting) {
		waiting = conn;
		if (tlsring_engine_poll(engine, job_fd, POLLIN, job_ready, NULL) ||
		    write(job_fd, &one, sizeof(one)) < 0)
			return -EIO;
	}
	if (!client->job_done)
		return -EAGAIN;
	waiting = NULL;
	strcpy(client->text, "done\n");
	return answer(conn, client);
}
/* page end */

/* page: tlsring_conn_tag tlsring_conn_sent tlsring_conn_round */
static int send_counts(struct tlsring_conn *conn, struct client *client)
{
	snprintf(client->text, sizeof(client->text),
		 "line %" PRIu64 ", %" PRIu64 " bytes, round %" PRIu64 "\n",
		 tlsring_conn_tag(conn), tlsring_conn_sent(conn), tlsring_conn_round(conn));
	return answer(conn, client);
}
/* page end */

/* page: tlsring_conn_update */
static int rekey(struct tlsring_conn *conn, struct client *client)
{
	int ret = tlsring_conn_update(conn, true);

	if (ret && ret != -EOPNOTSUPP)
		return ret;
	strcpy(client->text, ret ? "the key stays\n" : "a new key\n");
	return answer(conn, client);
}
/* page end */

/* page: tlsring_close tlsring_finish tlsring_abort */
static int leave(struct tlsring_conn *conn, const char *line)
{
	if (!strcmp(line, "half"))
		tlsring_finish(conn);		/* receiving goes on */
	else if (!strcmp(line, "drop"))
		tlsring_abort(conn, -ECONNABORTED);
	else
		tlsring_close(conn);
	return 0;
}
/* page end */

static int obey(struct tlsring_conn *conn, struct client *client, const char *line)
{
	if (!strcmp(line, "file"))
		return send_file(conn, client);
	if (!strcmp(line, "parts"))
		return send_parts(conn, client);
	if (!strcmp(line, "later"))
		return do_job(conn, client);
	if (!strcmp(line, "count"))
		return send_counts(conn, client);
	if (!strcmp(line, "rekey"))
		return rekey(conn, client);
	return leave(conn, line);
}

/* page: tlsring_conn_set_deadline tlsring_conn_set_tag */
static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	const char *end = memchr(data, '\n', len);
	char line[SIZE_LINE];
	int ret;

	if (!end) {
		tlsring_conn_set_deadline(conn, 10000);	/* for the rest of the line */
		return len < sizeof(line) ? 0 : -EMSGSIZE;
	}
	tlsring_conn_set_deadline(conn, 0);
	snprintf(line, sizeof(line), "%.*s", (int)(end - (const char *)data), (const char *)data);
	ret = obey(conn, user, line);
	/* The message before this one is in flight: this line is offered again after sent(). */
	if (ret == -EBUSY)
		return -EAGAIN;
	if (ret)
		return ret;
	tlsring_conn_set_tag(conn, tlsring_conn_tag(conn) + 1);
	return end - (const char *)data + 1;
}
/* page end */

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	char text[160];

	if (waiting == conn)
		waiting = NULL;
	if (end->result)
		fprintf(stderr, "ended: %s%s%s\n",
			tlsring_strerror(end->result, text, sizeof(text)),
			*end->detail ? ": " : "", end->detail);
	free(user);
}

static const struct tlsring_handlers line_handlers = {
	.size = sizeof(line_handlers), .received = received, .closed = closed,
};

/* page: tlsring_conn_info tlsring_conn_user tlsring_conn_set_handlers tlsring_conn_set_idle */
static void opened(struct tlsring_conn *conn, void *user)
{
	struct client *client = calloc(1, sizeof(*client));
	struct tlsring_info info = { .size = sizeof(info) };

	(void)user;
	if (!client || tlsring_conn_info(conn, &info)) {
		free(client);
		tlsring_abort(conn, -ENOMEM);
		return;
	}
	fprintf(stderr, "%s, %s, sending: %s\n", info.version, info.cipher,
		tlsring_path_name(info.tx.path));
	tlsring_conn_set_user(conn, client);
	tlsring_conn_set_handlers(conn, &line_handlers);
	tlsring_conn_set_idle(conn, 30000);
}
/* page end */

/* page: tlsring_conn_of */
static void certificate_ready(int fd, int events, void *user)
{
	uint64_t count;

	(void)events;
	(void)user;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return;
	have_certificate = true;
	if (shaking)
		tlsring_conn_resume(shaking);
	shaking = NULL;
}

/* Suspends a handshake until the certificate has come, perhaps from another thread. */
static int certificate_wanted(SSL *ssl, void *fd)
{
	uint64_t one = 1;

	if (have_certificate)
		return 1;
	if (shaking)
		return 0;
	shaking = tlsring_conn_of(ssl);
	if (tlsring_engine_poll(engine, *(int *)fd, POLLIN, certificate_ready, NULL) ||
	    write(*(int *)fd, &one, sizeof(one)) < 0)
		return 0;
	return -1;
}

static void closed_before(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	(void)end;
	(void)user;
	if (conn == shaking)
		shaking = NULL;
}
/* page end */

/* Until opened() has run. */
static ssize_t received_before(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn;
	(void)data;
	(void)len;
	(void)user;
	return -EPROTO;
}

/* page: tlsring_engine_poll tlsring_engine_stop tlsring_engine_drain */
static void signal_ready(int fd, int events, void *user)
{
	struct signalfd_siginfo info;

	(void)events;
	(void)user;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGTERM)
		tlsring_engine_drain(engine, 5000);
	else
		tlsring_engine_stop(engine, 1000);
	tlsring_engine_poll(engine, fd, POLLIN, signal_ready, NULL);
}

static int await_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : tlsring_engine_poll(engine, fd, POLLIN, signal_ready, NULL);
}
/* page end */

static int listening(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	socklen_t len = sizeof(addr);

	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 128) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		return -errno;
	printf("%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

/* page: tlsring_engine_new tlsring_engine_listen tlsring_engine_run tlsring_engine_free
 * tlsring_engine_io tlsring_engine_sent */
static int serve(struct tlsring_ctx *ctx, int fd)
{
	static const struct tlsring_handlers handlers = {
		.size = sizeof(handlers), .opened = opened, .received = received_before,
		.closed = closed_before,
	};
	const struct tlsring_engine_options options = {
		.size = sizeof(options), .idle_timeout = 20000,
	};
	int ret = tlsring_engine_new(&engine, &options);

	if (ret)
		return ret;
	ret = tlsring_engine_listen(engine, ctx, fd, &handlers, NULL);
	if (!ret)
		ret = await_signals();
	if (!ret)
		ret = tlsring_engine_run(engine);
	fprintf(stderr, "%s: %" PRIu64 " bytes sealed in user space\n",
		tlsring_engine_io(engine) == TLSRING_IO_URING ? "io_uring" : "epoll",
		tlsring_engine_sent(engine, TLSRING_SENT_RECORDS));
	tlsring_engine_free(engine);
	return ret;
}
/* page end */

int main(int argc, char **argv)
{
	SSL_CTX *ssl_ctx = SSL_CTX_new(TLS_server_method());
	struct tlsring_ctx *ctx;
	struct stat file;
	int fd, certificate_fd = eventfd(0, EFD_CLOEXEC);

	if (argc < 4 || !ssl_ctx || SSL_CTX_use_certificate_chain_file(ssl_ctx, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ssl_ctx, argv[2], SSL_FILETYPE_PEM) != 1)
		return 2;
	file_fd = open(argv[3], O_RDONLY | O_CLOEXEC);
	job_fd = eventfd(0, EFD_CLOEXEC);
	fd = listening();
	if (file_fd < 0 || fstat(file_fd, &file) || job_fd < 0 || fd < 0 ||
	    tlsring_ctx_new(&ctx, ssl_ctx, NULL))
		return 1;
	SSL_CTX_set_cert_cb(ssl_ctx, certificate_wanted, &certificate_fd);
	file_size = (uint64_t)file.st_size;
	fd = serve(ctx, fd);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl_ctx);
	return fd != 0;
}
