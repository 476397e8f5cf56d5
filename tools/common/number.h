/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_NUMBER_H
#define TOOLS_COMMON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Numbers that people and programs write. The whole string must be the number: no blanks, no sign,
 * nothing after it. 0; -EINVAL when text is no such number; -ERANGE when it is not from min to max.
 * *out changes only on success.
 */

int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);
/* The same into an unsigned int. */
int number_parse_unsigned(const char *text, unsigned min, unsigned max, unsigned *out);
/* Decimal fractions too: "0.5". */
int number_parse_real(const char *text, double min, double max, double *out);
/* Bytes, with K, M, G or T for powers of 1024: "512", "16K", "1.5M". */
int number_parse_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *out);
/* Seconds, with ms, s, m, h or d as unit: "30", "250ms", "1.5h". */
int number_parse_seconds(const char *text, double min, double max, double *out);
/* "on", "yes", "true", "1", or "off", "no", "false", "0"; in either case. */
int number_parse_switch(const char *text, bool *out);

/* Room for "1023 KiB". */
#define NUMBER_BYTES	16
/* Write a number of bytes for people, in units of 1024: "12.3 MiB", "640 KiB". Returns buf. */
const char *number_bytes(uint64_t bytes, char buf[NUMBER_BYTES]);

#endif
