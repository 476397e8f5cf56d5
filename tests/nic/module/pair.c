// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of network devices, tlsnic0 and tlsnic1, that are joined by a wire and offload TLS as a
 * NIC does. For tests: what goes wrong on the wire and in the device is theirs to command.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/tls.h>
#include "tlsnic.h"

#define PAIR_FEATURES	(NETIF_F_SG | NETIF_F_HIGHDMA | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | \
			 NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HW_TLS_TX | NETIF_F_HW_TLS_RX)
/* A packet is copied into one piece: not more of it than the allocator gives without a word. */
#define PAIR_TSO_MAX	30000

static const char pair_stats[TLSNIC_STATS][ETH_GSTRING_LEN] = {
	[TLSNIC_TX_PACKETS] = "tx_tls_encrypted_packets",
	[TLSNIC_TX_BYTES] = "tx_tls_encrypted_bytes",
	[TLSNIC_TX_CTX] = "tx_tls_ctx",
	[TLSNIC_TX_DEL] = "tx_tls_del",
	[TLSNIC_TX_OOO] = "tx_tls_ooo",
	[TLSNIC_TX_FALLBACK_PACKETS] = "tx_tls_fallback_packets",
	[TLSNIC_TX_FALLBACK_BYTES] = "tx_tls_fallback_bytes",
	[TLSNIC_TX_RESYNC_REQ] = "tx_tls_resync_req",
	[TLSNIC_TX_RESYNC_OK] = "tx_tls_resync_ok",
	[TLSNIC_TX_DROP] = "tx_tls_drop_no_sync_data",
	[TLSNIC_RX_PACKETS] = "rx_tls_decrypted_packets",
	[TLSNIC_RX_BYTES] = "rx_tls_decrypted_bytes",
	[TLSNIC_RX_CTX] = "rx_tls_ctx",
	[TLSNIC_RX_DEL] = "rx_tls_del",
	[TLSNIC_RX_RESYNC_REQ] = "rx_tls_resync_req_pkt",
	[TLSNIC_RX_RESYNC_OK] = "rx_tls_resync_res_ok",
	[TLSNIC_RX_RESYNC_SKIP] = "rx_tls_resync_res_skip",
	[TLSNIC_RX_ERR] = "rx_tls_err",
	[TLSNIC_CTX_REFUSED] = "tls_ctx_refused",
	[TLSNIC_FAULT_DROPPED] = "fault_dropped",
	[TLSNIC_FAULT_REORDERED] = "fault_reordered",
	[TLSNIC_FAULT_DUPLICATED] = "fault_duplicated",
	[TLSNIC_FAULT_CORRUPTED] = "fault_corrupted",
	[TLSNIC_FAULT_FORGOTTEN] = "fault_forgotten",
};

/* Everything up to the payload lies in the linear part: TCP builds it so. */
u32 tlsnic_payload(const struct sk_buff *skb, bool ethernet)
{
	u32 at = ethernet ? ETH_HLEN : 0, end;
	const struct tcphdr *tcp;

	if (skb->protocol == htons(ETH_P_IP)) {
		const struct iphdr *ip = (const struct iphdr *)(skb->data + at);

		if (skb_headlen(skb) < at + sizeof(*ip) || ip->protocol != IPPROTO_TCP)
			return 0;
		at += ip->ihl * 4;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = (const struct ipv6hdr *)(skb->data + at);

		if (skb_headlen(skb) < at + sizeof(*ip) || ip->nexthdr != IPPROTO_TCP)
			return 0;
		at += sizeof(*ip);
	} else {
		return 0;
	}
	if (skb_headlen(skb) < at + sizeof(*tcp))
		return 0;
	tcp = (const struct tcphdr *)(skb->data + at);
	end = at + tcp->doff * 4;
	return skb->len > end && skb_headlen(skb) >= end ? end : 0;
}

/* ---- packets ---- */

void tlsnic_wire(struct tlsnic *nic, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	struct net_device *peer;

	rcu_read_lock();
	peer = rcu_dereference(nic->peer);
	/* The bit is a promise between a socket and its own device: it does not travel. */
	skb->decrypted = 0;
	if (!peer || !netif_carrier_ok(nic->dev)) {
		kfree_skb(skb);
		dev_core_stats_tx_dropped_inc(nic->dev);
	} else if (__dev_forward_skb(peer, skb) == NET_RX_SUCCESS) {
		skb_orphan(skb);
		skb = tlsnic_offload_rx(netdev_priv(peer), skb);
		dev_sw_netstats_rx_add(peer, len);
		dev_sw_netstats_tx_add(nic->dev, 1, len);
		netif_rx(skb);
	}
	rcu_read_unlock();
}

static netdev_tx_t pair_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct tlsnic *nic = netdev_priv(dev);

	skb = tlsnic_offload_tx(nic, skb);
	if (skb)
		tlsnic_fault_wire(nic, skb);
	return NETDEV_TX_OK;
}

/* ---- the device ---- */

static void pair_carrier(struct net_device *a, struct net_device *b)
{
	if (netif_running(a) && netif_running(b)) {
		netif_carrier_on(a);
		netif_carrier_on(b);
	} else {
		netif_carrier_off(a);
		netif_carrier_off(b);
	}
}

static int pair_open(struct net_device *dev)
{
	struct tlsnic *nic = netdev_priv(dev);
	struct net_device *peer = rtnl_dereference(nic->peer);

	netif_start_queue(dev);
	if (peer)
		pair_carrier(dev, peer);
	return 0;
}

static int pair_stop(struct net_device *dev)
{
	struct tlsnic *nic = netdev_priv(dev);
	struct net_device *peer = rtnl_dereference(nic->peer);

	netif_stop_queue(dev);
	netif_carrier_off(dev);
	if (peer)
		netif_carrier_off(peer);
	return 0;
}

static const struct net_device_ops pair_ops = {
	.ndo_open = pair_open,
	.ndo_stop = pair_stop,
	.ndo_start_xmit = pair_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void pair_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "tlsnic", sizeof(info->driver));
}

/* The counters of real drivers: as documented; names padded with blanks, as cxgb4 has them; or
 * packets only, as nfp has them. There the bytes have names that only tests know. */
enum { PAIR_STYLE_DOCUMENTED, PAIR_STYLE_PADDED, PAIR_STYLE_PACKETS };

static unsigned int pair_style;
module_param_named(style, pair_style, uint, 0644);
MODULE_PARM_DESC(style, "names of counters: 0 as documented, 1 padded with blanks, 2 packets only");

bool tlsnic_aes128;
module_param_named(aes128, tlsnic_aes128, bool, 0644);
MODULE_PARM_DESC(aes128, "no keys of 256 bits");

#define PAIR_NAME(names, i)	((char *)(names) + (i) * ETH_GSTRING_LEN)

static void pair_pad(char *name)
{
	for (size_t i = strlen(name); i < ETH_GSTRING_LEN - 1; i++)
		name[i] = ' ';
}

static int pair_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? TLSNIC_STATS : -EOPNOTSUPP;
}

static void pair_strings(struct net_device *dev, u32 set, u8 *out)
{

	if (set != ETH_SS_STATS)
		return;
	memcpy(out, pair_stats, sizeof(pair_stats));
	for (int i = 0; i < TLSNIC_STATS && pair_style == PAIR_STYLE_PADDED; i++)
		pair_pad(PAIR_NAME(out, i));
	if (pair_style != PAIR_STYLE_PACKETS)
		return;
	strscpy(PAIR_NAME(out, TLSNIC_TX_BYTES), "private_tx_encrypted_bytes", ETH_GSTRING_LEN);
	strscpy(PAIR_NAME(out, TLSNIC_RX_BYTES), "private_rx_decrypted_bytes", ETH_GSTRING_LEN);
	strscpy(PAIR_NAME(out, TLSNIC_TX_FALLBACK_BYTES), "private_tx_fallback_bytes", ETH_GSTRING_LEN);
}

static void pair_values(struct net_device *dev, struct ethtool_stats *stats, u64 *out)
{
	struct tlsnic *nic = netdev_priv(dev);

	for (int i = 0; i < TLSNIC_STATS; i++)
		out[i] = atomic64_read(&nic->stats[i]);
}

static const struct ethtool_ops pair_ethtool = {
	.get_drvinfo = pair_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = pair_sset_count,
	.get_strings = pair_strings,
	.get_ethtool_stats = pair_values,
};

static bool pair_ip_checksums;
module_param_named(ip_checksums, pair_ip_checksums, bool, 0444);
MODULE_PARM_DESC(ip_checksums, "checksums for IPv4 and IPv6 in place of the general one");

static bool pair_off;
module_param_named(off, pair_off, bool, 0444);
MODULE_PARM_DESC(off, "TLS offload is there, but off, until it is switched on");

static netdev_features_t pair_features(void)
{
	if (!pair_ip_checksums)
		return PAIR_FEATURES;
	return (PAIR_FEATURES & ~NETIF_F_HW_CSUM) | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM;
}

static void pair_setup(struct net_device *dev)
{
	ether_setup(dev);
	eth_hw_addr_random(dev);
	dev->netdev_ops = &pair_ops;
	dev->ethtool_ops = &pair_ethtool;
	dev->tlsdev_ops = &tlsnic_tls_ops;
	dev->hw_features = dev->features = dev->hw_enc_features = pair_features();
	if (pair_off)
		dev->features &= ~(NETIF_F_HW_TLS_TX | NETIF_F_HW_TLS_RX);
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->needs_free_netdev = true;
	netif_set_tso_max_size(dev, PAIR_TSO_MAX);
}

static struct net_device *pair[2];

static void pair_part(void)
{
	for (int i = 0; i < 2; i++) {
		if (!pair[i])
			continue;
		dev_close(pair[i]);
		RCU_INIT_POINTER(((struct tlsnic *)netdev_priv(pair[i]))->peer, NULL);
	}
}

static void pair_remove(void)
{
	rtnl_lock();
	pair_part();
	rtnl_unlock();
	synchronize_net();
	for (int i = 0; i < 2; i++) {
		if (!pair[i])
			continue;
		tlsnic_fault_exit(netdev_priv(pair[i]));
		unregister_netdev(pair[i]);
	}
}

static int pair_add(int i)
{
	struct net_device *dev = alloc_netdev(sizeof(struct tlsnic), i ? "tlsnic1" : "tlsnic0",
					      NET_NAME_USER, pair_setup);
	struct tlsnic *nic;
	int ret;

	if (!dev)
		return -ENOMEM;
	nic = netdev_priv(dev);
	nic->dev = dev;
	spin_lock_init(&nic->flows_lock);
	netif_carrier_off(dev);
	ret = register_netdev(dev);
	if (ret) {
		free_netdev(dev);
		return ret;
	}
	tlsnic_fault_init(nic);
	pair[i] = dev;
	return 0;
}

static int __init pair_init(void)
{
	int ret = pair_add(0);

	if (!ret)
		ret = pair_add(1);
	if (ret) {
		pair_remove();
		return ret;
	}
	rtnl_lock();
	for (int i = 0; i < 2; i++) {
		struct tlsnic *nic = netdev_priv(pair[i]);

		rcu_assign_pointer(nic->peer, pair[!i]);
	}
	rtnl_unlock();
	return 0;
}

static void __exit pair_exit(void)
{
	pair_remove();
	rcu_barrier();
}

module_init(pair_init);
module_exit(pair_exit);
MODULE_DESCRIPTION("A pair of network devices with simulated TLS offload");
MODULE_LICENSE("GPL");
