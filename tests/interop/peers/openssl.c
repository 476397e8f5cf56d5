// SPDX-License-Identifier: MIT
/*
 * OpenSSL's end of an exchange (see ours.c), in user space, one direction after the other:
 *
 *	openssl serve [OPTION...]		prints "port N", serves one connection after the other
 *	openssl connect [OPTION...] PORT UP DOWN	status 0: the hashes agreed
 *
 *	-c NAME=VALUE	a setting of the SSL_CTX, as SSL_CONF_cmd(3) has it
 *	-k BYTES	change the sending key, and ask for the same, after so many bytes
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#define PIECE	65521
#define HEX	(2 * 32 + 1)

static uint64_t update_after;
static uint8_t pattern[PIECE], space[PIECE];

__attribute__((noreturn))
static void die(const char *what)
{
	fprintf(stderr, "%s: ", what);
	ERR_print_errors_fp(stderr);
	fputc('\n', stderr);
	exit(1);
}

static void finish(EVP_MD_CTX *md, char hex[HEX])
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	EVP_DigestFinal_ex(md, digest, NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	EVP_MD_CTX_free(md);
}

static EVP_MD_CTX *begin(void)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	return md;
}

static void put(SSL *ssl, uint64_t len, char hex[HEX])
{
	EVP_MD_CTX *md = begin();
	uint64_t since = 0;

	while (len) {
		size_t piece = len < PIECE ? len : PIECE;

		EVP_DigestUpdate(md, pattern, piece);
		if (SSL_write(ssl, pattern, (int)piece) <= 0)
			die("writing");
		len -= piece;
		since += piece;
		if (!update_after || since < update_after || SSL_version(ssl) != TLS1_3_VERSION)
			continue;
		since = 0;
		if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1)
			die("KeyUpdate");
	}
	finish(md, hex);
}

static void get(SSL *ssl, uint64_t len, char hex[HEX])
{
	EVP_MD_CTX *md = begin();

	while (len) {
		int got = SSL_read(ssl, space, len < PIECE ? (int)len : PIECE);

		if (got <= 0)
			die("reading");
		EVP_DigestUpdate(md, space, (size_t)got);
		len -= (uint64_t)got;
	}
	finish(md, hex);
}

static void get_line(SSL *ssl, char *line, size_t room)
{
	size_t used = 0;

	do {
		if (used == room - 1 || SSL_read(ssl, line + used, 1) != 1)
			die("reading a line");
	} while (line[used++] != '\n');
	line[used] = '\0';
}

/* Until the peer's close_notify; then ours. */
static void leave(SSL *ssl)
{
	uint8_t byte;
	int got = SSL_read(ssl, &byte, 1);

	if (SSL_get_error(ssl, got) != SSL_ERROR_ZERO_RETURN)
		die("no clean end");
	SSL_shutdown(ssl);
}

static void answer(SSL *ssl)
{
	char line[64], up_hex[HEX], down_hex[HEX];
	uint64_t up, down;

	get_line(ssl, line, sizeof(line));
	if (sscanf(line, "%" SCNu64 " %" SCNu64, &up, &down) != 2)
		die(line);
	get(ssl, up, up_hex);
	put(ssl, down, down_hex);
	if (SSL_write(ssl, up_hex, HEX - 1) <= 0 || SSL_write(ssl, " ", 1) <= 0 ||
	    SSL_write(ssl, down_hex, HEX - 1) <= 0 || SSL_write(ssl, "\n", 1) <= 0)
		die("writing");
	leave(ssl);
}

static void ask(SSL *ssl, uint64_t up, uint64_t down)
{
	char line[2 * HEX + 1], want[2 * HEX + 1], up_hex[HEX], down_hex[HEX];

	snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 "\n", up, down);
	if (SSL_write(ssl, line, (int)strlen(line)) <= 0)
		die("writing");
	put(ssl, up, up_hex);
	get(ssl, down, down_hex);
	get_line(ssl, line, sizeof(line));
	snprintf(want, sizeof(want), "%s %s\n", up_hex, down_hex);
	if (strcmp(line, want)) {
		printf("expected %sgot      %s", want, line);
		exit(1);
	}
	SSL_shutdown(ssl);
	leave(ssl);
}

static void serve(SSL_CTX *ctx)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		die("listen");
	printf("port %u\n", ntohs(addr.sin_port));
	for (;;) {
		int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		SSL *ssl = SSL_new(ctx);

		if (conn < 0 || !ssl || !SSL_set_fd(ssl, conn) || SSL_accept(ssl) != 1)
			die("accept");
		answer(ssl);
		SSL_free(ssl);
		close(conn);
	}
}

static void connect_to(SSL_CTX *ctx, char **args)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)atoi(args[0])) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(ctx);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	if (!ssl || !SSL_set_fd(ssl, fd) || SSL_connect(ssl) != 1)
		die("handshake");
	ask(ssl, strtoull(args[1], NULL, 10), strtoull(args[2], NULL, 10));
	SSL_free(ssl);
	close(fd);
}

static void setting(SSL_CTX *ctx, bool server, char *text)
{
	SSL_CONF_CTX *conf = SSL_CONF_CTX_new();
	char *value = strchr(text, '=');

	if (!value)
		die(text);
	*value++ = '\0';
	SSL_CONF_CTX_set_flags(conf, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CERTIFICATE | SSL_CONF_FLAG_SHOW_ERRORS |
			       (server ? SSL_CONF_FLAG_SERVER : SSL_CONF_FLAG_CLIENT));
	SSL_CONF_CTX_set_ssl_ctx(conf, ctx);
	if (SSL_CONF_cmd(conf, text, value) < 1 || !SSL_CONF_CTX_finish(conf))
		die(text);
	SSL_CONF_CTX_free(conf);
}

int main(int argc, char **argv)
{
	bool server = argc > 1 && !strcmp(argv[1], "serve");
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	int letter;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < PIECE; i++)
		pattern[i] = (uint8_t)(i * i >> 7 ^ i);
	optind = 2;
	while ((letter = getopt(argc, argv, "c:k:")) != -1) {
		if (letter == 'c')
			setting(ctx, server, optarg);
		else if (letter == 'k')
			update_after = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (server)
		serve(ctx);
	if (argc - optind != 3)
		return 2;
	connect_to(ctx, argv + optind);
	SSL_CTX_free(ctx);
	return 0;
}
