// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ktls/nic_driver.h"

static const struct ktls_nic_driver_row drivers[] = {
	{ "mlx5_core", "MLX5_EN_TLS", "NVIDIA ConnectX-6 Dx and later", true, true,
	  "receiving is off by default, and nothing is offloaded in switchdev mode" },
	{ "cxgb4", "CHELSIO_TLS_DEVICE", "Chelsio T6", false, false, "off by default" },
	{ "nfp", "TLS_DEVICE", "Netronome Agilio with TLS firmware", false, true,
	  "its counters are of packets, not bytes" },
	{ "funeth", "FUN_ETH", "Fungible F1", false, false, "" },
};
#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

const struct ktls_nic_driver_row *ktls_nic_driver_at(size_t index)
{
	return index < DRIVERS ? &drivers[index] : NULL;
}

const struct ktls_nic_driver_row *ktls_nic_driver_find(const char *driver)
{
	for (size_t i = 0; i < DRIVERS; i++)
		if (!strcmp(drivers[i].name, driver))
			return &drivers[i];
	return NULL;
}

int ktls_kernel_option(const char *file, const char *option)
{
	FILE *config = fopen(file, "re");
	char line[256];
	int len = (int)strlen(option), set = 0;

	if (!config)
		return -errno;
	while (!set && fgets(line, sizeof(line), config))
		set = !strncmp(line, "CONFIG_", 7) && !strncmp(line + 7, option, (size_t)len) &&
		      (!strncmp(line + 7 + len, "=y", 2) || !strncmp(line + 7 + len, "=m", 2));
	fclose(config);
	return set;
}
