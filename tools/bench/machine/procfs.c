// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/bench/machine/procfs.h"

const char *bench_procfs_line(const char *path, char buf[BENCH_PROCFS_LINE])
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(buf, BENCH_PROCFS_LINE, file))
		strcpy(buf, "unknown");
	buf[strcspn(buf, "\n")] = '\0';
	for (char *tab = buf; (tab = strchr(tab, '\t')); tab++)
		*tab = ' ';
	if (file)
		fclose(file);
	return buf;
}

const char *bench_procfs_cpu(const char *field, char buf[BENCH_PROCFS_LINE])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[4096];
	const char *value = NULL;

	while (!value && file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			value = strchr(line, ':');
	snprintf(buf, BENCH_PROCFS_LINE, "%s", value ? value + 2 : "unknown");
	buf[strcspn(buf, "\n")] = '\0';
	if (file)
		fclose(file);
	return buf;
}

uint64_t bench_procfs_field(const char *path, const char *field)
{
	size_t len = strlen(field);
	unsigned long long value = 0;
	FILE *file = fopen(path, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, len) && sscanf(line + len, ": %llu", &value) == 1)
			break;
	if (file)
		fclose(file);
	return value;
}

/* The position of a name in a line; 0: it is not there. */
static unsigned procfs_position(char *line, const char *name)
{
	unsigned position = 0;
	char *rest = NULL;

	for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		if (!strcmp(word, name))
			return position;
		position++;
	}
	return 0;
}

static uint64_t procfs_at(char *line, unsigned position)
{
	char *rest = NULL, *word = strtok_r(line, " \n", &rest);

	for (unsigned i = 0; word && i < position; i++)
		word = strtok_r(NULL, " \n", &rest);
	return word ? strtoull(word, NULL, 10) : 0;
}

uint64_t bench_procfs_column(const char *path, const char *row, const char *column)
{
	FILE *file = fopen(path, "re");
	unsigned position = 0;
	uint64_t value = 0;
	char line[2048];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, row, strlen(row)))
			continue;
		if (position) {
			value = procfs_at(line, position);
			break;
		}
		position = procfs_position(line, column);
	}
	if (file)
		fclose(file);
	return value;
}
