/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_OPTIONS_H
#define TOOLS_COMMON_OPTIONS_H

/* The options of a subcommand: one table, which the parser and --help both read. */

#include <stddef.h>

struct options_row {
	const char *name;		/* without dashes */
	char letter;			/* of the short form; 0: there is none */
	/* Name of the argument in the help; NULL: there is none; "[=NAME]": it is optional. */
	const char *argument;
	/* Lines are broken by --help, and at each "\n"; NULL: --help leaves the option out. */
	const char *help;
	/*
	 * Take one occurrence; value is NULL when there is no argument. 0, or an exit status after
	 * a message on standard error. One of options_set_...() below, or the program's own.
	 */
	int (*set)(void *out, const struct options_row *row, const char *value);
	size_t at;			/* offset of the member in *out */
	double min, max;		/* of a number, bytes or seconds */
	const char *const *words;	/* of a choice: by value, ends with NULL */
};

struct options_table {
	const char *command;		/* "get" */
	const char *usage;		/* what --help prints before the options */
	const struct options_row *rows;	/* without --help, which every table has */
	size_t count;
};

/*
 * Take all options; *argc and *argv become the operands that are left. 0: go on; -1: --help was
 * printed, end with status 0; else an exit status, after a message on standard error.
 */
int options_parse(const struct options_table *table, void *out, int *argc, char ***argv);
/* The argument of the last occurrence of an option, without taking any; NULL: it is not there. */
const char *options_find(const struct options_table *table, const char *name, int argc,
			 char **argv);

/* ---- setters, each with the type of the member at row->at ---- */

/* bool */
int options_set_true(void *out, const struct options_row *row, const char *value);
/* const char *, which points into argv */
int options_set_text(void *out, const struct options_row *row, const char *value);
/* unsigned */
int options_set_number(void *out, const struct options_row *row, const char *value);
/* double */
int options_set_real(void *out, const struct options_row *row, const char *value);
/* uint64_t; "16K" */
int options_set_bytes(void *out, const struct options_row *row, const char *value);
/* double, in seconds; "5m" */
int options_set_seconds(void *out, const struct options_row *row, const char *value);
/* unsigned, or an enum */
int options_set_word(void *out, const struct options_row *row, const char *value);

/* The words of options that several subcommands have, by their enumeration in tlsring.h. */
extern const char *const options_offload_words[];
extern const char *const options_io_words[];

/* ---- values that are parts of an argument; 0 or TOOLS_USAGE, after a message ---- */

/* A number from min to max. */
int options_number(const char *name, const char *text, unsigned min, unsigned max, unsigned *out);
/* The position of text among words, which NULL ends: all together shorter than OPTIONS_WORDS. */
#define OPTIONS_WORDS	1024
int options_word(const char *name, const char *text, const char *const *words, unsigned *out);

#endif
