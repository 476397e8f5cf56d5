// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tlsring.h"
#include "tools/common/log.h"
#include "tools/serve/config/options.h"
#include "tools/serve/reload.h"
#include "tools/serve/sandbox/landlock.h"
#include "tools/serve/server.h"
#include "tools/serve/systemd.h"
#include "tools/tools.h"

#define RELOAD_NAMES	512		/* room for the settings that a reload cannot change */

/* Whoever has the ticket key can decrypt resumed sessions: warn when others may read the file. */
static unsigned reload_ticket_file(const struct config *config, const struct config_text *key)
{
	char where[CONFIG_WHERE];
	struct stat st;

	config_where(config, key->line, where);
	if (stat(key->text, &st) || access(key->text, R_OK)) {
		log_line("%scannot read the ticket key %s: %s", where, key->text, strerror(errno));
		return 1;
	}
	if (S_ISREG(st.st_mode) && st.st_size != 48 && st.st_size != 80) {
		log_line("%scannot use the ticket key %s: it has %lld bytes, not 48 or 80; "
			 "make one with `openssl rand -out FILE 80`",
			 where, key->text, (long long)st.st_size);
		return 1;
	}
	if (st.st_mode & (S_IROTH | S_IWOTH))
		log_line("%swarning: others may %s the ticket key %s: chmod o-rw %s", where,
			 st.st_mode & S_IWOTH ? "change" : "read", key->text, key->text);
	return 0;
}

static unsigned reload_ticket_keys(struct server *s, const struct config *config)
{
	const struct config_texts *keys = &config->ticket_keys;
	char where[CONFIG_WHERE], text[160];
	const char **paths;
	int ret;

	if (!keys->count)
		return 0;
	paths = calloc(keys->count, sizeof(*paths));
	if (!paths)
		return 1;
	for (size_t i = 0; i < keys->count; i++)
		paths[i] = keys->rows[i].text;
	ret = tlsring_ctx_ticket_keys(s->ctx, paths, (unsigned)keys->count);
	free(paths);
	if (!ret)
		return 0;
	log_line("%scannot use the ticket keys: %s; up to 8 files may be given",
		 config_where(config, keys->rows[0].line, where),
		 tlsring_strerror(ret, text, sizeof(text)));
	return 1;
}

/* Ticket keys take effect as soon as they are loaded: load them last. */
int reload_hosts(struct server *s, struct config *config, struct hosts **out)
{
	unsigned mistakes = 0;
	struct hosts *hosts;

	for (size_t i = 0; i < config->ticket_keys.count; i++)
		mistakes += reload_ticket_file(config, &config->ticket_keys.rows[i]);
	if (hosts_load(&hosts, config))
		return TOOLS_FAILED;
	if (mistakes || hosts_join(hosts, s->ctx) || reload_ticket_keys(s, &hosts->config)) {
		hosts_put(hosts);
		return TOOLS_FAILED;
	}
	*out = hosts;
	return 0;
}

void reload_certificates(struct server *s, const struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->config.host_count; i++)
		for (size_t j = 0; j < hosts->list[i].certificate_count; j++) {
			const struct certificate *one = &hosts->list[i].certificates[j];

			telemetry_certificate(s->telemetry, one->file ? one->file : "(self-signed)",
					      one->ends);
		}
	telemetry_certificates_end(s->telemetry);
}

static void reload_warn(const struct server *s, const struct config *config)
{
	char names[RELOAD_NAMES];

	if (config_fixed_changes(&s->fixed, config, names, sizeof(names)))
		log_line("warning: %s changed, "
			 "which takes effect with an upgrade (SIGUSR2) or a restart", names);
}

/* A sandbox cannot grow: are all folders below those that it permits? */
static bool reload_covered(const struct server *s, const struct hosts *hosts)
{
	for (size_t i = 0; s->landlock && i < hosts->config.host_count; i++) {
		if (landlock_covers(s->landlock, hosts->list[i].site.root))
			continue;
		log_line("%s is not a folder that the sandbox lets the threads read: "
			 "an upgrade (SIGUSR2) serves it, and loses no connection",
			 hosts->list[i].config->dir.text);
		return false;
	}
	return true;
}

void reload_run(struct server *s)
{
	struct hosts *fresh;
	enum config_action action;
	struct config config;
	int ret;

	systemd_notify_reloading();
	ret = config_options_parse(&config, &action, s->argc, s->argv);
	if (!ret)
		ret = reload_hosts(s, &config, &fresh);
	config_free(&config);
	if (!ret && !reload_covered(s, fresh)) {
		hosts_put(fresh);
		ret = TOOLS_FAILED;
	}
	telemetry_reloaded(s->telemetry, !ret);
	if (ret) {
		log_line("not reloaded: what was in use before stays");
	} else {
		reload_warn(s, &fresh->config);
		reload_certificates(s, fresh);
		log_line("reloaded");
		hosts_current_set(s->current, fresh);
	}
	systemd_notify("READY=1");
}
