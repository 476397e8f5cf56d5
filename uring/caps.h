/* SPDX-License-Identifier: MIT */
#ifndef URING_CAPS_H
#define URING_CAPS_H

#include <stdbool.h>

/* The features of io_uring that this process may use, found by trying them. */
struct uring_caps {
	bool ring;		/* io_uring_setup works */
	int ring_error;		/* if not, its errno (positive): EPERM, ENOSYS, ENOMEM */
	int disabled_sysctl;	/* kernel.io_uring_disabled; -1: there is no such file */
	bool multishot_accept, multishot_recv, buffer_ring;
	bool single_issuer, defer_taskrun;
	bool socket_command;	/* URING_CMD socket setsockopt */
	bool splice, madvise, direct_descriptors;
};

/* Probe what this process may use. The answer is remembered, unless descriptors or memory ran out
 * while probing: then ring is false, ring_error says so, and the next call probes again.
 * Thread-safe. */
struct uring_caps uring_probe(void);

#endif
