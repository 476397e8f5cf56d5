// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/serve/systemd.h"
#include "tools/serve/cleartext/cleartext.h"
#include "tools/serve/server.h"
#include "tools/tools.h"

#define LIFE_GRACE	10000		/* msecs that answers under way have when we stop */
#define LIFE_DRAIN	3600000		/* msecs that they have when another process goes on */
#define LIFE_DAY	86400000u

struct life {
	struct serve *serve;
	unsigned running;		/* engines */
	bool stopping;			/* a signal, or an engine that failed */
	bool drained;			/* a successor has our sockets */
	pid_t successor;		/* that is being started; 0: none */
	int ready;			/* its descriptor; -1 */
	uint64_t warn, ping;		/* when to warn of certificates, to calm the watchdog; msecs */
	unsigned watchdog;		/* msecs between; 0: nobody waits */
};

static uint64_t life_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void life_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGUSR2);
}

void serve_life_block(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	life_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ---- ending ---- */

/* The first signal lets answers under way finish, the second does not. */
static void life_stop(struct life *l)
{
	log_line(l->stopping ? "stopping at once" : "stopping; answers under way have %u s, a second signal ends them",
		 LIFE_GRACE / 1000);
	notify("STOPPING=1");
	serve_engines_stop(l->serve, l->stopping ? 0 : LIFE_GRACE);
	l->stopping = true;
}

static void life_engine_ended(struct life *l)
{
	uint64_t count = 0;

	if (read(l->serve->done, &count, sizeof(count)) != sizeof(count))
		return;
	l->running -= count < l->running ? (unsigned)count : l->running;
	/* One that ends by itself takes the others with it. */
	if (!l->stopping && !l->drained) {
		serve_engines_stop(l->serve, LIFE_GRACE);
		l->stopping = true;
	}
}

/* ---- the successor ---- */

static void life_upgrade(struct life *l)
{
	if (l->stopping || l->drained || l->successor)
		return;
	l->successor = serve_upgrade(l->serve, &l->ready);
	if (l->successor > 0) {
		log_line("upgrade: process %d is being started", (int)l->successor);
		return;
	}
	log_line("upgrade: cannot start another process: %s", strerror(-l->successor));
	l->successor = 0;
}

static void life_successor(struct life *l)
{
	char byte;

	if (read(l->ready, &byte, 1) == 1) {
		log_line("upgrade: process %d serves; connections here are drained", (int)l->successor);
		notify("MAINPID=%d", (int)l->successor);
		l->drained = true;
		cleartext_stop(l->serve->cleartext);
		l->serve->cleartext = NULL;
		telemetry_retire(l->serve->telemetry);
		serve_engines_drain(l->serve, LIFE_DRAIN);
	} else {
		waitpid(l->successor, NULL, 0);
		log_line("upgrade: the new process did not start; this one serves on");
	}
	close(l->ready);
	l->ready = -1;
	l->successor = 0;
}

/* ---- what comes ---- */

static void life_signal(struct life *l, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP:
		if (!l->drained)
			serve_reload(l->serve);
		break;
	case SIGUSR1:
		telemetry_reopen(l->serve->telemetry);
		break;
	case SIGUSR2:
		life_upgrade(l);
		break;
	default:
		life_stop(l);
	}
}

/* Msecs until the next thing is due; does what is. */
static int life_clock(struct life *l)
{
	uint64_t now = life_now(), next;
	struct hosts *hosts;

	if (now >= l->warn) {
		hosts = hosts_current_get(l->serve->current);
		hosts_warn(hosts);
		hosts_put(hosts);
		l->warn = now + LIFE_DAY;
	}
	if (l->watchdog && now >= l->ping) {
		notify("WATCHDOG=1");
		l->ping = now + l->watchdog;
	}
	next = l->watchdog && l->ping < l->warn ? l->ping : l->warn;
	return (int)(next - now);
}

static void life_turn(struct life *l, int signals)
{
	struct pollfd polls[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = l->serve->done, .events = POLLIN },
		{ .fd = l->ready, .events = POLLIN },
	};

	if (poll(polls, sizeof(polls) / sizeof(polls[0]), life_clock(l)) <= 0)
		return;
	if (polls[0].revents)
		life_signal(l, signals);
	if (polls[1].revents)
		life_engine_ended(l);
	if (polls[2].revents)
		life_successor(l);
}

int serve_life(struct serve *s)
{
	struct life l = { .serve = s, .running = s->thread_count, .ready = -1, .watchdog = notify_watchdog() };
	sigset_t set;
	int signals;

	life_signals(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) {
		log_line("cannot wait for signals: %s", strerror(errno));
		serve_engines_stop(s, 0);
		return TOOLS_FAILED;
	}
	l.warn = life_now() + LIFE_DAY;
	notify("READY=1\nMAINPID=%d", (int)getpid());
	serve_upgrade_ready();
	while (l.running)
		life_turn(&l, signals);
	if (l.ready >= 0)
		close(l.ready);
	close(signals);
	return serve_engines_join(s);
}
