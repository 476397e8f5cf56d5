// SPDX-License-Identifier: MIT
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "tools/stat/watch.h"

#define WATCH_ENTER	"\033[?1049h\033[?25l"	/* the alternate screen, without a cursor */
#define WATCH_LEAVE	"\033[?25h\033[?1049l"
#define WATCH_HOME	"\033[H"
#define WATCH_NEXT	"\033[K\n"	/* clear to the end of the line */
#define WATCH_REST	"\033[K\033[J"

static const int watch_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };

static void watch_mask(sigset_t *out)
{
	sigemptyset(out);
	for (size_t i = 0; i < sizeof(watch_signals) / sizeof(watch_signals[0]); i++)
		sigaddset(out, watch_signals[i]);
}

static void watch_measure(struct watch *w)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	w->width = size.ws_col;
	w->height = size.ws_row;
}

static void watch_enter(struct watch *w)
{
	struct termios raw = w->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(WATCH_ENTER, stdout);
	fflush(stdout);
}

static void watch_leave(struct watch *w)
{
	fputs(WATCH_LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &w->before);
}

void watch_open(struct watch *w, bool page)
{
	sigset_t mask;

	*w = (struct watch){ .signal_fd = -1 };
	watch_measure(w);
	if (!page || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &w->before))
		return;
	watch_mask(&mask);
	w->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signal_fd < 0)
		return;
	sigprocmask(SIG_BLOCK, &mask, NULL);
	w->terminal = true;
	watch_enter(w);
}

bool watch_show(const struct watch *w, const char *text, size_t len)
{
	const char *end = text + len;

	fputs(WATCH_HOME, stdout);
	for (unsigned line = 1; text < end; line++) {
		size_t left = (size_t)(end - text), used = strcspn(text, "\n");

		used = used < left ? used : left;
		fprintf(stdout, "%.*s", (int)used, text);
		text += used + (used < left);
		/* A line feed in the last line would scroll. */
		if (line == w->height || text == end)
			break;
		fputs(WATCH_NEXT, stdout);
	}
	fputs(WATCH_REST, stdout);
	return !fflush(stdout) && !ferror(stdout);
}

/* Stop or end as if the signal had not been caught. */
static void watch_obey(struct watch *w, int signal)
{
	sigset_t one;

	watch_leave(w);
	sigemptyset(&one);
	sigaddset(&one, signal);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* SIGCONT came after a SIGTSTP; the others do not return. */
	sigprocmask(SIG_BLOCK, &one, NULL);
	watch_enter(w);
}

static int watch_signalled(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signal_fd, &info, sizeof(info)) != sizeof(info))
		return WATCH_TICK;
	if (info.ssi_signo != SIGWINCH)
		watch_obey(w, (int)info.ssi_signo);
	watch_measure(w);
	return WATCH_RESIZED;
}

int watch_wait(struct watch *w, double seconds)
{
	struct pollfd fds[2] = {
		{ .fd = w->terminal ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = w->signal_fd, .events = POLLIN },
	};
	struct timespec timeout = { .tv_sec = (time_t)seconds };
	char key;

	timeout.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
	if (ppoll(fds, 2, &timeout, NULL) <= 0)
		return WATCH_TICK;
	if (fds[1].revents)
		return watch_signalled(w);
	/* The terminal is gone. */
	if (read(STDIN_FILENO, &key, 1) != 1)
		return WATCH_END;
	return key;
}

void watch_close(struct watch *w)
{
	if (w->terminal)
		watch_leave(w);
	if (w->signal_fd >= 0)
		close(w->signal_fd);
	w->signal_fd = -1;
	w->terminal = false;
}
