// SPDX-License-Identifier: MIT
/* Control records from the kernel: alerts, handshake messages whole and in pieces, anything. */
#include <stdlib.h>
#include <string.h>
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "tests/fuzz/fuzz.h"

/* Input: one byte of circumstances, then records: type, flags and length, data. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ktls_caps able = { .ulp = true, .rekey_tx = true, .rekey_rx = true };
	static const struct ktls_caps unable = { .ulp = true };
	struct tlsring_ctx ctx = { .directions = TLSRING_TX | TLSRING_RX, .references = 2 };
	struct conn conn = { .ctx = &ctx, .state = CONN_OPEN, .version = 0x0304 };
	uint8_t buf[8], *copy;
	size_t len;

	if (!size || ktls_session_new(&conn.session))
		return 0;
	ctx.caps = data[0] & 1 ? &able : &unable;
	conn.server = data[0] & 2;
	conn.version = data[0] & 4 ? 0x0303 : 0x0304;
	conn.session->cipher = ktls_cipher_find(0x0304, 0x1301);
	conn.session->version = 0x0304;
	conn.session->dir[KTLS_TX].len = conn.session->dir[KTLS_RX].len = 32;
	conn.dir[KTLS_TX].path = conn.dir[KTLS_RX].path = TLSRING_PATH_KERNEL;
	for (data++, size--; size >= 3; data += len, size -= len) {
		int type = data[0] & 0x80 ? 20 + (data[0] & 7) : data[0];
		bool end = data[1] & 1;

		len = (size_t)data[1] >> 1 << 8 | data[2];
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		/* Its own block, so that reading past its end shows. */
		copy = malloc(len ? len : 1);
		memcpy(copy, data, len);
		if (!conn_record(&conn, type, copy, len, end) && conn_control(&conn, buf, &(size_t){ 0 }))
			conn_control_sent(&conn);
		free(copy);
		for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
			if (conn_rekey(&conn, dir))
				conn_rekeyed(&conn, dir, 0);
	}
	conn_wipe(&conn);
	return 0;
}
