/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_OPTIONS_H
#define TOOLS_COMMON_OPTIONS_H

/* Values of options that several subcommands have. Each returns 0 or TOOLS_USAGE, after a word on
 * standard error; name is the option's, without dashes. */

/* A number from min to max. */
int options_number(const char *name, const char *text, unsigned min, unsigned max, unsigned *out);
/* The position of text among words, which NULL ends: all together shorter than OPTIONS_WORDS. */
#define OPTIONS_WORDS	1024
int options_word(const char *name, const char *text, const char *const *words, unsigned *out);

#endif
