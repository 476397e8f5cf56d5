/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_STAT_SNAPSHOT_H
#define TOOLS_STAT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "tlsring.h"

/* What `tlsring stat` saw at one moment. */
struct stat_row {
	struct tlsring_socket socket;	/* its device points to `device` */
	char device[20];
	uint64_t sent_rate, received_rate;	/* bytes a second since the last look */
	int pid;				/* 0: not known */
	char process[20];
};

struct stat_counter {
	char name[40];
	uint64_t value, rate;		/* rate: a second */
};

struct stat_counters {
	struct stat_counter *list;	/* owned */
	size_t count;
};

struct stat_device {
	char name[20], driver[32];
	bool tx_can, tx_on, rx_can, rx_on;
	/* Connections that the kernel lists as on this NIC, which keeps fewer contexts than that: a link
	 * that went down took theirs away, and the CPU goes on. 0 where the driver does not count. */
	unsigned tx_lost, rx_lost;
	unsigned tx_listed, rx_listed;
	struct stat_counters counters;
};

struct stat_look {
	struct stat_row *rows;		/* owned, those with most bytes first */
	size_t count;
	struct stat_device *devices;	/* owned */
	size_t device_count;
	struct stat_counters system;
	uint64_t sent[4], received[4];	/* of the rows, by enum tlsring_path */
	unsigned connections[4];	/* by where they send */
	double when;			/* seconds of the monotonic clock */
	int sockets_result;		/* of tlsring_report_sockets() */
	int system_result;		/* -ENOENT: kernel TLS is not loaded */
};

struct stat_filter {
	struct sockaddr_storage address;	/* family 0: any */
	const char *process;		/* name or PID; NULL: any */
	unsigned port;			/* 0: any */
	bool processes;			/* find them */
};

/* Takes a look; before, if not NULL, gives the rates. 0 or -errno; stat_free() in any case. */
int stat_take(struct stat_look *look, const struct stat_filter *filter, const struct stat_look *before);
void stat_free(struct stat_look *look);

/* Fill in pid and process of each row. */
void stat_name_processes(struct stat_look *look);

/* For people, at most so many lines of connections; devices: their counters, too. */
void stat_print(const struct stat_look *look, bool rates, size_t lines, bool devices, FILE *out);
/* One object on one line. 0 or -1. */
int stat_print_json(const struct stat_look *look, bool rates, FILE *out);

#endif
