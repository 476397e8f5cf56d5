/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_CERTIFICATE_SELF_H
#define TOOLS_COMMON_CERTIFICATE_SELF_H

#include <openssl/types.h>
#include "tools/common/certificate.h"

/*
 * Use a self-signed certificate for localhost, the same for each call. file: where it is kept, with
 * its key, from one start to the next; it is made with its folders, and without a word goes on in
 * memory only where that fails. NULL: in memory only. 0, or -1 after a line on standard error. One
 * thread.
 */
int certificate_self_use(SSL_CTX *ctx, const char *file, struct certificate *out);
/* Print where the certificate is kept, and its fingerprint. After certificate_self_use(). */
void certificate_self_announce(void);

#endif
