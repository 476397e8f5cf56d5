/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_HTML_H
#define TOOLS_COMMON_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Write text so that it cannot become markup, also within attributes; control characters become
 * U+FFFD. */
void html_text(FILE *out, const char *text, size_t len);

/* The style that all pages share; it sets --line and --dim, and leaves the width to the page. */
extern const char html_style[];

#endif
