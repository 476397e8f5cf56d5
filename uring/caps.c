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

/* What a probe needs while it runs. */
struct caps_probe {
	struct io_uring ring;
	int transient;		/* an errno that says nothing about the kernel, or 0 */
};

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

/* Note an error (-errno) that the same probe may not meet again. Returns true without any error. */
static bool caps_succeeds(struct caps_probe *probe, int ret)
{
	switch (-ret) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EAGAIN:
	case EINTR:
		probe->transient = -ret;
	}
	return ret >= 0;
}

static bool caps_setup(struct caps_probe *probe, unsigned flags)
{
	struct io_uring ring;

	if (!caps_succeeds(probe, io_uring_queue_init(2, &ring, flags)))
		return false;
	io_uring_queue_exit(&ring);
	return true;
}

static bool caps_buffer_ring(struct caps_probe *probe)
{
	struct io_uring_buf_reg reg = { .ring_entries = 8 };
	void *at;
	bool ok;

	if (posix_memalign(&at, (size_t)sysconf(_SC_PAGESIZE), 4096))
		return caps_succeeds(probe, -ENOMEM);
	reg.ring_addr = (uintptr_t)at;
	ok = caps_succeeds(probe, io_uring_register_buf_ring(&probe->ring, &reg, 0));
	if (ok)
		io_uring_unregister_buf_ring(&probe->ring, 0);
	free(at);
	return ok;
}

/* Submit a request that ends by itself. Returns the kernel's answer. */
static int caps_ask(struct caps_probe *probe, const struct io_uring_sqe *request)
{
	struct io_uring *ring = &probe->ring;
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (!sqe)
		return -EBUSY;
	*sqe = *request;
	do
		ret = io_uring_submit_and_wait(ring, 1);
	while (ret == -EINTR);
	if (ret >= 0)
		ret = io_uring_wait_cqe(ring, &cqe);
	if (ret < 0) {
		caps_succeeds(probe, ret);
		return ret;
	}
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/*
 * The requests below cannot succeed on a datagram socket. A kernel that knows them refuses the
 * socket, one that does not know them says -EINVAL.
 */
static bool caps_multishot_accept(struct caps_probe *probe, int fd)
{
	struct io_uring_sqe sqe = { 0 };

	io_uring_prep_multishot_accept(&sqe, fd, NULL, NULL, 0);
	return caps_ask(probe, &sqe) == -EOPNOTSUPP;
}

static bool caps_multishot_recv(struct caps_probe *probe, int fd)
{
	struct io_uring_sqe sqe = { 0 };
	struct msghdr msg = { 0 };

	io_uring_prep_recvmsg_multishot(&sqe, fd, &msg, 0);
	sqe.flags = IOSQE_BUFFER_SELECT;
	return caps_ask(probe, &sqe) == -ENOBUFS;
}

static bool caps_socket_command(struct caps_probe *probe, int fd)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_URING_CMD, .fd = fd, .off = CAPS_CMD_SETSOCKOPT,
	};
	uint32_t option[2] = { SOL_SOCKET, SO_REUSEADDR };
	int value = 0;

	memcpy(&sqe.addr, option, sizeof(option));
	sqe.file_index = sizeof(value);
	sqe.addr3 = (uintptr_t)&value;
	return caps_ask(probe, &sqe) == 0;
}

static void caps_requests(struct uring_caps *caps, struct caps_probe *probe)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds)) {
		caps_succeeds(probe, -errno);
		return;
	}
	caps->multishot_accept = caps_multishot_accept(probe, fds[0]);
	caps->multishot_recv = caps->buffer_ring && caps_multishot_recv(probe, fds[0]);
	caps->socket_command = caps_socket_command(probe, fds[0]);
	close(fds[0]);
	close(fds[1]);
}

static void caps_opcodes(struct uring_caps *caps, struct caps_probe *probe)
{
	struct io_uring_probe *opcodes = io_uring_get_probe_ring(&probe->ring);

	if (!opcodes)
		return;
	caps->splice = io_uring_opcode_supported(opcodes, IORING_OP_SPLICE);
	caps->madvise = io_uring_opcode_supported(opcodes, IORING_OP_MADVISE);
	io_uring_free_probe(opcodes);
}

static void caps_features(struct uring_caps *caps, struct caps_probe *probe)
{
	caps->buffer_ring = caps_buffer_ring(probe);
	caps->direct_descriptors = !io_uring_register_files_sparse(&probe->ring, 4);
	caps->single_issuer = caps_setup(probe, IORING_SETUP_SINGLE_ISSUER);
	caps->defer_taskrun = caps_setup(probe, IORING_SETUP_SINGLE_ISSUER |
						IORING_SETUP_DEFER_TASKRUN);
	caps_opcodes(caps, probe);
	caps_requests(caps, probe);
}

/* False: the probe is to be repeated. */
static bool caps_fill(struct uring_caps *caps)
{
	int sysctl = caps_sysctl("/proc/sys/kernel/io_uring_disabled"), ret;
	struct caps_probe probe = { 0 };

	*caps = (struct uring_caps){ .disabled_sysctl = sysctl };
	ret = io_uring_queue_init(4, &probe.ring, 0);
	caps->ring = caps_succeeds(&probe, ret);
	caps->ring_error = caps->ring ? 0 : -ret;
	if (caps->ring) {
		caps_features(caps, &probe);
		io_uring_queue_exit(&probe.ring);
	}
	if (probe.transient)
		*caps = (struct uring_caps){
			.disabled_sysctl = sysctl, .ring_error = probe.transient,
		};
	return !probe.transient;
}

struct uring_caps uring_probe(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct uring_caps remembered;
	static bool settled;
	struct uring_caps caps;

	pthread_mutex_lock(&lock);
	if (!settled)
		settled = caps_fill(&remembered);
	caps = remembered;
	pthread_mutex_unlock(&lock);
	return caps;
}
