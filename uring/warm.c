// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <sys/stat.h>
#include "uring/warm.h"

/*
 * Some file systems, overlayfs above all, cannot tell what is in memory (RWF_NOWAIT gives
 * -EOPNOTSUPP). Files on them are read by a worker before they are sent. The loop remembers for a
 * moment which range of a file was read or sent, which need not be read again. One range for each
 * file, in a table without chains: a file that finds its place taken costs a read.
 */

#define WARM_FILES	256
#define WARM_MSECS	10000	/* the page cache does not drop what was used since */

struct uring_warm {
	dev_t dev;
	ino_t ino;
	uint64_t start, end;
	uint32_t at;		/* uring_now() of the last use */
};

/* The file's place in the table, or NULL. */
static struct uring_warm *warm_find(struct uring_loop *loop, int fd)
{
	struct uring_warm *warm;
	struct stat st;

	if (!loop->warm)
		loop->warm = calloc(WARM_FILES, sizeof(*loop->warm));
	if (!loop->warm || fstat(fd, &st))
		return NULL;
	warm = &loop->warm[(st.st_ino ^ st.st_ino / WARM_FILES ^ st.st_dev) % WARM_FILES];
	if (warm->dev != st.st_dev || warm->ino != st.st_ino ||
	    uring_now(loop) - warm->at > WARM_MSECS)
		*warm = (struct uring_warm){ .dev = st.st_dev, .ino = st.st_ino };
	return warm;
}

void uring_warm_note(struct uring_loop *loop, int fd, uint64_t start, uint64_t end)
{
	struct uring_warm *warm = warm_find(loop, fd);

	if (!warm)
		return;
	if (start > warm->end || end < warm->start) {
		warm->start = start;
		warm->end = end;
	}
	if (start < warm->start)
		warm->start = start;
	if (end > warm->end)
		warm->end = end;
	warm->at = uring_now(loop);
}

uint64_t uring_warm_end(struct uring_loop *loop, int fd, uint64_t offset, uint64_t end)
{
	struct uring_warm *warm = warm_find(loop, fd);

	if (!warm || offset < warm->start || offset >= warm->end)
		return offset;
	warm->at = uring_now(loop);
	return end < warm->end ? end : warm->end;
}

void uring_warm_free(struct uring_loop *loop)
{
	free(loop->warm);
}
