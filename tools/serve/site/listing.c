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
#include "tools/serve/site/listing.h"
#include "tools/serve/site/site.h"

static int listing_compare(const void *a, const void *b)
{
	const struct listing_entry *left = a, *right = b;

	if (left->folder != right->folder)
		return right->folder - left->folder;
	return strverscmp(left->name, right->name);
}

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
		.name = strdup(name), .size = (uint64_t)st->st_size, .modified = st->st_mtim.tv_sec,
		.folder = S_ISDIR(st->st_mode),
	};
	if (!out->entries[out->count].name)
		return -ENOMEM;
	out->count++;
	return 0;
}

/* A link is described by its target, and left out when that is outside. */
static int listing_stat(const struct site *site, const char *path, int folder, const char *name,
			struct stat *st)
{
	char target[PATH_MAX];
	int len;

	if (fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISLNK(st->st_mode))
		return 0;
	len = snprintf(target, sizeof(target), "%s%s", path, name);
	return len < (int)sizeof(target) ? site_stat(site, target, st) : -ENAMETOOLONG;
}

static int listing_gather(struct listing *out, const struct site *site, const char *path, DIR *dir)
{
	struct dirent *entry;
	struct stat st;
	int ret = 0;

	while (!ret && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..") ||
		    (*name == '.' && !site->settings.hidden))
			continue;
		if (listing_stat(site, path, dirfd(dir), name, &st) ||
		    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
			continue;
		out->cut = out->count == LISTING_MAX;
		if (out->cut)
			break;
		ret = listing_add(out, name, &st);
	}
	return ret;
}

int listing_read(struct listing *out, const struct site *site, const char *path)
{
	int ret, fd = site_open_folder(site, path);
	DIR *dir;

	*out = (struct listing){ 0 };
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	ret = listing_gather(out, site, path, dir);
	closedir(dir);
	if (!ret && out->count)
		qsort(out->entries, out->count, sizeof(*out->entries), listing_compare);
	return ret;
}

void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->entries[i].name);
	free(listing->entries);
	*listing = (struct listing){ 0 };
}
