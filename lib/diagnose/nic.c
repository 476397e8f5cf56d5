// SPDX-License-Identifier: MIT
/* Findings about a network device: can it offload TLS, does it, what stands in the way? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ktls/nic.h"
#include "ktls/probe.h"
#include "lib/diagnose/diagnose.h"

static void nic_driver(struct diagnose *d, const struct ktls_nic *nic)
{
	char driver[32] = "?";
	bool can = nic->tls[KTLS_TX].can || nic->tls[KTLS_RX].can;

	ktls_nic_driver(nic->name, driver, sizeof(driver));
	diagnose_find(d, "nic.driver", diagnose_state(can),
		      "records are sealed by the CPU on this device; drivers of ConnectX-6 Dx and "
		      "later (mlx5), Chelsio T6 (ch_ktls), Netronome (nfp) and Fungible (funeth) "
		      "offload TLS",
		      "driver %s: TLS offload for sending %s, for receiving %s", driver,
		      nic->tls[KTLS_TX].can ? "yes" : "no", nic->tls[KTLS_RX].can ? "yes" : "no");
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

static void nic_link(struct diagnose *d, const struct ktls_nic *nic)
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

int tlsring_diagnose_device(const char *device,
			    int (*each)(const struct tlsring_finding *finding, void *user),
			    void *user)
{
	struct ktls_nic nic;
	char area[64];
	struct diagnose d = { .each = each, .user = user, .area = area };
	int ret = ktls_nic_read(device, &nic);

	if (ret)
		return ret;
	snprintf(area, sizeof(area), "NIC %s", nic.name);
	nic_kernel(&d);
	nic_driver(&d, &nic);
	nic_direction(&d, &nic, KTLS_TX);
	nic_direction(&d, &nic, KTLS_RX);
	nic_link(&d, &nic);
	diagnose_find(&d, "nic.limits", TLSRING_GOOD, "",
		      "NICs take TLS 1.2 with AES-GCM only; "
		      "TLS 1.3 and ChaCha20 are done by the CPU");
	return d.stop ? d.stop : d.count;
}
