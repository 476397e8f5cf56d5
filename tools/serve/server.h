/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SERVER_H
#define TOOLS_SERVE_SERVER_H

/* `tlsring serve` as a whole; each part of it has a file of its own: serve_*.c. */

#include <pthread.h>
#include "tools/serve/config/config.h"
#include "tools/serve/hosts/hosts.h"
#include "tools/common/listen.h"
#include "tools/serve/cleartext/redirect.h"
#include "tools/serve/telemetry/telemetry.h"

struct landlock;
struct tlsring_ctx;
struct tlsring_engine;
struct worker;

struct serve_thread {
	pthread_t thread;
	const struct landlock *landlock;	/* the serve's */
	struct tlsring_engine *engine;	/* owned */
	struct worker *worker;		/* owned */
	int result;			/* of the engine */
	int cpu;			/* that it stays on; -1: any */
	bool running;
	int done;			/* where to tell that it ended; the serve's */
};

struct serve {
	struct hosts_current *current;	/* owned */
	OSSL_PROVIDER *provider;	/* owned; NULL: handshakes are OpenSSL's own */
	SSL_CTX *front;			/* owned */
	struct tlsring_ctx *ctx;	/* owned */
	struct listen_pool pool;	/* owned */
	struct listen_set listen, http;	/* owned */
	unsigned thread_count;
	struct serve_thread *threads;	/* owned */
	struct redirect redirect;
	struct cleartext_route route;
	struct cleartext *cleartext;		/* owned */
	struct landlock *landlock;	/* owned; NULL: there is no sandbox */
	struct telemetry *telemetry;		/* owned */
	struct telemetry_settings telemetry_settings;	/* texts owned */
	struct limits_settings limits;
	struct config_fixed fixed;	/* what we were started with */
	int done;			/* an eventfd: engines that have ended */
	int argc;			/* the call's, to be read again */
	char **argv;
};

/* ---- serve_engine.c: threads; each 0 or an exit status ---- */

int serve_engines(struct serve *s, const struct config *config);
int serve_engines_start(struct serve *s);
void serve_engines_stop(struct serve *s, unsigned grace);
void serve_engines_drain(struct serve *s, unsigned grace);
/* Waits for those that run. An exit status. */
int serve_engines_join(struct serve *s);
void serve_engines_free(struct serve *s);

/* ---- serve_announce.c: the first lines ---- */

void serve_announce(const struct serve *s, const struct hosts *hosts);

/* ---- serve_life.c: from the first request to the last ---- */

/* Signals come to serve_life() only; one that interrupts a send can cost a connection. Before any
 * thread is made. */
void serve_life_block(void);
/* Until a signal, or a successor, ends it. An exit status. */
int serve_life(struct serve *s);

/* ---- serve_reload.c ---- */

/* The hosts of a configuration, which they take over, with their certificates and ticket keys. Says
 * each mistake. 0, or an exit status: then nothing has changed. */
int serve_load(struct serve *s, struct config *config, struct hosts **out);
/* Tell the metrics which certificates are served. */
void serve_certificates(struct serve *s, const struct hosts *hosts);
/* Everything that can change while we serve, from its files. Says what is wrong, and then changes
 * nothing. */
void serve_reload(struct serve *s);

/* ---- serve_upgrade.c: another process of the same program goes on with our sockets ---- */

/* Remember which file we are, as long as that is known. */
void serve_upgrade_init(void);
/* Start it. *ready: a descriptor on which a byte says that it serves; its end without one: it does
 * not. Its process, or -errno. */
pid_t serve_upgrade(const struct serve *s, int *ready);
/* We serve: tell the process that started us so. */
void serve_upgrade_ready(void);

/* ---- serve_user.c ---- */

/* Become NAME[:GROUP], if the configuration says so. 0 or an exit status. */
int serve_user(const struct config *config);
/* The same without becoming it: is there such a user? */
int serve_user_check(const struct config *config);

#endif
