/* SPDX-License-Identifier: MIT */
#ifndef LAB_LAB_H
#define LAB_LAB_H

/*
 * A failure that a test injects, as a scenario sees it. The scenarios are shared by tests that
 * inject failures of different kinds, each of which defines these functions.
 */

#include <stdbool.h>
#include <sys/types.h>

/* The failure has happened: one call or connection may fail. */
static inline bool lab_failed(void);
/* It may have harmed later connections too. */
static inline bool lab_harmed(void);
/* From here on this process may meet the failure. 0: none may. */
static inline void lab_arm(pid_t victim);
/* End the process that may have met it. */
static inline void lab_exit(int status);
/* Run a scenario once for each place at which the failure may happen, `most` times at most. */
static inline void lab_each(void (*scenario)(void), unsigned long most);

#endif
