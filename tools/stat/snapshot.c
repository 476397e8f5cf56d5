// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/stat/snapshot.h"

struct look_walk {
	struct stat_look *look;
	const struct stat_filter *filter;
	size_t room;
};

/* ---- filters ---- */

static unsigned look_port(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)addr)->sin6_port :
						   ((const struct sockaddr_in *)addr)->sin_port);
}

static void look_bytes(const struct sockaddr_storage *addr, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (addr->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
	} else {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
	}
}

static bool look_is(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	uint8_t x[16], y[16];

	look_bytes(a, x);
	look_bytes(b, y);
	return !memcmp(x, y, sizeof(x));
}

static bool look_wanted(const struct stat_filter *f, const struct tlsring_socket *s)
{
	if (f->port && look_port(&s->own) != f->port && look_port(&s->peer) != f->port)
		return false;
	return !f->address.ss_family || look_is(&f->address, &s->own) || look_is(&f->address, &s->peer);
}

static bool look_process_wanted(const char *wanted, const struct stat_row *row)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", row->pid);
	return row->pid && (!strcmp(wanted, row->process) || !strcmp(wanted, pid));
}

/* ---- sockets ---- */

static void look_list(struct stat_look *look, const struct tlsring_socket *socket)
{
	for (size_t i = 0; i < look->device_count; i++) {
		struct stat_device *d = &look->devices[i];

		if (strcmp(d->name, socket->device))
			continue;
		d->tx_listed += socket->tx.path == TLSRING_PATH_NIC;
		d->rx_listed += socket->rx.path == TLSRING_PATH_NIC;
	}
}

static int look_socket(const struct tlsring_socket *socket, void *user)
{
	struct look_walk *walk = user;
	struct stat_look *look = walk->look;
	struct stat_row *row;

	look_list(look, socket);
	if (!look_wanted(walk->filter, socket))
		return 0;
	if (look->count == walk->room) {
		size_t room = walk->room ? walk->room * 2 : 256;
		struct stat_row *larger = realloc(look->rows, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		look->rows = larger;
		walk->room = room;
	}
	row = &look->rows[look->count++];
	*row = (struct stat_row){ .socket = *socket };
	snprintf(row->device, sizeof(row->device), "%s", socket->device);
	row->socket.device = NULL;
	return 0;
}

static int look_by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct stat_row *)a)->socket.cookie, y = ((const struct stat_row *)b)->socket.cookie;

	return (x > y) - (x < y);
}

static uint64_t look_total(const struct stat_row *row)
{
	return row->socket.sent + row->socket.received;
}

static int look_by_bytes(const void *a, const void *b)
{
	uint64_t x = look_total(a), y = look_total(b);

	return x == y ? look_by_cookie(a, b) : x < y ? 1 : -1;
}

static uint64_t look_rate(uint64_t now, uint64_t before, double seconds)
{
	return now > before && seconds > 0 ? (uint64_t)((double)(now - before) / seconds + 0.5) : 0;
}

/* Rows of both looks are in the order of their cookies here. */
static int look_rates(struct stat_look *look, const struct stat_look *before)
{
	double seconds = look->when - before->when;
	struct stat_row *old = malloc((before->count + 1) * sizeof(*old));

	if (!old)
		return -ENOMEM;
	if (before->count)
		memcpy(old, before->rows, before->count * sizeof(*old));
	qsort(old, before->count, sizeof(*old), look_by_cookie);
	for (size_t i = 0; i < look->count; i++) {
		struct stat_row *row = &look->rows[i];
		const struct stat_row *was = bsearch(row, old, before->count, sizeof(*old), look_by_cookie);

		row->sent_rate = look_rate(row->socket.sent, was ? was->socket.sent : 0, seconds);
		row->received_rate = look_rate(row->socket.received, was ? was->socket.received : 0, seconds);
	}
	free(old);
	return 0;
}

static void look_sum(struct stat_look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		const struct tlsring_socket *s = &look->rows[i].socket;

		look->sent[s->tx.path] += s->sent;
		look->received[s->rx.path] += s->received;
		look->connections[s->tx.path]++;
	}
}

static void look_keep_process(struct stat_look *look, const char *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < look->count; i++)
		if (look_process_wanted(process, &look->rows[i]))
			look->rows[kept++] = look->rows[i];
	look->count = kept;
}

/* ---- counters and devices ---- */

static int look_counter(const char *name, uint64_t value, void *user)
{
	struct stat_counters *counters = user;
	struct stat_counter *larger = realloc(counters->list, (counters->count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	counters->list = larger;
	larger[counters->count] = (struct stat_counter){ .value = value };
	snprintf(larger[counters->count++].name, sizeof(larger->name), "%s", name);
	return 0;
}

static void look_counter_rates(struct stat_counters *now, const struct stat_counters *before, double seconds)
{
	for (size_t i = 0; i < now->count; i++)
		for (size_t j = 0; j < before->count; j++)
			if (!strcmp(now->list[i].name, before->list[j].name))
				now->list[i].rate = look_rate(now->list[i].value, before->list[j].value, seconds);
}

static int look_device(const struct tlsring_device *device, void *user)
{
	struct stat_look *look = user;
	struct stat_device *larger = realloc(look->devices, (look->device_count + 1) * sizeof(*larger)), *d;

	if (!larger)
		return -ENOMEM;
	look->devices = larger;
	d = &larger[look->device_count++];
	*d = (struct stat_device){
		.tx_can = device->tx_can, .tx_on = device->tx_on,
		.rx_can = device->rx_can, .rx_on = device->rx_on,
	};
	snprintf(d->name, sizeof(d->name), "%s", device->name);
	snprintf(d->driver, sizeof(d->driver), "%s", device->driver);
	return tlsring_report_counters(d->name, look_counter, &d->counters) == -ENOMEM ? -ENOMEM : 0;
}

static const struct stat_counter *look_find(const struct stat_counters *counters, const char *name)
{
	for (size_t i = 0; i < counters->count; i++)
		if (!strcmp(counters->list[i].name, name))
			return &counters->list[i];
	return NULL;
}

static uint64_t look_value(const struct stat_counters *counters, const char *name)
{
	const struct stat_counter *counter = look_find(counters, name);

	return counter ? counter->value : 0;
}

/* Connections come and go while they are listed. At no time of that were there more contexts than
 * were made until its end, less those that had gone at its start. */
static unsigned look_lost(unsigned listed, uint64_t made, uint64_t deleted)
{
	return deleted && made - deleted < listed ? listed - (unsigned)(made - deleted) : 0;
}

static int look_devices_again(struct stat_look *look)
{
	for (size_t i = 0; i < look->device_count; i++) {
		struct stat_device *d = &look->devices[i];
		uint64_t tx_deleted = look_value(&d->counters, "tx_tls_del");
		uint64_t rx_deleted = look_value(&d->counters, "rx_tls_del");

		d->counters.count = 0;
		if (tlsring_report_counters(d->name, look_counter, &d->counters) == -ENOMEM)
			return -ENOMEM;
		d->tx_lost = look_lost(d->tx_listed, look_value(&d->counters, "tx_tls_ctx"), tx_deleted);
		d->rx_lost = look_lost(d->rx_listed, look_value(&d->counters, "rx_tls_ctx"), rx_deleted);
	}
	return 0;
}

static void look_all_rates(struct stat_look *look, const struct stat_look *before)
{
	double seconds = look->when - before->when;

	look_counter_rates(&look->system, &before->system, seconds);
	for (size_t i = 0; i < look->device_count; i++)
		for (size_t j = 0; j < before->device_count; j++)
			if (!strcmp(look->devices[i].name, before->devices[j].name))
				look_counter_rates(&look->devices[i].counters, &before->devices[j].counters, seconds);
}

int stat_take(struct stat_look *look, const struct stat_filter *filter, const struct stat_look *before)
{
	struct look_walk walk = { .look = look, .filter = filter };
	struct timespec now;
	int ret;

	*look = (struct stat_look){ 0 };
	clock_gettime(CLOCK_MONOTONIC, &now);
	look->when = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	ret = tlsring_report_devices(look_device, look);
	look->sockets_result = tlsring_report_sockets(look_socket, &walk);
	look->system_result = tlsring_report_counters(NULL, look_counter, &look->system);
	if (ret != -ENOMEM && look->sockets_result != -ENOMEM)
		ret = look_devices_again(look);
	if (look->sockets_result == -ENOMEM || look->system_result == -ENOMEM || ret == -ENOMEM)
		return -ENOMEM;
	if (filter->processes || filter->process)
		stat_name_processes(look);
	if (filter->process)
		look_keep_process(look, filter->process);
	look_sum(look);
	if (before) {
		look_all_rates(look, before);
		ret = look_rates(look, before);
		if (ret)
			return ret;
	}
	if (look->count)
		qsort(look->rows, look->count, sizeof(*look->rows), look_by_bytes);
	return 0;
}

void stat_free(struct stat_look *look)
{
	for (size_t i = 0; i < look->device_count; i++)
		free(look->devices[i].counters.list);
	free(look->devices);
	free(look->system.list);
	free(look->rows);
	*look = (struct stat_look){ 0 };
}
