// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tools/bench/remote/feature.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define FEATURE_PATH	"/run/tlsring-bench.%s.off"
#define FEATURE_ROOM	128	/* bytes of a path */

enum { FEATURE_THERE = 1, FEATURE_TX = 2, FEATURE_RX = 4 };

static const struct {
	const char *name;
	unsigned flag;
	enum bench_direction without;	/* a direction that does without it */
} feature_names[] = {
	{ "tls-hw-tx-offload", FEATURE_TX, BENCH_RECEIVE },
	{ "tls-hw-rx-offload", FEATURE_RX, BENCH_SEND },
};
#define FEATURE_NAMES	(sizeof(feature_names) / sizeof(feature_names[0]))

/* Flags of the device of that name; 0: go on. */
static int feature_device(const struct tlsring_device *device, void *user)
{
	if (strcmp(device->name, user))
		return 0;
	return FEATURE_THERE | (device->tx_on ? FEATURE_TX : 0) | (device->rx_on ? FEATURE_RX : 0);
}

/* ---- the file ---- */

static const char *feature_path(const struct bench_feature *f, char buf[FEATURE_ROOM])
{
	snprintf(buf, FEATURE_ROOM, FEATURE_PATH, f->nic);
	return buf;
}

/* Without the file a killed process leaves its features off; that is no reason not to measure. */
static void feature_remember(const struct bench_feature *f, unsigned flags)
{
	char path[FEATURE_ROOM];
	FILE *file = fopen(feature_path(f, path), "we");

	if (!file)
		return;
	fprintf(file, "%u\n", flags);
	fclose(file);
}

static void feature_forget(const struct bench_feature *f)
{
	char path[FEATURE_ROOM];

	unlink(feature_path(f, path));
}

static unsigned feature_recall(const struct bench_feature *f)
{
	char path[FEATURE_ROOM];
	FILE *file = fopen(feature_path(f, path), "re");
	unsigned flags = 0;

	if (file) {
		if (fscanf(file, "%u", &flags) != 1)
			flags = 0;
		fclose(file);
	}
	return flags;
}

/* ---- switching ---- */

void bench_feature_on(struct bench_feature *f)
{
	if (!f->off)
		return;
	for (size_t i = 0; i < FEATURE_NAMES; i++)
		if ((f->off & feature_names[i].flag) &&
		    tlsring_device_switch(f->nic, feature_names[i].name, true))
			log_line("cannot switch %s of %s on again", feature_names[i].name, f->nic);
	f->off = 0;
	feature_forget(f);
}

int bench_feature_off(struct bench_feature *f, enum bench_direction direction)
{
	unsigned flags = 0;
	int on, ret = 0;

	if (!f->nic)
		return 0;
	on = tlsring_report_devices(feature_device, (void *)f->nic);
	for (size_t i = 0; i < FEATURE_NAMES && on > 0; i++)
		if (feature_names[i].without != direction)
			flags |= (unsigned)on & feature_names[i].flag;
	if (!flags)
		return 0;
	feature_remember(f, flags);
	for (size_t i = 0; i < FEATURE_NAMES && !ret; i++) {
		if (!(flags & feature_names[i].flag))
			continue;
		ret = tlsring_device_switch(f->nic, feature_names[i].name, false);
		f->off |= ret ? 0 : feature_names[i].flag;
	}
	return ret;
}

int bench_feature_open(struct bench_feature *f, const char *nic)
{
	*f = (struct bench_feature){ .nic = nic };
	if (!nic)
		return 0;
	if (tlsring_report_devices(feature_device, (void *)nic) <= 0) {
		log_line("--nic %s: no network card of this name can offload TLS; "
			 "`tlsring doctor --nic %s` says why", nic, nic);
		return TOOLS_FAILED;
	}
	f->off = feature_recall(f);
	if (f->off)
		log_line("--nic %s: a run that was killed has left TLS offload off: it is on again",
			 nic);
	bench_feature_on(f);
	return 0;
}
