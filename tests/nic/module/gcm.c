// SPDX-License-Identifier: GPL-2.0
#include <crypto/utils.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#endif
#include "gcm.h"

#ifdef TLSNIC_GHASH_LIB

static int gcm_hash_key(struct tlsnic_gcm_key *key, const u8 *h)
{
	ghash_preparekey(&key->hash, h);
	return 0;
}

static void gcm_hash_wipe(struct tlsnic_gcm_key *key)
{
}

static int gcm_aes_key(struct tlsnic_gcm_key *key, const u8 *raw, unsigned int len)
{
	return aes_prepareenckey(&key->aes, raw, len);
}

static void gcm_hash_start(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key)
{
	ghash_init(&gcm->hash, &key->hash);
}

static void gcm_hash(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, const u8 *text,
		     u32 at, u32 len)
{
	ghash_update(&gcm->hash, text, len);
}

static void gcm_hash_end(struct tlsnic_gcm *gcm, u8 *out)
{
	ghash_final(&gcm->hash, out);
}

#else

static int gcm_hash_key(struct tlsnic_gcm_key *key, const u8 *h)
{
	be128 block;

	memcpy(&block, h, sizeof(block));
	key->hash = gf128mul_init_4k_lle(&block);
	return key->hash ? 0 : -ENOMEM;
}

static void gcm_hash_wipe(struct tlsnic_gcm_key *key)
{
	kfree_sensitive(key->hash);
}

static int gcm_aes_key(struct tlsnic_gcm_key *key, const u8 *raw, unsigned int len)
{
	return aes_expandkey(&key->aes, raw, len);
}

static void gcm_hash_start(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key)
{
	memset(&gcm->hash, 0, sizeof(gcm->hash));
}

/* at: how much was hashed before, so that blocks end where they should. */
static void gcm_hash(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, const u8 *text,
		     u32 at, u32 len)
{
	u8 *hash = (u8 *)&gcm->hash;

	while (len) {
		u32 from = at % 16, n = min(len, 16 - from);

		crypto_xor(hash + from, text, n);
		if (from + n == 16)
			gf128mul_4k_lle(&gcm->hash, key->hash);
		text += n;
		at += n;
		len -= n;
	}
}

static void gcm_hash_end(struct tlsnic_gcm *gcm, u8 *out)
{
	memcpy(out, &gcm->hash, 16);
}

#endif

#if defined(CONFIG_X86_64) && !defined(TLSNIC_GHASH_LIB)

/*
 * The aes_encrypt of old is plain C, a thousand instructions where the processor has ten: an emulated
 * machine would spend most of its time in it.
 */
static bool gcm_fast_begin(void)
{
	if (!boot_cpu_has(X86_FEATURE_AES) || !irq_fpu_usable())
		return false;
	kernel_fpu_begin();
	return true;
}

static void gcm_fast_end(void)
{
	kernel_fpu_end();
}

/* The keys of all rounds lie one behind the other, as the instructions take them. */
static void gcm_fast_encrypt(const struct tlsnic_gcm_key *key, u8 *out, const u8 *in)
{
	const u8 *round = (const u8 *)key->aes.key_enc;
	const u8 *last = round + 16 * (6 + key->aes.key_length / 4);

	asm volatile("movdqu (%[in]), %%xmm0\n\t"
		     "movdqu (%[round]), %%xmm1\n\t"
		     "pxor %%xmm1, %%xmm0\n"
		     "1:\t"
		     "add $16, %[round]\n\t"
		     "movdqu (%[round]), %%xmm1\n\t"
		     "cmp %[last], %[round]\n\t"
		     "je 2f\n\t"
		     "aesenc %%xmm1, %%xmm0\n\t"
		     "jmp 1b\n"
		     "2:\t"
		     "aesenclast %%xmm1, %%xmm0\n\t"
		     "movdqu %%xmm0, (%[out])"
		     : [round] "+r" (round)
		     : [in] "r" (in), [out] "r" (out), [last] "r" (last)
		     : "memory", "cc");
}

#else

static bool gcm_fast_begin(void)
{
	return false;
}

static void gcm_fast_end(void)
{
}

static void gcm_fast_encrypt(const struct tlsnic_gcm_key *key, u8 *out, const u8 *in)
{
}

#endif

int tlsnic_gcm_key_init(struct tlsnic_gcm_key *key, const u8 *raw, unsigned int len)
{
	u8 h[16] = { 0 };
	int ret = gcm_aes_key(key, raw, len);

	if (ret)
		return ret;
	aes_encrypt(&key->aes, h, h);
	ret = gcm_hash_key(key, h);
	memzero_explicit(h, sizeof(h));
	return ret;
}

void tlsnic_gcm_key_wipe(struct tlsnic_gcm_key *key)
{
	gcm_hash_wipe(key);
	memzero_explicit(key, sizeof(*key));
}

static void gcm_next_block(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, u8 *stream,
			   bool fast)
{
	put_unaligned_be32(get_unaligned_be32(gcm->counter + 12) + 1, gcm->counter + 12);
	if (fast)
		gcm_fast_encrypt(key, stream, gcm->counter);
	else
		aes_encrypt(&key->aes, stream, gcm->counter);
}

void tlsnic_gcm_start(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, const u8 *nonce,
		      const u8 *aad, u32 aad_len)
{
	u8 block[16] = { 0 };

	memcpy(gcm->counter, nonce, 12);
	memset(gcm->counter + 12, 0, 4);
	gcm_next_block(gcm, key, gcm->first, false);
	gcm->done = 0;
	gcm->aad_len = aad_len;
	memcpy(block, aad, aad_len);
	gcm_hash_start(gcm, key);
	gcm_hash(gcm, key, block, 0, sizeof(block));
}

static void gcm_stream(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, u8 *text, u32 len)
{
	bool fast = gcm_fast_begin();
	u32 at = gcm->done;

	while (len) {
		u32 from = at % 16, n = min(len, 16 - from);

		if (!from)
			gcm_next_block(gcm, key, gcm->stream, fast);
		crypto_xor(text, gcm->stream + from, n);
		text += n;
		at += n;
		len -= n;
	}
	if (fast)
		gcm_fast_end();
}

void tlsnic_gcm_crypt(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, u8 *text, u32 len,
		      bool seal)
{
	if (!seal)
		gcm_hash(gcm, key, text, gcm->done, len);
	gcm_stream(gcm, key, text, len);
	if (seal)
		gcm_hash(gcm, key, text, gcm->done, len);
	gcm->done += len;
}

void tlsnic_gcm_finish(struct tlsnic_gcm *gcm, const struct tlsnic_gcm_key *key, u8 *tag)
{
	u8 block[16] = { 0 };

	if (gcm->done % 16)
		gcm_hash(gcm, key, block, gcm->done, 16 - gcm->done % 16);
	put_unaligned_be64((u64)gcm->aad_len * 8, block);
	put_unaligned_be64((u64)gcm->done * 8, block + 8);
	gcm_hash(gcm, key, block, 0, sizeof(block));
	gcm_hash_end(gcm, tag);
	crypto_xor(tag, gcm->first, TLSNIC_TAG);
}
