/* SPDX-License-Identifier: MIT */
#ifndef KTLS_PROBE_H
#define KTLS_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include "ktls/tlsring_reason.h"
#include "ktls/cipher.h"

#define KTLS_PROBE_CIPHERS 64	/* the cipher table has no more rows */

/* The abilities of this kernel's TLS, found by trying them. */
struct ktls_caps {
	bool ulp;			/* setsockopt TCP_ULP "tls" works */
	int ulp_error;			/* if not, its errno (positive) */
	enum tlsring_reason why_not;	/* if not, the reason */
	/* Bit i: row i of ktls_cipher_at() can be installed. ARIA and SM4 are tried only if
	 * /proc/crypto has them: the kernel searches long for modules that are missing. */
	uint64_t tx_ciphers, rx_ciphers;
	bool rekey_tx, rekey_rx;
	bool tx_zerocopy_ro;		/* TLS_TX_ZEROCOPY_RO is accepted */
	bool rx_expect_no_pad;
	bool max_payload;		/* TLS_TX_MAX_PAYLOAD_LEN is known */
	char ulp_list[128];		/* net.ipv4.tcp_available_ulp */
	/* Bugs that this kernel's version is known to have, and that the library works around. */
	bool bug_no_pad;		/* CVE-2026-74611: never set TLS_RX_EXPECT_NO_PAD */
	bool mended_no_pad;		/* this version is known not to have bug_no_pad */
	bool bug_splice_rx;		/* never splice out of a kTLS socket */
	bool bug_nic;			/* NIC offload may write out of bounds */
	bool bug_signal;		/* a signal during send may abort the connection */
};

/* Probe this kernel over loopback connections. The answer is remembered, unless descriptors or
 * memory ran out while probing: then it has nothing but the reason, and the next call probes
 * again. Thread-safe, never NULL, and valid for ever. */
const struct ktls_caps *ktls_probe(void);

#endif
