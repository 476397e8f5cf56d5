/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_LISTEN_H
#define TOOLS_COMMON_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* One listening address. */
struct listen_address {
	struct sockaddr_storage address;	/* with the actual port, where 0 was asked for */
	socklen_t len;
	int *fds;				/* owned: one per thread, or the inherited ones */
	unsigned count;
};

/* Inherited listening sockets. */
struct listen_pool {
	struct {
		int fd;				/* owned; -1: taken */
		bool http;			/* named "http": for cleartext */
	} *sockets;				/* owned */
	size_t count;
};

struct listen_set {
	struct listen_address *addresses;	/* owned */
	size_t count;
	unsigned threads;
	const char *setting;			/* its option, for error messages */
	struct listen_pool *pool;		/* the caller's, or NULL */
};

/* Environment variable: number of sockets that a process hands over to its successor. */
#define LISTEN_HEIRS	"TLSRING_LISTEN_FDS"

/*
 * Take the sockets that systemd (sd_listen_fds(3)) or our predecessor handed over. A descriptor
 * that is no listening TCP or UNIX socket is closed, with a warning. 0 or -ENOMEM. Call
 * listen_pool_free() in any case.
 */
int listen_pool_take(struct listen_pool *out);
/* Close the sockets that no set took. */
void listen_pool_free(struct listen_pool *pool);
/* Add the remaining sockets of the set's pool, of one kind. 0 or an exit status. */
int listen_add_rest(struct listen_set *set, bool http);

#define LISTEN_FORM	"write ADDR:PORT, [V6ADDR]:PORT, :PORT, PORT or unix:PATH"
/* Does a text have that form? */
bool listen_valid(const char *text);
/*
 * Listen on the address in text, as address_parse() reads it, or on unix:PATH; :PORT means all
 * addresses of both families, port 0 any free port. Sockets of the set's pool with that address are
 * taken; if there are none, one is opened per thread. 0, or an exit status after a message on
 * standard error.
 */
int listen_add(struct listen_set *set, const char *text);
void listen_close(struct listen_set *set);

#endif
