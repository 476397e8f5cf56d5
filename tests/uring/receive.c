// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/uring/both.h"

enum { RECV = 0x30, POLL, READ };

BOTH(recv_takes_no_more_than_it_may)
{
	struct uring_completion completion;
	int ends[2];

	both_pair(ends, 0);
	EQ(write(ends[1], "0123456789", 10), 10);
	EQ(uring_recv(loop, ends[0], 5, RECV), 0);
	completion = both_expect(loop, RECV, 5);
	EQ(completion.flags, URING_COMPLETION_BUFFER);
	EQ_MEM(completion.data, "01234", 5);
	uring_buffer_put(loop, completion.buffer);
	EQ(uring_recv(loop, ends[0], 1024, RECV), 0);
	completion = both_expect(loop, RECV, 5);
	EQ_MEM(completion.data, "56789", 5);
	uring_buffer_put(loop, completion.buffer);
	EQ(uring_recv(loop, ends[0], 0, RECV), -EINVAL);
	EQ(uring_recv(loop, ends[0], URING_BUFFER_SIZE + 1, RECV), -EINVAL);
	both_close(ends);
}

BOTH(recv_waits_and_sees_the_end)
{
	struct uring_completion completion;
	int ends[2];

	both_pair(ends, 0);
	EQ(uring_recv(loop, ends[0], 16, RECV), 0);
	both_quiet(loop);
	EQ(write(ends[1], "x", 1), 1);
	completion = both_expect(loop, RECV, 1);
	uring_buffer_put(loop, completion.buffer);
	close(ends[1]);
	for (int i = 0; i < 300; i++) {		/* there are fewer buffers */
		EQ(uring_recv(loop, ends[0], 16, RECV), 0);
		EQ(both_expect(loop, RECV, 0).flags, 0);
	}
	close(ends[0]);
}

/* Operations wait even if the program has set O_NONBLOCK. */
BOTH(non_blocking_descriptors_wait_too)
{
	struct uring_completion completion;
	int ends[2];

	both_pair(ends, 0);
	CHECK(!fcntl(ends[0], F_SETFL, O_NONBLOCK));
	EQ(uring_recv(loop, ends[0], 16, RECV), 0);
	both_quiet(loop);
	EQ(write(ends[1], "x", 1), 1);
	uring_buffer_put(loop, both_expect(loop, RECV, 1).buffer);
	EQ(uring_recvmsg(loop, ends[0], RECV), 0);
	both_quiet(loop);
	EQ(write(ends[1], "x", 1), 1);
	completion = both_expect(loop, RECV, 1);
	uring_buffer_put(loop, completion.buffer);
	close(ends[1]);
	both_expect(loop, RECV, 0);
	close(ends[0]);
}

BOTH(recvmsg_goes_on_until_the_end)
{
	struct uring_completion completion;
	char data[5000];
	size_t total = 0;
	int ends[2];

	memset(data, 'x', sizeof(data));
	both_pair(ends, 0);
	EQ(uring_recvmsg(loop, ends[0], RECV), 0);
	for (int i = 0; i < 20; i++) {
		EQ(write(ends[1], data, sizeof(data)), sizeof(data));
		if (i % 5)
			continue;
		completion = both_completion(loop);
		EQ(completion.flags, URING_COMPLETION_MORE | URING_COMPLETION_BUFFER);
		CHECK(completion.res > 0 && (size_t)completion.res <= URING_BUFFER_SIZE);
		EQ(*(char *)completion.data, 'x');
		EQ(completion.control_len, 0);
		total += (size_t)completion.res;
		uring_buffer_put(loop, completion.buffer);
	}
	close(ends[1]);
	while ((completion = both_completion(loop)).res > 0) {
		total += (size_t)completion.res;
		uring_buffer_put(loop, completion.buffer);
	}
	EQ(completion.res, 0);
	EQ(completion.flags, 0);
	EQ(total, 20 * sizeof(data));
	close(ends[0]);
}

BOTH(recvmsg_brings_flags_and_control_messages)
{
	static char packet[URING_BUFFER_SIZE];
	static const size_t room = URING_BUFFER_SIZE - URING_CONTROL_SPACE - 16;
	static const size_t lengths[] = { 6, URING_BUFFER_SIZE,
					  URING_BUFFER_SIZE - URING_CONTROL_SPACE - 16 };
	struct ucred cred;
	struct uring_completion completion;
	const struct cmsghdr *cmsg;
	int ends[2], on = 1;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	CHECK(!setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	EQ(uring_recvmsg(loop, ends[0], RECV), 0);
	for (int i = 0; i < 3; i++) {
		EQ(send(ends[1], packet, lengths[i], 0), lengths[i]);
		completion = both_expect(loop, RECV, (int)(lengths[i] < room ? lengths[i] : room));
		EQ_MEM(completion.data, packet, (size_t)completion.res);
		EQ(completion.msg_flags & (MSG_TRUNC | MSG_CTRUNC),
		   lengths[i] > room ? MSG_TRUNC : 0);
		CHECK(completion.control_len >= CMSG_LEN(sizeof(cred)));
		cmsg = completion.control;
		EQ(cmsg->cmsg_level, SOL_SOCKET);
		EQ(cmsg->cmsg_type, SCM_CREDENTIALS);
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
		EQ(cred.pid, getpid());
		uring_buffer_put(loop, completion.buffer);
	}
	both_close(ends);
}

BOTH(reset_is_an_error)
{
	struct linger hard = { .l_onoff = 1 };
	int ends[2];

	both_pair(ends, 0);
	EQ(uring_recvmsg(loop, ends[0], RECV), 0);
	both_quiet(loop);
	CHECK(!setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	close(ends[1]);
	EQ(both_expect(loop, RECV, -ECONNRESET).flags, 0);
	close(ends[0]);
}

/* Two buffers for ten connections: receives wait for a buffer, and no byte is lost. */
BOTH_OPTIONS(buffers_run_out_and_come_back, .buffers = 2)
{
	int ends[10][2], finished = 0, sum = 0, holding = 0;
	struct uring_completion held[2], completion;

	for (int i = 0; i < 10; i++) {
		both_pair(ends[i], 0);
		EQ(i % 2 ? uring_recv(loop, ends[i][0], 100, RECV) :
			   uring_recvmsg(loop, ends[i][0], RECV),
		   0);
		EQ(write(ends[i][1], "abcdefghij", i + 1), i + 1);
		close(ends[i][1]);
	}
	while (holding < 2) {
		held[holding] = completion = both_completion(loop);
		sum += completion.res;
		finished += !(completion.flags & URING_COMPLETION_MORE);
		holding += !!(completion.flags & URING_COMPLETION_BUFFER);
	}
	both_quiet(loop);
	uring_buffer_put(loop, held[0].buffer);
	uring_buffer_put(loop, held[1].buffer);
	while (finished < 10) {
		completion = both_completion(loop);
		CHECK(completion.res >= 0);
		sum += completion.res;
		finished += !(completion.flags & URING_COMPLETION_MORE);
		if (completion.flags & URING_COMPLETION_BUFFER)
			uring_buffer_put(loop, completion.buffer);
	}
	EQ(sum, 55);
	for (int i = 0; i < 10; i++)
		close(ends[i][0]);
}

BOTH_OPTIONS(cancel_while_waiting_for_a_buffer, .buffers = 1)
{
	struct uring_completion held;
	int ends[2], other[2];

	both_pair(ends, 0);
	both_pair(other, 0);
	EQ(write(ends[1], "x", 1), 1);
	EQ(uring_recv(loop, ends[0], 1, RECV), 0);
	held = both_expect(loop, RECV, 1);
	EQ(write(other[1], "y", 1), 1);
	EQ(uring_recvmsg(loop, other[0], RECV + 1), 0);
	both_quiet(loop);
	uring_cancel(loop, other[0]);
	both_expect(loop, RECV + 1, -ECANCELED);
	uring_buffer_put(loop, held.buffer);
	EQ(uring_recvmsg(loop, other[0], RECV + 2), 0);
	uring_buffer_put(loop, both_expect(loop, RECV + 2, 1).buffer);
	both_close(ends);
	both_close(other);
}

/* An eventfd, by which another thread could wake the loop. */
BOTH(poll_waits_for_an_eventfd)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	uint64_t count = 1;

	for (int i = 0; i < 3; i++) {
		EQ(uring_poll(loop, fd, POLLIN, POLL), 0);
		both_quiet(loop);
		EQ(write(fd, &count, sizeof(count)), sizeof(count));
		EQ(both_expect(loop, POLL, POLLIN).flags, 0);
		EQ(read(fd, &count, sizeof(count)), sizeof(count));
	}
	EQ(write(fd, &count, sizeof(count)), sizeof(count));
	EQ(uring_poll(loop, fd, POLLIN, POLL), 0);
	both_expect(loop, POLL, POLLIN);
	close(fd);
}

/* tmpfs does not tell what is in memory, but everything is. */
BOTH(reads_a_file_of_tmpfs_now)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	char data[32] = "";

	EQ(write(fd, "0123456789", 10), 10);
	EQ(uring_read_now(loop, fd, data, sizeof(data), 3), 7);
	EQ_STR(data, "3456789");
	EQ(uring_read_now(loop, fd, data, sizeof(data), 10), 0);
	close(fd);
}

BOTH(reads_a_file)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	char data[32] = "";

	EQ(write(fd, "0123456789", 10), 10);
	EQ(uring_read(loop, fd, data, 4, 3, READ), 0);
	both_expect(loop, READ, 4);
	EQ_STR(data, "3456");
	EQ(uring_read(loop, fd, data, sizeof(data), 8, READ), 0);
	both_expect(loop, READ, 2);
	EQ(uring_read(loop, fd, data, sizeof(data), 10, READ), 0);
	both_expect(loop, READ, 0);
	close(fd);
}
