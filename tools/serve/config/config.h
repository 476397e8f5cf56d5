/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONFIG_CONFIG_H
#define TOOLS_SERVE_CONFIG_CONFIG_H

/*
 * The effective configuration of `tlsring serve`. Each setting is one row of config.c's table:
 * flags, the file, --check, --print-config and the warnings of a reload come from it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "tools/serve/config/values.h"
#include "tools/serve/telemetry/limits.h"
#include "tools/serve/site/settings.h"

struct config_host {
	struct config_texts names;	/* lower case; "*.example.org" is every name below it */
	struct config_text dir;
	/* pairs by their order; none: self-signed for localhost */
	struct config_texts certs, keys;
	struct config_text client_ca;	/* not set: clients are not asked for certificates */
	bool client_optional;		/* a client may come without */
	unsigned tls_min;		/* enum config_tls */
	/* OpenSSL's names, parts of one list; none: ours */
	struct config_texts ciphers, suites, groups;
	struct site_settings site;
	unsigned line;			/* of its section; 0: by flags */
};

enum config_tls { CONFIG_TLS_1_2, CONFIG_TLS_1_3 };
enum config_provider { CONFIG_PROVIDER_OPENSSL, CONFIG_PROVIDER_TLSRING };
enum config_handover { CONFIG_HANDOVER_AT_ONCE, CONFIG_HANDOVER_ADAPTIVE };

struct config {
	char *file;			/* owned; NULL: by flags */
	struct config_texts listen;	/* none: inherited sockets, else :8443 */
	struct config_texts http, ticket_keys;
	unsigned https_port;		/* that http redirects to; 0: the first listened on */
	unsigned threads;
	bool pin;
	struct limits_settings limits;
	bool sandbox;
	struct config_text access_log, metrics;
	unsigned log_format;		/* enum access_format */
	unsigned file_cache;		/* files that a thread keeps open */
	unsigned offload, nic, io;	/* enum tlsring_offload, tlsring_nic, tlsring_io */
	unsigned handover;		/* enum config_handover */
	unsigned handshake_provider;	/* enum config_provider */
	bool zerocopy;
	struct config_text user;	/* not set: stay who we are */
	struct config_host *hosts;	/* owned; the first answers for unknown names */
	size_t host_count;
};

/* More than the table has rows. */
#define CONFIG_SETTINGS_MAX	128

/* The table, by position; NULL behind its end. */
const struct config_setting *config_setting(size_t index);
/* By its name; NULL: there is none. *index, if not NULL: its position. */
const struct config_setting *config_find(const char *name, size_t *index);

/* The defaults, and no host. 0 or -ENOMEM; config_free() in any case. */
int config_init(struct config *out);
void config_free(struct config *config);
/* Add a host with the defaults. The pointer is valid until the next is added. NULL: out of
 * memory. */
struct config_host *config_host_add(struct config *config, unsigned line);
/* Set from text; host: whose, for a setting of a host. 0; -EINVAL or -ENOMEM: *why says it in
 * words. */
int config_set(struct config *config, struct config_host *host,
	       const struct config_setting *setting,
	       const char *value, unsigned line, const char **why);
/*
 * When everything was read: fill in the defaults that follow from other settings, and log what does
 * not fit together. 0, or how many mistakes there are.
 */
unsigned config_finish(struct config *config);
/* The values, as text, of the settings that stay while the process runs; texts owned. */
struct config_fixed {
	char *texts[CONFIG_SETTINGS_MAX];
};

/* 0 or -ENOMEM; config_fixed_free() in any case. */
int config_fixed_note(struct config_fixed *out, const struct config *config);
void config_fixed_free(struct config_fixed *fixed);
/* The names of those that config has otherwise, divided by ", " and cut to the room. Returns how
 * many. */
unsigned config_fixed_changes(const struct config_fixed *fixed, const struct config *config,
			      char *buf,
			      size_t room);

/* "FILE:LINE: ", or "" for what came from flags; writes into buf, returns it. */
#define CONFIG_WHERE	320
const char *config_where(const struct config *config, unsigned line, char buf[CONFIG_WHERE]);

#endif
