// SPDX-License-Identifier: MIT
/* Connections over the simulated NIC: what the library says of them, its policies, zero-copy
 * sendfile, and uploads that the NIC opens, whatever goes wrong on the way. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

#define SUITE		"ECDHE-ECDSA-AES128-GCM-SHA256"
#define SUITE_256	"ECDHE-ECDSA-AES256-GCM-SHA384"
#define MIB		(1ull << 20)

/* Run a command of the shell, with the functions of tests/nic/nic.sh. */
static int shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "bash -c 'TLSRING_BUILD=${TLSRING_BUILD:-build}; . tests/nic/nic.sh; %s'",
		 command);
	return system(line);
}

/* Run one test between set_up() and tear_down(). */
static int script(const char *command)
{
	if (access("/run/netns/nic-s", F_OK))
		SKIP("no simulated NIC was built for this kernel");
	return shell(command);
}

static void enter(const char *space)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		SKIP("no simulated NIC was built for this kernel");
	CHECK(!setns(fd, CLONE_NEWNET));
	close(fd);
}

struct link {
	SSL_CTX *ssl_ctx;
	struct tlsring_ctx *ctx;
	SSL *ssl;
	struct tlsring_session *session;
	struct tlsring_info info;
	pid_t client;
	int fd;
};

enum action { STAY, DOWNLOAD, UPLOAD };

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };

	CHECK(inet_pton(AF_INET, text, &addr.sin_addr) == 1);
	return addr;
}

static void upload(SSL *ssl, uint64_t len)
{
	uint8_t buf[16384];

	for (uint64_t at = 0; at < len; at += sizeof(buf)) {
		peer_fill(buf, sizeof(buf), at);
		if (SSL_write(ssl, buf, sizeof(buf)) <= 0)
			exit(3);
	}
	SSL_shutdown(ssl);
}

/* The other end, in user space. Its exit status: 0, 2: no handshake, 3: the connection broke. */
static void client(const char *space, const char *host, uint16_t port, const char *suite,
		   enum action action, uint64_t len)
{
	struct sockaddr_in addr = address(host, port);
	SSL_CTX *ctx = peer_ctx(false, suite);
	SSL *ssl = SSL_new(ctx);
	uint8_t byte;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	enter(space);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		exit(2);
	if (action == DOWNLOAD)
		peer_expect(ssl, 0, len);
	else if (action == UPLOAD)
		upload(ssl, len);
	SSL_read(ssl, &byte, 1);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	exit(0);
}

/* Do the server's handshake; returns its result. suite: the client's; NULL: OpenSSL's choice. */
static int link_shake(struct link *l, const char *space, const char *host, const char *suite,
		      const struct tlsring_ctx_options *options, enum action action, uint64_t len)
{
	struct sockaddr_in addr = address(host, 0);
	socklen_t addr_len = sizeof(addr);
	int listener;

	*l = (struct link){ .info = { .size = sizeof(l->info) } };
	enter("nic-s");
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	CHECK(listener >= 0 && !bind(listener, (struct sockaddr *)&addr, sizeof(addr)) &&
	      !listen(listener, 8));
	CHECK(!getsockname(listener, (struct sockaddr *)&addr, &addr_len));
	fflush(stdout);
	l->client = fork();
	CHECK(l->client >= 0);
	if (!l->client)
		client(space, host, ntohs(addr.sin_port), suite, action, len);
	l->ssl_ctx = peer_ctx(true, NULL);
	EQ(tlsring_ctx_new(&l->ctx, l->ssl_ctx, options), 0);
	l->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(l->fd >= 0);
	close(listener);
	l->ssl = SSL_new(l->ssl_ctx);
	EQ(tlsring_watch(l->ssl), 0);
	SSL_set_fd(l->ssl, l->fd);
	SSL_set_accept_state(l->ssl);
	return tlsring_handshake(l->ssl);
}

static int link_hand_over(struct link *l)
{
	int ret;

	EQ(tlsring_session_new(&l->session, l->ctx, l->ssl, l->fd), 0);
	ret = tlsring_session_handover(l->session);
	EQ(tlsring_session_info(l->session, &l->info), 0);
	return ret;
}

/* Connect across the pair, and hand over. */
static void link_open(struct link *l, const char *suite, const struct tlsring_ctx_options *options,
		      enum action action, uint64_t len)
{
	EQ(link_shake(l, "nic-c", "10.9.0.1", suite, options, action, len), 0);
	EQ(link_hand_over(l), 0);
}

static int link_status(struct link *l)
{
	int status;

	EQ(waitpid(l->client, &status, 0), l->client);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Let the peer, which may wait for room to send, see the end. */
static void link_break(struct link *l)
{
	close(l->fd);
	l->fd = -1;
}

static int link_end(struct link *l)
{
	int status;

	if (!l->session)
		SSL_free(l->ssl);
	else if (l->fd >= 0)
		tlsring_session_close(l->session);
	if (l->fd >= 0)
		shutdown(l->fd, SHUT_WR);
	status = link_status(l);
	tlsring_session_free(l->session);
	tlsring_ctx_free(l->ctx);
	SSL_CTX_free(l->ssl_ctx);
	if (l->fd >= 0)
		close(l->fd);
	return status;
}

/* Connect across the pair, hand over, and close. */
static void expect_place(const char *suite, enum tlsring_path path, enum tlsring_reason reason)
{
	struct link l;

	link_open(&l, suite, NULL, STAY, 0);
	EQ(l.info.tx.path, path);
	EQ(l.info.rx.path, path);
	EQ_STR(tlsring_reason_name(l.info.tx.reason), tlsring_reason_name(reason));
	EQ_STR(tlsring_reason_name(l.info.rx.reason), tlsring_reason_name(reason));
	CHECK(!l.info.zerocopy);
	EQ(link_end(&l), 0);
}

TEST(set_up)
{
	if (geteuid())
		SKIP("only root can load the simulated NIC");
	if (shell("[ -f $module ]"))
		SKIP("no simulated NIC was built for this kernel");
	CHECK(!shell("nic_up"));
}

/* ---- paths and reasons ---- */

TEST(on_the_nic)
{
	expect_place(SUITE, TLSRING_PATH_NIC, TLSRING_REASON_NONE);
	expect_place(SUITE_256, TLSRING_PATH_NIC, TLSRING_REASON_NONE);
}

TEST(tls13_is_not_for_nics)
{
	expect_place("TLS_AES_128_GCM_SHA256", TLSRING_PATH_KERNEL, TLSRING_REASON_NIC_VERSION);
}

TEST(chacha_is_not_for_nics)
{
	expect_place("ECDHE-ECDSA-CHACHA20-POLY1305", TLSRING_PATH_KERNEL,
		     TLSRING_REASON_NIC_CIPHER);
}

TEST(switched_off)
{
	struct link l;

	EQ(script("in_server ethtool -K tlsnic0 tls-hw-tx-offload off"), 0);
	link_open(&l, SUITE, NULL, STAY, 0);
	EQ(l.info.tx.path, TLSRING_PATH_KERNEL);
	EQ(l.info.tx.reason, TLSRING_REASON_NIC_FEATURE_OFF);
	EQ(l.info.rx.path, TLSRING_PATH_NIC);
	EQ(link_end(&l), 0);
	EQ(script("in_server ethtool -K tlsnic0 tls-hw-tx-offload on"), 0);
}

TEST(refused_by_the_nic)
{
	EQ(script("fault tlsnic0 refuse 1"), 0);
	expect_place(SUITE, TLSRING_PATH_KERNEL, TLSRING_REASON_NIC_REFUSED);
	EQ(script("no_faults"), 0);
}

TEST(another_device)
{
	struct link l;

	EQ(link_shake(&l, "nic-s", "127.0.0.1", SUITE, NULL, STAY, 0), 0);
	EQ(link_hand_over(&l), 0);
	EQ(l.info.tx.path, TLSRING_PATH_KERNEL);
	EQ(l.info.tx.reason, TLSRING_REASON_NIC_ABSENT);
	EQ(link_end(&l), 0);
}

/* Without CAP_NET_ADMIN sock_diag may not show the path: the reason then says so. */
TEST(without_privilege)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct link l;

	EQ(link_shake(&l, "nic-c", "10.9.0.1", SUITE, NULL, STAY, 0), 0);
	CHECK(!syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1u << CAP_NET_ADMIN);
	CHECK(!syscall(SYS_capset, &head, data));
	EQ(link_hand_over(&l), 0);
	if (l.info.tx.path != TLSRING_PATH_NIC)
		EQ(l.info.tx.reason, TLSRING_REASON_NIC_UNKNOWN);
	EQ(link_end(&l), 0);
}

/* ---- policies ---- */

static const struct tlsring_ctx_options required = { .size = sizeof(required),
						     .nic = TLSRING_NIC_REQUIRE };
static const struct tlsring_ctx_options preferred = { .size = sizeof(preferred),
						      .nic = TLSRING_NIC_PREFER };

/* A client that offers both versions. */
static void link_settle(struct link *l, const struct tlsring_ctx_options *options)
{
	link_open(l, NULL, options, STAY, 0);
	EQ_STR(l->info.version, "TLSv1.2");
	EQ(l->info.tx.path, TLSRING_PATH_NIC);
}

TEST(required_settles_on_what_nics_take)
{
	struct link l;

	link_settle(&l, &required);
	EQ(l.info.rx.path, TLSRING_PATH_NIC);
	EQ(link_end(&l), 0);
}

TEST(required_refuses_tls13)
{
	struct link l;

	CHECK(link_shake(&l, "nic-c", "10.9.0.1", "TLS_AES_128_GCM_SHA256", &required, STAY,
			 0) < 0);
	EQ(link_end(&l), 2);
}

TEST(required_and_not_had)
{
	struct link l;

	EQ(script("fault tlsnic0 refuse 1"), 0);
	EQ(link_shake(&l, "nic-c", "10.9.0.1", SUITE, &required, STAY, 0), 0);
	EQ(link_hand_over(&l), -EOPNOTSUPP);
	EQ(l.info.tx.reason, TLSRING_REASON_NIC_REFUSED);
	link_end(&l);
	EQ(script("no_faults"), 0);
}

TEST(required_of_nothing)
{
	SSL_CTX *ssl_ctx = peer_ctx(true, "TLS_AES_128_GCM_SHA256");
	struct tlsring_ctx *ctx;

	if (!ktls_probe()->ulp)
		SKIP("%s", tlsring_reason_text(ktls_probe()->why_not));
	EQ(tlsring_ctx_new(&ctx, ssl_ctx, &required), -EOPNOTSUPP);
	SSL_CTX_free(ssl_ctx);
}

TEST(preferred)
{
	struct link l;

	link_settle(&l, &preferred);
	EQ(link_end(&l), 0);
}

TEST(preferred_goes_on_in_software)
{
	struct link l;

	EQ(script("fault tlsnic0 refuse 1"), 0);
	link_open(&l, NULL, &preferred, STAY, 0);
	EQ(l.info.tx.path, TLSRING_PATH_KERNEL);
	EQ(l.info.tx.reason, TLSRING_REASON_NIC_REFUSED);
	EQ(link_end(&l), 0);
	EQ(script("no_faults"), 0);
}

/* ---- sendfile ---- */

static int content(uint64_t len)
{
	int fd = memfd_create("content", MFD_CLOEXEC);
	uint8_t buf[65536];

	CHECK(fd >= 0);
	for (uint64_t at = 0; at < len; at += sizeof(buf)) {
		peer_fill(buf, sizeof(buf), at);
		EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	}
	return fd;
}

static void expect_sendfile(uint64_t len, bool zerocopy)
{
	const struct tlsring_ctx_options options = { .size = sizeof(options),
						     .zerocopy = zerocopy };
	int file = content(len);
	off_t offset = 0;
	struct link l;

	link_open(&l, SUITE, &options, DOWNLOAD, len);
	EQ(l.info.tx.path, TLSRING_PATH_NIC);
	EQ(l.info.zerocopy, zerocopy);
	while ((uint64_t)offset < len) {
		ssize_t sent = sendfile(l.fd, file, &offset, len - (uint64_t)offset);

		CHECK(sent > 0);
		EQ(tlsring_session_sent(l.session, (uint64_t)sent), 0);
	}
	EQ(link_end(&l), 0);
	close(file);
}

TEST(sendfile_copies)
{
	expect_sendfile(8 * MIB, false);
}

TEST(sendfile_zerocopy)
{
	expect_sendfile(32 * MIB, true);
}

TEST(sendfile_zerocopy_on_a_bad_wire)
{
	EQ(script("fault tlsnic0 drop 100; fault tlsnic0 reorder 100; fault tlsnic0 forget 3"), 0);
	expect_sendfile(8 * MIB, true);
	EQ(script("no_faults"), 0);
}

/* ---- uploads ---- */

static void receive(struct link *l, uint64_t len)
{
	uint8_t buf[16384], want[16384];
	uint64_t at = 0;

	while (at < len) {
		ssize_t got = tlsring_session_recv(l->session, buf, sizeof(buf));

		if (got <= 0)
			FAIL("receiving ended with %zd at %llu", got, (unsigned long long)at);
		peer_fill(want, (size_t)got, at);
		EQ_MEM(buf, want, (size_t)got);
		at += (uint64_t)got;
	}
	EQ(tlsring_session_recv(l->session, buf, sizeof(buf)), 0);
}

static void expect_upload(uint64_t len)
{
	struct link l;

	link_open(&l, SUITE, NULL, UPLOAD, len);
	EQ(l.info.rx.path, TLSRING_PATH_NIC);
	receive(&l, len);
	EQ(link_end(&l), 0);
}

/* How much the counter grows while faults are set and data comes in. */
static void expect_upload_through(const char *faults, const char *counter)
{
	char line[256];

	EQ(script("no_faults"), 0);
	snprintf(line, sizeof(line), "%s; stat_of tlsnic0 %s > /tmp/nic-before", faults, counter);
	EQ(script(line), 0);
	expect_upload(8 * MIB);
	snprintf(line, sizeof(line),
		 "no_faults; [ $(stat_of tlsnic0 %s) -gt $(cat /tmp/nic-before) ]", counter);
	EQ(script(line), 0);
}

TEST(upload_opened_by_the_nic)
{
	EQ(script("stat_of tlsnic0 rx_tls_decrypted_bytes > /tmp/nic-before"), 0);
	expect_upload(8 * MIB);
	/* The card's engine has not seen what came before its keys, and must find its place
	 * first. */
	EQ(script("[ $(stat_of tlsnic0 rx_tls_decrypted_bytes) -gt "
		  "$(($(cat /tmp/nic-before) + 4000000)) ]"), 0);
}

TEST(upload_with_drops)
{
	expect_upload_through("fault tlsnic1 drop 100", "rx_tls_decrypted_bytes");
}

/* Small segments hide record headers in the gaps, so that the card must ask for its place. */
TEST(upload_with_resync)
{
	EQ(script("in_client ethtool -K tlsnic1 tso off gso off > /dev/null"), 0);
	expect_upload_through("fault tlsnic1 drop 50", "rx_tls_resync_res_ok");
	EQ(script("in_client ethtool -K tlsnic1 tso on gso on > /dev/null"), 0);
}

TEST(upload_reordered)
{
	expect_upload_through("fault tlsnic1 reorder 50", "rx_tls_decrypted_bytes");
}

TEST(upload_duplicated)
{
	expect_upload_through("fault tlsnic1 duplicate 50", "rx_tls_decrypted_bytes");
}

/* An upload in which one packet is to be damaged; what its receiving ended with. The fault can hit
 * a packet that TCP does not need: then the upload ends well. */
static ssize_t damaged_upload(struct link *l)
{
	uint8_t buf[16384];
	ssize_t got;

	link_open(l, SUITE, NULL, UPLOAD, 32 * MIB);
	EQ(l->info.rx.path, TLSRING_PATH_NIC);
	EQ(script("fault tlsnic1 corrupt 1"), 0);
	do {
		got = tlsring_session_recv(l->session, buf, sizeof(buf));
	} while (got > 0);
	return got;
}

TEST(one_wrong_bit)
{
	uint64_t before;
	ssize_t got;
	struct link l;

	/* Each namespace has its own counters. */
	enter("nic-s");
	before = peer_counters().decrypt_error;
	for (int tries = 0; !(got = damaged_upload(&l)) && tries < 5; tries++) {
		link_end(&l);
		EQ(script("no_faults"), 0);
	}
	EQ(got, TLSRING_EALERT_SENT(20));
	EQ(peer_counters().decrypt_error - before, 1);
	link_break(&l);
	EQ(link_end(&l), 3);
	EQ(script("no_faults"), 0);
}

TEST(link_flap_in_an_upload)
{
	struct link l;

	link_open(&l, SUITE, NULL, UPLOAD, 16 * MIB);
	EQ(l.info.rx.path, TLSRING_PATH_NIC);
	EQ(script("ip -n nic-s link set tlsnic0 down; ip -n nic-s link set tlsnic0 up"), 0);
	receive(&l, 16 * MIB);
	EQ(link_end(&l), 0);
}

TEST(tear_down)
{
	EQ(script("nic_down"), 0);
}
