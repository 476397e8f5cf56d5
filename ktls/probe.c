// SPDX-License-Identifier: MIT
/*
 * Everything is asked of fresh connections over loopback, two for each cipher of the kernel: what
 * was set on a socket cannot be taken back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "ktls/crypto_info.h"
#include "ktls/install.h"
#include "ktls/probe.h"
#include "ktls/uapi.h"

#define PROBE_PATIENCE	1000	/* msecs; over loopback a connection is there at once, or never */

static struct ktls_caps probe_caps;
static pthread_once_t probe_once = PTHREAD_ONCE_INIT;

/* ---- a connection to ask ---- */

struct probe_loopback {
	int listener;
	struct sockaddr_in addr;
};

static int probe_open(struct probe_loopback *loop)
{
	socklen_t len = sizeof(loop->addr);
	int ret;

	loop->addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	loop->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (loop->listener < 0)
		return -errno;
	if (bind(loop->listener, (struct sockaddr *)&loop->addr, sizeof(loop->addr)) ||
	    listen(loop->listener, 4) ||
	    getsockname(loop->listener, (struct sockaddr *)&loop->addr, &len)) {
		ret = -errno;
		close(loop->listener);
		return ret;
	}
	return 0;
}

/* connect() may return a moment before the other end is there to be accepted. */
static int probe_accept(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int fd = -1;

	if (poll(&ready, 1, PROBE_PATIENCE) == 0)
		errno = ETIMEDOUT;
	else
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The end that connected is asked; the other one only has to be there. */
static int probe_pair(const struct probe_loopback *loop, int fds[2])
{
	int ret;

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fds[0] < 0)
		return -errno;
	if (connect(fds[0], (const struct sockaddr *)&loop->addr, sizeof(loop->addr)))
		ret = -errno;
	else
		ret = fds[1] = probe_accept(loop->listener);
	if (ret < 0)
		close(fds[0]);
	return ret < 0 ? ret : 0;
}

static void probe_unpair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* ---- questions ---- */

static bool probe_install(int fd, const struct ktls_cipher *cipher, int dir, uint8_t fill)
{
	uint8_t info[KTLS_CRYPTO_INFO_MAX];
	struct ktls_keys keys;
	size_t len;

	memset(&keys, fill, sizeof(keys));
	len = ktls_crypto_info(cipher, &keys, 0, info);
	return !setsockopt(fd, SOL_TLS, dir, info, (socklen_t)len);
}

static void probe_options(struct ktls_caps *caps, int fd, const struct ktls_cipher *cipher)
{
	const uint16_t payload = 16384;
	const int on = 1;

	caps->tx_zerocopy_ro = !setsockopt(fd, SOL_TLS, TLS_TX_ZEROCOPY_RO, &on, sizeof(on));
	caps->rx_expect_no_pad = !setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &on, sizeof(on));
	caps->max_payload = !setsockopt(fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &payload, sizeof(payload));
	caps->rekey_tx = probe_install(fd, cipher, TLS_TX, 2);
	caps->rekey_rx = probe_install(fd, cipher, TLS_RX, 2);
}

static void probe_cipher(struct ktls_caps *caps, const struct probe_loopback *loop, unsigned row)
{
	const struct ktls_cipher *cipher = ktls_cipher_at(row);
	enum tlsring_reason why;
	bool tx = false, rx = false;
	int fds[2] = { -1, -1 };

	if (probe_pair(loop, fds))
		return;
	if (!ktls_install_ulp(fds[0], &why)) {
		tx = probe_install(fds[0], cipher, TLS_TX, 1);
		rx = probe_install(fds[0], cipher, TLS_RX, 1);
		/* Row 0 is TLS 1.3, whose keys can change, with the cipher that all kernels have. */
		if (row == 0 && tx && rx)
			probe_options(caps, fds[0], cipher);
	}
	probe_unpair(fds);
	caps->tx_ciphers |= (uint64_t)tx << row;
	caps->rx_ciphers |= (uint64_t)rx << row;
}

/* Is it loaded, or built in? */
static bool probe_crypto_has(const char *name)
{
	FILE *file = fopen("/proc/crypto", "re");
	char line[256], found[128];
	bool has = false;

	while (file && !has && fgets(line, sizeof(line), file))
		has = sscanf(line, "name : %127s", found) == 1 && !strcmp(found, name);
	if (file)
		fclose(file);
	return has;
}

static bool probe_worth_asking(const struct ktls_cipher *cipher)
{
	return !cipher->rare || probe_crypto_has(cipher->rare);
}

/* Rows with the same cipher and version differ in the handshake only. */
static bool probe_known(struct ktls_caps *caps, unsigned row)
{
	const struct ktls_cipher *cipher = ktls_cipher_at(row), *earlier;

	for (unsigned i = 0; i < row; i++) {
		earlier = ktls_cipher_at(i);
		if (earlier->kernel_id != cipher->kernel_id || earlier->version != cipher->version)
			continue;
		caps->tx_ciphers |= (caps->tx_ciphers >> i & 1) << row;
		caps->rx_ciphers |= (caps->rx_ciphers >> i & 1) << row;
		return true;
	}
	return false;
}

static int probe_ulp(struct ktls_caps *caps, const struct probe_loopback *loop)
{
	int fds[2] = { -1, -1 }, ret;

	ret = probe_pair(loop, fds);
	if (ret) {
		caps->why_not = TLSRING_REASON_KERNEL_REFUSED;
		return ret;
	}
	ret = ktls_install_ulp(fds[0], &caps->why_not);
	probe_unpair(fds);
	return ret;
}

static void probe_list(struct ktls_caps *caps)
{
	int fd = open("/proc/sys/net/ipv4/tcp_available_ulp", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return;
	got = read(fd, caps->ulp_list, sizeof(caps->ulp_list) - 1);
	close(fd);
	caps->ulp_list[got > 0 ? got : 0] = '\0';
	caps->ulp_list[strcspn(caps->ulp_list, "\n")] = '\0';
}

/* ---- known bugs ---- */

/* The first release of each stable line without the bug. Lines that are not here are not judged. */
static const struct probe_line {
	unsigned major, minor, no_pad, splice_rx, nic, signal;
} probe_lines[] = {
	{ 6, 1, 192, 190, 187, 187 },
	{ 6, 12, 115, 113, 111, 105 },
	{ 7, 2, 12, 12, 12, 12 },
};

/* Debian's release names the ABI ("6.1.0-42-amd64"); what it was built from stands in version. */
static bool probe_version(const struct utsname *kernel, unsigned v[3])
{
	const char *debian = strstr(kernel->version, "Debian ");

	if (debian && sscanf(debian, "Debian %u.%u.%u", &v[0], &v[1], &v[2]) == 3)
		return true;
	v[2] = 0;
	return sscanf(kernel->release, "%u.%u.%u", &v[0], &v[1], &v[2]) >= 2;
}

static void probe_bugs(struct ktls_caps *caps)
{
	struct utsname kernel;
	unsigned v[3];

	if (uname(&kernel) || !probe_version(&kernel, v))
		return;
	for (size_t i = 0; i < sizeof(probe_lines) / sizeof(probe_lines[0]); i++) {
		const struct probe_line *line = &probe_lines[i];

		if (line->major != v[0] || line->minor != v[1])
			continue;
		caps->bug_no_pad = v[2] < line->no_pad;
		caps->mended_no_pad = !caps->bug_no_pad;
		caps->bug_splice_rx = v[2] < line->splice_rx;
		caps->bug_nic = v[2] < line->nic;
		caps->bug_signal = v[2] < line->signal;
	}
}

static void probe_ask(void)
{
	struct ktls_caps *caps = &probe_caps;
	struct probe_loopback loop;
	int ret;

	probe_bugs(caps);
	ret = probe_open(&loop);
	if (ret) {
		caps->why_not = TLSRING_REASON_KERNEL_REFUSED;
	} else {
		ret = probe_ulp(caps, &loop);
		for (unsigned row = 0; !ret && ktls_cipher_at(row); row++)
			if (!probe_known(caps, row) && probe_worth_asking(ktls_cipher_at(row)))
				probe_cipher(caps, &loop, row);
		close(loop.listener);
	}
	caps->ulp = !ret;
	caps->ulp_error = -ret;
	probe_list(caps);
}

const struct ktls_caps *ktls_probe(void)
{
	pthread_once(&probe_once, probe_ask);
	return &probe_caps;
}
