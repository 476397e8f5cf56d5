// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "tools/http/request.h"
#include "tools/serve/limits.h"

#define LIMITS_CONNECTIONS_MAX	10000000u
#define LIMITS_SECONDS_MAX	3600u

static const struct {
	const char *name;
	size_t at;			/* in struct limits_settings */
	unsigned least, most;
	const char *why;
} settings_table[] = {
	{ "handshake-timeout", offsetof(struct limits_settings, handshake_timeout), 1, LIMITS_SECONDS_MAX,
	  "give seconds from 1 to 3600" },
	{ "header-timeout", offsetof(struct limits_settings, header_timeout), 1, LIMITS_SECONDS_MAX,
	  "give seconds from 1 to 3600" },
	{ "idle-timeout", offsetof(struct limits_settings, idle_timeout), 1, LIMITS_SECONDS_MAX,
	  "give seconds from 1 to 3600" },
	{ "min-rate", offsetof(struct limits_settings, min_rate), 0, 1000000000,
	  "give bytes per second, or 0" },
	{ "max-connections", offsetof(struct limits_settings, connections), 1, LIMITS_CONNECTIONS_MAX,
	  "give a number from 1 to 10000000" },
	{ "max-connections-per-address", offsetof(struct limits_settings, connections_per_address), 0,
	  LIMITS_CONNECTIONS_MAX, "give a number, or 0 for as many as there may be in all" },
	{ "max-header-bytes", offsetof(struct limits_settings, header_bytes), 512, HTTP_HEAD_LIMIT,
	  "give bytes from 512 to 16384" },
	{ "max-requests", offsetof(struct limits_settings, requests), 0, 1000000000,
	  "give a number, or 0 for any" },
};
#define SETTINGS (sizeof(settings_table) / sizeof(settings_table[0]))

/* A connection over HTTP/2 may hold several files open: leave as many descriptors for these. */
static unsigned settings_connections(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_max / 2 > LIMITS_CONNECTIONS_MAX)
		return LIMITS_CONNECTIONS_MAX;
	return files.rlim_max > 1 ? (unsigned)(files.rlim_max / 2) : 1;
}

void limits_settings_init(struct limits_settings *out)
{
	*out = (struct limits_settings){
		.handshake_timeout = 30,
		.header_timeout = 20,
		.idle_timeout = 60,
		.min_rate = 500,
		.connections = settings_connections(),
		.header_bytes = HTTP_HEAD_LIMIT,
		.requests = 1000000,
	};
	/* Whoever takes all of it alone leaves something to others. */
	out->connections_per_address = out->connections / 4 * 3;
}

static unsigned *settings_at(const struct limits_settings *settings, size_t i)
{
	return (unsigned *)((char *)settings + settings_table[i].at);
}

int limits_settings_set(struct limits_settings *settings, const char *name, const char *value, const char **why)
{
	*why = "there is no such setting";
	for (size_t i = 0; i < SETTINGS; i++) {
		unsigned long long number;
		char *end;

		if (strcmp(settings_table[i].name, name))
			continue;
		*why = settings_table[i].why;
		if (!value || *value < '0' || *value > '9')
			return -EINVAL;
		number = strtoull(value, &end, 10);
		if (*end || number < settings_table[i].least || number > settings_table[i].most)
			return -EINVAL;
		*settings_at(settings, i) = (unsigned)number;
		return 0;
	}
	return -ENOENT;
}

void limits_settings_each(const struct limits_settings *settings,
			  void (*each)(const char *name, const char *value, void *user), void *user)
{
	char text[16];

	for (size_t i = 0; i < SETTINGS; i++) {
		snprintf(text, sizeof(text), "%u", *settings_at(settings, i));
		each(settings_table[i].name, text, user);
	}
}
