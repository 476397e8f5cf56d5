/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_STAT_SNAPSHOT_H
#define TOOLS_STAT_SNAPSHOT_H

/* The kernel's TLS connections, its counters and the NICs that can offload TLS, at one moment. */

#include <stdbool.h>
#include <stddef.h>
#include "tlsring.h"

struct snapshot_row {
	struct tlsring_socket socket;	/* its member device is NULL: see below */
	char device[20];		/* "": it goes through no device that offloads TLS */
	uint64_t sent_rate;		/* bytes per second since the snapshot before */
	uint64_t received_rate;
	uint64_t key;			/* of snapshot_sort() */
	int pid;			/* 0: not known */
	char process[20];
};

struct snapshot_counter {
	char name[40];
	uint64_t value;
	uint64_t rate;			/* per second since the snapshot before */
};

struct snapshot_counters {
	struct snapshot_counter *list;	/* owned */
	size_t count;
};

struct snapshot_device {
	char name[20], driver[32];
	bool tx_can, tx_on, rx_can, rx_on; /* TLS offload: the driver has it; it is switched on */
	unsigned tx_listed, rx_listed;	/* connections that the kernel lists as on this NIC */
	/* Those of them that the NIC has no context for: it lost them when its link went down, and
	 * the CPU does their work. 0 where the driver does not count. */
	unsigned tx_lost, rx_lost;
	struct snapshot_counters counters;
};

struct snapshot {
	struct snapshot_row *rows;	/* owned; sorted by snapshot_sort() */
	size_t count;
	struct snapshot_device *devices;	/* owned */
	size_t device_count;
	struct snapshot_counters system;	/* of the kernel, since boot */
	uint64_t sent[4], received[4];	/* bytes of all rows, by enum tlsring_path */
	unsigned connections[4];	/* number of rows, by the path of sending */
	/* Some of the rows listed as on a NIC are not, and which ones cannot be told. */
	bool tx_unsure, rx_unsure;
	double when;			/* seconds of the monotonic clock */
	int sockets_result;		/* of tlsring_report_sockets() */
	int system_result;		/* -ENOENT: kernel TLS is not loaded */
};

struct snapshot_filter {
	struct sockaddr_storage address;	/* family 0: any */
	const char *process;		/* name or PID; NULL: any */
	unsigned port;			/* 0: any */
	bool processes;			/* find the process of each connection */
};

/* Take a snapshot; before (or NULL) is an earlier one for the rates. 0 or -errno. Call
 * snapshot_free() in any case. */
int snapshot_take(struct snapshot *out, const struct snapshot_filter *filter,
		  const struct snapshot *before);
void snapshot_free(struct snapshot *s);
/* What comes first: bytes in both directions, sent or received; with rates, per second. */
enum snapshot_order { SNAPSHOT_BY_BOTH = 0, SNAPSHOT_BY_SENT, SNAPSHOT_BY_RECEIVED };
void snapshot_sort(struct snapshot *s, enum snapshot_order order, bool rates);
/* 0 where there is no such counter. */
uint64_t snapshot_counter_value(const struct snapshot_counters *counters, const char *name);

#endif
