// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "tools/bench/client/client.h"
#include "tools/bench/client/connect.h"
#include "tools/bench/client/mix.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/common/clock.h"

#define CLIENT_EVENTS	64
#define CLIENT_BUFFER	(256 * 1024)

/* A call of bench_client_run(). */
struct client_run {
	struct bench_client *client;
	struct bench_samples *samples;
	uint64_t start, until, now;	/* nanoseconds */
	uint64_t made, more;		/* requests made, and still to be made */
	unsigned busy;			/* connections */
	uint8_t *buf;			/* owned */
	/* For an open load: */
	unsigned rate;
	/* owned: wakes it when a request is due; -1: a closed load */
	int timer;
	uint64_t armed;			/* the time that timer is set to */
	/* connections, the one that has been free for longest first */
	struct bench_peer *free, **last;
};

/* ---- opening ---- */

static int client_dial(struct bench_client *client, struct bench_peer *peer)
{
	/* An upload also waits for room in the socket, repeatedly. */
	uint32_t events = client->setup->options->direction ? EPOLLIN | EPOLLOUT | EPOLLET :
							      EPOLLIN;
	struct epoll_event event = { .events = events, .data.ptr = peer };
	int ret = bench_peer_dial(client, peer);

	if (ret)
		return ret;
	peer->state = PEER_ANSWER;
	return fcntl(peer->fd, F_SETFL, O_NONBLOCK) ||
			       epoll_ctl(client->epoll, EPOLL_CTL_ADD, peer->fd, &event) ?
		       -errno :
		       0;
}

int bench_client_dial(struct bench_client *client, unsigned connections)
{
	int ret = 0;

	while (!ret && client->count < connections)
		ret = client_dial(client, &client->peers[client->count++]);
	return ret;
}

/* With TLS 1.3 the ticket comes ahead of the answer. */
static int client_ticket(struct bench_client *client)
{
	struct bench_peer peer;
	char byte;
	int ret = bench_peer_dial(client, &peer);

	if (!ret)
		ret = bench_peer_ask(client, &peer);
	if (!ret && bench_peer_receive(&peer, &byte, 1) != 1)
		ret = -EPIPE;
	if (!ret) {
		client->session = SSL_get1_session(peer.ssl);
		ret = client->session && SSL_SESSION_is_resumable(client->session) ? 0 : -EPROTO;
	}
	bench_peer_end(client, &peer);
	return ret;
}

int bench_client_open(struct bench_client *client, const struct bench_setup *setup,
		      const struct bench_mode *mode, unsigned connections, unsigned which,
		      const struct sockaddr_storage *to)
{
	*client = (struct bench_client){
		.setup = setup, .mode = mode, .to = to, .which = which,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	if (client->epoll < 0)
		return -errno;
	client->peers = calloc(connections, sizeof(*client->peers));
	if (!client->peers)
		return -ENOMEM;
	for (unsigned i = 0; i < connections; i++)
		client->peers[i].fd = -1;
	if (bench_mode_new(mode) || mode->lifetime == BENCH_SOAK)
		client->count = connections;
	if (mode->lifetime == BENCH_RESUMED)
		return client_ticket(client);
	return mode->lifetime == BENCH_LASTING ? bench_client_dial(client, connections) : 0;
}

void bench_client_close(struct bench_client *client)
{
	for (unsigned i = 0; i < client->count; i++)
		bench_peer_end(client, &client->peers[i]);
	free(client->peers);
	SSL_SESSION_free(client->session);
	if (client->epoll >= 0)
		close(client->epoll);
	*client = (struct bench_client){ .epoll = -1 };
}

/* ---- requests ---- */

/* Record the time since from, and update now. */
static void client_sample(struct client_run *run, struct hdr_histogram *histogram, uint64_t from)
{
	run->now = clock_ns(CLOCK_MONOTONIC);
	hdr_record_value(histogram, (int64_t)(run->now - from));
}

/* When the next request of an open load is due. */
static uint64_t client_due(const struct client_run *run)
{
	return run->start + (uint64_t)((double)run->made * 1e9 / run->rate);
}

/* Choose the connection's next request. */
static int client_choose(struct bench_client *client, struct bench_peer *peer)
{
	bool soak = client->mode->lifetime == BENCH_SOAK;
	uint64_t nth = peer->nth++;

	peer->kind = soak ? bench_mix_kind((unsigned)(peer - client->peers), nth, client->asked) :
			    0;
	peer->left = bench_mix_size(bench_options_down(client->setup->options), peer->kind);
	client->asked++;
	if (!soak || !client->rekeys || !bench_mix_update(nth))
		return 0;
	client->updates++;
	return bench_peer_update(peer);
}

static int client_ask(struct client_run *run, struct bench_peer *peer)
{
	uint64_t asked = run->rate ? client_due(run) : clock_ns(CLOCK_MONOTONIC);
	struct bench_client *client = run->client;
	bool dial = peer->fd < 0;
	int ret = dial ? bench_peer_begin(client, peer) : 0;

	if (!ret)
		ret = client_choose(client, peer);
	/* A new connection asks after its handshake. */
	if (!ret && !dial)
		ret = bench_peer_ask(client, peer);
	if (ret)
		return ret;
	peer->asked = asked;
	run->busy++;
	run->made++;
	if (run->more)
		run->more--;
	return 0;
}

static void client_free(struct client_run *run, struct bench_peer *peer)
{
	peer->next = NULL;
	*run->last = peer;
	run->last = &peer->next;
}

/* Send all requests that are due on free connections, then set the timer for the next. */
static int client_ask_due(struct client_run *run)
{
	struct itimerspec when = { 0 };
	uint64_t due = 0;
	int ret = 0;

	while (run->more && run->free && !ret &&
	       (due = client_due(run)) <= clock_ns(CLOCK_MONOTONIC)) {
		struct bench_peer *peer = run->free;

		run->free = peer->next;
		if (!run->free)
			run->last = &run->free;
		ret = client_ask(run, peer);
	}
	if (ret || !run->more || !run->free || due == run->armed)
		return ret;
	run->armed = due;
	when.it_value.tv_sec = (time_t)(due / 1000000000);
	when.it_value.tv_nsec = (long)(due % 1000000000);
	return timerfd_settime(run->timer, TFD_TIMER_ABSTIME, &when, NULL) ? -errno : 0;
}

/* Steps of a connection return 0: go on with the next step; 1: the request is done; -EAGAIN;
 * -errno. */

static int client_shake(struct client_run *run, struct bench_peer *peer)
{
	int ret = bench_peer_shake(run->client, peer);

	if (ret)
		return ret;
	client_sample(run, run->samples->handshakes, peer->asked);
	ret = bench_peer_ask(run->client, peer);
	if (!ret)
		peer->state = PEER_ANSWER;
	return ret;
}

static int client_upload(struct client_run *run, struct bench_peer *peer)
{
	return bench_peer_upload(run->client, peer);
}

/* Received data of an answer. */
static int client_taken(struct client_run *run, struct bench_peer *peer, size_t got)
{
	const struct bench_setup *setup = run->client->setup;
	uint64_t size = bench_mix_size(bench_options_down(setup->options), peer->kind);
	const uint8_t *data = run->buf;
	int head = 0;

	if (peer->head < BENCH_HEAD_END)
		head = bench_peer_head(peer, (const char *)data, got);
	if (head < 0)
		return head;
	data += head;
	got -= (size_t)head;
	if (got > peer->left || (run->client->check &&
				 memcmp(data, setup->map + (size - peer->left), got)))
		return -EBADMSG;
	peer->left -= got;
	return 0;
}

static int client_take(struct client_run *run, struct bench_peer *peer)
{
	int ret = 0;

	while (peer->left && !ret) {
		bool all = peer->left >= CLIENT_BUFFER || peer->head < BENCH_HEAD_END;
		ssize_t got = bench_peer_receive(peer, run->buf,
						 all ? CLIENT_BUFFER : (size_t)peer->left);

		if (got <= 0)
			return got ? (int)got : -EPIPE;
		ret = client_taken(run, peer, (size_t)got);
	}
	if (ret)
		return ret;
	client_sample(run, run->samples->requests, peer->asked);
	if (!bench_mode_new(run->client->mode) && !bench_mix_last(peer->kind))
		return 1;
	peer->state = PEER_END;
	return 0;
}

/* The server closes first, so that TIME_WAIT does not use up the client's ports. */
static int client_end(struct client_run *run, struct bench_peer *peer)
{
	char byte;
	ssize_t got = bench_peer_receive(peer, &byte, 1);

	if (got)
		return got > 0 ? -EPIPE : (int)got;
	bench_peer_end(run->client, peer);
	return 1;
}

/* Between two answers only tickets may come. */
static int client_between(struct bench_peer *peer)
{
	char byte;

	return bench_peer_receive(peer, &byte, 1) == -EAGAIN ? 0 : -EPIPE;
}

static int client_step(struct client_run *run, struct bench_peer *peer)
{
	static int (*const steps[])(struct client_run *, struct bench_peer *) = {
		client_shake, client_upload, client_take, client_end,
	};
	int ret;

	if (peer->state == PEER_ANSWER && !peer->left)
		return client_between(peer);
	do
		ret = steps[peer->state](run, peer);
	while (!ret);
	if (ret < 0)
		return ret == -EAGAIN ? 0 : ret;
	run->busy--;
	if (run->rate) {
		client_free(run, peer);
		return 0;
	}
	return run->more || run->now < run->until ? client_ask(run, peer) : 0;
}

static int client_turn(struct client_run *run)
{
	struct epoll_event events[CLIENT_EVENTS];
	int count = epoll_wait(run->client->epoll, events, CLIENT_EVENTS, BENCH_PATIENCE * 1000),
	    ret = 0;

	if (*run->client->setup->interrupted)
		return -EINTR;
	if (count <= 0)
		return !count ? -ETIMEDOUT : bench_peer_again(run->client) ? 0 : -errno;
	/* The timer only wakes the loop. */
	for (int i = 0; i < count && !ret; i++)
		if (events[i].data.ptr != run)
			ret = client_step(run, events[i].data.ptr);
	return !ret && run->rate ? client_ask_due(run) : ret;
}

static int client_start_closed(struct client_run *run, const struct bench_load *load)
{
	struct bench_client *client = run->client;
	int ret = 0;

	if (!load->requests)
		run->until = run->start + (uint64_t)(load->seconds * 1e9);
	for (unsigned i = 0; i < client->count && !ret; i++)
		if (!load->requests || run->more)
			ret = client_ask(run, &client->peers[i]);
	return ret;
}

/* Edge-triggered, so that it need not be read. */
static int client_start_open(struct client_run *run, const struct bench_load *load)
{
	struct bench_client *client = run->client;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = run };

	if (!load->requests)
		run->more = (uint64_t)ceil(load->seconds * load->rate);
	run->rate = load->rate;
	run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (run->timer < 0 || epoll_ctl(client->epoll, EPOLL_CTL_ADD, run->timer, &event))
		return -errno;
	for (unsigned i = 0; i < client->count; i++)
		client_free(run, &client->peers[i]);
	return client_ask_due(run);
}

int bench_client_run(struct bench_client *client, const struct bench_load *load,
		     struct bench_samples *samples)
{
	struct client_run run = { .client = client, .samples = samples,
				  .start = clock_ns(CLOCK_MONOTONIC), .more = load->requests,
				  .buf = malloc(CLIENT_BUFFER), .timer = -1, .last = &run.free };
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int ret = run.buf ? 0 : -ENOMEM;

	run.now = run.start;
	hdr_reset(samples->requests);
	hdr_reset(samples->handshakes);
	if (!ret)
		ret = load->rate ? client_start_open(&run, load) : client_start_closed(&run, load);
	while ((run.busy || (run.rate && run.more)) && !ret)
		ret = client_turn(&run);
	samples->seconds = (double)(run.now - run.start) / 1e9;
	samples->cpu = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / 1e9;
	if (run.timer >= 0)
		close(run.timer);
	free(run.buf);
	return ret;
}

void bench_client_wire(const struct bench_client *client, uint64_t bytes[2])
{
	memcpy(bytes, client->ended, sizeof(client->ended));
	for (unsigned i = 0; i < client->count; i++)
		if (client->peers[i].fd >= 0)
			bench_peer_wire(bytes, client->peers[i].fd);
}
