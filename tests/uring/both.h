/* SPDX-License-Identifier: MIT */
#ifndef BOTH_H
#define BOTH_H

/* BOTH(name) { ... } is a test body with a `loop`, run once over io_uring and once over epoll. A
 * test that leaves a descriptor open fails. */

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/ktap.h"
#include "uring/caps.h"
#include "uring/loop.h"
#include "uring/transmit.h"

static inline int both_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = -1;		/* without dir's own */

	CHECK(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static inline void both_run(void (*body)(struct uring_loop *), struct uring_options options)
{
	struct uring_loop *loop;
	int before, after = 0, ret;

	uring_probe();
	before = both_descriptors();
	ret = uring_loop_new(&loop, &options);
	if (options.backend == URING_BACKEND_RING && (ret == -EPERM || ret == -ENOSYS))
		SKIP("io_uring is not permitted or too old here: %s", strerror(-ret));
	EQ(ret, 0);
	EQ(uring_loop_backend(loop), options.backend);
	body(loop);
	uring_loop_free(loop);
	/* The kernel closes the descriptors of a ring a moment later. */
	for (int i = 0; i < 100; i++) {
		after = both_descriptors();
		if (after == before)
			return;
		usleep(10000);
	}
	EQ(after, before);
}

#define BOTH_OPTIONS(id, ...)                                                                     \
	static void both_##id(struct uring_loop *loop);                                           \
	TEST(ring_##id)                                                                           \
	{                                                                                         \
		both_run(both_##id,                                                               \
			 (struct uring_options){ .backend = URING_BACKEND_RING, __VA_ARGS__ });   \
	}                                                                                         \
	TEST(epoll_##id)                                                                          \
	{                                                                                         \
		both_run(both_##id,                                                               \
			 (struct uring_options){ .backend = URING_BACKEND_EPOLL, __VA_ARGS__ });  \
	}                                                                                         \
	static void both_##id(struct uring_loop *loop)
#define BOTH(id) BOTH_OPTIONS(id, .entries = 0)

/* Wait for a completion. */
static inline struct uring_completion both_completion(struct uring_loop *loop)
{
	struct uring_completion completion;
	int ret;

	do
		ret = uring_loop_wait(loop, &completion, 1);
	while (!ret);
	EQ(ret, 1);
	return completion;
}

/* Wait for a completion, which must have this tag and result. */
static inline struct uring_completion both_expect(struct uring_loop *loop, uint64_t tag, int res)
{
	struct uring_completion completion = both_completion(loop);

	EQ(completion.tag, tag);
	EQ(completion.res, res);
	return completion;
}

/* No completion may come for 100 ms. */
static inline void both_quiet(struct uring_loop *loop)
{
	struct uring_timer timer = { 0 };

	uring_timer_set(loop, &timer, 100, 0xdead71e);
	both_expect(loop, 0xdead71e, -ETIME);
}

static inline void both_want_descriptors(rlim_t count)
{
	struct rlimit limit;

	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max < count)
		SKIP("needs %lu descriptors, RLIMIT_NOFILE allows %lu", (unsigned long)count,
		     (unsigned long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max;
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
}

static inline int both_listener(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)addr, sizeof(*addr)) && !listen(fd, 1024));
	CHECK(!getsockname(fd, (struct sockaddr *)addr, &len));
	return fd;
}

/* A connected TCP pair. bufsize limits what ends[0] can send and ends[1] can hold; 0: the
 * default. */
static inline void both_pair(int ends[2], int bufsize)
{
	struct sockaddr_in addr;
	int listener = both_listener(&addr);

	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bufsize)
		CHECK(!setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &bufsize, sizeof(bufsize)));
	CHECK(!connect(ends[1], (struct sockaddr *)&addr, sizeof(addr)));
	ends[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(ends[0] >= 0);
	if (bufsize)
		CHECK(!setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bufsize, sizeof(bufsize)));
	close(listener);
}

static inline void both_close(int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

#endif
