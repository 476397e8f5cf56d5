/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_CONNECTION_H
#define TOOLS_GET_CONNECTION_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include "tools/get/tls.h"
#include "tlsring.h"
#include "tools/get/url.h"

struct connection;

/* Events of a connection, until connection_close(). */
struct connection_handlers {
	void (*opened)(void *user);
	/* As tlsring_handlers.received(). */
	ssize_t (*received)(const void *data, size_t len, void *user);
	/* The connection ended and frees itself; end: of the last address that was tried. */
	void (*closed)(const struct connection *c, const struct tlsring_end *end, void *user);
	void *user;
};

/* A connection to one server, over whichever of its addresses works. */
struct connection {
	struct tlsring_engine *engine;
	struct get_tls *tls;
	const struct connection_handlers *handlers;	/* NULL: closed by connection_close() */
	struct tlsring_conn *conn;	/* NULL until opened */
	struct addrinfo *addresses;	/* owned */
	struct addrinfo *next;		/* address to be tried next */
	char *host, *port;		/* owned: name or address, for TLS; port */
	char *node;			/* owned: the host with its zone, for getaddrinfo() */
	char *request;			/* owned; NULL: none is being sent */
	char *waiting;			/* owned: the request after that one */
	unsigned answers;		/* that were received */
};

/* Look the host up, which blocks, and connect. Events follow; the connection frees itself after
 * closed() or connection_close(). NULL after a message: out of memory, or the name has no
 * address. */
struct connection *connection_open(struct tlsring_engine *engine, struct get_tls *tls,
				   const struct url *url,
				   const struct connection_handlers *handlers);
/* Is a result of tlsring_end an errno, or 0: did the transport end, rather than TLS? */
static inline bool connection_end_is_errno(int result)
{
	return result >= -4095;
}
/* Does the connection lead to the server of a URL? */
bool connection_serves(const struct connection *c, const struct url *url);
/* Send a request, which is freed afterwards. 0 or -errno. */
int connection_send(struct connection *c, char *request);
/* Close cleanly; no handler is called any more. */
void connection_close(struct connection *c);

#endif
