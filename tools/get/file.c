// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "tools/common/log.h"
#include "tools/get/file.h"

#define FILE_READ	65536

static int file_complain(const char *path, int error, const char *remedy)
{
	log_line("%s: %s%s", path, strerror(error), remedy);
	return -1;
}

/* ---- streams ---- */

/* A new open file description: O_NONBLOCK must not affect other processes that share ours. */
static int file_reopen(const char *path)
{
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int file_stream(const char *path)
{
	struct stat st;
	int fd;

	if (!path)
		return -1;
	if (!strcmp(path, "-")) {
		if (fstat(STDOUT_FILENO, &st)) {
			file_complain("standard output", errno, "");
			return -2;
		}
		fd = S_ISREG(st.st_mode) ? -1 : file_reopen("/proc/self/fd/1");
		fd = fd < 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : fd;
	} else {
		if (stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			return -1;
		fd = file_reopen(path);
	}
	if (fd >= 0)
		return fd;
	file_complain(path, errno, errno == ENXIO ? "; nobody reads there" : "");
	return -2;
}

/* ---- the part ---- */

static int file_names(struct file *file, const char *path)
{
	file->path = strdup(path);
	if (asprintf(&file->part, "%s.part", path) < 0)
		file->part = NULL;
	if (asprintf(&file->version, "%s.part.version", path) < 0)
		file->version = NULL;
	return file->path && file->part && file->version ? 0 : file_complain(path, ENOMEM, "");
}

/* Two processes writing one part would damage it without notice. */
static int file_lock(struct file *file)
{
	if (!flock(file->fd, LOCK_EX | LOCK_NB))
		return 0;
	log_line("%s: another program is writing it; wait for it, or name another file by --output",
		 file->part);
	return -1;
}

static int file_validator(struct file *file)
{
	FILE *stream = fopen(file->version, "re");
	size_t len;

	if (!stream)
		return -ENOENT;
	if (!fgets(file->validator, sizeof(file->validator), stream))
		file->validator[0] = '\0';
	fclose(stream);
	len = strcspn(file->validator, "\n");
	/* A line without its end was not written completely. */
	if (file->validator[len] != '\n')
		len = 0;
	file->validator[len] = '\0';
	return len ? 0 : -ENOENT;
}

static int file_digest(struct file *file)
{
	if (!file->digest)
		return 0;
	if (!EVP_DigestInit_ex(file->digest, EVP_sha256(), NULL))
		return file_complain("SHA-256", ENOMEM, "");
	return 0;
}

/* Hash the bytes that a file has already. */
static int file_digest_file(struct file *file, int fd)
{
	char buf[FILE_READ];
	uint64_t at = 0;
	ssize_t got;

	if (file_digest(file))
		return -1;
	while (file->digest && (got = pread(fd, buf, sizeof(buf), (off_t)at)) != 0) {
		if (got < 0)
			return file_complain(file->part, errno, "");
		EVP_DigestUpdate(file->digest, buf, (size_t)got);
		at += (uint64_t)got;
	}
	return 0;
}

/* Open the part of an earlier run, if there is one; size stays 0 where it cannot be continued. */
static int file_resume(struct file *file)
{
	struct stat st;

	file->fd = open(file->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0)
		return errno == ENOENT ? 0 : file_complain(file->part, errno, "");
	if (file_lock(file))
		return -1;
	if (fstat(file->fd, &st))
		return file_complain(file->part, errno, "");
	if (!st.st_size)
		return 0;
	if (file_validator(file)) {
		log_line("%s: its version is not known, so the file is fetched anew", file->part);
		return 0;
	}
	file->size = (uint64_t)st.st_size;
	return file_digest_file(file, file->fd);
}

/* ---- the complete file ---- */

static bool file_matches(struct file *file, const char *path)
{
	unsigned char got[EVP_MAX_MD_SIZE];
	char text[2 * GET_DIGEST + 1];

	if (!file->digest)
		return true;
	if (EVP_DigestFinal_ex(file->digest, got, NULL) && !memcmp(got, file->expected, GET_DIGEST))
		return true;
	for (size_t i = 0; i < GET_DIGEST; i++)
		sprintf(text + 2 * i, "%02x", got[i]);
	file->differs = true;
	log_line("%s: its SHA-256 is %s, not what --sha256 says: it is another file, or damaged",
		 path, text);
	return false;
}

static enum file_state file_there(struct file *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return file_complain(file->path, errno, "");
	ret = file_digest_file(file, fd);
	close(fd);
	return !ret && file_matches(file, file->path) ? FILE_WHOLE : FILE_FAILED;
}

enum file_state file_open(struct file *file, const char *path, int stream,
			  const struct get_options *options)
{
	struct stat st;
	bool there;

	*file = (struct file){ .fd = stream, .stream = stream >= 0, .force = options->force };
	if (options->check) {
		file->expected = options->sha256;
		file->digest = EVP_MD_CTX_new();
		if (!file->digest || file_digest(file))
			return FILE_FAILED;
	}
	if (file->stream)
		return FILE_READY;
	if (file_names(file, path))
		return FILE_FAILED;
	there = !lstat(path, &st);
	if (there && S_ISDIR(st.st_mode))
		return file_complain(path, EISDIR,
				     "; --output names a file, or a folder by a slash at its end");
	if (there && options->resume && !options->force && access(file->part, F_OK))
		return file_there(file);
	if (there && !options->force) {
		log_line("%s: it is already there; --force replaces it, --output names another",
			 path);
		return FILE_FAILED;
	}
	return options->resume && file_resume(file) ? FILE_FAILED : FILE_READY;
}

static int file_begin_version(struct file *file, const char *validator)
{
	FILE *stream;
	bool written;

	unlink(file->version);
	if (!validator)
		return 0;
	stream = fopen(file->version, "wxe");
	if (!stream)
		return file_complain(file->version, errno, "");
	written = fprintf(stream, "%s\n", validator) > 0;
	if (!fclose(stream) && written)
		return 0;
	return file_complain(file->version, errno, "");
}

static int file_open_part(struct file *file)
{
	if (file->fd >= 0)
		return 0;
	file->fd = open(file->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (file->fd < 0)
		return file_complain(file->part, errno,
				     "; name a file that can be written by --output");
	return file_lock(file);
}

int file_begin(struct file *file, uint64_t offset, const char *validator)
{
	if (file->stream && file->size != offset) {
		log_line("the output has %" PRIu64
			 " bytes of another attempt, which cannot be taken back",
			 file->size);
		return -1;
	}
	if (!file->stream && file_open_part(file))
		return -1;
	if (!file->stream && lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
		return file_complain(file->part, errno, "");
	if (offset)
		return 0;
	file->size = 0;
	snprintf(file->validator, sizeof(file->validator), "%s", validator ? validator : "");
	if (file_digest(file))
		return -1;
	if (file->stream)
		return 0;
	if (ftruncate(file->fd, 0))
		return file_complain(file->part, errno, "");
	return file_begin_version(file, validator);
}

/* ---- bytes ---- */

static int file_wait(struct file *file, const char *data, size_t len)
{
	char *waiting = malloc(len);

	if (!waiting)
		return file_complain("standard output", ENOMEM, "");
	memcpy(waiting, data, len);
	free(file->waiting);
	file->waiting = waiting;
	file->waiting_len = len;
	return -EAGAIN;
}

static int file_refused(const struct file *file)
{
	if (file->stream)
		return file_complain("output", errno, "");
	return file_complain(file->part, errno, "; make room, then --continue goes on from there");
}

static int file_put(struct file *file, const char *data, size_t len)
{
	while (len) {
		ssize_t put = write(file->fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return file_wait(file, data, len);
		if (put < 0)
			return file_refused(file);
		data += put;
		len -= (size_t)put;
	}
	free(file->waiting);
	file->waiting = NULL;
	file->waiting_len = 0;
	return 0;
}

int file_write(struct file *file, const char *data, size_t len)
{
	if (file->digest)
		EVP_DigestUpdate(file->digest, data, len);
	file->size += len;
	return file_put(file, data, len);
}

int file_flush(struct file *file)
{
	return file->waiting ? file_put(file, file->waiting, file->waiting_len) : 0;
}

/* ---- the end ---- */

static void file_discard(struct file *file)
{
	unlink(file->part);
	unlink(file->version);
}

/* A file of that name may have appeared meanwhile: never replace it without --force. */
static int file_rename(const struct file *file)
{
	if (file->force)
		return rename(file->part, file->path);
	if (!renameat2(AT_FDCWD, file->part, AT_FDCWD, file->path, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -1;
	/* The file system has no RENAME_NOREPLACE. */
	if (!access(file->path, F_OK)) {
		errno = EEXIST;
		return -1;
	}
	return rename(file->part, file->path);
}

static int file_set_modified(struct file *file, time_t modified)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = modified } };

	return modified == -1 ? 0 : futimens(file->fd, times);
}

int file_finish(struct file *file, time_t modified)
{
	if (!file_matches(file, file->stream ? "the output" : file->path)) {
		if (!file->stream)
			file_discard(file);
		return -1;
	}
	if (file->stream)
		return 0;
	/* The bytes must reach the disk before the name: a crash may come between. */
	if (file_set_modified(file, modified) || fsync(file->fd))
		return file_refused(file);
	if (file_rename(file)) {
		file_complain(file->path, errno, "");
		log_line("%s is complete: rename it by mv", file->part);
		return -1;
	}
	unlink(file->version);
	return 0;
}

void file_close(struct file *file)
{
	struct stat st;

	/* Remove an empty part. */
	if (!file->stream && file->fd >= 0 && file->part && !fstat(file->fd, &st) && st.st_nlink &&
	    !st.st_size && !access(file->part, F_OK))
		file_discard(file);
	if (!file->stream && file->fd >= 0)
		close(file->fd);
	EVP_MD_CTX_free(file->digest);
	free(file->waiting);
	free(file->path);
	free(file->part);
	free(file->version);
	*file = (struct file){ .fd = -1 };
}
