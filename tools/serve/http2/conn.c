// SPDX-License-Identifier: MIT
#include "tools/common/log.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/conn.h"
#include "tools/serve/telemetry/accounting.h"

void http2_end(struct http2 *h, uint32_t error, const char *why)
{
	struct tlsring_info info = { .size = sizeof(info) };

	if (h->state == HTTP2_ENDED)
		return;
	h->state = HTTP2_ENDED;
	if (error == NGHTTP2_ENHANCE_YOUR_CALM)
		accounting_flooded(h->worker->accounting);
	if (why && !tlsring_conn_info(h->conn, &info))
		log_peer(&info.peer, "HTTP/2 connection ended: %s", why);
	nghttp2_session_terminate_session(h->session, error);
}

void http2_abuse(struct http2 *h, enum http2_abuse kind)
{
	if (!http2_flood_take(&h->flood, kind, h->second))
		http2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, http2_flood_text(kind));
}

void http2_leave(struct http2 *h)
{
	if (h->state != HTTP2_SERVING)
		return;
	h->state = HTTP2_LEAVING;
	nghttp2_submit_shutdown_notice(h->session);
	nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
}
