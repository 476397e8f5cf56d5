/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

/* What the benchmark's clients share: TLS 1.3 in user space, AES-128-GCM, X25519, and a look at what
 * the server has used. */

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/ssl.h>

static SSL_CTX *ctx, *cheap_ctx;
static SSL_SESSION *ticket, *cheap_ticket;	/* the newest */
static pid_t server;
static unsigned short port;

__attribute__((noreturn, format(printf, 1, 2)))
static inline void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* ---- what the server has used ---- */

static inline uint64_t cpu_of(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long long ns = 0;

	if (!file || fscanf(file, "%llu", &ns) != 1)
		die("cannot read %s", path);
	fclose(file);
	return ns;
}

static inline uint64_t server_cpu(void)
{
	char path[sizeof("/proc//task//schedstat") + 300];
	struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", server);
	dir = opendir(path);
	if (!dir)
		die("the server has gone");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", server, entry->d_name);
		sum += cpu_of(path);
	}
	closedir(dir);
	return sum;
}

/* The number behind `name` in a file of lines "name: number kB". */
static inline uint64_t kib_of(const char *path, const char *name)
{
	size_t len = strlen(name);
	uint64_t kib = 0;
	char line[256];
	FILE *file = fopen(path, "re");

	if (!file)
		die("cannot read %s", path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = strtoull(line + len + 1, NULL, 10);
	fclose(file);
	return kib;
}

static inline uint64_t server_anonymous(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", server);
	return kib_of(path, "Anonymous") * 1024;
}

/* Until whatever the last batch left to do is done. */
static inline void rest(void)
{
	usleep(200 * 1000);
}

static inline int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* ---- one connection ---- */

static inline int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **newest = SSL_version(ssl) == TLS1_2_VERSION ? &cheap_ticket : &ticket;

	SSL_SESSION_free(*newest);
	*newest = session;
	return 1;
}

static inline SSL_CTX *client_ctx(int version, const char *groups)
{
	SSL_CTX *new = SSL_CTX_new(TLS_client_method());

	if (!new || !SSL_CTX_set_min_proto_version(new, version) || !SSL_CTX_set_max_proto_version(new, version) ||
	    !SSL_CTX_set_ciphersuites(new, "TLS_AES_128_GCM_SHA256") ||
	    !SSL_CTX_set_cipher_list(new, "ECDHE-ECDSA-AES128-GCM-SHA256") ||
	    !SSL_CTX_set1_groups_list(new, groups))
		die("cannot set up TLS");
	SSL_CTX_set_session_cache_mode(new, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(new, on_ticket);
	return new;
}

static inline void prepare(void)
{
	ctx = client_ctx(TLS1_3_VERSION, "X25519");
	cheap_ctx = client_ctx(TLS1_2_VERSION, "X25519:P-256");	/* a certificate's curve is one of these too */
}

static inline void put_away(void)
{
	SSL_SESSION_free(ticket);
	SSL_SESSION_free(cheap_ticket);
	SSL_CTX_free(ctx);
	SSL_CTX_free(cheap_ctx);
}

static inline int dial_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		die("no socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static inline SSL *shake_hands(SSL_CTX *with, int fd, SSL_SESSION *session)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	SSL *ssl = SSL_new(with);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!ssl || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot connect");
	SSL_set_fd(ssl, fd);
	if (session && !SSL_set_session(ssl, session))
		die("no session to resume");
	if (SSL_connect(ssl) != 1)
		die("handshake failed");
	if (!!session != !!SSL_session_reused(ssl))
		die("the session was%s resumed", session ? " not" : "");
	return ssl;
}

static inline SSL *dial_on(int fd, bool resume)
{
	if (resume && !ticket)
		die("no ticket to resume with");
	return shake_hands(ctx, fd, resume ? ticket : NULL);
}

/* TLS 1.2, all but the first resumed, exchanges no keys: thousands are there in a tenth of the time. */
static inline SSL *dial_cheaply(int fd)
{
	return shake_hands(cheap_ctx, fd, cheap_ticket);
}

/* The socket stays. Told that nothing is wrong, SSL_free lets the ticket be used further. */
static inline void leave(SSL *ssl)
{
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN);
	SSL_free(ssl);
}

static inline SSL *dial(bool resume)
{
	return dial_on(dial_socket(), resume);
}

static inline void hang_up(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static inline void ask(SSL *ssl, const char *path)
{
	char request[512];
	int len = snprintf(request, sizeof(request),
			   "GET /%s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tlsring-bench\r\n"
			   "Accept: */*\r\n\r\n", path);

	if (SSL_write(ssl, request, len) != len)
		die("cannot send");
}

/* Reads one response to its end. */
static inline void take(SSL *ssl)
{
	static char buf[64 * 1024];
	const char *field, *body;
	unsigned long long left;
	int got, have = 0;

	do {
		got = SSL_read(ssl, buf + have, (int)sizeof(buf) - 1 - have);
		if (got <= 0)
			die("the server closed");
		have += got;
		buf[have] = '\0';
		body = strstr(buf, "\r\n\r\n");
	} while (!body);
	field = strcasestr(buf, "\r\nContent-Length: ");
	if (strncmp(buf, "HTTP/1.1 200 ", 13) || !field)
		die("not the answer: %.60s", buf);
	left = strtoull(field + 18, NULL, 10) - (unsigned long long)(buf + have - body - 4);
	while (left) {
		got = SSL_read(ssl, buf, left < sizeof(buf) ? (int)left : (int)sizeof(buf));
		if (got <= 0)
			die("the server closed");
		left -= (unsigned)got;
	}
}

#endif
