/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SANDBOX_SECCOMP_H
#define TOOLS_SERVE_SANDBOX_SECCOMP_H

#include <stdbool.h>

/* Does this kernel filter system calls? */
bool seccomp_available(void);
/* From now on the calling thread, and those it makes, get EPERM from calls that no serving thread has a
 * use for. It must not be able to gain privileges (PR_SET_NO_NEW_PRIVS). */
void seccomp_enter(void);

#endif
