// SPDX-License-Identifier: MIT
/* The user-space memory of connections whose peers read nothing of an answer that fills the
 * socket. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "tests/lib/memory.h"

#define WARM		10		/* connections before counting starts */
#define ROUNDS		300		/* small answers before, to use each receive buffer */
#define CONNS		40
#define LIMIT_KERNEL	(8 * 1024)	/* bytes each */
/* libssl takes 25 to 30 KiB; the rest is a record that an old kernel took in part. */
#define LIMIT_USER	(56 * 1024)
/* Sent by sendfile where the kernel seals, else read into buffers: less than one call may take,
 * and more. */
#define SMALL		(250u << 10)
#define MIDDLE		(900u << 10)
#define LARGE		(4u << 20)
#define PATIENCE	60		/* seconds */

static int file;
static uint64_t length;

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = {
		.head = "head", .head_len = 4, .file_fd = file, .length = length
	};

	(void)user;
	if (*(const char *)data == 'w')
		message.length = 0;
	CHECK(!tlsring_send(conn, &message));
	return (ssize_t)len;
}

static const struct tlsring_handlers handlers = { .size = sizeof(handlers), .received = received };

/* Sockets as on an Ethernet: loopback's would take all of it. Returns the one that stays. */
static int ask(SSL_CTX *ctx, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), segment = 1460,
	    room = 8192;
	SSL *ssl = SSL_new(ctx);

	CHECK(fd >= 0 && ssl);
	CHECK(!setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)));
	CHECK(!connect(fd, (struct sockaddr *)&to, sizeof(to)) && SSL_set_fd(ssl, fd));
	EQ(SSL_connect(ssl), 1);
	EQ(SSL_write(ssl, "?", 1), 1);
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
	return fd;
}

static void warm_up(SSL_CTX *ctx, uint16_t port)
{
	SSL *ssl = peer_connect(ctx, port);
	char answer[4];

	for (int i = 0; i < ROUNDS; i++) {
		EQ(SSL_write(ssl, "w", 1), 1);
		EQ(SSL_read(ssl, answer, sizeof(answer)), sizeof(answer));
	}
	peer_free(ssl);
}

static void slow(enum tlsring_io io, enum tlsring_offload offload, uint64_t bytes)
{
	long limit = CONNS * (offload == TLSRING_OFFLOAD_OFF ? LIMIT_USER : LIMIT_KERNEL),
	     before = 0, more = 0;
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	uint16_t port;
	pid_t pid;
	int fd;

#ifdef __SANITIZE_ADDRESS__
	SKIP("a sanitizer keeps what was freed");
#endif
	if (offload != TLSRING_OFFLOAD_OFF && !ktls_probe()->ulp)
		SKIP("%s", tlsring_reason_text(ktls_probe()->why_not));
	length = bytes;
	file = memfd_create("file", MFD_CLOEXEC);
	CHECK(file >= 0 && !ftruncate(file, (off_t)length));
	fd = peer_listen(&port);
	pid = memory_server(peer_ctx(true, NULL), fd, io, offload, &handlers);
	warm_up(client, port);
	for (int i = 0; i < WARM + CONNS; i++) {
		if (i == WARM)
			before = memory_anonymous(pid);
		peer_wait(ask(client, port), POLLIN);
	}
	/* The last ones may still be at it. */
	for (int i = 0; i < 10 * PATIENCE; i++) {
		more = memory_anonymous(pid) - before;
		if (more <= limit)
			break;
		usleep(100000);
	}
	printf("# %ld bytes a connection\n", more / CONNS);
	CHECK(more <= limit);
	EQ(kill(pid, SIGKILL), 0);
}

TEST(small_ring) { slow(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, SMALL); }
TEST(small_epoll) { slow(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO, SMALL); }
TEST(middle_ring) { slow(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, MIDDLE); }
TEST(large_ring) { slow(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, LARGE); }
TEST(large_epoll) { slow(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO, LARGE); }
TEST(user_space_ring) { slow(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF, LARGE); }
TEST_IN_FULL(user_space_epoll) { slow(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF, LARGE); }
