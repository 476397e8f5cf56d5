/* SPDX-License-Identifier: MIT */
#ifndef KTLS_STATUS_H
#define KTLS_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum ktls_path { KTLS_PATH_NONE = 0, KTLS_PATH_SOFTWARE, KTLS_PATH_NIC };

/* sock_diag's information about TLS on one socket (INET_ULP_INFO_TLS). */
struct ktls_status {
	uint16_t version;
	uint16_t kernel_cipher;
	enum ktls_path tx, rx;
	bool zc_ro_tx, no_pad_rx;
};

/* Ask sock_diag about the TCP socket fd. Returns 0; -ENOENT if it has no tls ULP; -EPERM if this
 * kernel tells only processes with CAP_NET_ADMIN; -ESRCH if fd is of another network namespace; or
 * another -errno. */
int ktls_status_read(int fd, struct ktls_status *out);

/* Has this process CAP_NET_ADMIN? */
bool ktls_may_look(void);

/* A TCP socket with the tls ULP. */
struct ktls_socket {
	struct ktls_status status;
	struct sockaddr_storage own, peer;
	uint64_t sent, received;	/* bytes of TCP: acknowledged by the peer; received */
	uint64_t transmitted, retransmitted;	/* bytes given to the device: all, and again */
	uint64_t cookie;
	uint32_t inode, uid;
	unsigned bound;			/* index of the device it is bound to, or 0 */
};

/* Call each() for every such socket of this network namespace; for none if this kernel tells only
 * processes with CAP_NET_ADMIN. Returns the first non-zero value of each(), which ends the walk, 0
 * or -errno. */
int ktls_status_each(int (*each)(const struct ktls_socket *socket, void *user), void *user);

#endif
