// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/stat/snapshot.h"

static const char *const print_paths[] = {
	[TLSRING_PATH_USER] = "user", [TLSRING_PATH_KERNEL] = "kernel",
	[TLSRING_PATH_NIC] = "nic", [TLSRING_PATH_FAILED] = "failed",
};

#define PRINT_BYTES	16

/* "1.2 GiB"; writes into buf, returns it. */
static const char *print_bytes(uint64_t bytes, char buf[PRINT_BYTES])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, PRINT_BYTES, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}

/* ---- the whole ---- */

static void print_share(const char *what, const uint64_t bytes[4], FILE *out)
{
	uint64_t all = bytes[TLSRING_PATH_NIC] + bytes[TLSRING_PATH_KERNEL] + bytes[TLSRING_PATH_USER];
	static const enum tlsring_path order[] = { TLSRING_PATH_NIC, TLSRING_PATH_KERNEL, TLSRING_PATH_USER };
	char buf[PRINT_BYTES];

	fprintf(out, "%-9s", what);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		fprintf(out, "  %s %5.1f %% (%s)", print_paths[order[i]],
			all ? 100.0 * (double)bytes[order[i]] / (double)all : 0.0,
			print_bytes(bytes[order[i]], buf));
	fputc('\n', out);
}

static uint64_t print_counter(const struct stat_counters *counters, const char *name)
{
	for (size_t i = 0; i < counters->count; i++)
		if (!strcmp(counters->list[i].name, name))
			return counters->list[i].value;
	return 0;
}

static void print_system(const struct stat_look *look, FILE *out)
{
	const struct stat_counters *c = &look->system;

	if (look->system_result == -ENOENT) {
		fputs("kernel TLS is not loaded: no connection uses it (`tlsring doctor` says more)\n", out);
		return;
	}
	fprintf(out, "%zu connections: %u on a NIC, %u in the kernel, %u only receiving there\n", look->count,
		look->connections[TLSRING_PATH_NIC], look->connections[TLSRING_PATH_KERNEL],
		look->connections[TLSRING_PATH_USER]);
	print_share("sent", look->sent, out);
	print_share("received", look->received, out);
	fprintf(out, "since boot  sending: %llu on a NIC, %llu in software; receiving: %llu, %llu; "
		"decrypt errors %llu, resyncs %llu\n",
		(unsigned long long)print_counter(c, "TlsTxDevice"), (unsigned long long)print_counter(c, "TlsTxSw"),
		(unsigned long long)print_counter(c, "TlsRxDevice"), (unsigned long long)print_counter(c, "TlsRxSw"),
		(unsigned long long)print_counter(c, "TlsDecryptError"),
		(unsigned long long)print_counter(c, "TlsRxDeviceResync"));
}

/* ---- devices ---- */

static const char *print_switch(bool can, bool on)
{
	return on ? "on" : can ? "off" : "no";
}

static void print_device(const struct stat_device *d, bool rates, bool counters, FILE *out)
{
	fprintf(out, "\n%s (%s)  sending %s, receiving %s\n", d->name, d->driver,
		print_switch(d->tx_can, d->tx_on), print_switch(d->rx_can, d->rx_on));
	if (d->tx_lost || d->rx_lost)
		fprintf(out, "  of the connections listed here as nic it has lost %u sending, %u receiving: its link "
			"was down, the CPU goes on; new connections are taken again\n", d->tx_lost, d->rx_lost);
	for (size_t i = 0; i < d->counters.count; i++) {
		const struct stat_counter *c = &d->counters.list[i];

		if (!counters && !c->value)
			continue;
		fprintf(out, "  %-32s %15llu", c->name, (unsigned long long)c->value);
		if (rates)
			fprintf(out, "  %12llu/s", (unsigned long long)c->rate);
		fputc('\n', out);
	}
}

/* ---- connections ---- */

/* The direction that is worse off says why; "-" when both are on the NIC. */
static enum tlsring_reason print_reason(const struct tlsring_socket *s)
{
	if (s->tx.path != TLSRING_PATH_NIC && s->tx.reason)
		return s->tx.reason;
	return s->rx.path == TLSRING_PATH_NIC ? TLSRING_REASON_NONE : s->rx.reason;
}

static void print_row(const struct stat_row *row, bool rates, FILE *out)
{
	const struct tlsring_socket *s = &row->socket;
	char own[ADDRESS_TEXT], peer[ADDRESS_TEXT], sent[PRINT_BYTES], received[PRINT_BYTES];
	enum tlsring_reason why = print_reason(s);

	fprintf(out, "%10s%s %10s%s  %-22s %-22s %s %-12s %-6s %-6s %-8s %s",
		print_bytes(rates ? row->sent_rate : s->sent, sent), rates ? "/s" : "",
		print_bytes(rates ? row->received_rate : s->received, received), rates ? "/s" : "",
		address_text(&s->own, own), address_text(&s->peer, peer), s->version, s->cipher,
		s->zerocopy && s->tx.path == TLSRING_PATH_NIC ? "nic+zc" : print_paths[s->tx.path],
		print_paths[s->rx.path], row->device[0] ? row->device : "-",
		why ? tlsring_reason_name(why) : "-");
	if (row->pid)
		fprintf(out, "  %s(%d)", row->process, row->pid);
	fputc('\n', out);
}

/* What stands in the last column, once for each reason there is. */
static void print_reasons(const struct stat_look *look, FILE *out)
{
	bool seen[TLSRING_REASON_COUNT] = { false };

	for (size_t i = 0; i < look->count; i++) {
		enum tlsring_reason why = print_reason(&look->rows[i].socket);
		const char *remedy = tlsring_reason_remedy(why);

		if (!why || seen[why])
			continue;
		seen[why] = true;
		fprintf(out, "%s: %s%s%s\n", tlsring_reason_name(why), tlsring_reason_text(why),
			*remedy ? "; " : "", remedy);
	}
}

static void print_rows(const struct stat_look *look, bool rates, size_t lines, FILE *out)
{
	const char *gap = rates ? "  " : "";

	if (!look->count)
		return;
	fprintf(out, "\n%10s%s %10s%s  %-22s %-22s %-7s %-12s %-6s %-6s %-8s %s\n", "SENT", gap, "RECEIVED", gap,
		"LOCAL", "PEER", "VERSION", "CIPHER", "TX", "RX", "DEVICE", "NOT ON NIC BECAUSE");
	for (size_t i = 0; i < look->count && i < lines; i++)
		print_row(&look->rows[i], rates, out);
	if (look->count > lines)
		fprintf(out, "... and %zu more (--lines 0 shows all)\n", look->count - lines);
	fputc('\n', out);
	print_reasons(look, out);
}

void stat_print(const struct stat_look *look, bool rates, size_t lines, bool devices, FILE *out)
{
	print_system(look, out);
	for (size_t i = 0; i < look->device_count; i++)
		print_device(&look->devices[i], rates, devices, out);
	print_rows(look, rates, lines, out);
}

/* ---- JSON ---- */

static json_t *json_counters(const struct stat_counters *counters, bool rates)
{
	json_t *object = json_object();

	for (size_t i = 0; i < counters->count; i++) {
		const struct stat_counter *c = &counters->list[i];
		json_t *value = json_integer((json_int_t)c->value);

		if (rates)
			value = json_pack("{s:o, s:I}", "value", value, "rate", (json_int_t)c->rate);
		json_object_set_new(object, c->name, value);
	}
	return object;
}

/* Rows by hand: there can be tens of thousands of them. */

static void json_text(const char *key, const char *text, FILE *out)
{
	fprintf(out, "\"%s\":\"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc((unsigned char)*text < ' ' ? '?' : *text, out);
	}
	fputs("\",", out);
}

static void json_row(const struct stat_row *row, bool rates, FILE *out)
{
	const struct tlsring_socket *s = &row->socket;
	char own[ADDRESS_TEXT], peer[ADDRESS_TEXT];

	putc('{', out);
	json_text("local", address_text(&s->own, own), out);
	json_text("peer", address_text(&s->peer, peer), out);
	json_text("device", row->device, out);
	if (row->pid) {
		json_text("process", row->process, out);
		fprintf(out, "\"pid\":%d,", row->pid);
	}
	if (rates)
		fprintf(out, "\"sent_rate\":%llu,\"received_rate\":%llu,", (unsigned long long)row->sent_rate,
			(unsigned long long)row->received_rate);
	fprintf(out, "\"version\":\"%s\",\"cipher\":\"%s\",\"tx\":{\"path\":\"%s\",\"reason\":\"%s\"},"
		"\"rx\":{\"path\":\"%s\",\"reason\":\"%s\"},\"sent\":%llu,\"received\":%llu,\"inode\":%llu,"
		"\"uid\":%u,\"zerocopy\":%s,\"no_pad\":%s}", s->version, s->cipher, print_paths[s->tx.path],
		tlsring_reason_name(s->tx.reason), print_paths[s->rx.path], tlsring_reason_name(s->rx.reason),
		(unsigned long long)s->sent, (unsigned long long)s->received, (unsigned long long)s->inode,
		s->uid, s->zerocopy ? "true" : "false", s->no_pad ? "true" : "false");
}

static json_t *json_device(const struct stat_device *d, bool rates)
{
	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:i, s:i, s:o}", "name", d->name, "driver", d->driver,
			 "tx_can", d->tx_can, "tx_on", d->tx_on, "rx_can", d->rx_can, "rx_on", d->rx_on,
			 "tx_lost", (int)d->tx_lost, "rx_lost", (int)d->rx_lost,
			 "counters", json_counters(&d->counters, rates));
}

static json_t *json_paths(const uint64_t bytes[4])
{
	return json_pack("{s:I, s:I, s:I}", "nic", (json_int_t)bytes[TLSRING_PATH_NIC], "kernel",
			 (json_int_t)bytes[TLSRING_PATH_KERNEL], "user", (json_int_t)bytes[TLSRING_PATH_USER]);
}

int stat_print_json(const struct stat_look *look, bool rates, FILE *out)
{
	json_t *devices = json_array(), *all;
	int ret;

	fputs("{\"connections\":[", out);
	for (size_t i = 0; i < look->count; i++) {
		if (i)
			putc(',', out);
		json_row(&look->rows[i], rates, out);
	}
	fputs("],", out);
	for (size_t i = 0; i < look->device_count; i++)
		json_array_append_new(devices, json_device(&look->devices[i], rates));
	all = json_pack("{s:o, s:{s:b, s:o, s:o, s:o}}", "devices", devices,
			"system", "kernel_tls", look->system_result != -ENOENT, "sent", json_paths(look->sent),
			"received", json_paths(look->received), "counters", json_counters(&look->system, rates));
	ret = all ? json_dumpf(all, out, JSON_COMPACT | JSON_EMBED) : -1;
	json_decref(all);
	fputs("}\n", out);
	return ret;
}
