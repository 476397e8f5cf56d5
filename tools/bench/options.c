// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/tools.h"

#define OPTIONS_SIZE_MAX	(1ull << 30)	/* it is kept in memory */
#define OPTIONS_SECONDS_MAX	3600
#define OPTIONS_LOSS_MAX	50		/* percent */
#define OPTIONS_DELAY_MAX	10000		/* milliseconds */
#define OPTIONS_DURATION_MAX	(1000 * 3600)
#define OPTIONS_DURATION	(4 * 3600)	/* of a soak */
#define OPTIONS_CONNECTIONS_MAX	400		/* within the usual 1,024 descriptors */

static const char options_usage[] =
	"usage: tlsring bench [OPTION]...\n"
	"       tlsring bench compare BEFORE.json AFTER.json\n"
	"\n"
	"Measures on this machine, over loopback, what TLS costs a server that sends a file: plain TCP,\n"
	"OpenSSL in user space and kernel TLS side by side, in turns, with proof of where the records\n"
	"were sealed. With compare: what changed between two results by more than noise.\n"
	"\n"
	"  -p, --preset NAME      what the options below start from: quick (default), fileserver, requests,\n"
	"                         handshake, offload, idle, soak\n"
	"      --modes LIST       only these, separated by commas (default: the preset's)\n"
	"      --peers            and other servers: tlsring serve, nginx, openssl s_server, where they can\n"
	"      --direction WHICH  send (default), receive or both: what the server does with the bytes\n"
	"      --tls VERSION      1.3 (default) or 1.2\n"
	"      --cipher NAME      aes128 (default), aes256 or chacha20\n"
	"  -s, --size BYTES       of each answer, or upload; with K, M or G behind it, up to 1G\n"
	"  -c, --connections N    that ask at the same time, one request after the other\n"
	"      --threads N        that serve (default: 1)\n"
	"  -r, --repeats N        rounds; each runs every mode once\n"
	"      --seconds SECONDS  that a run lasts\n"
	"  -n, --requests N       a run is so many requests, instead of seconds\n"
	"      --duration TIME    of a soak; with s, m or h behind it (default: 4h)\n"
	"      --rate N           an open load: N requests a second on all connections together, whose latency\n"
	"                         counts from when each was due (default: a closed load, each connection asks\n"
	"                         again as soon as it has its answer)\n"
	"      --cache STATE      of the file: warm (default) or cold: it comes from a disk each time\n"
	"      --loss PERCENT     of the server's packets are lost, in a network of its own; needs tc\n"
	"      --delay MS         each is held back for so many milliseconds\n"
	"      --io WITH          of the engine: auto (default), uring, epoll\n"
	"      --json             everything, as one JSON object\n"
	"      --csv              a line for each mode and measure\n"
	"      --html FILE        write a report with charts, too; needs gnuplot\n"
	"      --connect HOST:PORT  the server is there, where --listen runs, instead of here\n"
	"      --listen ADDR:PORT  be the server for --connect, until interrupted; --modes, --size and so on\n"
	"                         are the client's\n"
	"      --nic DEVICE       with --listen: switch its TLS offload off while the kernel is to seal\n"
	"  -h, --help             this text\n";

const char *const bench_versions[] = { "1.2", "1.3", NULL };
const char *const bench_ciphers[] = { "aes128", "aes256", "chacha20", NULL };
const char *const bench_ios[] = { "auto", "uring", "epoll", NULL };
const char *const bench_caches[] = { "warm", "cold", NULL };
const char *const bench_directions[] = { "send", "receive", "both", NULL };

#define OPTIONS_LASTING \
	"plain,user-read,user-mapped,user-engine,kernel-read,kernel-mapped,kernel-sendfile,kernel-engine"

static const char *const options_presets[] = { "quick", "fileserver", "requests", "handshake", "offload", "idle", "soak", NULL };
static const struct {
	uint64_t size;
	unsigned connections, repeats;
	double seconds;
	unsigned tls;
	const char *modes;
} options_starts[] = {
	{ 1 << 20, 4, 5, 0.5, 1, OPTIONS_LASTING }, { 64 << 20, 16, 7, 3, 1, OPTIONS_LASTING },
	{ 1024, 64, 7, 1, 1, OPTIONS_LASTING },
	{ 1024, 16, 7, 1, 1, "plain-new,user-full,user-resumed,engine-full,engine-resumed,kernel-full,kernel-resumed" },
	/* What cards take is TLS 1.2. */
	{ 1 << 20, 16, 7, 2, 0, "plain,user-mapped,kernel-sendfile,kernel-engine,nic-sendfile,nic-zerocopy,nic-engine" },
	{ 1024, 400, 5, 1, 1, "plain-idle,user-idle,engine-idle,kernel-idle" },
	{ 1 << 20, 16, 1, 1, 1, "kernel-soak" },
};

enum { OPTION_MODES = 256, OPTION_TLS, OPTION_CIPHER, OPTION_SECONDS, OPTION_IO, OPTION_JSON, OPTION_CSV, OPTION_HTML,
       OPTION_LISTEN, OPTION_CONNECT, OPTION_NIC, OPTION_PEERS,
       OPTION_LOSS, OPTION_DELAY, OPTION_RATE, OPTION_DURATION, OPTION_THREADS, OPTION_CACHE, OPTION_DIRECTION };

static const char options_short[] = "p:s:c:r:n:h";
static const struct option options_long[] = {
	{ "preset", required_argument, NULL, 'p' },
	{ "modes", required_argument, NULL, OPTION_MODES },
	{ "peers", no_argument, NULL, OPTION_PEERS },
	{ "direction", required_argument, NULL, OPTION_DIRECTION },
	{ "tls", required_argument, NULL, OPTION_TLS },
	{ "cipher", required_argument, NULL, OPTION_CIPHER },
	{ "size", required_argument, NULL, 's' },
	{ "connections", required_argument, NULL, 'c' },
	{ "threads", required_argument, NULL, OPTION_THREADS },
	{ "repeats", required_argument, NULL, 'r' },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "requests", required_argument, NULL, 'n' },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "cache", required_argument, NULL, OPTION_CACHE },
	{ "loss", required_argument, NULL, OPTION_LOSS },
	{ "delay", required_argument, NULL, OPTION_DELAY },
	{ "io", required_argument, NULL, OPTION_IO },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "csv", no_argument, NULL, OPTION_CSV },
	{ "html", required_argument, NULL, OPTION_HTML },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "connect", required_argument, NULL, OPTION_CONNECT },
	{ "nic", required_argument, NULL, OPTION_NIC },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int options_size(struct bench_options *out, const char *text)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long long size = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	bool good = *text >= '0' && *text <= '9' && (unit ? !end[1] : !*end) && size && size <= OPTIONS_SIZE_MAX;

	out->size = good ? size << (unit ? 10 * (unit - units + 1) : 0) : 0;
	if (out->size && out->size <= OPTIONS_SIZE_MAX)
		return 0;
	log_line("--size %s: give a number of bytes from 1 to 1G; K, M or G may stand behind it", text);
	return TOOLS_USAGE;
}

static int options_real(const char *name, const char *text, double min, double max, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (strchr("0123456789.", *text) && !*end && *out >= min && *out <= max)
		return 0;
	log_line("--%s %s: give a number from %g to %g", name, text, min, max);
	return TOOLS_USAGE;
}

static int options_duration(struct bench_options *out, const char *text)
{
	static const char units[] = "smh";
	static const double seconds[] = { 1, 60, 3600 };
	char *end;
	double number = strtod(text, &end);
	const char *unit = *end ? strchr(units, *end) : units;

	out->duration = unit ? number * seconds[unit - units] : 0;
	if (*text >= '0' && *text <= '9' && (!*end || !end[1]) && out->duration >= 1 && out->duration <= OPTIONS_DURATION_MAX)
		return 0;
	log_line("--duration %s: give a time from 1s to 1000h; s, m or h may stand behind the number", text);
	return TOOLS_USAGE;
}

static int options_mode(struct bench_options *out, const char *name, size_t len)
{
	const char *words[BENCH_MODES + 1] = { NULL };
	char text[64];
	unsigned which;

	for (unsigned i = 0; i < BENCH_MODES; i++)
		words[i] = bench_modes[i].name;
	snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : sizeof(text)), name);
	if (options_word("modes", text, words, &which))
		return TOOLS_USAGE;
	out->modes[which] = true;
	return 0;
}

static int options_modes(struct bench_options *out, const char *list)
{
	int ret = 0;

	memset(out->modes, 0, sizeof(out->modes));
	while (!ret) {
		size_t len = strcspn(list, ",");

		ret = options_mode(out, list, len);
		if (!list[len])
			break;
		list += len + 1;
	}
	return ret;
}

static int options_preset(struct bench_options *out, const char *name)
{
	unsigned which = 0;
	int ret = options_word("preset", name, options_presets, &which);

	out->preset = options_presets[which];
	out->size = options_starts[which].size;
	out->connections = options_starts[which].connections;
	out->repeats = options_starts[which].repeats;
	out->seconds = options_starts[which].seconds;
	out->tls = options_starts[which].tls;
	return ret ? ret : options_modes(out, options_starts[which].modes);
}

static int options_take(struct bench_options *out, int option, const char *value)
{
	unsigned which = 0;
	int ret;

	switch (option) {
	case 'p':
		return 0;
	case OPTION_MODES:
		out->chosen = true;
		return options_modes(out, value);
	case OPTION_DIRECTION:
		ret = options_word("direction", value, bench_directions, &which);
		out->direction = (enum bench_direction)which;
		return ret;
	case OPTION_TLS:
		return options_word("tls", value, bench_versions, &out->tls);
	case OPTION_CIPHER:
		return options_word("cipher", value, bench_ciphers, &out->cipher);
	case 's':
		return options_size(out, value);
	case 'c':
		return options_number("connections", value, 1, OPTIONS_CONNECTIONS_MAX, &out->connections);
	case OPTION_THREADS:
		return options_number("threads", value, 1, BENCH_THREADS_MAX, &out->threads);
	case 'r':
		return options_number("repeats", value, 1, BENCH_REPEATS_MAX, &out->repeats);
	case OPTION_SECONDS:
		return options_real("seconds", value, 0.01, OPTIONS_SECONDS_MAX, &out->seconds);
	case OPTION_LOSS:
		return options_real("loss", value, 0.001, OPTIONS_LOSS_MAX, &out->loss);
	case OPTION_DELAY:
		return options_real("delay", value, 0.001, OPTIONS_DELAY_MAX, &out->delay);
	case OPTION_CACHE:
		return options_word("cache", value, bench_caches, &out->cache);
	case 'n':
		return options_number("requests", value, 1, 100000000, &out->requests);
	case OPTION_DURATION:
		return options_duration(out, value);
	case OPTION_RATE:
		return options_number("rate", value, 1, 10000000, &out->rate);
	case OPTION_IO:
		ret = options_word("io", value, bench_ios, &which);
		out->io = (enum tlsring_io[]){ TLSRING_IO_AUTO, TLSRING_IO_URING, TLSRING_IO_EPOLL }[which];
		return ret;
	case OPTION_JSON:
	case OPTION_CSV:
		out->format = option == OPTION_JSON ? BENCH_JSON : BENCH_CSV;
		return 0;
	case OPTION_PEERS:
		out->peers = true;
		return 0;
	case OPTION_LISTEN:
		out->listen = value;
		return 0;
	case OPTION_CONNECT:
		out->connect = value;
		return 0;
	case OPTION_NIC:
		out->nic = value;
		return 0;
	case OPTION_HTML:
		out->html = value;
		return 0;
	case 'h':
		fputs(options_usage, stdout);
		return -1;
	default:
		fputs("tlsring: `tlsring bench --help` lists the options\n", stderr);
		return TOOLS_USAGE;
	}
}

static int options_words(struct bench_options *out, int count, char **words)
{
	if (!count)
		return 0;
	if (strcmp(words[0], "compare")) {
		log_line("bench %s: only compare BEFORE.json AFTER.json may stand here", words[0]);
		return TOOLS_USAGE;
	}
	if (count != 3) {
		log_line("bench compare needs two files that `tlsring bench --json` has written");
		return TOOLS_USAGE;
	}
	out->before = words[1];
	out->after = words[2];
	return 0;
}

static int options_ends(const struct bench_options *out)
{
	if (out->listen && out->connect)
		log_line("--listen and --connect are two ends: give one of them");
	else if (out->nic && !out->listen)
		log_line("--nic %s: this is for the end that has --listen", out->nic);
	else if (bench_options_bad_net(out) && (out->listen || out->connect))
		log_line("--loss and --delay are for a server beside the client, without --listen and --connect");
	else if (out->threads > out->connections)
		log_line("--threads %u: some of them would have nothing to do with %u --connections", out->threads,
			 out->connections);
	else
		return 0;
	return TOOLS_USAGE;
}

/* The mode that receives where a preset has one that only sends: BENCH_MODES where there is none. */
static unsigned options_receiver(unsigned sender)
{
	unsigned i = 0;

	while (i < BENCH_MODES && (bench_modes[i].seal != bench_modes[sender].seal || bench_modes[i].way != BENCH_READ ||
				   !bench_mode_text(&bench_modes[i], BENCH_RECEIVE)))
		i++;
	return i;
}

static int options_receive(struct bench_options *out)
{
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		unsigned other;

		if (!out->modes[i] || bench_mode_text(&bench_modes[i], out->direction))
			continue;
		other = options_receiver(i);
		if (out->chosen || bench_modes[i].lifetime) {
			log_line("--direction %s: %s only sends", bench_directions[out->direction], bench_modes[i].name);
			return TOOLS_USAGE;
		}
		out->modes[i] = false;
		if (other < BENCH_MODES)
			out->modes[other] = true;
	}
	return 0;
}

static int options_direction(struct bench_options *out)
{
	if (!out->direction)
		return 0;
	if (out->peers)
		log_line("--peers: with --direction %s there are none, other servers only send",
			 bench_directions[out->direction]);
	else if (bench_options_bad_net(out))
		log_line("--loss and --delay are of what the server sends: leave out --direction");
	else if (out->cache == BENCH_COLD)
		log_line("--cache cold is of what the server sends: leave out --direction");
	else
		return options_receive(out);
	return TOOLS_USAGE;
}

/* Those of other servers that are compared by the same measure as one that was asked for. */
static void options_peers(struct bench_options *out)
{
	bool alike[BENCH_MEASURES] = { false };

	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (out->modes[i])
			alike[bench_mode_measure(&bench_modes[i])] = true;
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (bench_modes[i].program && alike[bench_mode_measure(&bench_modes[i])])
			out->modes[i] = true;
}

/* It is our own servers that forget what they have sent. */
static int options_cache(const struct bench_options *out)
{
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_mode *mode = &bench_modes[i];

		if (out->cache != BENCH_COLD || !out->modes[i] ||
		    (!mode->program && mode->lifetime != BENCH_IDLE && mode->lifetime != BENCH_SOAK))
			continue;
		log_line("--cache cold: this is not for %s: leave out idle connections, soaks and other servers", mode->name);
		return TOOLS_USAGE;
	}
	return 0;
}

/* It is alone, and what it prints is its own. */
static int options_soak(struct bench_options *out)
{
	unsigned modes = 0, soaks = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		modes += out->modes[i];
		soaks += out->modes[i] && bench_modes[i].lifetime == BENCH_SOAK;
	}
	if (soaks && out->duration <= 0)
		out->duration = OPTIONS_DURATION;
	if (soaks && modes > 1)
		log_line("a soak is of one mode: leave only one of --modes user-soak, kernel-soak, nic-soak");
	else if (soaks && (out->html || out->format == BENCH_CSV))
		log_line("a soak is printed as lines or with --json only");
	else if (!soaks && out->duration > 0)
		log_line("--duration: this is for --preset soak; use --seconds");
	else
		return 0;
	return TOOLS_USAGE;
}

/* The preset comes first, wherever it stands. */
static int options_start(struct bench_options *out, int argc, char **argv)
{
	int option, ret = options_preset(out, "quick");

	opterr = 0;
	while (!ret && (option = getopt_long(argc, argv, options_short, options_long, NULL)) != -1)
		if (option == 'p')
			ret = options_preset(out, optarg);
	opterr = 1;
	optind = 0;
	return ret;
}

int bench_options_parse(struct bench_options *out, int argc, char **argv)
{
	int option, ret;

	*out = (struct bench_options){ .threads = 1 };
	ret = options_start(out, argc, argv);
	while (!ret && (option = getopt_long(argc, argv, options_short, options_long, NULL)) != -1)
		ret = options_take(out, option, optarg);
	if (!ret)
		ret = options_ends(out);
	if (!ret)
		ret = options_direction(out);
	if (out->peers)
		options_peers(out);
	if (!ret)
		ret = options_soak(out);
	if (!ret)
		ret = options_cache(out);
	return ret ? ret : options_words(out, argc - optind, argv + optind);
}

bool bench_options_bad_net(const struct bench_options *o)
{
	return o->loss > 0 || o->delay > 0;
}

uint64_t bench_options_up(const struct bench_options *o)
{
	return o->direction == BENCH_SEND ? BENCH_SHORT : o->size;
}

uint64_t bench_options_down(const struct bench_options *o)
{
	return o->direction == BENCH_RECEIVE && o->size > BENCH_SHORT ? BENCH_SHORT : o->size;
}

uint64_t bench_options_bytes(const struct bench_options *o)
{
	return o->direction == BENCH_BOTH ? 2 * o->size : o->size;
}

bool bench_options_valid(const struct bench_options *o)
{
	return o->tls < 2 && o->cipher < 3 && (unsigned)o->direction < BENCH_DIRECTIONS && o->size && o->size <= OPTIONS_SIZE_MAX &&
	       o->threads && o->threads <= BENCH_THREADS_MAX && o->cache <= BENCH_COLD && o->connections &&
	       o->connections <= OPTIONS_CONNECTIONS_MAX &&
	       (o->io == TLSRING_IO_AUTO || o->io == TLSRING_IO_URING || o->io == TLSRING_IO_EPOLL);
}

static bool options_measure(const struct bench_options *o, const char *mode)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->modes[i] && !strcmp(bench_modes[i].name, mode))
			return true;
	return false;
}

static bool options_programs(const struct bench_options *o)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->modes[i] && bench_modes[i].program)
			return true;
	return false;
}

struct bench_manifest_parts bench_options_manifest(const struct bench_options *o)
{
	bool model = options_measure(o, "plain") && options_measure(o, "kernel-sendfile");

	return (struct bench_manifest_parts){
		.io = o->io, .cost = o->listen || (model && !o->connect),
		.peers = o->listen || (options_programs(o) && !o->connect),
	};
}
