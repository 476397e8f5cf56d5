// SPDX-License-Identifier: MIT
#include <errno.h>
#include <jansson.h>
#include "tools/common/address.h"
#include "tools/stat/print.h"

static json_t *print_json_counters(const struct snapshot_counters *counters, bool rates)
{
	json_t *object = json_object();

	for (size_t i = 0; i < counters->count; i++) {
		const struct snapshot_counter *c = &counters->list[i];
		json_t *value = json_integer((json_int_t)c->value);

		if (rates)
			value = json_pack("{s:o, s:I}", "value", value, "rate",
					  (json_int_t)c->rate);
		json_object_set_new(object, c->name, value);
	}
	return object;
}

static json_t *print_json_direction(const struct tlsring_direction *direction)
{
	return json_pack("{s:s, s:s}", "path", tlsring_path_name(direction->path), "reason",
			 tlsring_reason_name(direction->reason));
}

static json_t *print_json_row(const struct snapshot_row *row, bool rates)
{
	const struct tlsring_socket *socket = &row->socket;
	char own[ADDRESS_TEXT], peer[ADDRESS_TEXT];
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:i, s:b, s:b}",
		"local", address_text(&socket->own, own), "peer", address_text(&socket->peer, peer),
		"device", row->device, "version", socket->version, "cipher", socket->cipher,
		"tx", print_json_direction(&socket->tx), "rx", print_json_direction(&socket->rx),
		"sent", (json_int_t)socket->sent, "received", (json_int_t)socket->received,
		"inode", (json_int_t)socket->inode, "uid", (int)socket->uid,
		"zerocopy", socket->zerocopy, "no_pad", socket->no_pad);

	if (row->pid) {
		json_object_set_new(object, "process", json_string(row->process));
		json_object_set_new(object, "pid", json_integer(row->pid));
	}
	if (rates) {
		json_object_set_new(object, "sent_rate", json_integer((json_int_t)row->sent_rate));
		json_object_set_new(object, "received_rate",
				    json_integer((json_int_t)row->received_rate));
	}
	return object;
}

/* Row by row: there can be tens of thousands, which need not be in memory as objects at once. */
static int print_json_rows(const struct snapshot *s, bool rates, FILE *out)
{
	int ret = 0;

	for (size_t i = 0; i < s->count && !ret; i++) {
		json_t *row = print_json_row(&s->rows[i], rates);

		if (i)
			putc(',', out);
		ret = row ? json_dumpf(row, out, JSON_COMPACT) : -1;
		json_decref(row);
	}
	return ret;
}

static json_t *print_json_device(const struct snapshot_device *d, bool rates)
{
	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:i, s:i, s:o}", "name", d->name, "driver",
			 d->driver, "tx_can", d->tx_can, "tx_on", d->tx_on, "rx_can", d->rx_can,
			 "rx_on", d->rx_on, "tx_lost", (int)d->tx_lost, "rx_lost", (int)d->rx_lost,
			 "counters", print_json_counters(&d->counters, rates));
}

static json_t *print_json_paths(const uint64_t bytes[4])
{
	return json_pack("{s:I, s:I, s:I}", "nic", (json_int_t)bytes[TLSRING_PATH_NIC], "kernel",
			 (json_int_t)bytes[TLSRING_PATH_KERNEL], "user",
			 (json_int_t)bytes[TLSRING_PATH_USER]);
}

int print_json(const struct snapshot *s, bool rates, FILE *out)
{
	json_t *devices = json_array(), *rest;
	int ret;

	for (size_t i = 0; i < s->device_count; i++)
		json_array_append_new(devices, print_json_device(&s->devices[i], rates));
	rest = json_pack("{s:o, s:{s:b, s:o, s:o, s:o}}", "devices", devices, "system",
			 "kernel_tls", s->system_result != -ENOENT, "sent",
			 print_json_paths(s->sent), "received", print_json_paths(s->received),
			 "counters", print_json_counters(&s->system, rates));
	fputs("{\"connections\":[", out);
	ret = print_json_rows(s, rates, out);
	fputs("],", out);
	if (!ret)
		ret = rest ? json_dumpf(rest, out, JSON_COMPACT | JSON_EMBED) : -1;
	json_decref(rest);
	fputs("}\n", out);
	return ret;
}
