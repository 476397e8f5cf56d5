// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "tools/common/address.h"
#include "tools/common/number.h"
#include "tools/stat/print.h"

#define PRINT_LINE	1024
#define PRINT_OTHERS	82	/* width of all columns but the addresses */

/* ---- lines ---- */

/* Print a line, broken at blanks where the terminal ends. */
__attribute__((format(printf, 3, 4)))
static void print_line(FILE *out, unsigned width, const char *format, ...)
{
	char line[PRINT_LINE];
	const char *at = line;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	while (width && strlen(at) > width) {
		size_t len = width;

		while (len && at[len] != ' ')
			len--;
		len = len ? len : width;
		fprintf(out, "%.*s\n", (int)len, at);
		at += len + strspn(at + len, " ");
	}
	fprintf(out, "%s\n", at);
}

/* ---- summary ---- */

/* Paths in the order of merit. */
static const enum tlsring_path print_paths[] = {
	TLSRING_PATH_NIC, TLSRING_PATH_KERNEL, TLSRING_PATH_USER,
};
#define PRINT_PATHS	(sizeof(print_paths) / sizeof(print_paths[0]))

/* lost: of some connections that the kernel lists as on a NIC the NIC has no context any more. */
static void print_share(const char *what, const uint64_t bytes[4], bool lost, unsigned width,
			FILE *out)
{
	uint64_t all = bytes[TLSRING_PATH_NIC] + bytes[TLSRING_PATH_KERNEL] +
		       bytes[TLSRING_PATH_USER];
	char line[PRINT_LINE], buf[NUMBER_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < PRINT_PATHS; i++) {
		enum tlsring_path path = print_paths[i];
		double share = all ? 100.0 * (double)bytes[path] / (double)all : 0;

		used += (size_t)snprintf(line + used, sizeof(line) - used, "  %s%s %5.1f %% (%s)",
					 lost && path == TLSRING_PATH_NIC ? "at most " : "",
					 tlsring_path_name(path), share,
					 number_bytes(bytes[path], buf));
	}
	print_line(out, width, "%-9s%s", what, line);
}

static void print_system(const struct snapshot *s, unsigned width, FILE *out)
{
	const struct snapshot_counters *c = &s->system;

	if (s->system_result == -ENOENT) {
		print_line(out, width,
			   "kernel TLS is not loaded: no connection uses it "
			   "(`tlsring doctor` says more)");
		return;
	}
	print_line(out, width,
		   "%zu connections: %u on a NIC, %u in the kernel, %u only receiving there",
		   s->count, s->connections[TLSRING_PATH_NIC],
		   s->connections[TLSRING_PATH_KERNEL], s->connections[TLSRING_PATH_USER]);
	print_share("sent", s->sent, s->tx_unsure, width, out);
	print_share("received", s->received, s->rx_unsure, width, out);
	print_line(out, width,
		   "since boot  sending: %" PRIu64 " on a NIC, %" PRIu64
		   " in software; receiving: %" PRIu64 ", %" PRIu64 "; decrypt errors %" PRIu64
		   ", resyncs %" PRIu64,
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
	print_line(out, options->width, "\n%s (%s)  sending %s, receiving %s", d->name, d->driver,
		   print_switch(d->tx_can, d->tx_on), print_switch(d->rx_can, d->rx_on));
	if (d->tx_lost || d->rx_lost)
		print_line(out, options->width,
			   "  of the connections that the kernel lists as on it, it has lost %u "
			   "sending, %u receiving: its link was down, the CPU goes on; new "
			   "connections are taken again",
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

/* Widths of the columns that depend on the connections. */
struct print_columns {
	int local, peer;
	bool narrow;		/* version, cipher and device are left out */
};

/* Why a connection is not on a NIC: of the direction that is in software, sending first. */
static enum tlsring_reason print_reason(const struct tlsring_socket *socket)
{
	if (socket->tx.path != TLSRING_PATH_NIC && socket->tx.reason)
		return socket->tx.reason;
	return socket->rx.path == TLSRING_PATH_NIC ? TLSRING_REASON_NONE : socket->rx.reason;
}

static void print_row(const struct snapshot_row *row, const struct print_options *options,
		      const struct print_columns *columns, FILE *out)
{
	const struct tlsring_socket *socket = &row->socket;
	const char *unit = options->rates ? "/s" : "";
	char own[ADDRESS_TEXT], peer[ADDRESS_TEXT], sent[NUMBER_BYTES], received[NUMBER_BYTES];
	char tls[64] = "", device[32] = "", process[48] = "", line[PRINT_LINE];
	enum tlsring_reason why = print_reason(socket);

	if (!columns->narrow) {
		snprintf(tls, sizeof(tls), "%-7s %-12s ", socket->version, socket->cipher);
		snprintf(device, sizeof(device), "%-8s ", row->device[0] ? row->device : "-");
	}
	if (row->pid)
		snprintf(process, sizeof(process), "  %s(%d)", row->process, row->pid);
	number_bytes(options->rates ? row->sent_rate : socket->sent, sent);
	number_bytes(options->rates ? row->received_rate : socket->received, received);
	snprintf(line, sizeof(line), "%9s%s %9s%s  %-*s %-*s %s%-6s %-6s %s%s%s", sent, unit,
		 received, unit, columns->local, address_text(&socket->own, own), columns->peer,
		 address_text(&socket->peer, peer), tls,
		 socket->zerocopy && socket->tx.path == TLSRING_PATH_NIC ?
			 "nic+zc" : tlsring_path_name(socket->tx.path),
		 tlsring_path_name(socket->rx.path), device, why ? tlsring_reason_name(why) : "-",
		 process);
	fprintf(out, "%.*s\n", options->width ? (int)options->width : PRINT_LINE, line);
}

/* Explain each reason of the last column once. */
static void print_reasons(const struct snapshot *s, unsigned width, FILE *out)
{
	bool seen[TLSRING_REASON_COUNT] = { false };

	for (size_t i = 0; i < s->count; i++) {
		enum tlsring_reason why = print_reason(&s->rows[i].socket);
		const char *remedy = tlsring_reason_remedy(why);

		if (!why || seen[why])
			continue;
		seen[why] = true;
		print_line(out, width, "%s: %s%s%s", tlsring_reason_name(why),
			   tlsring_reason_text(why), *remedy ? "; " : "", remedy);
	}
}

static struct print_columns print_measure(const struct snapshot *s,
					  const struct print_options *options)
{
	struct print_columns columns = { .local = 5, .peer = 4 };
	char text[ADDRESS_TEXT];
	int needed;

	for (size_t i = 0; i < s->count && i < options->lines; i++) {
		int local = (int)strlen(address_text(&s->rows[i].socket.own, text));
		int peer = (int)strlen(address_text(&s->rows[i].socket.peer, text));

		columns.local = local > columns.local ? local : columns.local;
		columns.peer = peer > columns.peer ? peer : columns.peer;
	}
	needed = columns.local + columns.peer + PRINT_OTHERS + (options->rates ? 4 : 0);
	columns.narrow = options->width && (int)options->width < needed;
	return columns;
}

static void print_rows(const struct snapshot *s, const struct print_options *options, FILE *out)
{
	const char *gap = options->rates ? "  " : "";
	struct print_columns columns = print_measure(s, options);
	char line[PRINT_LINE];

	if (!s->count)
		return;
	snprintf(line, sizeof(line), "%9s%s %9s%s  %-*s %-*s %s%-6s %-6s %s%s", "SENT", gap,
		 "RECEIVED", gap, columns.local, "LOCAL", columns.peer, "PEER",
		 columns.narrow ? "" : "VERSION CIPHER       ", "TX", "RX",
		 columns.narrow ? "" : "DEVICE   ", "NOT ON NIC BECAUSE");
	fprintf(out, "\n%.*s\n", options->width ? (int)options->width : PRINT_LINE, line);
	for (size_t i = 0; i < s->count && i < options->lines; i++)
		print_row(&s->rows[i], options, &columns, out);
	if (s->count > options->lines)
		fprintf(out, "... and %zu more (--lines 0 shows all)\n", s->count - options->lines);
	fputc('\n', out);
	print_reasons(s, options->width, out);
}

void print_text(const struct snapshot *s, const struct print_options *options, FILE *out)
{
	print_system(s, options->width, out);
	for (size_t i = 0; i < s->device_count; i++)
		print_device(&s->devices[i], options, out);
	print_rows(s, options, out);
}
