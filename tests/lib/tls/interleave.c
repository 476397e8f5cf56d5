// SPDX-License-Identifier: MIT
/*
 * Both ends driven through random schedules: data of any size both ways, cut anywhere on its way,
 * KeyUpdates and hand-overs at any moment, half-close at the end; every byte is compared.
 * SEED=n replays the schedule that a failure names, ROUNDS=n sets how many are tried.
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

#define BUF 20000

/* What the peer's libssl says and hears goes through buffers of ours, which cut it anywhere. */
struct world {
	SSL_CTX *our_ctx, *peer_ctx;
	struct tlsring_ctx *ctx;
	struct tlsring_session *session;
	SSL *ours, *peer;
	BIO *to_peer, *from_peer;
	int fd, peer_fd;
	uint64_t sent[2], got[2];	/* 0: we send, 1: the peer sends */
	size_t unsent;			/* of what tlsring_session_send() must be given again */
	unsigned seed, steps;
	bool server, tls13, handed, rekey, our_end, peer_end;
};

static unsigned roll(struct world *w, unsigned sides)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return (w->seed >> 8) % sides;
}

static void world_open(struct world *w, unsigned seed)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
		"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
	};
	struct tlsring_ctx_options options = { .size = sizeof(options) };
	const char *suite;
	int one = 1;

	*w = (struct world){ .seed = seed };
	w->server = roll(w, 2);
	suite = suites[roll(w, 6)];
	w->tls13 = !strncmp(suite, "TLS_", 4);
	options.directions = roll(w, 4);
	options.offload = roll(w, 8) ? TLSRING_OFFLOAD_AUTO : TLSRING_OFFLOAD_OFF;
	w->rekey = w->tls13 && (!ktls_probe()->ulp || options.offload == TLSRING_OFFLOAD_OFF ||
				(ktls_probe()->rekey_rx && ktls_probe()->rekey_tx));
	w->our_ctx = peer_ctx(w->server, suite);
	w->peer_ctx = peer_ctx(!w->server, suite);
	SSL_CTX_set_num_tickets(w->server ? w->our_ctx : w->peer_ctx, roll(w, 4));
	if (roll(w, 2))
		SSL_CTX_set_session_cache_mode(w->our_ctx, SSL_SESS_CACHE_CLIENT);
	EQ(tlsring_ctx_new(&w->ctx, w->our_ctx, &options), 0);
	peer_sockets(&w->fd, &w->peer_fd);
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(w->peer_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(w->fd, F_SETFL, O_NONBLOCK);
	fcntl(w->peer_fd, F_SETFL, O_NONBLOCK);
	w->ours = SSL_new(w->our_ctx);
	w->peer = SSL_new(w->peer_ctx);
	EQ(tlsring_watch(w->ours), 0);
	SSL_set_fd(w->ours, w->fd);
	w->to_peer = BIO_new(BIO_s_mem());
	w->from_peer = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(w->to_peer, -1);
	SSL_set_bio(w->peer, w->to_peer, w->from_peer);
	w->server ? SSL_set_accept_state(w->ours) : SSL_set_connect_state(w->ours);
	w->server ? SSL_set_connect_state(w->peer) : SSL_set_accept_state(w->peer);
}

static void world_close(struct world *w)
{
	tlsring_session_free(w->session);
	SSL_free(w->peer);
	tlsring_ctx_free(w->ctx);
	SSL_CTX_free(w->our_ctx);
	SSL_CTX_free(w->peer_ctx);
	close(w->fd);
	close(w->peer_fd);
}

/* Carry up to len bytes each way between the peer's libssl and its socket. */
static bool carry(struct world *w, size_t len)
{
	uint8_t buf[BUF];
	bool moved = false;
	ssize_t got = read(w->peer_fd, buf, len < BUF ? len : BUF);
	int out;

	if (got > 0) {
		EQ(BIO_write(w->to_peer, buf, (int)got), got);
		moved = true;
	}
	out = BIO_read(w->from_peer, buf, (int)(len < BUF ? len : BUF));
	if (out > 0) {
		ssize_t put = write(w->peer_fd, buf, (size_t)out);

		/* The schedule keeps less in flight than a socket holds. */
		EQ(put, out);
		moved = true;
	}
	return moved;
}

static void shake(struct world *w)
{
	int ours = -1, peer = 0;

	while (ours || peer != 1) {
		ours = tlsring_handshake(w->ours);
		CHECK(ours >= 0);
		carry(w, 1 + roll(w, 3000));
		peer = SSL_do_handshake(w->peer);
	}
	EQ(tlsring_session_new(&w->session, w->ctx, w->ours, w->fd), 0);
}

static void compare(const uint8_t *buf, size_t len, uint64_t *position, uint64_t limit)
{
	for (size_t i = 0; i < len; i++)
		CHECK(buf[i] == peer_byte(*position + i));
	*position += len;
	CHECK(*position <= limit);
}

static void we_send(struct world *w)
{
	uint8_t buf[BUF];
	size_t len = w->unsent ? w->unsent : 1 + roll(w, roll(w, 2) ? BUF : 50);
	ssize_t put;

	if (w->our_end || w->sent[0] - w->got[0] > 60000)
		return;
	peer_fill(buf, len, w->sent[0]);
	put = tlsring_session_send(w->session, buf, len);
	w->unsent = put == -EAGAIN ? len : 0;
	if (put == -EAGAIN)
		return;
	CHECK(put > 0);
	w->sent[0] += (uint64_t)put;
}

static void we_receive(struct world *w)
{
	uint8_t buf[BUF];
	ssize_t got = tlsring_session_recv(w->session, buf, 1 + roll(w, BUF));

	if (got == -EAGAIN || got == -EINTR)
		return;
	CHECK(got >= 0);
	if (got)
		compare(buf, (size_t)got, &w->got[1], w->sent[1]);
	else
		CHECK(w->peer_end && w->got[1] == w->sent[1]);
}

static void peer_sends(struct world *w)
{
	uint8_t buf[BUF];
	int len = 1 + (int)roll(w, roll(w, 2) ? BUF : 50);

	if (w->peer_end || w->sent[1] - w->got[1] > 60000)
		return;
	peer_fill(buf, (size_t)len, w->sent[1]);
	EQ(SSL_write(w->peer, buf, len), len);
	w->sent[1] += (uint64_t)len;
}

static void peer_receives(struct world *w)
{
	uint8_t buf[BUF];
	int got = SSL_read(w->peer, buf, 1 + (int)roll(w, BUF));

	if (got > 0)
		compare(buf, (size_t)got, &w->got[0], w->sent[0]);
	else if (SSL_get_error(w->peer, got) == SSL_ERROR_ZERO_RETURN)
		CHECK(w->our_end && w->got[0] == w->sent[0]);
	else
		EQ(SSL_get_error(w->peer, got), SSL_ERROR_WANT_READ);
}

static void hand_over(struct world *w)
{
	int ret;

	if (w->handed || w->unsent)
		return;
	ret = tlsring_session_handover(w->session);
	if (ret == -EAGAIN || ret == -EBUSY)
		return;
	EQ(ret, 0);
	w->handed = true;
}

static void update(struct world *w)
{
	int ret;

	if (!w->rekey || w->our_end || w->peer_end || w->unsent)
		return;
	if (roll(w, 2)) {
		ret = tlsring_session_update(w->session, roll(w, 2));
		CHECK(!ret || ret == -EAGAIN);
	} else if (SSL_get_key_update_type(w->peer) == SSL_KEY_UPDATE_NONE) {
		EQ(SSL_key_update(w->peer, roll(w, 2)), 1);
	}
}

/* One schedule. It ends when both have said everything and heard everything. */
static void schedule(unsigned seed)
{
	uint64_t want;
	struct world w;

	world_open(&w, seed);
	shake(&w);
	want = 1 + roll(&w, 300000);
	for (w.steps = 0; ; w.steps++) {
		if (w.steps % 4096 == 4095)
			usleep(10000);	/* TCP may be waiting for one of its timers */
		if (w.steps > 4000000)
			FAIL("nothing moves: sent %llu %llu got %llu %llu, ended %d %d, unsent %zu, handed over %d, tls13 %d, server %d",
			     (unsigned long long)w.sent[0], (unsigned long long)w.sent[1],
			     (unsigned long long)w.got[0], (unsigned long long)w.got[1],
			     w.our_end, w.peer_end, w.unsent, w.handed, w.tls13, w.server);
		switch (roll(&w, 12)) {
		case 0: case 1: we_send(&w); break;
		case 2: case 3: we_receive(&w); break;
		case 4: case 5: peer_sends(&w); break;
		case 6: case 7: peer_receives(&w); break;
		case 8: hand_over(&w); break;
		case 9: update(&w); break;
		default: carry(&w, 1 + roll(&w, roll(&w, 2) ? 10 : 30000));
		}
		if (!w.our_end && w.sent[0] >= want && !w.unsent && tlsring_session_close(w.session) == 0)
			w.our_end = true;
		if (!w.peer_end && w.sent[1] >= want) {
			SSL_shutdown(w.peer);
			w.peer_end = true;
		}
		if (w.our_end && w.peer_end && w.got[0] == w.sent[0] && w.got[1] == w.sent[1])
			break;
	}
	world_close(&w);
}

static unsigned number(const char *name, unsigned fallback)
{
	const char *text = getenv(name);

	return text ? (unsigned)strtoul(text, NULL, 0) : fallback;
}

TEST_DEADLINE(random_schedules, 900)
{
	unsigned most = getenv("TLSRING_SHORT") ? 100 : getenv("TLSRING_RIG") ? 200 : 500;
	unsigned first = number("SEED", 1), rounds = number("SEED", 0) ? 1 : number("ROUNDS", most);

	for (unsigned seed = first; seed < first + rounds; seed++) {
		printf("# SEED=%u\n", seed);
		schedule(seed);
	}
}
