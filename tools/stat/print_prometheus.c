// SPDX-License-Identifier: MIT
/* Prometheus' text format: for the node exporter's textfile collector, for example. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "tools/stat/print.h"

static void print_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_paths(FILE *out, const char *name, const char *help, const uint64_t values[4])
{
	print_family(out, name, "gauge", help);
	for (int path = TLSRING_PATH_USER; path <= TLSRING_PATH_NIC; path++)
		fprintf(out, "%s{path=\"%s\"} %" PRIu64 "\n", name,
			tlsring_path_name((enum tlsring_path)path), values[path]);
}

/* The kernel's counters of present sockets go up and down. */
static bool print_is_gauge(const char *counter)
{
	return !strncmp(counter, "TlsCurr", 7);
}

static void print_kernel(FILE *out, const struct snapshot_counters *counters, const char *name,
			 bool gauges)
{
	for (size_t i = 0; i < counters->count; i++)
		if (print_is_gauge(counters->list[i].name) == gauges)
			fprintf(out, "%s{counter=\"%s\"} %" PRIu64 "\n", name,
				counters->list[i].name, counters->list[i].value);
}

static void print_device_counters(FILE *out, const struct snapshot_device *d)
{
	for (size_t i = 0; i < d->counters.count; i++)
		fprintf(out,
			"tlsring_nic_counter_total{device=\"%s\",counter=\"%s\"} %" PRIu64 "\n",
			d->name, d->counters.list[i].name, d->counters.list[i].value);
}

static void print_devices(const struct snapshot *s, FILE *out)
{
	static const char on[] = "tlsring_nic_offload", lost[] = "tlsring_nic_lost_connections";

	print_family(out, on, "gauge", "Is TLS offload of the network card switched on?");
	for (size_t i = 0; i < s->device_count; i++) {
		const struct snapshot_device *d = &s->devices[i];

		fprintf(out, "%s{device=\"%s\",driver=\"%s\",direction=\"tx\"} %d\n", on, d->name,
			d->driver, d->tx_on);
		fprintf(out, "%s{device=\"%s\",driver=\"%s\",direction=\"rx\"} %d\n", on, d->name,
			d->driver, d->rx_on);
	}
	print_family(out, lost, "gauge",
		     "Connections listed as on the card that it has no context for any more.");
	for (size_t i = 0; i < s->device_count; i++) {
		const struct snapshot_device *d = &s->devices[i];

		fprintf(out, "%s{device=\"%s\",direction=\"tx\"} %u\n", lost, d->name, d->tx_lost);
		fprintf(out, "%s{device=\"%s\",direction=\"rx\"} %u\n", lost, d->name, d->rx_lost);
	}
	print_family(out, "tlsring_nic_counter_total", "counter",
		     "The TLS counters of the network card's driver.");
	for (size_t i = 0; i < s->device_count; i++)
		print_device_counters(out, &s->devices[i]);
}

void print_prometheus(const struct snapshot *s, FILE *out)
{
	uint64_t connections[4];

	for (int i = 0; i < 4; i++)
		connections[i] = s->connections[i];
	print_family(out, "tlsring_kernel_tls_loaded", "gauge", "Is the kernel's TLS loaded?");
	fprintf(out, "tlsring_kernel_tls_loaded %d\n", s->system_result != -ENOENT);
	print_paths(out, "tlsring_connections", "Connections by where their records are sealed.",
		    connections);
	print_paths(out, "tlsring_connections_sent_bytes",
		    "Bytes that the present connections have sent.", s->sent);
	print_paths(out, "tlsring_connections_received_bytes",
		    "Bytes that the present connections have received.", s->received);
	if (s->system.count) {
		print_family(out, "tlsring_kernel_sockets", "gauge",
			     "The counters of /proc/net/tls_stat that are of present sockets.");
		print_kernel(out, &s->system, "tlsring_kernel_sockets", true);
		print_family(out, "tlsring_kernel_counter_total", "counter",
			     "The other counters of /proc/net/tls_stat.");
		print_kernel(out, &s->system, "tlsring_kernel_counter_total", false);
	}
	if (s->device_count)
		print_devices(s, out);
}
