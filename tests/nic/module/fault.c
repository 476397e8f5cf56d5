// SPDX-License-Identifier: GPL-2.0
/* What goes wrong between the two ends, on command: /sys/kernel/debug/tlsnic/DEVICE/. */
#include <linux/debugfs.h>
#include <linux/random.h>
#include "tlsnic.h"

#define FAULT_HOLD	(HZ / 100 + 1)

bool tlsnic_fault_take(u32 *count)
{
	u32 left = READ_ONCE(*count);

	while (left) {
		u32 was = cmpxchg(count, left, left - 1);

		if (was == left)
			return true;
		left = was;
	}
	return false;
}

static bool fault_one_in(u32 rate)
{
	return rate && !get_random_u32_below(rate);
}

static struct sk_buff *fault_let_go(struct tlsnic *nic)
{
	struct sk_buff *skb;

	spin_lock_bh(&nic->held_lock);
	skb = nic->held;
	nic->held = NULL;
	spin_unlock_bh(&nic->held_lock);
	return skb;
}

static void fault_release(struct timer_list *timer)
{
	struct tlsnic *nic = container_of(timer, struct tlsnic, release);
	struct sk_buff *skb = fault_let_go(nic);

	if (skb)
		tlsnic_wire(nic, skb);
}

static bool fault_hold(struct tlsnic *nic, struct sk_buff *skb)
{
	bool held = false;

	spin_lock_bh(&nic->held_lock);
	if (!nic->held) {
		nic->held = skb;
		held = true;
	}
	spin_unlock_bh(&nic->held_lock);
	if (held)
		mod_timer(&nic->release, jiffies + FAULT_HOLD);
	return held;
}

/* Only a private copy may be changed. */
static struct sk_buff *fault_flip(struct tlsnic *nic, struct sk_buff *skb, u32 at)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);

	if (!copy)
		return skb;
	consume_skb(skb);
	copy->data[at + (copy->len - at) / 2] ^= 1;
	tlsnic_count(nic, TLSNIC_FAULT_CORRUPTED, 1);
	return copy;
}

void tlsnic_fault_wire(struct tlsnic *nic, struct sk_buff *skb)
{
	u32 at = tlsnic_payload(skb, true);
	struct sk_buff *other;

	if (!at) {
		tlsnic_wire(nic, skb);
		return;
	}
	if (fault_one_in(READ_ONCE(nic->faults.drop))) {
		tlsnic_count(nic, TLSNIC_FAULT_DROPPED, 1);
		kfree_skb(skb);
		return;
	}
	if (tlsnic_fault_take(&nic->faults.corrupt))
		skb = fault_flip(nic, skb, at);
	if (fault_one_in(READ_ONCE(nic->faults.duplicate))) {
		other = skb_copy(skb, GFP_ATOMIC);
		if (other) {
			tlsnic_count(nic, TLSNIC_FAULT_DUPLICATED, 1);
			tlsnic_wire(nic, other);
		}
	}
	if (fault_one_in(READ_ONCE(nic->faults.reorder)) && fault_hold(nic, skb)) {
		tlsnic_count(nic, TLSNIC_FAULT_REORDERED, 1);
		return;
	}
	other = fault_let_go(nic);
	tlsnic_wire(nic, skb);
	if (other)
		tlsnic_wire(nic, other);
}

static struct dentry *fault_root;
static unsigned int fault_users;

void tlsnic_fault_init(struct tlsnic *nic)
{
	struct tlsnic_faults *f = &nic->faults;

	spin_lock_init(&nic->held_lock);
	timer_setup(&nic->release, fault_release, 0);
	if (!fault_users++)
		fault_root = debugfs_create_dir("tlsnic", NULL);
	nic->debugfs = debugfs_create_dir(nic->dev->name, fault_root);
	debugfs_create_u32("drop", 0600, nic->debugfs, &f->drop);
	debugfs_create_u32("reorder", 0600, nic->debugfs, &f->reorder);
	debugfs_create_u32("duplicate", 0600, nic->debugfs, &f->duplicate);
	debugfs_create_u32("corrupt", 0600, nic->debugfs, &f->corrupt);
	debugfs_create_u32("forget", 0600, nic->debugfs, &f->forget);
	debugfs_create_u32("refuse", 0600, nic->debugfs, &f->refuse);
	debugfs_create_u32("contexts", 0600, nic->debugfs, &f->contexts);
	debugfs_create_u32("slow", 0600, nic->debugfs, &f->slow);
	debugfs_create_u32("lame", 0600, nic->debugfs, &f->lame);
}

void tlsnic_fault_exit(struct tlsnic *nic)
{
	debugfs_remove_recursive(nic->debugfs);
	if (!--fault_users)
		debugfs_remove_recursive(fault_root);
	timer_shutdown_sync(&nic->release);
	kfree_skb(fault_let_go(nic));
}
