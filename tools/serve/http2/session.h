/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_SESSION_H
#define TOOLS_SERVE_HTTP2_SESSION_H

struct http2_worker;
struct tlsring_conn;
struct worker;

/* 0 or -ENOMEM. */
int http2_worker_new(struct http2_worker **out);
/* NULL is fine. */
void http2_worker_free(struct http2_worker *worker);

/* Serve a connection whose handshake has agreed on "h2". 0 or -ENOMEM. */
int http2_open(struct tlsring_conn *conn, struct worker *worker);

#endif
