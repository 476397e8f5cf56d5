// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tools/serve/site/file.h"
#include "tools/serve/site/mapping.h"
#include "tools/serve/site/prebuilt.h"

#define SITE_TRIES	16	/* openat2 gives EAGAIN when a rename elsewhere interferes */
#define SITE_LARGE	(1 << 20)	/* bytes; larger files are announced to the read-ahead */

int site_openat(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	for (int i = 0; i < SITE_TRIES; i++) {
		long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* The tag contains ctime: it changes with the content, and unlike mtime nobody can set it back. */
static void file_describe(struct site_file *file, const struct statx *stx)
{
	site_stamp_fill(&file->stamp, stx);
	file->size = stx->stx_size;
	file->modified = stx->stx_mtime.tv_sec;
	http_date_format(file->modified, file->modified_text);
	file->etag_len = (size_t)snprintf(
		file->etag, sizeof(file->etag), "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
		file->stamp.inode, file->size, (uint64_t)file->stamp.changed);
}

/* Opening one has effects: a FIFO's writer goes on, a tape is rewound. The look may leave the
 * folder; what it finds there is not opened, and nobody is told. */
static bool file_is_special(int root, const char *path)
{
	struct stat status;

	return !fstatat(root, path, &status, 0) && !S_ISREG(status.st_mode) &&
	       !S_ISDIR(status.st_mode);
}

int site_file_open(struct site_file **out, int root, const char *path)
{
	struct site_file *file = NULL;
	struct statx stx;
	int ret = 0, fd;

	if (file_is_special(root, path))
		return -ENOENT;
	/* It may have become a FIFO since: with O_NONBLOCK that does not block the thread. */
	fd = site_openat(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx))
		ret = -errno;
	else if (!S_ISREG(stx.stx_mode))
		ret = S_ISDIR(stx.stx_mode) ? -EISDIR : -ENOENT;
	else if (!(file = malloc(sizeof(*file))))
		ret = -ENOMEM;
	if (!file) {
		close(fd);
		return ret;
	}
	file->references = 1;
	file->fd = fd;
	file->bytes = NULL;
	file->mappings = NULL;
	file->mapping = NULL;
	file->sum = NULL;
	file->prebuilt = NULL;
	file_describe(file, &stx);
	/* Most often it is read from one end to the other. */
	if (file->size >= SITE_LARGE)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = file;
	return 0;
}

int site_file_text(struct site_file **out, char *text, size_t len, size_t *sum)
{
	struct site_file *file = malloc(sizeof(*file));

	if (!file) {
		free(text);
		return -ENOMEM;
	}
	*file = (struct site_file){
		.references = 1, .fd = -1, .size = len, .bytes = text, .sum = sum
	};
	*sum += len;
	*out = file;
	return 0;
}

void site_file_put(struct site_file *file)
{
	if (--file->references)
		return;
	if (file->mapping)
		site_mapping_put(file->mapping);
	if (file->sum)
		*file->sum -= file->size;
	if (file->fd >= 0)
		close(file->fd);
	site_prebuilt_put(file->prebuilt);
	free(file->bytes);
	free(file);
}

const void *site_file_mapping(struct site_file *file)
{
	if (file->mappings)
		file->mapping = site_mapping_get(file->mappings, &file->stamp, file->fd);
	file->mappings = NULL;
	return file->mapping ? site_mapping_bytes(file->mapping) : NULL;
}

void site_file_keep(struct site_file *file, time_t now)
{
	struct iovec iov = { .iov_len = file->size };
	ssize_t got;

	if (file->bytes || !file->size || file->size > SITE_FILE_KEPT ||
	    file->stamp.changed / 1000000000 + SITE_STAMP_SETTLED >= now)
		return;
	iov.iov_base = malloc(file->size);
	if (!iov.iov_base)
		return;
	got = preadv2(file->fd, &iov, 1, 0, RWF_NOWAIT);
	/* Some file systems do not support the flag. The file was sent a moment ago, so it is in
	 * memory. */
	if (got < 0 && errno == EOPNOTSUPP)
		got = preadv(file->fd, &iov, 1, 0);
	if (got == (ssize_t)file->size)
		file->bytes = iov.iov_base;
	else
		free(iov.iov_base);
}
