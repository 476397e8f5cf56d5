// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "tools/common/clock.h"
#include "tools/common/log.h"
#include "tools/common/number.h"
#include "tools/get/progress.h"

#define PROGRESS_LINE	256
#define PROGRESS_SMOOTH	0.3	/* weight of the newest rate */

static double progress_now(void)
{
	return (double)clock_ns(CLOCK_MONOTONIC) / 1e9;
}

void progress_init(struct progress *p, bool on)
{
	*p = (struct progress){ .on = on };
}

void progress_start(struct progress *p, const char *name, uint64_t done, uint64_t total)
{
	double now = progress_now();

	*p = (struct progress){ .name = name,
				.begun = done,
				.done = done,
				.total = total,
				.last = done,
				.start = now,
				.sampled = now,
				.on = p->on,
				.shown = p->shown };
}

static const char *progress_eta(const struct progress *p, char buf[24])
{
	double left = p->total == PROGRESS_UNKNOWN || p->rate < 1 ?
			      1e9 :
			      (double)(p->total - p->done) / p->rate;

	if (left >= 360000)
		return "-:--";
	if (left >= 3600)
		snprintf(buf, 24, "%d:%02d:%02d", (int)left / 3600, (int)left / 60 % 60,
			 (int)left % 60);
	else
		snprintf(buf, 24, "%d:%02d", (int)left / 60, (int)left % 60);
	return buf;
}

static unsigned progress_width(void)
{
	struct winsize size;
	unsigned width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;

	if (!width)
		width = 80;
	return width < PROGRESS_LINE ? width : PROGRESS_LINE;
}

/* Numbers are aligned on the right; the name and the bar share the rest of the line. */
static void progress_draw(struct progress *p)
{
	char numbers[96], bar[PROGRESS_LINE], line[2 * PROGRESS_LINE], done[NUMBER_BYTES],
		rate[NUMBER_BYTES], eta[24], name[64];
	double part =
		p->total && p->total != PROGRESS_UNKNOWN ? (double)p->done / (double)p->total : 0;
	unsigned width = progress_width() - 1, room, fill;
	int len;

	if (p->total == PROGRESS_UNKNOWN)
		len = snprintf(numbers, sizeof(numbers), "%9s %9s/s", number_bytes(p->done, done),
			       number_bytes((uint64_t)p->rate, rate));
	else
		len = snprintf(numbers, sizeof(numbers), "%3d%% %9s %9s/s ETA %7s",
			       (int)(part * 100), number_bytes(p->done, done),
			       number_bytes((uint64_t)p->rate, rate), progress_eta(p, eta));
	log_quote(name, 28, p->name, strlen(p->name));
	room = width > (unsigned)len + strlen(name) + 5 ?
		       width - (unsigned)len - (unsigned)strlen(name) - 5 :
		       0;
	fill = (unsigned)(part * room);
	for (unsigned i = 0; i < room; i++)
		bar[i] = i < fill ? '=' : i == fill && fill ? '>' : ' ';
	bar[room] = '\0';
	len = snprintf(line, sizeof(line), room ? "\r\033[K%s [%s] %s" : "\r\033[K%s%s %s", name,
		       bar, numbers);
	/* A failure cannot be reported: standard error is what failed. */
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		p->on = false;
	p->shown = true;
}

void progress_update(struct progress *p, uint64_t done)
{
	double now = progress_now(), passed = now - p->sampled;

	if (!p->on || !p->name)
		return;
	p->done = done;
	if (passed > 0.05) {
		double newest = (double)(done - p->last) / passed;

		p->rate = p->rate ? p->rate + PROGRESS_SMOOTH * (newest - p->rate) : newest;
		p->last = done;
		p->sampled = now;
	}
	progress_draw(p);
}

void progress_hide(struct progress *p)
{
	static const char clear[] = "\r\033[K";

	if (p->shown && write(STDERR_FILENO, clear, sizeof(clear) - 1) < 0)
		p->on = false;
	p->shown = false;
}

void progress_end(struct progress *p, bool done)
{
	double passed = progress_now() - p->start;
	char size[NUMBER_BYTES], rate[NUMBER_BYTES], name[96];

	progress_hide(p);
	if (p->on && p->name && done)
		log_line("%s: %s, %s/s", log_quote(name, sizeof(name), p->name, strlen(p->name)),
			 number_bytes(p->done, size),
			 number_bytes((uint64_t)((double)(p->done - p->begun) /
						 (passed > 0.001 ? passed : 0.001)),
				      rate));
	p->name = NULL;
}
