/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SERVER_H
#define TOOLS_SERVE_SERVER_H

/* The state of `tlsring serve` as a whole, which the files of this folder share. */

#include <pthread.h>
#include "tools/serve/config/config.h"
#include "tools/serve/hosts/hosts.h"
#include "tools/common/listen.h"
#include "tools/serve/cleartext/redirect.h"
#include "tools/serve/telemetry/telemetry.h"

struct landlock;
struct lister;
struct tlsring_ctx;
struct tlsring_engine;
struct worker;

struct server_thread {
	pthread_t thread;
	const struct landlock *landlock;	/* the server's */
	struct tlsring_engine *engine;	/* owned */
	struct worker *worker;		/* owned */
	int result;			/* of the engine */
	int cpu;			/* that it is pinned to; -1: any */
	bool running;
	int done;			/* eventfd to add 1 to when it ends; the server's */
};

struct server {
	struct hosts_current *current;	/* owned */
	OSSL_PROVIDER *provider;	/* owned; NULL: handshakes are OpenSSL's own */
	SSL_CTX *front;			/* owned */
	struct tlsring_ctx *ctx;	/* owned */
	struct listen_pool pool;	/* owned */
	struct listen_set listen, http;	/* owned */
	unsigned thread_count;
	struct server_thread *threads;	/* owned */
	struct lister *lister;		/* owned */
	pthread_t lister_thread;
	bool listing;			/* lister_thread runs */
	struct redirect redirect;
	struct cleartext_route route;
	struct cleartext *cleartext;	/* owned */
	struct landlock *landlock;	/* owned; NULL: there is no sandbox */
	struct telemetry *telemetry;	/* owned */
	struct telemetry_settings telemetry_settings;	/* texts owned */
	struct limits_settings limits;
	struct config_fixed fixed;	/* what we were started with */
	int done;			/* eventfd: counts threads that have ended */
	int argc;			/* of the command line, for reloads and upgrades */
	char **argv;
};

#endif
