/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_CONTEXT_H
#define LIB_TLS_CONTEXT_H

#include <stdatomic.h>
#include "ktls/probe.h"
#include "lib/tlsring.h"

struct tlsring_ctx {
	_Atomic unsigned references; /* the caller's, and one of each connection */
	struct ssl_ctx_st *ssl;		/* one reference is ours */
	const struct ktls_caps *caps;	/* lives as long as the process */
	struct ktls_algorithms *algorithms; /* owned; NULL: the default ones */
	enum tlsring_offload offload;
	unsigned directions;		/* TLSRING_TX, TLSRING_RX */
	bool long_lived;
	enum tlsring_when when;
	uint64_t large;
	enum tlsring_nic nic;
	enum tlsring_path least;	/* REQUIRE: what a direction must come to */
	bool user_faster; /* of OFFLOAD_FASTEST: the kernel costs more */
	bool zerocopy;
	bool early_data;
	const char *http_response;	/* the user's; or NULL */
};

/* One reference more; tlsring_ctx_free() gives it back. */
struct tlsring_ctx *context_hold(struct tlsring_ctx *ctx);

/* May a connection's direction go to the kernel at all? TLSRING_REASON_NONE: yes. */
enum tlsring_reason context_refusal(const struct tlsring_ctx *ctx);

/* SSLs of `from` that were switched to `to` go on with the ticket keys of `from`. 0 or -ENOMEM. */
int ticket_keys_share(struct ssl_ctx_st *to, struct ssl_ctx_st *from);

/* libssl's version as it says it itself, static. */
const char *context_library(void);
/* Can this libssl negotiate the suite at all? By OpenSSL's name. */
bool context_has_cipher(const char *name);

#endif
