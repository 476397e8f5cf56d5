// SPDX-License-Identifier: MIT
/* Features of devices, and the device of a route. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include "ktls/nic.h"
#include "ktls/nic_driver.h"
#include "ktls/uapi.h"
#include "tests/ktap.h"

static struct ktls_nic loopback(void)
{
	struct ktls_nic nic = { 0 };
	int ret = ktls_nic_read("lo", &nic);

	if (ret == -ENOENT)
		SKIP("this kernel has no ethtool netlink");
	EQ(ret, 0);
	return nic;
}

TEST(reads_a_device)
{
	struct ktls_nic nic = loopback(), again = { 0 };

	EQ_STR(nic.name, "lo");
	EQ(nic.index, if_nametoindex("lo"));
	CHECK(!nic.tls[KTLS_TX].can && !nic.tls[KTLS_RX].can && !nic.tls[KTLS_TX].on &&
	      !nic.tls[KTLS_RX].on);
	EQ(ktls_nic_read_index(nic.index, &again), 0);
	EQ_STR(again.name, "lo");
}

TEST(no_such_device)
{
	struct ktls_nic nic;

	loopback();
	EQ(ktls_nic_read("nosuchdevice", &nic), -ENODEV);
	EQ(ktls_nic_read("", &nic), -ENODEV);
	EQ(ktls_nic_read("a-name-that-is-too-long-for-one", &nic), -ENODEV);
	EQ(ktls_nic_read_index(0, &nic), -ENODEV);
	EQ(ktls_nic_read_index(0x7ffffff0, &nic), -ENODEV);
	EQ(ktls_nic_switch("nosuchdevice", ktls_nic_tls_names[KTLS_TX], true), -ENODEV);
}

static int count(const struct ktls_nic *nic, void *user)
{
	int *n = user;

	CHECK(nic->index && *nic->name);
	(*n)++;
	return 0;
}

static int stop(const struct ktls_nic *nic, void *user)
{
	(void)nic;
	(*(int *)user)++;
	return 7;
}

TEST(lists_devices)
{
	struct if_nameindex *all = if_nameindex();
	int listed = 0, wanted = 0;

	loopback();
	while (all[wanted].if_index)
		wanted++;
	if_freenameindex(all);
	EQ(ktls_nic_list(count, &listed), 0);
	EQ(listed, wanted);
	listed = 0;
	EQ(ktls_nic_list(stop, &listed), 7);
	EQ(listed, 1);
}

static void expect_loopback(int family, const char *text)
{
	struct sockaddr_storage own = { .ss_family = (sa_family_t)family }, peer = own;
	bool vlan = true;
	void *at = family == AF_INET ? (void *)&((struct sockaddr_in *)&peer)->sin_addr :
				       (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr;

	CHECK(inet_pton(family, text, at) == 1);
	EQ(ktls_nic_route((struct sockaddr *)&own, (struct sockaddr *)&peer, 0, &vlan),
	   (int)if_nametoindex("lo"));
	/* With an own address too. */
	EQ(ktls_nic_route((struct sockaddr *)&peer, (struct sockaddr *)&peer, 0, &vlan),
	   (int)if_nametoindex("lo"));
	CHECK(!vlan);
}

TEST(routes)
{
	expect_loopback(AF_INET, "127.0.0.1");
	expect_loopback(AF_INET, "127.1.2.3");
	expect_loopback(AF_INET6, "::ffff:127.0.0.1");
}

TEST(routes_ipv6)
{
	if (access("/proc/net/if_inet6", F_OK))
		SKIP("no IPv6 here");
	expect_loopback(AF_INET6, "::1");
}

static int never(const char *counter, uint64_t value, void *user)
{
	(void)value;
	(void)user;
	FAIL("a counter of lo: %s", counter);
	return 0;
}

TEST(loopback_counts_nothing)
{
	EQ(ktls_nic_counters("lo", true, never, NULL), -EOPNOTSUPP);
	CHECK(ktls_nic_counters("nosuchdevice", true, never, NULL) < 0);
}

TEST(reasons)
{
	struct ktls_nic nic = { .tls = { { true, true }, { true, false } } };

	EQ(ktls_nic_reason(0x0303, TLS_CIPHER_AES_GCM_128, NULL, KTLS_TX),
	   TLSRING_REASON_NIC_ABSENT);
	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_128, NULL, KTLS_TX),
	   TLSRING_REASON_NIC_ABSENT);
	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_128, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_VERSION);
	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_128, &nic, KTLS_RX),
	   TLSRING_REASON_NIC_VERSION);
	EQ(ktls_nic_reason(0x0303, TLS_CIPHER_CHACHA20_POLY1305, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_CIPHER);
	EQ(ktls_nic_reason(0x0303, TLS_CIPHER_AES_CCM_128, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_CIPHER);
	EQ(ktls_nic_reason(0x0303, TLS_CIPHER_AES_GCM_256, &nic, KTLS_RX),
	   TLSRING_REASON_NIC_FEATURE_OFF);
	EQ(ktls_nic_reason(0x0303, TLS_CIPHER_AES_GCM_256, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_REFUSED);
	CHECK(ktls_nic_takes(0x0303, TLS_CIPHER_AES_GCM_128) &&
	      ktls_nic_takes(0x0303, TLS_CIPHER_AES_GCM_256));
	nic.vlan = true;
	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_128, &nic, KTLS_TX), TLSRING_REASON_NIC_VLAN);
	CHECK(!ktls_nic_takes(0x0304, TLS_CIPHER_AES_GCM_128) &&
	      !ktls_nic_takes(0x0303, TLS_CIPHER_SM4_GCM));
}

/* A kernel that is newer than this library takes more. */
TEST(learns_what_nics_take)
{
	struct ktls_nic nic = { .tls = { { true, true }, { true, true } } };

	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_128, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_VERSION);
	ktls_nic_learn(0x0304, TLS_CIPHER_AES_GCM_128);
	CHECK(ktls_nic_takes(0x0304, TLS_CIPHER_AES_GCM_128) &&
	      !ktls_nic_takes(0x0304, TLS_CIPHER_AES_GCM_256));
	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_128, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_REFUSED);
	EQ(ktls_nic_reason(0x0304, TLS_CIPHER_AES_GCM_256, &nic, KTLS_TX),
	   TLSRING_REASON_NIC_CIPHER);
	CHECK(!ktls_nic_takes(0x0303, TLS_CIPHER_CHACHA20_POLY1305));
}

TEST(drivers)
{
	CHECK(ktls_nic_driver_find("mlx5_core")->aes256 && !ktls_nic_driver_find("cxgb4")->aes256);
	CHECK(!ktls_nic_driver_find("nfp")->aes256 && !ktls_nic_driver_find("funeth")->aes256);
	CHECK(!ktls_nic_driver_find("bnxt_en") && !ktls_nic_driver_find(""));
}

TEST(kernel_options)
{
	char path[] = "/tmp/tlsring-config-XXXXXX";
	static const char text[] = "CONFIG_TLS=m\nCONFIG_TLS_DEVICE=y\n# CONFIG_MLX5_EN_TLS is not "
				   "set\nCONFIG_FUN_ETHER=y\n";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	EQ(ktls_kernel_option(path, "TLS"), 1);
	EQ(ktls_kernel_option(path, "TLS_DEVICE"), 1);
	EQ(ktls_kernel_option(path, "MLX5_EN_TLS"), 0);
	EQ(ktls_kernel_option(path, "FUN_ETH"), 0);
	unlink(path);
	EQ(ktls_kernel_option(path, "TLS"), -ENOENT);
}
