// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <liburing.h>

#include "uring/ring_setup.h"

#define RING_ENTRIES		256
#define RING_ENTRIES_MAX	4096
#define RING_CQ_FACTOR		16	/* completion queue entries per submission queue entry */

int uring_ring_setup(struct io_uring *ring, unsigned entries)
{
	static const unsigned flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
	};
	int ret = -EINVAL;

	if (!entries)
		entries = RING_ENTRIES;
	if (entries > RING_ENTRIES_MAX)
		entries = RING_ENTRIES_MAX;
	for (unsigned i = 0; ret == -EINVAL && i < 2; i++) {
		struct io_uring_params params = {
			.flags = flags[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE |
				 IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL,
			.cq_entries = entries * RING_CQ_FACTOR,
		};

		ret = io_uring_queue_init_params(entries, ring, &params);
	}
	return ret;
}

/*
 * An attacker who controls the process cannot use a restricted ring to open files or sockets that
 * a seccomp filter forbids. A kernel without restrictions runs without this defence.
 */
void uring_ring_restrict(struct io_uring *ring)
{
	static const uint8_t operations[] = {
		IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_RECVMSG,
		IORING_OP_POLL_ADD, IORING_OP_READ, IORING_OP_SEND, IORING_OP_SENDMSG,
		IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE,
	};
	/* liburing registers the ring's own descriptor once the ring is enabled. */
	static const uint8_t registers[] = { IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS };
	struct io_uring_restriction all[sizeof(operations) + sizeof(registers) + 1] = { 0 };
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(operations); i++, count++) {
		all[count].opcode = IORING_RESTRICTION_SQE_OP;
		all[count].sqe_op = operations[i];
	}
	for (size_t i = 0; i < sizeof(registers); i++, count++) {
		all[count].opcode = IORING_RESTRICTION_REGISTER_OP;
		all[count].register_op = registers[i];
	}
	all[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	all[count++].sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS | IOSQE_ASYNC;
	/* liburing 2.3 exports no function for this. */
	syscall(__NR_io_uring_register, ring->ring_fd, IORING_REGISTER_RESTRICTIONS, all, count);
}

int uring_ring_enable(struct io_uring *ring)
{
	/* liburing 2.3 declares a function for this, but does not export it. */
	if (syscall(__NR_io_uring_register, ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		return -errno;
	io_uring_register_ring_fd(ring);
	return 0;
}
