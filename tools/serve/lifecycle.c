// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/serve/cleartext/cleartext.h"
#include "tools/serve/lifecycle.h"
#include "tools/serve/reload.h"
#include "tools/serve/server.h"
#include "tools/serve/systemd.h"
#include "tools/serve/threads.h"
#include "tools/serve/upgrade.h"
#include "tools/tools.h"

#define LIFECYCLE_GRACE	10000		/* msecs that responses under way have at a stop */
#define LIFECYCLE_DRAIN	3600000		/* msecs that connections have at an upgrade */
#define LIFECYCLE_DAY	86400000u

struct lifecycle {
	struct server *serve;
	unsigned running;		/* threads */
	bool stopping;			/* by a signal, or because a thread failed */
	bool drained;			/* a successor has our sockets */
	pid_t successor;		/* process that is being started; 0: none */
	int ready;			/* where the successor says that it serves; -1: none */
	uint64_t warn;			/* when to warn of certificates again, msecs */
	uint64_t ping;			/* when to notify the watchdog, msecs */
	unsigned watchdog;		/* msecs between its pings; 0: there is none */
};

static uint64_t lifecycle_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void lifecycle_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGUSR2);
}

void lifecycle_block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	lifecycle_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ---- ending ---- */

/* The first signal lets responses under way finish, the second does not. */
static void lifecycle_stop(struct lifecycle *l)
{
	if (l->stopping)
		log_line("stopping at once");
	else
		log_line("stopping; answers under way have %u s, a second signal ends them",
			 LIFECYCLE_GRACE / 1000);
	/* A successor that does not serve yet would outlive us. */
	if (l->successor)
		kill(l->successor, SIGTERM);
	systemd_notify("STOPPING=1");
	threads_stop(l->serve, l->stopping ? 0 : LIFECYCLE_GRACE);
	l->stopping = true;
}

static void lifecycle_thread_ended(struct lifecycle *l)
{
	uint64_t count = 0;

	if (read(l->serve->done, &count, sizeof(count)) != sizeof(count))
		return;
	l->running -= count < l->running ? (unsigned)count : l->running;
	/* A thread that ended by itself ends the server. */
	if (!l->stopping && !l->drained) {
		threads_stop(l->serve, LIFECYCLE_GRACE);
		l->stopping = true;
	}
}

/* ---- the successor ---- */

static void lifecycle_upgrade(struct lifecycle *l)
{
	if (l->stopping || l->drained || l->successor)
		return;
	l->successor = upgrade_start(l->serve, &l->ready);
	if (l->successor > 0) {
		log_line("upgrade: process %d is being started", (int)l->successor);
		return;
	}
	log_line("upgrade: cannot start another process: %s", strerror(-l->successor));
	l->successor = 0;
}

static void lifecycle_successor(struct lifecycle *l)
{
	char byte;

	if (read(l->ready, &byte, 1) == 1) {
		log_line("upgrade: process %d serves; connections here are drained",
			 (int)l->successor);
		systemd_notify("MAINPID=%d", (int)l->successor);
		l->drained = true;
		cleartext_stop(l->serve->cleartext);
		l->serve->cleartext = NULL;
		telemetry_retire(l->serve->telemetry);
		threads_drain(l->serve, LIFECYCLE_DRAIN);
	} else {
		log_line("upgrade: the new process did not start; this one serves on");
	}
	close(l->ready);
	l->ready = -1;
	l->successor = 0;
}

/* ---- events ---- */

static void lifecycle_signal(struct lifecycle *l, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP:
		if (!l->drained)
			reload_run(l->serve);
		break;
	case SIGUSR1:
		telemetry_reopen(l->serve->telemetry);
		break;
	case SIGUSR2:
		lifecycle_upgrade(l);
		break;
	default:
		lifecycle_stop(l);
	}
}

/* Do what is due. Returns msecs until the next thing is. */
static int lifecycle_clock(struct lifecycle *l)
{
	uint64_t now = lifecycle_now(), next;
	struct hosts *hosts;

	if (now >= l->warn) {
		hosts = hosts_current_get(l->serve->current);
		hosts_warn(hosts);
		hosts_put(hosts);
		l->warn = now + LIFECYCLE_DAY;
	}
	if (l->watchdog && now >= l->ping) {
		systemd_notify("WATCHDOG=1");
		l->ping = now + l->watchdog;
	}
	next = l->watchdog && l->ping < l->warn ? l->ping : l->warn;
	return (int)(next - now);
}

static void lifecycle_turn(struct lifecycle *l, int signals)
{
	struct pollfd polls[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = l->serve->done, .events = POLLIN },
		{ .fd = l->ready, .events = POLLIN },
	};

	if (poll(polls, sizeof(polls) / sizeof(polls[0]), lifecycle_clock(l)) <= 0)
		return;
	if (polls[0].revents)
		lifecycle_signal(l, signals);
	if (polls[1].revents)
		lifecycle_thread_ended(l);
	if (polls[2].revents)
		lifecycle_successor(l);
}

int lifecycle_run(struct server *s)
{
	struct lifecycle l = { .serve = s, .running = s->thread_count, .ready = -1,
			       .watchdog = systemd_watchdog() };
	sigset_t set;
	int signals;

	lifecycle_signals(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) {
		log_line("cannot wait for signals: %s", strerror(errno));
		threads_stop(s, 0);
		return TOOLS_FAILED;
	}
	l.warn = lifecycle_now() + LIFECYCLE_DAY;
	systemd_notify("READY=1\nMAINPID=%d", (int)getpid());
	upgrade_ready();
	while (l.running)
		lifecycle_turn(&l, signals);
	if (l.ready >= 0)
		close(l.ready);
	close(signals);
	return threads_join(s);
}
