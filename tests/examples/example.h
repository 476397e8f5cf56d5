/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_H
#define EXAMPLE_H

/*
 * What both examples begin with, and what is not about tlsring: called as
 *
 *	PROGRAM CERTIFICATE KEY FILE
 *
 * they listen on a free port of 127.0.0.1, print that port, and answer whatever is asked over HTTP
 * with FILE.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <openssl/ssl.h>
#include <tlsring.h>

static struct tlsring_ctx *ctx;
static SSL_CTX *ssl_ctx;
static int file;
static int64_t file_size;

static inline int example_fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(2);
}

/* Returns the listening socket. */
static inline int example_begin(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	socklen_t len = sizeof(address);
	struct stat st;

	signal(SIGPIPE, SIG_IGN);		/* sendfile and splice have no MSG_NOSIGNAL */
	if (argc < 4)
		example_fail("give a certificate, its key, and a file");
	ssl_ctx = SSL_CTX_new(TLS_server_method());
	if (!ssl_ctx || SSL_CTX_use_certificate_chain_file(ssl_ctx, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ssl_ctx, argv[2], SSL_FILETYPE_PEM) != 1 ||
	    tlsring_ctx_new(&ctx, ssl_ctx, NULL))
		example_fail("the certificate or its key cannot be used");
	file = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &st))
		example_fail("the file cannot be read");
	file_size = st.st_size;
	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 128) ||
	    getsockname(listener, (struct sockaddr *)&address, &len))
		example_fail("cannot listen");
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return listener;
}

#endif
