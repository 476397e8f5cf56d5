// SPDX-License-Identifier: MIT
/* What a network device does for TLS, and what stands in its way. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "ktls/nic.h"
#include "ktls/probe.h"
#include "lib/tlsring.h"

struct diagnose_nic {
	int (*each)(const struct tlsring_finding *finding, void *user);
	void *user;
	const struct ktls_nic *nic;
	int count, stop;
};

__attribute__((format(printf, 5, 6)))
static void nic_find(struct diagnose_nic *d, const char *name, enum tlsring_state state, const char *remedy,
		     const char *format, ...)
{
	char text[256], area[64];
	struct tlsring_finding finding = {
		.area = area, .name = name, .text = text, .state = state,
		.remedy = state == TLSRING_GOOD ? "" : remedy,
	};
	va_list args;

	if (d->stop)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(area, sizeof(area), "NIC %s", d->nic->name);
	d->stop = d->each(&finding, d->user);
	d->count++;
}

static void nic_driver(struct diagnose_nic *d)
{
	char driver[32] = "?";
	bool can = d->nic->tls[KTLS_TX].can || d->nic->tls[KTLS_RX].can;

	ktls_nic_driver(d->nic->name, driver, sizeof(driver));
	nic_find(d, "nic.driver", can ? TLSRING_GOOD : TLSRING_MISSING,
		 "records are sealed by the CPU on this device; drivers of ConnectX-6 Dx and later (mlx5), "
		 "Chelsio T6 (ch_ktls), Netronome (nfp) and Fungible (funeth) offload TLS",
		 "driver %s: TLS offload for sending %s, for receiving %s", driver,
		 d->nic->tls[KTLS_TX].can ? "yes" : "no", d->nic->tls[KTLS_RX].can ? "yes" : "no");
}

/* One that can be switched; the kernel lets TLS be on only with the checksums of its direction. */
static void nic_feature(struct diagnose_nic *d, const char *feature, const struct ktls_nic_feature *state)
{
	char name[64], remedy[128];

	snprintf(name, sizeof(name), "nic.feature.%s", feature);
	snprintf(remedy, sizeof(remedy), "ethtool -K %s %s on (or: tlsring doctor --nic %s --fix)",
		 d->nic->name, feature, d->nic->name);
	nic_find(d, name, state->on ? TLSRING_GOOD : TLSRING_MISSING,
		 state->can ? remedy : "the driver does not have it", "%s: %s", feature,
		 state->on ? "on" : state->can ? "off" : "not there");
}

/* For sending a driver has one checksum, or one for each version of IP, and then both must be on. */
static void nic_direction(struct diagnose_nic *d, enum ktls_direction dir)
{
	const struct ktls_nic *nic = d->nic;

	if (!nic->tls[dir].can)
		return;
	if (dir == KTLS_TX && !nic->checksum[dir].can && nic->checksum_ip[0].can)
		for (int i = 0; i < 2; i++)
			nic_feature(d, ktls_nic_checksum_ip_names[i], &nic->checksum_ip[i]);
	else
		nic_feature(d, ktls_nic_checksum_names[dir], &nic->checksum[dir]);
	nic_feature(d, ktls_nic_tls_names[dir], &nic->tls[dir]);
}

static void nic_link(struct diagnose_nic *d)
{
	char path[64], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/operstate", d->nic->name);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%15s", text) == 1)
		nic_find(d, "nic.link", strcmp(text, "down") ? TLSRING_GOOD : TLSRING_MISSING,
			 "connections made while the link is down stay in software: ip link set DEVICE up",
			 "link: %s", text);
	fclose(file);
}

static void nic_kernel(struct diagnose_nic *d)
{
	const struct ktls_caps *caps = ktls_probe();

	nic_find(d, "nic.kernel-tls", caps->ulp ? TLSRING_GOOD : TLSRING_MISSING,
		 tlsring_reason_remedy(caps->why_not), "kernel TLS: %s",
		 caps->ulp ? "yes" : tlsring_reason_text(caps->why_not));
	nic_find(d, "nic.bug", caps->bug_nic ? TLSRING_BROKEN : TLSRING_GOOD,
		 "install your distribution's current kernel", "NIC offload writes out of bounds: %s",
		 caps->bug_nic ? "this kernel has that bug" : "not known of this kernel");
	nic_find(d, "nic.zerocopy", caps->tx_zerocopy_ro ? TLSRING_GOOD : TLSRING_MISSING,
		 "sendfile copies once more; Linux 5.19 and later can without",
		 "zero-copy sendfile (TLS_TX_ZEROCOPY_RO): %s", caps->tx_zerocopy_ro ? "yes" : "no");
}

int tlsring_diagnose_device(const char *device, int (*each)(const struct tlsring_finding *finding, void *user),
			    void *user)
{
	struct ktls_nic nic;
	struct diagnose_nic d = { .each = each, .user = user, .nic = &nic };
	int ret = ktls_nic_read(device, &nic);

	if (ret)
		return ret;
	nic_kernel(&d);
	nic_driver(&d);
	nic_direction(&d, KTLS_TX);
	nic_direction(&d, KTLS_RX);
	nic_link(&d);
	nic_find(&d, "nic.limits", TLSRING_GOOD, "",
		 "NICs take TLS 1.2 with AES-GCM only; TLS 1.3 and ChaCha20 are done by the CPU");
	return d.stop ? d.stop : d.count;
}
