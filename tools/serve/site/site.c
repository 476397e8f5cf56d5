// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/http/accept.h"
#include "tools/serve/site/mime.h"
#include "tools/serve/site/site.h"

int site_open(struct site *out, const char *dir, const struct mime *mime,
	      const struct site_settings *settings)
{
	static _Atomic uint64_t numbers;
	int fd, root;

	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	/* O_PATH does not check for permission to read. */
	fd = site_openat(root, ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0) {
		close(root);
		return fd;
	}
	close(fd);
	*out = (struct site){ .root = root,
			      .number = atomic_fetch_add(&numbers, 1),
			      .mime = mime,
			      .settings = *settings };
	return 0;
}

void site_close(struct site *site)
{
	close(site->root);
	site->root = -1;
	site_settings_free(&site->settings);
}

int site_status(int result)
{
	switch (-result) {
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return 503;
	case EIO:
		return 500;
	default:
		return 404;
	}
}

static const char *site_type(const struct site *site, const char *path)
{
	const char *dot = strrchr(path, '.');
	const char *type = dot ? site_rules_find(&site->settings.types, dot + 1) : NULL;

	return type ? type : mime_type(site->mime, path);
}

static int site_open_plain(const struct site *site, struct site_cache *cache, const char *path,
			   struct site_found *out)
{
	int ret = site_cache_open(cache, site->number, site->root, path, &out->file);

	if (ret)
		return ret;
	out->type = site_type(site, path);
	out->cache_control = site_rules_match(&site->settings.cache_control, path);
	out->encoding = NULL;
	return 0;
}

/* Replace the file by its best encoded sibling, if there is one. */
static void site_encoded(const struct site *site, struct site_cache *cache, const char *path,
			 const struct http_encoding *const *encodings, struct site_found *out)
{
	char target[PATH_MAX];
	struct site_file *file;

	for (; *encodings; encodings++) {
		int len = snprintf(target, sizeof(target), "%s%s", path, (*encodings)->suffix);

		if (len >= (int)sizeof(target) ||
		    site_cache_open(cache, site->number, site->root, target, &file))
			continue;
		/* It is older than the file: it was not updated with it. */
		if (file->modified < out->file->modified) {
			site_file_put(file);
			continue;
		}
		site_file_put(out->file);
		out->file = file;
		out->encoding = *encodings;
		return;
	}
}

static int site_open_best(const struct site *site, struct site_cache *cache, const char *path,
			  const struct http_encoding *const *encodings, struct site_found *out)
{
	int ret = site_open_plain(site, cache, path, out);

	if (!ret)
		site_encoded(site, cache, path, encodings, out);
	return ret;
}

/* Open the first of the folder's indexes that exists. */
static int site_open_index(const struct site *site, struct site_cache *cache, const char *path,
			   const struct http_encoding *const *encodings, struct site_found *out)
{
	const struct site_rules *names = &site->settings.index;
	char target[PATH_MAX];
	int ret = -ENOENT;

	for (size_t i = 0; i < names->count && (ret == -ENOENT || ret == -EISDIR); i++) {
		int len = snprintf(target, sizeof(target), "%s%s", path, names->rows[i].key);

		ret = len < (int)sizeof(target)
			      ? site_open_best(site, cache, target, encodings, out)
			      : -ENOENT;
	}
	return ret == -EISDIR ? -ENOENT : ret;
}

int site_find(const struct site *site, struct site_cache *cache, const char *path,
	      const struct http_encoding *const *encodings, struct site_found *out, int *error)
{
	size_t len = strlen(path);
	bool folder = !len || path[len - 1] == '/';
	int ret = folder ? site_open_index(site, cache, path, encodings, out) :
			   site_open_best(site, cache, path, encodings, out);

	*error = -ret;
	if (ret == -EISDIR)
		return 301;
	return ret ? site_status(ret) : 0;
}

int site_find_error(const struct site *site, struct site_cache *cache, int status,
		    struct site_found *out)
{
	char key[16];
	const char *path;

	snprintf(key, sizeof(key), "%d", status);
	path = site_rules_find(&site->settings.error_pages, key);
	return path ? site_open_plain(site, cache, path, out) : 1;
}

int site_stat(const struct site *site, const char *path, struct stat *st)
{
	int ret, fd = site_openat(site->root, path, O_PATH);

	if (fd < 0)
		return fd;
	ret = fstat(fd, st) ? -errno : 0;
	close(fd);
	return ret;
}
