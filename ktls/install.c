// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <time.h>
#include "ktls/crypto_info.h"
#include "ktls/install.h"
#include "ktls/schedule.h"
#include "ktls/uapi.h"

/* An error that says too little: the socket itself knows what it is. */
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
	/* A kernel without ULPs, or what stands in for one in a sandbox. */
	return error == ENOPROTOOPT || error == EOPNOTSUPP ? TLSRING_REASON_NO_MODULE : TLSRING_REASON_KERNEL_REFUSED;
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

/*
 * The kernel looks for the modules of a cipher it does not find, in vain and for milliseconds,
 * every time it is asked. Once is enough. Bit by cipher, from TLS_CIPHER_AES_GCM_128 on.
 */
static _Atomic uint32_t install_missing;

static uint32_t install_bit(const struct ktls_session *session)
{
	return 1u << (session->cipher->kernel_id - TLS_CIPHER_AES_GCM_128);
}

static enum tlsring_reason install_reason(int error)
{
	switch (error) {
	case EINVAL:	/* a cipher type the tls module does not know: the rest of the layout is right */
	case ENOENT:	/* one the crypto API has no algorithm for */
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
	ret = setsockopt(fd, SOL_TLS, dir == KTLS_TX ? TLS_TX : TLS_RX, info, (socklen_t)len) ? -errno : 0;
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

	if (getsockopt(fd, SOL_TLS, TLS_RX, info, &len) || setsockopt(fd, SOL_TLS, TLS_RX, info, len))
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
