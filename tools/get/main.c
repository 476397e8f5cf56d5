// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "tools/get/transfer.h"
#include "tools/common/log.h"
#include "tools/tools.h"

struct get {
	struct get_options options;
	struct get_tls tls;
	struct tlsring_engine *engine;
	struct transfer *transfer;
	sigset_t signals;		/* that end the program */
	int signal_fd, timer_fd;
	int signal;			/* that arrived, or 0 */
};

static void get_await_signal(struct get *g);
static void get_await_tick(struct get *g);

static void get_signalled(int fd, int events, void *user)
{
	struct get *g = user;
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) == sizeof(info)) {
		g->signal = (int)info.ssi_signo;
		transfer_interrupt(g->transfer);
	}
	get_await_signal(g);
}

static void get_ticked(int fd, int events, void *user)
{
	struct get *g = user;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) == sizeof(count))
		transfer_tick(g->transfer);
	get_await_tick(g);
}

static void get_await_signal(struct get *g)
{
	tlsring_engine_poll(g->engine, g->signal_fd, POLLIN, get_signalled, g);
}

static void get_await_tick(struct get *g)
{
	tlsring_engine_poll(g->engine, g->timer_fd, POLLIN, get_ticked, g);
}

static int get_clock(struct get *g)
{
	const struct timespec tick = { .tv_nsec = 1000000000 / TRANSFER_TICKS };
	struct itimerspec ticks = { .it_interval = tick, .it_value = tick };

	g->signal_fd = signalfd(-1, &g->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	g->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (g->signal_fd < 0 || g->timer_fd < 0 || timerfd_settime(g->timer_fd, 0, &ticks, NULL)) {
		log_line("cannot start: %s", strerror(errno));
		return TOOLS_FAILED;
	}
	get_await_signal(g);
	get_await_tick(g);
	return 0;
}

static int get_engine(struct get *g)
{
	struct tlsring_engine_options options = {
		.size = sizeof(options),
		.io = g->options.io,
		.handshake_timeout = 1000 * g->options.timeout,
	};
	int ret = tlsring_engine_new(&g->engine, &options);
	char text[160];

	if (!ret)
		return get_clock(g);
	log_line("cannot start: %s%s", tlsring_strerror(ret, text, sizeof(text)),
		 ret != -EPERM && ret != -ENOSYS ? "" :
		 "; this user may not use io_uring: use --io auto or epoll, see `tlsring doctor`");
	return TOOLS_FAILED;
}

static int get_transfer(struct get *g)
{
	struct transfer *t = g->transfer;
	char text[160];
	int ret;

	*t = (struct transfer){
		.options = &g->options, .engine = g->engine, .tls = &g->tls, .file.fd = -1
	};
	t->stream = file_stream(g->options.output);
	if (t->stream < -1)
		return TOOLS_FAILED;
	progress_init(&t->progress, !g->options.quiet && isatty(STDERR_FILENO) &&
		      !(t->stream >= 0 && isatty(t->stream)));
	transfer_start(t);
	ret = tlsring_engine_run(g->engine);
	if (ret)
		log_line("%s", tlsring_strerror(ret, text, sizeof(text)));
	return ret ? TOOLS_FAILED : (int)t->status;
}

static int get(struct get *g)
{
	int ret;

	/* Signals are read from signal_fd; writing to a closed pipe must fail with EPIPE, not
	 * kill. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&g->signals);
	sigaddset(&g->signals, SIGINT);
	sigaddset(&g->signals, SIGTERM);
	sigaddset(&g->signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &g->signals, NULL);
	g->transfer = calloc(1, sizeof(*g->transfer));
	if (!g->transfer)
		return TOOLS_FAILED;
	g->transfer->stream = -1;
	ret = get_tls_open(&g->tls, &g->options);
	if (!ret)
		ret = get_engine(g);
	return ret ? ret : get_transfer(g);
}

static void get_free(struct get *g)
{
	tlsring_engine_free(g->engine);
	if (g->transfer) {
		file_close(&g->transfer->file);
		url_free(&g->transfer->url);
		if (g->transfer->stream >= 0)
			close(g->transfer->stream);
	}
	free(g->transfer);
	if (g->signal_fd >= 0)
		close(g->signal_fd);
	if (g->timer_fd >= 0)
		close(g->timer_fd);
	get_tls_free(&g->tls);
	get_options_free(&g->options);
}

int get_main(int argc, char **argv)
{
	struct get g = { .signal_fd = -1, .timer_fd = -1 };
	int ret = get_options_parse(&g.options, argc, argv);

	if (!ret)
		ret = get(&g);
	get_free(&g);
	if (g.signal) {
		/* End by the same signal, so that the parent process sees it. */
		signal(g.signal, SIG_DFL);
		raise(g.signal);
		pthread_sigmask(SIG_UNBLOCK, &g.signals, NULL);
	}
	return ret < 0 ? 0 : ret;
}
