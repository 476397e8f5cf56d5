// SPDX-License-Identifier: MIT
/*
 * The INI file, read by inih. inih reports neither empty sections nor the lines of values:
 * file_line() hands it each line, and notes its number and the sections.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/log.h"
#include "tools/serve/config/file.h"

#define FILE_SECTION_MAX	48	/* inih cuts longer ones */

struct file_reader {
	struct config *config;
	FILE *stream;
	char *line;			/* owned, getline()'s */
	size_t line_size;
	unsigned number;		/* of the line */
	unsigned section;		/* line of its header */
	unsigned begun;			/* the section of the last setting, by its line */
	enum config_scope scope;	/* of the section */
	bool unknown;			/* the section is none of ours: skip its settings */
	/* Settings that were given, by their position in the table. */
	bool server_seen[CONFIG_SETTINGS_MAX], host_seen[CONFIG_SETTINGS_MAX];
	unsigned mistakes;
};

__attribute__((format(printf, 3, 4)))
static void file_mistake(struct file_reader *r, unsigned line, const char *format, ...)
{
	char where[CONFIG_WHERE], text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_line("%s%s", config_where(r->config, line, where), text);
	r->mistakes++;
}

/* A section "host NAME" or "host". */
static void file_host(struct file_reader *r, const char *name)
{
	struct config_host *host = config_host_add(r->config, r->section);
	const char *why = "out of memory";

	r->scope = CONFIG_HOST;
	memset(r->host_seen, 0, sizeof(r->host_seen));
	if (!host || (*name && config_set(r->config, host, config_find("name", NULL), name,
					  r->section, &why)))
		file_mistake(r, r->section, "[host %s]: %s", name, why);
	r->unknown = !host;
}

static void file_section(struct file_reader *r, const char *section)
{
	r->begun = r->section;
	r->scope = CONFIG_SERVER;
	r->unknown = false;
	if (!strcmp(section, "host")) {
		file_host(r, "");
	} else if (!strncmp(section, "host ", 5)) {
		file_host(r, section + 5 + strspn(section + 5, " "));
	} else if (!r->section) {
		r->unknown = true;
		file_mistake(r, r->number, "a setting before the first section");
	} else if (strcmp(section, "server")) {
		r->unknown = true;
		file_mistake(r, r->section, "[%s]: give [server] or [host NAME]", section);
	}
}

static void file_set(struct file_reader *r, const char *name, const char *value)
{
	bool in_host = r->scope == CONFIG_HOST, *seen = in_host ? r->host_seen : r->server_seen;
	struct config_host *host = in_host ? &r->config->hosts[r->config->host_count - 1] : NULL;
	size_t index = 0;
	const struct config_setting *setting = config_find(name, &index);
	const char *why;

	if (!setting)
		file_mistake(r, r->number, "there is no setting %s", name);
	else if (setting->scope != r->scope)
		file_mistake(r, r->number, "%s belongs into a section %s", name,
			     setting->scope == CONFIG_HOST ? "[host NAME]" : "[server]");
	else if (seen[index] && !setting->type->list)
		file_mistake(r, r->number, "%s was given before", name);
	else if (config_set(r->config, host, setting, value, r->number, &why))
		file_mistake(r, r->number, "%s = %s: %s", name, value, why);
	if (setting)
		seen[index] = true;
}

static int file_value(void *user, const char *section, const char *name, const char *value)
{
	struct file_reader *r = user;

	if (r->begun != r->section || !r->begun)
		file_section(r, section);
	if (!r->unknown)
		file_set(r, name, value);
	return 1;
}

/* Note where a section begins: inih does not report one without settings. */
static void file_header(struct file_reader *r, const char *line)
{
	size_t len = strcspn(line + 1, "]");

	if (r->section && r->begun != r->section)
		file_mistake(r, r->section, "this section is empty");
	r->section = r->number;
	if (len > FILE_SECTION_MAX)
		file_mistake(r, r->number,
			     "too long: write [host], and the name below as name = NAME");
}

/* inih reads lines through this fgets(). Indentation is removed: inih would take an indented
 * line for a continuation of the value before it. */
static char *file_line(char *buf, int room, void *user)
{
	struct file_reader *r = user;
	ssize_t len = getline(&r->line, &r->line_size, r->stream);
	const char *line = r->line;

	if (len < 0)
		return NULL;
	r->number++;
	while (*line == ' ' || *line == '\t')
		line++;
	if (*line == '[')
		file_header(r, line);
	if (strlen(line) >= (size_t)room - 2)
		file_mistake(r, r->number,
			     "a line of more than %d characters: lists may be given in parts",
			     room - 3);
	snprintf(buf, (size_t)room, "%s", line);
	return buf;
}

unsigned config_file_read(struct config *out, const char *file)
{
	struct file_reader r = { .config = out, .stream = fopen(file, "re") };
	int ret;

	out->file = strdup(file);
	if (!r.stream || !out->file) {
		log_line("cannot read the configuration %s: %s", file, strerror(errno));
		if (r.stream)
			fclose(r.stream);
		return 1;
	}
	ret = ini_parse_stream(file_line, &r, file_value, &r);
	if (ret > 0)
		file_mistake(&r, (unsigned)ret, "give [SECTION] or SETTING = VALUE");
	if (ferror(r.stream) || ret < 0)
		file_mistake(&r, r.number, "cannot be read");
	if (r.section && r.begun != r.section)
		file_mistake(&r, r.section, "this section is empty");
	fclose(r.stream);
	free(r.line);
	return r.mistakes + config_finish(out);
}

/* ---- writing ---- */

static void file_print(enum config_scope scope, const void *base, FILE *out)
{
	const struct config_setting *setting;

	for (size_t i = 0; (setting = config_setting(i)); i++)
		if (setting->scope == scope)
			setting->type->print(out, setting, (const char *)base + setting->at);
}

void config_file_print(const struct config *config, FILE *out)
{
	fputs("[server]\n", out);
	file_print(CONFIG_SERVER, config, out);
	for (size_t i = 0; i < config->host_count; i++) {
		fputs("\n[host]\n", out);
		file_print(CONFIG_HOST, &config->hosts[i], out);
	}
}
