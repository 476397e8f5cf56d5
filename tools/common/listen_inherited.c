// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/common/listen.h"
#include "tools/common/log.h"
#include "tools/common/number.h"

#define LISTEN_FIRST	3	/* descriptor of the first inherited socket */

/* Is that the name at `index` of LISTEN_FDNAMES, a list divided by colons? */
static bool listen_named(const char *names, int index, const char *name)
{
	while (names && index--) {
		names = strchr(names, ':');
		names = names ? names + 1 : NULL;
	}
	return names && strcspn(names, ":") == strlen(name) && !strncmp(names, name, strlen(name));
}

/* Is it a listening TCP or UNIX socket? O_NONBLOCK is left as it is: a predecessor that still
 * accepts shares that flag. */
static bool listen_fit(int fd)
{
	int listening = 0, protocol = 0, domain = 0;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening &&
	       !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
	       !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       (protocol == IPPROTO_TCP || domain == AF_UNIX) && !fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int listen_inherited_number(const char *text)
{
	unsigned number = 0;

	if (text)
		number_parse_unsigned(text, 0, INT_MAX, &number);
	return (int)number;
}

/* Our predecessor names the number directly; systemd also says for which process it is. */
static int listen_inherited_count(const char *heirs)
{
	if (heirs)
		return listen_inherited_number(heirs);
	if (listen_inherited_number(getenv("LISTEN_PID")) != getpid())
		return 0;
	return listen_inherited_number(getenv("LISTEN_FDS"));
}

int listen_pool_take(struct listen_pool *out)
{
	const char *heirs = getenv(LISTEN_HEIRS);
	const char *names = heirs ? NULL : getenv("LISTEN_FDNAMES");
	int sockets = listen_inherited_count(heirs);

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
			log_line("descriptor %d was inherited, but it is no listening TCP or UNIX "
				 "socket", fd);
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
