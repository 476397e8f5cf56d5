/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_LISTENER_H
#define LIB_ENGINE_LISTENER_H

#include "lib/engine/internal.h"

/* Listening sockets and the connections that they bring. */

/* Accept from now on, unless that is under way or the engine is stopping. */
void listener_accept(struct engine_listener *listener);
/* Take the completion of an accept. */
void listener_complete(struct engine_listener *listener, const struct uring_completion *completion);
/* Stop accepting on all. A last completion of each may still come. */
void listener_stop_all(struct tlsring_engine *engine);
/* Is an accept of any of them in flight? */
bool listener_any_accepting(const struct tlsring_engine *engine);
void listener_free_all(struct tlsring_engine *engine);

#endif
