// SPDX-License-Identifier: MIT
/* The INI file: inih reads it, what it leaves open (line numbers, empty sections) is told by the
 * lines we give to it. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/config/config.h"
#include "tools/common/log.h"

#define FILE_SECTION_MAX	48	/* inih cuts longer ones */

struct file_reader {
	struct config *config;
	FILE *stream;
	char *line;			/* owned, getline()'s */
	size_t line_size;
	unsigned number;		/* of the line */
	unsigned section;		/* line of its header */
	unsigned begun;			/* section whose first setting came */
	bool host;			/* in a host's section; else in the server's */
	bool unknown;			/* in neither */
	uint64_t server_seen, host_seen;	/* settings, by their position in the table */
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

/* "host NAME" or "host". */
static void file_host(struct file_reader *r, const char *name)
{
	const struct config_setting *setting;
	struct config_host *host = config_host_add(r->config, r->section);
	const char *why = "out of memory";
	size_t i = 0;

	r->host = true;
	r->host_seen = 0;
	while ((setting = config_setting(i)) && strcmp(setting->name, "name"))
		i++;
	if (!host || (*name && config_set(r->config, host, setting, name, r->section, &why)))
		file_mistake(r, r->section, "[host %s]: %s", name, why);
	r->unknown = !host;
}

static void file_section(struct file_reader *r, const char *section)
{
	r->begun = r->section;
	r->host = r->unknown = false;
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

static const struct config_setting *file_find(const char *name, uint64_t *bit)
{
	const struct config_setting *setting;

	for (size_t i = 0; (setting = config_setting(i)); i++) {
		if (strcmp(setting->name, name))
			continue;
		*bit = (uint64_t)1 << i;
		return setting;
	}
	return NULL;
}

static void file_set(struct file_reader *r, const char *name, const char *value)
{
	struct config_host *host = r->host ? &r->config->hosts[r->config->host_count - 1] : NULL;
	uint64_t bit, *seen = r->host ? &r->host_seen : &r->server_seen;
	const struct config_setting *setting = file_find(name, &bit);
	const char *why;

	if (!setting)
		file_mistake(r, r->number, "there is no setting %s", name);
	else if (setting->host != r->host)
		file_mistake(r, r->number, "%s belongs into a section %s", name,
			     setting->host ? "[host NAME]" : "[server]");
	else if (*seen & bit && !setting->list)
		file_mistake(r, r->number, "%s was given before", name);
	else if (config_set(r->config, host, setting, value, r->number, &why))
		file_mistake(r, r->number, "%s = %s: %s", name, value, why);
	if (setting)
		*seen |= bit;
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

/* A section without settings is one too, but inih does not tell. */
static void file_header(struct file_reader *r, const char *line)
{
	size_t len = strcspn(line + 1, "]");

	if (r->section && r->begun != r->section)
		file_mistake(r, r->section, "this section is empty");
	r->section = r->number;
	if (len > FILE_SECTION_MAX)
		file_mistake(r, r->number, "too long: write [host], and the name below as name = NAME");
}

/* inih's fgets(): without indentation, which inih would take for more of the value before. */
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
		file_mistake(r, r->number, "a line of more than %d characters: lists may be given in parts", room - 3);
	snprintf(buf, (size_t)room, "%s", line);
	return buf;
}

unsigned config_read(struct config *out, const char *file)
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
	return r.mistakes + config_complain(out);
}

/* ---- writing ---- */

static void file_print_each(const char *name, const char *value, void *user)
{
	fprintf(user, "%s = %s\n", name, value);
}

static void file_print_host(const struct config_host *host, FILE *out)
{
	const struct config_setting *setting;

	fputs("\n[host]\n", out);
	for (size_t i = 0; (setting = config_setting(i)); i++)
		if (setting->host && setting->print)
			setting->print(out, setting, (const char *)host + setting->at);
	site_settings_each(&host->site, file_print_each, out);
}

void config_print(const struct config *config, FILE *out)
{
	const struct config_setting *setting;

	fputs("[server]\n", out);
	for (size_t i = 0; (setting = config_setting(i)); i++)
		if (!setting->host && setting->print)
			setting->print(out, setting, (const char *)config + setting->at);
	limits_settings_each(&config->limits, file_print_each, out);
	for (size_t i = 0; i < config->host_count; i++)
		file_print_host(&config->hosts[i], out);
}
