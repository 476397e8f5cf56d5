/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_MAPPING_H
#define TOOLS_SERVE_SITE_MAPPING_H

#include <stdint.h>

/*
 * One thread's mappings of large files that are requested again and again: mapping their pages is
 * paid for once. The first request for a file leaves a note, the next within SITE_MAPPING_REST
 * seconds maps it. After that time without use a mapping is given up, since the space of a removed
 * file must come back.
 */
struct site_mappings;
struct site_mapping;
struct site_stamp;
struct tlsring_engine;

/* Bytes; shorter ranges are not sent from a mapping. */
#define SITE_MAPPING_MIN	(256u * 1024)
/* Bytes; larger files are not mapped, since page tables take 1/512 of their size. */
#define SITE_MAPPING_MAX	(256u * 1024 * 1024)
/* Seconds. */
#define SITE_MAPPING_REST	2

/* 0; -ENOMEM; -EMFILE and the like without a timer. */
int site_mappings_new(struct site_mappings **out);
/* Let the thread's engine run the timer. Before this call nothing is mapped. */
void site_mappings_watch(struct site_mappings *mappings, struct tlsring_engine *engine);
/* After all references were put back, and the engine was freed. */
void site_mappings_free(struct site_mappings *mappings);

/* A reference for site_mapping_put(). NULL: this file has no mapping now. */
struct site_mapping *site_mapping_get(struct site_mappings *mappings,
				      const struct site_stamp *stamp, int fd);
void site_mapping_put(struct site_mapping *mapping);
const void *site_mapping_bytes(const struct site_mapping *mapping);

#endif
