/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_MAPPING_H
#define TOOLS_SERVE_SITE_MAPPING_H

#include <stdint.h>

/*
 * Mappings of large files that are asked for again and again, of one thread: what it costs to map their pages
 * is paid once. The first request for a file only leaves a note; the next within SITE_MAP_REST seconds maps it.
 * So long after its last use a mapping is given up, since the space of a removed file must come back.
 */
struct site_maps;
struct site_map;
struct site_stamp;
struct tlsring_engine;

#define SITE_MAP_LEAST	(256u * 1024)		/* bytes of a range that is worth one */
#define SITE_MAP_MOST	(256u * 1024 * 1024)	/* of a file: the page tables take 1/512 of it */
#define SITE_MAP_REST	2

/* 0; -ENOMEM; -EMFILE and the like: no timer. */
int site_maps_new(struct site_maps **out);
/* Their time passes as the engine, the thread's, runs; before that there are none. */
void site_maps_watch(struct site_maps *maps, struct tlsring_engine *engine);
/* After all references, and the engine. */
void site_maps_free(struct site_maps *maps);

/* A reference that site_map_put() gives back; NULL: there is none for this file now. */
struct site_map *site_map_get(struct site_maps *maps, const struct site_stamp *stamp, int fd);
void site_map_put(struct site_map *map);
const void *site_map_bytes(const struct site_map *map);

#endif
