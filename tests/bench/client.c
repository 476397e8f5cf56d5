// SPDX-License-Identifier: MIT
/*
 * The client of the benchmark, the same for every server: TLS 1.3 in user space, AES-128-GCM,
 * X25519. It reads the server's own CPU time (of all its threads) before and after each batch,
 * when the server has come to rest, and prints the median of the batches:
 *
 *	client requests PID PORT PATH CONNECTIONS COUNT	instructions per response
 *	client connections PID PORT PATH full|resumed COUNT	instructions per connection
 *	client memory PID PORT PATH COUNT		anonymous bytes per idle connection
 *	client aes					instructions per MiB in records of 16 KiB
 *
 * Nanoseconds are instructions where the rig counts.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#define BATCHES		5
#define WARM		3	/* one part in so many beforehand */
#define MEMORY_WARM	500	/* connections until a server has its own buffers */
#define RECORD		16384

static SSL_CTX *ctx;
static SSL_SESSION *ticket;	/* the newest */
static pid_t server;
static unsigned short port;

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* ---- what the server has used ---- */

static uint64_t cpu_of(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long long ns = 0;

	if (!file || fscanf(file, "%llu", &ns) != 1)
		die("cannot read %s", path);
	fclose(file);
	return ns;
}

static uint64_t server_cpu(void)
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

static uint64_t server_anonymous(void)
{
	unsigned long long kib = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", server);
	file = fopen(path, "re");
	if (!file)
		die("cannot read %s", path);
	while (fgets(line, sizeof(line), file) && sscanf(line, "Anonymous: %llu", &kib) != 1)
		;
	fclose(file);
	return kib * 1024;
}

/* Until whatever the last batch left to do is done. */
static void rest(void)
{
	usleep(200 * 1000);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* ---- one connection ---- */

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(ticket);
	ticket = session;
	return 1;
}

static void prepare(void)
{
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") ||
	    !SSL_CTX_set1_groups_list(ctx, "X25519"))
		die("cannot set up TLS");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
}

static SSL *dial(bool resume)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	SSL *ssl = SSL_new(ctx);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || !ssl || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	SSL_set_fd(ssl, fd);
	if (resume && (!ticket || !SSL_set_session(ssl, ticket)))
		die("no ticket to resume with");
	if (SSL_connect(ssl) != 1)
		die("handshake failed");
	if (resume != !!SSL_session_reused(ssl))
		die("the session was%s resumed", resume ? " not" : "");
	return ssl;
}

static void hang_up(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static void ask(SSL *ssl, const char *path)
{
	char request[512];
	int len = snprintf(request, sizeof(request),
			   "GET /%s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tlsring-bench\r\n"
			   "Accept: */*\r\n\r\n", path);

	if (SSL_write(ssl, request, len) != len)
		die("cannot send");
}

/* Reads one response to its end. */
static void take(SSL *ssl)
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

/* ---- what is measured ---- */

/* One request at a time on each connection. */
static void request_rounds(SSL **ssl, size_t connections, const char *path, size_t count)
{
	for (size_t done = 0; done < count; done += connections) {
		for (size_t i = 0; i < connections; i++)
			ask(ssl[i], path);
		for (size_t i = 0; i < connections; i++)
			take(ssl[i]);
	}
}

static double measure_requests(const char *path, size_t connections, size_t count)
{
	SSL **ssl = calloc(connections, sizeof(*ssl));
	double batch[BATCHES];

	if (!ssl || !connections || !count || count % connections)
		die("COUNT must be a multiple of CONNECTIONS");
	for (size_t i = 0; i < connections; i++)
		ssl[i] = dial(false);
	request_rounds(ssl, connections, path, count / WARM + 1);
	for (size_t i = 0; i < BATCHES; i++) {
		uint64_t before;

		rest();
		before = server_cpu();
		request_rounds(ssl, connections, path, count);
		rest();
		batch[i] = (double)(server_cpu() - before) / (double)count;
	}
	for (size_t i = 0; i < connections; i++)
		hang_up(ssl[i]);
	free(ssl);
	return median(batch, BATCHES);
}

static void connect_rounds(const char *path, bool resume, size_t count)
{
	while (count--) {
		SSL *ssl = dial(resume);

		ask(ssl, path);
		take(ssl);
		hang_up(ssl);
	}
}

static double measure_connections(const char *path, bool resume, size_t count)
{
	double batch[BATCHES];

	connect_rounds(path, false, count / WARM + 1);
	for (size_t i = 0; i < BATCHES; i++) {
		uint64_t before;

		rest();
		before = server_cpu();
		connect_rounds(path, resume, count);
		rest();
		batch[i] = (double)(server_cpu() - before) / (double)count;
	}
	return median(batch, BATCHES);
}

/* The socket stays, our SSL need not. */
static void leave_open(const char *path, size_t count)
{
	while (count--) {
		SSL *ssl = dial(false);

		ask(ssl, path);
		take(ssl);
		SSL_free(ssl);
	}
	/* A server may tidy up when a connection has been idle for a moment. */
	sleep(3);
}

static double measure_memory(const char *path, size_t count)
{
	uint64_t before;

	leave_open(path, MEMORY_WARM);
	before = server_anonymous();
	leave_open(path, count);
	return (double)(server_anonymous() - before) / (double)count;
}

static double measure_aes(void)
{
	static unsigned char plain[RECORD + 1], sealed[RECORD + 1], key[16], tag[16];
	const size_t mib = 16;
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	double batch[BATCHES];
	int len;

	if (!cipher || !EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, key, key))
		die("no AES");
	for (size_t i = 0; i < BATCHES; i++) {
		uint64_t before;

		usleep(1000);	/* the clock is brought up to date when we sleep */
		before = cpu_of("/proc/self/schedstat");
		for (size_t record = 0; record < mib * 1024 * 1024 / RECORD; record++) {
			unsigned char iv[12] = { (unsigned char)record };

			if (!EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, iv) ||
			    !EVP_EncryptUpdate(cipher, NULL, &len, iv, 5) ||
			    !EVP_EncryptUpdate(cipher, sealed, &len, plain, sizeof(plain)) ||
			    !EVP_EncryptFinal_ex(cipher, sealed, &len) ||
			    !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag))
				die("AES failed");
		}
		usleep(1000);
		batch[i] = (double)(cpu_of("/proc/self/schedstat") - before) / (double)mib;
	}
	EVP_CIPHER_CTX_free(cipher);
	return median(batch, BATCHES);
}

static double measure(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "aes"))
		return measure_aes();
	if (argc < 6)
		die("usage: see the head of client.c");
	server = atoi(argv[2]);
	port = (unsigned short)atoi(argv[3]);
	prepare();
	if (argc == 7 && !strcmp(argv[1], "requests"))
		return measure_requests(argv[4], strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10));
	if (argc == 7 && !strcmp(argv[1], "connections"))
		return measure_connections(argv[4], !strcmp(argv[5], "resumed"), strtoul(argv[6], NULL, 10));
	if (argc == 6 && !strcmp(argv[1], "memory"))
		return measure_memory(argv[4], strtoul(argv[5], NULL, 10));
	die("usage: see the head of client.c");
}

int main(int argc, char **argv)
{
	printf("%.0f\n", measure(argc, argv));
	SSL_SESSION_free(ticket);
	SSL_CTX_free(ctx);
	return 0;
}
