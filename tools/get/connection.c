// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/ssl.h>
#include "tools/get/connection.h"
#include "tools/common/log.h"

static void link_free(struct link *link)
{
	if (link->addresses)
		freeaddrinfo(link->addresses);
	free(link->host);
	free(link->port);
	free(link->request);
	free(link->waiting);
	free(link);
}

static void link_opened(struct tlsring_conn *conn, void *user)
{
	struct link *link = user;

	link->conn = conn;
	if (!link->user) {
		tlsring_close(conn);
		return;
	}
	/* Whoever reads slowly must not be taken for a server that is slow. */
	tlsring_conn_set_idle(conn, 0);
	link->user->opened(link->user->user);
}

static ssize_t link_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct link *link = user;

	(void)conn;
	return link->user ? link->user->received(data, len, link->user->user) : (ssize_t)len;
}

static int link_send_now(struct link *link)
{
	struct tlsring_message message = { .head = link->request, .head_len = strlen(link->request), .file_fd = -1 };

	return tlsring_send(link->conn, &message);
}

static void link_sent(struct tlsring_conn *conn, int result, void *user)
{
	struct link *link = user;

	free(link->request);
	link->request = link->waiting;
	link->waiting = NULL;
	if (result || !link->request)
		return;
	result = link_send_now(link);
	/* Where the connection is ending, its end will tell. */
	if (result && result != -EPIPE)
		tlsring_abort(conn, result);
}

static int link_call(struct link *link);

/* Another address helps where this one could not be reached, not where TLS failed. */
static bool link_again(struct link *link, const struct tlsring_end *end)
{
	if (!link->user || end->opened || !link->next || end->result <= -4096 || end->result == -ECANCELED)
		return false;
	return !link_call(link);
}

static void link_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct link *link = user;

	(void)conn;
	if (link_again(link, end))
		return;
	if (link->user)
		link->user->closed(link, end, link->user->user);
	link_free(link);
}

static const struct tlsring_handlers link_handlers = {
	.size = sizeof(link_handlers), .opened = link_opened, .received = link_received, .sent = link_sent,
	.closed = link_closed,
};

/* Whatever address can be tried at all. */
static int link_call(struct link *link)
{
	int ret = -EADDRNOTAVAIL;

	while (ret && link->next) {
		struct tlsring_connect_options options = {
			.size = sizeof(options), .addr = link->next->ai_addr, .addr_len = link->next->ai_addrlen,
			.server_name = link->host, .session = link->tls->session,
		};

		link->next = link->next->ai_next;
		ret = tlsring_engine_connect(link->engine, link->tls->ctx, &options, &link_handlers, link);
	}
	return ret;
}

/* The resolver may take long, and knows nothing of signalfd: let the signals do what they do. */
static int link_resolve(struct link *link)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	sigset_t none, before;
	int ret;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, &before);
	ret = getaddrinfo(link->host, link->port, &hints, &link->addresses);
	/* Without any address of its own but loopback's a machine can still talk to itself. */
	if (ret == EAI_NONAME || ret == EAI_ADDRFAMILY)
		ret = getaddrinfo(link->host, link->port,
				  &(struct addrinfo){ .ai_socktype = SOCK_STREAM }, &link->addresses);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret) {
		link->addresses = NULL;
		log_line("%s: %s; %s", link->host, ret == EAI_SYSTEM ? strerror(errno) : gai_strerror(ret),
			 ret == EAI_AGAIN ? "is this machine's name service reachable?" : "is the name right?");
	}
	return ret ? -ENOENT : 0;
}

struct link *link_open(struct tlsring_engine *engine, struct get_tls *tls, const struct url *url,
		       const struct link_user *user)
{
	struct link *link = malloc(sizeof(*link));
	char text[160];
	int ret = -ENOMEM;

	if (!link)
		return NULL;
	*link = (struct link){ .engine = engine, .tls = tls, .user = user,
			       .host = strdup(url->host), .port = strdup(url->port) };
	get_tls_expect(tls, url);
	if (link->host && link->port) {
		ret = link_resolve(link);
		if (ret)
			goto fail;
		link->next = link->addresses;
		ret = link_call(link);
	}
	if (!ret)
		return link;
	log_line("%s: cannot connect: %s", url->authority, tlsring_strerror(ret, text, sizeof(text)));
fail:
	link_free(link);
	return NULL;
}

bool link_serves(const struct link *link, const struct url *url)
{
	return !strcmp(link->host, url->host) && !strcmp(link->port, url->port);
}

/* The whole answer may be here before the kernel has said that the request before went out. */
int link_send(struct link *link, char *request)
{
	if (link->request) {
		free(link->waiting);
		link->waiting = request;
		return 0;
	}
	link->request = request;
	return link_send_now(link);
}

void link_leave(struct link *link)
{
	link->user = NULL;
	if (link->conn)
		tlsring_close(link->conn);
}
