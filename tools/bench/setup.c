// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "tools/bench/machine/descriptors.h"
#include "tools/bench/options.h"
#include "tools/bench/server/cold.h"
#include "tools/bench/setup.h"
#include "tools/common/certificate_self.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define SETUP_MANY	1000	/* connections, from which on the client saves memory */

/* Indexed as bench_ciphers. The certificate has an EC key. */
static const struct {
	const char *tls12, *tls13;
} setup_ciphers[] = {
	{ "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256" },
	{ "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384" },
	{ "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_CHACHA20_POLY1305_SHA256" },
};

static bool setup_limit(SSL_CTX *ssl, const struct bench_options *options)
{
	bool old = !strcmp(bench_versions[options->tls], "1.2");
	int version = old ? TLS1_2_VERSION : TLS1_3_VERSION;

	return SSL_CTX_set_min_proto_version(ssl, version) &&
	       SSL_CTX_set_max_proto_version(ssl, version) &&
	       (old ? SSL_CTX_set_cipher_list(ssl, setup_ciphers[options->cipher].tls12) :
		      SSL_CTX_set_ciphersuites(ssl, setup_ciphers[options->cipher].tls13));
}

static int setup_tls(struct bench_setup *s, const struct bench_options *options)
{
	struct certificate certificate;
	const char *why;

	s->server = SSL_CTX_new(TLS_server_method());
	s->client = SSL_CTX_new(TLS_client_method());
	if (!s->server || !s->client || !setup_limit(s->server, options) ||
	    !setup_limit(s->client, options)) {
		why = ERR_reason_error_string(ERR_peek_last_error());
		log_line("this OpenSSL cannot do TLS %s with %s: %s", bench_versions[options->tls],
			 bench_ciphers[options->cipher], why ? why : "it says no more");
		return TOOLS_FAILED;
	}
	/* The server is to send nothing but answers. */
	SSL_CTX_set_num_tickets(s->server, 0);
	SSL_CTX_set_options(s->server, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(s->server, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(s->server,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* The client reads several records at a time, so as to take little CPU time from the
	 * server. */
	SSL_CTX_set_read_ahead(s->client, 1);
	SSL_CTX_set_default_read_buffer_len(s->client, 256 * 1024);
	SSL_CTX_set_mode(s->client,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Else 100,000 connections would need 25 GiB. */
	if (options->connections > SETUP_MANY)
		SSL_CTX_set_mode(s->client, SSL_MODE_RELEASE_BUFFERS);
	return certificate_self_use(s->server, NULL, &certificate) ? TOOLS_FAILED : 0;
}

/* No two pages are the same, so that a wrong one is noticed. */
static int setup_file(struct bench_setup *s, const struct bench_options *options)
{
	uint64_t *words, state = 0x9e3779b97f4a7c15, room = (options->size + 7) / 8 * 8;

	s->file = memfd_create("tlsring-bench", MFD_CLOEXEC);
	if (s->file < 0 || ftruncate(s->file, (off_t)room))
		goto failed;
	words = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, s->file, 0);
	if (words == MAP_FAILED)
		goto failed;
	for (uint64_t i = 0; i < room / 8; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
	s->map = (const uint8_t *)words;
	return 0;
failed:
	log_line("no memory for a file of %llu bytes: %s; try a smaller --size",
		 (unsigned long long)options->size, strerror(errno));
	return TOOLS_FAILED;
}

static int setup_descriptors(const struct bench_options *options)
{
	unsigned wanted = options->connections + BENCH_DESCRIPTORS_OTHER;
	unsigned has = bench_descriptors_raise(wanted);

	if (has >= wanted)
		return 0;
	log_line("--connections %u: a process of this user may have %u descriptors; raise `ulimit "
		 "-Hn`, "
		 "or take fewer",
		 options->connections, has);
	return TOOLS_FAILED;
}

int bench_setup_open(struct bench_setup *s, const struct bench_options *options,
		     const volatile sig_atomic_t *interrupted)
{
	int ret;

	*s = (struct bench_setup){ .options = options, .file = -1, .interrupted = interrupted,
				   .remote = -1 };
	*(struct sockaddr_in *)&s->listen =
		(struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ret = setup_descriptors(options);
	if (!ret)
		ret = setup_tls(s, options);
	if (!ret)
		ret = setup_file(s, options);
	/* Copies are only needed where the servers are. */
	return ret || options->cache != BENCH_COLD || options->connect ||
			       bench_options_bad_net(options) ?
		       ret :
		       bench_cold_open(s);
}

void bench_setup_free(struct bench_setup *s)
{
	SSL_CTX_free(s->server);
	SSL_CTX_free(s->client);
	bench_cold_close(s);
	if (s->map)
		munmap((void *)s->map, (s->options->size + 7) / 8 * 8);
	if (s->file >= 0)
		close(s->file);
	if (s->remote >= 0)
		close(s->remote);
	if (s->agent > 0)
		while (waitpid(s->agent, NULL, 0) < 0 && errno == EINTR)
			;
}
