/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_POLL_H
#define LIB_ENGINE_POLL_H

#include "lib/engine/internal.h"

/* The program's own descriptors (tlsring_engine_poll()). */

/* Call ready(), unless the engine is being freed, and free the poll. */
void poll_complete(struct engine_poll *poll, int res);
/* Free all polls; no callback runs. */
void poll_free(struct tlsring_engine *engine);

#endif
