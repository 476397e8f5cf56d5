// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uriparser/Uri.h>
#include "tools/common/number.h"
#include "tools/get/url.h"

static char *url_range(const UriTextRangeA *range)
{
	return strndup(range->first ? range->first : "", (size_t)(range->afterLast - range->first));
}

static int url_port(struct url *out, const UriUriA *uri, const char **why)
{
	unsigned number;

	out->port = uri->portText.first < uri->portText.afterLast ? url_range(&uri->portText) :
								    strdup("443");
	if (!out->port)
		return -ENOMEM;
	if (!number_parse_unsigned(out->port, 1, 65535, &number))
		return 0;
	*why = "a port is a number from 1 to 65535";
	return -EINVAL;
}

static int url_authority(struct url *out)
{
	const char *open = strchr(out->host, ':') ? "[" : "", *close = *open ? "]" : "";
	int ret;

	if (strcmp(out->port, "443"))
		ret = asprintf(&out->authority, "%s%s%s:%s", open, out->host, close, out->port);
	else
		ret = asprintf(&out->authority, "%s%s%s", open, out->host, close);
	if (ret < 0)
		out->authority = NULL;
	return ret < 0 ? -ENOMEM : 0;
}

/* Path and query, as they are sent; a fragment is not sent. */
static int url_target(struct url *out, const UriUriA *uri, const char *text)
{
	const char *start = strstr(text, "//") + 2, *end = text + strlen(text);
	int ret;

	if (uri->fragment.first)
		end = uri->fragment.first - 1;
	start += strcspn(start, "/?#");
	ret = asprintf(&out->target, "%s%.*s", *start == '/' ? "" : "/", (int)(end - start), start);
	if (ret < 0)
		out->target = NULL;
	return ret < 0 ? -ENOMEM : 0;
}

/* The decoded name must be a plain file name: no "/", no "..", no control characters. */
static int url_name(struct url *out, const UriUriA *uri)
{
	const char *end;
	char *name = uri->pathTail ? url_range(&uri->pathTail->text) : strdup("");

	if (!name)
		return -ENOMEM;
	end = uriUnescapeInPlaceExA(name, URI_FALSE, URI_BR_DONT_TOUCH);
	if (strlen(name) != (size_t)(end - name) || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		*name = '\0';
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*name = '\0';
	out->name = name;
	return 0;
}

/* The host in the form that can be compared: lower case; IPv6 as inet_ntop(3) writes it. */
static char *url_host(const UriUriA *uri)
{
	char address[INET6_ADDRSTRLEN], *host;

	if (uri->hostData.ip6)
		return strdup(
			inet_ntop(AF_INET6, uri->hostData.ip6->data, address, sizeof(address)));
	host = url_range(&uri->hostText);
	for (char *c = host; host && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	return host;
}

static int url_take(struct url *out, const UriUriA *uri, const char *text, const char **why)
{
	int ret;

	if (!uri->scheme.first || !uri->hostText.first) {
		*why = "a URL begins with https:// and a host";
		return -EINVAL;
	}
	if (uri->scheme.afterLast - uri->scheme.first != 5 ||
	    strncasecmp(uri->scheme.first, "https", 5)) {
		*why = "only https:// is fetched";
		return -EINVAL;
	}
	if (uri->hostText.first == uri->hostText.afterLast) {
		*why = "the host's name is missing";
		return -EINVAL;
	}
	if (uri->userInfo.first) {
		*why = "a user's name and password in a URL are not supported";
		return -EINVAL;
	}
	out->host = url_host(uri);
	if (!out->host)
		return -ENOMEM;
	ret = url_port(out, uri, why);
	if (!ret)
		ret = url_authority(out);
	if (!ret)
		ret = url_target(out, uri, text);
	return ret ? ret : url_name(out, uri);
}

/*
 * Cut the zone out of "https://[fe80::1%25eth0]/" (RFC 6874), or "%eth0" as people write it: it is
 * of this machine only, and uriparser knows none. *out: the zone, "" for none. False: out of
 * memory.
 */
static bool url_cut_zone(char *text, char **out)
{
	char *slashes = strstr(text, "//"), *end, *zone;
	size_t len;

	end = slashes && slashes[2] == '[' ? strpbrk(slashes + 3, "]/") : NULL;
	zone = end && *end == ']' ? memchr(slashes, '%', (size_t)(end - slashes)) : NULL;
	if (!zone) {
		*out = strdup("");
		return *out;
	}
	len = (size_t)(end - zone);
	*out = strncmp(zone, "%25", 3) || len <= 3 ? strndup(zone + 1, len - 1) :
						     strndup(zone + 3, len - 3);
	memmove(zone, end, strlen(end) + 1);
	return *out;
}

static bool url_zone_valid(const char *zone)
{
	return !zone[strspn(zone,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")];
}

/* out->zone is set, and text is without it. */
static int url_parse_whole(struct url *out, const char *text, const char **why)
{
	const char *at;
	UriUriA uri;
	int ret;

	if (!url_zone_valid(out->zone)) {
		*why = "the zone of its address is no interface name";
		return -EINVAL;
	}
	ret = uriParseSingleUriA(&uri, text, &at);
	if (ret) {
		*why = "it has characters that a URL cannot have; write them as %XX";
		return ret == URI_ERROR_MALLOC ? -ENOMEM : -EINVAL;
	}
	ret = url_take(out, &uri, text, why);
	uriFreeUriMembersA(&uri);
	return ret;
}

int url_parse(struct url *out, const char *text, const char **why)
{
	char *copy = strdup(text);
	int ret = -ENOMEM;

	*out = (struct url){ .text = strndup(text, strcspn(text, "#")) };
	if (out->text && copy && url_cut_zone(copy, &out->zone))
		ret = url_parse_whole(out, copy, why);
	free(copy);
	if (ret)
		url_free(out);
	return ret;
}

static char *url_text(const UriUriA *uri)
{
	char *text = NULL;
	int len;

	if (uriToStringCharsRequiredA(uri, &len) == URI_SUCCESS)
		text = malloc((size_t)len + 1);
	if (text && uriToStringA(text, uri, len + 1, NULL) != URI_SUCCESS) {
		free(text);
		text = NULL;
	}
	return text;
}

/* A server does not know by which zone it is reached: keep it for the same address. */
static int url_keep_zone(struct url *out, const struct url *base)
{
	char *zone;

	if (!*base->zone || *out->zone || strcmp(out->host, base->host))
		return 0;
	zone = strdup(base->zone);
	if (!zone) {
		url_free(out);
		return -ENOMEM;
	}
	free(out->zone);
	out->zone = zone;
	return 0;
}

/* The text of a reference, resolved. 0; -EINVAL, *why says why; -ENOMEM. */
static int url_join(char **out, const char *base, const char *reference, const char **why)
{
	UriUriA from, to, whole;
	const char *at;

	if (uriParseSingleUriA(&from, base, &at) != URI_SUCCESS)
		return -ENOMEM;
	if (uriParseSingleUriA(&to, reference, &at) != URI_SUCCESS) {
		uriFreeUriMembersA(&from);
		*why = "it has characters that a URL cannot have";
		return -EINVAL;
	}
	if (uriAddBaseUriA(&whole, &to, &from) == URI_SUCCESS) {
		*out = url_text(&whole);
		uriFreeUriMembersA(&whole);
	}
	uriFreeUriMembersA(&to);
	uriFreeUriMembersA(&from);
	return *out ? 0 : -ENOMEM;
}

int url_resolve(struct url *out, const struct url *base, const char *reference, const char **why)
{
	char *from = strdup(base->text), *zone = NULL, *text = NULL;
	int ret = -ENOMEM;

	*out = (struct url){ 0 };
	if (from && url_cut_zone(from, &zone))
		ret = url_join(&text, from, reference, why);
	if (!ret)
		ret = url_parse(out, text, why);
	if (!ret)
		ret = url_keep_zone(out, base);
	free(from);
	free(zone);
	free(text);
	return ret;
}

void url_free(struct url *url)
{
	free(url->text);
	free(url->host);
	free(url->zone);
	free(url->port);
	free(url->authority);
	free(url->target);
	free(url->name);
	*url = (struct url){ 0 };
}
