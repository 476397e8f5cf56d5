/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONFIG_VALUES_H
#define TOOLS_SERVE_CONFIG_VALUES_H

/* A setting, and the types of values: text in, text out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config;
struct config_setting;

struct config_text {
	char *text;			/* owned; NULL: not set */
	unsigned line;			/* of the file; 0: from a flag */
};

/* The values of a setting that may be given more than once. */
struct config_texts {
	struct config_text *rows;	/* owned */
	size_t count;
};

/* One word of a choice, and the number that it stands for. */
struct config_word {
	const char *word;		/* NULL ends the list */
	unsigned value;
};

/* How a type of value is read and written; `at` points to the field. */
struct config_type {
	/* 0; -EINVAL: *why says what to give; -ENOMEM. */
	int (*set)(void *at, const struct config_setting *setting, const char *value, unsigned line,
		   const char **why);
	/* Write lines "NAME = VALUE", which set() takes; nothing for what is not set. */
	void (*print)(FILE *out, const struct config_setting *setting, const void *at);
	void (*free)(void *at);		/* NULL: the field owns nothing */
	bool list;			/* each set() adds one value */
};

extern const struct config_type config_type_text, config_type_texts, config_type_address,
	config_type_addresses, config_type_names, config_type_number, config_type_word,
	config_type_switch, config_type_index, config_type_patterns, config_type_media_types,
	config_type_error_pages;

/* Where a setting lives: its section of the file, and the structure of its field. */
enum config_scope { CONFIG_SERVER, CONFIG_HOST };

struct config_setting {			/* NOLINT: in the order in which the table reads */
	const char *name;		/* long flag and key in the file */
	char letter;			/* short flag, or 0 */
	const char *arg;		/* what the help calls the value; NULL: a switch */
	const char *help;		/* of a switch that is on by default: what --no-NAME does */
	const char *initial;		/* default, as text that the type takes; NULL: not set */
	const char *initial_flags;	/* default where there is no file, if it is another one */
	/* Default that follows from the machine or from settings above, in place of `initial`. */
	unsigned (*derive)(const struct config *config);
	enum config_scope scope;
	size_t at;			/* offset in struct config or config_host */
	bool fixed;			/* needs a restart or an upgrade: a reload only warns */
	const struct config_type *type;
	unsigned min, max;		/* of a number */
	const struct config_word *words;	/* of a choice */
};

/* A number whose default `derive` has not filled in yet. */
#define CONFIG_UNSET	(~0u)

/* The rows in one text, divided by colons; the caller frees it. NULL: out of memory. */
char *config_texts_join(const struct config_texts *texts);

#endif
