// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/serve/config/file.h"
#include "tools/serve/config/options.h"
#include "tools/tools.h"

static const char options_usage[] =
	"usage: tlsring serve [OPTION]... [DIR]\n"
	"       tlsring serve --config FILE [--check | --print-config]\n"
	"\n"
	"Serves the files of DIR (default: the current folder) over HTTPS until SIGINT or\n"
	"SIGTERM. SIGHUP reads certificates, keys and the file again.\n"
	"\n";

struct options {
	struct config *config;		/* the caller's */
	const char *file;		/* of --config; NULL: none */
	bool check, print;
	bool others;			/* there was a flag that belongs into the file */
};

static const struct options_row options_own[] = {
	{ .name = "config", .argument = "FILE", .set = options_set_text,
	  .at = offsetof(struct options, file),
	  .help = "all of these and several hosts from a file, see tlsring.conf(5)" },
	{ .name = "check", .set = options_set_true, .at = offsetof(struct options, check),
	  .help = "say what is wrong with the configuration, and end" },
	{ .name = "print-config", .set = options_set_true, .at = offsetof(struct options, print),
	  .help = "print the configuration in the form of a file, and end" },
};
#define OPTIONS_OWN	(sizeof(options_own) / sizeof(options_own[0]))

/* ---- one option ---- */

static int options_set(struct config *config, const struct config_setting *setting,
		       const char *flag, const char *value)
{
	const char *why;

	if (!config_set(config, &config->hosts[0], setting, value, 0, &why))
		return 0;
	log_line("--%s %s: %s", flag, value, why);
	return TOOLS_USAGE;
}

/* row->at: the setting's position, twice, plus 1 for --no-NAME. */
static int options_row(void *out, const struct options_row *row, const char *value)
{
	const struct config_setting *setting = config_setting(row->at / 2);
	struct options *o = out;

	o->others = true;
	if (!row->argument)
		value = row->at & 1 ? "off" : "on";
	return options_set(o->config, setting, row->name, value);
}

/* ---- the table ---- */

/* The help's text with the choices in front and the default behind; the caller frees it. */
static char *options_help(const struct config_setting *setting)
{
	const struct config_word *word = setting->words;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (; word && word->word; word++)
		fprintf(out, "%s%s%s", word->word,
			strcmp(word->word, setting->initial) ? "" : " (default)",
			!word[1].word ? ": " : word[2].word ? ", " : " or ");
	fputs(setting->help, out);
	if (setting->initial && setting->arg && !setting->words)
		fprintf(out, " (default %s)", setting->initial);
	return fclose(out) ? NULL : text;
}

static bool options_on(const struct config_setting *setting)
{
	const char *initial = setting->initial_flags ? setting->initial_flags : setting->initial;

	return initial && !strcmp(initial, "on");
}

static void options_add(struct options_row *row, size_t at, bool listed)
{
	const struct config_setting *setting = config_setting(at / 2);
	char *name;

	*row = (struct options_row){
		.letter = setting->letter, .argument = setting->arg, .set = options_row, .at = at,
		.help = listed ? options_help(setting) : NULL,
	};
	row->name = asprintf(&name, "%s%s", at & 1 ? "no-" : "", setting->name) < 0 ? NULL : name;
}

/*
 * A row for each setting, and one more for --no-NAME of a switch: the help has the one that changes
 * the default. Returns how many, or 0: out of memory. options_free() in any case.
 */
static size_t options_rows(struct options_row *rows)
{
	const struct config_setting *setting;
	bool complete = true;
	size_t count = 0;

	for (size_t i = 0; (setting = config_setting(i)); i++) {
		options_add(&rows[count++], 2 * i, setting->arg || !options_on(setting));
		if (!setting->arg)
			options_add(&rows[count++], 2 * i + 1, options_on(setting));
	}
	for (size_t i = 0; i < count; i++)
		complete = complete && rows[i].name;
	return complete ? count : 0;
}

static void options_free(struct options_row *rows)
{
	for (; rows->set == options_row; rows++) {
		free((char *)rows->name);
		free((char *)rows->help);
	}
}

static int options_flags(struct options *o, int *argc, char ***argv)
{
	struct options_row rows[2 * CONFIG_SETTINGS_MAX + OPTIONS_OWN] = { 0 };
	size_t settings = options_rows(rows);
	const struct options_table table = { "serve", options_usage, rows, settings + OPTIONS_OWN };
	int ret = TOOLS_FAILED;

	if (settings) {
		memcpy(rows + settings, options_own, sizeof(options_own));
		ret = options_parse(&table, o, argc, argv);
	} else {
		log_line("out of memory");
	}
	options_free(rows);
	return ret;
}

static int options_default(struct config *config, const char *name, const char *value)
{
	return options_set(config, config_find(name, NULL), name, value);
}

/* Defaults where there is no file; on a terminal each request is shown. 0 or an exit status. */
static int options_defaults(struct config *config)
{
	const struct config_setting *setting;
	int ret = 0;

	for (size_t i = 0; !ret && (setting = config_setting(i)); i++)
		if (setting->initial_flags)
			ret = options_default(config, setting->name, setting->initial_flags);
	if (ret || !isatty(STDOUT_FILENO))
		return ret;
	ret = options_default(config, "access-log", "-");
	return ret ? ret : options_default(config, "log-format", "common");
}

/* ---- the whole ---- */

static int options_folder(struct config *out, int argc, char **argv)
{
	if (argc > 1) {
		log_line("%s: only one folder can be served; a file can name several (--config)",
			 argv[1]);
		return TOOLS_USAGE;
	}
	if (argc || !out->hosts[0].dir.text)
		return options_default(out, "dir", argc ? argv[0] : ".");
	return 0;
}

/* A fresh configuration; a file brings its own hosts. 0 or an exit status. */
static int options_fresh(struct config *out, bool with_host)
{
	if (!config_init(out) && (!with_host || config_host_add(out, 0)))
		return 0;
	log_line("out of memory");
	return TOOLS_FAILED;
}

static int options_file(struct config *out, const char *file)
{
	int ret;

	config_free(out);
	ret = options_fresh(out, false);
	return ret ? ret : config_file_read(out, file) ? TOOLS_FAILED : 0;
}

int config_options_parse(struct config *out, enum config_action *action, int argc, char **argv)
{
	struct options o = { .config = out };
	int ret = options_fresh(out, true);

	if (!ret)
		ret = options_defaults(out);
	if (!ret)
		ret = options_flags(&o, &argc, &argv);
	*action = o.check ? CONFIG_CHECK : o.print ? CONFIG_PRINT : CONFIG_RUN;
	if (ret)
		return ret;
	if (o.file && (o.others || argc)) {
		log_line("--config %s: other settings belong into that file", o.file);
		return TOOLS_USAGE;
	}
	if (o.file)
		return options_file(out, o.file);
	ret = options_folder(out, argc, argv);
	return ret ? ret : config_finish(out) ? TOOLS_USAGE : 0;
}
