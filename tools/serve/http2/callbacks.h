/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_CALLBACKS_H
#define TOOLS_SERVE_HTTP2_CALLBACKS_H

#include <nghttp2/nghttp2.h>

/* The callbacks of sessions whose user pointer is a struct http2. For
 * nghttp2_session_callbacks_del(); NULL: out of memory. */
nghttp2_session_callbacks *http2_callbacks_new(void);

#endif
