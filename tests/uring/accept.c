// SPDX-License-Identifier: MIT
#include "tests/uring/both.h"

enum { ACCEPT = 0x10, CONNECT, RECV, SEND };

static int client(const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)));
	return fd;
}

BOTH(accepts_many_with_one_call)
{
	struct sockaddr_in addr;
	int listener = both_listener(&addr), clients[20];

	CHECK(!fcntl(listener, F_SETFL, O_NONBLOCK));
	EQ(uring_accept(loop, listener, ACCEPT), 0);
	both_quiet(loop);
	uring_cancel(loop, listener);
	both_expect(loop, ACCEPT, -ECANCELED);
	CHECK(!fcntl(listener, F_SETFL, 0));
	EQ(uring_accept(loop, listener, ACCEPT), 0);
	for (int i = 0; i < 20; i++)
		clients[i] = client(&addr);
	for (int i = 0; i < 20; i++) {
		struct uring_completion completion = both_completion(loop);

		EQ(completion.tag, ACCEPT);
		EQ(completion.flags, URING_COMPLETION_MORE);
		CHECK(completion.res > 0);
		EQ(fcntl(completion.res, F_GETFD), FD_CLOEXEC);
		EQ(fcntl(completion.res, F_GETFL) & O_NONBLOCK, 0);
		close(completion.res);
		close(clients[i]);
	}
	uring_cancel(loop, listener);
	EQ(both_expect(loop, ACCEPT, -ECANCELED).flags, 0);
	close(listener);
}

BOTH(connects_accepts_and_echoes)
{
	static const char text[] = "what goes out comes back";
	struct uring_message message = { .head = text, .head_len = sizeof(text), .file_fd = -1 };
	struct sockaddr_in addr;
	int listener = both_listener(&addr), ends[2] = { -1, -1 };
	struct uring_completion completion;

	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EQ(uring_accept(loop, listener, ACCEPT), 0);
	EQ(uring_connect(loop, ends[1], &addr, sizeof(addr), CONNECT), 0);
	for (int i = 0; i < 2; i++) {
		completion = both_completion(loop);
		CHECK(completion.res >= 0);
		if (completion.tag == ACCEPT)
			ends[0] = completion.res;
	}
	CHECK(ends[0] >= 0);
	for (int i = 0; i < 2; i++) {
		EQ(uring_recv(loop, ends[!i], 1024, RECV), 0);
		EQ(uring_transmit(loop, ends[i], &message, SEND), 0);
		for (int n = 0; n < 2; n++) {
			completion = both_completion(loop);
			if (completion.tag == SEND) {
				EQ(completion.res, 0);
				continue;
			}
			EQ(completion.tag, RECV);
			EQ(completion.res, sizeof(text));
			EQ(completion.flags, URING_COMPLETION_BUFFER);
			EQ_MEM(completion.data, text, sizeof(text));
			uring_buffer_put(loop, completion.buffer);
		}
	}
	uring_cancel(loop, listener);
	both_expect(loop, ACCEPT, -ECANCELED);
	close(listener);
	both_close(ends);
}

BOTH(refused_connect_says_so)
{
	struct sockaddr_in addr;
	int fd;

	close(both_listener(&addr));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EQ(uring_connect(loop, fd, &addr, sizeof(addr), CONNECT), 0);
	both_expect(loop, CONNECT, -ECONNREFUSED);
	close(fd);
}

BOTH(accept_ends_when_descriptors_run_out)
{
	struct rlimit limit, low;
	struct sockaddr_in addr;
	int listener = both_listener(&addr), fds[2];
	struct uring_completion completion;

	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	EQ(uring_accept(loop, listener, ACCEPT), 0);
	for (int i = 0; i < 2; i++)
		fds[i] = client(&addr);
	low = limit;
	low.rlim_cur = (rlim_t)fds[1] + 1;
	CHECK(!setrlimit(RLIMIT_NOFILE, &low));
	EQ(both_expect(loop, ACCEPT, -EMFILE).flags, 0);
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));

	/* Queued again, accept takes the connections that waited. */
	EQ(uring_accept(loop, listener, ACCEPT), 0);
	for (int i = 0; i < 2; i++) {
		completion = both_completion(loop);
		CHECK(completion.res > 0);
		close(completion.res);
		close(fds[i]);
	}
	uring_cancel(loop, listener);
	both_expect(loop, ACCEPT, -ECANCELED);
	close(listener);
}

BOTH(not_a_listener)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EQ(uring_accept(loop, fd, ACCEPT), 0);
	both_expect(loop, ACCEPT, -EINVAL);
	EQ(uring_accept(loop, -1, ACCEPT), -EBADF);
	close(fd);
}

BOTH(close_takes_the_descriptor)
{
	int ends[2];
	char byte;

	both_pair(ends, 0);
	uring_close(loop, ends[0]);
	both_quiet(loop);
	EQ(read(ends[1], &byte, 1), 0);
	EQ(fcntl(ends[0], F_GETFD), -1);
	close(ends[1]);
}
