// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include "bench_far.h"

#define PATH_LOOKS	1000	/* a millisecond each, until everything has been acknowledged */

struct path_sockets {
	struct bench_look *look;
	const struct bench_server *server;
};

static int path_socket(const struct tlsring_socket *socket, void *user)
{
	const struct path_sockets *s = user;
	/* The port stands at the same place in both families. */
	unsigned port = ntohs(((const struct sockaddr_in *)&socket->own)->sin_port);
	unsigned first = ntohs(((const struct sockaddr_in *)&s->server->address)->sin_port);

	if (port >= first && port - first < s->server->ports)
		s->look->sent[socket->tx.path] += socket->sent;
	return 0;
}

static int path_counter(const char *name, uint64_t value, void *user)
{
	struct bench_look *look = user;

	if (!strcmp(name, "TlsTxSw"))
		look->installs[0] = value;
	else if (!strcmp(name, "TlsTxDevice"))
		look->installs[1] = value;
	return 0;
}

static uint64_t path_sealed(const struct bench_look *look)
{
	return look->sent[TLSRING_PATH_KERNEL] + look->sent[TLSRING_PATH_NIC];
}

/* A counter that the kernel's documentation has for every driver (tls-offload.rst). */
static int path_encrypted(const char *name, uint64_t value, void *user)
{
	struct bench_look *look = user;

	if (strcmp(name, "tx_tls_encrypted_bytes"))
		return 0;
	look->encrypted += value;
	look->counts = true;
	return 0;
}

static int path_device(const struct tlsring_device *device, void *user)
{
	tlsring_report_counters(device->name, path_encrypted, user);
	return 0;
}

void bench_look_server(struct bench_look *out, const struct bench_server *server)
{
	struct path_sockets sockets = { out, server };
	unsigned tries = 0;

	/* A list that changes while it is read is given up by the kernel. */
	do {
		*out = (struct bench_look){ 0 };
		out->sockets_result = tlsring_report_sockets(path_socket, &sockets);
	} while (out->sockets_result == -EINTR && ++tries < PATH_LOOKS);
	/* Without the module there is nothing to count. */
	tlsring_report_counters(NULL, path_counter, out);
	tlsring_report_devices(path_device, out);
}

static int path_look(struct bench_look *out, const struct bench_client *client, const struct bench_server *server)
{
	int ret = 0;

	*out = (struct bench_look){ 0 };
	if (server->far >= 0)
		ret = bench_far_look(server, out);
	else
		bench_look_server(out, server);
	return !ret && client && client->count ? bench_client_wire(client, &out->wire) : ret;
}

/* What the client has got it acknowledges a little later. */
int bench_look(struct bench_look *out, const struct bench_client *client, const struct bench_server *server)
{
	int ret = path_look(out, client, server);

	for (unsigned i = 0; !ret && i < PATH_LOOKS && path_sealed(out) && path_sealed(out) < out->wire; i++) {
		usleep(1000);
		ret = path_look(out, client, server);
	}
	return ret;
}

/* How much of what went through a NIC's sockets it has encrypted: it counts less than TLS and TCP have
 * on the wire, and what it sends again twice. */
static uint64_t path_encrypts(uint64_t nic, const struct bench_look *from, const struct bench_look *to)
{
	uint64_t encrypted = to->encrypted - from->encrypted, payload = to->payload - from->payload;

	if (!to->counts || encrypted >= payload)
		return nic;
	return (uint64_t)((double)nic * (double)encrypted / (double)payload);
}

static void path_by_sockets(struct bench_path *out, uint64_t wire, const struct bench_look *from,
			    const struct bench_look *to)
{
	uint64_t nic = to->sent[TLSRING_PATH_NIC] - from->sent[TLSRING_PATH_NIC];
	uint64_t kernel = to->sent[TLSRING_PATH_KERNEL] - from->sent[TLSRING_PATH_KERNEL];

	nic = nic < wire ? nic : wire;
	wire -= nic;
	out->bytes[BENCH_NIC] = path_encrypts(nic, from, to);
	out->bytes[BENCH_KERNEL] = (kernel < wire ? kernel : wire) + nic - out->bytes[BENCH_NIC];
}

/*
 * Each connection has the same part of the bytes. Where no keys are to be installed, fewer than all of them say nothing:
 * others' connections are counted, too.
 */
static void path_by_installs(struct bench_path *out, enum bench_seal asked, uint64_t wire, unsigned connections,
			     const struct bench_look *start, const struct bench_look *to)
{
	uint64_t nic = to->installs[1] - start->installs[1], kernel = to->installs[0] - start->installs[0], of = connections;

	nic = nic < of ? nic : of;
	kernel = kernel < of - nic ? kernel : of - nic;
	out->counted = true;
	if (!of || (nic + kernel < of && asked != BENCH_KERNEL && asked != BENCH_NIC))
		return;
	out->bytes[BENCH_NIC] = (uint64_t)((double)wire * (double)nic / (double)of);
	out->bytes[BENCH_KERNEL] = (uint64_t)((double)wire * (double)kernel / (double)of);
	out->astray = asked == BENCH_NIC ? nic < of : kernel < of;
}

void bench_path_judge(struct bench_path *out, const struct bench_mode *mode, unsigned connections,
		      const struct bench_look *start, const struct bench_look *from, const struct bench_look *to,
		      const struct bench_report *report)
{
	static const enum tlsring_path library[BENCH_SEALS] = {
		[BENCH_KERNEL] = TLSRING_PATH_KERNEL, [BENCH_NIC] = TLSRING_PATH_NIC,
	};
	enum bench_seal asked = mode->seal;
	uint64_t wire = to->wire - from->wire;

	*out = (struct bench_path){ 0 };
	if (to->sockets_result || bench_mode_new(mode))
		path_by_installs(out, asked, wire, connections, start, to);
	else
		path_by_sockets(out, wire, from, to);
	out->bytes[asked == BENCH_NOBODY ? BENCH_NOBODY : BENCH_USER] =
		wire - out->bytes[BENCH_KERNEL] - out->bytes[BENCH_NIC];
	/* A thousandth may still be on its way to be acknowledged. */
	out->astray |= !wire || out->bytes[asked] < wire - wire / 1000;
	if (!mode->program && library[asked] && report->paths[library[asked]] < connections)
		out->astray = true;
}
