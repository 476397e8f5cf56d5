// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "tlsring.h"
#include "tools/common/log.h"
#include "tools/http/request.h"
#include "tools/serve/config/config.h"
#include "tools/serve/telemetry/access_format.h"

#define CONFIG_THREADS_MAX	256
#define CONFIG_FILES_MAX	65536
#define CONFIG_CONNECTIONS_MAX	10000000
#define CONFIG_SECONDS_MAX	3600
#define CONFIG_COUNT_MAX	1000000000

/* ---- defaults that follow from the machine ---- */

static unsigned derive_threads(const struct config *config)
{
	cpu_set_t cpus;
	int count = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);

	(void)config;
	return count > CONFIG_THREADS_MAX ? CONFIG_THREADS_MAX : (unsigned)count;
}

/* A third of the descriptors: each connection may have a file open, and HTTP/2 more than one. */
static unsigned derive_connections(const struct config *config)
{
	struct rlimit files;

	(void)config;
	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_max / 3 > CONFIG_CONNECTIONS_MAX)
		return CONFIG_CONNECTIONS_MAX;
	return files.rlim_max > 2 ? (unsigned)(files.rlim_max / 3) : 1;
}

/* Three quarters, so that one client alone leaves something to the others. */
static unsigned derive_connections_per_address(const struct config *config)
{
	unsigned all = config->limits.connections;

	return all > 3 ? all / 4 * 3 : 1;
}

/* ---- the table ---- */

static const struct config_word config_offload[] = {
	{ "auto", TLSRING_OFFLOAD_AUTO },
	{ "off", TLSRING_OFFLOAD_OFF },
	{ "require", TLSRING_OFFLOAD_REQUIRE },
	{ "fastest", TLSRING_OFFLOAD_FASTEST },
	{ 0 },
};
static const struct config_word config_handover[] = {
	{ "at-once", CONFIG_HANDOVER_AT_ONCE }, { "adaptive", CONFIG_HANDOVER_ADAPTIVE }, { 0 },
};
static const struct config_word config_provider[] = {
	{ "openssl", CONFIG_PROVIDER_OPENSSL }, { "tlsring", CONFIG_PROVIDER_TLSRING }, { 0 },
};
static const struct config_word config_nic[] = {
	{ "auto", TLSRING_NIC_AUTO }, { "prefer", TLSRING_NIC_PREFER },
	{ "require", TLSRING_NIC_REQUIRE }, { 0 },
};
static const struct config_word config_io[] = {
	{ "auto", TLSRING_IO_AUTO }, { "uring", TLSRING_IO_URING }, { "epoll", TLSRING_IO_EPOLL },
	{ 0 },
};
static const struct config_word config_format[] = {
	{ "common", ACCESS_COMMON }, { "combined", ACCESS_COMBINED }, { "json", ACCESS_JSON },
	{ 0 },
};
static const struct config_word config_tls[] = {
	{ "1.2", CONFIG_TLS_1_2 }, { "1.3", CONFIG_TLS_1_3 }, { 0 },
};

#define SERVER(field)	.scope = CONFIG_SERVER, .at = offsetof(struct config, field)
#define FIXED(field)	SERVER(field), .fixed = true
#define HOST(field)	.scope = CONFIG_HOST, .at = offsetof(struct config_host, field)
#define TYPE(name)	.type = &config_type_##name
#define NUMBER(least, most)	TYPE(number), .min = least, .max = most
#define WORD(list)	TYPE(word), .words = list

static const struct config_setting config_table[] = {
	{ "listen", 'l', "ADDR:PORT",
	  "listen there; may be repeated; [V6ADDR]:PORT, PORT or :https "
	  "for all addresses, port 0 for any free one, unix:PATH (default :8443)",
	  FIXED(listen), TYPE(addresses) },
	{ "http", 0, "ADDR:PORT", "listen there without TLS and redirect to https; may be repeated",
	  FIXED(http), TYPE(addresses) },
	{ "https-port", 0, "PORT", "that --http redirects to (default: the first of --listen)",
	  FIXED(https_port), NUMBER(1, 65535) },
	{ "name", 0, "NAME", "a name of the host, *.NAME for all below it; may be repeated",
	  HOST(names), TYPE(names) },
	{ "dir", 0, "DIR", "the folder, as the last argument", HOST(dir), TYPE(text) },
	{ "cert", 'c', "FILE",
	  "certificate chain, PEM (default: self-signed for localhost); may be "
	  "repeated with --key, say for ECDSA and RSA",
	  HOST(certs), TYPE(texts) },
	{ "key", 'k', "FILE", "its private key, PEM", HOST(keys), TYPE(texts) },
	{ "ticket-keys", 0, "FILE",
	  "session tickets under the key in FILE, so that several servers "
	  "resume each other's sessions; the first seals, repeated ones open",
	  SERVER(ticket_keys), TYPE(texts) },
	{ "tls-min", 0, "VERSION", "the oldest version of TLS", "1.2", HOST(tls_min),
	  WORD(config_tls) },
	{ "ciphers", 0, "LIST", "of TLS 1.2, OpenSSL's names", HOST(ciphers), TYPE(texts) },
	{ "ciphersuites", 0, "LIST", "of TLS 1.3, OpenSSL's names", HOST(suites), TYPE(texts) },
	{ "groups", 0, "LIST", "for the key exchange, OpenSSL's names", HOST(groups), TYPE(texts) },
	{ "client-ca", 0, "FILE", "ask clients for certificates that these issuers signed, PEM",
	  HOST(client_ca), TYPE(text) },
	{ "client-optional", 0, NULL, "let clients in that have none", HOST(client_optional),
	  TYPE(switch) },
	{ "threads", 't', "N", "threads, each with its own sockets (default: one per CPU)",
	  .derive = derive_threads, FIXED(threads), NUMBER(1, CONFIG_THREADS_MAX) },
	{ "pin", 0, NULL, "keep each thread on a CPU of its own", FIXED(pin), TYPE(switch) },
	{ "user", 0, "NAME[:GROUP]",
	  "become that user when the sockets are open and the keys are read", FIXED(user),
	  TYPE(text) },
	{ "offload", 0, "WHEN", "whether the kernel seals the records", "auto", FIXED(offload),
	  WORD(config_offload) },
	{ "handover", 0, "WHEN",
	  "when a connection's keys go to the kernel; adaptive: with the second "
	  "answer, a large one, or silence",
	  "adaptive", FIXED(handover), WORD(config_handover) },
	{ "handshake-provider", 0, "NAME",
	  "who makes the X25519 keys and derives the secrets of TLS 1.3; "
	  "tlsring costs less, and is not certified",
	  "openssl", FIXED(handshake_provider), WORD(config_provider) },
	{ "nic", 0, "WHEN",
	  "whether a network card seals the records; prefer and require limit "
	  "connections to what cards take (TLS 1.2, AES-GCM)",
	  "auto", FIXED(nic), WORD(config_nic) },
	{ "zerocopy", 0, NULL,
	  "a network card seals the files' own pages: the fastest, but files that "
	  "change while they are sent reach the client broken",
	  FIXED(zerocopy), TYPE(switch) },
	{ "io", 0, "WITH", "what drives the sockets", "auto", FIXED(io), WORD(config_io) },
	{ "sandbox", 0, NULL, "let the threads that serve do what this user may", "on",
	  FIXED(sandbox), TYPE(switch) },
	{ "access-log", 0, "FILE",
	  "a line for each request; - is standard output; SIGUSR1 opens it anew", FIXED(access_log),
	  TYPE(text) },
	{ "log-format", 0, "FORM", "of these lines", "combined", FIXED(log_format),
	  WORD(config_format) },
	{ "metrics", 0, "ADDR:PORT", "answer Prometheus, and people, there over plain HTTP",
	  FIXED(metrics), TYPE(address) },
	{ "handshake-timeout", 0, "SECONDS", "end connections whose handshake takes longer", "30",
	  FIXED(limits.handshake_timeout), NUMBER(1, CONFIG_SECONDS_MAX) },
	{ "header-timeout", 0, "SECONDS", "or a request's head, from its first byte", "20",
	  FIXED(limits.header_timeout), NUMBER(1, CONFIG_SECONDS_MAX) },
	{ "idle-timeout", 0, "SECONDS", "or that are silent for so long", "60",
	  FIXED(limits.idle_timeout), NUMBER(1, CONFIG_SECONDS_MAX) },
	{ "min-rate", 0, "BYTES", "or that take, or send, fewer bytes per second; 0: any rate",
	  "500", FIXED(limits.min_rate), NUMBER(0, CONFIG_COUNT_MAX) },
	{ "max-connections", 0, "N",
	  "refuse more (default: a third of the descriptors this process may "
	  "have)",
	  .derive = derive_connections, FIXED(limits.connections),
	  NUMBER(1, CONFIG_CONNECTIONS_MAX) },
	{ "max-connections-per-address", 0, "N",
	  "and more of one client; 0: as many as in all (default: "
	  "three quarters of that)",
	  .derive = derive_connections_per_address, FIXED(limits.connections_per_address),
	  NUMBER(0, CONFIG_CONNECTIONS_MAX) },
	{ "max-header-bytes", 0, "N", "of a request's head, at most 16384", "16384",
	  FIXED(limits.header_bytes), NUMBER(512, HTTP_HEAD_LIMIT) },
	{ "max-requests", 0, "N", "of one connection; 0: any number", "1000000",
	  FIXED(limits.requests), NUMBER(0, CONFIG_COUNT_MAX) },
	{ "file-cache", 0, "N", "small files that each thread keeps open", "256", FIXED(file_cache),
	  NUMBER(0, CONFIG_FILES_MAX) },
	{ "listing", 0, NULL,
	  "do not list folders that have no index, as a page or as JSON by "
	  "Accept (with --config they are not, unless it says so)",
	  .initial_flags = "on", HOST(site.listing), TYPE(switch) },
	{ "hidden", 0, NULL, "also serve names that begin with a dot", HOST(site.hidden),
	  TYPE(switch) },
	{ "precompressed", 0, NULL,
	  "send FILE.br, FILE.zst or FILE.gz for FILE to those who accept it",
	  HOST(site.precompressed), TYPE(switch) },
	{ "index", 0, "NAME,...", "a folder's index is the first of them", "index.html",
	  HOST(site.index), TYPE(index) },
	{ "cache-control", 0, "PATTERN=VALUE",
	  "Cache-Control of files that fit; may be repeated, the "
	  "first counts",
	  HOST(site.cache_control), TYPE(patterns) },
	{ "type", 0, "EXTENSION=TYPE", "media type of files with that extension; may be repeated",
	  HOST(site.types), TYPE(media_types) },
	{ "error-page", 0, "STATUS=PATH", "content of that error's answers; may be repeated",
	  HOST(site.error_pages), TYPE(error_pages) },
};
#define CONFIG_SETTINGS	(sizeof(config_table) / sizeof(config_table[0]))
_Static_assert(CONFIG_SETTINGS <= CONFIG_SETTINGS_MAX, "CONFIG_SETTINGS_MAX must be raised");

const struct config_setting *config_setting(size_t index)
{
	return index < CONFIG_SETTINGS ? &config_table[index] : NULL;
}

const struct config_setting *config_find(const char *name, size_t *index)
{
	for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
		if (strcmp(config_table[i].name, name))
			continue;
		if (index)
			*index = i;
		return &config_table[i];
	}
	return NULL;
}

/* ---- the whole ---- */

/* A field of the configuration or of one of its hosts; both are given, the scope chooses. */
static void *config_at(const struct config_setting *setting, const void *config, const void *host)
{
	return (char *)(setting->scope == CONFIG_HOST ? host : config) + setting->at;
}

static int config_defaults(enum config_scope scope, struct config *config, struct config_host *host)
{
	const char *why;
	int ret = 0;

	for (size_t i = 0; i < CONFIG_SETTINGS && !ret; i++) {
		const struct config_setting *setting = &config_table[i];

		if (setting->scope != scope)
			continue;
		if (setting->derive)
			*(unsigned *)config_at(setting, config, host) = CONFIG_UNSET;
		else if (setting->initial)
			ret = config_set(config, host, setting, setting->initial, 0, &why);
	}
	return ret;
}

int config_init(struct config *out)
{
	*out = (struct config){ 0 };
	return config_defaults(CONFIG_SERVER, out, NULL);
}

static void config_wipe(enum config_scope scope, struct config *config, struct config_host *host)
{
	for (size_t i = 0; i < CONFIG_SETTINGS; i++)
		if (config_table[i].scope == scope && config_table[i].type->free)
			config_table[i].type->free(config_at(&config_table[i], config, host));
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->host_count; i++)
		config_wipe(CONFIG_HOST, config, &config->hosts[i]);
	free(config->hosts);
	config_wipe(CONFIG_SERVER, config, NULL);
	free(config->file);
	*config = (struct config){ 0 };
}

struct config_host *config_host_add(struct config *config, unsigned line)
{
	struct config_host *larger = realloc(config->hosts,
					     (config->host_count + 1) * sizeof(*larger));

	if (!larger)
		return NULL;
	config->hosts = larger;
	larger += config->host_count++;
	*larger = (struct config_host){ .line = line };
	return config_defaults(CONFIG_HOST, config, larger) ? NULL : larger;
}

int config_set(struct config *config, struct config_host *host,
	       const struct config_setting *setting,
	       const char *value, unsigned line, const char **why)
{
	int ret = setting->type->set(config_at(setting, config, host), setting, value, line, why);

	if (ret == -ENOMEM)
		*why = "out of memory";
	return ret;
}

const char *config_where(const struct config *config, unsigned line, char buf[CONFIG_WHERE])
{
	buf[0] = '\0';
	if (config->file && line)
		snprintf(buf, CONFIG_WHERE, "%.*s:%u: ", CONFIG_WHERE - 16, config->file, line);
	return buf;
}

/* ---- what a reload cannot change ---- */

/* As --print-config has it; the caller frees it. NULL: out of memory. */
static char *config_text(const struct config_setting *setting, const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	setting->type->print(out, setting, config_at(setting, config, NULL));
	if (fclose(out))
		text = NULL;
	return text;
}

int config_fixed_note(struct config_fixed *out, const struct config *config)
{
	*out = (struct config_fixed){ 0 };
	for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
		if (!config_table[i].fixed)
			continue;
		out->texts[i] = config_text(&config_table[i], config);
		if (!out->texts[i])
			return -ENOMEM;
	}
	return 0;
}

void config_fixed_free(struct config_fixed *fixed)
{
	for (size_t i = 0; i < CONFIG_SETTINGS; i++)
		free(fixed->texts[i]);
	*fixed = (struct config_fixed){ 0 };
}

unsigned config_fixed_changes(const struct config_fixed *fixed, const struct config *config,
			      char *buf,
			      size_t room)
{
	unsigned count = 0;
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
		char *text = fixed->texts[i] ? config_text(&config_table[i], config) : NULL;

		if (text && strcmp(text, fixed->texts[i]) && used < room)
			used += (size_t)snprintf(buf + used, room - used, "%s%s",
						 count++ ? ", " : "",
						 config_table[i].name);
		free(text);
	}
	return count;
}

/* ---- mistakes that show when everything was read ---- */

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

static unsigned complain_name(const struct config *config, const struct config_text *name,
			      size_t before)
{
	for (size_t i = 0; i < before; i++)
		for (size_t j = 0; j < config->hosts[i].names.count; j++)
			if (!strcmp(config->hosts[i].names.rows[j].text, name->text))
				return complain(config, name->line,
						"name %s: the host of line %u has it already",
						name->text, config->hosts[i].line);
	return 0;
}

static unsigned complain_host(const struct config *config, size_t index)
{
	const struct config_host *host = &config->hosts[index];
	unsigned mistakes = 0;

	if (!host->dir.text)
		mistakes += complain(config, host->line,
				     "this host has no folder: give dir = FOLDER");
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

/* In the table's order: a default may follow from one above it. */
static void config_derive(struct config *config)
{
	for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
		unsigned *at;

		if (!config_table[i].derive)
			continue;
		at = config_at(&config_table[i], config, NULL);
		if (*at == CONFIG_UNSET)
			*at = config_table[i].derive(config);
	}
}

unsigned config_finish(struct config *config)
{
	unsigned mistakes = 0;

	config_derive(config);
	if (!config->host_count)
		mistakes += complain(config, 1, "there is no host: give a section [host NAME]");
	for (size_t i = 0; i < config->host_count; i++)
		mistakes += complain_host(config, i);
	return mistakes;
}
