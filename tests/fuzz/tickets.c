// SPDX-License-Identifier: MIT
/* Files of ticket keys: taken only if their length is right, and then tickets work. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include <sys/mman.h>
#include "lib/tlsring.h"
#include "tests/fuzz/fuzz.h"

#define FILES	10

/* Input: files, each a piece. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct tlsring_ctx *ctx = NULL;
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	char paths[FILES][32];
	const char *names[FILES];
	int fds[FILES], count = 0, ret;
	bool good = true;

	must(ssl && !tlsring_ctx_new(&ctx, ssl, NULL));
	while (in.size && count < FILES) {
		size_t len;
		char *piece = fuzz_piece(&in, &len);

		fds[count] = memfd_create("key", MFD_CLOEXEC);
		must(fds[count] >= 0 && write(fds[count], piece, len) == (ssize_t)len);
		snprintf(paths[count], sizeof(paths[count]), "/proc/self/fd/%d", fds[count]);
		names[count] = paths[count];
		good &= len == 48 || len == 80;
		count++;
		free(piece);
	}
	ret = tlsring_ctx_ticket_keys(ctx, names, (unsigned)count);
	if (!count || count > 8)
		must(ret == -EINVAL);
	else
		must(ret == (good ? 0 : -EBADMSG));
	while (count)
		close(fds[--count]);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
	return 0;
}
