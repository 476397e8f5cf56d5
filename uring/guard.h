/* SPDX-License-Identifier: MIT */
#ifndef URING_GUARD_H
#define URING_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reading a mapping of a file raises SIGBUS where the file has become shorter. Inside a guard it
 * does not: the pages that are gone read as zeroes, and uring_guard_end() tells. Other SIGBUS go
 * where they went before: the handler that was there is called.
 */

/* Guard this thread's reads of len bytes at base, which lie in one mapping. False: that cannot be
 * done here, because the program has a SIGBUS handler of its own that was set later; read the file
 * instead. */
bool uring_guard_begin(const void *base, size_t len);
/* True: every page was there. False: not, and pages of the mapping were replaced: map the file anew
 * before others use it. */
bool uring_guard_end(void);

#endif
