/* SPDX-License-Identifier: MIT */
#ifndef HDR_MALLOC_H
#define HDR_MALLOC_H

#include <stdlib.h>

#define hdr_malloc	malloc
#define hdr_calloc	calloc
#define hdr_realloc	realloc
#define hdr_free	free

#endif
