// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include "tlsring.h"
#include "tools/common/log.h"
#include "tools/serve/banner.h"
#include "tools/serve/cleartext/cleartext.h"
#include "tools/serve/config/file.h"
#include "tools/serve/config/options.h"
#include "tools/serve/hosts/sni.h"
#include "tools/serve/lifecycle.h"
#include "tools/serve/reload.h"
#include "tools/serve/sandbox/landlock.h"
#include "tools/serve/sandbox/sandbox.h"
#include "tools/serve/server.h"
#include "tools/serve/threads.h"
#include "tools/serve/upgrade.h"
#include "tools/serve/user.h"
#include "tools/tools.h"

#define SERVE_LISTEN	":8443"
/* Bytes of freed memory that malloc keeps for the next responses. */
#define SERVE_SPARE	(4 << 20)
#define SERVE_SPARE_ONE	(1 << 20)

/* malloc by default returns what a burst of responses freed at once; the next burst faults it in
 * again. */
static void serve_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, SERVE_SPARE);
	mallopt(M_MMAP_THRESHOLD, SERVE_SPARE_ONE);
}

#define SERVE_FILES	65536

/* Connections are descriptors: raise the soft limit to the hard one. Growing the descriptor
 * table of a process with threads takes tens of milliseconds, so have the kernel grow it now. */
static void serve_descriptors(void)
{
	struct rlimit limit;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC,
		   (limit.rlim_max < SERVE_FILES ? (int)limit.rlim_max : SERVE_FILES) - 1);
	if (fd >= 0)
		close(fd);
}

/* ---- TLS and hosts ---- */

#define SERVE_PLAIN	"This port speaks TLS: write https:// in place of http://\n"
#define SERVE_PLAIN_LEN	"57"
_Static_assert(sizeof(SERVE_PLAIN) == 57 + 1, "SERVE_PLAIN_LEN must be its length");

static const char serve_plain[] =
	"HTTP/1.1 400 Bad Request\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n"
	"Content-Length: " SERVE_PLAIN_LEN "\r\n"
	"Connection: close\r\n"
	"\r\n"
	SERVE_PLAIN;

static int serve_context(struct server *s, const struct config *config)
{
	enum tlsring_when when = config->handover == CONFIG_HANDOVER_ADAPTIVE ? TLSRING_ADAPTIVE :
										TLSRING_AT_ONCE;
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = config->offload,
					       .nic = config->nic, .zerocopy = config->zerocopy,
					       .when = when, .http_response = serve_plain };
	char text[160];
	int ret = tlsring_ctx_new(&s->ctx, s->front, &options);

	if (!ret)
		return 0;
	log_line("cannot set up TLS: %s%s", tlsring_strerror(ret, text, sizeof(text)),
		 ret != -EOPNOTSUPP ? "" :
		 "; --offload require and --nic require need kernel TLS, see `tlsring doctor`");
	return TOOLS_FAILED;
}

/* The provider goes into the process's library context, which openssl.cnf configures. */
static int serve_provider(struct server *s, const struct config *config)
{
	char text[160];
	int ret = 0;

	if (config->handshake_provider == CONFIG_PROVIDER_TLSRING)
		ret = tlsring_provider_load(&s->provider, NULL);
	if (!ret)
		return 0;
	log_line("cannot use the handshake provider: %s%s",
		 tlsring_strerror(ret, text, sizeof(text)),
		 ret != -EOPNOTSUPP ? "" :
		 "; OpenSSL is configured for FIPS here, give --handshake-provider openssl");
	return TOOLS_FAILED;
}

/* The front SSL_CTX points to the current set of hosts, and hosts need the context made from the
 * front: make the set empty, and fill it last. */
static int serve_hosts(struct server *s, struct config *config)
{
	struct hosts *hosts = NULL;
	int ret = hosts_current_new(&s->current, NULL);

	if (ret)
		log_line("cannot start: %s", strerror(-ret));
	if (ret || serve_provider(s, config))
		return TOOLS_FAILED;
	s->front = host_sni_front(s->current);
	if (!s->front)
		return TOOLS_FAILED;
	ret = serve_context(s, config);
	if (!ret)
		ret = reload_hosts(s, config, &hosts);
	if (!ret)
		hosts_current_set(s->current, hosts);
	return ret;
}

/* ---- sockets ---- */

static int serve_listen_all(struct listen_set *set, const struct config_texts *texts)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < texts->count; i++)
		ret = listen_add(set, texts->rows[i].text);
	return ret;
}

static char *serve_copy(const struct config_text *text)
{
	return text->text ? strdup(text->text) : NULL;
}

/* Telemetry outlives the configuration, which the next reload frees: copy its settings. */
static int serve_telemetry(struct server *s, const struct config *config)
{
	s->limits = config->limits;
	s->telemetry_settings = (struct telemetry_settings){
		.access_log = serve_copy(&config->access_log), .format = config->log_format,
		.metrics = serve_copy(&config->metrics),
	};
	return telemetry_open(&s->telemetry, &s->telemetry_settings, &s->limits, config->threads,
			      &s->pool);
}

static int serve_listen(struct server *s, const struct config *config)
{
	int ret;

	ret = listen_pool_take(&s->pool);
	if (ret) {
		log_line("cannot take the inherited sockets: %s", strerror(-ret));
		return TOOLS_FAILED;
	}
	s->listen = (struct listen_set){ .threads = config->threads, .setting = "listen",
					 .pool = &s->pool };
	s->http = (struct listen_set){ .threads = 1, .setting = "http", .pool = &s->pool };
	ret = serve_listen_all(&s->listen, &config->listen);
	if (!ret)
		ret = serve_listen_all(&s->http, &config->http);
	if (!ret)
		ret = serve_telemetry(s, config);
	if (!ret)
		ret = listen_add_rest(&s->http, true);
	if (!ret && !config->listen.count)
		ret = listen_add_rest(&s->listen, false);
	if (!ret && !s->listen.count)
		ret = listen_add(&s->listen, SERVE_LISTEN);
	listen_pool_free(&s->pool);
	return ret;
}

/* Of the first address that has one. */
static unsigned serve_port(const struct listen_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct sockaddr_in *address = (void *)&set->addresses[i].address;

		/* IPv6 has the port at the same offset. */
		if (address->sin_family != AF_UNIX)
			return ntohs(address->sin_port);
	}
	return 443;
}

/* The redirect reads no file. */
static void serve_confine(void)
{
	sandbox_enter_alone(NULL);
}

static int serve_redirect(struct server *s, const struct config *config)
{
	int fds[64], ret;
	size_t count = 0;

	s->redirect.port = config->https_port ? config->https_port : serve_port(&s->listen);
	s->route = (struct cleartext_route){ .any_method = true, .respond = redirect_respond,
					     .user = &s->redirect };
	for (size_t i = 0; i < s->http.count; i++)
		for (unsigned j = 0; j < s->http.addresses[i].count && count < 64; j++)
			fds[count++] = s->http.addresses[i].fds[j];
	if (!count)
		return 0;
	ret = cleartext_start(&s->cleartext, fds, count, &s->route, 1,
			      config->sandbox ? serve_confine : NULL);
	if (!ret)
		return 0;
	log_line("cannot start a thread: %s", strerror(-ret));
	return TOOLS_FAILED;
}

/* ---- the whole ---- */

static int serve_sandbox(struct server *s, const struct hosts *hosts)
{
	int ret;

	if (!hosts->config.sandbox)
		return 0;
	sandbox_protect_memory();
	ret = landlock_new(&s->landlock);
	for (size_t i = 0; !ret && i < hosts->config.host_count; i++)
		ret = landlock_allow(s->landlock, hosts->list[i].site.root);
	if (!ret)
		return 0;
	log_line("cannot make the sandbox: %s; --no-sandbox goes without", strerror(-ret));
	return TOOLS_FAILED;
}

/* Everything that needs privileges comes before user_become(). */
static int serve_begin(struct server *s, const struct hosts *hosts)
{
	const struct config *config = &hosts->config;
	int ret = serve_listen(s, config);

	s->thread_count = config->threads;
	if (!ret)
		ret = user_become(config);
	if (!ret)
		ret = serve_sandbox(s, hosts);
	if (!ret)
		ret = threads_new(s, config);
	if (!ret)
		ret = serve_redirect(s, config);
	if (!ret)
		ret = telemetry_start(s->telemetry, config->sandbox);
	if (ret)
		return ret;
	reload_certificates(s, hosts);
	banner_print(s, hosts);
	return 0;
}

static int serve(struct server *s, struct config *config)
{
	struct hosts *hosts;
	int ret, ended;

	s->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->done < 0 || config_fixed_note(&s->fixed, config)) {
		log_line("cannot start: %s", strerror(errno));
		return TOOLS_FAILED;
	}
	ret = serve_hosts(s, config);
	if (ret)
		return ret;
	hosts = hosts_current_get(s->current);
	ret = serve_begin(s, hosts);
	hosts_put(hosts);
	if (ret)
		return ret;
	ret = threads_start(s);
	if (!ret)
		return lifecycle_run(s);
	threads_stop(s, 0);
	ended = threads_join(s);
	return ret ? ret : ended;
}

static void serve_free(struct server *s)
{
	cleartext_stop(s->cleartext);
	/* The telemetry reads the engines: end its thread before they go. */
	if (s->telemetry)
		telemetry_retire(s->telemetry);
	threads_free(s);
	telemetry_close(s->telemetry);
	free((char *)s->telemetry_settings.access_log);
	free((char *)s->telemetry_settings.metrics);
	listen_close(&s->listen);
	listen_close(&s->http);
	listen_pool_free(&s->pool);
	tlsring_ctx_free(s->ctx);
	SSL_CTX_free(s->front);
	hosts_current_free(s->current);
	OSSL_PROVIDER_unload(s->provider);
	landlock_free(s->landlock);
	config_fixed_free(&s->fixed);
	if (s->done >= 0)
		close(s->done);
}

/* Can the access log be written or created? Checks without creating it. */
static int serve_check_log(const struct config *config)
{
	const char *path = config->access_log.text;
	char where[CONFIG_WHERE], *folder;
	int error = 0;

	if (!path || !strcmp(path, "-"))
		return 0;
	folder = strdup(path);
	if (!folder)
		return TOOLS_FAILED;
	if (access(path, W_OK) && (errno != ENOENT || access(dirname(folder), W_OK | X_OK)))
		error = errno;
	free(folder);
	if (!error)
		return 0;
	log_line("%scannot open the access log %s: %s",
		 config_where(config, config->access_log.line, where), path,
		 strerror(error));
	return TOOLS_FAILED;
}

/* --check: look at everything but the network. ret: of the text; mistakes there do not hide
 * those in the files that it names. */
static int serve_check(struct server *s, struct config *config, int ret)
{
	char *file = config->file ? strdup(config->file) : NULL;

	if (user_check(config))
		ret = TOOLS_FAILED;
	if (serve_check_log(config))
		ret = TOOLS_FAILED;
	if ((!ret || config->host_count) && serve_hosts(s, config))
		ret = TOOLS_FAILED;
	log_line("%s: %s", file ? file : "the call", ret ? "there are mistakes" : "no mistakes");
	free(file);
	return ret;
}

int serve_main(int argc, char **argv)
{
	struct server s = { .done = -1, .argc = argc, .argv = argv };
	enum config_action action;
	struct config config;
	int ret;

	serve_descriptors();
	serve_memory();
	lifecycle_block_signals();
	upgrade_init();
	ret = config_options_parse(&config, &action, argc, argv);
	if (!ret && action == CONFIG_PRINT)
		config_file_print(&config, stdout);
	else if ((!ret || ret == TOOLS_FAILED) && action == CONFIG_CHECK)
		ret = serve_check(&s, &config, ret);
	else if (!ret)
		ret = serve(&s, &config);
	serve_free(&s);
	config_free(&config);
	return ret < 0 ? 0 : ret;
}
