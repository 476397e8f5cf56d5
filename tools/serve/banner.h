/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_BANNER_H
#define TOOLS_SERVE_BANNER_H

struct hosts;
struct server;

/* The first lines on standard error: what is served, where, and how records are sealed. */
void banner_print(const struct server *s, const struct hosts *hosts);

#endif
