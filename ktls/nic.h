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
	bool can;		/* it is on, or can be switched on */
	bool on;
};

/* A network device of this network namespace. */
struct ktls_nic {
	char name[IF_NAMESIZE];
	unsigned index;
	struct ktls_nic_feature tls[2];	/* by enum ktls_direction */
	/* Checksums, which must be on before TLS in that direction can be. */
	struct ktls_nic_feature checksum[2];
	/* Checksums for sending, of a driver that has one for IPv4 and one for IPv6 instead. */
	struct ktls_nic_feature checksum_ip[2];
	bool vlan;		/* reached through a VLAN device; set by who looked the route up */
};

/* Read one device's features; needs no privilege. Returns 0, -ENODEV or another -errno. */
int ktls_nic_read(const char *name, struct ktls_nic *out);
int ktls_nic_read_index(unsigned index, struct ktls_nic *out);
/* Call each() for all devices. Returns its first non-zero value, which ends the walk, 0 or
 * -errno. */
int ktls_nic_list(int (*each)(const struct ktls_nic *nic, void *user), void *user);
/* Has any device TLS offload? Cheap enough for every connection: the answer is up to ten seconds
 * old. Thread-safe. */
bool ktls_nic_any(void);

/* ethtool's names of the features, for ktls_nic_switch(). */
extern const char *const ktls_nic_tls_names[2], *const ktls_nic_checksum_names[2];
extern const char *const ktls_nic_checksum_ip_names[2];
/* Switch a feature. Needs CAP_NET_ADMIN. Returns 0; -EPERM; -EOPNOTSUPP if it did not change. */
int ktls_nic_switch(const char *name, const char *feature, bool on);

/* The device of the route to peer, from own unless that is unspecified: the lowest one below
 * VLANs and bonds that offload; a bond with several ports is taken itself. *vlan: a VLAN lies on
 * the way, so that nothing is offloaded. Returns its index or -errno. */
int ktls_nic_route(const struct sockaddr *own, const struct sockaddr *peer, unsigned bound,
		   bool *vlan);
/* The device that carries the connected socket fd, in the same way. */
int ktls_nic_of_socket(int fd, bool *vlan);

/* The reason why this device does not carry a direction with this version and cipher. */
enum tlsring_reason ktls_nic_reason(uint16_t version, uint16_t kernel_cipher,
				    const struct ktls_nic *nic, enum ktls_direction dir);
/* Do NICs take this version and cipher? Mainline's drivers, or those of a later kernel for which
 * ktls_nic_learn() was called. Thread-safe. */
bool ktls_nic_takes(uint16_t version, uint16_t kernel_cipher);
/* A connection with these was seen on a NIC. Any thread. */
void ktls_nic_learn(uint16_t version, uint16_t kernel_cipher);

/*
 * Call each() for the driver's own counters, as `ethtool -S` prints them: all of them, or those
 * with "tls" in their name. Returns the first non-zero value of each(), which ends the walk; 0;
 * -EOPNOTSUPP if the driver has none; or another -errno.
 */
int ktls_nic_counters(const char *name, bool all,
		      int (*each)(const char *counter, uint64_t value, void *user), void *user);
/* Copy the driver's name to out. Returns 0 or -errno. */
int ktls_nic_driver(const char *name, char *out, size_t len);

#endif
