// SPDX-License-Identifier: MIT
/*
 * Calls the engine at random from inside its handlers: what is allowed, and what is not but must
 * be refused. Both ends of each connection are the engine's own. Whatever is called, it must not
 * crash, hang or leak, and each connection ends with one closed().
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include "tests/lab/child.h"
#include "tests/lib/service.h"

#define CONNS		64	/* that live at once */
#define BYTES		300000
#define MANY		5
#define TICK		20	/* msecs */
#define TICKS		60

struct end {
	struct tlsring_conn *conn;	/* NULL: free */
	struct tlsring_message many[MANY];
};

static struct {
	uint64_t random;
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx[2];	/* the server's, the client's */
	struct sockaddr_in addr;
	struct end ends[CONNS];
	uint8_t *bytes;
	int file, short_file, key_file, timer, closed_fd;
	int ticks, connects, opened, ended;
	int depth;			/* of calls inside calls */
} w;

/* xorshift64*: the same seed makes the same choices, though not at the same moments. */
static unsigned draw(unsigned n)
{
	w.random ^= w.random >> 12;
	w.random ^= w.random << 25;
	w.random ^= w.random >> 27;
	return (unsigned)((w.random * 2685821657736338717u) >> 33) % n;
}

static bool seldom(void)
{
	return !draw(20);
}

/* ---- connections ---- */

static struct end *end_of(const struct tlsring_conn *conn)
{
	for (int i = 0; i < CONNS; i++)
		if (w.ends[i].conn == conn)
			return &w.ends[i];
	return NULL;
}

/* Each conn is one that has not been closed, as in this slot or a new one. */
static struct end *end_take(struct tlsring_conn *conn)
{
	struct end *end = end_of(conn);

	if (!end)
		end = end_of(NULL);
	if (end)
		end->conn = conn;
	return end;
}

static struct end *end_any(void)
{
	unsigned from = draw(CONNS);

	for (unsigned i = 0; i < CONNS; i++)
		if (w.ends[(from + i) % CONNS].conn)
			return &w.ends[(from + i) % CONNS];
	return NULL;
}

/* ---- calls ---- */

static const struct tlsring_handlers *handlers_any(void);

static struct tlsring_message message_any(void)
{
	static const int sizes[] = { 0, 1, 100, 16384, 70000 };
	struct tlsring_message m = { .file_fd = -1, .head_len = (size_t)sizes[draw(5)] };

	m.head = m.head_len && seldom() ? NULL : w.bytes;
	if (draw(2)) {
		m.file_fd = draw(3) ? w.file : w.short_file;
		m.offset = draw(BYTES);
		m.length = draw(BYTES);
		m.mapping = draw(3) || m.file_fd != w.file ? NULL : w.bytes;
		if (m.mapping && m.length > BYTES - m.offset)
			m.length = BYTES - m.offset;
		if (seldom())
			m.file_fd = w.closed_fd;
		if (seldom() && !m.mapping)
			m.offset = UINT64_MAX - draw(3);
	}
	m.more = !draw(4);
	return m;
}

static void call_send(struct end *end)
{
	struct tlsring_message m = message_any();
	int ret = tlsring_send(end->conn, &m);

	CHECK(!ret || ret == -EBUSY || ret == -EPIPE || ret == -ENOMEM || ret == -EINVAL);
}

static void call_send_many(struct end *end)
{
	struct tlsring_message many[MANY];
	unsigned count = draw(MANY + 1);

	for (unsigned i = 0; i < MANY; i++) {
		many[i] = message_any();
		many[i].head_len %= 20000;
		many[i].length %= 20000;
		if (draw(2)) {
			many[i].tail = w.bytes + many[i].head_len;
			many[i].tail_len = draw(100);
		}
	}
	/* Those of a message in flight belong to the engine. */
	if (tlsring_send(end->conn, &(struct tlsring_message){ .file_fd = -1 }) == -EBUSY)
		return;
	memcpy(end->many, many, sizeof(many));
	tlsring_send_many(end->conn, end->many, count);
}

static void call_info(struct end *end)
{
	struct tlsring_info info = { .size = seldom() ? draw(9) : sizeof(info) };

	tlsring_conn_info(end->conn, &info);
	CHECK(tlsring_conn_round(end->conn));
	tlsring_conn_early(end->conn);
	tlsring_conn_sent(end->conn);
	tlsring_conn_set_tag(end->conn, w.random);
	EQ(tlsring_conn_tag(end->conn), w.random);
}

static void call_times(struct end *end)
{
	tlsring_conn_set_idle(end->conn, seldom() ? 1 : draw(3) ? 0 : UINT_MAX);
	tlsring_conn_set_deadline(end->conn, seldom() ? 1 : draw(3) ? 0 : UINT_MAX);
}

static void call_connect(struct end *end)
{
	struct tlsring_connect_options options = {
		.size = seldom() ? 0 : sizeof(options),
		.addr = seldom() ? NULL : (struct sockaddr *)&w.addr,
		.addr_len = seldom() ? 2 : sizeof(w.addr),
		.server_name = draw(3) ? "localhost" : NULL,
		.early = seldom() ? w.bytes : NULL,
		.early_len = seldom() ? 100 : 0,
	};

	(void)end;
	if (w.connects > CONNS / 4 && !seldom())
		return;
	if (!tlsring_engine_connect(w.engine, w.ctx[1], seldom() ? NULL : &options, handlers_any(),
				    &w))
		w.connects++;
}

static void ready(int fd, int events, void *user);

static void call_poll(struct end *end)
{
	(void)end;
	tlsring_engine_poll(w.engine, seldom() ? w.closed_fd : w.file, seldom() ? 0 : POLLIN,
			    seldom() ? NULL : ready, NULL);
}

static void call_stop(struct end *end)
{
	(void)end;
	switch (draw(800)) {
	case 0:
	case 1: tlsring_engine_stop(w.engine, draw(200)); break;
	case 2:
	case 3: tlsring_engine_drain(w.engine, draw(200)); break;
	}
}

static void call_handlers(struct end *end)
{
	static const struct tlsring_handlers none = { .size = sizeof(none) };

	if (seldom())
		EQ(tlsring_conn_set_handlers(end->conn, &none), -EINVAL);
	else
		EQ(tlsring_conn_set_handlers(end->conn, handlers_any()), 0);
	tlsring_conn_set_user(end->conn, &w);
	CHECK(tlsring_conn_user(end->conn) == &w);
}

static void call_close(struct end *end)
{
	switch (draw(60)) {
	case 0: tlsring_close(end->conn); break;
	case 1: tlsring_finish(end->conn); break;
	case 2: tlsring_abort(end->conn, -(int)draw(6000)); break;
	case 3: tlsring_abort(end->conn, 0); break;
	}
}

static void call_update(struct end *end)
{
	tlsring_conn_update(end->conn, draw(2));
}

static void call_resume(struct end *end)
{
	tlsring_conn_resume(end->conn);
}

static void act(struct tlsring_conn *conn)
{
	static void (*const calls[])(struct end *) = {
		call_send, call_send, call_send_many, call_info,
		call_times, call_connect, call_poll, call_stop,
		call_handlers, call_close, call_update, call_resume,
	};
	struct end *own = conn ? end_take(conn) : NULL;

	/* Where calls end in handlers again. */
	if (++w.depth > 3) {
		w.depth--;
		return;
	}
	for (unsigned n = draw(5); n; n--) {
		struct end *end = own && own->conn == conn && draw(4) ? own : end_any();

		if (end)
			calls[draw(sizeof(calls) / sizeof(calls[0]))](end);
	}
	w.depth--;
}

/* ---- handlers ---- */

static void opened(struct tlsring_conn *conn, void *user)
{
	(void)user;
	w.opened++;
	act(conn);
}

static void happened(struct tlsring_conn *conn, void *user)
{
	(void)user;
	act(conn);
}

static void sent(struct tlsring_conn *conn, int result, void *user)
{
	(void)user;
	CHECK(result <= 0);
	act(conn);
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	static volatile uint8_t last;

	(void)user;
	CHECK(len);
	last = ((const uint8_t *)data)[len - 1];	/* for a sanitizer to see */
	act(conn);
	switch (draw(40)) {
	case 0: return -EAGAIN;
	case 1: return 0;
	case 2: return (ssize_t)draw((unsigned)len + 1);
	case 3: return seldom() ? -(ssize_t)draw(6000) : (ssize_t)len;
	case 4: return seldom() ? (ssize_t)len + 1 : (ssize_t)len;
	case 5: return seldom() ? SSIZE_MAX : (ssize_t)len;
	}
	(void)last;
	return (ssize_t)len;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct end *own;
	char text[100];

	(void)user;
	CHECK(tlsring_strerror(end->result, text, sizeof(text)) == text && *text);
	act(conn);
	own = end_of(conn);
	if (own)
		own->conn = NULL;
	w.ended++;
}

static const struct tlsring_handlers full = {
	.size = sizeof(full),
	.opened = opened,
	.handed = happened,
	.received = received,
	.sent = sent,
	.finished = happened,
	.closed = closed,
	.stopping = happened,
	.draining = happened,
};
/* closed() is needed for the accounts. */
static const struct tlsring_handlers least = {
	.size = sizeof(least),
	.received = received,
	.closed = closed,
};

static const struct tlsring_handlers *handlers_any(void)
{
	return draw(4) ? &full : &least;
}

static void ready(int fd, int events, void *user)
{
	(void)fd, (void)events, (void)user;
	act(NULL);
}

static void tick(int fd, int events, void *user)
{
	uint64_t count;

	(void)user;
	CHECK(events & POLLIN);
	EQ(read(fd, &count, sizeof(count)), sizeof(count));
	if (++w.ticks >= TICKS) {
		tlsring_engine_stop(w.engine, 300);
		return;
	}
	w.connects = 0;
	call_connect(NULL);
	act(NULL);
	EQ(tlsring_engine_poll(w.engine, fd, POLLIN, tick, NULL), 0);
}

/* ---- another thread ---- */

static bool over;

static void ticket_keys(void)
{
	char path[32];
	const char *paths[] = { path };

	snprintf(path, sizeof(path), "/proc/self/fd/%d", w.key_file);
	EQ(tlsring_ctx_ticket_keys(w.ctx[0], paths, 1), 0);
}

/* Calls all the while what any thread may call. */
static void *beside(void *user)
{
	enum tlsring_reason why;

	(void)user;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		for (int way = 0; way < TLSRING_STRATEGY_COUNT; way++)
			tlsring_engine_sent(w.engine, (enum tlsring_strategy)way);
		ticket_keys();
		tlsring_ctx_expected(w.ctx[0], true, &why);
		CHECK(tlsring_engine_io(w.engine));
		usleep(1000);
	}
	return NULL;
}

/* ---- a run ---- */

static void prepare(SSL_CTX *ssl[2])
{
	struct itimerspec every = { { 0, TICK * 1000000 }, { 0, TICK * 1000000 } };

	w.file = memfd_create("bytes", MFD_CLOEXEC);
	w.short_file = memfd_create("short", MFD_CLOEXEC);
	w.key_file = memfd_create("key", MFD_CLOEXEC);
	CHECK(!ftruncate(w.file, BYTES) && !ftruncate(w.short_file, 5000));
	CHECK(!ftruncate(w.key_file, 80));
	w.bytes = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, w.file, 0);
	CHECK(w.bytes != MAP_FAILED);
	w.closed_fd = dup(w.file);
	w.closed_fd = fcntl(w.closed_fd, F_DUPFD_CLOEXEC, 900);
	close(w.closed_fd);
	w.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	CHECK(w.timer >= 0 && !timerfd_settime(w.timer, 0, &every, NULL));
	for (int i = 0; i < 2; i++) {
		struct tlsring_ctx_options options = { .size = sizeof(options),
						       .when = (enum tlsring_when)draw(4),
						       .early_data = draw(2) };

		ssl[i] = peer_ctx(!i, draw(2) ? NULL : "ECDHE-ECDSA-AES128-GCM-SHA256");
		EQ(tlsring_ctx_new(&w.ctx[i], ssl[i], &options), 0);
	}
}

struct life {
	enum tlsring_io io;
	uint64_t seed;
};

static void run(const void *user)
{
	const struct life *life = user;
	struct tlsring_engine_options options = { .size = sizeof(options), .io = life->io,
						  .handshake_timeout = 500, .idle_timeout = 500 };
	SSL_CTX *ssl[2];
	pthread_t thread;
	uint16_t port;
	int listener = peer_listen(&port);

	w.random = life->seed * 0x9e3779b97f4a7c15u | 1;
	prepare(ssl);
	w.addr.sin_family = AF_INET;
	w.addr.sin_port = htons(port);
	w.addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w.engine = service_engine(&options);
	EQ(tlsring_engine_listen(w.engine, w.ctx[0], listener, handlers_any(), &w), 0);
	EQ(tlsring_engine_poll(w.engine, w.timer, POLLIN, tick, NULL), 0);
	ticket_keys();
	CHECK(!pthread_create(&thread, NULL, beside, NULL));
	EQ(tlsring_engine_run(w.engine), 0);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	CHECK(!pthread_join(thread, NULL));
	tlsring_engine_free(w.engine);
	for (int i = 0; i < CONNS; i++)
		CHECK(!w.ends[i].conn);
	CHECK(w.ended >= w.opened);
	printf("# seed %llu: %d opened, %d ended\n", (unsigned long long)life->seed, w.opened,
	       w.ended);
	for (int i = 0; i < 2; i++) {
		tlsring_ctx_free(w.ctx[i]);
		SSL_CTX_free(ssl[i]);
	}
	munmap(w.bytes, BYTES);
}

/* Each seed in a process of its own. */
static void each(enum tlsring_io io)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };
	const char *lab = getenv("TLSRING_LAB"), *only = getenv("TLSRING_SEED");
	unsigned long from = 1, seeds = lab ? strtoul(lab, NULL, 10) : 8;
	int failures = 0;

	tlsring_engine_free(service_engine(&options));
	if (only) {
		from = strtoul(only, NULL, 10);
		seeds = 1;
	}
	for (unsigned long seed = from; seed < from + seeds; seed++) {
		int status = child_run(run, &(struct life){ io, seed });

		if (status)
			printf("# TLSRING_SEED=%lu ended with %#x\n", seed, (unsigned)status);
		failures += status != 0;
	}
	EQ(failures, 0);
}

TEST_DEADLINE(ring, 24 * 3600)
{
	each(TLSRING_IO_URING);
}

TEST_DEADLINE(epoll, 24 * 3600)
{
	each(TLSRING_IO_EPOLL);
}
