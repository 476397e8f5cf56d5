// SPDX-License-Identifier: MIT
/* What a thread in the sandbox may and may not do, while other threads are free. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include "tests/ktap.h"
#include "tools/serve/sandbox/landlock.h"
#include "tools/serve/sandbox/sandbox.h"
#include "tools/serve/sandbox/seccomp.h"

static bool seccomp;
static char folder[] = "/tmp/tlsring-landlock.XXXXXX", path[64];

static int landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

static struct landlock *set_up(void)
{
	struct landlock *landlock;
	int fd;

	seccomp = seccomp_available();
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/below", folder);
	CHECK(!mkdir(path, 0755));
	fd = open(folder, O_PATH | O_DIRECTORY);
	CHECK(fd >= 0);
	EQ(landlock_new(&landlock), 0);
	EQ(landlock_allow(landlock, fd), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/below/file", folder);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	return landlock;
}

static void in_thread(void *(*run)(void *), struct landlock *landlock)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, run, landlock));
	CHECK(!pthread_join(thread, NULL));
	CHECK(!unlink(path));
	*strrchr(path, '/') = '\0';
	CHECK(!rmdir(path) && !rmdir(folder));
	landlock_free(landlock);
}

static int try_open(const char *name, int flags)
{
	int fd = open(name, flags);
	int error = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

static void *files(void *landlock)
{
	char byte;
	int fd;

	EQ(try_open("/etc/passwd", O_RDONLY), 0);
	sandbox_enter(landlock);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, &byte, 1) == 1 && byte == 'x');
	close(fd);
	EQ(try_open(path, O_WRONLY), seccomp ? EPERM : EACCES);
	EQ(try_open("/etc/passwd", O_RDONLY), EACCES);
	EQ(try_open("/proc/self/environ", O_RDONLY), EACCES);
	CHECK(unlink(path));
	return NULL;
}

TEST(only_the_folder_is_read)
{
	if (landlock_version() < 1)
		SKIP("no Landlock");
	in_thread(files, set_up());
	/* This thread is not in the sandbox. */
	EQ(try_open("/etc/passwd", O_RDONLY), 0);
}

static void *network(void *landlock)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sandbox_enter(landlock);
	address.sin_port = htons(1);
	CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	      errno == (seccomp ? EPERM : EACCES));
	address.sin_port = 0;
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	      errno == (seccomp ? EPERM : EACCES));
	close(fd);
	return NULL;
}

TEST(no_tcp_of_its_own)
{
	if (landlock_version() < 4)
		SKIP("no Landlock that knows TCP");
	in_thread(network, set_up());
}

static void *alone(void *folder)
{
	sandbox_enter_alone(folder);
	EQ(try_open("/proc/thread-self/net/dev", O_RDONLY), folder ? 0 : EACCES);
	EQ(try_open("/proc/self/environ", O_RDONLY), EACCES);
	EQ(try_open("/etc/passwd", O_RDONLY), EACCES);
	return NULL;
}

TEST(alone_with_the_counters)
{
	char folder[] = "/proc/thread-self/net";
	pthread_t thread;

	if (landlock_version() < 1)
		SKIP("no Landlock");
	CHECK(!pthread_create(&thread, NULL, alone, folder) && !pthread_join(thread, NULL));
	CHECK(!pthread_create(&thread, NULL, alone, NULL) && !pthread_join(thread, NULL));
}

static void *thread_run(void *arg)
{
	return arg;
}

static void *calls(void *landlock)
{
	static char *const argv[] = { (char *)"true", NULL };
	struct sockaddr_nl netlink = { .nl_family = AF_NETLINK };
	char params[256] = { 0 };
	pthread_t thread;
	int fd;

	sandbox_enter(landlock);
	EQ(execv("/bin/true", argv), -1);
	EQ(errno, EPERM);
	EQ(syscall(SYS_io_uring_setup, 4, params), -1);
	EQ(errno, EPERM);
	EQ(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0), -1);
	EQ(errno, EPERM);
	EQ(syscall(SYS_setresuid, -1, -1, -1), -1);
	EQ(errno, EPERM);
	EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	/* What serving takes goes on: memory, time, threads, the way to a network card. */
	free(malloc(1 << 20));
	EQ(usleep(1), 0);
	CHECK(!pthread_create(&thread, NULL, thread_run, NULL));
	CHECK(!pthread_join(thread, NULL));
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	EQ(bind(fd, (struct sockaddr *)&netlink, sizeof(netlink)), 0);
	EQ(close(fd), 0);
	return NULL;
}

/* One that is no more than refused by the filter; where it was not there it would do harm here. */
#define REFUSED(call)	do { errno = 0; EQ((call), -1); EQ(errno, EPERM); } while (0)

static void *changes(void *landlock)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/nonexistent" };
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	sandbox_enter(landlock);
	REFUSED(chmod(path, 0600));
	REFUSED(fchmodat(AT_FDCWD, path, 0600, 0));
	REFUSED(chown(path, (uid_t)-1, (gid_t)-1));
	REFUSED(utimensat(AT_FDCWD, path, NULL, 0));
	REFUSED(setxattr(path, "user.a", "b", 1, 0));
	REFUSED(truncate(path, 0));
	REFUSED(unlink(path));
	REFUSED(kill(getppid(), 0));
	REFUSED(kill(getpid(), 0));
	REFUSED(syscall(SYS_tgkill, getppid(), getppid(), 0));
	REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
	REFUSED(socket(AF_INET, SOCK_DGRAM, 0));
	REFUSED(connect(pair[0], (struct sockaddr *)&address, sizeof(address)));
	REFUSED(ioctl(pair[0], TIOCSTI, ""));
	REFUSED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	REFUSED(prlimit(getppid(), RLIMIT_NOFILE, NULL, NULL));
	close(pair[0]);
	close(pair[1]);
	return NULL;
}

TEST(no_changes_no_signals_no_other_sockets)
{
	if (!seccomp_available())
		SKIP("no seccomp filters here");
	in_thread(changes, set_up());
}

TEST(no_programs_no_rings_no_other_processes)
{
	int before = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

	if (before < 0)
		SKIP("no seccomp filters here");
	in_thread(calls, set_up());
	EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), before);
}

static bool covers(const struct landlock *landlock, const char *name)
{
	int fd = open(name, O_PATH | O_DIRECTORY);
	bool ret;

	CHECK(fd >= 0);
	ret = landlock_covers(landlock, fd);
	close(fd);
	return ret;
}

static void *nothing(void *landlock)
{
	sandbox_enter(NULL);
	(void)landlock;
	EQ(try_open("/etc/passwd", O_RDONLY), 0);
	return NULL;
}

TEST(what_is_covered)
{
	struct landlock *landlock;
	char below[64];

	if (landlock_version() < 1)
		SKIP("no Landlock");
	landlock = set_up();
	snprintf(below, sizeof(below), "%s/below", folder);
	CHECK(covers(landlock, folder));
	CHECK(covers(landlock, below));
	CHECK(!covers(landlock, "/tmp"));
	CHECK(!covers(landlock, "/"));
	in_thread(nothing, landlock);
}

TEST(no_core_files)
{
	struct rlimit cores;

	sandbox_protect_memory();
	EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK(!getrlimit(RLIMIT_CORE, &cores));
	EQ(cores.rlim_cur, 0);
}
