/* SPDX-License-Identifier: MIT */
#ifndef KTLS_NIC_H
#define KTLS_NIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "ktls/session.h"
#include "ktls/tlsring_reason.h"

struct ktls_nic_feature {
	bool can;		/* the driver has it: it is on, or can be switched on */
	bool on;
};

/* A network device of this network namespace, as ethtool's netlink family shows it. */
struct ktls_nic {
	char name[IF_NAMESIZE];
	unsigned index;
	struct ktls_nic_feature tls[2];	/* by enum ktls_direction */
	/* What the kernel wants to be on before TLS can be: checksums in that direction. */
	struct ktls_nic_feature checksum[2];
	/* For sending, of a driver that has one for each version of IP instead: 4, 6. */
	struct ktls_nic_feature checksum_ip[2];
};

/* No privilege needed. 0, -ENODEV, or -errno. */
int ktls_nic_read(const char *name, struct ktls_nic *out);
int ktls_nic_read_index(unsigned index, struct ktls_nic *out);
/* All devices; stops at the first non-zero value of each() and returns it. Else 0 or -errno. */
int ktls_nic_list(int (*each)(const struct ktls_nic *nic, void *user), void *user);
/* Has any device TLS offload? Asks at most every ten seconds, so that it can be asked for every
 * connection. Any thread. */
bool ktls_nic_any(void);

/* The features by ethtool's names, for ktls_nic_switch(). */
extern const char *const ktls_nic_tls_names[2], *const ktls_nic_checksum_names[2];
extern const char *const ktls_nic_checksum_ip_names[2];
/* Switch one feature. Needs CAP_NET_ADMIN. 0; -EPERM; -EOPNOTSUPP: it did not change. */
int ktls_nic_switch(const char *name, const char *feature, bool on);

/* The device under a route to peer (from own, if that is not unspecified), through VLANs and
 * bonds that offload (with several ports: the bond itself): its index, or -errno. */
int ktls_nic_route(const struct sockaddr *own, const struct sockaddr *peer, unsigned bound);
/* ... under the connected socket fd. */
int ktls_nic_of_socket(int fd);

/* Why a direction with these parameters, over the device, is not on the NIC. */
enum tlsring_reason ktls_nic_reason(uint16_t version, uint16_t kernel_cipher, const struct ktls_nic *nic,
				    enum ktls_direction dir);
/* Is it what NICs take: the version and cipher? */
bool ktls_nic_takes(uint16_t version, uint16_t kernel_cipher);

/*
 * The driver's own counters, as `ethtool -S` prints them: each(name, value). Those with "tls" in
 * their name only, unless all. Stops at the first non-zero value of each() and returns it. Else 0;
 * -EOPNOTSUPP: the driver has none.
 */
int ktls_nic_counters(const char *name, bool all, int (*each)(const char *counter, uint64_t value, void *user),
		      void *user);
/* The driver's name. 0 or -errno. */
int ktls_nic_driver(const char *name, char *out, size_t len);

#endif
