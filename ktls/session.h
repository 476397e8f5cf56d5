/* SPDX-License-Identifier: MIT */
#ifndef KTLS_SESSION_H
#define KTLS_SESSION_H

#include <stdint.h>
#include "ktls/cipher.h"

struct ktls_algorithms;

#define KTLS_SECRET_MAX	48

enum ktls_direction { KTLS_TX = 0, KTLS_RX = 1 };

/*
 * One direction's secret. TLS 1.3: the current traffic secret. TLS 1.2: the
 * write key followed by the fixed IV. `seq` is the number of the next record.
 */
struct ktls_secret {
	uint64_t seq;
	uint8_t len;
	uint8_t bytes[KTLS_SECRET_MAX];
};

/*
 * The keys of one connection, never copied. Lives in pages that are locked
 * (as far as RLIMIT_MEMLOCK allows), left out of core dumps and wiped in a
 * forked child. Owner: whoever called ktls_session_new.
 */
struct ktls_session {
	const struct ktls_cipher *cipher;
	struct ktls_algorithms *algorithms; /* borrowed; NULL: the default ones */
	uint16_t version;
	struct ktls_secret dir[2];	/* by enum ktls_direction */
};

/* 0 or -ENOMEM. Any thread. */
int ktls_session_new(struct ktls_session **out);
/* Cleanses and gives the slot back; NULL is fine. Any thread. */
void ktls_session_free(struct ktls_session *session);
/* Wipe one direction whose secret is no longer needed. */
void ktls_session_forget(struct ktls_session *session, enum ktls_direction dir);

#endif
