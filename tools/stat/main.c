// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "tools/common/address.h"
#include "tools/common/clock.h"
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/stat/print.h"
#include "tools/stat/snapshot.h"
#include "tools/stat/watch.h"
#include "tools/tools.h"

#define STAT_LINES	20
#define STAT_LINES_MAX	1000000000
#define STAT_WATCH_MIN	0.1	/* seconds */
#define STAT_WATCH_MAX	3600
#define STAT_OTHERS	12	/* lines of a terminal that the summary and devices may have */

struct stat_options {
	struct snapshot_filter filter;
	enum snapshot_order order;
	unsigned lines;		/* 0: all */
	double watch;		/* seconds; 0: one snapshot */
	bool json, prometheus, zeroes;
};

static int stat_set_address(void *out, const struct options_row *row, const char *value)
{
	struct stat_options *o = out;

	if (!address_parse_ip(value, &o->filter.address))
		return 0;
	log_line("--%s %s: give an IPv4 or IPv6 address", row->name, value);
	return TOOLS_USAGE;
}

static int stat_set_watch(void *out, const struct options_row *row, const char *value)
{
	struct stat_options *o = out;

	o->watch = 1;
	return value ? options_set_seconds(out, row, value) : 0;
}

static const char *const stat_orders[] = {
	[SNAPSHOT_BY_BOTH] = "both",
	[SNAPSHOT_BY_SENT] = "sent",
	[SNAPSHOT_BY_RECEIVED] = "received",
	NULL,
};

#define AT(member) .at = offsetof(struct stat_options, member)

static const struct options_row stat_rows[] = {
	{ "port", 'P', "PORT", "only connections with that port, here or at the peer",
	  options_set_number, AT(filter.port), .min = 1, .max = 65535 },
	{ "address", 'a', "ADDRESS", "only connections with that IP address, here or at the peer",
	  stat_set_address, AT(filter.address) },
	{ "process", 'c', "NAME", "only connections of that program, or process number",
	  options_set_text, AT(filter.process) },
	{ "processes", 'p', NULL, "find the process of each connection", options_set_true,
	  AT(filter.processes) },
	{ "sort", 's', "BY", "most bytes first: both (default), sent or received",
	  options_set_word, AT(order), .words = stat_orders },
	{ "lines", 'n', "N", "at most N connections (default 20; 0: all)", options_set_number,
	  AT(lines), .max = STAT_LINES_MAX },
	{ "devices", 'd', NULL, "also the NICs' counters that are 0", options_set_true,
	  AT(zeroes) },
	{ "watch", 'w', "[=SECONDS]", "repeat (every second), with bytes and counters per second",
	  stat_set_watch, AT(watch), .min = STAT_WATCH_MIN, .max = STAT_WATCH_MAX },
	{ "json", 0, NULL, "everything, as one JSON object on one line, for each repetition",
	  options_set_true, AT(json) },
	{ "prometheus", 0, NULL, "totals and counters in Prometheus' text format",
	  options_set_true, AT(prometheus) },
};

static const struct options_table stat_table = {
	.command = "stat",
	.usage = "usage: tlsring stat [OPTION]...\n\n"
		 "Lists the connections whose records the kernel or a NIC seals, of any\n"
		 "program, those with most bytes first: where each is sealed, and why not on a\n"
		 "NIC. Also the NICs that can seal, and the kernel's counters.\n\n",
	.rows = stat_rows,
	.count = sizeof(stat_rows) / sizeof(stat_rows[0]),
};

static int stat_check(const struct stat_options *o, int argc, char **argv)
{
	if (argc)
		log_line("stat takes no argument: %s", argv[0]);
	else if (o->json && o->prometheus)
		log_line("--json and --prometheus contradict each other: give one of them");
	else if (o->watch > 0 && o->prometheus)
		log_line("--prometheus has no rates: leave out --watch");
	else
		return 0;
	return TOOLS_USAGE;
}

/* ---- one snapshot ---- */

static int stat_failed(const struct snapshot *s)
{
	char text[128];

	if (s->sockets_result == -EPERM)
		log_line(
			"this user may not see which connections use TLS: CAP_NET_ADMIN is missing "
			"(sudo, or setcap cap_net_admin+ep on this program)");
	else if (s->sockets_result)
		log_line("the kernel does not list its sockets: %s",
			 tlsring_strerror(s->sockets_result, text, sizeof(text)));
	return s->sockets_result ? TOOLS_FAILED : 0;
}

static int stat_take(const struct stat_options *o, struct snapshot *out,
		     const struct snapshot *before)
{
	int ret = snapshot_take(out, &o->filter, before);

	if (ret) {
		log_line("cannot list connections: %s", strerror(-ret));
		return TOOLS_FAILED;
	}
	return 0;
}

static int stat_write(const struct stat_options *o, const struct snapshot *s, bool rates)
{
	struct print_options options = {
		.lines = o->lines ? o->lines : SIZE_MAX, .rates = rates, .zeroes = o->zeroes,
	};
	struct winsize size;
	int ret = 0;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		options.width = size.ws_col;
	if (o->json)
		ret = print_json(s, rates, stdout);
	else if (o->prometheus)
		print_prometheus(s, stdout);
	else
		print_text(s, &options, stdout);
	if (!ret && !fflush(stdout) && !ferror(stdout))
		return stat_failed(s);
	log_line("cannot write to standard output");
	return TOOLS_FAILED;
}

/* ---- again and again ---- */

/* A page of a terminal: the lines that fit. */
static int stat_page(const struct stat_options *o, struct watch *w, const struct snapshot *s,
		     bool rates)
{
	unsigned room = w->height > STAT_OTHERS ? w->height - STAT_OTHERS : 1;
	struct print_options options = {
		.lines = o->lines && o->lines < room ? o->lines : room,
		.rates = rates, .zeroes = o->zeroes, .width = w->width,
	};
	char *text = NULL, date[CLOCK_ISO];
	size_t len = 0;
	FILE *page = open_memstream(&text, &len);
	bool shown;

	if (!page)
		return TOOLS_FAILED;
	fprintf(page, "%.8s UTC, every %g s; q ends; s: by %s; p: processes; d: all counters\n",
		clock_iso(time(NULL), date) + 11, o->watch, stat_orders[o->order]);
	print_text(s, &options, page);
	fclose(page);
	shown = watch_show(w, text, len);
	free(text);
	return shown && !s->sockets_result ? 0 : TOOLS_FAILED;
}

/* False: the program ends. */
static bool stat_key(struct stat_options *o, int key)
{
	switch (key) {
	case 's':
		o->order = o->order == SNAPSHOT_BY_RECEIVED ? SNAPSHOT_BY_BOTH : o->order + 1;
		break;
	case 'p':
		o->filter.processes = !o->filter.processes;
		break;
	case 'd':
		o->zeroes = !o->zeroes;
		break;
	default:
		break;
	}
	return key != WATCH_END;
}

/* Until a key or a signal ends it. *s: the newest snapshot, the caller's. */
static int stat_repeat(struct stat_options *o, struct watch *w, struct snapshot *s)
{
	bool rates = false, on = true;
	struct snapshot before;
	int ret = 0;

	while (!ret && on) {
		int key;

		snapshot_sort(s, o->order, rates);
		/* Without a terminal the first snapshot is only the base of the first rates. */
		if (w->terminal)
			ret = stat_page(o, w, s, rates);
		else if (rates)
			ret = stat_write(o, s, true);
		if (ret)
			break;
		key = watch_wait(w, o->watch);
		on = stat_key(o, key);
		if (!on || (key != WATCH_TICK && key != WATCH_NOW))
			continue;
		before = *s;
		ret = stat_take(o, s, &before);
		snapshot_free(&before);
		rates = true;
	}
	return ret;
}

static int stat_watch(struct stat_options *o)
{
	struct snapshot s = { 0 };
	int ret = stat_take(o, &s, NULL);
	bool terminal;
	struct watch w;

	if (!ret) {
		watch_open(&w, !o->json);
		terminal = w.terminal;
		ret = stat_repeat(o, &w, &s);
		watch_close(&w);
		/* The page did not say it. */
		if (ret && terminal)
			stat_failed(&s);
	}
	snapshot_free(&s);
	return ret;
}

static int stat_once(const struct stat_options *o)
{
	struct snapshot s = { 0 };
	int ret = stat_take(o, &s, NULL);

	if (!ret) {
		snapshot_sort(&s, o->order, false);
		ret = stat_write(o, &s, false);
	}
	snapshot_free(&s);
	return ret;
}

int stat_main(int argc, char **argv)
{
	struct stat_options options = { .lines = STAT_LINES };
	int ret = options_parse(&stat_table, &options, &argc, &argv);

	if (!ret)
		ret = stat_check(&options, argc, argv);
	if (ret)
		return ret < 0 ? 0 : ret;
	return options.watch > 0 ? stat_watch(&options) : stat_once(&options);
}
