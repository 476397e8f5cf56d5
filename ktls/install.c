// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <time.h>
#include "ktls/crypto_info.h"
#include "ktls/install.h"
#include "ktls/schedule.h"
#include "ktls/uapi.h"

/* The reason for an error that may have several: ask the socket what it is. */
static enum tlsring_reason install_socket_reason(int fd, int error)
{
	int protocol;
	socklen_t len = sizeof(protocol);

	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len))
		return TLSRING_REASON_NOT_TCP;
	if (protocol == IPPROTO_MPTCP)
		return TLSRING_REASON_MPTCP;
	if (protocol != IPPROTO_TCP)
		return TLSRING_REASON_NOT_TCP;
	/* A kernel without ULPs, or a sandbox that stands in for one. */
	if (error == ENOPROTOOPT || error == EOPNOTSUPP)
		return TLSRING_REASON_NO_MODULE;
	return TLSRING_REASON_KERNEL_REFUSED;
}

static enum tlsring_reason install_ulp_reason(int fd, int error)
{
	switch (error) {
	case ENOENT:
		return TLSRING_REASON_NO_MODULE;
	case ENOTCONN:
		return TLSRING_REASON_NOT_ESTABLISHED;
	case EEXIST:
		return TLSRING_REASON_ULP_TAKEN;
	case EPERM:
	case EACCES:
		return TLSRING_REASON_PERMISSION;
	case ENOMEM:
	case ENOBUFS:
		return TLSRING_REASON_KERNEL_REFUSED;
	}
	return install_socket_reason(fd, error);
}

int ktls_install_ulp(int fd, enum tlsring_reason *why)
{
	int error;

	if (!setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return 0;
	error = errno;
	*why = install_ulp_reason(fd, error);
	return -error;
}

/* Ciphers that the kernel lacks, by bits from TLS_CIPHER_AES_GCM_128 on. Each time it is asked for
 * one of them it spends milliseconds on a search for modules, so it is asked once. */
static _Atomic uint32_t install_missing;

static uint32_t install_bit(const struct ktls_session *session)
{
	return 1u << (session->cipher->kernel_id - TLS_CIPHER_AES_GCM_128);
}

static enum tlsring_reason install_reason(int error)
{
	switch (error) {
	case EINVAL:	/* a cipher type that the tls module does not know */
	case ENOENT:	/* no algorithm in the crypto API */
		return TLSRING_REASON_CIPHER_MISSING;
	case EBUSY:
		return TLSRING_REASON_NO_REKEY;
	case EPERM:
	case EACCES:
		return TLSRING_REASON_PERMISSION;
	}
	return TLSRING_REASON_KERNEL_REFUSED;
}

uint64_t ktls_install_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int ktls_install(int fd, const struct ktls_session *session, enum ktls_direction dir,
		 enum tlsring_reason *why, uint64_t *ns)
{
	uint8_t info[KTLS_CRYPTO_INFO_MAX];
	struct ktls_keys keys;
	uint64_t start;
	size_t len;
	int ret;

	if (install_missing & install_bit(session)) {
		*why = TLSRING_REASON_CIPHER_MISSING;
		return -ENOENT;
	}
	ret = ktls_schedule_keys(session, dir, &keys);
	if (ret) {
		*why = TLSRING_REASON_NO_SECRETS;
		return ret;
	}
	len = ktls_crypto_info(session->cipher, &keys, session->dir[dir].seq, info);
	ktls_keys_wipe(&keys);
	start = ktls_install_clock();
	if (setsockopt(fd, SOL_TLS, dir == KTLS_TX ? TLS_TX : TLS_RX, info, (socklen_t)len))
		ret = -errno;
	if (ns)
		*ns += ktls_install_clock() - start;
	if (ret) {
		*why = install_reason(-ret);
		if (ret == -ENOENT)
			install_missing |= install_bit(session);
	}
	explicit_bzero(info, sizeof(info));
	return ret;
}

int ktls_install_again(int fd, const struct ktls_session *session)
{
	const struct ktls_cipher *cipher = session->cipher;
	uint8_t info[KTLS_CRYPTO_INFO_MAX];
	socklen_t len = (socklen_t)ktls_crypto_info_len(cipher);
	int ret = 0;

	if (getsockopt(fd, SOL_TLS, TLS_RX, info, &len) ||
	    setsockopt(fd, SOL_TLS, TLS_RX, info, len))
		ret = -errno;
	explicit_bzero(info, sizeof(info));
	return ret;
}

int ktls_install_no_pad(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &on, sizeof(on)) ? -errno : 0;
}

int ktls_install_zerocopy(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_TLS, TLS_TX_ZEROCOPY_RO, &on, sizeof(on)) ? -errno : 0;
}
