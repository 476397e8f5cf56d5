// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/tools.h"

int options_number(const char *name, const char *text, unsigned min, unsigned max, unsigned *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < min || value > max) {
		log_line("--%s %s: give a number from %u to %u", name, text, min, max);
		return TOOLS_USAGE;
	}
	*out = (unsigned)value;
	return 0;
}

int options_word(const char *name, const char *text, const char *const *words, unsigned *out)
{
	char all[OPTIONS_WORDS] = "";
	size_t len = 0;

	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text))
			continue;
		*out = i;
		return 0;
	}
	for (unsigned i = 0; words[i]; i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
					!i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	log_line("--%s %s: give %s", name, text, all);
	return TOOLS_USAGE;
}
