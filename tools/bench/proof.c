// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include "tools/bench/client/connect.h"
#include "tools/bench/proof.h"
#include "tools/bench/modes.h"

#define PROOF_TRIES	1000	/* a millisecond apart, until everything is acknowledged */

/* Arguments of the callbacks. */
struct proof_search {
	struct bench_snapshot *look;
	const struct bench_server *server;
	bool sends, receives;
};

static int proof_socket(const struct tlsring_socket *socket, void *user)
{
	struct proof_search *s = user;
	/* The port is at the same offset in both families. */
	unsigned port = ntohs(((const struct sockaddr_in *)&socket->own)->sin_port);
	unsigned first = ntohs(((const struct sockaddr_in *)&s->server->address)->sin_port);

	if (port < first || port - first >= s->server->ports)
		return 0;
	if (s->sends)
		s->look->through[socket->tx.path] += socket->sent;
	if (s->receives)
		s->look->through[socket->rx.path] += socket->received;
	return 0;
}

static int proof_counter(const char *name, uint64_t value, void *user)
{
	struct proof_search *s = user;

	if ((s->sends && !strcmp(name, "TlsTxSw")) || (s->receives && !strcmp(name, "TlsRxSw")))
		s->look->installs[0] += value;
	else if ((s->sends && !strcmp(name, "TlsTxDevice")) ||
		 (s->receives && !strcmp(name, "TlsRxDevice")))
		s->look->installs[1] += value;
	return 0;
}

static uint64_t proof_sealed(const struct bench_snapshot *look)
{
	return look->through[TLSRING_PATH_KERNEL] + look->through[TLSRING_PATH_NIC];
}

/* Names from the kernel's Documentation/networking/tls-offload.rst. */
static int proof_done(const char *name, uint64_t value, void *user)
{
	struct proof_search *s = user;

	if ((!s->sends || strcmp(name, "tx_tls_encrypted_bytes")) &&
	    (!s->receives || strcmp(name, "rx_tls_decrypted_bytes")))
		return 0;
	s->look->done += value;
	s->look->counts = true;
	return 0;
}

static int proof_device(const struct tlsring_device *device, void *user)
{
	tlsring_report_counters(device->name, proof_done, user);
	return 0;
}

void bench_proof_take_server(struct bench_snapshot *out, const struct bench_server *server)
{
	struct proof_search search = { out, server, server->direction != BENCH_RECEIVE,
				       server->direction != BENCH_SEND };
	unsigned tries = 0;

	/* The kernel gives up a dump that changes while it is read. */
	do {
		*out = (struct bench_snapshot){ 0 };
		out->sockets_result = tlsring_report_sockets(proof_socket, &search);
	} while (out->sockets_result == -EINTR && ++tries < PROOF_TRIES);
	/* Fails without the tls module; then all stay 0. */
	tlsring_report_counters(NULL, proof_counter, &search);
	tlsring_report_devices(proof_device, &search);
}

static int proof_look(struct bench_snapshot *out, const struct bench_client *client,
		      const struct bench_server *server)
{
	int ret = 0;

	*out = (struct bench_snapshot){ 0 };
	if (server->elsewhere)
		ret = server->elsewhere->take(server, out);
	else
		bench_proof_take_server(out, server);
	out->both = server->direction == BENCH_BOTH;
	return !ret && client && client->count ? bench_client_wire(client, &out->wire) : ret;
}

/* The client acknowledges what it has received a little later. */
int bench_proof_take(struct bench_snapshot *out, const struct bench_client *client,
		     const struct bench_server *server)
{
	int ret = proof_look(out, client, server);

	for (unsigned i = 0;
	     !ret && i < PROOF_TRIES && proof_sealed(out) && proof_sealed(out) < out->wire; i++) {
		usleep(1000);
		ret = proof_look(out, client, server);
	}
	return ret;
}

/* How much of what went through a NIC's sockets it has encrypted, or decrypted: it counts less than
 * TLS and TCP have on the wire, and what is sent again twice. */
static uint64_t proof_by_card(uint64_t nic, const struct bench_snapshot *from,
			      const struct bench_snapshot *to)
{
	uint64_t done = to->done - from->done, payload = to->payload - from->payload;

	if (!to->counts || done >= payload)
		return nic;
	return (uint64_t)((double)nic * (double)done / (double)payload);
}

static void proof_by_sockets(struct bench_path *out, uint64_t wire,
			     const struct bench_snapshot *from, const struct bench_snapshot *to)
{
	uint64_t nic = to->through[TLSRING_PATH_NIC] - from->through[TLSRING_PATH_NIC];
	uint64_t kernel = to->through[TLSRING_PATH_KERNEL] - from->through[TLSRING_PATH_KERNEL];

	nic = nic < wire ? nic : wire;
	wire -= nic;
	out->bytes[BENCH_NIC] = proof_by_card(nic, from, to);
	out->bytes[BENCH_KERNEL] = (kernel < wire ? kernel : wire) + nic - out->bytes[BENCH_NIC];
}

/*
 * Each connection, and each way of it, has the same part of the bytes. Where no keys are to be
 * installed, fewer than all of them say nothing: others' connections are counted, too.
 */
static void proof_by_installs(struct bench_path *out, enum bench_seal asked, uint64_t wire,
			      uint64_t of, const struct bench_snapshot *start,
			      const struct bench_snapshot *to)
{
	uint64_t nic = to->installs[1] - start->installs[1],
		 kernel = to->installs[0] - start->installs[0];

	nic = nic < of ? nic : of;
	kernel = kernel < of - nic ? kernel : of - nic;
	out->counted = true;
	if (!of || (nic + kernel < of && asked != BENCH_KERNEL && asked != BENCH_NIC))
		return;
	out->bytes[BENCH_NIC] = (uint64_t)((double)wire * (double)nic / (double)of);
	out->bytes[BENCH_KERNEL] = (uint64_t)((double)wire * (double)kernel / (double)of);
	out->astray = asked == BENCH_NIC ? nic < of : kernel < of;
}

void bench_proof_judge(struct bench_path *out, const struct bench_mode *mode, unsigned connections,
		       const struct bench_snapshot *start, const struct bench_snapshot *from,
		       const struct bench_snapshot *to, const struct bench_report *report)
{
	static const enum tlsring_path library[BENCH_SEALS] = {
		[BENCH_KERNEL] = TLSRING_PATH_KERNEL, [BENCH_NIC] = TLSRING_PATH_NIC,
	};
	enum bench_seal asked = mode->seal;
	uint64_t wire = to->wire - from->wire;

	*out = (struct bench_path){ 0 };
	if (to->sockets_result || bench_mode_new(mode))
		proof_by_installs(out, asked, wire, (uint64_t)connections << to->both, start, to);
	else
		proof_by_sockets(out, wire, from, to);
	out->bytes[asked == BENCH_NOBODY ? BENCH_NOBODY : BENCH_USER] =
		wire - out->bytes[BENCH_KERNEL] - out->bytes[BENCH_NIC];
	/* A thousandth may still be on its way to be acknowledged. */
	out->astray |= !wire || out->bytes[asked] < wire - wire / 1000;
	if (!mode->program && library[asked] && report->paths[library[asked]] < connections)
		out->astray = true;
}
