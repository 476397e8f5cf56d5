// SPDX-License-Identifier: MIT
/*
 * The kernel is probed on fresh connections over loopback, one for each cipher and version, since
 * options of kernel TLS cannot be taken back.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "ktls/crypto_info.h"
#include "ktls/install.h"
#include "ktls/loopback.h"
#include "ktls/probe.h"
#include "ktls/uapi.h"

/* The answer while an error says nothing about the kernel: descriptors or memory ran out. */
#define PROBE_FAILED(error)	{ .ulp_error = (error), .why_not = TLSRING_REASON_KERNEL_REFUSED }
static const struct ktls_caps probe_failed[] = {
	PROBE_FAILED(EMFILE), PROBE_FAILED(ENFILE), PROBE_FAILED(ENOMEM), PROBE_FAILED(ENOBUFS),
	PROBE_FAILED(EADDRNOTAVAIL), PROBE_FAILED(ETIMEDOUT),
};

/* A probe of the kernel under way. */
struct probe {
	struct ktls_caps caps;
	const struct ktls_caps *failed;	/* one of probe_failed: the probe is to be repeated */
	struct ktls_loopback loopback;
};

/* Note an error (-errno) that the next probe may not meet. Returns true if there is no error. */
static bool probe_succeeds(struct probe *probe, int ret)
{
	for (size_t i = 0; i < sizeof(probe_failed) / sizeof(probe_failed[0]); i++)
		if (probe_failed[i].ulp_error == -ret)
			probe->failed = &probe_failed[i];
	return !ret;
}

/* ---- probes ---- */

static bool probe_option(struct probe *probe, int fd, int option, const void *value, size_t len)
{
	int ret = setsockopt(fd, SOL_TLS, option, value, (socklen_t)len) ? -errno : 0;

	return probe_succeeds(probe, ret);
}

static bool probe_install(struct probe *probe, int fd, const struct ktls_cipher *cipher, int dir,
			  uint8_t fill)
{
	uint8_t info[KTLS_CRYPTO_INFO_MAX];
	struct ktls_keys keys;
	size_t len;

	memset(&keys, fill, sizeof(keys));
	len = ktls_crypto_info(cipher, &keys, 0, info);
	return probe_option(probe, fd, dir, info, len);
}

static void probe_options(struct probe *probe, int fd, const struct ktls_cipher *cipher)
{
	struct ktls_caps *caps = &probe->caps;
	const uint16_t payload = 16384;
	const int on = 1;

	caps->tx_zerocopy_ro = probe_option(probe, fd, TLS_TX_ZEROCOPY_RO, &on, sizeof(on));
	caps->rx_expect_no_pad = probe_option(probe, fd, TLS_RX_EXPECT_NO_PAD, &on, sizeof(on));
	caps->max_payload = probe_option(probe, fd, TLS_TX_MAX_PAYLOAD_LEN, &payload,
					 sizeof(payload));
	caps->rekey_tx = probe_install(probe, fd, cipher, TLS_TX, 2);
	caps->rekey_rx = probe_install(probe, fd, cipher, TLS_RX, 2);
}

static void probe_cipher(struct probe *probe, unsigned row)
{
	const struct ktls_cipher *cipher = ktls_cipher_at(row);
	enum tlsring_reason why;
	bool tx = false, rx = false;
	int fds[2] = { -1, -1 };

	if (!probe_succeeds(probe, ktls_loopback_pair(&probe->loopback, fds)))
		return;
	if (probe_succeeds(probe, ktls_install_ulp(fds[0], &why))) {
		tx = probe_install(probe, fds[0], cipher, TLS_TX, 1);
		rx = probe_install(probe, fds[0], cipher, TLS_RX, 1);
		/* Row 0 is TLS 1.3, for its KeyUpdate, with a cipher that all kernels have. */
		if (row == 0 && tx && rx)
			probe_options(probe, fds[0], cipher);
	}
	ktls_loopback_unpair(fds);
	probe->caps.tx_ciphers |= (uint64_t)tx << row;
	probe->caps.rx_ciphers |= (uint64_t)rx << row;
}

/* Is the algorithm built into the kernel, or its module loaded? */
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

/* Copy the answer of an earlier row with the same cipher and version: such rows differ in the
 * handshake only. False: there is none. */
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

static int probe_ulp(struct probe *probe)
{
	int fds[2] = { -1, -1 }, ret;

	ret = ktls_loopback_pair(&probe->loopback, fds);
	if (ret) {
		probe->caps.why_not = TLSRING_REASON_KERNEL_REFUSED;
		return ret;
	}
	ret = ktls_install_ulp(fds[0], &probe->caps.why_not);
	ktls_loopback_unpair(fds);
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

/* The first release of each stable line without the bug. Other lines are not judged. */
static const struct probe_line {
	unsigned major, minor, no_pad, splice_rx, nic, signal;
} probe_lines[] = {
	{ 6, 1, 192, 190, 187, 187 },
	{ 6, 12, 115, 113, 111, 105 },
	{ 7, 2, 12, 12, 12, 12 },
};

/* Debian's release names the ABI ("6.1.0-42-amd64"); its version has the number of the sources. */
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

static void probe_ask(struct probe *probe)
{
	struct ktls_caps *caps = &probe->caps;
	int ret;

	probe_bugs(caps);
	ret = ktls_loopback_open(&probe->loopback);
	if (ret) {
		caps->why_not = TLSRING_REASON_KERNEL_REFUSED;
	} else {
		ret = probe_ulp(probe);
		for (unsigned row = 0; !ret && ktls_cipher_at(row); row++)
			if (!probe_known(caps, row) && probe_worth_asking(ktls_cipher_at(row)))
				probe_cipher(probe, row);
		close(probe->loopback.listener);
	}
	caps->ulp = probe_succeeds(probe, ret);
	caps->ulp_error = -ret;
	probe_list(caps);
}

const struct ktls_caps *ktls_probe(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct ktls_caps remembered;
	static bool settled;
	struct probe probe = { 0 };

	pthread_mutex_lock(&lock);
	if (!settled) {
		probe_ask(&probe);
		settled = !probe.failed;
		if (settled)
			remembered = probe.caps;
	}
	pthread_mutex_unlock(&lock);
	return probe.failed ? probe.failed : &remembered;
}
