// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/ssl.h>
#include "tools/get/connection.h"
#include "tools/common/log.h"

static void connection_free(struct connection *c)
{
	if (c->addresses)
		freeaddrinfo(c->addresses);
	free(c->host);
	free(c->node);
	free(c->port);
	free(c->request);
	free(c->waiting);
	free(c);
}

static void connection_opened(struct tlsring_conn *conn, void *user)
{
	struct connection *c = user;

	c->conn = conn;
	if (!c->handlers) {
		tlsring_close(conn);
		return;
	}
	/* --timeout judges the server; a slow reader of our output must not count as silence. */
	tlsring_conn_set_idle(conn, 0);
	c->handlers->opened(c->handlers->user);
}

static ssize_t connection_received(struct tlsring_conn *conn, const void *data, size_t len,
				   void *user)
{
	struct connection *c = user;

	(void)conn;
	return c->handlers ? c->handlers->received(data, len, c->handlers->user) : (ssize_t)len;
}

static int connection_send_now(struct connection *c)
{
	struct tlsring_message message = { .head = c->request,
					   .head_len = strlen(c->request),
					   .file_fd = -1 };

	return tlsring_send(c->conn, &message);
}

static void connection_sent(struct tlsring_conn *conn, int result, void *user)
{
	struct connection *c = user;

	free(c->request);
	c->request = c->waiting;
	c->waiting = NULL;
	if (result || !c->request)
		return;
	result = connection_send_now(c);
	/* -EPIPE: the connection is ending, and closed() reports it. */
	if (result && result != -EPIPE)
		tlsring_abort(conn, result);
}

static int connection_try(struct connection *c);

/* Try the next address when this one could not be reached; not when TLS failed. */
static bool connection_try_next(struct connection *c, const struct tlsring_end *end)
{
	if (!c->handlers || end->opened || !c->next || !connection_end_is_errno(end->result) ||
	    end->result == -ECANCELED)
		return false;
	return !connection_try(c);
}

static void connection_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct connection *c = user;

	(void)conn;
	if (connection_try_next(c, end))
		return;
	if (c->handlers)
		c->handlers->closed(c, end, c->handlers->user);
	connection_free(c);
}

static const struct tlsring_handlers connection_callbacks = {
	.size = sizeof(connection_callbacks),
	.opened = connection_opened,
	.received = connection_received,
	.sent = connection_sent,
	.closed = connection_closed,
};

/* Start to connect to the first of the remaining addresses for which that succeeds. */
static int connection_try(struct connection *c)
{
	int ret = -EADDRNOTAVAIL;

	while (ret && c->next) {
		struct tlsring_connect_options options = {
			.size = sizeof(options),
			.addr = c->next->ai_addr,
			.addr_len = c->next->ai_addrlen,
			.server_name = c->host,
			.session = c->tls->session,
		};

		c->next = c->next->ai_next;
		ret = tlsring_engine_connect(c->engine, c->tls->ctx, &options,
					     &connection_callbacks, c);
	}
	return ret;
}

/* Signals are unblocked meanwhile: the resolver may block for long and does not read the
 * signalfd. */
static int connection_resolve(struct connection *c)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					       .ai_flags = AI_ADDRCONFIG };
	sigset_t none, before;
	int ret;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, &before);
	ret = getaddrinfo(c->node, c->port, &hints, &c->addresses);
	/* AI_ADDRCONFIG finds no address on a machine that has loopback only. */
	if (ret == EAI_NONAME || ret == EAI_ADDRFAMILY)
		ret = getaddrinfo(c->node, c->port,
				  &(struct addrinfo){ .ai_socktype = SOCK_STREAM }, &c->addresses);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret) {
		c->addresses = NULL;
		log_line("%s: %s; %s", c->node,
			 ret == EAI_SYSTEM ? strerror(errno) : gai_strerror(ret),
			 ret == EAI_AGAIN ? "is this machine's name service reachable?" :
					    "is the name right?");
	}
	return ret ? -ENOENT : 0;
}

static bool connection_init(struct connection *c, const struct url *url)
{
	c->host = strdup(url->host);
	c->port = strdup(url->port);
	if (asprintf(&c->node, "%s%s%s", url->host, *url->zone ? "%" : "", url->zone) < 0)
		c->node = NULL;
	return c->host && c->port && c->node;
}

struct connection *connection_open(struct tlsring_engine *engine, struct get_tls *tls,
				   const struct url *url,
				   const struct connection_handlers *handlers)
{
	struct connection *c = malloc(sizeof(*c));
	char text[160];
	int ret = -ENOMEM;

	if (!c)
		return NULL;
	*c = (struct connection){ .engine = engine, .tls = tls, .handlers = handlers };
	get_tls_expect(tls, url);
	if (connection_init(c, url)) {
		ret = connection_resolve(c);
		if (ret)
			goto fail;
		c->next = c->addresses;
		ret = connection_try(c);
	}
	if (!ret)
		return c;
	log_line("%s: cannot connect: %s", url->authority,
		 tlsring_strerror(ret, text, sizeof(text)));
fail:
	connection_free(c);
	return NULL;
}

bool connection_serves(const struct connection *c, const struct url *url)
{
	size_t len = strlen(url->host);

	return !strcmp(c->host, url->host) && !strcmp(c->port, url->port) &&
	       !strcmp(c->node + len + (c->node[len] == '%'), url->zone);
}

/* The answer may arrive before the completion of the request's send: the next request then waits
 * for that. */
int connection_send(struct connection *c, char *request)
{
	if (c->request) {
		free(c->waiting);
		c->waiting = request;
		return 0;
	}
	c->request = request;
	return connection_send_now(c);
}

void connection_close(struct connection *c)
{
	c->handlers = NULL;
	if (c->conn)
		tlsring_close(c->conn);
}
