// SPDX-License-Identifier: MIT
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/log.h"
#include "tools/common/number.h"
#include "tools/common/options.h"
#include "tools/tools.h"
#include "tlsring.h"

#define OPTIONS_COLUMN	27	/* where the texts of the help begin */
#define OPTIONS_WIDTH	100	/* of its lines */

const char *const options_offload_words[] = {
	[TLSRING_OFFLOAD_AUTO] = "auto",
	[TLSRING_OFFLOAD_OFF] = "off",
	[TLSRING_OFFLOAD_REQUIRE] = "require",
	NULL,
};
const char *const options_io_words[] = {
	[TLSRING_IO_AUTO] = "auto",
	[TLSRING_IO_URING] = "uring",
	[TLSRING_IO_EPOLL] = "epoll",
	NULL,
};

static const struct options_row options_help_row = {
	.name = "help", .letter = 'h', .help = "this text",
};

/* Row index of a table, of which --help is the last; NULL behind it. */
static const struct options_row *options_row(const struct options_table *table, size_t index)
{
	if (index < table->count)
		return &table->rows[index];
	return index == table->count ? &options_help_row : NULL;
}

static bool options_may_omit(const struct options_row *row)
{
	return row->argument && *row->argument == '[';
}

/* ---- the help ---- */

/* How much of text fits into a line: whole words, and nothing behind a "\n". */
static size_t options_fitting(const char *text)
{
	size_t len = strcspn(text, "\n"), room = OPTIONS_WIDTH - OPTIONS_COLUMN;

	if (len <= room)
		return len;
	for (len = room; len && text[len] != ' '; len--)
		;
	return len ? len : room;
}

static void options_print(const struct options_row *row)
{
	const char *text = row->help;
	int used = printf(row->letter ? "  -%c, " : "      ", row->letter);

	used += printf("--%s%s%s", row->name, row->argument && !options_may_omit(row) ? " " : "",
		       row->argument ? row->argument : "");
	do {
		size_t len = options_fitting(text);

		if (used >= OPTIONS_COLUMN) {
			putchar('\n');
			used = 0;
		}
		printf("%*s%.*s", OPTIONS_COLUMN - used, "", (int)len, text);
		used = OPTIONS_COLUMN;
		text += len;
		text += *text == ' ' || *text == '\n';
	} while (*text);
	putchar('\n');
}

static void options_print_all(const struct options_table *table)
{
	const struct options_row *row;

	fputs(table->usage, stdout);
	for (size_t i = 0; (row = options_row(table, i)); i++)
		if (row->help)
			options_print(row);
}

/* ---- getopt's form of a table ---- */

struct options_getopt {
	struct option *longs;		/* owned */
	char *shorts;			/* owned */
};

static void options_getopt_free(struct options_getopt *form)
{
	free(form->longs);
	free(form->shorts);
}

static int options_getopt_init(struct options_getopt *form, const struct options_table *table)
{
	const struct options_row *row;
	char *letter;

	form->longs = calloc(table->count + 2, sizeof(*form->longs));
	form->shorts = letter = calloc(table->count + 1, 3);
	if (!form->longs || !form->shorts) {
		options_getopt_free(form);
		log_line("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (size_t i = 0; (row = options_row(table, i)); i++) {
		int argument = !row->argument ? no_argument :
			       options_may_omit(row) ? optional_argument : required_argument;

		form->longs[i] = (struct option){ row->name, argument, NULL, 0 };
		if (row->letter)
			*letter++ = row->letter;
		for (int colons = 0; row->letter && colons < argument; colons++)
			*letter++ = ':';
	}
	return 0;
}

/* The next option; NULL: there is none, or getopt did not know it, when *bad is set. */
static const struct options_row *options_next(const struct options_table *table,
					      const struct options_getopt *form, int argc,
					      char **argv, bool *bad)
{
	const struct options_row *row;
	int which = 0, found = getopt_long(argc, argv, form->shorts, form->longs, &which);

	*bad = found == '?';
	if (!found)
		return options_row(table, (size_t)which);
	for (size_t i = 0; found > 0 && !*bad && (row = options_row(table, i)); i++)
		if (row->letter == found)
			return row;
	return NULL;
}

int options_parse(const struct options_table *table, void *out, int *argc, char ***argv)
{
	const struct options_row *row;
	struct options_getopt form;
	bool bad = false;
	int ret = 0;

	if (options_getopt_init(&form, table))
		return TOOLS_FAILED;
	optind = 0;
	while (!ret && (row = options_next(table, &form, *argc, *argv, &bad))) {
		if (row == &options_help_row) {
			options_print_all(table);
			ret = -1;
		} else {
			ret = row->set(out, row, optarg);
		}
	}
	options_getopt_free(&form);
	if (bad) {
		fprintf(stderr, "tlsring: `tlsring %s --help` lists the options\n", table->command);
		return TOOLS_USAGE;
	}
	*argc -= optind;
	*argv += optind;
	return ret;
}

const char *options_find(const struct options_table *table, const char *name, int argc, char **argv)
{
	const struct options_row *row;
	const char *value = NULL;
	struct options_getopt form;
	bool bad = false;

	if (options_getopt_init(&form, table))
		return NULL;
	optind = 0;
	opterr = 0;
	while ((row = options_next(table, &form, argc, argv, &bad)) || bad)
		if (row && !strcmp(row->name, name))
			value = optarg;
	opterr = 1;
	options_getopt_free(&form);
	return value;
}

/* ---- setters ---- */

static void *options_member(void *out, const struct options_row *row)
{
	return (char *)out + row->at;
}

int options_set_true(void *out, const struct options_row *row, const char *value)
{
	(void)value;
	*(bool *)options_member(out, row) = true;
	return 0;
}

int options_set_text(void *out, const struct options_row *row, const char *value)
{
	*(const char **)options_member(out, row) = value;
	return 0;
}

int options_set_number(void *out, const struct options_row *row, const char *value)
{
	return options_number(row->name, value, (unsigned)row->min, (unsigned)row->max,
			      options_member(out, row));
}

int options_set_real(void *out, const struct options_row *row, const char *value)
{
	if (!number_parse_real(value, row->min, row->max, options_member(out, row)))
		return 0;
	log_line("--%s %s: give a number from %g to %g", row->name, value, row->min, row->max);
	return TOOLS_USAGE;
}

int options_set_bytes(void *out, const struct options_row *row, const char *value)
{
	char least[NUMBER_BYTES], most[NUMBER_BYTES];

	if (!number_parse_bytes(value, (uint64_t)row->min, (uint64_t)row->max,
				options_member(out, row)))
		return 0;
	log_line("--%s %s: give a number of bytes from %s to %s; K, M, G or T may follow it",
		 row->name, value, number_bytes((uint64_t)row->min, least),
		 number_bytes((uint64_t)row->max, most));
	return TOOLS_USAGE;
}

int options_set_seconds(void *out, const struct options_row *row, const char *value)
{
	if (!number_parse_seconds(value, row->min, row->max, options_member(out, row)))
		return 0;
	log_line("--%s %s: give a time from %g to %.0f seconds; ms, s, m, h or d may follow it",
		 row->name, value, row->min, row->max);
	return TOOLS_USAGE;
}

int options_set_word(void *out, const struct options_row *row, const char *value)
{
	return options_word(row->name, value, row->words, options_member(out, row));
}

/* ---- values ---- */

int options_number(const char *name, const char *text, unsigned min, unsigned max, unsigned *out)
{
	if (!number_parse_unsigned(text, min, max, out))
		return 0;
	log_line("--%s %s: give a number from %u to %u", name, text, min, max);
	return TOOLS_USAGE;
}

int options_word(const char *name, const char *text, const char *const *words, unsigned *out)
{
	char all[OPTIONS_WORDS] = "";
	size_t len = 0;

	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text))
			continue;
		*out = i;
		return 0;
	}
	for (unsigned i = 0; words[i]; i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
					!i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	log_line("--%s %s: give %s", name, text, all);
	return TOOLS_USAGE;
}
