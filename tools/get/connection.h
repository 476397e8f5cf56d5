/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_CONNECTION_H
#define TOOLS_GET_CONNECTION_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include "tools/get/tls.h"
#include "tlsring.h"
#include "tools/get/url.h"

struct link;

/* What is told about a link, until it was left. */
struct link_user {
	void (*opened)(void *user);
	/* As tlsring_handlers.received(). */
	ssize_t (*received)(const void *data, size_t len, void *user);
	/* The link is gone; end: of the last address that was tried. */
	void (*closed)(const struct link *link, const struct tlsring_end *end, void *user);
	void *user;
};

/* A connection to one server, over whichever of its addresses works. */
struct link {
	struct tlsring_engine *engine;
	struct get_tls *tls;
	const struct link_user *user;	/* NULL: left */
	struct tlsring_conn *conn;	/* NULL until opened */
	struct addrinfo *addresses, *next;	/* owned; the next to be tried */
	char *host, *port;		/* owned */
	char *request, *waiting;	/* owned; while it is sent; the next one, meanwhile */
	unsigned answers;		/* that it has carried */
};

/* NULL, after a word: no memory, or the name has no address. Blocks while the name is looked up.
 * The rest comes by its user; it frees itself after closed(), or after it was left. */
struct link *link_open(struct tlsring_engine *engine, struct get_tls *tls, const struct url *url,
		       const struct link_user *user);
bool link_serves(const struct link *link, const struct url *url);
/* Takes the text over. 0 or -errno. */
int link_send(struct link *link, char *request);
/* Close it cleanly; its user hears no more of it. */
void link_leave(struct link *link);

#endif
