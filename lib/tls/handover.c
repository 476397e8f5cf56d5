// SPDX-License-Identifier: MIT
#include <errno.h>
#include "ktls/install.h"
#include "ktls/nic.h"
#include "ktls/status.h"
#include "lib/tls/control.h"
#include "lib/tls/handover.h"
#include "lib/tls/machine.h"

static bool handover_wanted(const struct conn *conn, int dir)
{
	return conn->ctx->directions & (dir == KTLS_TX ? TLSRING_TX : TLSRING_RX);
}

/* One direction that the kernel took: does the NIC have it, or why not? */
static void handover_place_one(struct conn *conn, enum ktls_direction dir, const struct ktls_status *status,
			       const struct ktls_nic *nic)
{
	const struct ktls_cipher *cipher = conn->session->cipher;
	enum tlsring_reason why;

	if (conn->dir[dir].path == TLSRING_PATH_USER)
		return;
	if (status && (dir == KTLS_TX ? status->tx : status->rx) == KTLS_PATH_NIC) {
		ktls_nic_learn(cipher->version, cipher->kernel_id);
		conn->dir[dir].path = TLSRING_PATH_NIC;
		return;
	}
	why = ktls_nic_reason(cipher->version, cipher->kernel_id, nic, dir);
	/* All is as it should be, only we may not look. */
	if (!status && why == TLSRING_REASON_NIC_REFUSED)
		why = TLSRING_REASON_NIC_UNKNOWN;
	conn->dir[dir].reason = (uint8_t)why;
}

/* The kernel gives keys to a NIC by itself, and falls back without a word. Where no device of this
 * host could have them it is not asked, unless the policy wants to know. */
static void handover_place(struct conn *conn, int fd)
{
	struct ktls_status status;
	struct ktls_nic nic;
	bool known, found, vlan = false;
	int index;

	if (conn->ctx->nic == TLSRING_NIC_AUTO && !ktls_nic_any())
		return;
	if (conn->ctx->zerocopy && conn->dir[KTLS_TX].path != TLSRING_PATH_USER)
		ktls_install_zerocopy(fd);
	known = !ktls_status_read(fd, &status);
	index = ktls_nic_of_socket(fd, &vlan);
	found = index > 0 && !ktls_nic_read_index((unsigned)index, &nic);
	if (found)
		nic.vlan = vlan;
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		handover_place_one(conn, dir, known ? &status : NULL, found ? &nic : NULL);
	conn->zerocopy = known && status.zc_ro_tx && conn->dir[KTLS_TX].path == TLSRING_PATH_NIC;
}

/* Peers hardly ever pad. Whether a kernel that nobody has looked at has the bug is not known. */
static bool handover_expects_no_pad(const struct conn *conn)
{
	const struct ktls_caps *caps = conn->ctx->caps;

	return conn->version >= KTLS_TLS13 && caps->rx_expect_no_pad && caps->mended_no_pad;
}

/* 0 where the kernel has no key. */
static uint32_t handover_took(const struct conn *conn, uint64_t ns)
{
	if (conn->dir[KTLS_TX].path == TLSRING_PATH_USER && conn->dir[KTLS_RX].path == TLSRING_PATH_USER)
		return 0;
	return ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

void handover_install(struct conn *conn, int fd)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;
	uint64_t ns;
	int ret;

	ns = ktls_install_clock();
	ret = ktls_install_ulp(fd, &why);
	ns = ktls_install_clock() - ns;
	for (int dir = KTLS_RX; dir >= KTLS_TX; dir--) {
		enum tlsring_reason reason = why;
		int result = ret;

		if (!handover_wanted(conn, dir)) {
			conn_installed(conn, dir, -ECANCELED, TLSRING_REASON_POLICY_OFF);
			continue;
		}
		if (!ret)
			result = ktls_install(fd, conn->session, dir, &reason, &ns);
		conn_installed(conn, dir, result, result ? reason : TLSRING_REASON_NONE);
		if (!result && dir == KTLS_RX && handover_expects_no_pad(conn))
			ktls_install_no_pad(fd);
	}
	conn->install_ns = handover_took(conn, ns);
	handover_place(conn, fd);
	conn_handed_over(conn);
}

void handover_rekey(struct conn *conn, int fd, enum ktls_direction dir)
{
	enum tlsring_reason why;

	if (conn_rekey(conn, dir))
		conn_rekeyed(conn, dir, ktls_install(fd, conn->session, dir, &why, NULL));
	else if (dir == KTLS_RX && conn->rx_stalled)
		conn_unstalled(conn, ktls_install_again(fd, conn->session));
}
