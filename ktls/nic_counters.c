// SPDX-License-Identifier: MIT
/* The driver's counters, by ioctl: ethtool's netlink family has only the standard ones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include "ktls/nic.h"

#define COUNTERS_MAX	16384	/* more than any driver has */

static int counters_ioctl(int fd, const char *name, void *data)
{
	struct ifreq request = { .ifr_data = data };

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

static int counters_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int counters_count(int fd, const char *name)
{
	struct ethtool_sset_info *info;
	_Alignas(struct ethtool_sset_info) char buf[sizeof(*info) + sizeof(uint32_t)] = { 0 };
	int ret;

	info = (struct ethtool_sset_info *)buf;
	info->cmd = ETHTOOL_GSSET_INFO;
	info->sset_mask = 1ULL << ETH_SS_STATS;
	ret = counters_ioctl(fd, name, info);
	if (ret)
		return ret;
	if (!info->sset_mask || !info->data[0])
		return -EOPNOTSUPP;
	return info->data[0] > COUNTERS_MAX ? -E2BIG : (int)info->data[0];
}

/* Some drivers, such as cxgb4, pad names with blanks. */
static void counters_trim(char *name)
{
	size_t len = strlen(name);

	while (len && name[len - 1] == ' ')
		name[--len] = '\0';
}

static int counters_walk(const struct ethtool_gstrings *names, const struct ethtool_stats *stats,
			 bool all,
			 int (*each)(const char *counter, uint64_t value, void *user),
			 void *user)
{
	uint32_t count = names->len < stats->n_stats ? names->len : stats->n_stats;
	char name[ETH_GSTRING_LEN + 1] = "";
	int ret = 0;

	for (uint32_t i = 0; i < count && !ret; i++) {
		memcpy(name, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		counters_trim(name);
		if (all || strstr(name, "tls"))
			ret = each(name, stats->data[i], user);
	}
	return ret;
}

int ktls_nic_counters(const char *name, bool all,
		      int (*each)(const char *counter, uint64_t value, void *user), void *user)
{
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *stats = NULL;
	int fd = counters_socket(), count, ret;

	if (fd < 0)
		return fd;
	ret = count = counters_count(fd, name);
	if (count < 0)
		goto out;
	names = calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	stats = calloc(1, sizeof(*stats) + (size_t)count * sizeof(uint64_t));
	ret = -ENOMEM;
	if (!names || !stats)
		goto out;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = (uint32_t)count;
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = (uint32_t)count;
	ret = counters_ioctl(fd, name, names);
	if (!ret)
		ret = counters_ioctl(fd, name, stats);
	if (!ret)
		ret = counters_walk(names, stats, all, each, user);
out:
	free(names);
	free(stats);
	close(fd);
	return ret;
}

int ktls_nic_driver(const char *name, char *out, size_t len)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int fd = counters_socket(), ret;

	if (fd < 0)
		return fd;
	ret = counters_ioctl(fd, name, &info);
	close(fd);
	if (ret)
		return ret;
	strncpy(out, info.driver, len - 1);
	out[len - 1] = '\0';
	return 0;
}
