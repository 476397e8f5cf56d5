// SPDX-License-Identifier: MIT
#include <string.h>
#include "tools/http/date.h"

void http_date_format(time_t when, char buf[HTTP_DATE_SIZE])
{
	struct tm tm;

	/* The program never calls setlocale(), so the names are English. */
	if (!gmtime_r(&when, &tm) ||
	    strftime(buf, HTTP_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &tm) != HTTP_DATE_SIZE - 1)
		strcpy(buf, "Thu, 01 Jan 1970 00:00:00 GMT");
}

time_t http_date_parse(const char *text, size_t len)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT",	/* IMF-fixdate */
		"%A, %d-%b-%y %H:%M:%S GMT",	/* RFC 850 */
		"%a %b %d %H:%M:%S %Y",		/* asctime */
	};
	char copy[64];

	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(copy, forms[i], &tm);

		if (end && end == copy + len)
			return timegm(&tm);
	}
	return -1;
}
