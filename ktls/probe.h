/* SPDX-License-Identifier: MIT */
#ifndef KTLS_PROBE_H
#define KTLS_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include "ktls/tlsring_reason.h"
#include "ktls/cipher.h"

#define KTLS_PROBE_CIPHERS 64	/* at least the rows of the cipher table */

/* What this kernel can do, found by asking it. */
struct ktls_caps {
	bool ulp;			/* setsockopt TCP_ULP "tls" works */
	int ulp_error;			/* else its errno (positive) */
	enum tlsring_reason why_not;	/* else the reason */
	/* Bit i: row i of ktls_cipher_at() installs. ARIA and SM4 are only asked for where /proc/crypto
	 * has them: the kernel searches long and in vain for modules that are not there. */
	uint64_t tx_ciphers, rx_ciphers;
	bool rekey_tx, rekey_rx;
	bool tx_zerocopy_ro;		/* TLS_TX_ZEROCOPY_RO is accepted */
	bool rx_expect_no_pad;
	bool max_payload;		/* TLS_TX_MAX_PAYLOAD_LEN is known */
	char ulp_list[128];		/* net.ipv4.tcp_available_ulp */
	/* Known bugs of this kernel's version that the library works around. */
	bool bug_no_pad;		/* CVE-2026-74611: never set TLS_RX_EXPECT_NO_PAD */
	bool mended_no_pad;		/* this version is known to be without it */
	bool bug_splice_rx;		/* never splice out of a kTLS socket */
	bool bug_nic;			/* NIC offload may write out of bounds */
	bool bug_signal;		/* a signal during send may abort the connection */
};

/* Asked once per process over a loopback TCP pair, then remembered. Thread-safe.
 * Never NULL: where nothing could be asked everything is false with its reason. */
const struct ktls_caps *ktls_probe(void);

#endif
