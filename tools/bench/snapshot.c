// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include "tools/bench/machine/procfs.h"
#include "tools/bench/snapshot.h"

#define SNAPSHOT_TRIES	1000	/* a millisecond apart, until everything is acknowledged */

/* Arguments of the callbacks. */
struct snapshot_search {
	struct bench_snapshot *out;
	const struct bench_server *server;
};

bool bench_snapshot_measures(enum bench_direction direction, enum bench_flow flow)
{
	return direction == BENCH_BOTH || (flow == BENCH_OUT) == (direction == BENCH_SEND);
}

/* ---- TLS sockets ---- */

static bool snapshot_ours(const struct bench_server *server, const struct tlsring_socket *socket)
{
	/* The port is at the same offset in both families. */
	unsigned port = ntohs(((const struct sockaddr_in *)&socket->own)->sin_port);
	unsigned first = ntohs(((const struct sockaddr_in *)&server->address)->sin_port);

	return port >= first && port - first < server->ports;
}

static int snapshot_socket(const struct tlsring_socket *socket, void *user)
{
	struct snapshot_search *s = user;
	struct bench_flow_counters *out = &s->out->flows[BENCH_OUT], *in = &s->out->flows[BENCH_IN];
	bool ours = snapshot_ours(s->server, socket);

	if (socket->tx.path == TLSRING_PATH_NIC)
		*(ours ? &out->carried : &out->foreign) += socket->transmitted;
	if (socket->rx.path == TLSRING_PATH_NIC)
		*(ours ? &in->carried : &in->foreign) += socket->received;
	if (!ours)
		return 0;
	out->through[socket->tx.path] += socket->sent;
	in->through[socket->rx.path] += socket->received;
	s->out->retransmitted += socket->retransmitted;
	return 0;
}

/* ---- counters ---- */

static int snapshot_installs(const char *name, uint64_t value, void *user)
{
	static const char *const names[BENCH_FLOWS][2] = {
		[BENCH_OUT] = { "TlsTxSw", "TlsTxDevice" },
		[BENCH_IN] = { "TlsRxSw", "TlsRxDevice" },
	};
	struct snapshot_search *s = user;

	for (unsigned i = 0; i < BENCH_FLOWS; i++)
		for (unsigned k = 0; k < 2; k++)
			if (!strcmp(name, names[i][k]))
				s->out->flows[i].installs[k] = value;
	return 0;
}

/* Drivers have names of their own for these. */
static void snapshot_event(uint64_t events[BENCH_CARD_EVENTS], const char *name, uint64_t value)
{
	if (strstr(name, "bytes"))
		return;
	if (strstr(name, "_ooo"))
		events[BENCH_CARD_OOO] += value;
	else if (strstr(name, "resync_req") && !strstr(name, "_start") && !strstr(name, "_end"))
		events[BENCH_CARD_RESYNC] += value;
	else if (strstr(name, "drop"))
		events[BENCH_CARD_DROP] += value;
	else if (strstr(name, "fallback"))
		events[BENCH_CARD_FALLBACK] += value;
}

static int snapshot_card(const char *name, uint64_t value, void *user)
{
	/* From the kernel's Documentation/networking/tls-offload.rst. */
	static const char *const bytes[BENCH_FLOWS] = {
		[BENCH_OUT] = "tx_tls_encrypted_bytes", [BENCH_IN] = "rx_tls_decrypted_bytes",
	};
	static const char *const prefixes[BENCH_FLOWS] = { [BENCH_OUT] = "tx_",
							   [BENCH_IN] = "rx_" };
	struct snapshot_search *s = user;

	for (unsigned i = 0; i < BENCH_FLOWS; i++) {
		if (!strcmp(name, bytes[i])) {
			s->out->flows[i].done += value;
			s->out->counts = true;
		}
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])) &&
		    bench_snapshot_measures(s->server->direction, i))
			snapshot_event(s->out->events, name, value);
	}
	return 0;
}

static int snapshot_device(const struct tlsring_device *device, void *user)
{
	tlsring_report_counters(device->name, snapshot_card, user);
	return 0;
}

/* ---- all of it ---- */

void bench_snapshot_take_server(struct bench_snapshot *out, const struct bench_server *server)
{
	struct snapshot_search search = { out, server };
	unsigned tries = 0;

	/* The kernel gives up a dump that changes while it is read. */
	do {
		*out = (struct bench_snapshot){ 0 };
		out->sockets_result = tlsring_report_sockets(snapshot_socket, &search);
	} while (out->sockets_result == -EINTR && ++tries < SNAPSHOT_TRIES);
	/* Fails without the tls module; then all stay 0. */
	tlsring_report_counters(NULL, snapshot_installs, &search);
	tlsring_report_devices(snapshot_device, &search);
	out->resent = bench_procfs_column("/proc/net/snmp", "Tcp:", "RetransSegs");
}

static int snapshot_once(struct bench_snapshot *out, const struct bench_crowd *crowd,
			 const struct bench_server *server)
{
	int ret = 0;

	*out = (struct bench_snapshot){ 0 };
	if (server->elsewhere)
		ret = server->elsewhere->take(server, out);
	else
		bench_snapshot_take_server(out, server);
	if (!ret && crowd)
		bench_crowd_wire(crowd, out->wire);
	return ret;
}

/* Some of what the client has received, or sent, has yet to be acknowledged. */
static bool snapshot_early(const struct bench_snapshot *s, enum bench_direction direction)
{
	for (unsigned i = 0; i < BENCH_FLOWS; i++) {
		const uint64_t *through = s->flows[i].through;
		uint64_t sealed = through[TLSRING_PATH_KERNEL] + through[TLSRING_PATH_NIC];

		if (bench_snapshot_measures(direction, i) && sealed && sealed < s->wire[i])
			return true;
	}
	return false;
}

int bench_snapshot_take(struct bench_snapshot *out, const struct bench_crowd *crowd,
			const struct bench_server *server)
{
	int ret = snapshot_once(out, crowd, server);

	for (unsigned i = 0; !ret && i < SNAPSHOT_TRIES && snapshot_early(out,
									  server->direction); i++) {
		usleep(1000);
		ret = snapshot_once(out, crowd, server);
	}
	return ret;
}
