// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/address.h"
#include "tools/common/number.h"
#include "tools/stat/print.h"

/* ---- summary ---- */

static void print_share(const char *what, const uint64_t bytes[4], FILE *out)
{
	uint64_t all =
		bytes[TLSRING_PATH_NIC] + bytes[TLSRING_PATH_KERNEL] + bytes[TLSRING_PATH_USER];
	static const enum tlsring_path order[] = { TLSRING_PATH_NIC, TLSRING_PATH_KERNEL,
						   TLSRING_PATH_USER };
	char buf[NUMBER_BYTES];

	fprintf(out, "%-9s", what);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		fprintf(out, "  %s %5.1f %% (%s)", tlsring_path_name(order[i]),
			all ? 100.0 * (double)bytes[order[i]] / (double)all : 0.0,
			number_bytes(bytes[order[i]], buf));
	fputc('\n', out);
}

static void print_system(const struct snapshot *s, FILE *out)
{
	const struct snapshot_counters *c = &s->system;

	if (s->system_result == -ENOENT) {
		fputs("kernel TLS is not loaded: no connection uses it (`tlsring doctor` says "
		      "more)\n",
		      out);
		return;
	}
	fprintf(out, "%zu connections: %u on a NIC, %u in the kernel, %u only receiving there\n",
		s->count, s->connections[TLSRING_PATH_NIC], s->connections[TLSRING_PATH_KERNEL],
		s->connections[TLSRING_PATH_USER]);
	print_share("sent", s->sent, out);
	print_share("received", s->received, out);
	fprintf(out,
		"since boot  sending: %" PRIu64 " on a NIC, %" PRIu64
		" in software; receiving: %" PRIu64 ", %" PRIu64 "; decrypt errors %" PRIu64
		", resyncs %" PRIu64 "\n",
		snapshot_counter_value(c, "TlsTxDevice"), snapshot_counter_value(c, "TlsTxSw"),
		snapshot_counter_value(c, "TlsRxDevice"), snapshot_counter_value(c, "TlsRxSw"),
		snapshot_counter_value(c, "TlsDecryptError"),
		snapshot_counter_value(c, "TlsRxDeviceResync"));
}

/* ---- devices ---- */

static const char *print_switch(bool can, bool on)
{
	return on ? "on" : can ? "off" : "no";
}

static void print_device(const struct snapshot_device *d, const struct print_options *options,
			 FILE *out)
{
	fprintf(out, "\n%s (%s)  sending %s, receiving %s\n", d->name, d->driver,
		print_switch(d->tx_can, d->tx_on), print_switch(d->rx_can, d->rx_on));
	if (d->tx_lost || d->rx_lost)
		fprintf(out,
			"  of the connections listed here as nic it has lost %u sending, "
			"%u receiving: its link was down, the CPU goes on; new connections are "
			"taken "
			"again\n",
			d->tx_lost, d->rx_lost);
	for (size_t i = 0; i < d->counters.count; i++) {
		const struct snapshot_counter *c = &d->counters.list[i];

		if (!options->zeroes && !c->value)
			continue;
		fprintf(out, "  %-32s %15" PRIu64, c->name, c->value);
		if (options->rates)
			fprintf(out, "  %12" PRIu64 "/s", c->rate);
		fputc('\n', out);
	}
}

/* ---- connections ---- */

/* Why a connection is not on a NIC: of the direction that is in software, sending first. */
static enum tlsring_reason print_reason(const struct tlsring_socket *socket)
{
	if (socket->tx.path != TLSRING_PATH_NIC && socket->tx.reason)
		return socket->tx.reason;
	return socket->rx.path == TLSRING_PATH_NIC ? TLSRING_REASON_NONE : socket->rx.reason;
}

static void print_row(const struct snapshot_row *row, bool rates, FILE *out)
{
	const struct tlsring_socket *socket = &row->socket;
	char own[ADDRESS_TEXT], peer[ADDRESS_TEXT], sent[NUMBER_BYTES], received[NUMBER_BYTES];
	enum tlsring_reason why = print_reason(socket);

	fprintf(out, "%10s%s %10s%s  %-22s %-22s %s %-12s %-6s %-6s %-8s %s",
		number_bytes(rates ? row->sent_rate : socket->sent, sent), rates ? "/s" : "",
		number_bytes(rates ? row->received_rate : socket->received, received),
		rates ? "/s" : "", address_text(&socket->own, own),
		address_text(&socket->peer, peer), socket->version, socket->cipher,
		socket->zerocopy && socket->tx.path == TLSRING_PATH_NIC ?
			"nic+zc" :
			tlsring_path_name(socket->tx.path),
		tlsring_path_name(socket->rx.path), row->device[0] ? row->device : "-",
		why ? tlsring_reason_name(why) : "-");
	if (row->pid)
		fprintf(out, "  %s(%d)", row->process, row->pid);
	fputc('\n', out);
}

/* Explain each reason of the last column once. */
static void print_reasons(const struct snapshot *s, FILE *out)
{
	bool seen[TLSRING_REASON_COUNT] = { false };

	for (size_t i = 0; i < s->count; i++) {
		enum tlsring_reason why = print_reason(&s->rows[i].socket);
		const char *remedy = tlsring_reason_remedy(why);

		if (!why || seen[why])
			continue;
		seen[why] = true;
		fprintf(out, "%s: %s%s%s\n", tlsring_reason_name(why), tlsring_reason_text(why),
			*remedy ? "; " : "", remedy);
	}
}

static void print_rows(const struct snapshot *s, const struct print_options *options, FILE *out)
{
	const char *gap = options->rates ? "  " : "";

	if (!s->count)
		return;
	fprintf(out, "\n%10s%s %10s%s  %-22s %-22s %-7s %-12s %-6s %-6s %-8s %s\n", "SENT", gap,
		"RECEIVED", gap, "LOCAL", "PEER", "VERSION", "CIPHER", "TX", "RX", "DEVICE",
		"NOT ON NIC BECAUSE");
	for (size_t i = 0; i < s->count && i < options->lines; i++)
		print_row(&s->rows[i], options->rates, out);
	if (s->count > options->lines)
		fprintf(out, "... and %zu more (--lines 0 shows all)\n", s->count - options->lines);
	fputc('\n', out);
	print_reasons(s, out);
}

void print_text(const struct snapshot *s, const struct print_options *options, FILE *out)
{
	print_system(s, out);
	for (size_t i = 0; i < s->device_count; i++)
		print_device(&s->devices[i], options, out);
	print_rows(s, options, out);
}
