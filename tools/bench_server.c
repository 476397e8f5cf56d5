// SPDX-License-Identifier: MIT
#include <errno.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench_far.h"

/* ---- inside it ---- */

static uint64_t child_cpu(void)
{
	struct timespec cpu;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

void bench_child_note(struct bench_child *child, const struct tlsring_info *info)
{
	child->report.paths[info->tx.path]++;
	if (info->tx.reason)
		child->report.why = info->tx.reason;
	if (child->installs && info->install_ns)
		hdr_record_value(child->installs, (int64_t)info->install_ns);
}

static void child_installs(struct bench_installs *out, struct hdr_histogram *h)
{
	*out = (struct bench_installs){
		.count = (uint64_t)h->total_count, .mean = h->total_count ? (uint64_t)hdr_mean(h) : 0,
		.p50 = (uint64_t)hdr_value_at_percentile(h, 50), .p99 = (uint64_t)hdr_value_at_percentile(h, 99),
	};
	hdr_reset(h);
}

/* What answering takes is not what serving takes. */
static void child_usage(struct bench_child *child)
{
	uint64_t start = child_cpu();

	child->report.cpu = start - child->spent;
	if (child->installs)
		child_installs(&child->report.installs, child->installs);
	/* What is free does not count: handshakes and the process it was forked from have left much of it. */
	if (child->mode->shake == BENCH_IDLE)
		child->report.memory = bench_health_memory();
	if (child->mode->shake == BENCH_SOAK) {
		bench_health_look(&child->report.health);
		child->report.health.rekeys = child->rekeys;
	}
	child->spent += child_cpu() - start;
}

bool bench_child_asked(struct bench_child *child)
{
	char question;

	if (read(child->control, &question, 1) != 1)
		return false;
	if (child->program)
		child->report.result = bench_program_usage(child);
	else
		child_usage(child);
	bench_counters_read(&child->counters, &child->report.counted);
	return write(child->control, &child->report, sizeof(child->report)) == sizeof(child->report);
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
		child->installs = bench_histogram_new();
		ret = child->installs ? 0 : -ENOMEM;
	}
	if (mode->shake == BENCH_SOAK)
		child->rekeys = mode->seal == BENCH_USER || bench_health_rekeys();
	if (bench_mode_new(mode))
		bench_setup_tickets(child->setup);
	if (!ret && (mode->seal >= BENCH_KERNEL || (mode->way == BENCH_ENGINE && !mode->program)))
		ret = tlsring_ctx_new(&child->ctx, child->setup->server, &options);
	if (!ret)
		ret = mode->program ? bench_program_serve(child) :
		      mode->way == BENCH_ENGINE ? bench_engine_serve(child) : bench_loop_serve(child);
	tlsring_ctx_free(child->ctx);
	bench_counters_close(&child->counters);
	hdr_close(child->installs);
	child->installs = NULL;
	return ret;
}

/* Ends with the parent, and by the parent: Ctrl-C is for that one to handle. Who has a program to end, and its
 * files to remove, sees that the control socket was closed, and must live to do so. */
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
	/* Who could not serve says so. */
	while (child->report.result && bench_child_asked(child))
		;
	exit(0);
}

/* ---- outside ---- */

/* Another program listens by itself, on a port that is kept for it: both must say SO_REUSEADDR. */
static int server_listen(struct bench_server *server, const struct bench_setup *setup, bool listens, int *out)
{
	struct sockaddr_storage address = setup->listen;
	socklen_t len = address.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP), one = 1, error;

	((struct sockaddr_in *)&address)->sin_port = 0;
	*out = fd;
	if (fd >= 0 && (listens || !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))) &&
	    !bind(fd, (struct sockaddr *)&address, len) && (!listens || !listen(fd, 512)) &&
	    !getsockname(fd, (struct sockaddr *)&server->address, &len))
		return 0;
	error = errno;
	if (fd >= 0)
		close(fd);
	return -error;
}

int bench_server_start(struct bench_server *server, const struct bench_setup *setup, const struct bench_mode *mode)
{
	struct bench_child child = { .setup = setup, .mode = mode, .counters.events = { -1, -1 } };
	int control[2], ret = 0;

	*server = (struct bench_server){ .pid = -1, .control = -1, .far = setup->far };
	if (server->far >= 0)
		return bench_far_start(server, setup, mode);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control))
		return -errno;
	server->control = control[0];
	child.control = control[1];
	ret = server_listen(server, setup, !mode->program, &child.listener);
	if (ret)
		goto out;
	/* What waits to be written must not be written twice. */
	fflush(NULL);
	server->pid = fork();
	if (!server->pid) {
		close(control[0]);
		child_main(&child);
	}
	ret = server->pid < 0 ? -errno : 0;
	close(child.listener);
out:
	close(control[1]);
	return ret;
}

int bench_server_ask(const struct bench_server *server, struct bench_report *report)
{
	ssize_t got;

	if (server->far >= 0)
		return bench_far_ask(server, report);
	if (send(server->control, "?", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	do
		got = recv(server->control, report, sizeof(*report), MSG_WAITALL);
	while (got < 0 && errno == EINTR);
	return got == sizeof(*report) ? report->result : got < 0 ? -errno : -ECHILD;
}

void bench_server_stop(struct bench_server *server)
{
	if (server->far >= 0)
		bench_far_stop(server);
	if (server->control >= 0)
		close(server->control);
	if (server->pid > 0)
		while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
			;
	*server = (struct bench_server){ .pid = -1, .control = -1, .far = -1 };
}
