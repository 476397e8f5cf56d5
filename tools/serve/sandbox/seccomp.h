/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SANDBOX_SECCOMP_H
#define TOOLS_SERVE_SANDBOX_SECCOMP_H

#include <stdbool.h>

/* Does this kernel support seccomp filters? */
bool seccomp_available(void);
/* Refuse calls that serving threads never need, with EPERM, to the calling thread and to all
 * threads that it makes, for good. It must be unable to gain privileges (PR_SET_NO_NEW_PRIVS). */
void seccomp_enter(void);

#endif
