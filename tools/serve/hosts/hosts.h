/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HOSTS_HOSTS_H
#define TOOLS_SERVE_HOSTS_HOSTS_H

/*
 * The hosts that are served: names, certificates, folders. A set of hosts never changes: a reload
 * makes a new set and makes it the current one; the old set is freed with its last reference.
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
	const struct config_host *config;	/* the set's configuration */
	SSL_CTX *ssl;			/* owned */
	struct certificate *certificates;	/* owned */
	size_t certificate_count;
	struct site site;		/* owned; root -1: not open */
};

struct hosts_name {
	const char *name;		/* of the configuration */
	const struct host *host;
};

struct hosts {
	atomic_uint references;
	struct config config;		/* owned */
	struct mime *mime;		/* owned; may be NULL */
	/* owned; config.host_count of them; the first is for unknown names */
	struct host *list;
	struct hosts_name *names;	/* owned; sorted */
	size_t name_count;
};

/* Holds the current set; one for the process, shared by its threads. */
struct hosts_current;

/*
 * Make a set: open folders, read certificates. On success the set owns the configuration, and
 * *config is empty. Logs each mistake. 0, or how many there are.
 */
unsigned hosts_load(struct hosts **out, struct config *config);
/* Prepare the hosts' SSL_CTXs for connections of ctx. Logs each mistake. 0, or how many there
 * are. */
unsigned hosts_join(struct hosts *hosts, struct tlsring_ctx *ctx);
/* Warn of certificates that expire. */
void hosts_warn(const struct hosts *hosts);
/* Another reference to the same set. Any thread. */
struct hosts *hosts_hold(struct hosts *hosts);
/* Give a reference back. */
void hosts_put(struct hosts *hosts);
/* The host of a request; name: its Host field. NULL: it is another host than the connection was
 * opened to. */
const struct host *hosts_choose(const struct hosts *hosts, const struct tlsring_conn *conn,
				const char *name,
				size_t len);
/* The host with a name from SNI or a Host field; a port is ignored. Never NULL: unknown names
 * get the first. */
const struct host *hosts_find(const struct hosts *hosts, const char *name, size_t len);

/* hosts: the first set, or NULL; takes over the reference. 0 or -ENOMEM. */
int hosts_current_new(struct hosts_current **out, struct hosts *hosts);
void hosts_current_free(struct hosts_current *current);
/* Replace the current set; takes over the reference. Any thread. */
void hosts_current_set(struct hosts_current *current, struct hosts *hosts);
/* A new reference to the current set. Any thread. */
struct hosts *hosts_current_get(struct hosts_current *current);
/* Replace the reference *hosts, or NULL, when it is not the current set; cheap otherwise. Any
 * thread. */
void hosts_current_follow(struct hosts_current *current, struct hosts **hosts);

#endif
