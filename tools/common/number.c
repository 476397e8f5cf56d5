// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tools/common/number.h"

struct number_unit {
	const char *name;
	double factor;
};

int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	/* strtoull() would take blanks and a sign. */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int number_parse_unsigned(const char *text, unsigned min, unsigned max, unsigned *out)
{
	uint64_t value;
	int ret = number_parse(text, min, max, &value);

	if (!ret)
		*out = (unsigned)value;
	return ret;
}

/* Parse digits with at most one point, then one of the units; the name of the first unit is "". */
static int number_parse_units(const char *text, const struct number_unit *units, double min,
			      double max, double *out)
{
	size_t digits = strspn(text, "0123456789."), i = 0;
	char *end = NULL;
	/* strtod() alone would take "inf", "0x1p4" and "1e9". */
	double value = digits && digits < 32 ? strtod(text, &end) : -1;

	while (units[i].name && strcmp(units[i].name, text + digits))
		i++;
	if (value < 0 || !units[i].name || end != text + digits)
		return -EINVAL;
	value *= units[i].factor;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int number_parse_real(const char *text, double min, double max, double *out)
{
	static const struct number_unit units[] = { { "", 1 }, { NULL, 0 } };

	return number_parse_units(text, units, min, max, out);
}

int number_parse_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct number_unit units[] = {
		{ "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 },
		{ "T", 1099511627776.0 }, { NULL, 0 },
	};
	double value;
	int ret;

	/* A double cannot hold every whole number. */
	if (!text[strspn(text, "0123456789")])
		return number_parse(text, min, max, out);
	ret = number_parse_units(text, units, (double)min, (double)max, &value);
	if (!ret)
		*out = (uint64_t)value;
	return ret;
}

int number_parse_seconds(const char *text, double min, double max, double *out)
{
	static const struct number_unit units[] = {
		{ "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 }, { NULL, 0 },
	};

	return number_parse_units(text, units, min, max, out);
}

int number_parse_switch(const char *text, bool *out)
{
	static const char *const words[2][4] = {
		{ "off", "no", "false", "0" }, { "on", "yes", "true", "1" },
	};

	for (unsigned i = 0; i < 8; i++) {
		if (strcasecmp(text, words[i / 4][i % 4]))
			continue;
		*out = i / 4;
		return 0;
	}
	return -EINVAL;
}

const char *number_bytes(uint64_t bytes, char buf[NUMBER_BYTES])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1023.5 && unit < 6; unit++)
		value /= 1024;
	snprintf(buf, NUMBER_BYTES, "%.*f %s", unit && value < 99.95, value, units[unit]);
	return buf;
}
