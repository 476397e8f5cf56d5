// SPDX-License-Identifier: MIT
/* Findings about a network device: can it offload TLS, does it, what stands in the way? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "ktls/nic.h"
#include "ktls/nic_driver.h"
#include "ktls/nic_link.h"
#include "ktls/probe.h"
#include "lib/diagnose/diagnose.h"

/* Is an option of this kernel's configuration set? 1, 0, or -errno where it cannot be read. */
static int nic_kernel_option(const char *option)
{
	struct utsname kernel;
	char path[96];

	uname(&kernel);
	snprintf(path, sizeof(path), "/boot/config-%s", kernel.release);
	return ktls_kernel_option(path, option);
}

/* What to do about a driver of the table that does not offer TLS offload. */
static void nic_driver_remedy(const struct ktls_nic_driver_row *row, char *out, size_t len)
{
	switch (nic_kernel_option(row->option)) {
	case 0:
		snprintf(out, len,
			 "this kernel is built without CONFIG_%s, as Debian's are for most "
			 "cards: build or install one with it",
			 row->option);
		break;
	case 1:
		snprintf(out, len,
			 "the kernel could (CONFIG_%s): the card or its firmware lacks TLS "
			 "offload; needed: %s",
			 row->option, row->hardware);
		break;
	default:
		snprintf(out, len,
			 "needed: a kernel with CONFIG_%s (Debian's are built without it for "
			 "most cards) and %s",
			 row->option, row->hardware);
	}
}

static void nic_driver(struct diagnose *d, const struct ktls_nic *nic)
{
	char driver[32] = "?";
	char remedy[256] =
		"records are sealed by the CPU on this device; drivers of ConnectX-6 Dx and "
		"later (mlx5), Chelsio T6 (ch_ktls), Netronome (nfp) and Fungible (funeth) "
		"offload TLS";
	bool can = nic->tls[KTLS_TX].can || nic->tls[KTLS_RX].can;
	const struct ktls_nic_driver_row *row;

	ktls_nic_driver(nic->name, driver, sizeof(driver));
	row = ktls_nic_driver_find(driver);
	if (row)
		nic_driver_remedy(row, remedy, sizeof(remedy));
	diagnose_find(d, "nic.driver", diagnose_state(can), remedy,
		      "driver %s: TLS offload for sending %s, for receiving %s", driver,
		      nic->tls[KTLS_TX].can ? "yes" : "no", nic->tls[KTLS_RX].can ? "yes" : "no");
	if (row)
		diagnose_find(d, "nic.limits", TLSRING_GOOD, "",
			      "%s takes TLS 1.2 with AES-128-GCM%s%s; the CPU does the rest%s%s",
			      driver, row->aes256 ? " and AES-256-GCM" : " only",
			      row->rx ? "" : ", for sending only", *row->note ? "; " : "",
			      row->note);
	else
		diagnose_find(d, "nic.limits", TLSRING_GOOD, "",
			      "NICs take TLS 1.2 with AES-GCM only; "
			      "TLS 1.3 and ChaCha20 are done by the CPU");
}

/* A finding about a feature that can be switched. */
static void nic_feature(struct diagnose *d, const struct ktls_nic *nic, const char *feature,
			const struct ktls_nic_feature *state)
{
	char name[64], remedy[128];

	snprintf(name, sizeof(name), "nic.feature.%s", feature);
	snprintf(remedy, sizeof(remedy), "ethtool -K %s %s on (or: tlsring doctor --nic %s --fix)",
		 nic->name, feature, nic->name);
	diagnose_find(d, name, diagnose_state(state->on),
		      state->can ? remedy : "the driver does not have it", "%s: %s", feature,
		      state->on ? "on" : state->can ? "off" : "not there");
}

/* The kernel allows TLS offload only with the checksum offload of its direction. For sending, a
 * driver has one checksum feature, or one for each version of IP, and then both must be on. */
static void nic_direction(struct diagnose *d, const struct ktls_nic *nic, enum ktls_direction dir)
{
	if (!nic->tls[dir].can)
		return;
	if (dir == KTLS_TX && !nic->checksum[dir].can && nic->checksum_ip[0].can)
		for (int i = 0; i < 2; i++)
			nic_feature(d, nic, ktls_nic_checksum_ip_names[i], &nic->checksum_ip[i]);
	else
		nic_feature(d, nic, ktls_nic_checksum_names[dir], &nic->checksum[dir]);
	nic_feature(d, nic, ktls_nic_tls_names[dir], &nic->tls[dir]);
}

static void nic_operstate(struct diagnose *d, const struct ktls_nic *nic)
{
	char path[64], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/operstate", nic->name);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%15s", text) == 1)
		diagnose_find(d, "nic.link", diagnose_state(strcmp(text, "down")),
			      "connections made while the link is down stay in software: "
			      "ip link set DEVICE up",
			      "link: %s", text);
	fclose(file);
}

static void nic_kernel(struct diagnose *d)
{
	const struct ktls_caps *caps = ktls_probe();

	diagnose_find(d, "nic.kernel-tls", diagnose_state(caps->ulp),
		      tlsring_reason_remedy(caps->why_not), "kernel TLS: %s",
		      caps->ulp ? "yes" : tlsring_reason_text(caps->why_not));
	diagnose_find(d, "nic.bug", caps->bug_nic ? TLSRING_BROKEN : TLSRING_GOOD,
		      "install your distribution's current kernel",
		      "NIC offload writes out of bounds: %s",
		      caps->bug_nic ? "this kernel has that bug" : "not known of this kernel");
	diagnose_find(d, "nic.zerocopy", diagnose_state(caps->tx_zerocopy_ro),
		      "sendfile copies once more; Linux 5.19 and later can without",
		      "zero-copy sendfile (TLS_TX_ZEROCOPY_RO): %s",
		      caps->tx_zerocopy_ro ? "yes" : "no");
}

/* Everything about one device that carries packets itself. */
static void nic_card(struct diagnose *d, const struct ktls_nic *nic)
{
	nic_driver(d, nic);
	nic_direction(d, nic, KTLS_TX);
	nic_direction(d, nic, KTLS_RX);
	nic_operstate(d, nic);
}

static void nic_vlan(struct diagnose *d, const struct ktls_nic_link *link)
{
	char below[IF_NAMESIZE];

	diagnose_find(d, "nic.vlan", TLSRING_MISSING,
		      tlsring_reason_remedy(TLSRING_REASON_NIC_VLAN), "a VLAN over %s: %s",
		      if_indextoname(link->below, below) ? below : "another device",
		      tlsring_reason_text(TLSRING_REASON_NIC_VLAN));
}

/* A bond, and then each of its ports: it is their features that count, not the bond's own. */
static void nic_bond(struct diagnose *d, const struct ktls_nic *nic,
		     const struct ktls_nic_link *link)
{
	const char *area = d->area;
	char port_area[64];
	struct ktls_nic port;

	diagnose_find(d, "nic.bond", diagnose_state(link->offloads),
		      "the kernel offloads in the modes balance-xor and 802.3ad with "
		      "xmit_hash_policy layer3+4 only",
		      "a bond of %zu ports, mode %s, policy %s", link->port_count,
		      ktls_nic_link_mode(link), ktls_nic_link_policy(link));
	nic_operstate(d, nic);
	for (size_t i = 0; i < link->port_count; i++) {
		if (ktls_nic_read_index(link->ports[i], &port))
			continue;
		snprintf(port_area, sizeof(port_area), "NIC %s, port of %s", port.name, nic->name);
		d->area = port_area;
		nic_card(d, &port);
	}
	d->area = area;
}

int tlsring_diagnose_device(const char *device,
			    int (*each)(const struct tlsring_finding *finding, void *user),
			    void *user)
{
	struct ktls_nic nic;
	struct ktls_nic_link link;
	char area[64];
	struct diagnose d = { .each = each, .user = user, .area = area };
	int ret = ktls_nic_read(device, &nic);

	if (ret)
		return ret;
	snprintf(area, sizeof(area), "NIC %s", nic.name);
	nic_kernel(&d);
	ktls_nic_link_read(nic.index, &link);
	if (link.vlan)
		nic_vlan(&d, &link);
	else if (link.bond)
		nic_bond(&d, &nic, &link);
	else
		nic_card(&d, &nic);
	return d.stop ? d.stop : d.count;
}

/* ---- all devices of this machine ---- */

/* A device whose driver could offload TLS, whether it does or not. */
static int nic_each(const struct ktls_nic *nic, void *user)
{
	struct diagnose *d = user;
	const struct ktls_nic_driver_row *row;
	bool can = nic->tls[KTLS_TX].can || nic->tls[KTLS_RX].can;
	char driver[32], name[64], remedy[256];

	if (ktls_nic_driver(nic->name, driver, sizeof(driver)))
		return 0;
	row = ktls_nic_driver_find(driver);
	if (!row)
		return 0;
	snprintf(name, sizeof(name), "nic.device.%s", nic->name);
	nic_driver_remedy(row, remedy, sizeof(remedy));
	diagnose_find(d, name, diagnose_state(can), remedy,
		      "%s (%s): TLS offload %s; tlsring doctor --nic %s tells more", nic->name,
		      driver, can ? "yes" : "no", nic->name);
	return 0;
}

void diagnose_nics(struct diagnose *d)
{
	const struct ktls_nic_driver_row *row;
	char text[192] = "";
	size_t used = 0;
	int has = 0;

	d->area = "network cards";
	for (size_t i = 0; (row = ktls_nic_driver_at(i)) && has >= 0; i++) {
		has = nic_kernel_option(row->option);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s", i ? ", " : "",
					 row->name, has == 1 ? "yes" : "no");
	}
	if (has >= 0)
		diagnose_find(d, "nic.drivers", TLSRING_GOOD, "",
			      "drivers whose TLS offload this kernel has: %s", text);
	ktls_nic_list(nic_each, d);
}
