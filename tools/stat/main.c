// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/stat/snapshot.h"
#include "tools/tools.h"

#define STAT_LINES	20
#define STAT_WATCH_MAX	3600

static const char stat_usage[] =
	"usage: tlsring stat [OPTION]...\n"
	"\n"
	"Says of every connection whose records the kernel or a NIC seals, of any program: where, and\n"
	"why not on a NIC; those with most bytes first. Then of every NIC that can, and of the system.\n"
	"\n"
	"  -P, --port PORT        only connections with that port, here or there\n"
	"  -a, --address ADDRESS  only connections with that IP address, here or there\n"
	"  -c, --process NAME     only connections of that program, or process number\n"
	"  -p, --processes        find the process of each connection\n"
	"  -n, --lines N          at most N connections (default 20; 0: all)\n"
	"  -d, --devices          also the NICs' counters that are 0\n"
	"  -w, --watch[=SECONDS]  look again and again (every second); bytes and counters a second\n"
	"      --json             everything, as one JSON object on a line for each look\n"
	"  -h, --help             this text\n";

static const struct option stat_long[] = {
	{ "port", required_argument, NULL, 'P' },
	{ "address", required_argument, NULL, 'a' },
	{ "process", required_argument, NULL, 'c' },
	{ "processes", no_argument, NULL, 'p' },
	{ "lines", required_argument, NULL, 'n' },
	{ "devices", no_argument, NULL, 'd' },
	{ "watch", optional_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct stat_options {
	struct stat_filter filter;
	size_t lines;
	unsigned watch;		/* seconds; 0: one look */
	bool json, devices;
};

static int stat_number(const char *name, const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *out <= max)
		return 0;
	log_line("--%s %s: give a number up to %lu", name, text, max);
	return TOOLS_USAGE;
}

static int stat_address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	out->ss_family = AF_INET;
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		return 0;
	out->ss_family = AF_INET6;
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		return 0;
	log_line("--address %s: give an IPv4 or IPv6 address", text);
	return TOOLS_USAGE;
}

static int stat_option(struct stat_options *o, int option, const char *value)
{
	unsigned long number = 1;
	int ret = 0;

	switch (option) {
	case 'P':
		ret = stat_number("port", value, 65535, &number);
		o->filter.port = (unsigned)number;
		break;
	case 'a':
		return stat_address(value, &o->filter.address);
	case 'c':
		o->filter.process = value;
		break;
	case 'p':
		o->filter.processes = true;
		break;
	case 'n':
		ret = stat_number("lines", value, 1000000000, &number);
		o->lines = number ? number : SIZE_MAX;
		break;
	case 'd':
		o->devices = true;
		break;
	case 'w':
		if (value)
			ret = stat_number("watch", value, STAT_WATCH_MAX, &number);
		o->watch = number ? (unsigned)number : 1;
		break;
	case 'j':
		o->json = true;
		break;
	default:
		fputs("tlsring: `tlsring stat --help` lists the options\n", stderr);
		return TOOLS_USAGE;
	}
	return ret;
}

static int stat_failed(const struct stat_look *look)
{
	char text[128];

	if (look->sockets_result == -EPERM)
		log_line("this user may not see which connections use TLS: CAP_NET_ADMIN is missing "
			 "(sudo, or setcap cap_net_admin+ep on this program)");
	else if (look->sockets_result)
		log_line("the kernel does not list its sockets: %s",
			 tlsring_strerror(look->sockets_result, text, sizeof(text)));
	return look->sockets_result ? TOOLS_FAILED : 0;
}

static int stat_show(const struct stat_options *o, const struct stat_look *look, bool rates)
{
	int ret = 0;

	if (o->json) {
		ret = stat_print_json(look, rates, stdout);
	} else {
		if (rates && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		stat_print(look, rates, o->lines, o->devices, stdout);
	}
	if (ret || fflush(stdout) || ferror(stdout)) {
		log_line("cannot write what was found");
		return TOOLS_FAILED;
	}
	return stat_failed(look);
}

static int stat_run(const struct stat_options *o)
{
	struct stat_look before = { 0 }, look;
	bool rates = false;
	int ret;

	for (;;) {
		ret = stat_take(&look, &o->filter, rates ? &before : NULL);
		stat_free(&before);
		if (ret) {
			log_line("cannot look: %s", strerror(-ret));
			ret = TOOLS_FAILED;
			break;
		}
		/* The first look of several only serves the second. */
		if (rates || !o->watch)
			ret = stat_show(o, &look, rates);
		if (ret || !o->watch)
			break;
		before = look;
		rates = true;
		sleep(o->watch);
	}
	stat_free(&look);
	return ret;
}

int stat_main(int argc, char **argv)
{
	struct stat_options options = { .lines = STAT_LINES };
	int option, ret;

	while ((option = getopt_long(argc, argv, "P:a:c:pn:dw::h", stat_long, NULL)) != -1) {
		if (option == 'h') {
			fputs(stat_usage, stdout);
			return 0;
		}
		ret = stat_option(&options, option, optarg);
		if (ret)
			return ret;
	}
	if (optind < argc) {
		log_line("stat takes no argument: %s", argv[optind]);
		return TOOLS_USAGE;
	}
	return stat_run(&options);
}
