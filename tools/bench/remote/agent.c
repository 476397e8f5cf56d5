// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/bench/machine/manifest.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/agent.h"
#include "tools/bench/remote/message.h"
#include "tools/bench/setup.h"
#include "tools/common/listen.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define AGENT_LISTENERS	64

/* A control connection and the server that its client has asked for. */
struct agent {
	const struct bench_options *own;	/* of this process */
	const volatile sig_atomic_t *interrupted;
	int fd;				/* the control connection */
	struct sockaddr_storage at;	/* where servers listen */
	struct bench_options options;	/* as the client asked */
	struct bench_setup setup;
	bool ready;			/* setup is filled in */
	struct bench_server server;
	bool serves;
	unsigned switched;		/* flags of features that are off for this run */
};

/* ---- the NIC's offload, off while the kernel is to seal ---- */

enum { AGENT_THERE = 1, AGENT_TX = 2, AGENT_RX = 4 };

static const struct {
	const char *name;
	unsigned on;
	enum bench_direction without;	/* a direction that does without it */
} agent_features[] = {
	{ "tls-hw-tx-offload", AGENT_TX, BENCH_RECEIVE },
	{ "tls-hw-rx-offload", AGENT_RX, BENCH_SEND },
};
#define AGENT_FEATURES	(sizeof(agent_features) / sizeof(agent_features[0]))

/* Flags of the device of that name; 0: go on. */
static int agent_device(const struct tlsring_device *device, void *user)
{
	if (strcmp(device->name, user))
		return 0;
	return AGENT_THERE | (device->tx_on ? AGENT_TX : 0) | (device->rx_on ? AGENT_RX : 0);
}

static int agent_check(const char *nic)
{
	if (!nic || tlsring_report_devices(agent_device, (void *)nic) > 0)
		return 0;
	log_line("--nic %s: no network card of this name can offload TLS; `tlsring doctor --nic "
		 "%s` says why",
		 nic, nic);
	return TOOLS_FAILED;
}

static int agent_switch_off(struct agent *agent, const struct bench_mode *mode)
{
	int on, ret = 0;

	if (!agent->own->nic || mode->seal == BENCH_NIC)
		return 0;
	on = tlsring_report_devices(agent_device, (void *)agent->own->nic);
	for (size_t i = 0; i < AGENT_FEATURES && on > 0 && !ret; i++) {
		if (!((unsigned)on & agent_features[i].on) ||
		    agent_features[i].without == agent->options.direction)
			continue;
		ret = tlsring_device_switch(agent->own->nic, agent_features[i].name, false);
		agent->switched |= ret ? 0 : agent_features[i].on;
	}
	return ret;
}

static void agent_switch_on(struct agent *agent)
{
	for (size_t i = 0; i < AGENT_FEATURES; i++)
		if ((agent->switched & agent_features[i].on) &&
		    tlsring_device_switch(agent->own->nic, agent_features[i].name, true))
			log_line("cannot switch %s of %s on again", agent_features[i].name,
				 agent->own->nic);
	agent->switched = 0;
}

/* ---- questions ---- */

static void agent_stop(struct agent *agent)
{
	if (agent->serves)
		bench_server_stop(&agent->server);
	agent->serves = false;
	agent_switch_on(agent);
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
		if (bench_setup_open(&agent->setup, &agent->options, agent->interrupted)) {
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
		ret = agent_switch_off(agent, mode);
	if (!ret) {
		ret = bench_server_start(&agent->server, &agent->setup, mode);
		agent->serves = true;
	}
	return json_pack("{s:i, s:i}", "result", ret, "port",
			 ret ? 0 : ntohs(((struct sockaddr_in *)&agent->server.address)->sin_port));
}

static json_t *agent_answer(struct agent *agent, json_t *question)
{
	const char *word = json_string_value(json_object_get(question, "ask"));
	struct bench_report report = { 0 };
	struct bench_snapshot look = { 0 };

	if (word && !strcmp(word, "manifest"))
		return bench_manifest(bench_options_manifest(agent->own));
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

/* Wait for a question. False: interrupted. */
static bool agent_wait(const struct agent *agent)
{
	struct pollfd wait = { .fd = agent->fd, .events = POLLIN };

	/* Wakes every second, as a signal may come just before poll(). */
	while (!*agent->interrupted)
		if (poll(&wait, 1, 1000) > 0)
			return true;
	return false;
}

void bench_agent_serve(const struct bench_options *own, int fd, const struct sockaddr_storage *at,
		 const volatile sig_atomic_t *interrupted)
{
	struct agent agent = { .own = own, .interrupted = interrupted, .fd = fd, .at = *at };
	int one = 1, ret = 0;
	json_t *question;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	while (!ret && agent_wait(&agent) && (question = bench_message_receive(fd))) {
		ret = bench_message_send(fd, agent_answer(&agent, question));
		json_decref(question);
	}
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
static void agent_accept(const struct bench_options *own, int listener,
			 const volatile sig_atomic_t *interrupted)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (!getsockname(fd, (struct sockaddr *)&at, &len))
		bench_agent_serve(own, fd, &at, interrupted);
	close(fd);
}

int bench_agent_listen(const struct bench_options *options,
		       const volatile sig_atomic_t *interrupted)
{
	struct listen_set set = { .threads = 1, .setting = "listen" };
	struct pollfd fds[AGENT_LISTENERS];
	unsigned count = 0;
	int ret = agent_check(options->nic);

	if (!ret)
		ret = listen_add(&set, options->listen);
	if (!ret) {
		count = agent_listeners(fds, &set);
		agent_announce(options->listen, &set);
	}
	while (!ret && !*interrupted) {
		if (poll(fds, count, 1000) <= 0)
			continue;
		for (unsigned i = 0; i < count; i++)
			if (fds[i].revents)
				agent_accept(options, fds[i].fd, interrupted);
	}
	listen_close(&set);
	return ret;
}
