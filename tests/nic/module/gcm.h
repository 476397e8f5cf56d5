/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TLSNIC_GCM_H
#define TLSNIC_GCM_H

/*
 * AES-GCM that can stop after any byte and go on with the next packet, as a NIC's does. The
 * kernel's crypto API wants whole records, so only its AES block and its GHASH are used. Which of
 * them are exported to modules has changed: this header and gcm.c are the only place that knows.
 */
#include <linux/types.h>
#include <crypto/aes.h>

#if __has_include(<crypto/gf128hash.h>)
#define TLSNIC_GHASH_LIB 1
#include <crypto/gf128hash.h>
#else
#include <crypto/gf128mul.h>
#endif

#define TLSNIC_TAG	16

struct tlsnic_gcm_key {
#ifdef TLSNIC_GHASH_LIB
	struct aes_enckey aes;
	struct ghash_key hash;
#else
	struct crypto_aes_ctx aes;
	struct gf128mul_4k *hash;	/* owned */
#endif
};

/* One record under way. */
struct tlsnic_gcm {
#ifdef TLSNIC_GHASH_LIB
	struct ghash_ctx hash;
#else
	be128 hash;
#endif
	u8 counter[16];
	u8 first[16];		/* keystream of counter 1: it covers the tag */
	u8 stream[16];		/* keystream of the block under way */
	u32 done;		/* bytes of text so far */
	u32 aad_len;
};

int tlsnic_gcm_key_init(struct tlsnic_gcm_key *key, const u8 *raw, unsigned int len);
void tlsnic_gcm_key_wipe(struct tlsnic_gcm_key *key);
/* nonce has 12 bytes, aad at most 16. */
void tlsnic_gcm_start(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, const u8 *nonce,
		      const u8 *aad, u32 aad_len);
/* In place; seal: plaintext becomes ciphertext, else the reverse. */
void tlsnic_gcm_crypt(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, u8 *text, u32 len,
		      bool seal);
void tlsnic_gcm_finish(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, u8 *tag);

#endif
