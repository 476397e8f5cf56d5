// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/log.h"
#include "tools/serve/config/options.h"
#include "tools/tools.h"

#define OPTIONS_MAX	64
#define OPTIONS_COLUMN	27	/* of the help, where the texts begin */

static const char serve_usage[] =
	"usage: tlsring serve [OPTION]... [DIR]\n"
	"       tlsring serve --config FILE [--check | --print-config]\n"
	"\n"
	"Serves the files of DIR (default: the current folder) over HTTPS until SIGINT or SIGTERM.\n"
	"SIGHUP reads certificates, keys and the file again.\n"
	"\n";

static const struct config_setting serve_own[] = {
	{ .name = "config", .arg = "FILE", .help = "all of these and several hosts from a file, see tlsring.conf(5)" },
	{ .name = "check", .help = "say what is wrong with the configuration, and end" },
	{ .name = "print-config", .help = "print the configuration in the form of a file, and end" },
	{ .name = "help", .letter = 'h', .help = "this text" },
};
#define SERVE_OWN	(sizeof(serve_own) / sizeof(serve_own[0]))

/* ---- the help ---- */

static void options_print(const struct config_setting *setting)
{
	const char *text = setting->help;
	int used = printf(setting->letter ? "  -%c, " : "      ", setting->letter);

	used += printf("--%s%s%s", setting->name, setting->arg ? " " : "", setting->arg ? setting->arg : "");
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (used >= OPTIONS_COLUMN) {
			putchar('\n');
			used = 0;
		}
		printf("%*s%.*s", OPTIONS_COLUMN - used, "", (int)len, text);
		used = OPTIONS_COLUMN;
		text += len + (text[len] == '\n');
	}
	putchar('\n');
}

static void options_help(void)
{
	const struct config_setting *setting;

	fputs(serve_usage, stdout);
	for (size_t i = 0; (setting = config_setting(i)); i++)
		options_print(setting);
	for (size_t i = 0; i < SERVE_OWN; i++)
		options_print(&serve_own[i]);
}

/* ---- getopt's tables ---- */

struct options {
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX];
	const struct config_setting *settings[OPTIONS_MAX];	/* by the position in longs */
	size_t count;
};

static void options_add(struct options *o, const struct config_setting *setting)
{
	size_t len = strlen(o->shorts);

	o->settings[o->count] = setting;
	o->longs[o->count++] = (struct option){ setting->name, setting->arg ? required_argument : no_argument,
						NULL, setting->letter };
	if (!setting->letter)
		return;
	o->shorts[len++] = setting->letter;
	if (setting->arg)
		o->shorts[len] = ':';
}

static void options_init(struct options *o)
{
	const struct config_setting *setting;

	*o = (struct options){ 0 };
	for (size_t i = 0; (setting = config_setting(i)) && o->count < OPTIONS_MAX - SERVE_OWN - 1; i++)
		options_add(o, setting);
	for (size_t i = 0; i < SERVE_OWN; i++)
		options_add(o, &serve_own[i]);
}

/* The setting that getopt found. */
static const struct config_setting *options_found(const struct options *o, int option, int which)
{
	for (size_t i = 0; option && i < o->count; i++)
		if (o->settings[i]->letter == option)
			return o->settings[i];
	return option ? NULL : o->settings[which];
}

/* ---- values ---- */

static int options_set(struct config *out, const struct config_setting *setting, const char *value)
{
	const char *why;

	if (!config_set(out, &out->hosts[0], setting, value ? value : "on", 0, &why))
		return 0;
	log_line("--%s%s%s: %s", setting->name, value ? " " : "", value ? value : "", why);
	return TOOLS_USAGE;
}

static int options_default(struct config *out, const char *name, const char *value)
{
	const struct config_setting *setting;

	for (size_t i = 0; (setting = config_setting(i)); i++)
		if (!strcmp(setting->name, name))
			return options_set(out, setting, value);
	return TOOLS_FAILED;
}

static int options_own(const struct config_setting *setting, const char *value, const char **file,
		       enum serve_action *action)
{
	if (!strcmp(setting->name, "help")) {
		options_help();
		return -1;
	}
	if (!strcmp(setting->name, "config"))
		*file = value;
	else
		*action = !strcmp(setting->name, "check") ? SERVE_CHECK : SERVE_PRINT;
	return 0;
}

/* All flags; others is set when there was one beside those for the file. */
static int options_flags(struct config *out, enum serve_action *action, const char **file, bool *others,
			 int argc, char **argv)
{
	const struct config_setting *setting;
	struct options o;
	int option, which, ret = 0;

	options_init(&o);
	while (!ret && (which = 0, option = getopt_long(argc, argv, o.shorts, o.longs, &which)) != -1) {
		setting = options_found(&o, option, which);
		if (!setting) {
			fputs("tlsring: `tlsring serve --help` lists the options\n", stderr);
			return TOOLS_USAGE;
		}
		if (setting->set) {
			*others = true;
			ret = options_set(out, setting, optarg);
		} else {
			ret = options_own(setting, optarg, file, action);
		}
	}
	return ret;
}

static int options_folder(struct config *out, int argc, char **argv)
{
	if (argc > 1) {
		log_line("%s: only one folder can be served; a file can name several (--config)", argv[1]);
		return TOOLS_USAGE;
	}
	if (argc)
		return options_default(out, "dir", argv[0]);
	return out->hosts[0].dir.text ? 0 : options_default(out, "dir", ".");
}

int serve_options_parse(struct config *out, enum serve_action *action, int argc, char **argv)
{
	const char *file = NULL;
	bool others = false;
	int ret;

	*action = SERVE_RUN;
	config_init(out);
	if (!config_host_add(out, 0))
		return TOOLS_FAILED;
	ret = options_flags(out, action, &file, &others, argc, argv);
	if (ret)
		return ret;
	if (file && (others || optind < argc)) {
		log_line("--config %s: other settings belong into that file", file);
		return TOOLS_USAGE;
	}
	if (file) {
		config_free(out);
		config_init(out);
		ret = config_read(out, file) ? TOOLS_FAILED : 0;
	} else {
		ret = options_folder(out, argc - optind, argv + optind);
		if (!ret && config_complain(out))
			ret = TOOLS_USAGE;
	}
	return ret;
}
