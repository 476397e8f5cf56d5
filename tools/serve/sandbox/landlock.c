// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/serve/sandbox/landlock.h"
#include "tools/serve/sandbox/seccomp.h"
#include "tools/common/log.h"

#define ISOLATE_DEPTH	128	/* folders between one that is asked for and the root */

/* Headers may be older than the kernel: its interface, by number of Landlock's version. */
#define ISOLATE_FS_1	((1ull << 13) - 1)
#define ISOLATE_FS_2	(1ull << 13)	/* link and rename between folders */
#define ISOLATE_FS_3	(1ull << 14)	/* truncate */
#define ISOLATE_FS_5	(1ull << 15)	/* ioctl of devices */
#define ISOLATE_NET_4	3ull		/* bind and connect TCP */

struct isolate_ruleset {
	uint64_t fs, net;
};

struct isolate_place {
	dev_t device;
	ino_t inode;
};

struct isolate {
	int abi;			/* of Landlock; 0: there is none */
	int ruleset;			/* owned; -1: there is none */
	struct isolate_place *places;	/* owned: the folders */
	size_t count;
};

static uint64_t isolate_fs(int abi)
{
	return ISOLATE_FS_1 | (abi >= 2 ? ISOLATE_FS_2 : 0) | (abi >= 3 ? ISOLATE_FS_3 : 0) |
	       (abi >= 5 ? ISOLATE_FS_5 : 0);
}

static bool isolate_net(const struct isolate *isolate)
{
	return isolate->abi >= 4;
}

int isolate_new(struct isolate **out)
{
	struct isolate *isolate = calloc(1, sizeof(*isolate));
	struct isolate_ruleset rules = { .net = ISOLATE_NET_4 };
	long abi;

	if (!isolate)
		return -ENOMEM;
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	isolate->abi = abi > 0 ? (int)abi : 0;
	isolate->ruleset = -1;
	rules.fs = isolate_fs(isolate->abi);
	if (isolate->abi)
		isolate->ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules,
						isolate_net(isolate) ? sizeof(rules) : sizeof(rules.fs), 0);
	*out = isolate;
	return 0;
}

void isolate_free(struct isolate *isolate)
{
	if (!isolate)
		return;
	if (isolate->ruleset >= 0)
		close(isolate->ruleset);
	free(isolate->places);
	free(isolate);
}

int isolate_folder(struct isolate *isolate, int fd)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR, .parent_fd = fd,
	};
	struct isolate_place *larger;
	struct stat status;

	if (isolate->ruleset < 0)
		return 0;
	if (fstat(fd, &status) ||
	    syscall(SYS_landlock_add_rule, isolate->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		return -errno;
	larger = realloc(isolate->places, (isolate->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	isolate->places = larger;
	larger[isolate->count++] = (struct isolate_place){ status.st_dev, status.st_ino };
	return 0;
}

static bool isolate_has(const struct isolate *isolate, const struct stat *status)
{
	for (size_t i = 0; i < isolate->count; i++)
		if (isolate->places[i].device == status->st_dev && isolate->places[i].inode == status->st_ino)
			return true;
	return false;
}

/* From the folder up: is one of those above it among ours? */
bool isolate_covers(const struct isolate *isolate, int fd)
{
	struct stat status, last = { 0 };
	bool found = isolate->ruleset < 0;
	int at = openat(fd, ".", O_PATH | O_CLOEXEC);

	for (int depth = 0; at >= 0 && !found && depth < ISOLATE_DEPTH; depth++) {
		int above;

		if (fstat(at, &status) || (status.st_dev == last.st_dev && status.st_ino == last.st_ino))
			break;
		found = isolate_has(isolate, &status);
		last = status;
		above = openat(at, "..", O_PATH | O_CLOEXEC);
		close(at);
		at = above;
	}
	if (at >= 0)
		close(at);
	return found;
}

void isolate_enter(const struct isolate *isolate)
{
	if (!isolate)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (isolate->ruleset >= 0)
		syscall(SYS_landlock_restrict_self, isolate->ruleset, 0);
	isolate_calls_enter();
}

void isolate_announce(const struct isolate *isolate)
{
	if (!isolate) {
		log_line("sandbox: none, as --no-sandbox says");
		return;
	}
	log_line("sandbox: threads that serve %s%s; %s",
		 isolate->ruleset < 0 ? "read what this user may, as this kernel has no Landlock" :
					"read the served folders only (Landlock)",
		 isolate_net(isolate) ? ", make no TCP connections" : "",
		 isolate_calls_there() ? "start no programs (seccomp)" : "there is no seccomp");
}

void isolate_memory(void)
{
	struct rlimit cores;

	if (!getrlimit(RLIMIT_CORE, &cores)) {
		cores.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &cores);
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
