// SPDX-License-Identifier: MIT
#include <string.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include "ktls/nic_link.h"
#include "ktls/nic_netlink.h"

/* ---- one device ---- */

static int link_on_bond(const struct nlattr *attr, void *data)
{
	struct ktls_nic_link *link = data;

	if (mnl_attr_get_type(attr) == IFLA_BOND_MODE)
		link->mode = mnl_attr_get_u8(attr);
	else if (mnl_attr_get_type(attr) == IFLA_BOND_XMIT_HASH_POLICY)
		link->policy = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

static int link_on_kind(const struct nlattr *attr, void *data)
{
	struct ktls_nic_link *link = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND) {
		link->vlan = !strcmp(mnl_attr_get_str(attr), "vlan");
		link->bond = !strcmp(mnl_attr_get_str(attr), "bond");
	} else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && link->bond) {
		return mnl_attr_parse_nested(attr, link_on_bond, link);
	}
	return MNL_CB_OK;
}

static int link_on_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_LINK)
		((struct ktls_nic_link *)data)->below = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
		return mnl_attr_parse_nested(attr, link_on_kind, data);
	return MNL_CB_OK;
}

static int link_on_reply(const struct nlmsghdr *head, void *data)
{
	return mnl_attr_parse(head, sizeof(struct ifinfomsg), link_on_attr, data);
}

/* ---- the ports of a bond ---- */

struct link_ports {
	struct ktls_nic_link *link;
	unsigned bond;
};

static int link_on_port(const struct nlmsghdr *head, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(head);
	struct link_ports *ports = data;
	struct ktls_nic_link *link = ports->link;
	struct nlattr *attr;

	mnl_attr_for_each(attr, head, sizeof(*info)) {
		if (mnl_attr_get_type(attr) != IFLA_MASTER ||
		    mnl_attr_get_u32(attr) != ports->bond || link->port_count == KTLS_NIC_PORTS)
			continue;
		link->ports[link->port_count++] = (unsigned)info->ifi_index;
	}
	return MNL_CB_OK;
}

static void link_read_ports(unsigned bond, struct ktls_nic_link *out)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *head = mnl_nlmsg_put_header(buf);
	struct link_ports ports = { out, bond };

	head->nlmsg_type = RTM_GETLINK;
	head->nlmsg_flags = NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(head, sizeof(struct ifinfomsg));
	/* The kernel may list other devices too. */
	mnl_attr_put_u32(head, IFLA_MASTER, bond);
	nic_netlink_ask(NETLINK_ROUTE, head, link_on_port, &ports);
}

void ktls_nic_link_read(unsigned index, struct ktls_nic_link *out)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *head = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(head, sizeof(*info));

	*out = (struct ktls_nic_link){ .vlan = false };
	head->nlmsg_type = RTM_GETLINK;
	info->ifi_index = (int)index;
	nic_netlink_ask(NETLINK_ROUTE, head, link_on_reply, out);
	if (!out->bond)
		return;
	out->offloads = (out->mode == BOND_MODE_XOR || out->mode == BOND_MODE_8023AD) &&
			out->policy == BOND_XMIT_POLICY_LAYER34;
	link_read_ports(index, out);
}

/* ---- names ---- */

const char *ktls_nic_link_mode(const struct ktls_nic_link *link)
{
	static const char *const names[] = {
		[BOND_MODE_ROUNDROBIN] = "balance-rr",
		[BOND_MODE_ACTIVEBACKUP] = "active-backup",
		[BOND_MODE_XOR] = "balance-xor",
		[BOND_MODE_BROADCAST] = "broadcast",
		[BOND_MODE_8023AD] = "802.3ad",
		[BOND_MODE_TLB] = "balance-tlb",
		[BOND_MODE_ALB] = "balance-alb",
	};

	return link->mode < sizeof(names) / sizeof(names[0]) ? names[link->mode] : "unknown";
}

const char *ktls_nic_link_policy(const struct ktls_nic_link *link)
{
	static const char *const names[] = {
		[BOND_XMIT_POLICY_LAYER2] = "layer2",
		[BOND_XMIT_POLICY_LAYER34] = "layer3+4",
		[BOND_XMIT_POLICY_LAYER23] = "layer2+3",
		[BOND_XMIT_POLICY_ENCAP23] = "encap2+3",
		[BOND_XMIT_POLICY_ENCAP34] = "encap3+4",
	};

	/* Younger policies have numbers, not names, in older headers. */
	return link->policy < sizeof(names) / sizeof(names[0]) ? names[link->policy] : "unknown";
}
