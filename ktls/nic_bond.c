// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include "ktls/nic_bond.h"

#define BOND_SYSFS	"/sys/class/net"

static FILE *bond_open(const char *name, const char *attribute)
{
	char path[128];

	snprintf(path, sizeof(path), BOND_SYSFS "/%s/%s", name, attribute);
	return fopen(path, "re");
}

/* The first word of an attribute, such as of "balance-xor 2". */
static bool bond_word(const char *name, const char *attribute, char out[32])
{
	FILE *file = bond_open(name, attribute);
	bool read = file && fscanf(file, "%31s", out) == 1;

	if (file)
		fclose(file);
	return read;
}

bool ktls_nic_bond_read(const char *name, struct ktls_nic_bond *out)
{
	FILE *file;

	*out = (struct ktls_nic_bond){ .count = 0 };
	if (!bond_word(name, "bonding/mode", out->mode))
		return false;
	bond_word(name, "bonding/xmit_hash_policy", out->policy);
	out->offloads = (!strcmp(out->mode, "balance-xor") || !strcmp(out->mode, "802.3ad")) &&
			!strcmp(out->policy, "layer3+4");
	file = bond_open(name, "bonding/slaves");
	while (file && out->count < KTLS_NIC_PORTS &&
	       fscanf(file, "%15s", out->ports[out->count]) == 1)
		out->count++;
	if (file)
		fclose(file);
	return true;
}

static bool bond_is_vlan(const char *name)
{
	FILE *file = bond_open(name, "uevent");
	char line[64];
	bool is = false;

	while (file && fgets(line, sizeof(line), file))
		is |= !strcmp(line, "DEVTYPE=vlan\n");
	if (file)
		fclose(file);
	return is;
}

bool ktls_nic_vlan_below(const char *name, char out[IF_NAMESIZE])
{
	struct dirent *entry;
	char path[128];
	DIR *dir;

	if (!bond_is_vlan(name))
		return false;
	*out = '\0';
	snprintf(path, sizeof(path), BOND_SYSFS "/%s", name);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "lower_", 6))
			snprintf(out, IF_NAMESIZE, "%s", entry->d_name + 6);
	if (dir)
		closedir(dir);
	return true;
}
