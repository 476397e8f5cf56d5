// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/clock.h"
#include "tools/stat/process.h"
#include "tools/stat/snapshot.h"

struct snapshot_walk {
	struct snapshot *snapshot;
	const struct snapshot_filter *filter;
	size_t room;
};

/* Copy a name of the kernel's; in no output may it be more than a name. */
static void snapshot_name(char *out, size_t len, const char *name)
{
	snprintf(out, len, "%s", name);
	for (char *c = out; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = '?';
}

/* ---- filters ---- */

static unsigned snapshot_port(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)addr)->sin6_port :
						   ((const struct sockaddr_in *)addr)->sin_port);
}

static void snapshot_ip(const struct sockaddr_storage *addr, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (addr->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
	} else {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
	}
}

static bool snapshot_same_ip(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	uint8_t x[16], y[16];

	snapshot_ip(a, x);
	snapshot_ip(b, y);
	return !memcmp(x, y, sizeof(x));
}

static bool snapshot_wanted(const struct snapshot_filter *f, const struct tlsring_socket *socket)
{
	if (f->port && snapshot_port(&socket->own) != f->port &&
	    snapshot_port(&socket->peer) != f->port)
		return false;
	return !f->address.ss_family || snapshot_same_ip(&f->address, &socket->own) ||
	       snapshot_same_ip(&f->address, &socket->peer);
}

static bool snapshot_of_process(const char *wanted, const struct snapshot_row *row)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", row->pid);
	return row->pid && (!strcmp(wanted, row->process) || !strcmp(wanted, pid));
}

/* ---- sockets ---- */

static void snapshot_list_on_device(struct snapshot *s, const struct tlsring_socket *socket)
{
	for (size_t i = 0; i < s->device_count; i++) {
		struct snapshot_device *d = &s->devices[i];

		if (strcmp(d->name, socket->device))
			continue;
		d->tx_listed += socket->tx.path == TLSRING_PATH_NIC;
		d->rx_listed += socket->rx.path == TLSRING_PATH_NIC;
	}
}

static int snapshot_socket(const struct tlsring_socket *socket, void *user)
{
	struct snapshot_walk *walk = user;
	struct snapshot *s = walk->snapshot;
	struct snapshot_row *row;

	snapshot_list_on_device(s, socket);
	if (!snapshot_wanted(walk->filter, socket))
		return 0;
	if (s->count == walk->room) {
		size_t room = walk->room ? walk->room * 2 : 256;
		struct snapshot_row *larger = realloc(s->rows, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		s->rows = larger;
		walk->room = room;
	}
	row = &s->rows[s->count++];
	*row = (struct snapshot_row){ .socket = *socket };
	snapshot_name(row->device, sizeof(row->device), socket->device);
	row->socket.device = NULL;
	return 0;
}

static int snapshot_by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct snapshot_row *)a)->socket.cookie;
	uint64_t y = ((const struct snapshot_row *)b)->socket.cookie;

	return (x > y) - (x < y);
}

static uint64_t snapshot_rate(uint64_t now, uint64_t before, double seconds)
{
	return now > before && seconds > 0 ? (uint64_t)((double)(now - before) / seconds + 0.5) : 0;
}

/* Rates of connections; one that is not in the snapshot before had no bytes then. */
static int snapshot_rows_rates(struct snapshot *s, const struct snapshot *before)
{
	double seconds = s->when - before->when;
	struct snapshot_row *old = malloc((before->count + 1) * sizeof(*old));

	if (!old)
		return -ENOMEM;
	if (before->count)
		memcpy(old, before->rows, before->count * sizeof(*old));
	qsort(old, before->count, sizeof(*old), snapshot_by_cookie);
	for (size_t i = 0; i < s->count; i++) {
		struct snapshot_row *row = &s->rows[i];
		const struct snapshot_row *was =
			bsearch(row, old, before->count, sizeof(*old), snapshot_by_cookie);

		row->sent_rate =
			snapshot_rate(row->socket.sent, was ? was->socket.sent : 0, seconds);
		row->received_rate = snapshot_rate(row->socket.received,
						   was ? was->socket.received : 0, seconds);
	}
	free(old);
	return 0;
}

/* A row that is listed as on a NIC with no context left is in software. */
static void snapshot_correct(struct snapshot *s, struct snapshot_row *row)
{
	static const struct tlsring_direction lost = {
		TLSRING_PATH_KERNEL, TLSRING_REASON_NIC_LOST,
	};

	for (size_t i = 0; i < s->device_count; i++) {
		const struct snapshot_device *d = &s->devices[i];

		if (strcmp(d->name, row->device))
			continue;
		if (row->socket.tx.path == TLSRING_PATH_NIC && d->tx_lost == d->tx_listed)
			row->socket.tx = lost;
		else if (row->socket.tx.path == TLSRING_PATH_NIC)
			s->tx_unsure |= d->tx_lost;
		if (row->socket.rx.path == TLSRING_PATH_NIC && d->rx_lost == d->rx_listed)
			row->socket.rx = lost;
		else if (row->socket.rx.path == TLSRING_PATH_NIC)
			s->rx_unsure |= d->rx_lost;
	}
}

static void snapshot_sum(struct snapshot *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct tlsring_socket *socket = &s->rows[i].socket;

		s->sent[socket->tx.path] += socket->sent;
		s->received[socket->rx.path] += socket->received;
		s->connections[socket->tx.path]++;
	}
}

static int snapshot_by_inode(const void *a, const void *b)
{
	uint64_t x = ((const struct snapshot_row *)a)->socket.inode;
	uint64_t y = ((const struct snapshot_row *)b)->socket.inode;

	return (x > y) - (x < y);
}

/* Rows are in the order of their inodes here. */
static void snapshot_found_process(uint64_t inode, int pid, void *user)
{
	struct snapshot_row key = { .socket.inode = inode }, *row;
	struct snapshot *s = user;

	row = bsearch(&key, s->rows, s->count, sizeof(key), snapshot_by_inode);
	if (!row || row->pid)
		return;
	row->pid = pid;
	process_name(pid, row->process, sizeof(row->process));
}

static void snapshot_find_processes(struct snapshot *s)
{
	if (!s->count)
		return;
	qsort(s->rows, s->count, sizeof(*s->rows), snapshot_by_inode);
	process_each_socket(snapshot_found_process, s);
}

static void snapshot_keep_process(struct snapshot *s, const char *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (snapshot_of_process(process, &s->rows[i]))
			s->rows[kept++] = s->rows[i];
	s->count = kept;
}

/* ---- counters and devices ---- */

static int snapshot_counter(const char *name, uint64_t value, void *user)
{
	struct snapshot_counters *counters = user;
	struct snapshot_counter *larger =
		realloc(counters->list, (counters->count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	counters->list = larger;
	larger[counters->count] = (struct snapshot_counter){ .value = value };
	snapshot_name(larger[counters->count++].name, sizeof(larger->name), name);
	return 0;
}

static void snapshot_counter_rates(struct snapshot_counters *now,
				   const struct snapshot_counters *before, double seconds)
{
	for (size_t i = 0; i < now->count; i++)
		for (size_t j = 0; j < before->count; j++)
			if (!strcmp(now->list[i].name, before->list[j].name))
				now->list[i].rate = snapshot_rate(now->list[i].value,
								  before->list[j].value, seconds);
}

static int snapshot_device(const struct tlsring_device *device, void *user)
{
	struct snapshot *s = user;
	size_t size = (s->device_count + 1) * sizeof(*s->devices);
	struct snapshot_device *larger = realloc(s->devices, size), *d;
	int ret;

	if (!larger)
		return -ENOMEM;
	s->devices = larger;
	d = &larger[s->device_count++];
	*d = (struct snapshot_device){
		.tx_can = device->tx_can, .tx_on = device->tx_on,
		.rx_can = device->rx_can, .rx_on = device->rx_on,
	};
	snapshot_name(d->name, sizeof(d->name), device->name);
	snapshot_name(d->driver, sizeof(d->driver), device->driver);
	ret = tlsring_report_counters(d->name, snapshot_counter, &d->counters);
	/* A driver without counters is no error. */
	return ret == -ENOMEM ? ret : 0;
}

uint64_t snapshot_counter_value(const struct snapshot_counters *counters, const char *name)
{
	for (size_t i = 0; i < counters->count; i++)
		if (!strcmp(counters->list[i].name, name))
			return counters->list[i].value;
	return 0;
}

/*
 * How many of the listed connections have no context in the device. Connections come and go while
 * they are listed: `deleted` is from before and `made` from after the listing, so their difference
 * is the most contexts that existed at any time between. 0: the driver does not count
 * deletions.
 */
static unsigned snapshot_count_lost(unsigned listed, uint64_t made, uint64_t deleted)
{
	return deleted && made - deleted < listed ? listed - (unsigned)(made - deleted) : 0;
}

/* Read the counters again, after the listing, and compare them with what was listed. */
static int snapshot_lost_contexts(struct snapshot *s)
{
	for (size_t i = 0; i < s->device_count; i++) {
		struct snapshot_device *d = &s->devices[i];
		uint64_t tx_deleted = snapshot_counter_value(&d->counters, "tx_tls_del");
		uint64_t rx_deleted = snapshot_counter_value(&d->counters, "rx_tls_del");

		d->counters.count = 0;
		if (tlsring_report_counters(d->name, snapshot_counter, &d->counters) == -ENOMEM)
			return -ENOMEM;
		d->tx_lost = snapshot_count_lost(d->tx_listed,
						 snapshot_counter_value(&d->counters, "tx_tls_ctx"),
						 tx_deleted);
		d->rx_lost = snapshot_count_lost(d->rx_listed,
						 snapshot_counter_value(&d->counters, "rx_tls_ctx"),
						 rx_deleted);
	}
	return 0;
}

static void snapshot_counters_rates(struct snapshot *s, const struct snapshot *before)
{
	double seconds = s->when - before->when;

	snapshot_counter_rates(&s->system, &before->system, seconds);
	for (size_t i = 0; i < s->device_count; i++)
		for (size_t j = 0; j < before->device_count; j++)
			if (!strcmp(s->devices[i].name, before->devices[j].name))
				snapshot_counter_rates(&s->devices[i].counters,
						       &before->devices[j].counters, seconds);
}

int snapshot_take(struct snapshot *s, const struct snapshot_filter *filter,
		  const struct snapshot *before)
{
	struct snapshot_walk walk = { .snapshot = s, .filter = filter };
	int ret;

	*s = (struct snapshot){ .when = (double)clock_ns(CLOCK_MONOTONIC) / 1e9 };
	ret = tlsring_report_devices(snapshot_device, s);
	s->sockets_result = tlsring_report_sockets(snapshot_socket, &walk);
	s->system_result = tlsring_report_counters(NULL, snapshot_counter, &s->system);
	if (ret != -ENOMEM && s->sockets_result != -ENOMEM)
		ret = snapshot_lost_contexts(s);
	if (s->sockets_result == -ENOMEM || s->system_result == -ENOMEM || ret == -ENOMEM)
		return -ENOMEM;
	if (filter->processes || filter->process)
		snapshot_find_processes(s);
	if (filter->process)
		snapshot_keep_process(s, filter->process);
	for (size_t i = 0; i < s->count; i++)
		snapshot_correct(s, &s->rows[i]);
	snapshot_sum(s);
	if (before) {
		snapshot_counters_rates(s, before);
		ret = snapshot_rows_rates(s, before);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- order ---- */

static uint64_t snapshot_key(const struct snapshot_row *row, enum snapshot_order order, bool rates)
{
	uint64_t sent = rates ? row->sent_rate : row->socket.sent;
	uint64_t received = rates ? row->received_rate : row->socket.received;

	if (order == SNAPSHOT_BY_SENT)
		return sent;
	return order == SNAPSHOT_BY_RECEIVED ? received : sent + received;
}

/* Larger keys first; the cookie makes the order the same each time. */
static int snapshot_by_key(const void *a, const void *b)
{
	const struct snapshot_row *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? 1 : -1;
	return snapshot_by_cookie(a, b);
}

void snapshot_sort(struct snapshot *s, enum snapshot_order order, bool rates)
{
	for (size_t i = 0; i < s->count; i++)
		s->rows[i].key = snapshot_key(&s->rows[i], order, rates);
	if (s->count)
		qsort(s->rows, s->count, sizeof(*s->rows), snapshot_by_key);
}

void snapshot_free(struct snapshot *s)
{
	for (size_t i = 0; i < s->device_count; i++)
		free(s->devices[i].counters.list);
	free(s->devices);
	free(s->system.list);
	free(s->rows);
	*s = (struct snapshot){ 0 };
}
