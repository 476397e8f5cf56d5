// SPDX-License-Identifier: MIT
/*
 * Switch features of a network card on, and off again. A file in /run has a line for each feature
 * that was switched on; a boot removes it, as it resets the card.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/doctor/nic.h"
#include "tools/common/log.h"
#include "tlsring.h"
#include "tools/tools.h"

#define NIC_FOLDER	"/run/tlsring"
#define NIC_FEATURE	"nic.feature."
#define NIC_FEATURES	8

struct nic_features {
	char name[NIC_FEATURES][40];
	unsigned count;
	char area[32];			/* of findings about the device itself, not its ports */
	char lacks[256];		/* why it cannot offload TLS at all; "": it can */
};

static int nic_path(const char *device, char *out, size_t len)
{
	if (!*device || strchr(device, '/') || strlen(device) > 15)
		return -ENODEV;
	snprintf(out, len, NIC_FOLDER "/nic-%s.fixed", device);
	return 0;
}

static void nic_add(struct nic_features *features, const char *name)
{
	if (features->count < NIC_FEATURES)
		snprintf(features->name[features->count++], sizeof(features->name[0]), "%s", name);
}

/* Findings that no feature can help against. */
static bool nic_is_hopeless(const char *name)
{
	return !strcmp(name, "nic.driver") || !strcmp(name, "nic.vlan");
}

static int nic_collect(const struct tlsring_finding *f, void *user)
{
	struct nic_features *features = user;

	if (f->state != TLSRING_MISSING || strcmp(f->area, features->area))
		return 0;
	if (nic_is_hopeless(f->name))
		snprintf(features->lacks, sizeof(features->lacks), "%s; %s", f->text, f->remedy);
	else if (!strncmp(f->name, NIC_FEATURE, strlen(NIC_FEATURE)))
		nic_add(features, f->name + strlen(NIC_FEATURE));
	return 0;
}

static int nic_complain(const char *device, const char *feature, int error)
{
	if (error == -EPERM)
		log_line("%s: this user may not switch features: CAP_NET_ADMIN is missing (sudo)",
			 device);
	else if (error == -ENODEV)
		log_line("%s: there is no such network device", device);
	else if (error == -EOPNOTSUPP)
		log_line("%s: %s does not change: its driver or another feature forbids it", device,
			 feature);
	else
		log_line("%s: %s: %s", device, feature, strerror(-error));
	return TOOLS_FAILED;
}

static int nic_note(const char *device, const char *feature)
{
	char path[64];
	FILE *file;
	int ret = nic_path(device, path, sizeof(path));

	if (ret)
		return ret;
	if (mkdir(NIC_FOLDER, 0755) && errno != EEXIST)
		return -errno;
	file = fopen(path, "ae");
	if (!file)
		return -errno;
	if (fprintf(file, "%s\n", feature) < 0)
		ret = -EIO;
	if (fclose(file) && !ret)
		ret = -errno;
	return ret;
}

/* Write the note first: a feature without one could not be undone. */
static int nic_fix_one(const char *device, const char *feature)
{
	int ret = nic_note(device, feature);

	if (ret) {
		log_line("cannot note in " NIC_FOLDER " what is switched on: %s", strerror(-ret));
		return TOOLS_FAILED;
	}
	ret = tlsring_device_switch(device, feature, true);
	if (ret)
		return nic_complain(device, feature, ret);
	printf("%s: %s is on now\n", device, feature);
	return 0;
}

int doctor_nic_fix(const char *device)
{
	struct nic_features features = { .count = 0 };
	int ret, status = 0;

	snprintf(features.area, sizeof(features.area), "NIC %s", device);
	ret = tlsring_diagnose_device(device, nic_collect, &features);
	if (ret < 0)
		return nic_complain(device, "", ret);
	if (*features.lacks) {
		log_line("%s: nothing can be switched on: %s", device, features.lacks);
		return TOOLS_FAILED;
	}
	if (!features.count)
		printf("%s: nothing to switch on\n", device);
	for (unsigned i = 0; i < features.count && !status; i++)
		status = nic_fix_one(device, features.name[i]);
	if (features.count && !status)
		printf("undo it with: tlsring doctor --nic %s --undo\n", device);
	return status;
}

static int nic_read(const char *path, struct nic_features *features)
{
	FILE *file = fopen(path, "re");
	char name[40];

	if (!file)
		return -errno;
	while (fscanf(file, "%39s", name) == 1)
		nic_add(features, name);
	fclose(file);
	return 0;
}

int doctor_nic_undo(const char *device)
{
	struct nic_features features = { .count = 0 };
	char path[64];
	int ret = nic_path(device, path, sizeof(path)), status = 0;

	if (!ret)
		ret = nic_read(path, &features);
	if (ret == -ENOENT) {
		printf("%s: nothing was switched on by --fix\n", device);
		return 0;
	}
	if (ret)
		return nic_complain(device, path, ret);
	/* In reverse order: TLS depends on the checksum features. */
	while (features.count-- && !status) {
		const char *feature = features.name[features.count];

		ret = tlsring_device_switch(device, feature, false);
		if (ret)
			status = nic_complain(device, feature, ret);
		else
			printf("%s: %s is off again\n", device, feature);
	}
	if (!status)
		unlink(path);
	return status;
}
