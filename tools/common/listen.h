/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_LISTEN_H
#define TOOLS_COMMON_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include "tools/common/address.h"

/* One listening address. */
struct listen_address {
	struct sockaddr_storage address;	/* with the port that was found free */
	socklen_t len;
	int *fds;				/* owned: one per thread, or what was inherited */
	unsigned count;
};

/* Sockets that this process was started with. */
struct listen_pool {
	struct {
		int fd;				/* owned; -1: taken */
		bool http;			/* is named "http" */
	} *sockets;				/* owned */
	size_t count;
};

struct listen_set {
	struct listen_address *addresses;	/* owned */
	size_t count;
	unsigned threads;
	const char *setting;			/* that names its addresses, for what is wrong with one */
	struct listen_pool *pool;		/* the caller's; or NULL */
};

/* The variable by which a process tells its successor how many sockets it hands over. */
#define LISTEN_HEIRS	"TLSRING_LISTEN_FDS"

/*
 * Take what systemd (sd_listen_fds(3)) or the process before us left. What is no listening TCP socket
 * is closed, with a word on standard error. 0 or -ENOMEM. listen_pool_free() in any case.
 */
int listen_pool_take(struct listen_pool *out);
/* Closes what nobody took. */
void listen_pool_free(struct listen_pool *pool);
/* Add what is left in the set's pool, of one kind. 0 or an exit status. */
int listen_add_rest(struct listen_set *set, bool http);

#define LISTEN_FORM	ADDRESS_FORM
/* Can listen_add() read that text? */
bool listen_valid(const char *text);
/*
 * Listen where text says: ADDR:PORT, [V6]:PORT, NAME:PORT, :PORT (all addresses, both families);
 * port 0 is any that is free. Sockets of the set's pool with that address are taken, otherwise each
 * thread gets one. Adds to the set; says on standard error what is wrong. 0, or an
 * exit status.
 */
int listen_add(struct listen_set *set, const char *text);
void listen_close(struct listen_set *set);

#endif
