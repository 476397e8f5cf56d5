/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_URL_H
#define TOOLS_GET_URL_H

/* The parts of an https URL; every text is owned. A zeroed structure is empty. */
struct url {
	char *text;		/* the whole, without fragment */
	char *host;		/* name or address, an IPv6 address without its brackets */
	char *zone;		/* of a link-local IPv6 address, such as "eth0"; "": none */
	char *port;		/* "443" when none was given */
	char *authority;	/* as the Host field has it */
	char *target;		/* path and query, begins with '/' */
	char *name;		/* last segment of the path, decoded; "": it cannot name a file */
};

/* 0; -EINVAL: *why is a static sentence that says what is wrong; -ENOMEM. On errors out is
 * empty. */
int url_parse(struct url *out, const char *text, const char **why);
/* Resolve a reference against base (RFC 3986, 5.2). Returns as url_parse(). */
int url_resolve(struct url *out, const struct url *base, const char *reference, const char **why);
void url_free(struct url *url);

#endif
