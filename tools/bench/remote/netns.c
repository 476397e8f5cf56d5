// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/bench/client/connect.h"
#include "tools/bench/machine/command.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/agent.h"
#include "tools/bench/remote/netns.h"
#include "tools/bench/remote/remote.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define NETNS_SAID	256
#define NETNS_SERVER	"192.0.2.2"
#define NETNS_CLIENT	"192.0.2.1"

/* ---- commands ---- */

/* Run a command. Its exit status or -errno; said: its first line of output. */
__attribute__((format(printf, 2, 3)))
static int netns_command(char said[NETNS_SAID], const char *format, ...)
{
	char line[400];
	va_list arguments;
	int ret;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	ret = bench_command_run(line, said, NETNS_SAID);
	said[strcspn(said, "\n")] = '\0';
	return ret;
}

/* Print what failed and what helps. An exit status. */
static int netns_complain(int ret, const char *said, const char *what, const char *remedy)
{
	if (ret == BENCH_COMMAND_MISSING)
		log_line("--loss, --delay: ip and tc are not installed; install them as root: "
			 "apt-get install iproute2");
	else if (ret)
		log_line("--loss, --delay: %s: %s; %s", what, *said ? said : "it says no more",
			 remedy);
	return ret ? TOOLS_FAILED : 0;
}

/* ---- namespaces ---- */

static int netns_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

/* A user without privileges may still have a network namespace inside a user namespace. */
static int netns_unshare_user(void)
{
	char uid[32], gid[32];
	int ret;

	snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return -errno;
	ret = netns_write("/proc/self/setgroups", "deny");
	if (!ret)
		ret = netns_write("/proc/self/uid_map", uid);
	return ret ? ret : netns_write("/proc/self/gid_map", gid);
}

static int netns_unshare(void)
{
	int ret = unshare(CLONE_NEWNET) ? -errno : 0;

	if (ret == -EPERM)
		ret = netns_unshare_user();
	/* TCP must not carry metrics from one run to the next; some systems do not let it be set.
	 */
	if (!ret)
		netns_write("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
	return ret;
}

/* ---- the two ends ---- */

static int netns_client_end(pid_t server)
{
	char said[NETNS_SAID];
	int ret = netns_command(said,
				"ip link set lo up && ip link add tlsring0 type veth peer name "
				"tlsring1 netns %d && "
				"ip addr add " NETNS_CLIENT
				"/30 dev tlsring0 && ip link set tlsring0 up",
				(int)server);

	return netns_complain(ret, said, "two network namespaces cannot be joined",
			    "the kernel needs CONFIG_VETH, and this user CAP_NET_ADMIN in them");
}

/* netem is to drop single packets, not TCP's bundles of up to 64 KiB. */
static int netns_server_end(const struct bench_options *options)
{
	char said[NETNS_SAID];
	int ret = netns_command(said, "ip link set lo up && ip addr add " NETNS_SERVER
				      "/30 dev tlsring1 && "
				      "ip link set dev tlsring1 gso_max_segs 1 up");

	if (ret)
		return netns_complain(ret, said, "the server's end of the network cannot be set up",
				      "is ip up to date?");
	ret = netns_command(
		said, "tc qdisc add dev tlsring1 root netem limit 100000 loss %g%% delay %gms",
		options->loss, options->delay);
	return netns_complain(
		ret, said, "packets cannot be lost or delayed",
		"the kernel needs its module sch_netem (CONFIG_NET_SCH_NETEM): modprobe sch_netem");
}

/* The agent's process: serves until the control socket is closed. */
static void netns_agent(const struct bench_setup *setup, const struct bench_options *options,
			int control)
{
	static const volatile sig_atomic_t never;
	struct bench_agent agent;
	char go = 0;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (unshare(CLONE_NEWNET))
		go = (char)errno;
	netns_write("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
	/* Steps: my namespace exists; the parent has moved one end of veth into it; that end is set
	 * up. */
	if (write(control, &go, 1) != 1 || go || read(control, &go, 1) != 1)
		_exit(1);
	go = (char)netns_server_end(options);
	if (write(control, &go, 1) != 1 || go)
		_exit(1);
	agent = (struct bench_agent){ .own = options, .interrupted = &never };
	bench_agent_serve(&agent, control, &setup->remote_address);
	_exit(0);
}

/* The agent's errno of its step, or 0. The end of a closed io_uring may interrupt the read. */
static int netns_answer(int control)
{
	char answer;
	ssize_t got;

	do {
		got = read(control, &answer, 1);
	} while (got < 0 && errno == EINTR);
	return got == 1 ? (unsigned char)answer : got ? errno : ECONNRESET;
}

static int netns_join(struct bench_setup *setup)
{
	int ret = netns_answer(setup->remote);

	if (ret) {
		log_line("--loss, --delay: no second network namespace: %s", strerror(ret));
		return TOOLS_FAILED;
	}
	ret = netns_client_end(setup->agent);
	if (!ret && write(setup->remote, "", 1) != 1)
		ret = TOOLS_FAILED;
	/* The agent has printed why it failed. */
	return !ret && netns_answer(setup->remote) ? TOOLS_FAILED : ret;
}

int bench_netns_open(struct bench_setup *setup, const struct bench_options *options)
{
	struct timeval patience = { .tv_sec = BENCH_PATIENCE };
	int control[2], ret = netns_unshare();

	if (ret) {
		log_line("--loss, --delay: no network namespace: %s; run it as root "
			 "(CAP_SYS_ADMIN), or where users may "
			 "have namespaces",
			 strerror(-ret));
		return TOOLS_FAILED;
	}
	setup->remote_address.ss_family = AF_INET;
	inet_pton(AF_INET, NETNS_SERVER, &((struct sockaddr_in *)&setup->remote_address)->sin_addr);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control)) {
		log_line("--loss, --delay: %s", strerror(errno));
		return TOOLS_FAILED;
	}
	fflush(NULL);
	setup->agent = fork();
	if (!setup->agent) {
		close(control[0]);
		netns_agent(setup, options, control[1]);
	}
	close(control[1]);
	setsockopt(control[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	bench_remote_use(setup, control[0]);
	return setup->agent < 0 ? TOOLS_FAILED : netns_join(setup);
}
