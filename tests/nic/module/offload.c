// SPDX-License-Identifier: GPL-2.0
/* The driver's part of TLS offload: contexts, and what happens to each packet. */
#include <linux/delay.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/unaligned.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include <net/tls.h>
#include "engine.h"
#include "tlsnic.h"

/* As the receiver sees it; IPv4 addresses are mapped ones. */
struct offload_flow {
	struct in6_addr own, peer;
	__be16 own_port, peer_port;
	u32 zero;
};

enum offload_state {
	OFFLOAD_SYNCED,
	OFFLOAD_LOST,		/* looking for a header */
	OFFLOAD_ASKED,		/* found one, the kernel was asked whether it is one, and which */
};

/* Owned by the device from tls_dev_add to tls_dev_del. */
struct offload_ctx {
	struct tlsnic_engine engine;
	spinlock_t lock;
	enum offload_state state;
	u32 next;		/* TCP sequence number that comes next */
	u32 asked;		/* ... of the header that the kernel was asked about */
	bool dead;
	bool lame;		/* TX: the kernel seals everything in its place */
	struct sock *sk;	/* RX: valid until dead */
	struct offload_flow flow;
	struct hlist_node node;
	struct rcu_head rcu;
};

static struct offload_ctx **offload_slot(struct tls_context *tls, enum tls_offload_ctx_dir dir)
{
	return __tls_driver_ctx(tls, dir);
}

/* ---- sending ---- */

/* The kernel's own code seals what the engine cannot: anything but the next bytes. */
static struct sk_buff *offload_tx_fallback(struct tlsnic *nic, struct sk_buff *skb, u32 len)
{
	struct sk_buff *sealed = tls_encrypt_skb(skb);

	if (!sealed) {
		tlsnic_count(nic, TLSNIC_TX_DROP, 1);
		return NULL;
	}
	tlsnic_count(nic, TLSNIC_TX_FALLBACK_PACKETS, 1);
	tlsnic_count(nic, TLSNIC_TX_FALLBACK_BYTES, len);
	return sealed;
}

/* The frags belong to the retransmit queue or to the page cache: a copy is sealed. */
static struct sk_buff *offload_tx_seal(struct tlsnic *nic, struct offload_ctx *ctx,
				       struct sk_buff *skb, u32 at)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);
	u32 len = skb->len - at;

	if (!copy) {
		kfree_skb(skb);
		return NULL;
	}
	consume_skb(skb);
	if (tlsnic_engine_run(&ctx->engine, copy->data + at, len) != TLSNIC_DONE) {
		tlsnic_count(nic, TLSNIC_TX_DROP, 1);
		ctx->state = OFFLOAD_LOST;
		kfree_skb(copy);
		return NULL;
	}
	ctx->next += len;
	tlsnic_count(nic, TLSNIC_TX_PACKETS, 1);
	tlsnic_count(nic, TLSNIC_TX_BYTES, len);
	return copy;
}

struct sk_buff *tlsnic_offload_tx(struct tlsnic *nic, struct sk_buff *skb)
{
	u32 at = tlsnic_payload(skb, true), seq;
	struct offload_ctx *ctx;
	struct sock *sk = skb->sk;
	bool next;

	if (!at || !tls_is_skb_tx_device_offloaded(skb))
		return skb;
	ctx = *offload_slot(tls_get_ctx(sk), TLS_OFFLOAD_CTX_DIR_TX);
	seq = ntohl(tcp_hdr(skb)->seq);
	spin_lock_bh(&ctx->lock);
	if (ctx->state == OFFLOAD_SYNCED && tlsnic_fault_take(&nic->faults.forget)) {
		tlsnic_count(nic, TLSNIC_FAULT_FORGOTTEN, 1);
		ctx->state = OFFLOAD_LOST;
	}
	next = ctx->state == OFFLOAD_SYNCED && seq == ctx->next && !ctx->lame;
	if (!next && !ctx->lame) {
		tlsnic_count(nic, TLSNIC_TX_OOO, 1);
		if ((ctx->state == OFFLOAD_LOST || after(seq, ctx->next)) &&
		    !tls_offload_tx_resync_pending(sk)) {
			tls_offload_tx_resync_request(sk, seq, ctx->next);
			tlsnic_count(nic, TLSNIC_TX_RESYNC_REQ, 1);
			ctx->state = OFFLOAD_ASKED;
		}
	} else if (next) {
		skb = offload_tx_seal(nic, ctx, skb, at);
	}
	spin_unlock_bh(&ctx->lock);
	return next ? skb : offload_tx_fallback(nic, skb, skb->len - at);
}

/* ---- receiving ---- */

static void offload_flow_of(const struct sock *sk, struct offload_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		flow->own = sk->sk_v6_rcv_saddr;
		flow->peer = sk->sk_v6_daddr;
	} else
#endif
	{
		ipv6_addr_set_v4mapped(inet_sk(sk)->inet_saddr, &flow->own);
		ipv6_addr_set_v4mapped(inet_sk(sk)->inet_daddr, &flow->peer);
	}
	flow->own_port = inet_sk(sk)->inet_sport;
	flow->peer_port = inet_sk(sk)->inet_dport;
}

static void offload_flow_from(const struct sk_buff *skb, const struct tcphdr *tcp,
			      struct offload_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	if (skb->protocol == htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;

		flow->own = ip->daddr;
		flow->peer = ip->saddr;
	} else {
		const struct iphdr *ip = (const struct iphdr *)skb->data;

		ipv6_addr_set_v4mapped(ip->daddr, &flow->own);
		ipv6_addr_set_v4mapped(ip->saddr, &flow->peer);
	}
	flow->own_port = tcp->dest;
	flow->peer_port = tcp->source;
}

static struct hlist_head *offload_bucket(struct tlsnic *nic, const struct offload_flow *flow)
{
	u32 hash = jhash(flow, sizeof(*flow), 0);

	return &nic->flows[hash & ((1 << TLSNIC_FLOW_BITS) - 1)];
}

static struct offload_ctx *offload_find(struct tlsnic *nic, const struct offload_flow *flow)
{
	struct offload_ctx *ctx;

	hlist_for_each_entry_rcu(ctx, offload_bucket(nic, flow), node)
		if (!memcmp(&ctx->flow, flow, sizeof(*flow)))
			return ctx;
	return NULL;
}

/* Look for a record's start in what follows the place where the engine was lost. */
static void offload_rx_search(struct tlsnic *nic, struct offload_ctx *ctx, u32 seq, u8 *data, u32 len)
{
	u32 at = tlsnic_engine_scan(data, len);

	ctx->state = OFFLOAD_LOST;
	if (at == len)
		return;
	tlsnic_engine_start(&ctx->engine, 0);
	ctx->engine.blind = true;
	if (tlsnic_engine_run(&ctx->engine, data + at, len - at) == TLSNIC_LOST)
		return;
	ctx->state = OFFLOAD_ASKED;
	/* The kernel compares with the header's last byte. */
	ctx->asked = seq + at + TLS_HEADER_SIZE - 1;
	tls_offload_rx_resync_request(ctx->sk, htonl(ctx->asked));
	tlsnic_count(nic, TLSNIC_RX_RESYNC_REQ, 1);
}

/* The context's next data. True: all of it was opened. */
static bool offload_rx_run(struct tlsnic *nic, struct offload_ctx *ctx, u32 seq, u8 *data, u32 len)
{
	enum tlsnic_result result;

	if (before(seq, ctx->next))
		return false;
	if (seq != ctx->next && ctx->state != OFFLOAD_LOST &&
	    !tlsnic_engine_miss(&ctx->engine, seq - ctx->next))
		ctx->state = OFFLOAD_LOST;
	ctx->next = seq + len;
	if (ctx->state == OFFLOAD_LOST) {
		offload_rx_search(nic, ctx, seq, data, len);
		return false;
	}
	result = tlsnic_engine_run(&ctx->engine, data, len);
	if (result == TLSNIC_LOST)
		ctx->state = OFFLOAD_LOST;
	if (result == TLSNIC_FORGED)
		tlsnic_count(nic, TLSNIC_RX_ERR, 1);
	return result == TLSNIC_DONE;
}

static struct sk_buff *offload_rx_open(struct tlsnic *nic, struct offload_ctx *ctx,
				       struct sk_buff *skb, u32 at, u32 seq)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);
	u32 len = skb->len - at;
	bool opened = false;

	if (!copy)
		return skb;
	spin_lock_bh(&ctx->lock);
	if (!ctx->dead)
		opened = offload_rx_run(nic, ctx, seq, copy->data + at, len);
	spin_unlock_bh(&ctx->lock);
	if (!opened) {
		consume_skb(copy);
		return skb;
	}
	consume_skb(skb);
	copy->decrypted = 1;
	tlsnic_count(nic, TLSNIC_RX_PACKETS, 1);
	tlsnic_count(nic, TLSNIC_RX_BYTES, len);
	return copy;
}

struct sk_buff *tlsnic_offload_rx(struct tlsnic *nic, struct sk_buff *skb)
{
	u32 at = tlsnic_payload(skb, false);
	const struct tcphdr *tcp;
	struct offload_flow flow;
	struct offload_ctx *ctx;

	if (!at)
		return skb;
	tcp = (const struct tcphdr *)(skb->data + skb_transport_offset(skb));
	offload_flow_from(skb, tcp, &flow);
	rcu_read_lock();
	ctx = offload_find(nic, &flow);
	if (ctx)
		skb = offload_rx_open(nic, ctx, skb, at, ntohl(tcp->seq));
	rcu_read_unlock();
	return skb;
}

/* ---- contexts ---- */

static int offload_keys(struct offload_ctx *ctx, const struct tls_crypto_info *info, bool seal)
{
	const struct tls12_crypto_info_aes_gcm_128 *gcm128 = (const void *)info;
	const struct tls12_crypto_info_aes_gcm_256 *gcm256 = (const void *)info;

	if (info->version != TLS_1_2_VERSION)
		return -EOPNOTSUPP;
	switch (info->cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		return tlsnic_engine_init(&ctx->engine, gcm128->key, sizeof(gcm128->key), gcm128->salt,
					  gcm128->rec_seq, seal);
	case TLS_CIPHER_AES_GCM_256:
		if (tlsnic_aes128)
			break;
		return tlsnic_engine_init(&ctx->engine, gcm256->key, sizeof(gcm256->key), gcm256->salt,
					  gcm256->rec_seq, seal);
	}
	return -EOPNOTSUPP;
}

static bool offload_room(struct tlsnic *nic)
{
	u32 limit = READ_ONCE(nic->faults.contexts);
	int count = atomic_inc_return(&nic->contexts);

	if (!READ_ONCE(nic->faults.refuse) && (!limit || count <= limit))
		return true;
	atomic_dec(&nic->contexts);
	tlsnic_count(nic, TLSNIC_CTX_REFUSED, 1);
	return false;
}

static bool offload_lame(struct tlsnic *nic)
{
	u32 rate = READ_ONCE(nic->faults.lame);

	return rate && atomic_inc_return(&nic->lame) % rate == 0;
}

static void offload_show(struct tlsnic *nic, struct offload_ctx *ctx, struct sock *sk)
{
	ctx->sk = sk;
	offload_flow_of(sk, &ctx->flow);
	spin_lock_bh(&nic->flows_lock);
	hlist_add_head_rcu(&ctx->node, offload_bucket(nic, &ctx->flow));
	spin_unlock_bh(&nic->flows_lock);
}

static int offload_add(struct net_device *dev, struct sock *sk, enum tls_offload_ctx_dir dir,
		       struct tls_crypto_info *info, u32 start)
{
	bool seal = dir == TLS_OFFLOAD_CTX_DIR_TX;
	struct tlsnic *nic = netdev_priv(dev);
	struct offload_ctx *ctx;
	int ret = -ENOMEM;

	if (nic->faults.slow)
		msleep(nic->faults.slow);
	if (!offload_room(nic))
		return -ENOSPC;
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		goto error;
	ret = offload_keys(ctx, info, seal);
	if (ret)
		goto error;
	spin_lock_init(&ctx->lock);
	ctx->next = start;
	ctx->lame = seal && offload_lame(nic);
	*offload_slot(tls_get_ctx(sk), dir) = ctx;
	if (!seal)
		offload_show(nic, ctx, sk);
	tlsnic_count(nic, seal ? TLSNIC_TX_CTX : TLSNIC_RX_CTX, 1);
	return 0;
error:
	kfree_sensitive(ctx);
	atomic_dec(&nic->contexts);
	return ret;
}

static void offload_free(struct rcu_head *rcu)
{
	struct offload_ctx *ctx = container_of(rcu, struct offload_ctx, rcu);

	tlsnic_gcm_key_wipe(&ctx->engine.key);
	kfree_sensitive(ctx);
}

static void offload_del(struct net_device *dev, struct tls_context *tls, enum tls_offload_ctx_dir dir)
{
	struct offload_ctx **slot = offload_slot(tls, dir), *ctx = *slot;
	bool tx = dir == TLS_OFFLOAD_CTX_DIR_TX;
	struct tlsnic *nic = netdev_priv(dev);

	*slot = NULL;
	if (!tx) {
		spin_lock_bh(&nic->flows_lock);
		hlist_del_rcu(&ctx->node);
		spin_unlock_bh(&nic->flows_lock);
		spin_lock_bh(&ctx->lock);
		ctx->dead = true;
		spin_unlock_bh(&ctx->lock);
	}
	tlsnic_count(nic, tx ? TLSNIC_TX_DEL : TLSNIC_RX_DEL, 1);
	atomic_dec(&nic->contexts);
	call_rcu(&ctx->rcu, offload_free);
}

/* TX: the record `number` starts at seq, everything before it was or is sealed elsewhere. RX: the
 * header that was asked about is one, of that number. */
static int offload_resync(struct net_device *dev, struct sock *sk, u32 seq, u8 *number,
			  enum tls_offload_ctx_dir dir)
{
	struct offload_ctx *ctx = *offload_slot(tls_get_ctx(sk), dir);
	struct tlsnic *nic = netdev_priv(dev);
	u64 first = get_unaligned_be64(number);

	spin_lock_bh(&ctx->lock);
	if (dir == TLS_OFFLOAD_CTX_DIR_TX) {
		tlsnic_engine_start(&ctx->engine, first);
		ctx->next = seq;
		ctx->state = OFFLOAD_SYNCED;
		tlsnic_count(nic, TLSNIC_TX_RESYNC_OK, 1);
	} else if (ctx->state == OFFLOAD_ASKED && seq == ctx->asked) {
		tlsnic_engine_number(&ctx->engine, first);
		ctx->state = OFFLOAD_SYNCED;
		tlsnic_count(nic, TLSNIC_RX_RESYNC_OK, 1);
	} else {
		tlsnic_count(nic, TLSNIC_RX_RESYNC_SKIP, 1);
	}
	spin_unlock_bh(&ctx->lock);
	return 0;
}

const struct tlsdev_ops tlsnic_tls_ops = {
	.tls_dev_add = offload_add,
	.tls_dev_del = offload_del,
	.tls_dev_resync = offload_resync,
};
