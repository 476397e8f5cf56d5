// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
			     const char *value)
{
	const char *why;

	if (!config_set(config, &config->hosts[0], setting, value ? value : "on", 0, &why))
		return 0;
	log_line("--%s%s%s: %s", setting->name, value ? " " : "", value ? value : "", why);
	return TOOLS_USAGE;
}

static int options_row(void *out, const struct options_row *row, const char *value)
{
	struct options *o = out;

	o->others = true;
	return options_set(o->config, config_setting(row->at), value);
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
	if (setting->initial && !setting->words)
		fprintf(out, " (default %s)", setting->initial);
	return fclose(out) ? NULL : text;
}

static void options_free(struct options_row *rows, size_t settings)
{
	for (size_t i = 0; i < settings; i++)
		free((char *)rows[i].help);
}

/* A row for each setting, then our own. Returns how many settings there are. */
static size_t options_rows(struct options_row *rows)
{
	const struct config_setting *setting;
	size_t count = 0;

	for (; (setting = config_setting(count)); count++)
		rows[count] = (struct options_row){
			.name = setting->name, .letter = setting->letter, .argument = setting->arg,
			.help = options_help(setting), .set = options_row, .at = count,
		};
	memcpy(rows + count, options_own, sizeof(options_own));
	return count;
}

static int options_flags(struct options *o, int *argc, char ***argv)
{
	struct options_row rows[CONFIG_SETTINGS_MAX + OPTIONS_OWN];
	size_t settings = options_rows(rows);
	const struct options_table table = { "serve", options_usage, rows, settings + OPTIONS_OWN };
	int ret = options_parse(&table, o, argc, argv);

	options_free(rows, settings);
	return ret;
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
		return options_set(out, config_find("dir", NULL), argc ? argv[0] : ".");
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
