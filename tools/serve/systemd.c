// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "tools/serve/systemd.h"

void systemd_notify(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t path_len = path ? strlen(path) : 0;
	char text[256];
	va_list args;
	int fd, len;

	if (!path_len || path_len >= sizeof(address.sun_path))
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	memcpy(address.sun_path, path, path_len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Errors are ignored: a manager that does not listen misses nothing. */
	(void)sendto(fd, text, (size_t)len, MSG_NOSIGNAL, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len));
	close(fd);
}

void systemd_notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	systemd_notify("RELOADING=1\nMONOTONIC_USEC=%llu",
	       (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
}

unsigned systemd_watchdog(void)
{
	const char *usecs = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long value = usecs ? strtoull(usecs, NULL, 10) : 0;

	if (pid && atoi(pid) != getpid())
		return 0;
	return value / 2000 > 1u << 30 ? 0 : (unsigned)(value / 2000);
}
