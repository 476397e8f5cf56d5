// SPDX-License-Identifier: MIT
/* Figures of two machines can be compared only if both are described. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include "tools/bench/machine/cards.h"
#include "tools/bench/machine/command.h"
#include "tools/bench/machine/cost.h"
#include "tools/bench/machine/manifest.h"
#include "tools/bench/machine/procfs.h"
#include "tools/common/clock.h"
#include "tools/bench/machine/counters.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"

/* ---- the kernel ---- */

static const char *const kernel_options[] = {
	"CONFIG_TLS", "CONFIG_TLS_DEVICE", "CONFIG_IO_URING", "CONFIG_CRYPTO_AES_NI_INTEL",
	"CONFIG_CRYPTO_GCM",
	"CONFIG_CRYPTO_CHACHA20POLY1305", "CONFIG_PREEMPT", "CONFIG_PREEMPT_VOLUNTARY", "CONFIG_HZ",
};
#define KERNEL_OPTIONS	(sizeof(kernel_options) / sizeof(kernel_options[0]))

/* Options that are not set stand in a comment, or nowhere. */
static void kernel_none(json_t *all)
{
	for (size_t i = 0; i < KERNEL_OPTIONS; i++)
		json_object_set_new(all, kernel_options[i], json_string("n"));
}

/* "CONFIG_X=y" */
static void kernel_option(json_t *all, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	value[strcspn(value, "\n")] = '\0';
	for (size_t i = 0; i < KERNEL_OPTIONS; i++)
		if (!strcmp(line, kernel_options[i]))
			json_object_set_new(all, line, json_string(value));
}

json_t *bench_manifest_options(const char *release)
{
	json_t *all = json_object();
	char line[4096];
	FILE *config;

	/* Distributions install the configuration as a file; others build it into the kernel. */
	snprintf(line, sizeof(line),
		 "cat /boot/config-%s 2> /dev/null || cat /lib/modules/%s/config 2> /dev/null || "
		 "zcat /proc/config.gz 2> /dev/null",
		 release, release);
	config = popen(line, "re");
	while (config && fgets(line, sizeof(line), config)) {
		if (!json_object_size(all))
			kernel_none(all);
		kernel_option(all, line);
	}
	if (config)
		pclose(config);
	return all;
}

json_t *bench_manifest_aes(const char *path)
{
	char line[256], name[128] = "", driver[128] = "", best[128] = "";
	int priority, most = -1;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "name : %127s", name) == 1 ||
		    sscanf(line, "driver : %127s", driver) == 1)
			continue;
		if (sscanf(line, "priority : %d", &priority) != 1 || strcmp(name, "gcm(aes)") ||
		    priority <= most)
			continue;
		most = priority;
		strcpy(best, driver);
	}
	if (file)
		fclose(file);
	return *best ? json_string(best) : NULL;
}

static json_t *manifest_mitigations(void)
{
	json_t *object = json_object();
	DIR *dir = opendir(VULNERABILITIES);
	struct dirent *entry;
	char path[sizeof(VULNERABILITIES) + 257], buf[BENCH_PROCFS_LINE];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", VULNERABILITIES, entry->d_name);
		json_object_set_new(object, entry->d_name,
				    json_string(bench_procfs_line(path, buf)));
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
	char buf[BENCH_PROCFS_LINE], lowat[BENCH_PROCFS_LINE], congestion[BENCH_PROCFS_LINE],
		wmem[BENCH_PROCFS_LINE];
	struct utsname name;

	uname(&name);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o*, s:o, s:s, s:o}",
			 "release", name.release,
			 "version", name.version,
			 "machine", name.machine, "loopback_mtu",
			 bench_procfs_line("/sys/class/net/lo/mtu", buf),
			 "tcp_notsent_lowat",
			 bench_procfs_line("/proc/sys/net/ipv4/tcp_notsent_lowat", lowat),
			 "tcp_congestion_control",
			 bench_procfs_line("/proc/sys/net/ipv4/tcp_congestion_control", congestion),
			 "tcp_wmem", bench_procfs_line("/proc/sys/net/ipv4/tcp_wmem", wmem),
			 "aes_gcm", bench_manifest_aes("/proc/crypto"),
			 "options", bench_manifest_options(name.release),
			 "tls", access("/proc/net/tls_stat", F_OK) ? "not loaded" : "loaded",
			 "mitigations", manifest_mitigations());
}

static json_t *manifest_processor(void)
{
	char model[BENCH_PROCFS_LINE], mhz[BENCH_PROCFS_LINE], governor[BENCH_PROCFS_LINE],
		load[BENCH_PROCFS_LINE];
	char most[BENCH_PROCFS_LINE], boost[BENCH_PROCFS_LINE], nodes[BENCH_PROCFS_LINE];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s}",
			 "model", bench_procfs_cpu("model name", model),
			 "mhz", bench_procfs_cpu("cpu MHz", mhz),
			 "governor",
			 bench_procfs_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
					   governor),
			 "max_khz",
			 bench_procfs_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
					   most),
			 "boost", bench_procfs_line("/sys/devices/system/cpu/cpufreq/boost", boost),
			 "online", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
			 "numa_nodes", bench_procfs_line("/sys/devices/system/node/online", nodes),
			 "load", bench_procfs_line("/proc/loadavg", load),
			 "perf_events", bench_counters_events(),
			 "memory_traffic", bench_counters_memory(BENCH_RESCTRL));
}

/* Keys begin with the ciphers' names in --cipher. */
static json_t *manifest_cost(void)
{
	struct bench_cost cost;

	bench_cost_measure(&cost);
	return json_pack("{s:f, s:f, s:f}", "aes128_s_per_gib", cost.aes[0],
			 "aes256_s_per_gib", cost.aes[1],
			 "copy_s_per_gib", cost.copy);
}

/* ---- other servers ---- */

/* The first line of its output, and the TLS library that it names. */
static void manifest_version(json_t *all, const char *name, const char *command)
{
	char said[512], *tls;

	if (bench_command_run(command, said, sizeof(said)))
		return;
	tls = strstr(said, "built with ");
	if (*said)
		json_object_set_new(all, name,
				    json_sprintf("%.*s%s%.*s", (int)strcspn(said, "\n"), said,
						 tls ? ", " : "", tls ? (int)strcspn(tls, "\n") : 0,
						 tls ? tls : ""));
}

static json_t *manifest_versions(void)
{
	json_t *all = json_object();

	manifest_version(all, "nginx", "nginx -V");
	manifest_version(all, "s_server", "openssl version");
	return all;
}

json_t *bench_manifest(struct bench_manifest_parts parts)
{
	char date[CLOCK_ISO], host[HOST_NAME_MAX + 1] = "";

	gethostname(host, sizeof(host) - 1);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o*, s:o, s:o, s:o*, s:o, s:o}",
			 "host", host,
			 "date", clock_iso(time(NULL), date),
			 "tlsring", TLSRING_VERSION,
			 "openssl", OpenSSL_version(OPENSSL_VERSION),
			 "engine", manifest_io(parts.io),
			 "peers", parts.peers ? manifest_versions() : NULL,
			 "kernel", manifest_kernel(), "processor", manifest_processor(),
			 "passes", parts.cost ? manifest_cost() : NULL,
			 "offload_devices", bench_cards_offload(),
			 "network_cards", bench_cards());
}
