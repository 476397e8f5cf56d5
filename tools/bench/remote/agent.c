// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include "tools/bench/machine/manifest.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/agent.h"
#include "tools/bench/remote/message.h"
#include "tools/bench/setup.h"
#include "tools/common/address.h"
#include "tools/common/clock.h"
#include "tools/common/listen.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define AGENT_LISTENERS	64

#define AGENT_PATIENCE	10	/* seconds until the first question, and the secret */

/* A control connection and the server that its client has asked for. */
struct agent {
	struct bench_agent *shared;	/* borrowed */
	int fd;				/* the control connection */
	struct sockaddr_storage at;	/* where servers listen */
	struct bench_options options;	/* as the client asked */
	struct bench_setup setup;
	bool ready;			/* setup is filled in */
	struct bench_server server;
	bool serves;
	char nonce[BENCH_GUARD_HEX];
	bool trusted;			/* the client has the secret, or there is none */
};

/* ---- questions ---- */

static void agent_stop(struct agent *agent)
{
	if (agent->serves)
		bench_server_stop(&agent->server);
	agent->serves = false;
	bench_feature_on(&agent->shared->feature);
}

static void agent_forget(struct agent *agent)
{
	if (agent->ready)
		bench_setup_free(&agent->setup);
	agent->ready = false;
}

/* Keeps the setup of the run before if it fits. */
static int agent_prepare(struct agent *agent, const struct bench_options *wanted)
{
	const struct bench_options *has = &agent->options;

	if (!bench_options_valid(wanted))
		return -EINVAL;
	if (!agent->ready || has->tls != wanted->tls || has->cipher != wanted->cipher ||
	    has->size != wanted->size || has->cache != wanted->cache ||
	    has->connections != wanted->connections) {
		agent_forget(agent);
		agent->options = *wanted;
		agent->ready = true;
		if (bench_setup_open(&agent->setup, &agent->options, agent->shared->interrupted)) {
			agent_forget(agent);
			return wanted->cache == BENCH_COLD ? -EOPNOTSUPP : -ENOMEM;
		}
	}
	agent->options.io = wanted->io;
	agent->options.threads = wanted->threads;
	agent->options.direction = wanted->direction;
	agent->setup.listen = agent->at;
	return 0;
}

static json_t *agent_start(struct agent *agent, json_t *question)
{
	struct bench_options wanted = { 0 };
	const struct bench_mode *mode = NULL;
	const char *name;
	json_int_t size;
	int io, direction = BENCH_SEND, ret = -EBADMSG;

	if (!json_unpack(question, "{s:s, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s?i}", "mode", &name,
			 "tls", (int *)&wanted.tls, "cipher",
			 (int *)&wanted.cipher, "io", &io, "size", &size,
			 "threads", (int *)&wanted.threads,
			 "cache", (int *)&wanted.cache, "connections", (int *)&wanted.connections,
			 "direction", &direction)) {
		mode = bench_mode_find(name);
		wanted.size = (uint64_t)size;
		wanted.io = (enum tlsring_io)io;
		wanted.direction = (enum bench_direction)direction;
		ret = mode && bench_mode_text(mode, wanted.direction) ?
			      agent_prepare(agent, &wanted) :
			      -EINVAL;
	}
	agent_stop(agent);
	if (!ret)
		ret = mode->seal == BENCH_NIC ? 0 : bench_feature_off(&agent->shared->feature,
								      agent->options.direction);
	if (!ret) {
		ret = bench_server_start(&agent->server, &agent->setup, mode);
		agent->serves = true;
	}
	return json_pack("{s:i, s:i}", "result", ret, "port",
			 ret ? 0 : ntohs(((struct sockaddr_in *)&agent->server.address)->sin_port));
}

/* The first question of a client that has the secret: the answer to it must come with the next one.
 */
static json_t *agent_hello(struct agent *agent)
{
	if (!bench_guard_nonce(agent->nonce))
		return NULL;
	return json_pack("{s:s}", "nonce", agent->nonce);
}

static bool agent_trusts(struct agent *agent, const json_t *question)
{
	const char *proof = json_string_value(json_object_get(question, "proof"));

	agent->trusted |= *agent->nonce && bench_guard_proves(&agent->shared->guard, agent->nonce,
							      proof);
	return agent->trusted;
}

/* NULL: the connection is to end. */
static json_t *agent_answer(struct agent *agent, json_t *question)
{
	const char *word = json_string_value(json_object_get(question, "ask"));
	struct bench_report report = { 0 };
	struct bench_snapshot look = { 0 };

	if (word && !strcmp(word, "hello"))
		return agent_hello(agent);
	if (!agent_trusts(agent, question))
		return NULL;
	if (word && !strcmp(word, "manifest"))
		return bench_manifest(bench_options_manifest(agent->shared->own));
	if (word && !strcmp(word, "start"))
		return agent_start(agent, question);
	if (word && !strcmp(word, "report") && agent->serves) {
		report.result = bench_server_ask(&agent->server, &report);
		return bench_message_pack_report(&report);
	}
	if (word && !strcmp(word, "look") && agent->serves) {
		bench_snapshot_take_server(&look, &agent->server);
		return bench_message_pack_snapshot(&look);
	}
	agent_stop(agent);
	return json_object();
}

/* Wait for a question, for so many seconds; 0: without limit. False: there is none,
or a signal came. */
static bool agent_wait(const struct agent *agent, unsigned seconds)
{
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + seconds * UINT64_C(1000000000);
	struct pollfd wait = { .fd = agent->fd, .events = POLLIN };

	/* Wakes every second, as a signal may come just before poll(). */
	while (!*agent->shared->interrupted) {
		if (poll(&wait, 1, 1000) > 0)
			return true;
		if (seconds && clock_ns(CLOCK_MONOTONIC) >= until)
			return false;
	}
	return false;
}

/* False: the connection is to end. */
static bool agent_turn(struct agent *agent, bool first)
{
	json_t *question = NULL, *answer;
	bool on = false;

	if (agent_wait(agent, first || !agent->trusted ? AGENT_PATIENCE : 0))
		question = bench_message_receive(agent->fd, agent->shared->interrupted);
	answer = question ? agent_answer(agent, question) : NULL;
	if (answer)
		on = !bench_message_send(agent->fd, answer);
	json_decref(question);
	return on;
}

void bench_agent_serve(struct bench_agent *shared, int fd, const struct sockaddr_storage *at)
{
	struct agent agent = { .shared = shared, .fd = fd, .at = *at,
			       .trusted = !*shared->guard.secret };
	bool first = true;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	while (agent_turn(&agent, first))
		first = false;
	if (!agent.trusted && !*shared->interrupted)
		log_line("bench: a client did not have the secret of --token");
	agent_stop(&agent);
	agent_forget(&agent);
}

/* ---- connections ---- */

static unsigned agent_listeners(struct pollfd fds[AGENT_LISTENERS], const struct listen_set *set)
{
	unsigned count = 0;

	for (size_t i = 0; i < set->count; i++)
		for (unsigned j = 0; j < set->addresses[i].count && count < AGENT_LISTENERS; j++)
			fds[count++] = (struct pollfd){ .fd = set->addresses[i].fds[j],
							.events = POLLIN };
	return count;
}

/* Prints the port that was chosen if ADDR:0 was given. */
static void agent_announce(const char *text, const struct listen_set *set)
{
	const struct sockaddr_in *address = (const struct sockaddr_in *)&set->addresses[0].address;
	int host = (int)(strrchr(text, ':') - text);

	log_line("bench: listening on %.*s:%u for `tlsring bench --connect`", host, text,
		 ntohs(address->sin_port));
}

/* One client at a time: two would disturb each other's figures. */
static void agent_accept(struct bench_agent *shared, int listener)
{
	struct sockaddr_storage at, peer;
	socklen_t len = sizeof(at), peer_len = sizeof(peer);
	char text[ADDRESS_TEXT];
	int fd = accept4(listener, (struct sockaddr *)&peer, &peer_len, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (!bench_guard_allows(&shared->guard, &peer))
		log_line("bench: %s is not in the list of --allow", address_text(&peer, text));
	else if (!getsockname(fd, (struct sockaddr *)&at, &len))
		bench_agent_serve(shared, fd, &at);
	close(fd);
}

static void agent_run(struct bench_agent *shared, struct listen_set *set)
{
	struct pollfd fds[AGENT_LISTENERS];
	unsigned count = agent_listeners(fds, set);

	agent_announce(shared->own->listen, set);
	while (!*shared->interrupted) {
		if (poll(fds, count, 1000) <= 0)
			continue;
		for (unsigned i = 0; i < count; i++)
			if (fds[i].revents)
				agent_accept(shared, fds[i].fd);
	}
}

int bench_agent_listen(const struct bench_options *options,
		       const volatile sig_atomic_t *interrupted)
{
	struct bench_agent shared = { .own = options, .interrupted = interrupted };
	struct listen_set set = { .threads = 1, .setting = "listen" };
	int ret = bench_guard_open(&shared.guard, options->token, options->allow);

	if (!ret)
		ret = bench_feature_open(&shared.feature, options->nic);
	if (!ret)
		ret = listen_add(&set, options->listen);
	if (!ret)
		agent_run(&shared, &set);
	listen_close(&set);
	OPENSSL_cleanse(&shared.guard, sizeof(shared.guard));
	return ret;
}
