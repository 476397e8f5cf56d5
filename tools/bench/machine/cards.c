// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <jansson.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include "tools/bench/machine/cards.h"
#include "tools/bench/machine/procfs.h"
#include "tlsring.h"

#define CARDS_NET	"/sys/class/net"
#define CARDS_IRQS	1024	/* bytes of the list of interrupts */

static bool cards_ethtool(const char *name, void *command)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = command;
	done = fd >= 0 && !ioctl(fd, SIOCETHTOOL, &request);
	if (fd >= 0)
		close(fd);
	return done;
}

static void cards_driver(json_t *card, const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (!cards_ethtool(name, &info))
		return;
	info.driver[sizeof(info.driver) - 1] = info.fw_version[sizeof(info.fw_version) - 1] = '\0';
	info.bus_info[sizeof(info.bus_info) - 1] = '\0';
	json_object_set_new(card, "driver", json_string(info.driver));
	json_object_set_new(card, "firmware",
			    json_string(*info.fw_version ? info.fw_version : "unknown"));
	json_object_set_new(card, "bus", json_string(info.bus_info));
}

static void cards_features(json_t *card, const char *name)
{
	static const struct {
		const char *name;
		uint32_t command;
	} features[] = { { "tso", ETHTOOL_GTSO }, { "gso", ETHTOOL_GGSO },
			 { "gro", ETHTOOL_GGRO } };

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		struct ethtool_value value = { .cmd = features[i].command };

		if (cards_ethtool(name, &value))
			json_object_set_new(card, features[i].name, json_boolean(value.data));
	}
}

/* "INTERRUPT:PROCESSORS ..." */
static void cards_interrupts(json_t *card, const char *name)
{
	char path[PATH_MAX], line[BENCH_PROCFS_LINE], list[CARDS_IRQS] = "";
	struct dirent *entry;
	size_t len = 0;
	DIR *dir;

	snprintf(path, sizeof(path), CARDS_NET "/%s/device/msi_irqs", name);
	dir = opendir(path);
	/* Virtio's PCI parent has them. */
	if (!dir) {
		snprintf(path, sizeof(path), CARDS_NET "/%s/device/../msi_irqs", name);
		dir = opendir(path);
	}
	while (dir && len < sizeof(list) && (entry = readdir(dir))) {
		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/irq/%s/smp_affinity_list", entry->d_name);
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s:%s", len ? " " : "",
					entry->d_name, bench_procfs_line(path, line));
	}
	if (dir)
		closedir(dir);
	json_object_set_new(card, "irq_affinity", json_string(len ? list : "unknown"));
}

static json_t *cards_card(const char *name)
{
	char path[PATH_MAX], line[BENCH_PROCFS_LINE];
	json_t *card = json_pack("{s:s}", "name", name);

	cards_driver(card, name);
	snprintf(path, sizeof(path), CARDS_NET "/%s/mtu", name);
	json_object_set_new(card, "mtu", json_string(bench_procfs_line(path, line)));
	snprintf(path, sizeof(path), CARDS_NET "/%s/speed", name);
	/* A virtual card says -1. */
	bench_procfs_line(path, line);
	json_object_set_new(card, "mbit_per_s", json_string(*line == '-' ? "unknown" : line));
	snprintf(path, sizeof(path), CARDS_NET "/%s/device/numa_node", name);
	json_object_set_new(card, "numa_node", json_string(bench_procfs_line(path, line)));
	cards_features(card, name);
	cards_interrupts(card, name);
	return card;
}

/* Devices that are more than software. */
json_t *bench_cards(void)
{
	json_t *array = json_array();
	DIR *dir = opendir(CARDS_NET);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), CARDS_NET "/%s/device", entry->d_name);
		if (entry->d_name[0] != '.' && !access(path, F_OK))
			json_array_append_new(array, cards_card(entry->d_name));
	}
	if (dir)
		closedir(dir);
	return array;
}

static int cards_device(const struct tlsring_device *device, void *user)
{
	json_t *card = cards_card(device->name);

	json_object_set_new(card, "driver", json_string(device->driver));
	json_object_set_new(card, "sends", json_boolean(device->tx_on));
	json_object_set_new(card, "receives", json_boolean(device->rx_on));
	return json_array_append_new(user, card);
}

json_t *bench_cards_offload(void)
{
	json_t *array = json_array();

	tlsring_report_devices(cards_device, array);
	return array;
}
