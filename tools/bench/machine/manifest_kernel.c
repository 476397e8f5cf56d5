// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/machine/manifest.h"

static const char *const kernel_options[] = {
	"CONFIG_TLS", "CONFIG_TLS_DEVICE", "CONFIG_IO_URING", "CONFIG_CRYPTO_AES_NI_INTEL", "CONFIG_CRYPTO_GCM",
	"CONFIG_CRYPTO_CHACHA20POLY1305", "CONFIG_PREEMPT", "CONFIG_PREEMPT_VOLUNTARY", "CONFIG_HZ",
};
#define KERNEL_OPTIONS	(sizeof(kernel_options) / sizeof(kernel_options[0]))

/* What is not set stands in a comment, or nowhere. */
static void kernel_none(json_t *all)
{
	for (size_t i = 0; i < KERNEL_OPTIONS; i++)
		json_object_set_new(all, kernel_options[i], json_string("n"));
}

/* "CONFIG_X=y" */
static void kernel_option(json_t *all, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	value[strcspn(value, "\n")] = '\0';
	for (size_t i = 0; i < KERNEL_OPTIONS; i++)
		if (!strcmp(line, kernel_options[i]))
			json_object_set_new(all, line, json_string(value));
}

json_t *bench_manifest_options(const char *release)
{
	json_t *all = json_object();
	char line[4096];
	FILE *config;

	/* Distributions have it in a file, others in the kernel itself. */
	snprintf(line, sizeof(line), "cat /boot/config-%s 2> /dev/null || cat /lib/modules/%s/config 2> /dev/null || "
		 "zcat /proc/config.gz 2> /dev/null", release, release);
	config = popen(line, "re");
	while (config && fgets(line, sizeof(line), config)) {
		if (!json_object_size(all))
			kernel_none(all);
		kernel_option(all, line);
	}
	if (config)
		pclose(config);
	return all;
}

json_t *bench_manifest_aes(const char *path)
{
	char line[256], name[128] = "", driver[128] = "", best[128] = "";
	int priority, most = -1;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "name : %127s", name) == 1 || sscanf(line, "driver : %127s", driver) == 1)
			continue;
		if (sscanf(line, "priority : %d", &priority) != 1 || strcmp(name, "gcm(aes)") || priority <= most)
			continue;
		most = priority;
		strcpy(best, driver);
	}
	if (file)
		fclose(file);
	return *best ? json_string(best) : NULL;
}
