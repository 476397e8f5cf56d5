// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include "lib/diagnose/diagnose.h"

void diagnose_find(struct diagnose *d, const char *name, enum tlsring_state state,
		   const char *remedy, const char *format, ...)
{
	char text[256];
	struct tlsring_finding finding = {
		.area = d->area, .name = name, .text = text, .state = state,
		.remedy = state == TLSRING_GOOD ? "" : remedy,
	};
	va_list args;

	if (d->stop)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->stop = d->each(&finding, d->user);
	d->count++;
}
