/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_URL_H
#define TOOLS_GET_URL_H

/* An https URL, taken apart; every text is owned. A zeroed one is empty. */
struct url {
	char *text;		/* the whole, without fragment */
	char *host;		/* name or address, an IPv6 address without its brackets */
	char *port;		/* "443" when none was given */
	char *authority;	/* as the Host field has it */
	char *target;		/* path and query, begins with '/' */
	char *name;		/* the path's last segment, decoded; "": none that can name a file */
};

/* 0; -EINVAL: *why says in a static sentence what is wrong, and what would be right; -ENOMEM. out is
 * then empty. */
int url_parse(struct url *out, const char *text, const char **why);
/* What `reference` means to someone who is at base (RFC 3986, 5.2). As url_parse(). */
int url_resolve(struct url *out, const struct url *base, const char *reference, const char **why);
void url_free(struct url *url);

#endif
