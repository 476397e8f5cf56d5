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
