// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/telemetry/access_format.h"
#include "tools/serve/config/config.h"
#include "tools/common/listen.h"
#include "tools/common/log.h"

#define CONFIG_THREADS_MAX	256
#define CONFIG_FILES_MAX	65536

/* ---- kinds of values ---- */

static int text_put(struct config_text *out, const char *value, unsigned line)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(out->text);
	*out = (struct config_text){ copy, line };
	return 0;
}

static int text_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
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

static int texts_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
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

static int address_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
		       const char **why)
{
	*why = LISTEN_FORM;
	if (!listen_valid(value))
		return -EINVAL;
	return setting->list ? texts_set(at, setting, value, line, why) : text_set(at, setting, value, line, why);
}

static void texts_free(struct config_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->rows[i].text);
	free(texts->rows);
	*texts = (struct config_texts){ 0 };
}

static int number_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
		      const char **why)
{
	static _Thread_local char text[64];
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	(void)line;
	snprintf(text, sizeof(text), "give a number from %u to %u", setting->min, setting->max);
	*why = text;
	if (*value < '0' || *value > '9' || *end || number < setting->min || number > setting->max)
		return -EINVAL;
	*(unsigned *)at = (unsigned)number;
	return 0;
}

static void number_print(FILE *out, const struct config_setting *setting, const void *at)
{
	/* One that is below its least was not set. */
	if (*(const unsigned *)at >= setting->min)
		fprintf(out, "%s = %u\n", setting->name, *(const unsigned *)at);
}

static int word_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
		    const char **why)
{
	static _Thread_local char text[128];
	size_t used;

	(void)line;
	for (unsigned i = 0; setting->words[i]; i++) {
		if (strcmp(setting->words[i], value))
			continue;
		*(unsigned *)at = i;
		return 0;
	}
	used = (size_t)snprintf(text, sizeof(text), "give %s", setting->words[0]);
	for (unsigned i = 1; setting->words[i] && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 setting->words[i + 1] ? ", " : " or ", setting->words[i]);
	*why = text;
	return -EINVAL;
}

static void word_print(FILE *out, const struct config_setting *setting, const void *at)
{
	fprintf(out, "%s = %s\n", setting->name, setting->words[*(const unsigned *)at]);
}

static const char *const config_switch[] = { "off", "on", NULL };

static int switch_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
		      const char **why)
{
	struct config_setting choice = { .name = setting->name, .words = config_switch };
	unsigned which = 0;
	int ret = word_set(&which, &choice, value, line, why);

	if (!ret)
		*(bool *)at = which;
	return ret;
}

static void switch_print(FILE *out, const struct config_setting *setting, const void *at)
{
	fprintf(out, "%s = %s\n", setting->name, config_switch[*(const bool *)at]);
}

static int site_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
		    const char **why)
{
	(void)line;
	return site_settings_set(at, setting->name, value, why);
}

static int limit_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
		     const char **why)
{
	(void)line;
	return limits_settings_set(at, setting->name, value, why);
}

/* A letter, a digit, or what else host names have. */
static bool name_valid(const char *name)
{
	if (!strncmp(name, "*.", 2))
		name += 2;
	return *name && *name != '.' && !strstr(name, "..") &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]")] == '\0';
}

static int name_set(void *at, const struct config_setting *setting, const char *value, unsigned line,
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

/* ---- the table ---- */

static const char *const config_offload[] = { "auto", "off", "require", NULL };
/* In the order of enum config_handover. */
static const char *const config_handover[] = { "at-once", "adaptive", NULL };
/* In the order of enum config_provider. */
static const char *const config_provider[] = { "openssl", "tlsring", NULL };
static const char *const config_nic[] = { "auto", "prefer", "require", NULL };
static const char *const config_io[] = { "auto", "uring", "epoll", NULL };
static const char *const config_format[] = { "common", "combined", "json", NULL };
static const char *const config_tls[] = { "1.2", "1.3", NULL };

#define SERVER(field)	.at = offsetof(struct config, field)
#define HOST(field)	.at = offsetof(struct config_host, field), .host = true
#define TEXT		.set = text_set, .print = text_print
#define TEXTS		.set = texts_set, .print = texts_print, .list = true
#define ADDRESS		.set = address_set, .print = text_print
#define ADDRESSES	.set = address_set, .print = texts_print, .list = true
#define NUMBER(least, most) .set = number_set, .print = number_print, .min = least, .max = most
#define WORD(list)	.set = word_set, .print = word_print, .words = list
#define SWITCH		.set = switch_set, .print = switch_print
#define SITE		.set = site_set, HOST(site)	/* printed by site_settings_each() */
#define LIMIT		.set = limit_set, SERVER(limits)	/* printed by limits_settings_each() */

static const struct config_setting config_table[] = {
	{ "listen", 'l', "ADDR:PORT", "listen there; may be repeated; [V6ADDR]:PORT, :PORT for all\n"
	  "addresses, port 0 for any free one (default :8443)", SERVER(listen), ADDRESSES },
	{ "http", 0, "ADDR:PORT", "listen there without TLS and redirect to https; may be repeated",
	  SERVER(http), ADDRESSES },
	{ "https-port", 0, "PORT", "that --http redirects to (default: the first of --listen)",
	  SERVER(https_port), NUMBER(1, 65535) },
	{ "name", 0, "NAME", "a name of the host, *.NAME for all below it; may be repeated", HOST(names),
	  .set = name_set, .print = texts_print, .list = true },
	{ "dir", 0, "DIR", "the folder, as the last argument", HOST(dir), TEXT },
	{ "cert", 'c', "FILE", "certificate chain, PEM (default: self-signed for localhost); may be\n"
	  "repeated with --key, say for ECDSA and RSA", HOST(certs), TEXTS },
	{ "key", 'k', "FILE", "its private key, PEM", HOST(keys), TEXTS },
	{ "ticket-keys", 0, "FILE", "session tickets under the key in FILE, so that several servers\n"
	  "resume each other's sessions; the first seals, repeated ones open", SERVER(ticket_keys), TEXTS },
	{ "tls-min", 0, "VERSION", "1.2 (default) or 1.3", HOST(tls_min), WORD(config_tls) },
	{ "ciphers", 0, "LIST", "of TLS 1.2, OpenSSL's names", HOST(ciphers), TEXTS },
	{ "ciphersuites", 0, "LIST", "of TLS 1.3, OpenSSL's names", HOST(suites), TEXTS },
	{ "groups", 0, "LIST", "for the key exchange, OpenSSL's names", HOST(groups), TEXTS },
	{ "client-ca", 0, "FILE", "ask clients for certificates that these issuers signed, PEM",
	  HOST(client_ca), TEXT },
	{ "client-optional", 0, NULL, "let clients in that have none", HOST(client_optional), SWITCH },
	{ "threads", 't', "N", "threads, each with its own sockets (default: one per CPU)",
	  SERVER(threads), NUMBER(1, CONFIG_THREADS_MAX) },
	{ "pin", 0, NULL, "keep each thread on a CPU of its own", SERVER(pin), SWITCH },
	{ "user", 0, "NAME[:GROUP]", "become that user when the sockets are open and the keys are read",
	  SERVER(user), TEXT },
	{ "offload", 0, "WHEN", "sealing of records by the kernel: auto (default), off, require",
	  SERVER(offload), WORD(config_offload) },
	{ "handover", 0, "WHEN", "of a connection's keys to the kernel: at-once (default), adaptive (with the\n"
	  "second answer, a large one, or silence)", SERVER(handover), WORD(config_handover) },
	{ "handshake-provider", 0, "NAME", "openssl (default), or tlsring: TLS 1.3 with X25519 keys and a key\n"
	  "schedule that cost less, not where certified code is demanded", SERVER(handshake_provider),
	  WORD(config_provider) },
	{ "nic", 0, "WHEN", "sealing by a network card: auto (default), prefer and require limit\n"
	  "connections to what cards take (TLS 1.2, AES-GCM)", SERVER(nic), WORD(config_nic) },
	{ "zerocopy", 0, NULL, "a network card seals the files' own pages: the fastest, but files that\n"
	  "change while they are sent reach the client broken", SERVER(zerocopy), SWITCH },
	{ "io", 0, "WITH", "auto (default), uring, epoll", SERVER(io), WORD(config_io) },
	{ "no-sandbox", 0, NULL, "let the threads that serve do what this user may", SERVER(no_sandbox), SWITCH },
	{ "access-log", 0, "FILE", "a line for each request; - is standard output; SIGUSR1 opens it anew",
	  SERVER(access_log), TEXT },
	{ "log-format", 0, "FORM", "common, combined (default), json", SERVER(log_format), WORD(config_format) },
	{ "metrics", 0, "ADDR:PORT", "answer Prometheus, and people, there over plain HTTP", SERVER(metrics), ADDRESS },
	{ "handshake-timeout", 0, "SECONDS", "end connections whose handshake takes longer (default 30)", LIMIT },
	{ "header-timeout", 0, "SECONDS", "or a request's head, from its first byte (default 20)", LIMIT },
	{ "idle-timeout", 0, "SECONDS", "or that are silent for so long (default 60)", LIMIT },
	{ "min-rate", 0, "BYTES", "or that take, or send, fewer bytes per second (default 500; 0: any)", LIMIT },
	{ "max-connections", 0, "N", "refuse more (default: half of the descriptors this process may have)",
	  LIMIT },
	{ "max-connections-per-address", 0, "N", "and more of one client (default: three quarters of that)",
	  LIMIT },
	{ "max-header-bytes", 0, "N", "of a request's head (default and most: 16384)", LIMIT },
	{ "max-requests", 0, "N", "of one connection (default 1000000; 0: any)", LIMIT },
	{ "file-cache", 0, "N", "small files that each thread keeps open (default 256)", SERVER(file_cache),
	  NUMBER(0, CONFIG_FILES_MAX) },
	{ "listing", 0, NULL, "list folders that have no index, as a page or as JSON by Accept", SITE },
	{ "hidden", 0, NULL, "also serve names that begin with a dot", SITE },
	{ "precompressed", 0, NULL, "send FILE.br, FILE.zst or FILE.gz for FILE to those who accept it", SITE },
	{ "index", 0, "NAME,...", "a folder's index is the first of them (default index.html)", SITE },
	{ "cache-control", 0, "PATTERN=VALUE", "Cache-Control of files that fit; may be repeated, the first\n"
	  "counts", SITE, .list = true },
	{ "type", 0, "EXTENSION=TYPE", "media type of files with that extension; may be repeated", SITE,
	  .list = true },
	{ "error-page", 0, "STATUS=PATH", "content of that error's answers; may be repeated", SITE,
	  .list = true },
};
#define CONFIG_SETTINGS	(sizeof(config_table) / sizeof(config_table[0]))

const struct config_setting *config_setting(size_t index)
{
	return index < CONFIG_SETTINGS ? &config_table[index] : NULL;
}

/* ---- the whole ---- */

static unsigned config_cpus(void)
{
	cpu_set_t cpus;
	int count = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);

	return count > CONFIG_THREADS_MAX ? CONFIG_THREADS_MAX : (unsigned)count;
}

void config_init(struct config *out)
{
	*out = (struct config){ .threads = config_cpus(), .file_cache = 256, .log_format = ACCESS_COMBINED };
	limits_settings_init(&out->limits);
}

static void host_free(struct config_host *host)
{
	texts_free(&host->names);
	free(host->dir.text);
	texts_free(&host->certs);
	texts_free(&host->keys);
	free(host->client_ca.text);
	texts_free(&host->ciphers);
	texts_free(&host->suites);
	texts_free(&host->groups);
	site_settings_free(&host->site);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->host_count; i++)
		host_free(&config->hosts[i]);
	free(config->hosts);
	texts_free(&config->listen);
	texts_free(&config->http);
	texts_free(&config->ticket_keys);
	free(config->user.text);
	free(config->access_log.text);
	free(config->metrics.text);
	free(config->file);
	*config = (struct config){ 0 };
}

struct config_host *config_host_add(struct config *config, unsigned line)
{
	struct config_host *larger = realloc(config->hosts, (config->host_count + 1) * sizeof(*larger));

	if (!larger)
		return NULL;
	config->hosts = larger;
	larger += config->host_count;
	*larger = (struct config_host){ .line = line };
	if (site_settings_init(&larger->site))
		return NULL;
	config->host_count++;
	return larger;
}

int config_set(struct config *config, struct config_host *host, const struct config_setting *setting,
	       const char *value, unsigned line, const char **why)
{
	int ret = setting->set((char *)(setting->host ? (void *)host : (void *)config) + setting->at, setting,
			       value, line, why);

	if (ret == -ENOMEM)
		*why = "out of memory";
	return ret;
}

char *config_join(const struct config_texts *texts)
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

const char *config_where(const struct config *config, unsigned line, char buf[CONFIG_WHERE])
{
	buf[0] = '\0';
	if (config->file && line)
		snprintf(buf, CONFIG_WHERE, "%.*s:%u: ", CONFIG_WHERE - 16, config->file, line);
	return buf;
}

/* ---- mistakes that show at the end ---- */

__attribute__((format(printf, 3, 4)))
static unsigned complain(const struct config *config, unsigned line, const char *format, ...)
{
	char where[CONFIG_WHERE], text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_line("%s%s", config_where(config, line, where), text);
	return 1;
}

static unsigned complain_name(const struct config *config, const struct config_text *name, size_t before)
{
	for (size_t i = 0; i < before; i++)
		for (size_t j = 0; j < config->hosts[i].names.count; j++)
			if (!strcmp(config->hosts[i].names.rows[j].text, name->text))
				return complain(config, name->line, "name %s: the host of line %u has it already",
						name->text, config->hosts[i].line);
	return 0;
}

static unsigned complain_host(const struct config *config, size_t index)
{
	const struct config_host *host = &config->hosts[index];
	unsigned mistakes = 0;

	if (!host->dir.text)
		mistakes += complain(config, host->line, "this host has no folder: give dir = FOLDER");
	if (host->certs.count != host->keys.count)
		mistakes += complain(config, host->line, config->file ?
				     "each cert needs its key: %zu and %zu are given" :
				     "--cert and --key belong together: %zu and %zu are given",
				     host->certs.count, host->keys.count);
	if (host->client_optional && !host->client_ca.text)
		mistakes += complain(config, host->line, "client-optional needs client-ca");
	for (size_t i = 0; i < host->names.count; i++)
		mistakes += complain_name(config, &host->names.rows[i], index);
	return mistakes;
}

unsigned config_complain(const struct config *config)
{
	unsigned mistakes = 0;

	if (!config->host_count)
		mistakes += complain(config, 1, "there is no host: give a section [host NAME]");
	for (size_t i = 0; i < config->host_count; i++)
		mistakes += complain_host(config, i);
	return mistakes;
}
