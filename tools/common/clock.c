// SPDX-License-Identifier: MIT
#include "tools/common/clock.h"

const char *clock_iso(time_t when, char buf[CLOCK_ISO])
{
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(buf, CLOCK_ISO, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
	return buf;
}
