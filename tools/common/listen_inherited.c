// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/common/listen.h"
#include "tools/common/log.h"

#define LISTEN_FIRST	3	/* descriptor of the first inherited socket */

/* The names in LISTEN_FDNAMES, divided by colons. */
static bool listen_named(const char *names, int index, const char *name)
{
	while (names && index--) {
		names = strchr(names, ':');
		names = names ? names + 1 : NULL;
	}
	return names && strcspn(names, ":") == strlen(name) && !strncmp(names, name, strlen(name));
}

/* Whether the socket blocks is left alone: who hands it over may accept on it still, and shares that flag. */
static bool listen_fit(int fd)
{
	int listening = 0, protocol = 0;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening &&
	       !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) && protocol == IPPROTO_TCP &&
	       !fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int listen_pool_take(struct listen_pool *out)
{
	const char *heirs = getenv(LISTEN_HEIRS), *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	const char *names = heirs ? NULL : getenv("LISTEN_FDNAMES");
	int sockets = heirs ? atoi(heirs) : pid && count && atoi(pid) == getpid() ? atoi(count) : 0;

	*out = (struct listen_pool){ 0 };
	if (sockets <= 0)
		return 0;
	out->sockets = calloc((size_t)sockets, sizeof(*out->sockets));
	if (!out->sockets)
		return -ENOMEM;
	for (int i = 0; i < sockets; i++) {
		int fd = LISTEN_FIRST + i;

		if (listen_fit(fd)) {
			out->sockets[out->count].fd = fd;
			out->sockets[out->count++].http = listen_named(names, i, "http");
		} else {
			log_line("descriptor %d was inherited, but it is no listening TCP socket", fd);
			close(fd);
		}
	}
	unsetenv(LISTEN_HEIRS);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return 0;
}

void listen_pool_free(struct listen_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pool->sockets[i].fd >= 0)
			close(pool->sockets[i].fd);
	free(pool->sockets);
	*pool = (struct listen_pool){ 0 };
}
