// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "tools/common/log.h"
#include "tools/get/file.h"

#define OUTPUT_READ	65536

static int output_complain(const char *path, int error, const char *remedy)
{
	log_line("%s: %s%s", path, strerror(error), remedy);
	return -1;
}

/* ---- streams ---- */

/* A description of our own, so that not blocking is nobody else's matter. */
static int output_reopen(const char *path)
{
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int output_stream(const char *path)
{
	struct stat st;
	int fd;

	if (!path)
		return -1;
	if (!strcmp(path, "-")) {
		if (fstat(STDOUT_FILENO, &st)) {
			output_complain("standard output", errno, "");
			return -2;
		}
		fd = S_ISREG(st.st_mode) ? -1 : output_reopen("/proc/self/fd/1");
		fd = fd < 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : fd;
	} else {
		if (stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			return -1;
		fd = output_reopen(path);
	}
	if (fd >= 0)
		return fd;
	output_complain(path, errno, errno == ENXIO ? "; nobody reads there" : "");
	return -2;
}

/* ---- the part ---- */

static int output_names(struct output *out, const char *path)
{
	out->path = strdup(path);
	if (asprintf(&out->part, "%s.part", path) < 0)
		out->part = NULL;
	if (asprintf(&out->version, "%s.part.version", path) < 0)
		out->version = NULL;
	return out->path && out->part && out->version ? 0 : output_complain(path, ENOMEM, "");
}

/* Two of us in one file would make a mess that looks whole. */
static int output_lock(struct output *out)
{
	if (!flock(out->fd, LOCK_EX | LOCK_NB))
		return 0;
	log_line("%s: another program is writing it; wait for it, or name another file by --output", out->part);
	return -1;
}

static int output_validator(struct output *out)
{
	FILE *file = fopen(out->version, "re");
	size_t len;

	if (!file)
		return -ENOENT;
	if (!fgets(out->validator, sizeof(out->validator), file))
		out->validator[0] = '\0';
	fclose(file);
	len = strcspn(out->validator, "\n");
	/* Without its end it was not written to its end. */
	if (out->validator[len] != '\n')
		len = 0;
	out->validator[len] = '\0';
	return len ? 0 : -ENOENT;
}

static int output_digest(struct output *out)
{
	if (!out->digest)
		return 0;
	return EVP_DigestInit_ex(out->digest, EVP_sha256(), NULL) ? 0 : output_complain("SHA-256", ENOMEM, "");
}

/* What is there already is hashed as if it came. */
static int output_digest_file(struct output *out, int fd)
{
	char buf[OUTPUT_READ];
	uint64_t at = 0;
	ssize_t got;

	if (output_digest(out))
		return -1;
	while (out->digest && (got = pread(fd, buf, sizeof(buf), (off_t)at)) != 0) {
		if (got < 0)
			return output_complain(out->part, errno, "");
		EVP_DigestUpdate(out->digest, buf, (size_t)got);
		at += (uint64_t)got;
	}
	return 0;
}

/* Whatever cannot be continued is begun anew. */
static int output_resume(struct output *out)
{
	struct stat st;

	out->fd = open(out->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (out->fd < 0)
		return errno == ENOENT ? 0 : output_complain(out->part, errno, "");
	if (output_lock(out))
		return -1;
	if (fstat(out->fd, &st))
		return output_complain(out->part, errno, "");
	if (!st.st_size)
		return 0;
	if (output_validator(out)) {
		log_line("%s: of which version of the file it is a part is not known; fetched anew", out->part);
		return 0;
	}
	out->size = (uint64_t)st.st_size;
	out->known = true;
	return output_digest_file(out, out->fd);
}

/* ---- the whole ---- */

static bool output_matches(struct output *out, const char *path)
{
	unsigned char got[EVP_MAX_MD_SIZE];
	char text[2 * GET_DIGEST + 1];

	if (!out->digest)
		return true;
	if (EVP_DigestFinal_ex(out->digest, got, NULL) && !memcmp(got, out->expected, GET_DIGEST))
		return true;
	for (size_t i = 0; i < GET_DIGEST; i++)
		sprintf(text + 2 * i, "%02x", got[i]);
	log_line("%s: its SHA-256 is %s, not what --sha256 says: it is another file, or damaged", path, text);
	return false;
}

static enum output_state output_there(struct output *out)
{
	int fd = open(out->path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return output_complain(out->path, errno, "");
	ret = output_digest_file(out, fd);
	close(fd);
	return !ret && output_matches(out, out->path) ? OUTPUT_WHOLE : OUTPUT_FAILED;
}

enum output_state output_open(struct output *out, const char *path, int stream, const struct get_options *options)
{
	struct stat st;
	bool there;

	*out = (struct output){ .fd = stream, .stream = stream >= 0, .force = options->force };
	if (options->check) {
		out->expected = options->sha256;
		out->digest = EVP_MD_CTX_new();
		if (!out->digest || output_digest(out))
			return OUTPUT_FAILED;
	}
	if (out->stream)
		return OUTPUT_READY;
	if (output_names(out, path))
		return OUTPUT_FAILED;
	there = !lstat(path, &st);
	if (there && S_ISDIR(st.st_mode))
		return output_complain(path, EISDIR, "; name a file by --output");
	if (there && options->resume && !options->force && access(out->part, F_OK))
		return output_there(out);
	if (there && !options->force) {
		log_line("%s: it is already there; --force replaces it, --output names another", path);
		return OUTPUT_FAILED;
	}
	return options->resume && output_resume(out) ? OUTPUT_FAILED : OUTPUT_READY;
}

static int output_begin_version(struct output *out, const char *validator)
{
	FILE *file;
	bool written;

	unlink(out->version);
	out->known = validator;
	if (!validator)
		return 0;
	file = fopen(out->version, "wxe");
	if (!file)
		return output_complain(out->version, errno, "");
	written = fprintf(file, "%s\n", validator) > 0;
	if (!fclose(file) && written)
		return 0;
	return output_complain(out->version, errno, "");
}

int output_begin(struct output *out, uint64_t offset, const char *validator)
{
	if (out->stream)
		return 0;
	if (out->fd < 0) {
		out->fd = open(out->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (out->fd < 0)
			return output_complain(out->part, errno, "; name a file that can be written by --output");
		if (output_lock(out))
			return -1;
	}
	if (offset && offset == out->size)
		return lseek(out->fd, (off_t)offset, SEEK_SET) < 0 ? output_complain(out->part, errno, "") : 0;
	out->size = 0;
	if (ftruncate(out->fd, 0) || lseek(out->fd, 0, SEEK_SET))
		return output_complain(out->part, errno, "");
	return output_digest(out) ? -1 : output_begin_version(out, validator);
}

/* ---- bytes ---- */

static int output_wait(struct output *out, const char *data, size_t len)
{
	char *waiting = malloc(len);

	if (!waiting)
		return output_complain("standard output", ENOMEM, "");
	memcpy(waiting, data, len);
	free(out->waiting);
	out->waiting = waiting;
	out->waiting_len = len;
	return -EAGAIN;
}

static int output_refused(const struct output *out)
{
	if (out->stream)
		return output_complain("output", errno, "");
	return output_complain(out->part, errno, "; make room, then --continue goes on from there");
}

static int output_put(struct output *out, const char *data, size_t len)
{
	while (len) {
		ssize_t put = write(out->fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return output_wait(out, data, len);
		if (put < 0)
			return output_refused(out);
		data += put;
		len -= (size_t)put;
	}
	free(out->waiting);
	out->waiting = NULL;
	out->waiting_len = 0;
	return 0;
}

int output_write(struct output *out, const char *data, size_t len)
{
	if (out->digest)
		EVP_DigestUpdate(out->digest, data, len);
	out->size += len;
	return output_put(out, data, len);
}

int output_flush(struct output *out)
{
	return out->waiting ? output_put(out, out->waiting, out->waiting_len) : 0;
}

/* ---- the end ---- */

static void output_discard(struct output *out)
{
	unlink(out->part);
	unlink(out->version);
}

/* Somebody may have made a file of that name meanwhile. */
static int output_rename(const struct output *out)
{
	if (out->force)
		return rename(out->part, out->path);
	if (!renameat2(AT_FDCWD, out->part, AT_FDCWD, out->path, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -1;
	/* A file system without RENAME_NOREPLACE. */
	if (!access(out->path, F_OK)) {
		errno = EEXIST;
		return -1;
	}
	return rename(out->part, out->path);
}

int output_finish(struct output *out)
{

	if (!output_matches(out, out->stream ? "what came" : out->path)) {
		if (!out->stream)
			output_discard(out);
		return -1;
	}
	if (out->stream)
		return 0;
	/* A name that outlives a crash must not come before the bytes. */
	if (fsync(out->fd))
		return output_refused(out);
	if (output_rename(out)) {
		output_complain(out->path, errno, "");
		log_line("%s is whole: give it its name by mv", out->part);
		return -1;
	}
	unlink(out->version);
	return 0;
}

void output_close(struct output *out)
{
	struct stat st;

	/* An empty part is of no use to anybody. */
	if (!out->stream && out->fd >= 0 && out->part && !fstat(out->fd, &st) && st.st_nlink && !st.st_size &&
	    !access(out->part, F_OK))
		output_discard(out);
	if (!out->stream && out->fd >= 0)
		close(out->fd);
	EVP_MD_CTX_free(out->digest);
	free(out->waiting);
	free(out->path);
	free(out->part);
	free(out->version);
	*out = (struct output){ .fd = -1 };
}
