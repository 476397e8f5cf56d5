/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_SESSION_H
#define TOOLS_SERVE_HTTP2_SESSION_H

struct http2_worker;
struct tlsring_conn;
struct worker;

/* What the HTTP/2 connections of one thread share. 0 or -ENOMEM. */
int http2_worker_new(struct http2_worker **out);
void http2_worker_free(struct http2_worker *worker);

/* The handshake has agreed on "h2": serve the connection so. 0 or -ENOMEM. */
int http2_open(struct tlsring_conn *conn, struct worker *worker);

#endif
