// SPDX-License-Identifier: MIT
/*
 * What a core of the process would tell after the hand-over. The connection is a child's; its peer,
 * here, knows the secrets and looks for them in the child's memory: what a core leaves out may hold
 * those that a change of keys needs, the rest none. Where a core can be had it is searched too.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <openssl/ssl.h>
#include "ktls/export.h"
#include "ktls/schedule.h"
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

#define PIECE	(1u << 20)
#define NEEDLES	8

struct needle {
	const char *name;
	uint8_t bytes[KTLS_SECRET_MAX];
	size_t len;
	bool kept;			/* may be where a core does not go */
};

struct hunt {
	struct needle needles[NEEDLES];
	int count;
	pid_t child;
	int fd;				/* the peer's */
	int ready[2];
};

/* ---- the child: one connection, handed over ---- */

/* A client that keeps sessions has its SSL until the first data after the tickets. */
static void serve(struct hunt *hunt, int fd, SSL_CTX *ssl_ctx, bool server)
{
	struct tlsring_info info = { .size = sizeof(info) };
	struct tlsring_session *session;
	struct tlsring_ctx *ctx;
	SSL *ssl;
	char byte;

	EQ(tlsring_ctx_new(&ctx, ssl_ctx, NULL), 0);
	ssl = SSL_new(ssl_ctx);
	EQ(tlsring_watch(ssl), 0);
	SSL_set_fd(ssl, fd);
	server ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
	EQ(tlsring_handshake(ssl), 0);
	EQ(tlsring_session_new(&session, ctx, ssl, fd), 0);
	EQ(tlsring_session_handover(session), 0);
	EQ(tlsring_session_info(session, &info), 0);
	EQ(info.tx.path, TLSRING_PATH_KERNEL);
	EQ(info.rx.path, TLSRING_PATH_KERNEL);
	EQ(tlsring_session_recv(session, &byte, 1), 1);
	EQ(tlsring_session_send(session, &byte, 1), 1);
	EQ(write(hunt->ready[1], "", 1), 1);
	for (;;)
		pause();
}

static void child_start(struct hunt *hunt, const char *suite, bool server, bool caches)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	SSL_CTX *ctx = peer_ctx(server, suite);
	int fd;

	if (caches)
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	peer_sockets(&fd, &hunt->fd);
	CHECK(!pipe(hunt->ready));
	hunt->child = fork();
	CHECK(hunt->child >= 0);
	if (!hunt->child) {
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &all);
		alarm(KTAP_DEADLINE);
		serve(hunt, fd, ctx, server);
	}
	close(fd);
	SSL_CTX_free(ctx);
}

/* ---- the peer ---- */

static void needle_add(struct hunt *hunt, const char *name, const void *bytes, size_t len, bool kept)
{
	struct needle *needle = &hunt->needles[hunt->count++];

	CHECK(hunt->count <= NEEDLES && len >= 16 && len <= sizeof(needle->bytes));
	*needle = (struct needle){ .name = name, .len = len, .kept = kept };
	memcpy(needle->bytes, bytes, len);
}

/* The peer's TX is the child's RX. */
static void learn(struct hunt *hunt, SSL *ssl)
{
	const struct ktls_caps *caps = ktls_probe();
	bool tls13 = SSL_version(ssl) == TLS1_3_VERSION;
	struct ktls_session *session;
	enum tlsring_reason why;
	struct ktls_keys keys;

	EQ(ktls_export(ssl, NULL, &session, &why), 0);
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++) {
		const struct ktls_secret *secret = &session->dir[dir];

		EQ(ktls_schedule_keys(session, dir, &keys), 0);
		needle_add(hunt, dir ? "its sending key" : "its receiving key", keys.key,
			   session->cipher->key_len, false);
		if (tls13)
			needle_add(hunt, dir ? "its sending secret" : "its receiving secret", secret->bytes,
				   secret->len, dir ? caps->rekey_tx : caps->rekey_rx);
	}
	ktls_session_free(session);
}

static void peer_talk(struct hunt *hunt, const char *suite, bool server)
{
	SSL_CTX *ctx = peer_ctx(!server, suite);
	SSL *ssl;
	char byte;

	EQ(ktls_export_prepare(ctx), 0);
	ssl = SSL_new(ctx);
	EQ(ktls_export_watch(ssl), 0);
	SSL_set_fd(ssl, hunt->fd);
	EQ(server ? SSL_connect(ssl) : SSL_accept(ssl), 1);
	EQ(SSL_write(ssl, "x", 1), 1);
	EQ(SSL_read(ssl, &byte, 1), 1);
	EQ(read(hunt->ready[0], &byte, 1), 1);
	learn(hunt, ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

/* ---- the search ---- */

/* Bytes that overlap those before by a needle's length. */
static void search(struct hunt *hunt, const uint8_t *data, size_t len, bool dumped, const char *where, int *found)
{
	for (int i = 0; i < hunt->count; i++) {
		const struct needle *needle = &hunt->needles[i];

		if (!memmem(data, len, needle->bytes, needle->len))
			continue;
		if (!dumped && needle->kept) {
			found[i]++;
			continue;
		}
		printf("# %s is in %s\n", needle->name, where);
		found[i] = -1000;
	}
}

static void search_range(struct hunt *hunt, int mem, uint64_t at, uint64_t end, bool dumped, const char *where,
			 int *found)
{
	static uint8_t piece[PIECE + KTLS_SECRET_MAX];

	while (at < end) {
		size_t len = end - at < sizeof(piece) ? end - at : sizeof(piece);
		ssize_t got = pread(mem, piece, len, (off_t)at);

		/* What follows are pages of the kernel's own, which cannot be read. */
		if (got <= KTLS_SECRET_MAX)
			return;
		search(hunt, piece, (size_t)got, dumped, where, found);
		if ((size_t)got == end - at)
			return;
		at += (size_t)got - KTLS_SECRET_MAX;
	}
}

/* Every mapping, and whether the kernel would dump it. */
static void search_memory(struct hunt *hunt, int *found)
{
	char path[64], line[512], name[256] = "";
	unsigned long start = 0, end = 0, from, to;
	FILE *smaps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", hunt->child);
	mem = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/smaps", hunt->child);
	smaps = fopen(path, "r");
	CHECK(mem >= 0 && smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx %*s", &from, &to) == 2 && strchr(line, '-') < strchr(line, ' ')) {
			start = from;
			end = to;
			snprintf(name, sizeof(name), "%.200s", line);
			name[strcspn(name, "\n")] = '\0';
		} else if (!strncmp(line, "VmFlags:", 8)) {
			search_range(hunt, mem, start, end, !strstr(line, " dd"), name, found);
		}
	}
	fclose(smaps);
	close(mem);
}

/* Only the rig's machines are ours to say where cores go. */
static bool core_wanted(void)
{
	int fd;

	if (!getenv("TLSRING_RIG"))
		return false;
	fd = open("/proc/sys/kernel/core_pattern", O_WRONLY);
	CHECK(fd >= 0);
	EQ(write(fd, "/tmp/core.%p", 12), 12);
	close(fd);
	return true;
}

static void search_core(struct hunt *hunt, int *found)
{
	bool wanted = core_wanted();
	struct stat st;
	char path[64];
	int status, fd;

	EQ(kill(hunt->child, wanted ? SIGABRT : SIGKILL), 0);
	EQ(waitpid(hunt->child, &status, 0), hunt->child);
	if (!wanted)
		return;
	CHECK(WCOREDUMP(status));
	snprintf(path, sizeof(path), "/tmp/core.%d", hunt->child);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && !fstat(fd, &st) && st.st_size > 100000);
	unlink(path);
	search_range(hunt, fd, 0, (uint64_t)st.st_size, true, "the core", found);
	close(fd);
	printf("# a core of %lld bytes\n", (long long)st.st_size);
}

static void hunt(const char *suite, bool server, bool caches)
{
	struct hunt hunt = { 0 };
	int found[NEEDLES] = { 0 };

	if (!ktls_probe()->ulp)
		SKIP("%s", tlsring_reason_text(ktls_probe()->why_not));
	child_start(&hunt, suite, server, caches);
	peer_talk(&hunt, suite, server);
	search_memory(&hunt, found);
	search_core(&hunt, found);
	for (int i = 0; i < hunt.count; i++)
		if (found[i] != hunt.needles[i].kept)
			FAIL("%s: found %d times", hunt.needles[i].name, found[i]);
	close(hunt.fd);
}

TEST(server_tls13) { hunt("TLS_AES_128_GCM_SHA256", true, false); }
TEST(client_tls13) { hunt("TLS_AES_128_GCM_SHA256", false, false); }
TEST(client_tls13_with_tickets) { hunt("TLS_AES_128_GCM_SHA256", false, true); }
TEST(server_tls13_sha384) { hunt("TLS_AES_256_GCM_SHA384", true, false); }
TEST(server_tls12) { hunt("ECDHE-ECDSA-AES128-GCM-SHA256", true, false); }
TEST(client_tls12) { hunt("ECDHE-ECDSA-AES128-GCM-SHA256", false, false); }
