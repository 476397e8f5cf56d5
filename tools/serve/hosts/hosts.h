/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HOSTS_HOSTS_H
#define TOOLS_SERVE_HOSTS_HOSTS_H

/*
 * The hosts that are served: names, certificates, folders. A set of them never changes; a reload
 * makes another and puts it in the place of the current one, which goes when nobody uses it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>
#include "tools/common/certificate.h"
#include "tools/serve/config/config.h"
#include "tools/serve/site/site.h"

struct tlsring_conn;
struct tlsring_ctx;
struct mime;

struct host {
	const struct config_host *config;	/* the set's */
	SSL_CTX *ssl;			/* owned */
	struct certificate *certificates;	/* owned */
	size_t certificate_count;
	struct site site;		/* owned; root -1: not open */
};

struct hosts_name {
	const char *name;		/* the config's */
	const struct host *host;
};

struct hosts {
	atomic_uint references;
	struct config config;		/* owned */
	struct mime *mime;		/* owned; may be NULL */
	struct host *list;		/* owned; as many as config has; the first answers for others */
	struct hosts_name *names;	/* owned; sorted */
	size_t name_count;
};

/* The current set; one for the process, shared by its threads. */
struct hosts_current;

/*
 * Open folders, read certificates. Takes over config when it succeeds. Says each mistake on standard
 * error. 0, or how many there are.
 */
unsigned hosts_load(struct hosts **out, struct config *config);
/* Make its SSL_CTXs ones that ctx's connections can be given to. As hosts_load(). */
unsigned hosts_join(struct hosts *hosts, struct tlsring_ctx *ctx);
/* Warn of certificates that expire. */
void hosts_warn(const struct hosts *hosts);
/* A reference is given back. */
void hosts_put(struct hosts *hosts);
/* The host that a request on this connection is for: name is the request's Host. NULL: that host is not who
 * the connection was opened to. */
const struct host *hosts_choose(const struct hosts *hosts, const struct tlsring_conn *conn, const char *name,
				size_t len);
/* By its name, as SNI or a Host field has it (a port is passed over). Never NULL. */
const struct host *hosts_find(const struct hosts *hosts, const char *name, size_t len);

/* hosts: the first set, becomes its own. 0 or -ENOMEM. */
int hosts_current_new(struct hosts_current **out, struct hosts *hosts);
void hosts_current_free(struct hosts_current *current);
/* Another set, which becomes its own, takes the place of the one before. Any thread. */
void hosts_current_set(struct hosts_current *current, struct hosts *hosts);
/* A reference to the current set. Any thread. */
struct hosts *hosts_current_get(struct hosts_current *current);
/* Bring a reference, or NULL, up to date; cheap where nothing has changed. Any thread. */
void hosts_current_follow(struct hosts_current *current, struct hosts **hosts);

#endif
