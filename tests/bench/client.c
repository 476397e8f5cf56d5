// SPDX-License-Identifier: MIT
/*
 * The client of the benchmark, the same for every server: TLS 1.3 in user space, AES-128-GCM,
 * X25519. It reads the server's own CPU time (of all its threads) before and after each batch,
 * when the server has come to rest, and prints the median of the batches:
 *
 *	client requests PID PORT PATH CONNECTIONS COUNT [IDLE]
 *							instructions per response; beside so many
 *							connections (TLS 1.2) that are silent after one
 *	client connections PID PORT PATH full|resumed COUNT	instructions per connection
 *	client memory PID PORT PATH COUNT		anonymous bytes per idle connection
 *	client aes					instructions per MiB in records of 16 KiB
 *
 * Nanoseconds are instructions where the rig counts.
 */
#include <openssl/evp.h>
#include "tests/bench/client.h"

#define BATCHES		5
#define WARM		3	/* one part in so many beforehand */
#define MEMORY_WARM	500	/* connections until a server has its own buffers */
#define RECORD		16384

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

static void leave_open(const char *path, size_t count, bool cheap)
{
	while (count--) {
		SSL *ssl = cheap ? dial_cheaply(dial_socket()) : dial(false);

		ask(ssl, path);
		take(ssl);
		leave(ssl);
	}
	/* A server may tidy up when a connection has been idle for a moment. */
	sleep(count ? 3 : 0);
}

static double measure_requests(const char *path, size_t connections, size_t count, size_t idle)
{
	SSL **ssl = calloc(connections, sizeof(*ssl));
	double batch[BATCHES];

	if (!ssl || !connections || !count || count % connections)
		die("COUNT must be a multiple of CONNECTIONS");
	leave_open(path, idle, true);
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

static double measure_memory(const char *path, size_t count)
{
	uint64_t before;

	leave_open(path, MEMORY_WARM, false);
	before = server_anonymous();
	leave_open(path, count, false);
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
	if ((argc == 7 || argc == 8) && !strcmp(argv[1], "requests"))
		return measure_requests(argv[4], strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10),
					argc == 8 ? strtoul(argv[7], NULL, 10) : 0);
	if (argc == 7 && !strcmp(argv[1], "connections"))
		return measure_connections(argv[4], !strcmp(argv[5], "resumed"), strtoul(argv[6], NULL, 10));
	if (argc == 6 && !strcmp(argv[1], "memory"))
		return measure_memory(argv[4], strtoul(argv[5], NULL, 10));
	die("usage: see the head of client.c");
}

int main(int argc, char **argv)
{
	printf("%.0f\n", measure(argc, argv));
	put_away();
	return 0;
}
