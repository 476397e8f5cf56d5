// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/ssl.h>
#include "tlsring.h"
#include "tools/common/log.h"
#include "tools/serve/hosts/certificates.h"
#include "tools/serve/hosts/hosts.h"
#include "tools/serve/hosts/tls.h"
#include "tools/serve/site/mime.h"

#define HOSTS_NAME_MAX	255

/* ---- names ---- */

static int hosts_compare(const void *a, const void *b)
{
	return strcmp(((const struct hosts_name *)a)->name, ((const struct hosts_name *)b)->name);
}

static unsigned hosts_index(struct hosts *hosts)
{
	size_t count = 0;

	for (size_t i = 0; i < hosts->config.host_count; i++)
		count += hosts->config.hosts[i].names.count;
	hosts->names = calloc(count ? count : 1, sizeof(*hosts->names));
	if (!hosts->names) {
		log_line("cannot load the hosts: %s", strerror(ENOMEM));
		return 1;
	}
	for (size_t i = 0; i < hosts->config.host_count; i++) {
		const struct config_texts *names = &hosts->config.hosts[i].names;

		for (size_t j = 0; j < names->count; j++)
			hosts->names[hosts->name_count++] =
				(struct hosts_name){ names->rows[j].text, &hosts->list[i] };
	}
	qsort(hosts->names, count, sizeof(*hosts->names), hosts_compare);
	return 0;
}

static const struct host *hosts_search(const struct hosts *hosts, const char *name)
{
	const struct hosts_name key = { .name = name };
	const struct hosts_name *found = bsearch(&key, hosts->names, hosts->name_count, sizeof(key),
						 hosts_compare);

	return found ? found->host : NULL;
}

/* Normalize a host name: lower case, without port and final dot. Too long a name becomes "". */
static void hosts_fold(const char *name, size_t len, char out[HOSTS_NAME_MAX + 1])
{
	const char *bracket = len && *name == '[' ? memchr(name, ']', len) : NULL;
	const char *colon = bracket ? NULL : memchr(name, ':', len);

	if (bracket)
		len = (size_t)(bracket - name) + 1;
	else if (colon)
		len = (size_t)(colon - name);
	if (len && name[len - 1] == '.')
		len--;
	if (len > HOSTS_NAME_MAX)
		len = 0;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[len] = '\0';
}

const struct host *hosts_find(const struct hosts *hosts, const char *name, size_t len)
{
	char folded[HOSTS_NAME_MAX + 2];
	const struct host *host;
	char *dot;

	hosts_fold(name, len, folded);
	host = hosts_search(hosts, folded);
	/* Write the "*" of "*.NAME" over the character before the dot. */
	for (dot = strchr(folded, '.'); dot && dot > folded && !host; dot = strchr(dot + 1, '.')) {
		dot[-1] = '*';
		host = hosts_search(hosts, dot - 1);
	}
	return host ? host : &hosts->list[0];
}

const struct host *hosts_choose(const struct hosts *hosts, const struct tlsring_conn *conn,
				const char *name,
				size_t len)
{
	struct tlsring_info info;
	const struct host *host;

	if (hosts->config.host_count == 1)
		return &hosts->list[0];
	info.size = sizeof(info);
	if (tlsring_conn_info(conn, &info))
		info.server_name = "";
	host = hosts_find(hosts, info.server_name, strlen(info.server_name));
	return !len || hosts_find(hosts, name, len) == host ? host : NULL;
}

/* ---- loading ---- */

static unsigned host_folder(struct host *host, const struct hosts *hosts)
{
	struct config_host *config = (struct config_host *)host->config;
	const char *dir = config->dir.text;
	char where[CONFIG_WHERE];
	int ret;

	/* config_finish() has logged it. */
	if (!dir)
		return 0;
	ret = site_open(&host->site, dir, hosts->mime, &config->site);

	if (!ret) {
		config->site = (struct site_settings){ 0 };
		return 0;
	}
	host->site.root = -1;
	config_where(&hosts->config, config->dir.line, where);
	if (ret == -ENOTDIR)
		log_line("%scannot serve %s: it is not a folder; give the folder that holds it",
			 where, dir);
	else if (ret == -ENOSYS)
		log_line("%scannot serve %s: this system has no openat2, which keeps requests "
			 "inside the folder; Linux 5.6 has it, and a container's seccomp filter "
			 "must allow it",
			 where, dir);
	else
		log_line("%scannot serve %s: %s; give a folder that this user may read", where, dir,
			 strerror(-ret));
	return 1;
}

static unsigned host_tls(struct host *host, const struct config *config)
{
	unsigned mistakes = host_tls_new(&host->ssl, config, host->config);

	if (host->ssl)
		mistakes += host_certificates_load(host->ssl, config, host->config,
						   &host->certificates,
						   &host->certificate_count);
	return mistakes;
}

static unsigned hosts_fill(struct hosts *hosts)
{
	unsigned mistakes = 0;

	for (size_t i = 0; i < hosts->config.host_count; i++) {
		struct host *host = &hosts->list[i];

		host->config = &hosts->config.hosts[i];
		mistakes += host_folder(host, hosts);
		mistakes += host_tls(host, &hosts->config);
	}
	return mistakes;
}

/* Without the file types are unknown; a file that cannot be read is a mistake. */
static unsigned hosts_types(struct hosts *hosts)
{
	int ret = mime_load(&hosts->mime, MIME_FILE);

	if (ret == -ENOENT)
		log_line("warning: there is no %s: every file goes out as " MIME_DEFAULT
			 "; install the package media-types",
			 MIME_FILE);
	else if (ret)
		log_line("cannot read %s: %s", MIME_FILE, strerror(-ret));
	return ret && ret != -ENOENT;
}

unsigned hosts_load(struct hosts **out, struct config *config)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));
	unsigned mistakes;

	if (hosts)
		hosts->list = calloc(config->host_count, sizeof(*hosts->list));
	if (!hosts || !hosts->list) {
		log_line("cannot load the hosts: %s", strerror(ENOMEM));
		free(hosts);
		return 1;
	}
	hosts->references = 1;
	hosts->config = *config;
	for (size_t i = 0; i < config->host_count; i++)
		hosts->list[i].site.root = -1;
	mistakes = hosts_types(hosts) + hosts_fill(hosts) + hosts_index(hosts);
	*config = (struct config){ 0 };
	if (mistakes)
		hosts_put(hosts);
	else
		*out = hosts;
	return mistakes;
}

unsigned hosts_join(struct hosts *hosts, struct tlsring_ctx *ctx)
{
	char where[CONFIG_WHERE], text[160];
	unsigned mistakes = 0;

	for (size_t i = 0; i < hosts->config.host_count; i++) {
		int ret = tlsring_ctx_add(ctx, hosts->list[i].ssl);

		if (!ret)
			continue;
		log_line("%scannot set up TLS: %s%s",
			 config_where(&hosts->config, hosts->list[i].config->line, where),
			 tlsring_strerror(ret, text, sizeof(text)),
			 ret != -EOPNOTSUPP ? "" :
			 "; network cards take TLS 1.2 with AES-GCM only");
		mistakes++;
	}
	return mistakes;
}

void hosts_warn(const struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->config.host_count; i++)
		host_certificates_warn(hosts->list[i].certificates,
				       hosts->list[i].certificate_count,
				       &hosts->config, hosts->list[i].config);
}

struct hosts *hosts_hold(struct hosts *hosts)
{
	atomic_fetch_add(&hosts->references, 1);
	return hosts;
}

void hosts_put(struct hosts *hosts)
{
	if (!hosts || atomic_fetch_sub(&hosts->references, 1) != 1)
		return;
	for (size_t i = 0; i < hosts->config.host_count; i++) {
		SSL_CTX_free(hosts->list[i].ssl);
		free(hosts->list[i].certificates);
		if (hosts->list[i].site.root >= 0)
			site_close(&hosts->list[i].site);
	}
	free(hosts->list);
	free(hosts->names);
	mime_free(hosts->mime);
	config_free(&hosts->config);
	free(hosts);
}

/* ---- the current set ---- */

struct hosts_current {
	pthread_mutex_t lock;
	struct hosts *hosts;		/* holds a reference */
	/* The same pointer, to compare with without the lock; never dereferenced. */
	_Atomic(struct hosts *) seen;
};

int hosts_current_new(struct hosts_current **out, struct hosts *hosts)
{
	struct hosts_current *current = malloc(sizeof(*current));

	if (!current)
		return -ENOMEM;
	pthread_mutex_init(&current->lock, NULL);
	current->hosts = hosts;
	current->seen = hosts;
	*out = current;
	return 0;
}

void hosts_current_free(struct hosts_current *current)
{
	if (!current)
		return;
	hosts_put(current->hosts);
	pthread_mutex_destroy(&current->lock);
	free(current);
}

void hosts_current_set(struct hosts_current *current, struct hosts *hosts)
{
	struct hosts *before;

	pthread_mutex_lock(&current->lock);
	before = current->hosts;
	current->hosts = hosts;
	current->seen = hosts;
	pthread_mutex_unlock(&current->lock);
	hosts_put(before);
}

struct hosts *hosts_current_get(struct hosts_current *current)
{
	struct hosts *hosts;

	pthread_mutex_lock(&current->lock);
	hosts = current->hosts;
	atomic_fetch_add(&hosts->references, 1);
	pthread_mutex_unlock(&current->lock);
	return hosts;
}

/* Comparing addresses is safe: the set that *hosts refers to is not freed, so no other can have
 * its address. */
void hosts_current_follow(struct hosts_current *current, struct hosts **hosts)
{
	if (*hosts == atomic_load(&current->seen))
		return;
	hosts_put(*hosts);
	*hosts = hosts_current_get(current);
}
