// SPDX-License-Identifier: MIT
/* What this machine is: a figure without it cannot be compared with another. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include "tools/bench/machine/manifest.h"
#include "tools/bench/server/program.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"

const char *bench_manifest_line(const char *path, char buf[MANIFEST_LINE])
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(buf, MANIFEST_LINE, file))
		strcpy(buf, "unknown");
	buf[strcspn(buf, "\n")] = '\0';
	for (char *tab = buf; (tab = strchr(tab, '\t')); tab++)
		*tab = ' ';
	if (file)
		fclose(file);
	return buf;
}

/* "model name : X" and the like; "unknown" where the processor has none. */
static const char *manifest_cpu(const char *field, char buf[MANIFEST_LINE])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[4096];
	const char *value = NULL;

	while (!value && file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			value = strchr(line, ':');
	snprintf(buf, MANIFEST_LINE, "%s", value ? value + 2 : "unknown");
	buf[strcspn(buf, "\n")] = '\0';
	if (file)
		fclose(file);
	return buf;
}

static json_t *manifest_mitigations(void)
{
	json_t *object = json_object();
	DIR *dir = opendir(VULNERABILITIES);
	struct dirent *entry;
	char path[sizeof(VULNERABILITIES) + 257], buf[MANIFEST_LINE];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", VULNERABILITIES, entry->d_name);
		json_object_set_new(object, entry->d_name, json_string(bench_manifest_line(path, buf)));
	}
	if (dir)
		closedir(dir);
	return object;
}

static const char *manifest_io(enum tlsring_io asked)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = asked };
	struct tlsring_engine *engine;
	const char *io;

	if (tlsring_engine_new(&engine, &options))
		return "none";
	io = tlsring_engine_io(engine) == TLSRING_IO_URING ? "uring" : "epoll";
	tlsring_engine_free(engine);
	return io;
}

static json_t *manifest_kernel(void)
{
	char buf[MANIFEST_LINE], lowat[MANIFEST_LINE], congestion[MANIFEST_LINE], wmem[MANIFEST_LINE];
	struct utsname name;

	uname(&name);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o*, s:o, s:s, s:o}", "release", name.release,
			 "version", name.version,
			 "machine", name.machine, "loopback_mtu", bench_manifest_line("/sys/class/net/lo/mtu", buf),
			 "tcp_notsent_lowat", bench_manifest_line("/proc/sys/net/ipv4/tcp_notsent_lowat", lowat),
			 "tcp_congestion_control",
			 bench_manifest_line("/proc/sys/net/ipv4/tcp_congestion_control", congestion),
			 "tcp_wmem", bench_manifest_line("/proc/sys/net/ipv4/tcp_wmem", wmem),
			 "aes_gcm", bench_manifest_aes("/proc/crypto"),
			 "options", bench_manifest_options(name.release),
			 "tls", access("/proc/net/tls_stat", F_OK) ? "not loaded" : "loaded",
			 "mitigations", manifest_mitigations());
}

static json_t *manifest_processor(void)
{
	char model[MANIFEST_LINE], mhz[MANIFEST_LINE], governor[MANIFEST_LINE], load[MANIFEST_LINE];
	char most[MANIFEST_LINE], boost[MANIFEST_LINE];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "model", manifest_cpu("model name", model),
			 "mhz", manifest_cpu("cpu MHz", mhz),
			 "governor", bench_manifest_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor),
			 "max_khz", bench_manifest_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", most),
			 "boost", bench_manifest_line("/sys/devices/system/cpu/cpufreq/boost", boost),
			 "online", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
			 "load", bench_manifest_line("/proc/loadavg", load),
			 "perf_events", bench_counters_events(),
			 "memory_traffic", bench_counters_memory(BENCH_RESCTRL));
}

static bool manifest_measures(const struct bench_options *options, const char *name)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (options->modes[i] && !strcmp(bench_modes[i].name, name))
			return true;
	return false;
}

/* Ciphers by the names that --cipher has. Where the server is, and where they are of use: or NULL. */
static json_t *manifest_passes(const struct bench_options *options)
{
	struct bench_passes passes;

	if (options->connect || (!options->listen && (!manifest_measures(options, "plain") ||
						     !manifest_measures(options, "kernel-sendfile"))))
		return NULL;
	bench_passes(&passes);
	return json_pack("{s:f, s:f, s:f}", "aes128_s_per_gib", passes.aes[0], "aes256_s_per_gib", passes.aes[1],
			 "copy_s_per_gib", passes.copy);
}

/* Other servers, where they are of use: or NULL. */
static json_t *manifest_peers(const struct bench_options *options)
{
	bool asked = options->listen;

	for (unsigned i = 0; i < BENCH_MODES; i++)
		asked |= options->modes[i] && bench_modes[i].program;
	return asked && !options->connect ? bench_program_versions() : NULL;
}

json_t *bench_manifest(const struct bench_options *options)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[32] = "";

	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:s, s:s, s:s, s:o*, s:o, s:o, s:o*, s:o, s:o}", "date", date, "tlsring", TLSRING_VERSION,
			 "openssl", OpenSSL_version(OPENSSL_VERSION), "engine", manifest_io(options->io),
			 "peers", manifest_peers(options),
			 "kernel", manifest_kernel(), "processor", manifest_processor(),
			 "passes", manifest_passes(options),
			 "offload_devices", bench_manifest_offload(),
			 "network_cards", bench_manifest_cards());
}
