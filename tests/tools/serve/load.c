// SPDX-License-Identifier: MIT
/* Clients at full speed, through 20 reloads and 5 upgrades (4 and 2 with TLSRING_SHORT): no request
 * fails, and every byte is right. Over HTTP/1.1 half of the clients make a connection for each
 * request, half keep one open; over HTTP/2 they have eight streams open at once, on lasting and on
 * short connections. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <nghttp2/nghttp2.h>
#include "tests/tools/serve/server.h"

#define SIZE	40000
#define CLIENTS	6	/* the last two by HTTP/2 */
#define LASTING	4	/* this one on lasting connections */
#define STREAMS	8
#define LOG_MAX	(1 << 20)

static uint8_t content[SIZE];

/* Shared by the processes of the test. */
static struct load {
	bool stop;
	unsigned requests[CLIENTS], connections[CLIENTS];
	unsigned goaways;	/* on lasting connections */
	char failure[256];
} *load;

__attribute__((format(printf, 1, 2), noreturn))
static void client_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(load->failure, sizeof(load->failure), format, args);
	va_end(args);
	__atomic_store_n(&load->stop, true, __ATOMIC_SEQ_CST);
	_exit(1);
}

static const char *client_error(void)
{
	static char text[160];

	ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
	return text;
}

static SSL *client_open(SSL_CTX *ctx, unsigned port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	SSL *ssl = SSL_new(ctx);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		client_fail("connect: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!SSL_set_fd(ssl, fd) || SSL_connect(ssl) != 1)
		client_fail("handshake: %s (errno %d)", client_error(), errno);
	return ssl;
}

static void client_close(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

/* Makes one request and reads its whole response; false: the server says that it was the last. */
static bool client_ask(SSL *ssl, unsigned number)
{
	static const char request[] = "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static char buf[SIZE + 4096];
	size_t used = 0, head = 0;
	int len;

	if (SSL_write(ssl, request, sizeof(request) - 1) <= 0)
		client_fail("request %u of a connection: %s", number, client_error());
	while (!head || used < head + SIZE) {
		const char *end;

		len = SSL_read(ssl, buf + used, (int)(sizeof(buf) - 1 - used));
		if (len <= 0)
			client_fail(
				"answer %u of a connection ends after %zu bytes: SSL error %d, errno %d",
				number, used, SSL_get_error(ssl, len), errno);
		used += (size_t)len;
		buf[used] = '\0';
		end = head ? NULL : strstr(buf, "\r\n\r\n");
		if (end)
			head = (size_t)(end - buf) + 4;
	}
	if (strncmp(buf, "HTTP/1.1 200 OK\r\n", 17) || used != head + SIZE ||
	    memcmp(buf + head, content, SIZE))
		client_fail("a wrong answer: %.60s", buf);
	buf[head] = '\0';
	return !strstr(buf, "\r\nConnection: close\r\n");
}

static bool stopped(void)
{
	return __atomic_load_n(&load->stop, __ATOMIC_SEQ_CST);
}

static void client_http1(SSL *ssl, unsigned index)
{
	unsigned most = index % 2 ? 1 : 1000000;

	for (unsigned count = 0; count < most && !stopped(); count++) {
		bool more = client_ask(ssl, count);

		__atomic_add_fetch(&load->requests[index], 1, __ATOMIC_SEQ_CST);
		if (!more)
			break;
	}
}

/* ---- HTTP/2 ---- */

/* One connection; the streams' user data point to the bytes of their responses so far. */
struct http2 {
	SSL *ssl;
	unsigned index;
	unsigned open, asked, most;
	size_t got[STREAMS];
	bool taken[STREAMS];
	bool leaving;	/* the server sent GOAWAY */
};

static int http2_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
			size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
			void *user)
{
	(void)session, (void)frame, (void)flags, (void)user;
	if (name_len == 7 && !memcmp(name, ":status", 7) &&
	    (value_len != 3 || memcmp(value, "200", 3)))
		client_fail("status %.*s over HTTP/2", (int)value_len, (const char *)value);
	return 0;
}

static int http2_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
		      size_t len, void *user)
{
	size_t *got = nghttp2_session_get_stream_user_data(session, id);

	(void)flags, (void)user;
	if (len > SIZE - *got || memcmp(content + *got, data, len))
		client_fail("wrong bytes of stream %d after %zu", id, *got);
	*got += len;
	return 0;
}

static int http2_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *h = user;

	(void)session;
	if (frame->hd.type != NGHTTP2_GOAWAY)
		return 0;
	if (frame->goaway.error_code)
		client_fail("GOAWAY with error %u", frame->goaway.error_code);
	if (!h->leaving && h->index == LASTING)
		__atomic_add_fetch(&load->goaways, 1, __ATOMIC_SEQ_CST);
	h->leaving = true;
	return 0;
}

static int http2_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	struct http2 *h = user;
	size_t *got = nghttp2_session_get_stream_user_data(session, id);

	if (error || *got != SIZE)
		client_fail("stream %d ends after %zu bytes with error %u", id, *got, error);
	h->taken[got - h->got] = false;
	h->open--;
	__atomic_add_fetch(&load->requests[h->index], 1, __ATOMIC_SEQ_CST);
	return 0;
}

static nghttp2_session *http2_new(struct http2 *h)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, http2_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, http2_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, http2_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, http2_close);
	nghttp2_session_client_new(&session, callbacks, h);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
	return session;
}

static void http2_flush(struct http2 *h, nghttp2_session *session)
{
	const uint8_t *data;
	ssize_t len;

	while ((len = nghttp2_session_mem_send(session, &data)) > 0)
		if (SSL_write(h->ssl, data, (int)len) <= 0)
			client_fail("a request over HTTP/2: %s", client_error());
}

#define FIELD(n, v)	{ (uint8_t *)(n), (uint8_t *)(v), sizeof(n) - 1, sizeof(v) - 1, NGHTTP2_NV_FLAG_NONE }

/* Opens as many streams as may be open. Nothing is requested that would wait while a GOAWAY
 * comes. */
static void http2_ask(struct http2 *h, nghttp2_session *session)
{
	static const nghttp2_nv fields[] = {
		FIELD(":method", "GET"), FIELD(":scheme", "https"), FIELD(":path", "/file"),
		FIELD(":authority", "localhost"),
	};

	for (unsigned i = 0; i < STREAMS && h->asked < h->most && !h->leaving && !stopped(); i++) {
		if (h->taken[i])
			continue;
		h->taken[i] = true;
		h->got[i] = 0;
		if (nghttp2_submit_request(session, NULL, fields, 4, NULL, &h->got[i]) < 0)
			client_fail("a request over HTTP/2 cannot be made");
		h->open++;
		h->asked++;
	}
	http2_flush(h, session);
}

static void client_http2(SSL *ssl, unsigned index)
{
	static uint8_t buf[65536];
	struct http2 h = { .ssl = ssl,
			   .index = index,
			   .most = index == LASTING ? 1000000 : 2 * STREAMS };
	nghttp2_session *session = http2_new(&h);

	for (http2_ask(&h, session); h.open; http2_ask(&h, session)) {
		int len = SSL_read(ssl, buf, sizeof(buf));

		if (len <= 0)
			client_fail(
				"an HTTP/2 connection ends inside %u answers: SSL error %d, errno %d",
				h.open, SSL_get_error(ssl, len), errno);
		if (nghttp2_session_mem_recv(session, buf, (size_t)len) != len)
			client_fail("not HTTP/2");
	}
	nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR);
	http2_flush(&h, session);
	nghttp2_session_del(session);
}

/* ---- both ---- */

static void client_run(unsigned index, unsigned port)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	bool http2 = index >= LASTING;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (http2)
		SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)"\x02h2", 3);
	while (!stopped()) {
		SSL *ssl = client_open(ctx, port);

		if (http2)
			client_http2(ssl, index);
		else
			client_http1(ssl, index);
		load->connections[index]++;
		client_close(ssl);
	}
	SSL_CTX_free(ctx);
	_exit(0);
}

/* ---- what is done to the server meanwhile ---- */

static pid_t serving;		/* the process that serves now */
static unsigned reloads = 20, upgrades = 5;

/* Counts a line in the log; *at: what follows its last occurrence. */
static unsigned logged(const struct server *s, const char *line, const char **at)
{
	static char log[LOG_MAX];
	unsigned count = 0;

	server_read_log(s, log, sizeof(log));
	for (const char *found = log; (found = strstr(found, line)); count++) {
		found += strlen(line);
		if (at)
			*at = found;
	}
	return count;
}

static bool await_log(const struct server *s, const char *line, unsigned count, const char **at)
{
	for (int i = 0; i < 12000 && !load->stop; i++) {
		if (logged(s, line, at) >= count)
			return true;
		usleep(10000);
	}
	return false;
}

/* Every client has had so many more responses. */
static void await_requests(unsigned more)
{
	unsigned before[CLIENTS];

	memcpy(before, load->requests, sizeof(before));
	for (unsigned i = 0; i < CLIENTS; i++)
		for (int t = 0; t < 6000 && !load->stop; t++) {
			if (__atomic_load_n(&load->requests[i], __ATOMIC_SEQ_CST) - before[i] >=
			    more)
				break;
			usleep(10000);
		}
}

static void await_goaways(unsigned count)
{
	for (int t = 0; t < 6000 && !load->stop; t++) {
		if (__atomic_load_n(&load->goaways, __ATOMIC_SEQ_CST) >= count)
			break;
		usleep(10000);
	}
}

static bool disturb(const struct server *s)
{
	const char *at = "";

	for (unsigned i = 1, upgraded = 0; i <= reloads && !load->stop; i++) {
		kill(serving, SIGHUP);
		if (!await_log(s, ": reloaded\n", i, NULL))
			return false;
		await_requests(2);
		if (i % (reloads / upgrades))
			continue;
		kill(serving, SIGUSR2);
		if (!await_log(s, "serves; connections here are drained\n", ++upgraded, NULL))
			return false;
		logged(s, "upgrade: process ", &at);
		serving = atoi(at);
		await_goaways(upgraded);
		await_requests(3);
	}
	return !load->stop;
}

static bool await_child(pid_t child, bool *good)
{
	int status;

	for (int i = 0; i < 12000; i++) {
		pid_t got = waitpid(child, &status, WNOHANG);

		if (got == child) {
			*good = !status;
			return true;
		}
		if (got < 0)
			return false;
		usleep(10000);
	}
	return false;
}

/* The process that started it has ended, which can take a while, and it is our child. */
static bool await_adoption(pid_t child)
{
	siginfo_t info;

	for (int i = 0; i < 12000; i++) {
		if (!waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT))
			return true;
		usleep(10000);
	}
	return false;
}

static void storm(const char *const *options)
{
	pid_t clients[CLIENTS];
	struct server s;
	bool done, good, ended;
	unsigned requests = 0, connections = 0;

	for (size_t i = 0; i < SIZE; i++)
		content[i] = (uint8_t)(i * 2654435761u >> 11);
	if (getenv("TLSRING_SHORT")) {
		reloads = 4;
		upgrades = 2;
	}
	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(load != MAP_FAILED);
	/* Successors become children of the test when the process that started them ends. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	server_init(&s);
	server_file(&s, "file", content, SIZE);
	server_start(&s, options, NULL);
	serving = s.pid;
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		CHECK(clients[i] >= 0);
		if (!clients[i])
			client_run(i, s.port);
	}
	done = disturb(&s);
	__atomic_store_n(&load->stop, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < CLIENTS; i++) {
		waitpid(clients[i], NULL, 0);
		requests += load->requests[i];
		connections += load->connections[i];
	}
	printf("# %u requests on %u connections\n", requests, connections);
	/* The first process ended long ago. */
	ended = serving == s.pid || (await_child(s.pid, &good) && good);
	CHECK(await_adoption(serving));
	kill(serving, SIGTERM);
	CHECK(await_child(serving, &good));
	CHECK(good);
	if (*load->failure)
		FAIL("%s", load->failure);
	if (!done)
		FAIL("a reload or an upgrade did not come to its end: see %s", s.log);
	CHECK(ended);
	CHECK(connections > 5 * reloads);
	/* One more if the old process had accepted another connection already. */
	CHECK(load->goaways >= upgrades && load->goaways <= 2 * upgrades);
	nftw(s.dir, server_wipe, 8, FTW_DEPTH | FTW_PHYS);
}

TEST(ring)
{
	const char *options[] = { "--threads", "2", NULL };

	storm(options);
}

TEST(epoll)
{
	const char *options[] = { "--threads", "2", "--io", "epoll", NULL };

	storm(options);
}
