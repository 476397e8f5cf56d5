// SPDX-License-Identifier: MIT
#include <errno.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "tools/bench/client/samples.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/server/child.h"
#include "tools/bench/server/engine.h"
#include "tools/bench/server/epoll.h"
#include "tools/bench/server/program.h"
#include "tools/bench/server/server.h"
#include "tools/bench/server/threads.h"

#define SERVER_TRIES	1000	/* to find ports in a row */

/* ---- the process ---- */

static void server_tickets(const struct bench_setup *s)
{
	SSL_CTX_clear_options(s->server, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(s->server, 1);
}

static int child_serve(struct bench_child *child)
{
	const struct bench_mode *mode = child->mode;
	struct tlsring_ctx_options options = {
		.size = sizeof(options), .zerocopy = mode->way == BENCH_ZEROCOPY,
		.offload = mode->seal == BENCH_USER ? TLSRING_OFFLOAD_OFF : TLSRING_OFFLOAD_AUTO,
	};
	int ret = 0;

	if (!mode->program)
		bench_counters_open(&child->counters, getpid(), false);
	if (bench_mode_installs(mode)) {
		child->installs = bench_samples_histogram();
		ret = child->installs ? 0 : -ENOMEM;
	}
	if (mode->lifetime == BENCH_SOAK)
		child->rekeys = mode->seal == BENCH_USER || bench_health_rekeys();
	if (bench_mode_new(mode))
		server_tickets(child->setup);
	if (!ret && (mode->seal >= BENCH_KERNEL || (mode->way == BENCH_ENGINE && !mode->program)))
		ret = tlsring_ctx_new(&child->ctx, child->setup->server, &options);
	if (!ret)
		ret = mode->program ? bench_program_serve(child) :
				      bench_threads_serve(child, mode->way == BENCH_ENGINE ?
									 bench_engine_serve :
									 bench_epoll_serve);
	tlsring_ctx_free(child->ctx);
	bench_counters_close(&child->counters);
	hdr_close(child->installs);
	child->installs = NULL;
	return ret;
}

/* Ignores SIGINT, which the parent handles. Is killed with the parent, unless it has another
 * program and its files to clean up: then it ends when the control socket is closed. */
static void child_main(struct bench_child *child)
{
	if (child->mode->program) {
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
	} else {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	child->report.result = child_serve(child);
	/* Could not serve: answer questions with the error. */
	while (child->report.result && bench_child_asked(child))
		;
	exit(0);
}

/* ---- its parent ---- */

/* Another program listens by itself, on a port that is bound here without listening: both set
 * SO_REUSEADDR. */
static int server_bind(struct sockaddr_storage *address, bool listens)
{
	socklen_t len = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
							 sizeof(struct sockaddr_in);
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			IPPROTO_TCP),
	    one = 1, error;

	if (fd >= 0 && (listens || !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))) &&
	    !bind(fd, (struct sockaddr *)address, len) && (!listens || !listen(fd, 512)) &&
	    !getsockname(fd, (struct sockaddr *)address, &len))
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	return -error;
}

static void server_unlisten(struct bench_child *child)
{
	for (unsigned i = 0; i < BENCH_THREADS_MAX && child->listeners[i] >= 0; i++) {
		close(child->listeners[i]);
		child->listeners[i] = -1;
	}
}

/* Bind any port and the next ones. */
static int server_listen_once(struct bench_server *server, struct bench_child *child)
{
	struct sockaddr_storage address = child->setup->listen;
	in_port_t *port = &((struct sockaddr_in *)&address)->sin_port;

	*port = 0;
	for (unsigned i = 0; i < server->ports; i++) {
		/* After port 65535 comes 0. */
		if (i && !*port)
			return -EADDRINUSE;
		child->listeners[i] = server_bind(&address, !child->mode->program);
		if (child->listeners[i] < 0)
			return child->listeners[i];
		server->address = i ? server->address : address;
		*port = htons((uint16_t)(ntohs(*port) + 1));
	}
	child->listener = child->listeners[0];
	return 0;
}

static int server_listen(struct bench_server *server, struct bench_child *child)
{
	int ret = -EADDRINUSE;

	for (unsigned i = 0; i < BENCH_THREADS_MAX; i++)
		child->listeners[i] = -1;
	for (unsigned tries = 0; ret == -EADDRINUSE && tries < SERVER_TRIES; tries++) {
		server_unlisten(child);
		ret = server_listen_once(server, child);
	}
	return ret;
}

int bench_server_start(struct bench_server *server, const struct bench_setup *setup,
		       const struct bench_mode *mode)
{
	struct bench_child child = { .setup = setup, .mode = mode, .counters.events = { -1, -1 },
				     .whole = &child,
				     .lock = PTHREAD_MUTEX_INITIALIZER };
	int control[2], ret = 0;

	*server = (struct bench_server){
		.pid = -1, .control = -1, .elsewhere = setup->elsewhere, .remote = setup->remote,
		.direction = setup->options->direction,
		.ports = bench_mode_ports(mode, setup->options->threads),
	};
	if (server->elsewhere)
		return server->elsewhere->start(server, setup, mode);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control))
		return -errno;
	server->control = control[0];
	child.control = control[1];
	ret = server_listen(server, &child);
	if (ret)
		goto out;
	/* Else the child would write buffered output again. */
	fflush(NULL);
	server->pid = fork();
	if (!server->pid) {
		close(control[0]);
		child_main(&child);
	}
	ret = server->pid < 0 ? -errno : 0;
out:
	server_unlisten(&child);
	close(control[1]);
	return ret;
}

int bench_server_ask(const struct bench_server *server, struct bench_report *report)
{
	ssize_t got;

	if (server->elsewhere)
		return server->elsewhere->ask(server, report);
	if (send(server->control, "?", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	do
		got = recv(server->control, report, sizeof(*report), MSG_WAITALL);
	while (got < 0 && errno == EINTR);
	return got == sizeof(*report) ? report->result : got < 0 ? -errno : -ECHILD;
}

void bench_server_stop(struct bench_server *server)
{
	if (server->elsewhere)
		server->elsewhere->stop(server);
	if (server->control >= 0)
		close(server->control);
	if (server->pid > 0)
		while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
			;
	*server = (struct bench_server){ .pid = -1, .control = -1, .remote = -1 };
}
