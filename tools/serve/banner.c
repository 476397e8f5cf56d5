// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include "tlsring.h"
#include "tools/common/address.h"
#include "tools/common/certificate_self.h"
#include "tools/common/log.h"
#include "tools/serve/banner.h"
#include "tools/serve/sandbox/sandbox.h"
#include "tools/serve/server.h"

static void banner_path(const char *name, enum tlsring_path path, enum tlsring_reason why)
{
	bool remedy = *tlsring_reason_remedy(why);

	switch (path) {
	case TLSRING_PATH_NIC:
		log_line("%s: network card", name);
		break;
	case TLSRING_PATH_KERNEL:
		log_line("%s: kernel (AES-GCM and what else `tlsring doctor` lists)", name);
		break;
	default:
		log_line("%s: user space: %s%s", name, tlsring_reason_text(why),
			 remedy ? "; `tlsring doctor` says what to do" : "");
	}
}

/* What the choice was made by. */
static void banner_costs(const struct config *config)
{
	struct tlsring_costs costs = { .size = sizeof(costs) };

	if (config->offload != TLSRING_OFFLOAD_FASTEST || tlsring_costs(&costs))
		return;
	if (costs.kernel_ns)
		log_line("sealing and sending a MiB takes %.0f us of processor time in the kernel, "
			 "%.0f in user space",
			 (double)costs.kernel_ns / 1000, (double)costs.user_ns / 1000);
	else
		log_line("sealing and sending a MiB takes %.0f us of processor time in user space",
			 (double)costs.user_ns / 1000);
}

/* Where records are sealed: one line where both directions agree. */
static void banner_records(const struct tlsring_ctx *ctx)
{
	enum tlsring_reason tx_why, rx_why;
	enum tlsring_path tx = tlsring_ctx_expected(ctx, true, &tx_why);
	enum tlsring_path rx = tlsring_ctx_expected(ctx, false, &rx_why);
	bool same = tx == rx && tx_why == rx_why;

	banner_path(same ? "records" : "sending", tx, tx_why);
	if (!same)
		banner_path("receiving", rx, rx_why);
}

static int banner_io_finding(const struct tlsring_finding *finding, void *user)
{
	(void)user;
	if (strcmp(finding->name, "uring.setup") || finding->state == TLSRING_GOOD)
		return 0;
	log_line("io: epoll: %s; %s", finding->text, finding->remedy);
	return 1;
}

static void banner_io(const struct server *s, const struct config *config)
{
	if (tlsring_engine_io(s->threads[0].engine) == TLSRING_IO_URING)
		log_line("io: io_uring");
	else if (config->io == TLSRING_IO_EPOLL || !tlsring_diagnose(banner_io_finding, NULL))
		log_line("io: epoll");
}

static bool banner_wildcard(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
	return v4->sin_addr.s_addr == INADDR_ANY;
}

static void banner_address(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	char text[ADDRESS_TEXT];

	address_text(address, text);
	if (address->ss_family == AF_UNIX)
		log_line("listening on %s", text);
	/* IPv6 has the port at the same offset. */
	else if (banner_wildcard(address))
		log_line("listening on %s: https://localhost:%u/", text, ntohs(v4->sin_port));
	else
		log_line("listening on %s: https://%s/", text, text);
}

static void banner_redirect(const struct server *s, const struct sockaddr_storage *address)
{
	char text[ADDRESS_TEXT];

	log_line("redirecting http://%s/ to https, port %u", address_text(address, text),
		 s->redirect.port);
}

static void banner_hosts(const struct config *config)
{
	const char *threads = config->threads > 1 ? "threads" : "thread";

	if (config->host_count == 1)
		log_line("serving %s with %u %s", config->hosts[0].dir.text, config->threads,
			 threads);
	else
		log_line("serving %zu hosts with %u %s", config->host_count, config->threads,
			 threads);
	for (size_t i = 0; config->host_count > 1 && i < config->host_count; i++) {
		const struct config_host *host = &config->hosts[i];

		log_line("%s: %s", host->names.count ? host->names.rows[0].text : "other names",
			 host->dir.text);
	}
}

void banner_print(const struct server *s, const struct hosts *hosts)
{
	const struct config *config = &hosts->config;
	size_t own = 0;

	while (own < config->host_count && config->hosts[own].certs.count)
		own++;
	if (own < config->host_count)
		certificate_self_announce();
	banner_costs(config);
	banner_records(s->ctx);
	banner_io(s, config);
	sandbox_announce(s->landlock);
	banner_hosts(config);
	telemetry_announce(s->telemetry);
	for (size_t i = 0; i < s->http.count; i++)
		banner_redirect(s, &s->http.addresses[i].address);
	for (size_t i = 0; i < s->listen.count; i++)
		banner_address(&s->listen.addresses[i].address);
}
