/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_SETTINGS_H
#define TOOLS_SERVE_SITE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* A key and what belongs to it; both owned by their list. */
struct site_rule {
	char *key, *value;
};

struct site_rules {
	struct site_rule *rows;		/* owned */
	size_t count;
};

/* How the files of a site are served. Filled from text, by flags or by a file, before it serves. */
struct site_settings {
	bool listing;			/* folders without an index are listed */
	bool hidden;			/* names that begin with a dot are served */
	bool precompressed;		/* FILE.br, FILE.zst, FILE.gz stand for FILE */
	struct site_rules index;	/* key: a file's name; the first that is there is the folder's index */
	struct site_rules cache_control;	/* key: a pattern, see site_settings_match(); the first counts */
	struct site_rules types;	/* key: an extension without its dot; value: media type */
	struct site_rules error_pages;	/* key: a status; value: path of a file, without leading slash */
};

/* All zero is valid too: nothing is listed, nothing hidden is served, and no folder has an index. */
int site_settings_init(struct site_settings *out);
void site_settings_free(struct site_settings *settings);
/*
 * Set what is called name (see the table in site_settings.c; the same names are flags of
 * tlsring-serve(1)) from text: on or off, or NULL for on, where it is a switch; KEY=VALUE where
 * it is a list, each call adding one; names divided by commas for index. 0; -ENOENT: nothing is
 * called so; -EINVAL: not with that value; -ENOMEM; *why then says it in words ("give ...").
 */
int site_settings_set(struct site_settings *settings, const char *name, const char *value,
		      const char **why);
/* All that is set, in a form that site_settings_set() takes. */
void site_settings_each(const struct site_settings *settings,
			void (*each)(const char *name, const char *value, void *user), void *user);

/* The value of the first pattern (shell's, *, ? and []) that fits a path without its leading
 * slash: one with a slash the whole path, in which its * also stands for slashes; one without
 * the last name. NULL: none fits. */
const char *site_settings_match(const struct site_rules *rules, const char *path);
/* The value of a key, whatever its case; NULL: none. */
const char *site_settings_find(const struct site_rules *rules, const char *key);

#endif
