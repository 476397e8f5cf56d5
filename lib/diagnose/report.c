// SPDX-License-Identifier: MIT
/* The TLS sockets, devices and counters of this system, for programs such as `tlsring stat`. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktls/cipher.h"
#include "ktls/counters.h"
#include "ktls/nic.h"
#include "ktls/nic_link.h"
#include "ktls/status.h"
#include "lib/tlsring.h"

#define REPORT_ROUTES	1024	/* slots of the route cache, a power of two */

struct report_route {
	struct ktls_nic *nic;		/* in report.nics, or NULL */
	unsigned bound;
	bool known;
	bool vlan;			/* on the way to the NIC */
	uint8_t own[16], peer[16];
};

struct report {
	int (*each)(const struct tlsring_socket *socket, void *user);
	void *user;
	struct ktls_nic *nics;		/* owned: all devices, if one of them offloads */
	unsigned nic_count;
	bool offloads;
	struct report_route *routes;	/* owned */
};

/* ---- the device of a socket ---- */

static int report_add_nic(const struct ktls_nic *nic, void *user)
{
	struct report *r = user;
	struct ktls_nic *larger = realloc(r->nics, (r->nic_count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	r->nics = larger;
	r->nics[r->nic_count++] = *nic;
	r->offloads |= nic->tls[KTLS_TX].can || nic->tls[KTLS_RX].can;
	return 0;
}

static void report_address(const struct sockaddr_storage *addr, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (addr->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
	} else {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
	}
}

static struct ktls_nic *report_find(struct report *r, const struct ktls_socket *socket, bool *vlan)
{
	int index = ktls_nic_route((const struct sockaddr *)&socket->own,
				   (const struct sockaddr *)&socket->peer, socket->bound, vlan);

	for (unsigned i = 0; i < r->nic_count; i++)
		if (index > 0 && r->nics[i].index == (unsigned)index)
			return &r->nics[i];
	return NULL;
}

/* Find the NIC that a socket goes through. Routes are cached, because thousands of sockets go to
 * few places. */
static bool report_nic(struct report *r, const struct ktls_socket *socket, struct ktls_nic *out)
{
	struct report_route key = { .bound = socket->bound, .known = true }, *slot;
	uint32_t hash = 2166136261u ^ socket->bound;

	if (!r->offloads)
		return false;
	report_address(&socket->own, key.own);
	report_address(&socket->peer, key.peer);
	for (int i = 0; i < 16; i++)
		hash = ((hash ^ key.own[i]) * 16777619u ^ key.peer[i]) * 16777619u;
	slot = &r->routes[(hash ^ hash >> 16) % REPORT_ROUTES];
	if (!slot->known || slot->bound != key.bound || memcmp(slot->own, key.own, 16) ||
	    memcmp(slot->peer, key.peer, 16)) {
		key.nic = report_find(r, socket, &key.vlan);
		*slot = key;
	}
	if (!slot->nic)
		return false;
	*out = *slot->nic;
	out->vlan = slot->vlan;
	return true;
}

/* ---- sockets ---- */

static struct tlsring_direction report_direction(const struct ktls_status *status,
						 const struct ktls_nic *nic,
						 enum ktls_direction dir)
{
	switch (dir == KTLS_TX ? status->tx : status->rx) {
	case KTLS_PATH_NIC:
		ktls_nic_learn(status->version, status->kernel_cipher);
		return (struct tlsring_direction){ TLSRING_PATH_NIC, TLSRING_REASON_NONE };
	case KTLS_PATH_SOFTWARE:
		return (struct tlsring_direction){
			TLSRING_PATH_KERNEL,
			ktls_nic_reason(status->version, status->kernel_cipher, nic, dir),
		};
	default:
		return (struct tlsring_direction){ TLSRING_PATH_USER, TLSRING_REASON_NOT_YET };
	}
}

static const char *report_cipher(uint16_t kernel_id)
{
	const struct ktls_cipher *cipher;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++)
		if (cipher->kernel_id == kernel_id)
			return cipher->aead;
	return "?";
}

static int report_socket(const struct ktls_socket *from, void *user)
{
	struct report *r = user;
	struct ktls_nic found;
	const struct ktls_nic *nic = report_nic(r, from, &found) ? &found : NULL;
	struct tlsring_socket socket = {
		.own = from->own,
		.peer = from->peer,
		.version = ktls_version_name(from->status.version),
		.cipher = report_cipher(from->status.kernel_cipher),
		.tx = report_direction(&from->status, nic, KTLS_TX),
		.rx = report_direction(&from->status, nic, KTLS_RX),
		.device = nic ? nic->name : "",
		.sent = from->sent,
		.received = from->received,
		.transmitted = from->transmitted,
		.retransmitted = from->retransmitted,
		.cookie = from->cookie,
		.inode = from->inode,
		.uid = from->uid,
		.zerocopy = from->status.zc_ro_tx,
		.no_pad = from->status.no_pad_rx,
	};

	return r->each(&socket, r->user);
}

/* Does the kernel count TLS sockets? If none was listed then, this process may not see them. */
static bool report_hidden(void)
{
	struct ktls_counters c;

	return !ktls_counters_read(&c) &&
	       (c.curr_tx_sw | c.curr_rx_sw | c.curr_tx_device | c.curr_rx_device);
}

struct report_count {
	struct report *report;
	bool any;
};

static int report_counted(const struct ktls_socket *socket, void *user)
{
	struct report_count *count = user;

	count->any = true;
	return report_socket(socket, count->report);
}

int tlsring_report_sockets(int (*each)(const struct tlsring_socket *socket, void *user), void *user)
{
	struct report r = { .each = each, .user = user };
	struct report_count count = { .report = &r };
	int ret;

	/* A kernel that cannot list devices has none that offloads TLS either. */
	if (ktls_nic_list(report_add_nic, &r) == -ENOMEM)
		r.offloads = false;
	r.routes = calloc(REPORT_ROUTES, sizeof(*r.routes));
	ret = r.routes ? ktls_status_each(report_counted, &count) : -ENOMEM;
	/* A process that may see all sockets gets no error: counted ones may have gone
	 * meanwhile. */
	if (!ret && !count.any && !ktls_may_look() && report_hidden())
		ret = -EPERM;
	free(r.routes);
	free(r.nics);
	return ret;
}

/* ---- devices and counters ---- */

struct report_devices {
	int (*each)(const struct tlsring_device *device, void *user);
	void *user;
};

static int report_device(const struct ktls_nic *nic, void *user)
{
	struct report_devices *d = user;
	char driver[32] = "";
	struct tlsring_device device = {
		.name = nic->name,
		.driver = driver,
		.tx_can = nic->tls[KTLS_TX].can,
		.tx_on = nic->tls[KTLS_TX].on,
		.rx_can = nic->tls[KTLS_RX].can,
		.rx_on = nic->tls[KTLS_RX].on,
	};

	if (!device.tx_can && !device.rx_can)
		return 0;
	ktls_nic_driver(nic->name, driver, sizeof(driver));
	return d->each(&device, d->user);
}

int tlsring_report_devices(int (*each)(const struct tlsring_device *device, void *user), void *user)
{
	struct report_devices d = { each, user };

	return ktls_nic_list(report_device, &d);
}

/* The sums of what the ports of a bond count. */
struct report_sum {
	char name[40];
	uint64_t value;
};

struct report_sums {
	struct report_sum *list;	/* owned */
	size_t count;
};

static int report_add(const char *name, uint64_t value, void *user)
{
	struct report_sums *sums = user;
	struct report_sum *larger;

	for (size_t i = 0; i < sums->count; i++) {
		if (strcmp(sums->list[i].name, name))
			continue;
		sums->list[i].value += value;
		return 0;
	}
	larger = realloc(sums->list, (sums->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	sums->list = larger;
	larger[sums->count] = (struct report_sum){ .value = value };
	snprintf(larger[sums->count++].name, sizeof(larger->name), "%s", name);
	return 0;
}

static int report_bond_counters(const struct ktls_nic_link *bond,
				int (*each)(const char *name, uint64_t value, void *user),
				void *user)
{
	struct report_sums sums = { .list = NULL };
	char port[IF_NAMESIZE];
	int ret = 0;

	for (size_t i = 0; i < bond->port_count && ret != -ENOMEM; i++)
		if (if_indextoname(bond->ports[i], port))
			ret = ktls_nic_counters(port, false, report_add, &sums);
	if (ret != -ENOMEM)
		ret = sums.count ? 0 : -EOPNOTSUPP;
	for (size_t i = 0; i < sums.count && !ret; i++)
		ret = each(sums.list[i].name, sums.list[i].value, user);
	free(sums.list);
	return ret;
}

int tlsring_report_counters(const char *device,
			    int (*each)(const char *name, uint64_t value, void *user), void *user)
{
	struct ktls_nic_link link;

	if (!device)
		return ktls_counters_each(each, user);
	ktls_nic_link_read(if_nametoindex(device), &link);
	if (link.bond)
		return report_bond_counters(&link, each, user);
	return ktls_nic_counters(device, false, each, user);
}

int tlsring_device_switch(const char *device, const char *feature, bool on)
{
	return ktls_nic_switch(device, feature, on);
}
