/* SPDX-License-Identifier: MIT */
#ifndef LIB_DIAGNOSE_DIAGNOSE_H
#define LIB_DIAGNOSE_DIAGNOSE_H

#include "lib/tlsring.h"

/* One run of a diagnosis: the receiver of findings, and what it has returned so far. */
struct diagnose {
	int (*each)(const struct tlsring_finding *finding, void *user);
	void *user;
	const char *area;		/* of the findings to come */
	int count;			/* of findings */
	int stop;			/* the first non-zero value that each() returned */
};

/* Give a finding to each(), unless it has stopped. The remedy is left out where state is good. In
 * finding.c. */
__attribute__((format(printf, 5, 6)))
void diagnose_find(struct diagnose *d, const char *name, enum tlsring_state state,
		   const char *remedy, const char *format, ...);

/* Findings about the network cards of this machine; in nic.c. */
void diagnose_nics(struct diagnose *d);

static inline enum tlsring_state diagnose_state(bool good)
{
	return good ? TLSRING_GOOD : TLSRING_MISSING;
}

#endif
