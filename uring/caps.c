// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <liburing.h>

#include "uring/caps.h"

#define CAPS_CMD_SETSOCKOPT	3	/* SOCKET_URING_OP_SETSOCKOPT of newer headers */

static struct uring_caps uring_caps;
static pthread_once_t uring_caps_once = PTHREAD_ONCE_INIT;

static int caps_sysctl(const char *path)
{
	FILE *file = fopen(path, "re");
	int value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static bool caps_setup(unsigned flags)
{
	struct io_uring ring;

	if (io_uring_queue_init(2, &ring, flags))
		return false;
	io_uring_queue_exit(&ring);
	return true;
}

static bool caps_buffer_ring(struct io_uring *ring)
{
	struct io_uring_buf_reg reg = { .ring_entries = 8 };
	void *at;
	int ret;

	if (posix_memalign(&at, (size_t)sysconf(_SC_PAGESIZE), 4096))
		return false;
	reg.ring_addr = (uintptr_t)at;
	ret = io_uring_register_buf_ring(ring, &reg, 0);
	if (!ret)
		io_uring_unregister_buf_ring(ring, 0);
	free(at);
	return !ret;
}

/* Submit a request that ends by itself. Returns the kernel's answer. */
static int caps_ask(struct io_uring *ring, const struct io_uring_sqe *request)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (!sqe)
		return -EBUSY;
	*sqe = *request;
	ret = io_uring_submit_and_wait(ring, 1);
	if (ret < 0)
		return ret;
	ret = io_uring_wait_cqe(ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/*
 * The requests below cannot succeed on a datagram socket. A kernel that knows them refuses the
 * socket, one that does not know them says -EINVAL.
 */
static bool caps_multishot_accept(struct io_uring *ring, int fd)
{
	struct io_uring_sqe sqe = { 0 };

	io_uring_prep_multishot_accept(&sqe, fd, NULL, NULL, 0);
	return caps_ask(ring, &sqe) == -EOPNOTSUPP;
}

static bool caps_multishot_recv(struct io_uring *ring, int fd)
{
	struct io_uring_sqe sqe = { 0 };
	struct msghdr msg = { 0 };

	io_uring_prep_recvmsg_multishot(&sqe, fd, &msg, 0);
	sqe.flags = IOSQE_BUFFER_SELECT;
	return caps_ask(ring, &sqe) == -ENOBUFS;
}

static bool caps_socket_command(struct io_uring *ring, int fd)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_URING_CMD, .fd = fd, .off = CAPS_CMD_SETSOCKOPT,
	};
	uint32_t option[2] = { SOL_SOCKET, SO_REUSEADDR };
	int value = 0;

	memcpy(&sqe.addr, option, sizeof(option));
	sqe.file_index = sizeof(value);
	sqe.addr3 = (uintptr_t)&value;
	return caps_ask(ring, &sqe) == 0;
}

static void caps_requests(struct uring_caps *caps, struct io_uring *ring)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds))
		return;
	caps->multishot_accept = caps_multishot_accept(ring, fds[0]);
	caps->multishot_recv = caps->buffer_ring && caps_multishot_recv(ring, fds[0]);
	caps->socket_command = caps_socket_command(ring, fds[0]);
	close(fds[0]);
	close(fds[1]);
}

static void caps_opcodes(struct uring_caps *caps, struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);

	if (!probe)
		return;
	caps->splice = io_uring_opcode_supported(probe, IORING_OP_SPLICE);
	caps->madvise = io_uring_opcode_supported(probe, IORING_OP_MADVISE);
	io_uring_free_probe(probe);
}

static void uring_caps_fill(void)
{
	struct uring_caps *caps = &uring_caps;
	struct io_uring ring;
	int ret;

	caps->disabled_sysctl = caps_sysctl("/proc/sys/kernel/io_uring_disabled");
	ret = io_uring_queue_init(4, &ring, 0);
	if (ret) {
		caps->ring_error = -ret;
		return;
	}
	caps->ring = true;
	caps->buffer_ring = caps_buffer_ring(&ring);
	caps->direct_descriptors = !io_uring_register_files_sparse(&ring, 4);
	caps->single_issuer = caps_setup(IORING_SETUP_SINGLE_ISSUER);
	caps->defer_taskrun = caps_setup(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	caps_opcodes(caps, &ring);
	caps_requests(caps, &ring);
	io_uring_queue_exit(&ring);
}

const struct uring_caps *uring_probe(void)
{
	pthread_once(&uring_caps_once, uring_caps_fill);
	return &uring_caps;
}
