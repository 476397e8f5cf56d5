// SPDX-License-Identifier: MIT
/*
 * What two features of io_uring would give, in instructions where the rig counts:
 *
 *	ring
 *
 * A send of 1 KiB, and its receipt, by a descriptor and by a direct one; and three options set on a
 * socket before such a send, by system calls and by linked commands, as the ULP and two keys would be.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <liburing.h>

#define ROUNDS		2000
#define SIZE		1024
#define OPTIONS		3
#define SETSOCKOPT	3	/* SOCKET_URING_OP_SETSOCKOPT; liburing 2.3 does not know it */

static struct io_uring ring;
static int ends[2], one = 1;

__attribute__((noreturn))
static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void connect_ends(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    connect(ends[0], (struct sockaddr *)&at, len))
		die("connect");
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
}

static struct io_uring_sqe *next(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		die("no room in the ring");
	return sqe;
}

static void queue_send(const char *data, bool direct)
{
	struct io_uring_sqe *sqe = next();

	io_uring_prep_send(sqe, direct ? 0 : ends[0], data, SIZE, MSG_NOSIGNAL);
	if (direct)
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
}

static void queue_option(void)
{
	const uint32_t option[2] = { IPPROTO_TCP, TCP_NODELAY };
	struct io_uring_sqe *sqe = next();

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = ends[0];
	sqe->off = SETSOCKOPT;
	memcpy(&sqe->addr, option, sizeof(option));
	sqe->file_index = sizeof(one);
	sqe->addr3 = (uintptr_t)&one;
	sqe->flags = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
}

static void send_round(bool direct, int calls, int commands)
{
	static char data[SIZE];
	struct io_uring_cqe *cqe;

	while (calls--)
		setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (commands--)
		queue_option();
	queue_send(data, direct);
	if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_peek_cqe(&ring, &cqe) || cqe->res != SIZE)
		die("send");
	io_uring_cqe_seen(&ring, cqe);
	if (recv(ends[1], data, SIZE, MSG_WAITALL) != SIZE)
		die("recv");
}

static double measure(bool direct, int calls, int commands)
{
	struct timespec from, to;

	for (int i = 0; i < ROUNDS / 4; i++)
		send_round(direct, calls, commands);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < ROUNDS; i++)
		send_round(direct, calls, commands);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / ROUNDS;
}

int main(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN };

	connect_ends();
	if (io_uring_queue_init_params(16, &ring, &params) || io_uring_register_files(&ring, ends, 1))
		die("io_uring");
	printf("descriptor %.0f\n", measure(false, 0, 0));
	printf("direct %.0f\n", measure(true, 0, 0));
	printf("options-by-calls %.0f\n", measure(false, OPTIONS, 0));
	printf("options-by-commands %.0f\n", measure(false, 0, OPTIONS));
	io_uring_queue_exit(&ring);
	return 0;
}
