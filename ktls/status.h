/* SPDX-License-Identifier: MIT */
#ifndef KTLS_STATUS_H
#define KTLS_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum ktls_path { KTLS_PATH_NONE = 0, KTLS_PATH_SOFTWARE, KTLS_PATH_NIC };

/* What sock_diag says of one socket (INET_ULP_INFO_TLS). */
struct ktls_status {
	uint16_t version;
	uint16_t kernel_cipher;
	enum ktls_path tx, rx;
	bool zc_ro_tx, no_pad_rx;
};

/* Ask sock_diag about the TCP socket fd. 0, -ENOENT when it has no tls ULP, or -errno.
 * Needs no privilege for a socket of the caller's own network namespace on kernels that
 * give ULP info to everybody; -EPERM else. -ESRCH: fd is of another network namespace. */
int ktls_status_read(int fd, struct ktls_status *out);

/* Has this process CAP_NET_ADMIN? */
bool ktls_may_look(void);

/* A TCP socket with the tls ULP. */
struct ktls_socket {
	struct ktls_status status;
	struct sockaddr_storage own, peer;
	uint64_t sent, received;	/* bytes on the wire: acknowledged by the peer; come from it */
	uint64_t cookie;
	uint32_t inode, uid;
	unsigned bound;			/* device it is bound to, or 0 */
};

/* Every one of this network namespace. What ktls_status_read() says about privilege holds: without
 * it there are none. Stops at the first non-zero value of each() and returns it; else 0 or -errno. */
int ktls_status_each(int (*each)(const struct ktls_socket *socket, void *user), void *user);

#endif
