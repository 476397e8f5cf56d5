// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/bench/machine/counters.h"

#define COUNTERS_GROUP	"tlsring-bench-"
#define COUNTERS_PATH	512

/* ---- perf events ---- */

/* A descriptor or -errno. The kernel's part is included: it is most of a server's. */
static int counters_event(enum bench_counter which, pid_t pid, bool on_exec)
{
	static const uint64_t events[] = { PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS };
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = events[which],
		.inherit = 1,
		.disabled = on_exec, .enable_on_exec = on_exec, .exclude_hv = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool bench_event_read(int fd, uint64_t *out)
{
	struct {
		uint64_t count, enabled, running;
	} value;

	if (fd < 0 || read(fd, &value, sizeof(value)) != sizeof(value))
		return false;
	/* Events that share the processor's counters count in turns. */
	if (value.enabled && !value.running)
		return false;
	*out = value.running >= value.enabled ? value.count :
	       (uint64_t)((double)value.count / (double)value.running * (double)value.enabled);
	return true;
}

const char *bench_counters_events(void)
{
	int fd = counters_event(BENCH_COUNT_CYCLES, 0, true);

	if (fd >= 0) {
		close(fd);
		return "counted";
	}
	switch (-fd) {
	case EACCES:
	case EPERM:
		return "not permitted: kernel.perf_event_paranoid must be 1 or less, or the user "
		       "have CAP_PERFMON";
	case ENOSYS:
		return "not in this kernel (CONFIG_PERF_EVENTS), or a seccomp filter keeps from "
		       "them";
	default:
		return "this processor, or virtual machine, has none";
	}
}

/* ---- resctrl ---- */

static bool counters_offers(const char *base)
{
	char path[COUNTERS_PATH], line[64];
	bool offers = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/info/L3_MON/mon_features", base);
	file = fopen(path, "re");
	while (!offers && file && fgets(line, sizeof(line), file))
		offers = !strcmp(line, "mbm_total_bytes\n");
	if (file)
		fclose(file);
	return offers;
}

const char *bench_counters_memory(const char *base)
{
	char path[COUNTERS_PATH];

	if (counters_offers(base)) {
		snprintf(path, sizeof(path), "%s/mon_groups", base);
		return access(path, W_OK) ? "not permitted: it is for root" : "counted";
	}
	snprintf(path, sizeof(path), "%s/info", base);
	if (!access(path, F_OK))
		return "this processor does not count it";
	/* The kernel makes the mount point only where there is something to mount. */
	return access(base, F_OK) ? "this processor, virtual machine or kernel "
				    "(CONFIG_X86_CPU_RESCTRL) has none" :
				    "not mounted: mount -t resctrl resctrl " BENCH_RESCTRL;
}

/* Remove groups of processes that were killed. */
static void counters_sweep(const char *groups)
{
	DIR *dir = opendir(groups);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int pid = strncmp(entry->d_name, COUNTERS_GROUP, strlen(COUNTERS_GROUP)) ? 0 :
			  atoi(entry->d_name + strlen(COUNTERS_GROUP));

		if (pid > 0 && kill(pid, 0) && errno == ESRCH)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

static bool counters_join(const char *group, pid_t pid)
{
	char path[COUNTERS_PATH], text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)pid), fd;
	bool joined;

	snprintf(path, sizeof(path), "%s/tasks", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	joined = fd >= 0 && write(fd, text, (size_t)len) == len;
	if (fd >= 0)
		close(fd);
	return joined;
}

bool bench_resctrl_open(char *group, size_t room, const char *base, const char *name, pid_t pid)
{
	char groups[COUNTERS_PATH];

	group[0] = '\0';
	if (!counters_offers(base) ||
	    snprintf(groups, sizeof(groups), "%s/mon_groups", base) >= (int)sizeof(groups) ||
	    snprintf(group, room, "%s/%s", groups, name) >= (int)room)
		return false;
	counters_sweep(groups);
	if (!mkdir(group, 0700) || errno == EEXIST) {
		if (counters_join(group, pid))
			return true;
		rmdir(group);
	}
	group[0] = '\0';
	return false;
}

/* The file has a number, "Unavailable" or "Error". */
static bool counters_controller(const char *group, const char *name, uint64_t *sum)
{
	unsigned long long bytes;
	char path[COUNTERS_PATH];
	bool good = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/mon_data/%s/mbm_total_bytes", group, name);
	file = fopen(path, "re");
	if (file) {
		good = fscanf(file, "%llu", &bytes) == 1;
		fclose(file);
	}
	*sum += good ? bytes : 0;
	return good;
}

bool bench_resctrl_read(const char *group, uint64_t *out)
{
	char path[COUNTERS_PATH];
	struct dirent *entry;
	unsigned controllers = 0;
	bool good = *group;
	DIR *dir;

	*out = 0;
	snprintf(path, sizeof(path), "%s/mon_data", group);
	dir = good ? opendir(path) : NULL;
	while (good && dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "mon_L3_", 7))
			continue;
		good = counters_controller(group, entry->d_name, out);
		controllers++;
	}
	if (dir)
		closedir(dir);
	return good && controllers;
}

/* ---- both ---- */

void bench_counters_open(struct bench_counters *c, pid_t pid, bool on_exec)
{
	char name[32];

	for (enum bench_counter i = 0; i < BENCH_COUNT_MEMORY; i++) {
		c->events[i] = counters_event(i, pid, on_exec);
		c->events[i] = c->events[i] < 0 ? -1 : c->events[i];
	}
	/* Named after the process that removes it. */
	snprintf(name, sizeof(name), COUNTERS_GROUP "%d", (int)getpid());
	bench_resctrl_open(c->group, sizeof(c->group), BENCH_RESCTRL, name, pid);
}

void bench_counters_read(const struct bench_counters *c, struct bench_counted *out)
{
	*out = (struct bench_counted){ 0 };
	for (enum bench_counter i = 0; i < BENCH_COUNT_MEMORY; i++)
		out->there[i] = bench_event_read(c->events[i], &out->values[i]);
	out->there[BENCH_COUNT_MEMORY] = bench_resctrl_read(c->group,
							    &out->values[BENCH_COUNT_MEMORY]);
}

void bench_counters_close(struct bench_counters *c)
{
	for (enum bench_counter i = 0; i < BENCH_COUNT_MEMORY; i++)
		if (c->events[i] >= 0)
			close(c->events[i]);
	if (*c->group)
		rmdir(c->group);
	*c = (struct bench_counters){ .events = { -1, -1 } };
}
