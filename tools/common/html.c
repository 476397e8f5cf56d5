// SPDX-License-Identifier: MIT
#include "tools/common/html.h"

void html_text(FILE *out, const char *text, size_t len)
{
	for (; len; len--, text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
			fprintf(out, "&#%d;", c);
		else if (c < ' ' || c == 0x7f)
			fputs("&#xfffd;", out);
		else
			fputc(c, out);
	}
}

const char html_style[] =
	":root{color-scheme:light dark;--line:#8884;--dim:#777}"
	"@media(prefers-color-scheme:dark){:root{--dim:#999}}"
	"body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1.5rem 1rem}"
	"table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}"
	"th{font-weight:500;text-align:left}";
