/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_SETTINGS_H
#define TOOLS_SERVE_SITE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* A key and its value, both owned by their list. */
struct site_rule {
	char *key, *value;
};

struct site_rules {
	struct site_rule *rows;	/* owned */
	size_t count;
};

/* How the files of a site are served. Filled from text, by options or by a file. */
struct site_settings {
	bool listing;			/* folders without an index are listed */
	bool hidden;			/* names that begin with a dot are served */
	bool precompressed;		/* FILE.br, FILE.zst, FILE.gz stand for FILE */
	/* Key: name of a file; the first that exists is the folder's index. */
	struct site_rules index;
	/* Key: a pattern for site_settings_match(); the first match counts. */
	struct site_rules cache_control;
	struct site_rules types;	/* key: an extension without its dot; value: media type */
	struct site_rules error_pages;	/* key: status; value: path without leading slash */
};

/* All zero is valid too: no listings, nothing hidden is served, folders have no index. */
int site_settings_init(struct site_settings *out);
void site_settings_free(struct site_settings *settings);
/*
 * Set `name` from text. name: see the table in settings.c; they are options of tlsring-serve(1).
 * text: on or off, or NULL for on, for a switch; KEY=VALUE for a list, each call adds one; names
 * divided by commas for index. 0; -ENOENT: there is no such setting; -EINVAL: the value is wrong;
 * -ENOMEM; *why then tells it in words ("give ...").
 */
int site_settings_set(struct site_settings *settings, const char *name, const char *value,
		      const char **why);
/* Tell all settings, in a form that site_settings_set() takes. */
void site_settings_each(const struct site_settings *settings,
			void (*each)(const char *name, const char *value, void *user), void *user);

/* The value of the first pattern (with *, ? and [], as the shell has them) that matches a path
 * without its leading slash. A pattern with a slash must match the whole path, and its * matches
 * slashes too; others must match the last name. NULL: none matches. */
const char *site_settings_match(const struct site_rules *rules, const char *path);
/* The value of a key in any case; NULL: there is none. */
const char *site_settings_find(const struct site_rules *rules, const char *key);

#endif
