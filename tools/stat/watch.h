/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_STAT_WATCH_H
#define TOOLS_STAT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* A terminal that shows one page again and again, and takes keys. */
struct watch {
	bool terminal;			/* standard input and output are one; else it only waits */
	int signal_fd;
	unsigned width, height;		/* of the terminal; 0: there is none */
	struct termios before;
};

#define WATCH_TICK	0		/* the time is over */
#define WATCH_RESIZED	(-1)
#define WATCH_NOW	' '
#define WATCH_END	'q'

/* Take over the terminal for pages, if there is one and page is set. Call watch_close() before the
 * program ends. */
void watch_open(struct watch *w, bool page);
/* Show a page: as much of text as the terminal has lines. False: it cannot be written. */
bool watch_show(const struct watch *w, const char *text, size_t len);
/* Wait for a key or until seconds are over. WATCH_..., or the key. A signal that ends programs ends
 * this one, after the terminal is as it was. */
int watch_wait(struct watch *w, double seconds);
void watch_close(struct watch *w);

#endif
