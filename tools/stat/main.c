// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/common/number.h"
#include "tools/common/options.h"
#include "tools/stat/print.h"
#include "tools/stat/snapshot.h"
#include "tools/tools.h"

#define STAT_LINES	20
#define STAT_LINES_MAX	1000000000
#define STAT_WATCH_MAX	3600

struct stat_options {
	struct snapshot_filter filter;
	unsigned lines;		/* 0: all */
	unsigned watch;		/* seconds; 0: one snapshot */
	bool json, zeroes;
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
	return value ? options_set_number(out, row, value) : 0;
}

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
	{ "lines", 'n', "N", "at most N connections (default 20; 0: all)", options_set_number,
	  AT(lines), .max = STAT_LINES_MAX },
	{ "devices", 'd', NULL, "also the NICs' counters that are 0", options_set_true,
	  AT(zeroes) },
	{ "watch", 'w', "[=SECONDS]", "repeat (every second), with bytes and counters per second",
	  stat_set_watch, AT(watch), .min = 1, .max = STAT_WATCH_MAX },
	{ "json", 0, NULL, "everything, as one JSON object on one line, for each repetition",
	  options_set_true, AT(json) },
};

static const struct options_table stat_table = {
	.command = "stat",
	.usage = "usage: tlsring stat [OPTION]...\n\n"
		 "Lists the connections whose records the kernel or a NIC seals, of any program, "
		 "those\n"
		 "with most bytes first: where each is sealed, and why not on a NIC. Also the NICs "
		 "that\n"
		 "can seal, and the kernel's counters.\n\n",
	.rows = stat_rows,
	.count = sizeof(stat_rows) / sizeof(stat_rows[0]),
};

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

static int stat_show(const struct stat_options *o, const struct snapshot *s, bool rates)
{
	struct print_options options = {
		.lines = o->lines ? o->lines : SIZE_MAX, .rates = rates, .zeroes = o->zeroes,
	};
	int ret = 0;

	if (!o->json && rates && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	if (o->json)
		ret = print_json(s, rates, stdout);
	else
		print_text(s, &options, stdout);
	if (ret || fflush(stdout) || ferror(stdout)) {
		log_line("cannot write to standard output");
		return TOOLS_FAILED;
	}
	return stat_failed(s);
}

static int stat_run(const struct stat_options *o)
{
	struct snapshot before = { 0 }, now;
	bool rates = false;
	int ret;

	for (;;) {
		ret = snapshot_take(&now, &o->filter, rates ? &before : NULL);
		snapshot_free(&before);
		if (ret) {
			log_line("cannot list connections: %s", strerror(-ret));
			ret = TOOLS_FAILED;
			break;
		}
		/* With --watch the first snapshot is only the base of the first rates. */
		if (rates || !o->watch)
			ret = stat_show(o, &now, rates);
		if (ret || !o->watch)
			break;
		before = now;
		rates = true;
		sleep(o->watch);
	}
	snapshot_free(&now);
	return ret;
}

int stat_main(int argc, char **argv)
{
	struct stat_options options = { .lines = STAT_LINES };
	int ret = options_parse(&stat_table, &options, &argc, &argv);

	if (ret)
		return ret < 0 ? 0 : ret;
	if (argc) {
		log_line("stat takes no argument: %s", argv[0]);
		return TOOLS_USAGE;
	}
	return stat_run(&options);
}
