// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/tools.h"

#define OPTIONS_SIZE_MAX	(1ull << 30)	/* the file is kept in memory */
#define OPTIONS_SECONDS_MAX	3600
#define OPTIONS_REQUESTS_MAX	100000000
#define OPTIONS_RATE_MAX	10000000
#define OPTIONS_LOSS_MAX	50		/* percent */
#define OPTIONS_DELAY_MAX	10000		/* milliseconds */
#define OPTIONS_DURATION_MAX	(1000 * 3600)
#define OPTIONS_DURATION	(4 * 3600)	/* of a soak */
#define OPTIONS_CONNECTIONS_MAX	100000

const char *const bench_versions[] = { "1.2", "1.3", NULL };
const char *const bench_ciphers[] = { "aes128", "aes256", "chacha20", NULL };
const char *const bench_caches[] = { "warm", "cold", NULL };
const char *const bench_directions[] = { "send", "receive", "both", NULL };

/* ---- presets ---- */

#define OPTIONS_LASTING \
	"plain,user-read,user-mapped,user-engine,kernel-read,kernel-mapped,kernel-sendfile," \
	"kernel-engine"

static const char *const options_presets[] = {
	"quick", "fileserver", "requests", "handshake", "offload", "idle", "soak", NULL,
};
static const struct {
	uint64_t size;
	unsigned connections, repeats;
	double seconds;
	unsigned tls;
	const char *modes;
} options_starts[] = {
	{ 1 << 20, 4, 5, 0.5, 1, OPTIONS_LASTING }, { 64 << 20, 16, 7, 3, 1, OPTIONS_LASTING },
	{ 1024, 64, 7, 1, 1, OPTIONS_LASTING },
	{ 1024, 16, 7, 1, 1,
	  "plain-new,user-full,user-resumed,engine-full,engine-resumed,kernel-full,"
	  "kernel-resumed" },
	/* Network cards take TLS 1.2. */
	{ 1 << 20, 16, 7, 2, 0,
	  "plain,user-mapped,kernel-sendfile,kernel-engine,nic-sendfile,nic-zerocopy,nic-engine" },
	{ 1024, 400, 5, 1, 1, "plain-idle,user-idle,engine-idle,kernel-idle" },
	{ 1 << 20, 16, 1, 1, 1, "kernel-soak" },
};

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

/* ---- the table ---- */

/* It has been applied before all others, wherever it stands. */
static int options_set_preset(void *out, const struct options_row *row, const char *value)
{
	(void)out, (void)row, (void)value;
	return 0;
}

static int options_set_modes(void *out, const struct options_row *row, const char *value)
{
	struct bench_options *options = out;

	(void)row;
	options->chosen = true;
	return options_modes(options, value);
}

static int options_set_format(void *out, const struct options_row *row, const char *value)
{
	struct bench_options *options = out;

	(void)value;
	options->format = strcmp(row->name, "csv") ? BENCH_JSON : BENCH_CSV;
	return 0;
}

static int options_add_sweep(struct bench_options *out, const char *text)
{
	if (!strncmp(text, "modes=", 6)) {
		out->chosen = true;
		return options_modes(out, text + 6);
	}
	if (out->sweeps < BENCH_DIMENSIONS) {
		out->sweep[out->sweeps++] = text;
		return 0;
	}
	log_line("--sweep %s: %u dimensions are the most", text, BENCH_DIMENSIONS);
	return TOOLS_USAGE;
}

static int options_set_sweep(void *out, const struct options_row *row, const char *value)
{
	(void)row;
	return options_add_sweep(out, value);
}

#define AT(member)	offsetof(struct bench_options, member)

static const struct options_row options_rows[] = {
	{ "preset", 'p', "NAME",
	  "start from quick (default), fileserver, requests, handshake, offload, idle or soak",
	  .set = options_set_preset },
	{ "modes", 0, "LIST", "only these modes, separated by commas (default: the preset's)",
	  .set = options_set_modes },
	{ "sweep", 0, "NAME=LIST",
	  "measure at each of these values of size, connections, threads, client-threads, tls, "
	  "cipher, rate or direction; "
	  "more NAME=LIST may follow, and modes=LIST", .set = options_set_sweep },
	{ "save", 0, "FILE", "with --sweep: write the result after each point; go on with what FILE has",
	  .set = options_set_text, .at = AT(save) },
	{ "peers", 0, NULL, "add other servers: tlsring serve, nginx, openssl s_server",
	  .set = options_set_true, .at = AT(peers) },
	{ "direction", 0, "WHICH",
	  "what the server does with the bytes: send (default), receive or both",
	  options_set_word, AT(direction), .words = bench_directions },
	{ "tls", 0, "VERSION", "1.3 (default) or 1.2", options_set_word, AT(tls),
	  .words = bench_versions },
	{ "cipher", 0, "NAME", "aes128 (default), aes256 or chacha20", options_set_word, AT(cipher),
	  .words = bench_ciphers },
	{ "size", 's', "BYTES", "of each answer or upload, with K, M or G, up to 1G",
	  options_set_bytes, AT(size),
	  .min = 1, .max = OPTIONS_SIZE_MAX },
	{ "connections", 'c', "N",
	  "connections that ask at the same time, one request after the other",
	  options_set_number, AT(connections), .min = 1, .max = OPTIONS_CONNECTIONS_MAX },
	{ "threads", 0, "N", "threads of the server (default: 1)", options_set_number, AT(threads),
	  .min = 1, .max = BENCH_THREADS_MAX },
	{ "client-threads", 0, "N", "threads of the client (default: 1)", options_set_number,
	  AT(client_threads), .min = 1, .max = BENCH_THREADS_MAX },
	{ "repeats", 'r', "N", "rounds; each runs every mode once", options_set_number, AT(repeats),
	  .min = 1, .max = BENCH_REPEATS_MAX },
	{ "seconds", 0, "SECONDS", "duration of a run", options_set_seconds, AT(seconds),
	  .min = 0.01,
	  .max = OPTIONS_SECONDS_MAX },
	{ "requests", 'n', "N", "requests of a run, in all, instead of a duration",
	  options_set_number, AT(requests),
	  .min = 1, .max = OPTIONS_REQUESTS_MAX },
	{ "duration", 0, "TIME", "duration of a soak, with s, m, h or d (default: 4h)",
	  options_set_seconds, AT(duration),
	  .min = 1, .max = OPTIONS_DURATION_MAX },
	{ "rate", 0, "N",
	  "open load: N requests a second on all connections together, with latency counted from "
	  "when each was due (default: a closed load, each connection asks again as soon as it has "
	  "its answer)",
	  options_set_number, AT(rate), .min = 1, .max = OPTIONS_RATE_MAX },
	{ "cache", 0, "STATE",
	  "warm (default): the file is in memory; cold: it comes from a disk each time",
	  options_set_word, AT(cache), .words = bench_caches },
	{ "loss", 0, "PERCENT",
	  "drop so many of the server's packets, in a network of its own; needs tc",
	  options_set_real, AT(loss), .min = 0.001, .max = OPTIONS_LOSS_MAX },
	{ "delay", 0, "MS", "delay each of the server's packets, likewise", options_set_real,
	  AT(delay), .min = 0.001,
	  .max = OPTIONS_DELAY_MAX },
	{ "io", 0, "WITH", "of the engine: auto (default), uring, epoll", options_set_word, AT(io),
	  .words = options_io_words },
	{ "json", 0, NULL, "print everything as one JSON object", .set = options_set_format },
	{ "csv", 0, NULL, "print a line for each mode and measure", .set = options_set_format },
	{ "html", 0, "FILE", "also write a report with charts; needs gnuplot",
	  .set = options_set_text, .at = AT(html) },
	{ "connect", 0, "HOST:PORT", "run the servers there, where --listen is",
	  .set = options_set_text, .at = AT(connect) },
	{ "listen", 0, "ADDR:PORT",
	  "run servers for --connect until interrupted; other options are the client's",
	  .set = options_set_text, .at = AT(listen) },
	{ "token", 0, "FILE",
	  "with --listen and --connect: the file's first line is a secret that clients must have",
	  .set = options_set_text, .at = AT(token) },
	{ "allow", 0, "LIST",
	  "with --listen: addresses of clients, such as 192.0.2.1,2001:db8::/32",
	  .set = options_set_text, .at = AT(allow) },
	{ "nic", 0, "DEVICE",
	  "with --listen: switch its TLS offload off while the kernel is to seal",
	  .set = options_set_text,
	  .at = AT(nic) },
};

static const struct options_table options_table = {
	"bench",
	"usage: tlsring bench [OPTION]...\n"
	"       tlsring bench compare BEFORE.json AFTER.json\n"
	"\n"
	"Measures what TLS costs a server that sends a file: plain TCP, OpenSSL in user space,\n"
	"kernel TLS and network cards side by side, over loopback or to another machine, with\n"
	"proof of where the records were sealed. compare: what changed between two results by\n"
	"more than noise.\n"
	"\n",
	options_rows, sizeof(options_rows) / sizeof(options_rows[0]),
};

/* ---- what belongs together ---- */

static int options_words(struct bench_options *out, int count, char **words)
{
	int ret = 0;

	if (count && out->sweeps) {
		for (int i = 0; i < count && !ret; i++)
			ret = options_add_sweep(out, words[i]);
		return ret;
	}
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
	else if (out->allow && !out->listen)
		log_line("--allow %s: this is for the end that has --listen", out->allow);
	else if (out->token && !out->listen && !out->connect)
		log_line("--token: this is for --listen and --connect");
	else if (bench_options_bad_net(out) && (out->listen || out->connect))
		log_line("--loss and --delay are for a server beside the client, without --listen "
			 "and --connect");
	else if (out->threads > out->connections)
		log_line(
			"--threads %u: some of them would have nothing to do with %u --connections",
			out->threads, out->connections);
	else if (out->client_threads > out->connections)
		log_line("--client-threads %u: some of them would have nothing to do with %u "
			 "--connections", out->client_threads, out->connections);
	else
		return 0;
	return TOOLS_USAGE;
}

/* The mode that receives in place of one that only sends; BENCH_MODES: there is none. */
static unsigned options_receiver(unsigned sender)
{
	unsigned i = 0;

	while (i < BENCH_MODES && (bench_modes[i].seal != bench_modes[sender].seal ||
				   bench_modes[i].way != BENCH_READ ||
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
			log_line("--direction %s: %s only sends", bench_directions[out->direction],
				 bench_modes[i].name);
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

/* Add modes of other servers that are compared by the measure of one that was asked for. */
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

/* Only our own servers drop what they have sent from memory. */
static int options_cache(const struct bench_options *out)
{
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_mode *mode = &bench_modes[i];

		if (out->cache != BENCH_COLD || !out->modes[i] ||
		    (!mode->program && mode->lifetime != BENCH_IDLE &&
		     mode->lifetime != BENCH_SOAK))
			continue;
		log_line("--cache cold: this is not for %s: leave out idle connections, soaks and "
			 "other servers",
			 mode->name);
		return TOOLS_USAGE;
	}
	return 0;
}

/* A soak has one mode, and an output of its own. */
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
		log_line("a soak is of one mode: leave only one of --modes user-soak, kernel-soak, "
			 "nic-soak");
	else if (soaks && out->client_threads > 1)
		log_line("a soak has one client thread: leave out --client-threads");
	else if (!soaks && out->duration > 0)
		log_line("--duration: this is for --preset soak; use --seconds");
	else
		return 0;
	return TOOLS_USAGE;
}

static int options_sweep(const struct bench_options *out)
{
	if (out->save && !out->sweeps)
		log_line("--save %s: this is for --sweep", out->save);
	else if (out->sweeps && out->format == BENCH_CSV)
		log_line("--sweep: a sweep is printed as a table or with --json");
	else if (out->sweeps && (out->duration > 0 || out->listen))
		log_line("--sweep: leave out soaks and --listen");
	else
		return 0;
	return TOOLS_USAGE;
}

int bench_options_check(struct bench_options *out)
{
	int ret = options_ends(out);

	if (!ret)
		ret = options_direction(out);
	if (out->peers)
		options_peers(out);
	if (!ret)
		ret = options_soak(out);
	if (!ret)
		ret = options_cache(out);
	return ret ? ret : options_sweep(out);
}

int bench_options_set(struct bench_options *out, const char *name, const char *value)
{
	const struct options_row *row = options_rows;

	while (strcmp(row->name, name))
		row++;
	return row->set(out, row, value);
}

int bench_options_parse(struct bench_options *out, int argc, char **argv)
{
	const char *preset = options_find(&options_table, "preset", argc, argv);
	int ret;

	*out = (struct bench_options){ .threads = 1, .client_threads = 1 };
	ret = options_preset(out, preset ? preset : "quick");
	if (!ret)
		ret = options_parse(&options_table, out, &argc, &argv);
	if (!ret)
		ret = options_words(out, argc, argv);
	/* Each point of a sweep is checked with its own values. */
	return ret ? ret : out->sweeps ? options_sweep(out) : bench_options_check(out);
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
	return o->tls < 2 && o->cipher < 3 && (unsigned)o->direction < BENCH_DIRECTIONS &&
	       o->size && o->size <= OPTIONS_SIZE_MAX && o->threads &&
	       o->threads <= BENCH_THREADS_MAX && o->cache <= BENCH_COLD && o->connections &&
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
