// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/site/listing.h"
#include "tools/serve/site/listing_cache.h"
#include "tools/serve/site/site.h"

static void row_free(struct listing_row *row)
{
	if (!row->path)
		return;
	free(row->path);
	site_file_put(row->file);
	*row = (struct listing_row){ 0 };
}

static struct listing_row *row_find(struct listing_kept *kept, uint64_t site, const char *path, bool json)
{
	for (struct listing_row *row = kept->rows; row < kept->rows + LISTING_KEPT; row++)
		if (row->path && row->site == site && row->json == json && !strcmp(row->path, path))
			return row;
	return NULL;
}

/* Were the same entries there? Of a folder that changes just now its time need not tell. */
static bool row_current(const struct listing_row *row, const struct stat *folder, time_t now)
{
	return row->made == now && row->folder.st_ino == folder->st_ino && row->folder.st_dev == folder->st_dev &&
	       row->folder.st_ctim.tv_sec == folder->st_ctim.tv_sec &&
	       row->folder.st_ctim.tv_nsec == folder->st_ctim.tv_nsec &&
	       folder->st_ctim.tv_sec + SITE_SETTLED < now;
}

static int kept_make(const struct site *site, const char *path, bool json, char **text, size_t *len)
{
	struct listing listing;
	int ret = listing_read(&listing, site, path);

	if (!ret) {
		*text = json ? listing_json(&listing, path, len) : listing_html(&listing, path, len);
		ret = *text ? 0 : -ENOMEM;
	}
	listing_free(&listing);
	return ret;
}

/* In the row's place, or the next. Without memory it is not kept. */
static void kept_put(struct listing_kept *kept, struct listing_row *row, const struct listing_row *fresh,
		     const char *path)
{
	if (!row) {
		row = &kept->rows[kept->next];
		kept->next = (kept->next + 1) % LISTING_KEPT;
	}
	row_free(row);
	*row = *fresh;
	row->path = strdup(path);
	if (row->path)
		row->file->references++;
}

int listing_kept_get(struct listing_kept *kept, const struct site *site, const char *path, bool json, time_t now,
		     struct site_file **out)
{
	struct listing_row *row = row_find(kept, site->number, path, json);
	struct listing_row fresh = { .site = site->number, .json = json, .made = now };
	int ret = site_stat(site, *path ? path : ".", &fresh.folder);
	size_t len;
	char *text;

	if (!ret && row && row_current(row, &fresh.folder, now)) {
		*out = row->file;
		row->file->references++;
		return 0;
	}
	if (!ret && kept->bytes > LISTING_BYTES)
		ret = -EAGAIN;
	if (!ret)
		ret = kept_make(site, path, json, &text, &len);
	if (ret)
		return ret;
	/* What others still wait for is the same more often than not. */
	if (row && row->file->size == len && !memcmp(row->file->bytes, text, len)) {
		free(text);
		fresh.file = row->file;
		fresh.file->references++;
	} else {
		ret = site_file_text(&fresh.file, text, len, &kept->bytes);
		if (ret)
			return ret;
	}
	kept_put(kept, row, &fresh, path);
	*out = fresh.file;
	return 0;
}

void listing_kept_free(struct listing_kept *kept)
{
	for (unsigned i = 0; i < LISTING_KEPT; i++)
		row_free(&kept->rows[i]);
}
