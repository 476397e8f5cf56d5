// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include "tools/bench/remote/guard.h"
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/common/number.h"
#include "tools/tools.h"

#define GUARD_BYTES	32
#define GUARD_ITEM	64	/* bytes of an address in the list */

/* ---- addresses ---- */

/* IPv4 as a part of IPv6. */
static void guard_bytes(const struct sockaddr_storage *address, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (address->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
		return;
	}
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
}

/* Parse "ADDRESS[/BITS]". 0 or -EINVAL. */
static int guard_item(const char *text, size_t len, uint8_t out[16], unsigned *bits)
{
	struct sockaddr_storage address = { 0 };
	char item[GUARD_ITEM], *slash;
	unsigned most;

	if (len >= sizeof(item))
		return -EINVAL;
	memcpy(item, text, len);
	item[len] = '\0';
	slash = strchr(item, '/');
	if (slash)
		*slash++ = '\0';
	if (address_parse_ip(item, &address))
		return -EINVAL;
	most = address.ss_family == AF_INET6 ? 128 : 32;
	*bits = most;
	if (slash && number_parse_unsigned(slash, 0, most, bits))
		return -EINVAL;
	*bits += 128 - most;
	guard_bytes(&address, out);
	return 0;
}

static bool guard_within(const uint8_t address[16], const uint8_t net[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return !memcmp(address, net, whole) &&
	       (!rest || !((address[whole] ^ net[whole]) & mask));
}

bool bench_guard_allows(const struct bench_guard *guard, const struct sockaddr_storage *peer)
{
	uint8_t address[16], net[16];
	const char *list = guard->allow;
	unsigned bits;

	guard_bytes(peer, address);
	while (list) {
		size_t len = strcspn(list, ",");

		if (!guard_item(list, len, net, &bits) && guard_within(address, net, bits))
			return true;
		list = list[len] ? list + len + 1 : NULL;
	}
	return !guard->allow;
}

static int guard_check_list(const char *list)
{
	uint8_t net[16];
	unsigned bits;

	while (list) {
		size_t len = strcspn(list, ",");

		if (guard_item(list, len, net, &bits)) {
			log_line(
				"--allow %s: give IP addresses, separated by commas; "
				"/BITS may follow one",
				list);
			return TOOLS_USAGE;
		}
		list = list[len] ? list + len + 1 : NULL;
	}
	return 0;
}

/* ---- the secret ---- */

int bench_guard_open(struct bench_guard *guard, const char *token, const char *allow)
{
	FILE *file;

	*guard = (struct bench_guard){ .allow = allow };
	if (guard_check_list(allow))
		return TOOLS_USAGE;
	if (!token)
		return 0;
	file = fopen(token, "re");
	if (!file || !fgets(guard->secret, sizeof(guard->secret), file)) {
		log_line("--token %s: %s", token, file ? "the file is empty" : strerror(errno));
		if (file)
			fclose(file);
		return TOOLS_FAILED;
	}
	fclose(file);
	guard->secret[strcspn(guard->secret, "\n")] = '\0';
	if (*guard->secret)
		return 0;
	log_line("--token %s: its first line is empty", token);
	return TOOLS_FAILED;
}

static void guard_hex(char out[BENCH_GUARD_HEX], const uint8_t bytes[GUARD_BYTES])
{
	for (unsigned i = 0; i < GUARD_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool bench_guard_nonce(char nonce[BENCH_GUARD_HEX])
{
	uint8_t bytes[GUARD_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	guard_hex(nonce, bytes);
	return true;
}

void bench_guard_answer(const struct bench_guard *guard, const char *nonce,
			char answer[BENCH_GUARD_HEX])
{
	uint8_t bytes[GUARD_BYTES] = { 0 };

	HMAC(EVP_sha256(), guard->secret, (int)strlen(guard->secret), (const uint8_t *)nonce,
	     strlen(nonce), bytes, NULL);
	guard_hex(answer, bytes);
}

bool bench_guard_proves(const struct bench_guard *guard, const char *nonce, const char *answer)
{
	char right[BENCH_GUARD_HEX];

	if (!*guard->secret)
		return true;
	bench_guard_answer(guard, nonce, right);
	return answer && strlen(answer) == sizeof(right) - 1 &&
	       !CRYPTO_memcmp(right, answer, sizeof(right));
}
