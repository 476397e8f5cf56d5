// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ktls/loopback.h"

#define LOOPBACK_TIMEOUT	1000	/* msecs: a connection is there at once, or never */

int ktls_loopback_open(struct ktls_loopback *loop)
{
	socklen_t len = sizeof(loop->addr);
	int ret;

	loop->addr = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	loop->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (loop->listener < 0)
		return -errno;
	if (bind(loop->listener, (struct sockaddr *)&loop->addr, sizeof(loop->addr)) ||
	    listen(loop->listener, 4) ||
	    getsockname(loop->listener, (struct sockaddr *)&loop->addr, &len)) {
		ret = -errno;
		close(loop->listener);
		return ret;
	}
	return 0;
}

/* connect() may return a moment before the other end is there to be accepted. */
static int loopback_accept(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int fd = -1;

	if (poll(&ready, 1, LOOPBACK_TIMEOUT) == 0)
		errno = ETIMEDOUT;
	else
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ktls_loopback_pair(const struct ktls_loopback *loop, int fds[2])
{
	int ret;

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fds[0] < 0)
		return -errno;
	if (connect(fds[0], (const struct sockaddr *)&loop->addr, sizeof(loop->addr)))
		ret = -errno;
	else
		ret = fds[1] = loopback_accept(loop->listener);
	if (ret < 0)
		close(fds[0]);
	return ret < 0 ? ret : 0;
}

void ktls_loopback_unpair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}
