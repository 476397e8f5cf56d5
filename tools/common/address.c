// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include "tools/common/address.h"
#include "tools/common/number.h"

/* A number, or the name of a TCP service. 0 or -EINVAL. */
static int address_port(const char *text, unsigned *out)
{
	const struct servent *service;

	if (!number_parse_unsigned(text, 0, 65535, out))
		return 0;
	service = getservbyname(text, "tcp");
	if (!service)
		return -EINVAL;
	*out = ntohs((uint16_t)service->s_port);
	return 0;
}

int address_parse(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracketed = len && *text == '[';
	unsigned port;

	if (colon ? address_port(colon + 1, &port) : number_parse_unsigned(text, 0, 65535, &port))
		return -EINVAL;
	if (bracketed) {
		if (len < 3 || text[len - 1] != ']')
			return -EINVAL;
		text++;
		len -= 2;
	}
	if (len >= sizeof(out->host) || (!bracketed && memchr(text, ':', len)))
		return -EINVAL;
	memcpy(out->host, text, len);
	out->host[len] = '\0';
	out->port = (uint16_t)port;
	return 0;
}

int address_parse_ip(const char *text, struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){ .ss_family = AF_INET };
	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)out)->sin_addr) == 1)
		return 0;
	out->ss_family = AF_INET6;
	if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)out)->sin6_addr) == 1)
		return 0;
	return -EINVAL;
}

int address_resolve(const struct address *address, int flags, struct addrinfo **out)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP,
		.ai_flags = flags | AI_NUMERICSERV,
	};
	char port[8];

	snprintf(port, sizeof(port), "%u", address->port);
	return getaddrinfo(*address->host ? address->host : NULL, port, &hints, out);
}

static const char *address_text6(const struct sockaddr_in6 *v6, char *buf)
{
	char host[INET6_ADDRSTRLEN] = "", zone[16] = "";

	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof(host));
		snprintf(buf, ADDRESS_TEXT, "%s:%u", host, ntohs(v6->sin6_port));
		return buf;
	}
	inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	/* The zone's name would cost system calls, which a sandbox may forbid. */
	if (v6->sin6_scope_id)
		snprintf(zone, sizeof(zone), "%%%u", v6->sin6_scope_id);
	snprintf(buf, ADDRESS_TEXT, "[%s%s]:%u", host, zone, ntohs(v6->sin6_port));
	return buf;
}

/* A client's end of a UNIX socket has no path. */
static const char *address_text_unix(const struct sockaddr_un *unix_, char *buf)
{
	snprintf(buf, ADDRESS_TEXT, ADDRESS_UNIX "%.*s", (int)sizeof(unix_->sun_path),
		 unix_->sun_path);
	return buf;
}

const char *address_text(const struct sockaddr_storage *address, char buf[ADDRESS_TEXT])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	char host[INET_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET6)
		return address_text6((const struct sockaddr_in6 *)address, buf);
	if (address->ss_family == AF_UNIX)
		return address_text_unix((const struct sockaddr_un *)address, buf);
	if (address->ss_family != AF_INET)
		return strcpy(buf, "(unknown peer)");
	inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	snprintf(buf, ADDRESS_TEXT, "%s:%u", host, ntohs(v4->sin_port));
	return buf;
}
