// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/listen.h"
#include "tools/common/number.h"
#include "tools/serve/config/values.h"
#include "tools/serve/site/settings.h"

#define VALUES_WHY	192		/* room for what to give instead */

/* ---- texts ---- */

static int text_put(struct config_text *out, const char *value, unsigned line)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(out->text);
	*out = (struct config_text){ copy, line };
	return 0;
}

static int text_set(void *at, const struct config_setting *setting, const char *value,
		    unsigned line,
		    const char **why)
{
	(void)setting;
	*why = "a value is missing";
	return *value ? text_put(at, value, line) : -EINVAL;
}

static void text_print(FILE *out, const struct config_setting *setting, const void *at)
{
	const struct config_text *text = at;

	if (text->text)
		fprintf(out, "%s = %s\n", setting->name, text->text);
}

static void text_free(void *at)
{
	struct config_text *text = at;

	free(text->text);
	*text = (struct config_text){ 0 };
}

static int texts_set(void *at, const struct config_setting *setting, const char *value,
		     unsigned line,
		     const char **why)
{
	struct config_texts *texts = at;
	struct config_text *larger;

	(void)setting;
	*why = "a value is missing";
	if (!*value)
		return -EINVAL;
	larger = realloc(texts->rows, (texts->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	texts->rows = larger;
	larger[texts->count] = (struct config_text){ 0 };
	return text_put(&larger[texts->count++], value, line);
}

static void texts_print(FILE *out, const struct config_setting *setting, const void *at)
{
	const struct config_texts *texts = at;

	for (size_t i = 0; i < texts->count; i++)
		fprintf(out, "%s = %s\n", setting->name, texts->rows[i].text);
}

static void texts_free(void *at)
{
	struct config_texts *texts = at;

	for (size_t i = 0; i < texts->count; i++)
		free(texts->rows[i].text);
	free(texts->rows);
	*texts = (struct config_texts){ 0 };
}

char *config_texts_join(const struct config_texts *texts)
{
	size_t size = 1;
	char *out;

	for (size_t i = 0; i < texts->count; i++)
		size += strlen(texts->rows[i].text) + 1;
	out = calloc(1, size);
	for (size_t i = 0; out && i < texts->count; i++) {
		if (i)
			strcat(out, ":");
		strcat(out, texts->rows[i].text);
	}
	return out;
}

const struct config_type config_type_text = { text_set, text_print, text_free, false };
const struct config_type config_type_texts = { texts_set, texts_print, texts_free, true };

/* ---- addresses to listen on ---- */

static int address_set(void *at, const struct config_setting *setting, const char *value,
		       unsigned line, const char **why)
{
	*why = LISTEN_FORM;
	if (!listen_valid(value))
		return -EINVAL;
	return setting->type->list ? texts_set(at, setting, value, line, why) :
				     text_set(at, setting, value, line, why);
}

const struct config_type config_type_address = { address_set, text_print, text_free, false };
const struct config_type config_type_addresses = { address_set, texts_print, texts_free, true };

/* ---- names of hosts ---- */

/* Letters, digits and the other characters of host names and addresses; "*." may stand in front. */
static bool name_valid(const char *name)
{
	if (!strncmp(name, "*.", 2))
		name += 2;
	return *name && *name != '.' && !strstr(name, "..") &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]")] == '\0';
}

static int names_set(void *at, const struct config_setting *setting, const char *value,
		     unsigned line,
		     const char **why)
{
	char *lower = strdup(value);
	int ret = -EINVAL;

	if (!lower)
		return -ENOMEM;
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	*why = "give a host name, such as www.example.org or *.example.org";
	if (name_valid(lower))
		ret = texts_set(at, setting, lower, line, why);
	free(lower);
	return ret;
}

const struct config_type config_type_names = { names_set, texts_print, texts_free, true };

/* ---- numbers ---- */

static int number_set(void *at, const struct config_setting *setting, const char *value,
		      unsigned line, const char **why)
{
	static _Thread_local char text[VALUES_WHY];

	(void)line;
	snprintf(text, sizeof(text), "give a number from %u to %u", setting->min, setting->max);
	*why = text;
	return number_parse_unsigned(value, setting->min, setting->max, at) ? -EINVAL : 0;
}

/* A number that may not be 0 is 0 as long as nobody set it. */
static void number_print(FILE *out, const struct config_setting *setting, const void *at)
{
	unsigned number = *(const unsigned *)at;

	if (number >= setting->min && number != CONFIG_UNSET)
		fprintf(out, "%s = %u\n", setting->name, number);
}

const struct config_type config_type_number = { number_set, number_print, NULL, false };

/* ---- choices ---- */

static int word_set(void *at, const struct config_setting *setting, const char *value,
		    unsigned line,
		    const char **why)
{
	static _Thread_local char text[VALUES_WHY];
	const struct config_word *words = setting->words;
	size_t used;

	(void)line;
	for (size_t i = 0; words[i].word; i++) {
		if (strcmp(words[i].word, value))
			continue;
		*(unsigned *)at = words[i].value;
		return 0;
	}
	used = (size_t)snprintf(text, sizeof(text), "give %s", words[0].word);
	for (size_t i = 1; words[i].word && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 words[i + 1].word ? ", " : " or ", words[i].word);
	*why = text;
	return -EINVAL;
}

static void word_print(FILE *out, const struct config_setting *setting, const void *at)
{
	for (const struct config_word *word = setting->words; word->word; word++)
		if (word->value == *(const unsigned *)at)
			fprintf(out, "%s = %s\n", setting->name, word->word);
}

const struct config_type config_type_word = { word_set, word_print, NULL, false };

/* ---- switches ---- */

static int switch_set(void *at, const struct config_setting *setting, const char *value,
		      unsigned line, const char **why)
{
	(void)setting;
	(void)line;
	*why = "give on or off";
	return number_parse_switch(value, at);
}

static void switch_print(FILE *out, const struct config_setting *setting, const void *at)
{
	fprintf(out, "%s = %s\n", setting->name, *(const bool *)at ? "on" : "off");
}

const struct config_type config_type_switch = { switch_set, switch_print, NULL, false };

/* ---- rules of a site ---- */

static int index_set(void *at, const struct config_setting *setting, const char *value,
		     unsigned line,
		     const char **why)
{
	(void)setting;
	(void)line;
	return site_rules_set_index(at, value, why);
}

static int patterns_set(void *at, const struct config_setting *setting, const char *value,
			unsigned line, const char **why)
{
	(void)setting;
	(void)line;
	return site_rules_add_pattern(at, value, why);
}

static int media_types_set(void *at, const struct config_setting *setting, const char *value,
			   unsigned line, const char **why)
{
	(void)setting;
	(void)line;
	return site_rules_add_type(at, value, why);
}

static int error_pages_set(void *at, const struct config_setting *setting, const char *value,
			   unsigned line, const char **why)
{
	(void)setting;
	(void)line;
	return site_rules_add_error_page(at, value, why);
}

static void rules_print(FILE *out, const struct config_setting *setting, const void *at)
{
	const struct site_rules *rules = at;

	for (size_t i = 0; i < rules->count; i++)
		fprintf(out, "%s = %s=%s\n", setting->name, rules->rows[i].key,
			rules->rows[i].value);
}

static void index_print(FILE *out, const struct config_setting *setting, const void *at)
{
	const struct site_rules *rules = at;

	fprintf(out, "%s = ", setting->name);
	for (size_t i = 0; i < rules->count; i++)
		fprintf(out, "%s%s", i ? "," : "", rules->rows[i].key);
	fputc('\n', out);
}

static void rules_free(void *at)
{
	site_rules_free(at);
}

const struct config_type config_type_index = { index_set, index_print, rules_free, false };
const struct config_type config_type_patterns = { patterns_set, rules_print, rules_free, true };
const struct config_type config_type_media_types = { media_types_set, rules_print, rules_free,
						     true };
const struct config_type config_type_error_pages = { error_pages_set, rules_print, rules_free,
						     true };
