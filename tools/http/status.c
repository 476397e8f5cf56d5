// SPDX-License-Identifier: MIT
#include <stddef.h>
#include "tools/http/status.h"

#define STATUS(number, reason)	{ number, #number " " reason, #number " " reason "\n" }

struct status {
	int number;
	const char *line, *body;
};

static const struct status statuses[] = {
	STATUS(200, "OK"),
	STATUS(204, "No Content"),
	STATUS(206, "Partial Content"),
	STATUS(301, "Moved Permanently"),
	STATUS(304, "Not Modified"),
	STATUS(308, "Permanent Redirect"),
	STATUS(400, "Bad Request"),
	STATUS(403, "Forbidden"),
	STATUS(404, "Not Found"),
	STATUS(405, "Method Not Allowed"),
	STATUS(412, "Precondition Failed"),
	STATUS(413, "Content Too Large"),
	STATUS(414, "URI Too Long"),
	STATUS(416, "Range Not Satisfiable"),
	STATUS(421, "Misdirected Request"),
	STATUS(431, "Request Header Fields Too Large"),
	STATUS(500, "Internal Server Error"),
	STATUS(501, "Not Implemented"),
	STATUS(503, "Service Unavailable"),
	STATUS(505, "HTTP Version Not Supported"),
};

static const struct status *status_find(int number)
{
	static const struct status other = STATUS(500, "Internal Server Error");

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].number == number)
			return &statuses[i];
	return &other;
}

const char *http_status_line(int status)
{
	return status_find(status)->line;
}

const char *http_status_body(int status)
{
	return status_find(status)->body;
}
