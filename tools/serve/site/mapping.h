/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_MAPPING_H
#define TOOLS_SERVE_SITE_MAPPING_H

#include <stdint.h>

/*
 * Mappings of large files that are asked for again and again, of one thread: what it costs to map their pages
 * is paid once. The first request for a file only leaves a note; the next within SITE_MAPPING_REST seconds maps it.
 * So long after its last use a mapping is given up, since the space of a removed file must come back.
 */
struct site_mappings;
struct site_mapping;
struct site_stamp;
struct tlsring_engine;

#define SITE_MAPPING_MIN	(256u * 1024)		/* bytes of a range that is worth one */
#define SITE_MAPPING_MAX	(256u * 1024 * 1024)	/* of a file: the page tables take 1/512 of it */
#define SITE_MAPPING_REST	2

/* 0; -ENOMEM; -EMFILE and the like: no timer. */
int site_mappings_new(struct site_mappings **out);
/* Their time passes as the engine, the thread's, runs; before that there are none. */
void site_mappings_watch(struct site_mappings *mappings, struct tlsring_engine *engine);
/* After all references, and the engine. */
void site_mappings_free(struct site_mappings *mappings);

/* A reference that site_mapping_put() gives back; NULL: there is none for this file now. */
struct site_mapping *site_mapping_get(struct site_mappings *mappings,
				      const struct site_stamp *stamp, int fd);
void site_mapping_put(struct site_mapping *mapping);
const void *site_mapping_bytes(const struct site_mapping *mapping);

#endif
