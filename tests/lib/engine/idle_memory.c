// SPDX-License-Identifier: MIT
/* The user-space memory of idle connections, everything counted. CONNS=n sets their number. */
#include <sys/resource.h>
#include "tests/lib/memory.h"

#define WARM	200		/* connections before counting starts */
#define CONNS	"10000"
#define CONNS_RIG "400"	/* emulated, the handshakes of 10,000 take minutes */
#define LIMIT_KERNEL 1024 /* bytes for each connection */
#define LIMIT_USER 4096

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	static const uint8_t answer[1024];
	struct tlsring_message message = { .head = answer,
					   .head_len = sizeof(answer),
					   .file_fd = -1 };

	(void)data, (void)user;
	CHECK(!tlsring_send(conn, &message));
	return (ssize_t)len;
}

static const struct tlsring_handlers handlers = { .size = sizeof(handlers), .received = received };

/* One exchange; the connection stays, the client's SSL goes. All but the first resume, which costs
 * no asymmetric cryptography in TLS 1.2. */
static void one(SSL_CTX *client, uint16_t port)
{
	static SSL_SESSION *session;
	SSL *ssl = SSL_new(client);
	char buf[1024];
	int got = 0;

	if (session)
		SSL_set_session(ssl, session);
	CHECK(SSL_set_fd(ssl, peer_tcp(port)) && SSL_connect(ssl) == 1);
	EQ(SSL_session_reused(ssl), !!session);
	if (!session)
		session = SSL_get1_session(ssl);
	EQ(SSL_write(ssl, "?", 1), 1);
	while (got < (int)sizeof(buf)) {
		int ret = SSL_read(ssl, buf, sizeof(buf));

		CHECK(ret > 0);
		got += ret;
	}
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
}

static void idle(enum tlsring_io io, enum tlsring_offload offload)
{
	const char *text = getenv("CONNS");
	int conns = atoi(text ? text : getenv("TLSRING_RIG") ? CONNS_RIG : CONNS);
	struct rlimit limit = { (rlim_t)conns + 100, (rlim_t)conns + 100 };
	SSL_CTX *client = peer_ctx(false, "ECDHE-ECDSA-AES128-GCM-SHA256");
	SSL_CTX *server = peer_ctx(true, NULL);
	long before, after, each;
	uint16_t port;
	pid_t pid;
	int fd;

	if (!offload && !ktls_probe()->ulp)
		SKIP("%s", tlsring_reason_text(ktls_probe()->why_not));
	if (getenv("TLSRING_SANITIZED"))
		SKIP("a sanitizer needs memory of its own");
	if (setrlimit(RLIMIT_NOFILE, &limit))
		SKIP("%d descriptors are not allowed here", conns + 100);
	fd = peer_listen(&port);
	pid = memory_server(server, fd, io, offload, &handlers);
	for (int i = 0; i < WARM; i++)
		one(client, port);
	before = memory_anonymous(pid);
	for (int i = WARM; i < conns; i++) {
		one(client, port);
		if (i % 1000 == 0)
			printf("# %d connections\n", i);
	}
	after = memory_anonymous(pid);
	EQ(kill(pid, SIGKILL), 0);
	each = (after - before) / (conns - WARM);
	printf("# %ld bytes a connection (%ld KiB, then %ld KiB)\n", each, before / 1024,
	       after / 1024);
	CHECK(each <= (offload ? LIMIT_USER : LIMIT_KERNEL));
}

TEST_DEADLINE(ring, 600) { idle(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST_DEADLINE(epoll, 600) { idle(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST_DEADLINE(user_space_ring, 600) { idle(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }
TEST_DEADLINE(user_space_epoll, 600) { idle(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }
