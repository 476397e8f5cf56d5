/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_SETTINGS_H
#define TOOLS_SERVE_SITE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* A key and its value; both owned by their list. */
struct site_rule {
	char *key, *value;
};

struct site_rules {
	struct site_rule *rows;	/* owned */
	size_t count;
};

/* How the files of a site are served. All zero is valid: no listings, no dot files, no index. */
struct site_settings {
	bool listing;			/* list folders that have no index */
	bool hidden;			/* serve names that begin with a dot */
	bool precompressed;		/* send FILE.br, FILE.zst, FILE.gz for FILE */
	struct site_rules index;	/* key: file name; a folder's index is the first that exists */
	struct site_rules cache_control;	/* key: pattern for site_rules_match() */
	struct site_rules types;	/* key: extension without its dot; value: media type */
	struct site_rules error_pages;	/* key: status; value: path of a file, without leading slash */
};

void site_settings_free(struct site_settings *settings);

/*
 * Rules from text. 0; -EINVAL: *why says what to give; -ENOMEM.
 */
/* "NAME,...", which replaces all names; an empty text: folders have no index. */
int site_rules_set_index(struct site_rules *rules, const char *text, const char **why);
/* "PATTERN=VALUE": one rule more. */
int site_rules_add_pattern(struct site_rules *rules, const char *text, const char **why);
/* "EXTENSION=TYPE" */
int site_rules_add_type(struct site_rules *rules, const char *text, const char **why);
/* "STATUS=PATH" */
int site_rules_add_error_page(struct site_rules *rules, const char *text, const char **why);
void site_rules_free(struct site_rules *rules);

/*
 * The value of the first pattern that fits a path without its leading slash, or NULL. Patterns are
 * the shell's (*, ?, []). One with a slash is matched against the whole path, and its * matches
 * slashes too; one without a slash is matched against the last name.
 */
const char *site_rules_match(const struct site_rules *rules, const char *path);
/* The value of a key, in either case; NULL: there is none. */
const char *site_rules_find(const struct site_rules *rules, const char *key);

#endif
