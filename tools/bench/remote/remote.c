// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include "tools/bench/options.h"
#include "tools/bench/remote/guard.h"
#include "tools/bench/remote/message.h"
#include "tools/bench/remote/remote.h"
#include "tools/bench/server/server.h"
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/tools.h"

/* Takes over question. Its answer, a new object; NULL with errno. */
static json_t *remote_ask(int fd, json_t *question)
{
	int ret = bench_message_send(fd, question);

	errno = -ret;
	return ret ? NULL : bench_message_receive(fd, NULL);
}

static int remote_connect(const struct addrinfo *list)
{
	int error = EADDRNOTAVAIL;

	for (; list; list = list->ai_next) {
		int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

		if (fd >= 0 && !connect(fd, list->ai_addr, list->ai_addrlen))
			return fd;
		error = errno;
		if (fd >= 0)
			close(fd);
	}
	return -error;
}

static int remote_dial(const char *text)
{
	struct addrinfo *list = NULL;
	struct address address;
	int fd, ret;

	if (address_parse(text, &address) || !*address.host || !address.port) {
		log_line("--connect %s: give HOST:PORT", text);
		return -1;
	}
	ret = address_resolve(&address, 0, &list);
	if (ret) {
		log_line("--connect %s: %s", text, gai_strerror(ret));
		return -1;
	}
	fd = remote_connect(list);
	freeaddrinfo(list);
	if (fd < 0)
		log_line("--connect %s: %s; is `tlsring bench --listen` running there?", text,
			 strerror(-fd));
	return fd;
}

static int remote_start(struct bench_server *server, const struct bench_setup *setup,
			const struct bench_mode *mode)
{
	const struct bench_options *options = setup->options;
	json_t *answer = remote_ask(
		server->remote, json_pack("{s:s, s:s, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s:i}",
					  "ask", "start", "mode", mode->name,
					  "tls", (int)options->tls,
					  "cipher", (int)options->cipher,
					  "io", (int)options->io,
					  "size", (json_int_t)options->size,
					  "direction", (int)options->direction,
					  "threads", (int)options->threads,
					  "cache", (int)options->cache,
					  "connections", (int)options->connections));
	int result, port;

	if (!answer)
		return -errno;
	if (json_unpack(answer, "{s:i, s:i}", "result", &result, "port", &port))
		result = -EBADMSG;
	json_decref(answer);
	if (result)
		return result;
	server->address = setup->remote_address;
	((struct sockaddr_in *)&server->address)->sin_port = htons((uint16_t)port);
	return 0;
}

static int remote_report(const struct bench_server *server, struct bench_report *report)
{
	json_t *answer = remote_ask(server->remote, json_pack("{s:s}", "ask", "report"));
	int ret = answer ? bench_message_unpack_report(report, answer) : -errno;

	json_decref(answer);
	return ret ? ret : report->result;
}

static int remote_take(const struct bench_server *server, struct bench_snapshot *out)
{
	json_t *answer = remote_ask(server->remote, json_pack("{s:s}", "ask", "look"));
	int ret = answer ? bench_message_unpack_snapshot(out, answer) : -errno;

	json_decref(answer);
	return ret;
}

static void remote_stop(const struct bench_server *server)
{
	json_decref(remote_ask(server->remote, json_pack("{s:s}", "ask", "stop")));
}

static const struct bench_server_ops remote_ops = {
	.start = remote_start, .ask = remote_report, .take = remote_take, .stop = remote_stop,
};

void bench_remote_use(struct bench_setup *setup, int fd)
{
	setup->remote = fd;
	setup->elsewhere = &remote_ops;
}

/* The question for the manifest, with the proof of having the secret. NULL with errno. */
static json_t *remote_introduce(int fd, const struct bench_guard *guard)
{
	char answer[BENCH_GUARD_HEX];
	json_t *hello;
	const char *nonce;

	if (!*guard->secret)
		return json_pack("{s:s}", "ask", "manifest");
	hello = remote_ask(fd, json_pack("{s:s}", "ask", "hello"));
	nonce = json_string_value(json_object_get(hello, "nonce"));
	if (nonce)
		bench_guard_answer(guard, nonce, answer);
	json_decref(hello);
	return nonce ? json_pack("{s:s, s:s}", "ask", "manifest", "proof", answer) : NULL;
}

/* NULL after a message. */
static json_t *remote_manifest(int fd, const char *text, const struct bench_guard *guard)
{
	json_t *question = remote_introduce(fd, guard);
	json_t *answer = question ? remote_ask(fd, question) : NULL;
	const char *version = json_string_value(json_object_get(answer, "tlsring"));

	if (version && !strcmp(version, TLSRING_VERSION))
		return answer;
	if (version)
		log_line("--connect %s: it is another version of tlsring: %s", text, version);
	else if (answer)
		log_line("--connect %s: this is no tlsring bench", text);
	else
		log_line("--connect %s: %s%s", text, strerror(errno), errno != ECONNRESET ? "" :
			 "; it may want the secret of --token, or not know this address (--allow)");
	json_decref(answer);
	return NULL;
}

int bench_remote_open(struct bench_setup *setup, json_t **manifest)
{
	const struct bench_options *options = setup->options;
	socklen_t len = sizeof(setup->remote_address);
	struct bench_guard guard;
	int one = 1, fd;

	if (bench_guard_open(&guard, options->token, NULL))
		return TOOLS_FAILED;
	fd = remote_dial(options->connect);
	if (fd < 0)
		return TOOLS_FAILED;
	bench_remote_use(setup, fd);
	/* Servers listen on the address of this connection. */
	if (getpeername(fd, (struct sockaddr *)&setup->remote_address, &len)) {
		log_line("--connect %s: %s", options->connect, strerror(errno));
		return TOOLS_FAILED;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*manifest = remote_manifest(fd, options->connect, &guard);
	OPENSSL_cleanse(&guard, sizeof(guard));
	return *manifest ? 0 : TOOLS_FAILED;
}
