/* SPDX-License-Identifier: MIT */
#ifndef TLSRING_REASON_H
#define TLSRING_REASON_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Why a direction of a connection is not where the policy would like it, or why a connection ended.
 * A released value never changes its number; new ones go to the end.
 */
enum tlsring_reason {
	TLSRING_REASON_NONE = 0,
	TLSRING_REASON_POLICY_OFF,	/* the context says: never offload */
	TLSRING_REASON_NO_MODULE,	/* no "tls" ULP in this kernel */
	TLSRING_REASON_NOT_ESTABLISHED,	/* ULP on a socket that is not connected */
	TLSRING_REASON_MPTCP,		/* the socket is MPTCP: another ULP owns it */
	TLSRING_REASON_ULP_TAKEN,	/* another ULP already sits on the socket */
	TLSRING_REASON_NOT_TCP,		/* not a TCP socket */
	TLSRING_REASON_VERSION,		/* negotiated version is not TLS 1.2 or 1.3 */
	TLSRING_REASON_CIPHER,		/* kTLS has no such cipher at all */
	TLSRING_REASON_CIPHER_MISSING,	/* this kernel lacks the cipher */
	TLSRING_REASON_RECORD_SIZE,	/* max_fragment other than 16384 */
	TLSRING_REASON_PADDING,		/* record padding was asked for */
	TLSRING_REASON_NO_SECRETS,	/* the SSL was not watched from its start */
	TLSRING_REASON_COMPRESSION,	/* TLS-level compression in use */
	TLSRING_REASON_KERNEL_REFUSED,	/* setsockopt failed; errno tells more */
	TLSRING_REASON_KERNEL_BUG,	/* masked: this kernel has a known bug */
	TLSRING_REASON_NO_REKEY,	/* kernel cannot change keys */
	TLSRING_REASON_NIC_VERSION,	/* in software: NICs take TLS 1.2 only */
	TLSRING_REASON_NIC_CIPHER,	/* in software: NICs take AES-GCM only */
	TLSRING_REASON_NIC_ABSENT,	/* in software: no NIC with TLS offload */
	TLSRING_REASON_NIC_FEATURE_OFF,	/* in software: NIC can, feature is off */
	TLSRING_REASON_PERMISSION,	/* forbidden, by a seccomp filter or the like */
	TLSRING_REASON_NOT_YET,		/* the keys were not handed over yet */
	TLSRING_REASON_NIC_REFUSED,	/* in software: NIC can, is on, but did not take it */
	TLSRING_REASON_NIC_UNKNOWN,	/* whether a NIC does it cannot be told: no CAP_NET_ADMIN */
	TLSRING_REASON_USER_FASTER,	/* sealing in user space costs less here */
	TLSRING_REASON_NIC_VLAN,	/* in software: a VLAN lies between socket and NIC */
	TLSRING_REASON_NIC_LOST,	/* in software: the NIC lost the context with its link */
	TLSRING_REASON_COUNT
};

/*
 * Name a reason in one word.
 *
 * For logs and JSON, such as "no-module".
 *
 * Returns the word, never NULL. Static.
 * Threads: any.
 */
const char *tlsring_reason_name(enum tlsring_reason reason);
/*
 * Say in a sentence for people what a reason means.
 *
 * Returns the sentence, never NULL. Static.
 * Threads: any.
 */
const char *tlsring_reason_text(enum tlsring_reason reason);
/*
 * Say in a sentence for people what can be done about a reason.
 *
 * Returns the sentence; "" when nothing is to be done. Static.
 * Threads: any.
 */
const char *tlsring_reason_remedy(enum tlsring_reason reason);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
