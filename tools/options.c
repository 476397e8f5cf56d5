// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "options.h"
#include "tools.h"

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
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text))
			continue;
		*out = i;
		return 0;
	}
	log_line("--%s %s: give %s, %s or %s", name, text, words[0], words[1], words[2]);
	return TOOLS_USAGE;
}
