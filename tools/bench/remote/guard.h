/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_GUARD_H
#define TOOLS_BENCH_REMOTE_GUARD_H

/* Who may use an agent: a list of addresses,
and a secret that both ends have in a file. The secret does
 * not travel: the agent sends a nonce, and the client its HMAC-SHA256. */
#include <stdbool.h>
#include <sys/socket.h>

#define BENCH_GUARD_HEX	65	/* room for 32 bytes in hexadecimal */

struct bench_guard {
	char secret[257];		/* the file's first line; "": there is none */
	const char *allow;		/* "ADDRESS[/BITS],..."; NULL: every address */
};

/* Read the secret from a file, unless that is NULL,
and check the list. An exit status; errors are printed. */
int bench_guard_open(struct bench_guard *guard, const char *token, const char *allow);
bool bench_guard_allows(const struct bench_guard *guard, const struct sockaddr_storage *peer);
/* A new nonce. False: there is no randomness. */
bool bench_guard_nonce(char nonce[BENCH_GUARD_HEX]);
/* What proves to have the secret. */
void bench_guard_answer(const struct bench_guard *guard, const char *nonce,
			char answer[BENCH_GUARD_HEX]);
/* The answer to a nonce is right; there is no secret to have otherwise. */
bool bench_guard_proves(const struct bench_guard *guard, const char *nonce, const char *answer);

#endif
