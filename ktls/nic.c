// SPDX-License-Identifier: MIT
/* The features of network devices, by ethtool's netlink family. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include "ktls/nic.h"
#include "ktls/nic_driver.h"
#include "ktls/nic_netlink.h"
#include "ktls/uapi.h"

#define NIC_LIST_SECONDS	10	/* for which ktls_nic_any() keeps its answer */

const char *const ktls_nic_tls_names[2] = {
	[KTLS_TX] = "tls-hw-tx-offload", [KTLS_RX] = "tls-hw-rx-offload",
};
const char *const ktls_nic_checksum_names[2] = {
	[KTLS_TX] = "tx-checksum-ip-generic", [KTLS_RX] = "rx-checksum",
};
const char *const ktls_nic_checksum_ip_names[2] = { "tx-checksum-ipv4", "tx-checksum-ipv6" };

struct nic_walk {
	int (*each)(const struct ktls_nic *nic, void *user);
	void *user;
	int stop;
};

/* A bitset of features while it is parsed. */
struct nic_bits {
	struct ktls_nic *nic;
	bool active;		/* it names features that are on, else those that can be changed */
	bool list;		/* a named bit is set, without a value of its own */
};

/* ---- the family ---- */

static int nic_on_family_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(uint16_t *)data = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int nic_on_family(const struct nlmsghdr *head, void *data)
{
	return mnl_attr_parse(head, sizeof(struct genlmsghdr), nic_on_family_attr, data);
}

static struct nlmsghdr *nic_message(void *buf, uint16_t type, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *head = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(head, sizeof(*generic));

	head->nlmsg_type = type;
	head->nlmsg_flags = flags;
	generic->cmd = command;
	generic->version = 1;
	return head;
}

/* The id of ethtool's family, which is constant until the next boot, or -errno. */
static int nic_family(void)
{
	static _Atomic int known;
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *head;
	uint16_t id = 0;
	int ret;

	if (known)
		return known;
	head = nic_message(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(head, CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME);
	ret = nic_netlink_ask(NETLINK_GENERIC, head, nic_on_family, &id);
	if (ret)
		return ret;
	known = id;
	return id ? id : -ENOENT;
}

/* ---- reading ---- */

static struct ktls_nic_feature *nic_feature(struct ktls_nic *nic, const char *name)
{
	for (int i = 0; i < 2; i++) {
		if (!strcmp(name, ktls_nic_tls_names[i]))
			return &nic->tls[i];
		if (!strcmp(name, ktls_nic_checksum_names[i]))
			return &nic->checksum[i];
		if (!strcmp(name, ktls_nic_checksum_ip_names[i]))
			return &nic->checksum_ip[i];
	}
	return NULL;
}

struct nic_bit {
	const char *name;
	bool value;
};

static int nic_on_bit_attr(const struct nlattr *attr, void *data)
{
	struct nic_bit *bit = data;

	if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BIT_NAME)
		bit->name = mnl_attr_get_str(attr);
	else if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BIT_VALUE)
		bit->value = true;
	return MNL_CB_OK;
}

static int nic_on_bit(const struct nlattr *attr, void *data)
{
	struct nic_bits *bits = data;
	struct nic_bit bit = { NULL, bits->list };
	struct ktls_nic_feature *feature;

	mnl_attr_parse_nested(attr, nic_on_bit_attr, &bit);
	feature = bit.name && bit.value ? nic_feature(bits->nic, bit.name) : NULL;
	if (feature) {
		feature->can = true;
		feature->on |= bits->active;
	}
	return MNL_CB_OK;
}

static int nic_on_bitset_attr(const struct nlattr *attr, void *data)
{
	struct nic_bits *bits = data;

	if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_NOMASK)
		bits->list = true;
	else if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BITS)
		return mnl_attr_parse_nested(attr, nic_on_bit, bits);
	return MNL_CB_OK;
}

static int nic_on_header_attr(const struct nlattr *attr, void *data)
{
	struct ktls_nic *nic = data;

	if (mnl_attr_get_type(attr) == ETHTOOL_A_HEADER_DEV_INDEX)
		nic->index = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == ETHTOOL_A_HEADER_DEV_NAME)
		strncpy(nic->name, mnl_attr_get_str(attr), sizeof(nic->name) - 1);
	return MNL_CB_OK;
}

static int nic_on_attr(const struct nlattr *attr, void *data)
{
	struct nic_bits bits = { .nic = data };

	switch (mnl_attr_get_type(attr)) {
	case ETHTOOL_A_FEATURES_HEADER:
		return mnl_attr_parse_nested(attr, nic_on_header_attr, data);
	case ETHTOOL_A_FEATURES_ACTIVE:
		bits.active = true;
		/* fall through */
	case ETHTOOL_A_FEATURES_HW:
		return mnl_attr_parse_nested(attr, nic_on_bitset_attr, &bits);
	}
	return MNL_CB_OK;
}

static int nic_on_features(const struct nlmsghdr *head, void *data)
{
	struct nic_walk *walk = data;
	struct ktls_nic nic = { 0 };

	mnl_attr_parse(head, sizeof(struct genlmsghdr), nic_on_attr, &nic);
	if (!walk->stop)
		walk->stop = walk->each(&nic, walk->user);
	return MNL_CB_OK;
}

static int nic_ask(const char *name, unsigned index, struct nic_walk *walk)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *head;
	struct nlattr *nest;
	int family = nic_family(), ret;

	if (family < 0)
		return family;
	head = nic_message(buf, (uint16_t)family, ETHTOOL_MSG_FEATURES_GET,
			   name || index ? 0 : NLM_F_DUMP);
	nest = mnl_attr_nest_start(head, ETHTOOL_A_FEATURES_HEADER);
	if (name)
		mnl_attr_put_strz(head, ETHTOOL_A_HEADER_DEV_NAME, name);
	else if (index)
		mnl_attr_put_u32(head, ETHTOOL_A_HEADER_DEV_INDEX, index);
	mnl_attr_nest_end(head, nest);
	ret = nic_netlink_ask(NETLINK_GENERIC, head, nic_on_features, walk);
	return ret ? ret : walk->stop;
}

static int nic_copy(const struct ktls_nic *nic, void *user)
{
	*(struct ktls_nic *)user = *nic;
	return 0;
}

int ktls_nic_read(const char *name, struct ktls_nic *out)
{
	struct nic_walk walk = { nic_copy, out, 0 };

	if (!*name || strlen(name) >= IF_NAMESIZE)
		return -ENODEV;
	return nic_ask(name, 0, &walk);
}

int ktls_nic_read_index(unsigned index, struct ktls_nic *out)
{
	struct nic_walk walk = { nic_copy, out, 0 };

	return index ? nic_ask(NULL, index, &walk) : -ENODEV;
}

int ktls_nic_list(int (*each)(const struct ktls_nic *nic, void *user), void *user)
{
	struct nic_walk walk = { each, user, 0 };

	return nic_ask(NULL, 0, &walk);
}

/* ---- any offload ---- */

static int nic_offloads(const struct ktls_nic *nic, void *user)
{
	(void)user;
	return nic->tls[KTLS_TX].can || nic->tls[KTLS_RX].can;
}

bool ktls_nic_any(void)
{
	static _Atomic bool any;
	static _Atomic long next;	/* second of the monotonic clock */
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec >= next) {
		next = now.tv_sec + NIC_LIST_SECONDS;
		any = ktls_nic_list(nic_offloads, NULL) == 1;
	}
	return any;
}

/* ---- switching ---- */

static int nic_on_nothing(const struct nlmsghdr *head, void *data)
{
	(void)head;
	(void)data;
	return MNL_CB_OK;
}

int ktls_nic_switch(const char *name, const char *feature, bool on)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct nlattr *header, *set, *bits, *bit;
	struct nlmsghdr *head;
	struct ktls_nic nic;
	int family = nic_family(), ret;

	if (family < 0)
		return family;
	head = nic_message(buf, (uint16_t)family, ETHTOOL_MSG_FEATURES_SET, 0);
	header = mnl_attr_nest_start(head, ETHTOOL_A_FEATURES_HEADER);
	mnl_attr_put_strz(head, ETHTOOL_A_HEADER_DEV_NAME, name);
	mnl_attr_nest_end(head, header);
	set = mnl_attr_nest_start(head, ETHTOOL_A_FEATURES_WANTED);
	bits = mnl_attr_nest_start(head, ETHTOOL_A_BITSET_BITS);
	bit = mnl_attr_nest_start(head, ETHTOOL_A_BITSET_BITS_BIT);
	mnl_attr_put_strz(head, ETHTOOL_A_BITSET_BIT_NAME, feature);
	if (on)
		mnl_attr_put(head, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
	mnl_attr_nest_end(head, bit);
	mnl_attr_nest_end(head, bits);
	mnl_attr_nest_end(head, set);
	ret = nic_netlink_ask(NETLINK_GENERIC, head, nic_on_nothing, NULL);
	if (!ret)
		ret = ktls_nic_read(name, &nic);
	/* The kernel accepts a request that it does not follow, because another feature forbids
	 * it. */
	if (!ret && nic_feature(&nic, feature) && nic_feature(&nic, feature)->on != on)
		ret = -EOPNOTSUPP;
	return ret;
}

/* ---- reasons ---- */

/* Of TLS 1.2 and 1.3: bits of the kernel's cipher numbers, counted from TLS_CIPHER_AES_GCM_128. */
static _Atomic unsigned nic_learnt[2];

static unsigned nic_cipher_bit(uint16_t kernel_cipher)
{
	return 1u << ((kernel_cipher - TLS_CIPHER_AES_GCM_128) & 31);
}

void ktls_nic_learn(uint16_t version, uint16_t kernel_cipher)
{
	nic_learnt[version != TLS_1_2_VERSION] |= nic_cipher_bit(kernel_cipher);
}

bool ktls_nic_takes(uint16_t version, uint16_t kernel_cipher)
{
	if (nic_learnt[version != TLS_1_2_VERSION] & nic_cipher_bit(kernel_cipher))
		return true;
	return version == TLS_1_2_VERSION && (kernel_cipher == TLS_CIPHER_AES_GCM_128 ||
					      kernel_cipher == TLS_CIPHER_AES_GCM_256);
}

/* Is the cipher one that this device's driver does not take? */
static bool nic_lacks_aes256(const struct ktls_nic *nic, uint16_t kernel_cipher)
{
	const struct ktls_nic_driver_row *row;
	char driver[32];

	if (kernel_cipher != TLS_CIPHER_AES_GCM_256 ||
	    ktls_nic_driver(nic->name, driver, sizeof(driver)))
		return false;
	row = ktls_nic_driver_find(driver);
	return row && !row->aes256;
}

enum tlsring_reason ktls_nic_reason(uint16_t version, uint16_t kernel_cipher,
				    const struct ktls_nic *nic, enum ktls_direction dir)
{
	if (!nic || !nic->tls[dir].can)
		return TLSRING_REASON_NIC_ABSENT;
	if (nic->vlan)
		return TLSRING_REASON_NIC_VLAN;
	if (version != TLS_1_2_VERSION && !nic_learnt[1])
		return TLSRING_REASON_NIC_VERSION;
	if (!ktls_nic_takes(version, kernel_cipher) || nic_lacks_aes256(nic, kernel_cipher))
		return TLSRING_REASON_NIC_CIPHER;
	if (!nic->tls[dir].on)
		return TLSRING_REASON_NIC_FEATURE_OFF;
	return TLSRING_REASON_NIC_REFUSED;
}
