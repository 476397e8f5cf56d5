// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/serve/sandbox/landlock.h"

#define LANDLOCK_DEPTH	128	/* folders between one that is looked for and the root */

/* Access rights by the version of Landlock that brought them: the headers may be older than the
 * kernel. */
#define LANDLOCK_FS_1	((1ull << 13) - 1)
#define LANDLOCK_FS_2	(1ull << 13)	/* link and rename between folders */
#define LANDLOCK_FS_3	(1ull << 14)	/* truncate */
#define LANDLOCK_FS_5	(1ull << 15)	/* ioctl on devices */
#define LANDLOCK_NET_4	3ull		/* bind and connect TCP */

struct landlock_rights {
	uint64_t fs, net;
};

struct landlock_folder {
	dev_t device;
	ino_t inode;
};

struct landlock {
	int version;	/* the kernel's; 0: it has no Landlock */
	int ruleset;	/* owned; -1: none */
	struct landlock_folder *folders;	/* owned; those that may be read */
	size_t count;
};

static uint64_t landlock_fs(int version)
{
	return LANDLOCK_FS_1 | (version >= 2 ? LANDLOCK_FS_2 : 0) |
	       (version >= 3 ? LANDLOCK_FS_3 : 0) | (version >= 5 ? LANDLOCK_FS_5 : 0);
}

bool landlock_restricts_files(const struct landlock *landlock)
{
	return landlock->ruleset >= 0;
}

bool landlock_restricts_network(const struct landlock *landlock)
{
	return landlock->version >= 4;
}

int landlock_new(struct landlock **out)
{
	struct landlock *landlock = calloc(1, sizeof(*landlock));
	struct landlock_rights rights = { .net = LANDLOCK_NET_4 };
	size_t size = sizeof(rights);
	long version;

	if (!landlock)
		return -ENOMEM;
	version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	landlock->version = version > 0 ? (int)version : 0;
	landlock->ruleset = -1;
	rights.fs = landlock_fs(landlock->version);
	if (!landlock_restricts_network(landlock))
		size = sizeof(rights.fs);
	if (landlock->version)
		landlock->ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, size, 0);
	*out = landlock;
	return 0;
}

void landlock_free(struct landlock *landlock)
{
	if (!landlock)
		return;
	if (landlock->ruleset >= 0)
		close(landlock->ruleset);
	free(landlock->folders);
	free(landlock);
}

int landlock_allow(struct landlock *landlock, int fd)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = fd,
	};
	struct landlock_folder *larger;
	struct stat status;

	if (landlock->ruleset < 0)
		return 0;
	if (fstat(fd, &status) ||
	    syscall(SYS_landlock_add_rule, landlock->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		return -errno;
	larger = realloc(landlock->folders, (landlock->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	landlock->folders = larger;
	larger[landlock->count++] = (struct landlock_folder){ status.st_dev, status.st_ino };
	return 0;
}

static bool landlock_has(const struct landlock *landlock, const struct stat *status)
{
	for (size_t i = 0; i < landlock->count; i++)
		if (landlock->folders[i].device == status->st_dev &&
		    landlock->folders[i].inode == status->st_ino)
			return true;
	return false;
}

/* Walks from the folder up to the root: a permitted folder on the way covers it. */
bool landlock_covers(const struct landlock *landlock, int fd)
{
	struct stat status, last = { 0 };
	bool found = landlock->ruleset < 0;
	int at = openat(fd, ".", O_PATH | O_CLOEXEC);

	for (int depth = 0; at >= 0 && !found && depth < LANDLOCK_DEPTH; depth++) {
		int above;

		if (fstat(at, &status) ||
		    (status.st_dev == last.st_dev && status.st_ino == last.st_ino))
			break;
		found = landlock_has(landlock, &status);
		last = status;
		above = openat(at, "..", O_PATH | O_CLOEXEC);
		close(at);
		at = above;
	}
	if (at >= 0)
		close(at);
	return found;
}

void landlock_restrict(const struct landlock *landlock)
{
	if (landlock->ruleset >= 0)
		syscall(SYS_landlock_restrict_self, landlock->ruleset, 0);
}
