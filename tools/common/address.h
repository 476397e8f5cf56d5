/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_ADDRESS_H
#define TOOLS_COMMON_ADDRESS_H

#include <stdint.h>
#include <netdb.h>
#include <sys/socket.h>

/* HOST:PORT as people write it. */
struct address {
	char host[256];			/* without brackets; "": every address of this machine */
	uint16_t port;
};

#define ADDRESS_FORM	"write ADDR:PORT, [V6ADDR]:PORT or :PORT"
/* ADDR:PORT, NAME:PORT, [V6ADDR]:PORT, :PORT, or PORT alone if it is a number. An IPv6 address
 * may have a zone, a port may be a service's name. 0 or -EINVAL. */
int address_parse(const char *text, struct address *out);
/* An IPv4 or IPv6 address without a port. 0 or -EINVAL. */
int address_parse_ip(const char *text, struct sockaddr_storage *out);
/* Look the host up for TCP; flags as getaddrinfo(3) has them. Its result; freeaddrinfo() *out. */
int address_resolve(const struct address *address, int flags, struct addrinfo **out);

/* Before the path of a UNIX socket. */
#define ADDRESS_UNIX	"unix:"
/* Room for "unix:" and a path. */
#define ADDRESS_TEXT	120
/* Write "192.0.2.1:443" or "[2001:db8::1]:443"; an IPv4-mapped address as IPv4. Returns buf. */
const char *address_text(const struct sockaddr_storage *address, char buf[ADDRESS_TEXT]);

#endif
