// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "tools/common/address.h"
#include "tools/common/listen.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define LISTEN_BACKLOG	4096	/* the kernel cuts it to net.core.somaxconn */

/* Limit of unsent bytes that the kernel queues for a connection. Without it a slow reader costs
 * megabytes of sealed records. Kernel TLS stalls if it is less than a few full records. */
#define LISTEN_UNSENT	(128 * 1024)

static int listen_socket(const struct sockaddr *address, socklen_t len, bool both, bool shared)
{
	int one = 1, only6 = !both, unsent = LISTEN_UNSENT;
	/* Not MPTCP: kernel TLS and MPTCP cannot share a socket. */
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one))) ||
	    (address->sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only6, sizeof(only6))) ||
	    bind(fd, address, len) || listen(fd, LISTEN_BACKLOG)) {
		int error = errno;

		close(fd);
		return -error;
	}
	/* Connections inherit the option. Without it more memory is used, so a failure is no
	 * error. */
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	return fd;
}

/* Check that no other process listens there: SO_REUSEPORT would share the port with one of our
 * user. */
static int listen_vacant(const struct listen_address *a, bool both)
{
	int fd = listen_socket((const struct sockaddr *)&a->address, a->len, both, false);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int listen_open(struct listen_address *a, bool both)
{
	bool shared = a->count > 1;
	int ret = shared ? listen_vacant(a, both) : 0;

	for (unsigned i = 0; !ret && i < a->count; i++) {
		a->fds[i] = listen_socket((struct sockaddr *)&a->address, a->len, both, shared);
		if (a->fds[i] < 0)
			ret = a->fds[i];
		else if (getsockname(a->fds[i], (struct sockaddr *)&a->address, &a->len))
			ret = -errno;
	}
	return ret;
}

/* Add an address with room for `fds` sockets, none open. NULL: out of memory. */
static struct listen_address *listen_grow(struct listen_set *set, unsigned fds)
{
	struct listen_address *a = realloc(set->addresses, (set->count + 1) * sizeof(*a));

	if (!a)
		return NULL;
	set->addresses = a;
	a += set->count;
	*a = (struct listen_address){ .fds = malloc(fds * sizeof(*a->fds)), .count = fds };
	if (!a->fds)
		return NULL;
	for (unsigned i = 0; i < fds; i++)
		a->fds[i] = -1;
	set->count++;
	return a;
}

/* ---- inherited sockets ---- */

static bool listen_same_path(const struct sockaddr_storage *have,
			     const struct sockaddr_storage *want)
{
	const struct sockaddr_un *a = (const struct sockaddr_un *)have;
	const struct sockaddr_un *b = (const struct sockaddr_un *)want;

	/* NOLINTNEXTLINE: getsockname() wrote it */
	return have->ss_family == AF_UNIX && want->ss_family == AF_UNIX &&
	       !strncmp(a->sun_path, b->sun_path, sizeof(a->sun_path));
}

static in_port_t listen_port(const struct sockaddr_storage *address)
{
	/* sin6_port is at the same offset. */
	return ((const struct sockaddr_in *)address)->sin_port;
}

/* Is an address the wanted one? Port 0 means any. */
static bool listen_same(const struct sockaddr_storage *have, const struct sockaddr_storage *want)
{
	const struct sockaddr_in *have4 = (const struct sockaddr_in *)have;
	const struct sockaddr_in *want4 = (const struct sockaddr_in *)want;
	const struct sockaddr_in6 *have6 = (const struct sockaddr_in6 *)have;
	const struct sockaddr_in6 *want6 = (const struct sockaddr_in6 *)want;

	if (want->ss_family == AF_UNIX)
		return listen_same_path(have, want);
	if (have->ss_family != want->ss_family ||	/* NOLINT: getsockname() wrote it */
	    (listen_port(want) && listen_port(have) != listen_port(want)))
		return false;
	if (have->ss_family == AF_INET)
		return have4->sin_addr.s_addr == want4->sin_addr.s_addr;
	return !memcmp(&have6->sin6_addr, &want6->sin6_addr, sizeof(have6->sin6_addr));
}

static bool listen_address_of(int fd, struct sockaddr_storage *out, socklen_t *len)
{
	*len = sizeof(*out);
	return fd >= 0 && !getsockname(fd, (struct sockaddr *)out, len);
}

/* Take all sockets of the pool with that address. Their number, or -ENOMEM. */
static int listen_inherit(struct listen_set *set, const struct sockaddr_storage *want)
{
	struct listen_pool *pool = set->pool;
	struct sockaddr_storage address, wanted = *want;
	struct listen_address *a = NULL;
	socklen_t len;

	for (size_t i = 0; pool && i < pool->count; i++) {
		if (!listen_address_of(pool->sockets[i].fd, &address, &len) ||
		    !listen_same(&address, &wanted))
			continue;
		if (!a) {
			a = listen_grow(set, (unsigned)pool->count);
			if (!a)
				return -ENOMEM;
			a->address = wanted = address;
			a->len = len;
			a->count = 0;
		}
		a->fds[a->count++] = pool->sockets[i].fd;
		pool->sockets[i].fd = -1;
	}
	return a ? (int)a->count : 0;
}

int listen_add_rest(struct listen_set *set, bool http)
{
	struct listen_pool *pool = set->pool;
	struct sockaddr_storage address;
	socklen_t len;

	for (size_t i = 0; i < pool->count; i++)
		if (pool->sockets[i].http == http &&
		    listen_address_of(pool->sockets[i].fd, &address, &len) &&
		    listen_inherit(set, &address) < 0)
			return TOOLS_FAILED;
	return 0;
}

/* ---- opening ---- */

static void listen_explain(const struct listen_set *set, const char *text, int error)
{
	const char *why = strerror(error);

	switch (error) {
	case EADDRINUSE:
		log_line("cannot listen on %s: %s; choose another port with --%s, or see who has "
			 "it: ss -ltnp",
			 text, why, set->setting);
		break;
	case EACCES:
		log_line("cannot listen on %s: %s; ports below net.ipv4.ip_unprivileged_port_start "
			 "need CAP_NET_BIND_SERVICE: choose another with --%s",
			 text, why, set->setting);
		break;
	case EADDRNOTAVAIL:
		log_line("cannot listen on %s: %s; this machine has no such address: see `ip "
			 "address`",
			 text, why);
		break;
	default:
		log_line("cannot listen on %s: %s", text, why);
	}
}

static int listen_append(struct listen_set *set, const struct addrinfo *info, bool both)
{
	struct sockaddr_storage address = { 0 };
	struct listen_address *a;
	int ret;

	memcpy(&address, info->ai_addr, info->ai_addrlen);
	ret = listen_inherit(set, &address);
	if (ret)
		return ret > 0 ? 0 : ret;
	a = listen_grow(set, set->threads);
	if (!a)
		return -ENOMEM;
	a->address = address;
	a->len = info->ai_addrlen;
	return listen_open(a, both);
}

/* Listen on every address of a name that this machine has. */
static int listen_name(struct listen_set *set, const struct address *address)
{
	struct addrinfo *list;
	int ret = address_resolve(address, AI_PASSIVE, &list);

	if (ret)
		return -EADDRNOTAVAIL;
	for (struct addrinfo *info = list; info && !ret; info = info->ai_next)
		ret = listen_append(set, info, false);
	freeaddrinfo(list);
	return ret;
}

static int listen_all(struct listen_set *set, const struct address *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
	struct addrinfo info = { .ai_addr = (struct sockaddr *)&v6, .ai_addrlen = sizeof(v6) };
	struct address v4 = { .host = "0.0.0.0", .port = address->port };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0 && errno == EAFNOSUPPORT)
		return listen_name(set, &v4);
	if (fd >= 0)
		close(fd);
	return listen_append(set, &info, true);
}

/* The socket of a server that did not remove it is in the way: remove it, if nobody listens. */
static bool listen_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		     errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return stale && !unlink(address->sun_path);
}

static int listen_socket_unix(const struct sockaddr_un *address)
{
	const struct sockaddr *any = (const struct sockaddr *)address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* Clients are told apart by their certificates, or by whoever may reach the folder. */
	if ((!bind(fd, any, sizeof(*address)) ||
	     (errno == EADDRINUSE && listen_stale(address) && !bind(fd, any, sizeof(*address)))) &&
	    !chmod(address->sun_path, 0666) && !listen(fd, LISTEN_BACKLOG))
		return fd;
	close(fd);
	return -errno;
}

/* One socket for all threads. */
static int listen_unix(struct listen_set *set, const char *path)
{
	struct sockaddr_storage storage = { .ss_family = AF_UNIX };
	struct sockaddr_un *address = (struct sockaddr_un *)&storage;
	struct listen_address *a;
	int ret;

	snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	ret = listen_inherit(set, &storage);
	if (ret)
		return ret > 0 ? 0 : ret;
	a = listen_grow(set, 1);
	if (!a)
		return -ENOMEM;
	a->address = storage;
	a->len = sizeof(*address);
	a->fds[0] = listen_socket_unix(address);
	return a->fds[0] < 0 ? a->fds[0] : 0;
}

static const char *listen_path(const char *text)
{
	size_t prefix = strlen(ADDRESS_UNIX), room = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (strncmp(text, ADDRESS_UNIX, prefix))
		return NULL;
	text += prefix;
	return *text && strlen(text) < room ? text : NULL;
}

bool listen_valid(const char *text)
{
	struct address address;

	return listen_path(text) || !address_parse(text, &address);
}

int listen_add(struct listen_set *set, const char *text)
{
	const char *path = listen_path(text);
	struct address address;
	int ret;

	if (!path && address_parse(text, &address)) {
		log_line("--%s %s: " LISTEN_FORM, set->setting, text);
		return TOOLS_USAGE;
	}
	if (path)
		ret = listen_unix(set, path);
	else
		ret = *address.host ? listen_name(set, &address) : listen_all(set, &address);
	if (!ret)
		return 0;
	listen_explain(set, text, -ret);
	return TOOLS_FAILED;
}

void listen_close(struct listen_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		for (unsigned j = 0; j < set->addresses[i].count; j++)
			if (set->addresses[i].fds[j] >= 0)
				close(set->addresses[i].fds[j]);
		free(set->addresses[i].fds);
	}
	free(set->addresses);
	*set = (struct listen_set){ .threads = set->threads,
				    .setting = set->setting,
				    .pool = set->pool };
}
