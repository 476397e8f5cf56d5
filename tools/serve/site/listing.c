// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/serve/site/file.h"
#include "tools/serve/site/listing.h"

/* ---- order ---- */

static int listing_compare_number(int64_t left, int64_t right)
{
	return (left > right) - (left < right);
}

static int listing_compare(const void *a, const void *b, void *user)
{
	const struct listing_entry *left = a, *right = b;
	enum listing_sort sort = *(const enum listing_sort *)user;
	int order = 0;

	if (left->folder != right->folder)
		return right->folder - left->folder;
	if ((sort | 1) == LISTING_BY_SIZE_DOWN && !left->folder)
		order = listing_compare_number((int64_t)left->size, (int64_t)right->size);
	else if ((sort | 1) == LISTING_BY_TIME_DOWN)
		order = listing_compare_number(left->modified, right->modified);
	/* Numbers within names in their order; the rest by name upwards, whatever goes down. */
	if (!order)
		return (sort == LISTING_BY_NAME_DOWN ? -1 : 1) *
		       strverscmp(left->name, right->name);
	return sort & 1 ? -order : order;
}

/* ---- reading ---- */

static int listing_add(struct listing *out, const char *name, const struct stat *st)
{
	if (out->count == out->room) {
		size_t room = out->room ? 2 * out->room : 64;
		void *larger = realloc(out->entries, room * sizeof(*out->entries));

		if (!larger)
			return -ENOMEM;
		out->entries = larger;
		out->room = room;
	}
	out->entries[out->count] = (struct listing_entry){
		.name = strdup(name),
		.size = (uint64_t)st->st_size,
		.modified = st->st_mtim.tv_sec,
		.folder = S_ISDIR(st->st_mode),
	};
	if (!out->entries[out->count].name)
		return -ENOMEM;
	out->count++;
	return 0;
}

/* A link is described by its target, and left out when that is outside. */
static int listing_stat(int root, const char *path, int folder, const char *name, struct stat *st)
{
	char target[PATH_MAX];
	int fd, ret;

	if (fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISLNK(st->st_mode))
		return 0;
	if (snprintf(target, sizeof(target), "%s%s", path, name) >= (int)sizeof(target))
		return -ENAMETOOLONG;
	fd = site_openat(root, target, O_PATH);
	if (fd < 0)
		return fd;
	ret = fstat(fd, st) ? -errno : 0;
	close(fd);
	return ret;
}

static int listing_gather(struct listing *out, int root, const char *path, DIR *dir)
{
	struct dirent *entry;
	struct stat st;
	int ret = 0;

	while (!ret && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..") ||
		    (*name == '.' && !out->form.hidden))
			continue;
		if (listing_stat(root, path, dirfd(dir), name, &st) ||
		    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
			continue;
		out->cut = out->count == LISTING_MAX;
		if (out->cut)
			return 0;
		ret = listing_add(out, name, &st);
	}
	return ret ? ret : -errno;
}

static int listing_read(struct listing *out, int root, const char *path)
{
	int ret, fd = site_openat(root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	ret = listing_gather(out, root, path, dir);
	closedir(dir);
	if (!ret && out->count)
		qsort_r(out->entries, out->count, sizeof(*out->entries), listing_compare,
			&out->form.sort);
	return ret;
}

static void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->entries[i].name);
	free(listing->entries);
}

int listing_make(int root, const char *path, const struct listing_form *form, char **text,
		 size_t *len)
{
	struct listing listing = { .form = *form };
	int ret = listing_read(&listing, root, path);

	if (!ret) {
		*text = form->json ? listing_json(&listing, path, len) :
				     listing_html(&listing, path, len);
		ret = *text ? 0 : -ENOMEM;
	}
	listing_free(&listing);
	return ret;
}
