// SPDX-License-Identifier: MIT
/* The device that carries a socket, found as the kernel does when it looks for a NIC. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include "ktls/nic.h"
#include "ktls/nic_link.h"
#include "ktls/nic_netlink.h"

#define ROUTE_DEPTH	8	/* of devices that stand on each other */

static const void *route_address(const struct sockaddr *addr, size_t *len)
{
	if (addr->sa_family == AF_INET) {
		*len = sizeof(struct in_addr);
		return &((const struct sockaddr_in *)addr)->sin_addr;
	}
	*len = sizeof(struct in6_addr);
	return &((const struct sockaddr_in6 *)addr)->sin6_addr;
}

static bool route_mapped(const struct sockaddr *addr)
{
	return addr->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

/* A mapped IPv6 address is an IPv4 address to the routing table. */
static void route_put(struct nlmsghdr *head, uint16_t type, const struct sockaddr *addr)
{
	size_t len;
	const uint8_t *bytes = route_address(addr, &len);

	if (route_mapped(addr))
		mnl_attr_put(head, type, 4, bytes + 12);
	else
		mnl_attr_put(head, type, len, bytes);
}

static bool route_unspecified(const struct sockaddr *addr)
{
	static const uint8_t zero[16];
	size_t len;
	const void *bytes = route_address(addr, &len);

	return !memcmp(bytes, zero, len);
}

static int route_on_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == RTA_OIF)
		*(unsigned *)data = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int route_on_reply(const struct nlmsghdr *head, void *data)
{
	return mnl_attr_parse(head, sizeof(struct rtmsg), route_on_attr, data);
}

/* ---- the lowest device ---- */

/* The device below a VLAN or bond; 0: there is none, or the kernel does not look there. Of a bond,
 * the kernel does not say which port carries a connection, so only a single port can be found. */
static unsigned route_below(unsigned index, bool *vlan)
{
	struct ktls_nic_link link;

	ktls_nic_link_read(index, &link);
	*vlan |= link.vlan;
	if (link.vlan)
		return link.below;
	return link.offloads && link.port_count == 1 ? link.ports[0] : 0;
}

int ktls_nic_route(const struct sockaddr *own, const struct sockaddr *peer, unsigned bound,
		   bool *vlan)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *head = mnl_nlmsg_put_header(buf);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(head, sizeof(*route));
	unsigned index = bound, below;
	int ret;

	head->nlmsg_type = RTM_GETROUTE;
	route->rtm_family = route_mapped(peer) ? AF_INET : (unsigned char)peer->sa_family;
	route_put(head, RTA_DST, peer);
	if (!route_unspecified(own))
		route_put(head, RTA_SRC, own);
	if (bound)
		mnl_attr_put_u32(head, RTA_OIF, bound);
	ret = nic_netlink_ask(NETLINK_ROUTE, head, route_on_reply, &index);
	if (ret)
		return ret;
	*vlan = false;
	for (int depth = 0; depth < ROUTE_DEPTH && (below = route_below(index, vlan)); depth++)
		index = below;
	return index ? (int)index : -ENODEV;
}

int ktls_nic_of_socket(int fd, bool *vlan)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer), len = sizeof(int);
	int bound = 0;

	if (getsockname(fd, (struct sockaddr *)&own, &own_len) ||
	    getpeername(fd, (struct sockaddr *)&peer, &peer_len))
		return -errno;
	getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &bound, &len);
	return ktls_nic_route((struct sockaddr *)&own, (struct sockaddr *)&peer, (unsigned)bound,
			      vlan);
}
