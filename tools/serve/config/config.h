/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONFIG_CONFIG_H
#define TOOLS_SERVE_CONFIG_CONFIG_H

/*
 * The effective configuration of `tlsring serve`. Each setting has one row in config.c's table: its
 * name there is its long flag and its key in the file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "tools/serve/limits.h"
#include "tools/serve/site/settings.h"

struct config_text {
	char *text;			/* owned */
	unsigned line;			/* of the file; 0: from a flag */
};

/* Of a setting that may be given more than once. */
struct config_texts {
	struct config_text *rows;	/* owned */
	size_t count;
};

struct config_host {
	struct config_texts names;	/* lower case; "*.example.org" is every name below it */
	struct config_text dir;
	struct config_texts certs, keys;	/* pairs by their order; none: one is made for localhost */
	struct config_text client_ca;	/* text NULL: clients are not asked for certificates */
	bool client_optional;		/* a client may come without */
	unsigned tls_min;		/* CONFIG_TLS_... */
	struct config_texts ciphers, suites, groups;	/* OpenSSL's names, parts of one list; none: ours */
	struct site_settings site;
	unsigned line;			/* of its section; 0: by flags */
};

enum { CONFIG_TLS_1_2, CONFIG_TLS_1_3 };

enum config_provider { CONFIG_PROVIDER_OPENSSL = 0, CONFIG_PROVIDER_TLSRING };

enum config_handover { CONFIG_HANDOVER_AT_ONCE = 0, CONFIG_HANDOVER_ADAPTIVE };

struct config {
	char *file;			/* owned; NULL: by flags */
	struct config_texts listen;	/* none: what was inherited, else :8443 */
	struct config_texts http, ticket_keys;
	unsigned https_port;		/* that http redirects to; 0: the first one listened on */
	unsigned threads;
	bool pin;
	struct limits_settings limits;
	bool no_sandbox;
	struct config_text access_log;	/* text NULL: none */
	unsigned log_format;		/* enum access_format */
	struct config_text metrics;	/* text NULL: none */
	unsigned file_cache;		/* files that a thread keeps open */
	unsigned offload, nic, io;	/* as enum tlsring_offload, tlsring_nic, tlsring_io */
	unsigned handover;		/* enum config_handover */
	unsigned handshake_provider;	/* enum config_provider */
	bool zerocopy;
	struct config_text user;	/* text NULL: stay who we are */
	struct config_host *hosts;	/* owned; the first answers for unknown names */
	size_t host_count;
};

struct config_setting {		/* NOLINT: in the order in which its table reads */
	const char *name;
	char letter;			/* short flag, or 0 */
	const char *arg;		/* what the help calls its value; NULL: a switch */
	const char *help;		/* lines */
	bool host;			/* of a host, else of the server */
	bool list;			/* may be given more than once */
	int (*set)(void *at, const struct config_setting *setting, const char *value, unsigned line,
		   const char **why);
	void (*print)(FILE *out, const struct config_setting *setting, const void *at);
	size_t at;			/* in struct config or config_host */
	unsigned min, max;		/* of a number */
	const char *const *words;	/* of a choice, ends with NULL */
};

/* The defaults, and no host. */
void config_init(struct config *out);
void config_free(struct config *config);
/* Another host, with defaults; its address changes with the next. NULL: out of memory. */
struct config_host *config_host_add(struct config *config, unsigned line);
/* The table, by position; NULL behind its end. */
const struct config_setting *config_setting(size_t index);
/* host: where a host's settings go. 0; -EINVAL, *why says in words what to give; -ENOMEM. */
int config_set(struct config *config, struct config_host *host, const struct config_setting *setting,
	       const char *value, unsigned line, const char **why);
/* What only shows when everything is there. Says each mistake on standard error, returns how many. */
unsigned config_complain(const struct config *config);
/*
 * Read an INI file into a config that is freshly made. Says each mistake with file and line on
 * standard error. 0, or how many there are.
 */
unsigned config_read(struct config *out, const char *file);
/* In the form that config_read() takes. */
void config_print(const struct config *config, FILE *out);
/* The list's parts in one, divided by colons; the caller's. NULL: out of memory. */
char *config_join(const struct config_texts *texts);
/* "FILE:LINE: ", or "" for what came from flags; writes into buf, returns it. */
#define CONFIG_WHERE	320
const char *config_where(const struct config *config, unsigned line, char buf[CONFIG_WHERE]);

#endif
