/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTER_H
#define TOOLS_SERVE_SITE_LISTER_H

/*
 * Listings are made by a thread of their own, the lister, since reading a large folder takes longer
 * than other clients should wait. Each serving thread has a client of it, which keeps finished
 * texts.
 */

#include <sys/queue.h>
#include "tools/serve/site/listing_cache.h"

struct lister;
struct lister_client;
struct site;
struct site_file;
struct tlsring_engine;

#define LISTER_JOBS	64	/* listings that a serving thread may wait for at a time */

/* 0 or -ENOMEM. */
int lister_new(struct lister **out);
/* The thread's function: makes listings until lister_stop(). */
void lister_run(struct lister *lister);
/* Any thread; the listing that is being made is finished. */
void lister_stop(struct lister *lister);
/* After lister_run() has returned, and all clients were freed. NULL is fine. */
void lister_free(struct lister *lister);

/* Somebody who waits for a listing, in the serving thread. */
struct lister_waiter {
	LIST_ENTRY(lister_waiter) link;
	/* Called once. 0 and a reference for site_file_put(), or -errno. */
	void (*done)(struct lister_waiter *waiter, int result, struct site_file *file);
};

/* 0; -ENOMEM; -EMFILE. */
int lister_client_new(struct lister_client **out, struct lister *lister);
/* The thread's engine tells when a listing is finished. Before the first lister_ask(). */
void lister_client_watch(struct lister_client *client, struct tlsring_engine *engine);
/* After lister_run() has returned, the engine was freed and all texts were put back. NULL is
 * fine. */
void lister_client_free(struct lister_client *client);

/* Look for a finished listing: path: decoded, empty or ending in a slash. 0 and a reference for
 * site_file_put(); 1: lister_ask() for it; -errno, -EAGAIN when too many texts are in memory. */
int lister_find(struct lister_client *client, const struct site *site, const char *path,
		const struct listing_form *form, struct site_file **out);
/* Have a listing made, and call the waiter's done() from the engine's loop; equal requests share
 * one. 0; -EAGAIN: too many are being made; other -errno. */
int lister_ask(struct lister_client *client, const struct site *site, const char *path,
	       const struct listing_form *form, struct lister_waiter *waiter);
/* done() will not be called. */
void lister_cancel(struct lister_waiter *waiter);

#endif
