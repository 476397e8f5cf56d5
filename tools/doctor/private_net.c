// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tools/doctor/private_net.h"

static bool private_net_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &request);

	if (fd >= 0)
		close(fd);
	return up;
}

void private_net_run(void (*run)(void *user), void *user)
{
	int before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool moved = before >= 0 && !unshare(CLONE_NEWNET);

	/* Without loopback the function's sockets could not connect. */
	if (moved && !private_net_loopback() && !setns(before, CLONE_NEWNET))
		moved = false;
	run(user);
	if (moved && setns(before, CLONE_NEWNET))
		_exit(1);
	if (before >= 0)
		close(before);
}
