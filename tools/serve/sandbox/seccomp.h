/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SANDBOX_SECCOMP_H
#define TOOLS_SERVE_SANDBOX_SECCOMP_H

#include <stdbool.h>

/* Does this kernel support seccomp filters? */
bool seccomp_available(void);
/* Permit the calling thread, and all threads that it makes, only the calls that serving takes, for
 * good; others fail with EPERM. It must be unable to gain privileges (PR_SET_NO_NEW_PRIVS). */
void seccomp_enter(void);

#endif
