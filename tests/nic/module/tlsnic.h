/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TLSNIC_H
#define TLSNIC_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

#define TLSNIC_FLOW_BITS	10

/* In the order of `ethtool -S`; the names are those that Documentation/networking/tls-offload.rst
 * gives to drivers, and nfp's for what it does not name. */
enum tlsnic_stat {
	TLSNIC_TX_PACKETS,
	TLSNIC_TX_BYTES,
	TLSNIC_TX_CTX,
	TLSNIC_TX_DEL,
	TLSNIC_TX_OOO,
	TLSNIC_TX_FALLBACK_PACKETS,
	TLSNIC_TX_FALLBACK_BYTES,
	TLSNIC_TX_RESYNC_REQ,
	TLSNIC_TX_RESYNC_OK,
	TLSNIC_TX_DROP,
	TLSNIC_RX_PACKETS,
	TLSNIC_RX_BYTES,
	TLSNIC_RX_CTX,
	TLSNIC_RX_DEL,
	TLSNIC_RX_RESYNC_REQ,
	TLSNIC_RX_RESYNC_OK,
	TLSNIC_RX_RESYNC_SKIP,
	TLSNIC_RX_ERR,
	TLSNIC_CTX_REFUSED,
	TLSNIC_FAULT_DROPPED,
	TLSNIC_FAULT_REORDERED,
	TLSNIC_FAULT_DUPLICATED,
	TLSNIC_FAULT_CORRUPTED,
	TLSNIC_FAULT_FORGOTTEN,
	TLSNIC_STATS
};

/* What tests ask for, by debugfs. */
struct tlsnic_faults {
	u32 drop, reorder, duplicate;	/* one in so many packets with data; 0: none */
	u32 corrupt;			/* so many of the next packets with data get a bit flipped */
	u32 forget;			/* so many of the next offloaded packets find the TX engine lost */
	u32 refuse;			/* 1: no new contexts */
	u32 contexts;			/* at most so many contexts; 0: any number */
	u32 slow;			/* a new context takes so many milliseconds */
	u32 lame;			/* one in so many new TX contexts never seals; 0: none */
};

struct tlsnic {
	struct net_device *dev;
	struct net_device __rcu *peer;
	struct tlsnic_faults faults;
	struct sk_buff *held;		/* owned: a packet that the next one overtakes; tx lock */
	struct timer_list release;	/* ... or that goes on its own after a moment */
	spinlock_t held_lock;
	atomic_t contexts;
	atomic_t lame;			/* TX contexts so far, for faults.lame */
	spinlock_t flows_lock;
	struct hlist_head flows[1 << TLSNIC_FLOW_BITS];	/* RX contexts */
	atomic64_t stats[TLSNIC_STATS];
	struct dentry *debugfs;
};

static inline void tlsnic_count(struct tlsnic *nic, enum tlsnic_stat stat, u64 n)
{
	atomic64_add(n, &nic->stats[stat]);
}

/* The payload of a TCP segment: its offset from skb->data; 0: there is none. */
u32 tlsnic_payload(const struct sk_buff *skb, bool ethernet);

/* ---- offload.c ---- */

extern const struct tlsdev_ops tlsnic_tls_ops;
/* Seals what the socket wants sealed. Takes skb; NULL: dropped. */
struct sk_buff *tlsnic_offload_tx(struct tlsnic *nic, struct sk_buff *skb);
/* Opens what belongs to a context. skb->data is at the network header. Takes skb, never NULL. */
struct sk_buff *tlsnic_offload_rx(struct tlsnic *nic, struct sk_buff *skb);

/* ---- fault.c ---- */

void tlsnic_fault_init(struct tlsnic *nic);
void tlsnic_fault_exit(struct tlsnic *nic);
/* Puts the packet on the wire, or not, or otherwise. Takes skb. */
void tlsnic_fault_wire(struct tlsnic *nic, struct sk_buff *skb);
/* Take one from a count of things that go wrong. */
bool tlsnic_fault_take(u32 *count);

/* ---- pair.c ---- */

/* The device takes AES with keys of 128 bits only, as most real ones. */
extern bool tlsnic_aes128;

/* Hand a packet to the other end. Takes skb. */
void tlsnic_wire(struct tlsnic *nic, struct sk_buff *skb);

#endif
