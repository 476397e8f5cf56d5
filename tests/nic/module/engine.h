/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TLSNIC_ENGINE_H
#define TLSNIC_ENGINE_H

#include "gcm.h"

#define TLSNIC_HEAD	13	/* type, version, length, explicit nonce */

/* What a NIC keeps of one direction of a TLS 1.2 connection: where in which record it is. */
struct tlsnic_engine {
	struct tlsnic_gcm_key key;
	struct tlsnic_gcm gcm;
	u64 number;		/* of the record under way */
	u32 pos;		/* bytes of it seen */
	u32 len;		/* of the whole record; known once pos reaches TLSNIC_HEAD */
	u8 salt[4];
	u8 head[TLSNIC_HEAD];
	u8 tag[TLSNIC_TAG];
	bool seal;
	bool skip;		/* a part of this record was missed: follow it, leave it alone */
	bool blind;		/* the record's number is not known: only follow the headers */
	bool differs;		/* its tag is wrong */
};

enum tlsnic_result {
	TLSNIC_DONE,		/* every byte was sealed or opened */
	TLSNIC_PARTLY,		/* some of it was only followed */
	TLSNIC_FORGED,		/* a record's tag did not match */
	TLSNIC_LOST,		/* that is not where a record starts */
};

int tlsnic_engine_init(struct tlsnic_engine *engine, const u8 *key, unsigned int key_len,
		       const u8 *salt, const u8 *number, bool seal);
/* Go to the start of record `number`. */
void tlsnic_engine_start(struct tlsnic_engine *engine, u64 number);
/* The stream's next bytes, changed in place. */
enum tlsnic_result tlsnic_engine_run(struct tlsnic_engine *engine, u8 *data, u32 len);
/* So many bytes are missed. False: that lost the record's end. */
bool tlsnic_engine_miss(struct tlsnic_engine *engine, u32 len);
/* Where in data a record may start; len when nowhere. */
u32 tlsnic_engine_scan(const u8 *data, u32 len);
/* The first record that was followed blindly is this one. */
void tlsnic_engine_number(struct tlsnic_engine *engine, u64 first);

#endif
