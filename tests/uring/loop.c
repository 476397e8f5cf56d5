// SPDX-License-Identifier: MIT
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <liburing.h>

#include "tests/uring/both.h"

/* Forbid io_uring as a container does. */
static void forbid_io_uring(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		SKIP("no seccomp filters here: %s", strerror(errno));
}

static int find_ring(void)
{
	char link[64], target[64];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, target, sizeof(target) - 1);
		if (len > 0 && (target[len] = '\0', strstr(target, "io_uring")))
			return fd;
	}
	return -1;
}

/* The kernel refuses what the loop itself never does. */
TEST(the_ring_is_restricted)
{
	struct uring_options options = { .backend = URING_BACKEND_RING };
	struct uring_loop *loop;
	int fd, pair[2], ret;

	ret = uring_loop_new(&loop, &options);
	if (ret == -EPERM || ret == -ENOSYS)
		SKIP("io_uring may not be used here");
	EQ(ret, 0);
	/* The first wait enables the ring. */
	uring_loop_look(loop, NULL, 0);
	fd = find_ring();
	CHECK(fd >= 0 && !pipe(pair));
	EQ(syscall(__NR_io_uring_register, fd, IORING_REGISTER_FILES, pair, 2), -1);
	EQ(errno, EACCES);
	uring_loop_free(loop);
}

TEST(forbidden_ring_falls_back_to_epoll)
{
	struct uring_options options = { .backend = URING_BACKEND_RING };
	struct uring_loop *loop;

	forbid_io_uring();
	EQ(uring_loop_new(&loop, &options), -EPERM);
	EQ(uring_probe().ring, false);
	EQ(uring_probe().ring_error, EPERM);
	EQ(uring_loop_new(&loop, NULL), 0);
	EQ(uring_loop_backend(loop), URING_BACKEND_EPOLL);
	uring_loop_free(loop);
}

TEST(ring_is_preferred)
{
	struct uring_caps caps = uring_probe();
	struct uring_loop *loop;

	if (!caps.ring)
		SKIP("io_uring is not permitted here: %s", strerror(caps.ring_error));
	if (!caps.multishot_recv)
		SKIP("this kernel's io_uring has no multishot recvmsg");
	EQ(uring_loop_new(&loop, NULL), 0);
	EQ(uring_loop_backend(loop), URING_BACKEND_RING);
	uring_loop_free(loop);
	CHECK(caps.buffer_ring && caps.multishot_accept && caps.splice && caps.madvise);
}

TEST(options_that_make_no_sense)
{
	struct uring_options options = { .buffers = 3 };
	struct uring_loop *loop;

	EQ(uring_loop_new(&loop, &options), -EINVAL);
	options.buffers = 65536;
	EQ(uring_loop_new(&loop, &options), -EINVAL);
	uring_loop_free(NULL);
}

static void *run_elsewhere(void *arg)
{
	both_expect(arg, 1, POLLIN);
	both_expect(arg, 2, -ETIME);
	return NULL;
}

/* One thread creates the loop and queues an operation, another runs it and ends, the first frees
 * it. */
BOTH(made_here_and_run_elsewhere)
{
	struct uring_timer timer = { 0 };
	int fd = eventfd(1, EFD_CLOEXEC), ends[2];
	pthread_t thread;

	both_pair(ends, 0);
	EQ(uring_poll(loop, fd, POLLIN, 1), 0);
	EQ(uring_recvmsg(loop, ends[0], 3), 0);
	uring_timer_set(loop, &timer, 100, 2);
	CHECK(!pthread_create(&thread, NULL, run_elsewhere, loop));
	CHECK(!pthread_join(thread, NULL));
	both_close(ends);
	close(fd);
}

static void on_alarm(int number)
{
	(void)number;
}

BOTH(signals_do_no_harm)
{
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm }, old;
	struct uring_timer timer = { 0 };
	struct uring_completion completion;
	int ret, wakes = 0;

	CHECK(!sigaction(SIGALRM, &action, &old));
	uring_timer_set(loop, &timer, 300, 1);
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	while (!(ret = uring_loop_wait(loop, &completion, 1)))
		wakes++;
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	alarm(KTAP_DEADLINE);
	CHECK(!sigaction(SIGALRM, &old, NULL));
	EQ(ret, 1);
	EQ(completion.res, -ETIME);
	CHECK(wakes > 0);
}

/* No completion is lost if the caller takes one at a time. */
BOTH(one_completion_at_a_time)
{
	struct uring_completion completion;
	int fds[50], seen = 0;

	for (int i = 0; i < 50; i++) {
		fds[i] = eventfd(1, EFD_CLOEXEC);
		EQ(uring_poll(loop, fds[i], POLLIN, (uint64_t)i), 0);
	}
	EQ(uring_loop_look(loop, &completion, 0), 0);
	for (; seen < 50; seen++)
		EQ(both_completion(loop).res, POLLIN);
	both_quiet(loop);
	for (int i = 0; i < 50; i++)
		close(fds[i]);
}
