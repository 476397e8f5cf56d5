/* SPDX-License-Identifier: MIT */
/*
 * tlsring: TLS connections whose records the kernel (or the NIC) seals, driven by io_uring.
 *
 * Results are >= 0, or a negative errno, or one of the TLSRING_E* ranges below -4095.
 * Nothing here prints or aborts. Unless a comment says otherwise a call does not block and may
 * be made by one thread at a time per object; different objects need no locking.
 *
 * The man pages of section 3 are made from the comments above calls (man/pages.py). Such a comment
 * begins with one sentence, followed by paragraphs; one that begins with "Returns", "Errors:" or
 * "Threads:" goes to the section of that name.
 */
#ifndef TLSRING_H
#define TLSRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "tlsring_reason.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ossl_lib_ctx_st;
struct ossl_provider_st;
struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;
struct tlsring_ctx;
struct tlsring_conn;
struct tlsring_engine;

/* ---- results ---- */

/* Results below -4095, which are no errno. An alert is its number in TLS, 0 to 255. */
#define TLSRING_EALERT_SENT(alert)	(-5000 - (int)(alert))	/* we ended it with this alert */
#define TLSRING_EALERT_RECEIVED(alert)	(-5300 - (int)(alert))	/* the peer sent this alert */
#define TLSRING_ELIBRARY		(-5600)	/* OpenSSL failed without an alert */
#define TLSRING_EREFUSED		(-5601)	/* the handshake was ended in an orderly way */
/*
 * Make the result for an alert.
 *
 * TLSRING_EALERT_SENT() and TLSRING_EALERT_RECEIVED() as functions, for languages without macros.
 *
 * Returns the result, below -4095.
 */
int tlsring_result_alert_sent(uint8_t alert);
int tlsring_result_alert_received(uint8_t alert);
/*
 * Tell whether a result stands for an alert.
 *
 * tlsring_result_is_alert_sent() is about alerts that this side sent,
 * tlsring_result_is_alert_received() about those of the peer.
 *
 * Returns true if the result is of that kind.
 */
bool tlsring_result_is_alert_sent(int result);
bool tlsring_result_is_alert_received(int result);
/*
 * Get the alert out of a result.
 *
 * Returns the alert's number in TLS, 0 to 255, for a result of either kind; -1 for any other
 * result.
 */
int tlsring_result_alert(int result);
/*
 * Describe a result in a sentence for people.
 *
 * Takes any result of this library, an errno too, and writes at most len bytes into buf, a zero
 * byte at their end. 160 bytes hold the longest sentence.
 *
 * Returns buf.
 */
const char *tlsring_strerror(int result, char *buf, size_t len);

/* ---- what this machine can do ---- */

enum tlsring_state { TLSRING_GOOD = 0, TLSRING_MISSING, TLSRING_BROKEN };

struct tlsring_finding {
	const char *area;		/* "kernel TLS", "io_uring", "OpenSSL", "user" */
	const char *name;		/* stable key, e.g. "cipher.TLS_AES_128_GCM_SHA256" */
	const char *text;		/* one line for people */
	const char *remedy;		/* what to do; "" when state is good */
	enum tlsring_state state;
};
/*
 * Find out what this machine can do for TLS.
 *
 * Calls each() for every finding: kernel TLS and its ciphers, io_uring, OpenSSL, the user's limits.
 * Strings live only during that call. Opens sockets on loopback and a ring, and closes them. Blocks
 * for a few milliseconds.
 *
 * Returns the number of findings, or the first non-zero value that each() gave, which ends the
 * walk.
 * Threads: any.
 */
int tlsring_diagnose(int (*each)(const struct tlsring_finding *finding, void *user), void *user);

/* ---- contexts ---- */

/* Whether the kernel, or a NIC, gets a connection's keys. */
enum tlsring_offload {
	TLSRING_OFFLOAD_AUTO = 0, /* where it takes them; else user space */
	TLSRING_OFFLOAD_OFF, /* never */
	TLSRING_OFFLOAD_REQUIRE, /* a connection whose keys it does not take fails */
	/* Where that costs less than sealing in user space, as tlsring_costs() finds, or where this
	 * host has a NIC that offloads TLS. */
	TLSRING_OFFLOAD_FASTEST,
};

struct tlsring_costs {
	size_t size; /* sizeof this structure, set by the caller */
	/* Nanoseconds of processor time to seal 1 MiB of a file (TLS 1.3, AES-128-GCM) and to send
	 * it over loopback; 0: that cannot be done here. */
	uint64_t kernel_ns, user_ns;
};
/*
 * Measure what sealing costs on this machine.
 *
 * The first call in a process blocks for some 50 ms and opens sockets on loopback; later ones give
 * the same figures.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		costs->size is too small
 * Threads: any.
 */
int tlsring_costs(struct tlsring_costs *costs);

enum tlsring_path {
	TLSRING_PATH_USER = 0,		/* sealed in user space */
	TLSRING_PATH_KERNEL,		/* by the kernel, on the CPU */
	TLSRING_PATH_NIC,		/* by the network card */
	TLSRING_PATH_FAILED,
};
/*
 * Name a path in one word.
 *
 * For logs and JSON.
 *
 * Returns "user", "kernel", "nic" or "failed"; "unknown" for any other number. Static.
 * Threads: any.
 */
const char *tlsring_path_name(enum tlsring_path path);

/* When a connection's keys go to the kernel. */
enum tlsring_when {
	TLSRING_AT_ONCE = 0, /* right after the handshake */
	TLSRING_AT_LARGE, /* with the first message of at least `large` bytes: short
					 * exchanges never pay for the hand-over */
	TLSRING_ON_IDLE, /* after a second of silence */
	/* With the second message, or the first of at least `large` bytes, or after half a second
	 * of silence: a peer that asks once and leaves costs no hand-over. Where offload is
	 * required it is as TLSRING_AT_ONCE. */
	TLSRING_ADAPTIVE,
};

#define TLSRING_TX	1u
#define TLSRING_RX	2u

/* What a network card that offloads TLS is to do. Today's take TLS 1.2 with AES-GCM only. */
enum tlsring_nic {
	TLSRING_NIC_AUTO = 0,		/* what the kernel gives to it */
	/* Where this host has such a card, the handshake is limited to what it takes: peers that
	 * insist on more are refused. */
	TLSRING_NIC_PREFER,
	/* Always limited; a connection that does not come to be on the card in each of `directions`
	 * fails with its reason. */
	TLSRING_NIC_REQUIRE,
};

struct tlsring_ctx_options {
	size_t size;			/* sizeof this structure */
	enum tlsring_offload offload;
	unsigned directions;		/* to the kernel: TLSRING_TX | TLSRING_RX; 0 = both */
	/* Rather stay in user space than be cut when a key must change: matters for TLS 1.3 on
	 * kernels that cannot rekey (before Linux 6.14), where a connection otherwise ends cleanly,
	 * with TLSRING_REASON_NO_REKEY, when its key is used up or the peer changes its own. */
	bool long_lived;
	enum tlsring_when when;		/* of the engine's connections */
	uint64_t large;			/* bytes; 0 = 64 KiB */
	enum tlsring_nic nic;
	/* On the card, sendfile and splice send straight from the page cache (TLS_TX_ZEROCOPY_RO,
	 * Linux 5.19). The files must not change while they are sent: the peer would see broken
	 * records. */
	bool zerocopy;
	/*
	 * Servers: accept early data (0-RTT) of TLS 1.3, as much as SSL_CTX_set_max_early_data()
	 * permits; of the engine's connections (with sessions the caller calls SSL_read_early_data
	 * himself). It could be a replay: see tlsring_conn_early(). As long as
	 * SSL_OP_NO_ANTI_REPLAY is not set, libssl takes each ticket once only, for which it keeps
	 * the sessions in this SSL_CTX's cache: other processes and machines do not know them, even
	 * if tlsring_ctx_ticket_keys() gave all the same keys. To share them, set
	 * SSL_OP_NO_ANTI_REPLAY and decide in SSL_CTX_set_allow_early_data_cb().
	 */
	bool early_data;
	/*
	 * Servers: the response, in the clear, to a client that speaks HTTP where TLS is spoken.
	 * The connection ends after it, with TLSRING_ELIBRARY. NULL: there is none. A whole
	 * response, which must outlive the context.
	 */
	const char *http_response;
	/*
	 * The library context and the property query that record ciphers and key derivations are
	 * fetched with, say those that SSL_CTX_new_ex() was given, for which libssl has no getter.
	 * NULL: the default ones. libctx must outlive the context; properties is copied. The
	 * kernel and NICs use their own ciphers: see TLSRING_OFFLOAD_OFF.
	 */
	struct ossl_lib_ctx_st *libctx;
	const char *properties;
};
/*
 * Make a context: an SSL_CTX and a policy for its connections.
 *
 * Takes a reference to the SSL_CTX, in which the caller has set certificates, ALPN, ticket keys and
 * so on. Set the keylog callback before this call: it is chained to. Renegotiation and
 * post-handshake authentication are switched off in the SSL_CTX. options may be NULL. One context
 * may serve engines and sessions in any number of threads.
 *
 * Returns 0; *out is the caller's, for tlsring_ctx_free().
 * Errors:
 *	-EINVAL		no SSL_CTX or one of DTLS, or an option of no meaning
 *	-ENOMEM
 *	-EOPNOTSUPP	offload is required and this kernel cannot, or nothing is left of the
 *			SSL_CTX's versions and ciphers that a card takes (enum tlsring_nic limits
 *			them)
 */
int tlsring_ctx_new(struct tlsring_ctx **out, struct ssl_ctx_st *ssl_ctx,
		    const struct tlsring_ctx_options *options);
/*
 * Give up the caller's reference to a context.
 *
 * Connections and sessions that live have references of their own. Engines that listen with it must
 * be freed before. ctx may be NULL.
 */
void tlsring_ctx_free(struct tlsring_ctx *ctx);
/*
 * Prepare another SSL_CTX of a server with several hosts.
 *
 * With certificates of its own, so that a callback of ctx's SSL_CTX (SSL_CTX_set_client_hello_cb,
 * SSL_CTX_set_tlsext_servername_callback) may give connections over to it with SSL_set_SSL_CTX().
 * Options and ticket keys remain those of ctx; enum tlsring_nic changes this SSL_CTX's versions and
 * ciphers too. Takes no reference: libssl does for each connection, so that the caller may free its
 * own and give later connections to a newer one. No connection may use the SSL_CTX yet.
 *
 * Returns 0.
 * Errors:
 *	-ENOMEM
 *	-EOPNOTSUPP	as tlsring_ctx_new()
 */
int tlsring_ctx_add(struct tlsring_ctx *ctx, struct ssl_ctx_st *ssl_ctx);
/*
 * Say what connections of a context may expect of a direction.
 *
 * tx is true for sending. What becomes of a connection depends on its cipher and socket too:
 * tlsring_conn_info() and tlsring_session_info() tell. *why is set in any case.
 *
 * Returns TLSRING_PATH_KERNEL, or TLSRING_PATH_USER where *why says the reason.
 * Threads: any.
 */
enum tlsring_path tlsring_ctx_expected(const struct tlsring_ctx *ctx, bool tx,
				       enum tlsring_reason *why);
/*
 * Seal session tickets under keys from files.
 *
 * For several servers that have the same files, to resume each other's sessions. Each file has 48
 * or 80 random bytes, as nginx's ssl_session_ticket_key; the first seals, all (at most 8) open.
 * Call it again to rotate: put a new file first. After an error the keys stay as they were. Blocks
 * to read.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		no file, or more than 8
 *	-EBADMSG	a file of another length
 *	-ENOMEM
 *	-errno		of opening or reading a file
 * Threads: the first call comes before connections are served; later ones from any, meanwhile too.
 */
int tlsring_ctx_ticket_keys(struct tlsring_ctx *ctx, const char *const *paths, unsigned count);

/*
 * Load an OpenSSL provider for TLS 1.3 handshakes that cost less.
 *
 * The provider, "tlsring", makes X25519 keys and derives secrets with fewer instructions than
 * OpenSSL's own, and gives the same results. All arithmetic, digests and random numbers remain
 * those of the providers that are loaded already. libctx may be NULL: the default one. It serves an
 * SSL_CTX that asks for it:
 *
 *	SSL_CTX_new_ex(libctx, "?provider=tlsring", TLS_server_method())
 *
 * Code that asks libctx for X25519 or TLS13-KDF without naming a provider may be given either. A
 * configuration that demands certified code must not have it: nothing is loaded where there is a
 * FIPS provider.
 *
 * Returns 0; *out is the caller's, for OSSL_PROVIDER_unload() when nothing is left that was made
 * with it.
 * Errors:
 *	-EOPNOTSUPP	there is a FIPS provider
 *	-ENOMEM
 * Threads: before other threads use libctx.
 */
int tlsring_provider_load(struct ossl_provider_st **out, struct ossl_lib_ctx_st *libctx);

/* ---- what became of a connection ---- */

struct tlsring_direction {
	enum tlsring_path path;
	enum tlsring_reason reason;	/* why not kernel / NIC */
};

struct tlsring_info {
	size_t size;			/* sizeof this structure, set by the caller */
	int fd;
	const char *version;		/* "TLSv1.3" */
	const char *cipher;		/* OpenSSL's name */
	struct tlsring_direction tx, rx;
	struct sockaddr_storage peer;
	bool zerocopy;			/* sendfile sends from the page cache itself */
	/* The next two live as long as the connection. */
	const char *server_name;	/* that the client asked for; "": none */
	const char *alpn;		/* the protocol agreed on, e.g. "h2"; "": none was */
	bool resumed;			/* an earlier session was resumed */
	uint32_t tx_updates, rx_updates;	/* times that the kernel was given a new key */
	bool early;			/* the server took the client's early data (0-RTT) */
	/* Nanoseconds that the kernel, and a card's driver, took for the first keys: of TCP_ULP,
	 * TLS_RX and TLS_TX together; 0: it has none. */
	uint32_t install_ns;
};

/* ---- your own loop ---- */

struct tlsring_session;

/*
 * Follow the keys and record numbers of an SSL.
 *
 * Before its first byte, and again after SSL_clear(); a duplicate of SSL_dup() is not followed
 * until it is watched itself. The SSL must come from the SSL_CTX of a tlsring_ctx. Takes over the
 * SSL's message callback (SSL_set_msg_callback); its info callback goes on being called.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		an SSL of DTLS, or of the engine
 *	-ENOMEM
 */
int tlsring_watch(struct ssl_st *ssl);

enum tlsring_want { TLSRING_WANT_READ = 1, TLSRING_WANT_WRITE = 2, TLSRING_WANT_CALLBACK = 3 };

/*
 * Do the handshake, with outcomes that can be told apart.
 *
 * SSL_do_handshake() over whatever transport the SSL has: a blocking socket, a non-blocking one, or
 * a BIO pair whose other half the caller serves. The SSL is a client or a server by
 * SSL_set_connect_state() or SSL_set_accept_state(), or by having called SSL_connect() or
 * SSL_accept(). Blocks if the socket does. After a failure the SSL is of no further use.
 *
 * Returns 0 when the handshake is done, or what it waits for:
 *
 *	TLSRING_WANT_READ	call again when the transport is readable; with a BIO pair: move its
 *				bytes both ways, then call again
 *	TLSRING_WANT_WRITE	the same, when it is writable
 *	TLSRING_WANT_CALLBACK	a callback of the SSL's has suspended the handshake (a certificate,
 *				a client hello, an asynchronous job): call again when it can go on
 * Errors:
 *	TLSRING_EREFUSED	SSL_do_handshake() returned 0, or the peer sent close_notify: ended
 *				in an orderly way by the protocol
 *	TLSRING_EALERT_SENT()	this side ended it with an alert
 *	TLSRING_EALERT_RECEIVED()	the peer did
 *	TLSRING_ELIBRARY	OpenSSL failed without an alert
 *	-EPIPE		FIN, or a BIO pair's other half was shut down
 *	-errno		of the socket
 *	-EINVAL		neither client nor server was chosen, or the SSL is not watched
 */
int tlsring_handshake(struct ssl_st *ssl);
/*
 * Translate what SSL_do_handshake() returned.
 *
 * The outcomes of tlsring_handshake() for a program that calls SSL_connect(), SSL_accept() or
 * SSL_do_handshake() itself: ret is what it returned. Instead of SSL_get_error(), and under its
 * conditions: at once, in the same thread, with OpenSSL's error queue empty before the call.
 *
 * Returns as tlsring_handshake().
 * Errors: as tlsring_handshake().
 */
int tlsring_handshake_result(struct ssl_st *ssl, int ret);

/*
 * Make a session: an SSL that has finished its handshake, and the TCP socket under it.
 *
 * The SSL is the session's from now on (it is freed as soon as nobody needs it: a server's at the
 * hand-over, a client's when its tickets are in); the descriptor stays the caller's and must
 * outlive the session, as must ctx. Nothing has moved to the kernel yet: send and receive work in
 * user space until tlsring_session_handover(). On an error the SSL stays the caller's.
 *
 * Returns 0; *out is the caller's, for tlsring_session_free().
 * Errors:
 *	-ENOTCONN	the handshake is not finished
 *	-EINVAL		the SSL was not watched
 *	-ENOMEM
 */
int tlsring_session_new(struct tlsring_session **out, struct tlsring_ctx *ctx,
			struct ssl_st *ssl, int fd);
/*
 * Free a session, and the SSL if it still lives.
 *
 * The connection is not closed. session may be NULL.
 */
void tlsring_session_free(struct tlsring_session *session);

/*
 * Bring the keys of a session to the kernel.
 *
 * At any record boundary: right after the handshake or later. Once. What the SSL had already
 * received is kept as plaintext, and given out first by tlsring_session_recv().
 *
 * Afterwards the session itself reads and writes fd, in user space too: a BIO pair is out of use.
 * Where a direction is in the kernel, the socket itself can be used for data: write, send,
 * sendfile, splice, io_uring to send; read, recv, recvmsg, io_uring to receive, which fail with EIO
 * when a control record is next (recvmsg with room for a control message gets that record itself,
 * and must not be used): then call tlsring_session_control().
 *
 * The traffic secrets of what went to the kernel are then nowhere in this process, except, where
 * the kernel can change keys, in pages that are left out of core dumps. What libssl leaves in
 * memory that it has freed, such as the master secret inside a ticket that it sealed, is out of
 * reach.
 *
 * Returns 0 when it is decided: tlsring_session_info() tells for each direction where it is, and
 * why.
 * Errors:
 *	-EAGAIN		half a record has come: call again when fd is readable (or receive until
 *			then)
 *	-EBUSY		libssl's last output still waits in its BIO: send that, then call again
 *	-EOPNOTSUPP	offload is required and could not be had; the connection failed
 *	others		the connection failed
 */
int tlsring_session_handover(struct tlsring_session *session);

/*
 * Receive plaintext of a session.
 *
 * Blocks if the socket does.
 *
 * Returns the bytes received; 0: the peer's close_notify came, nothing follows.
 * Errors:
 *	-EAGAIN		nothing has come: call again when fd is readable
 *	-EPIPE		FIN without close_notify: the data may be cut short
 *	-EKEYEXPIRED	the peer changed its key and this kernel cannot
 *	TLSRING_E...	an alert was sent or came
 *	-errno		of the socket
 */
ssize_t tlsring_session_recv(struct tlsring_session *session, void *buf, size_t len);
/*
 * Send plaintext of a session.
 *
 * Blocks if the socket does.
 *
 * Returns the bytes sent, which may be fewer than len.
 * Errors:
 *	-EAGAIN		call again with the same bytes when fd is writable
 *	-EKEYEXPIRED	the key is used up and this kernel cannot change it: close
 *	-EPIPE		the session is closed
 *	others		end the connection
 */
ssize_t tlsring_session_send(struct tlsring_session *session, const void *buf, size_t len);
/*
 * Say that bytes of a session were sent through the socket itself.
 *
 * So that the key is changed before its limit (2^24.5 full records of AES-GCM). Call it between
 * records, at least once in 2^30 bytes.
 *
 * Returns 0.
 * Errors:
 *	-EAGAIN		a KeyUpdate waits for room in the socket: call again when fd is writable
 *	-EKEYEXPIRED	the key is used up and this kernel cannot change it: close
 *	others		end the connection
 */
int tlsring_session_sent(struct tlsring_session *session, uint64_t bytes);
/*
 * Take the control record that made the socket's own read fail.
 *
 * With EIO or EKEYEXPIRED, and do what it asks.
 *
 * Returns 0: go on reading; 1: it was the peer's close_notify.
 * Errors:
 *	-EAGAIN		none is there
 *	others		as tlsring_session_recv()
 */
int tlsring_session_control(struct tlsring_session *session);
/*
 * Change the sending key of a session now.
 *
 * TLS 1.3 only. request: ask the peer to change its own key too.
 *
 * Returns 0.
 * Errors:
 *	-EAGAIN		the KeyUpdate waits for room in the socket; it goes out before the next data
 *	-EOPNOTSUPP	this kernel cannot, or the version is 1.2
 *	-EPIPE		the session is closed
 *	others		end the connection
 */
int tlsring_session_update(struct tlsring_session *session, bool request);
/*
 * Send close_notify and FIN; receiving goes on.
 *
 * The descriptor stays open.
 *
 * Returns 0.
 * Errors:
 *	-EAGAIN		call again when fd is writable
 *	others		the connection failed
 */
int tlsring_session_close(struct tlsring_session *session);
/*
 * Tell what became of a session.
 *
 * Set info->size before the call. The strings live as long as the session.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		info->size is smaller than the structure
 *	-ENOTCONN	the handshake is not finished
 *	-errno		of getpeername()
 */
int tlsring_session_info(const struct tlsring_session *session, struct tlsring_info *info);

/* ---- connections ---- */

/* Which of the limits set to a connection ended it. */
enum tlsring_limit {
	TLSRING_LIMIT_NONE = 0,
	TLSRING_LIMIT_HANDSHAKE,	/* handshake_timeout */
	TLSRING_LIMIT_IDLE,		/* idle_timeout, tlsring_conn_set_idle() */
	TLSRING_LIMIT_DEADLINE,		/* tlsring_conn_set_deadline() */
	TLSRING_LIMIT_RATE,		/* the peer took nothing, or less than min_rate */
};

/* How a connection ended. */
struct tlsring_end {
	/* 0: our close_notify was sent, and the peer's came, or this side closed before the peer
	 * did. -EPIPE: the peer's FIN came without close_notify (a truncation) before this side
	 * closed. -ETIMEDOUT: a limit. -ECONNRESET etc.: an I/O error. TLSRING_E...: TLS failed. */
	int result;
	bool opened;			/* false: it ended inside the handshake */
	enum tlsring_reason reason;
	const char *detail;		/* static sentence or "" */
	enum tlsring_limit limit;	/* which one was hit, with -ETIMEDOUT */
	struct sockaddr_storage peer;
	/* Never opened: OpenSSL's verdict on the peer's certificate, X509_V_OK or X509_V_ERR_... */
	int verify;
};

/*
 * Events of connections. The engine's thread calls them inside tlsring_engine_run(); they may call
 * anything here except tlsring_engine_run() and tlsring_engine_free(). A handler must return:
 * neither longjmp() nor a C++ exception may leave it.
 */
struct tlsring_handlers {
	size_t size;			/* sizeof this structure */
	/* A client's TCP connection came; user is the listener's. False: it is closed at once, at
	 * little cost and without another call; true: closed() will follow. Optional. */
	bool (*accepting)(const struct sockaddr *peer, void *user);
	/* Data can flow: the handshake is done, or, with early data, the client's first flight has
	 * been answered. Optional. */
	void (*opened)(struct tlsring_conn *conn, void *user);
	/* The keys went to the kernel, or stay here for good, after opened(), which saw
	 * TLSRING_REASON_NOT_YET (enum tlsring_when, early data): tlsring_conn_info() tells.
	 * Optional. */
	void (*handed)(struct tlsring_conn *conn, void *user);
	/* Plaintext arrived. Returns how many bytes were taken, at most len: the rest is kept and
	 * offered again with what follows it (at most 64 KiB, else the connection ends with
	 * -ENOBUFS).
	 * -EAGAIN: take nothing now, stop receiving, offer again after the next sent() or when
	 * tlsring_conn_resume() says so; early data also when the handshake is done. Other negative
	 * results end the connection with that result. */
	ssize_t (*received)(struct tlsring_conn *conn, const void *data, size_t len, void *user);
	/* The message given to tlsring_send() has gone to the socket (0), or could not (-errno; the
	 * connection then ends by itself; -ENODATA: the file was shorter than promised). */
	void (*sent)(struct tlsring_conn *conn, int result, void *user);
	/* The peer's close_notify came: it sends nothing more, but may go on reading. Optional;
	 * with it the connection stays open to send until tlsring_close(), without it the
	 * connection is closed when the message in flight has gone. */
	void (*finished)(struct tlsring_conn *conn, void *user);
	/* Last call for this connection, also when it never opened. conn is invalid after it. */
	void (*closed)(struct tlsring_conn *conn, const struct tlsring_end *end, void *user);
	/* The engine is being stopped: finish what is under way, then tlsring_close(). Whoever is
	 * not done after the grace is cut off. Optional; without it the connection is closed when
	 * the message in flight has gone. */
	void (*stopping)(struct tlsring_conn *conn, void *user);
	/* The engine is being drained (tlsring_engine_drain()): serve on, but see to it that the
	 * connection ends soon in a way that its peer expects. Optional; without it stopping() is
	 * called. */
	void (*draining)(struct tlsring_conn *conn, void *user);
};

struct tlsring_message {
	const void *head;		/* bytes before the file range; may be NULL */
	size_t head_len;
	int file_fd;			/* -1: none */
	uint64_t offset, length;
	/* Where the file's first byte is mapped (mmap, PROT_READ, MAP_SHARED, as long as offset +
	 * length at least), or NULL. The kernel seals a long range that goes out again and again at
	 * less cost from there than from the file: only the first time maps its pages. Nothing in
	 * user space looks at it, so that a file that becomes shorter raises no signal. */
	const void *mapping;
	const void *tail;		/* bytes after the file range; tlsring_send_many() only */
	size_t tail_len;
	bool more;			/* another tlsring_send() follows at once */
	bool missing;			/* set by tlsring_send_many() */
};
/*
 * Send a message: a head, then a range of a file.
 *
 * In as few records as possible: the head shares its record with the file's start. head, file_fd
 * and mapping stay the caller's and stay untouched until sent(). One message at a time.
 *
 * Returns 0; sent() follows.
 * Errors:
 *	-EBUSY		a message is in flight
 *	-EPIPE		the connection is closing, or not open
 *	-EINVAL		no message, bytes without a file or a pointer, a range that no file can
 *			have, or a tail
 *	-ENOMEM
 */
int tlsring_send(struct tlsring_conn *conn, const struct tlsring_message *message);
/*
 * Send several messages as one.
 *
 * For protocols that cut files into frames: the messages share records and system calls, and sent()
 * comes once for all. Each may have up to TLSRING_MANY_MAX bytes, head, file range and tail
 * together, and goes out whole or not at all: where the file turns out to be shorter, its `missing`
 * is set, nothing of it leaves, and the others do. The array stays the caller's and must stay until
 * sent(). `more` of the last one counts. Messages that are alike but for their place in one file
 * cost least; if they have tails, each must stand in memory right before the next one's head.
 *
 * Returns 0; sent() follows.
 * Errors:
 *	-EINVAL		also for a message that is too long, or no message at all
 *	others		as tlsring_send()
 */
int tlsring_send_many(struct tlsring_conn *conn, struct tlsring_message *messages, unsigned count);
#define TLSRING_MANY_MAX	(64 * 1024)
/*
 * End a connection cleanly once the message in flight has gone.
 *
 * Sends close_notify and FIN, and waits a moment for the peer's. closed() follows.
 */
void tlsring_close(struct tlsring_conn *conn);
/*
 * Send nothing more on a connection.
 *
 * Sends close_notify and FIN once the message in flight has gone. Receiving goes on until the peer
 * has finished too, or tlsring_close().
 */
void tlsring_finish(struct tlsring_conn *conn);
/*
 * End a connection now, without close_notify.
 *
 * The peer sees a truncation. closed() follows with this result, but not inside this call.
 */
void tlsring_abort(struct tlsring_conn *conn, int result);
/*
 * Change the sending key of a connection after the message in flight.
 *
 * TLS 1.3 only. request: ask the peer to change its own key too.
 *
 * Returns 0.
 * Errors:
 *	-EOPNOTSUPP	this kernel cannot, or the version is 1.2
 *	-EPIPE		the connection is not open
 */
int tlsring_conn_update(struct tlsring_conn *conn, bool request);
/*
 * Receive again after received() returned -EAGAIN, or go on with a suspended handshake.
 *
 * What waits is offered again. Any handler may call it. A handshake is suspended when a callback of
 * its SSL says so (SSL_CTX_set_client_hello_cb(), SSL_CTX_set_cert_cb(), SSL_set_retry_verify(), an
 * asynchronous job): the callback is called again by each resume, not by what the peer sends. It
 * must have returned before; tlsring_conn_of() tells it which connection is to be resumed.
 */
void tlsring_conn_resume(struct tlsring_conn *conn);
/*
 * Tell whether received data may be a replay.
 *
 * A server's data is early data until the client's Finished has come: somebody else may have
 * recorded it and sent it again. A program that must not act twice on it returns -EAGAIN from
 * received(); it is offered again when that doubt is gone. Answers may be sent.
 *
 * Returns true until the client's Finished has come; false for a client.
 */
bool tlsring_conn_early(const struct tlsring_conn *conn);
/*
 * Find the engine's connection of an SSL, as inside the SSL's callbacks.
 *
 * Returns the connection, which may not have opened yet; NULL: the SSL belongs to none.
 */
struct tlsring_conn *tlsring_conn_of(const struct ssl_st *ssl);
/*
 * Get or set the user pointer of a connection.
 *
 * The handlers get it as their last argument. It starts as the one of the connection's listener or
 * of tlsring_engine_connect().
 *
 * Returns the pointer.
 */
void *tlsring_conn_user(const struct tlsring_conn *conn);
void tlsring_conn_set_user(struct tlsring_conn *conn, void *user);
/*
 * Replace the handlers of a connection.
 *
 * From the next event on: say, after a look at the protocol in opened(). They must outlive the
 * connection.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		handlers->size is too small, or there is no received()
 */
int tlsring_conn_set_handlers(struct tlsring_conn *conn, const struct tlsring_handlers *handlers);
/*
 * Tell what became of a connection.
 *
 * Set info->size before the call. The strings live as long as the connection.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		info->size is smaller than the structure
 *	-ENOTCONN	the handshake is not finished
 */
int tlsring_conn_info(const struct tlsring_conn *conn, struct tlsring_info *info);
/*
 * Get or set the tag of a connection.
 *
 * Eight bytes more of the user's, beside the user pointer. 0 at first.
 *
 * Returns the tag.
 */
uint64_t tlsring_conn_tag(const struct tlsring_conn *conn);
void tlsring_conn_set_tag(struct tlsring_conn *conn, uint64_t tag);
/*
 * Count the bytes of messages that a connection has sent.
 *
 * Those that have gone out, or were sealed to go out next; of a message under way, in steps of up
 * to 1 MiB.
 *
 * Returns the bytes since the connection opened.
 */
uint64_t tlsring_conn_sent(const struct tlsring_conn *conn);
/*
 * Number the current round of a connection's engine.
 *
 * Whatever is delivered in one round had arrived before it began: what was found out for one
 * request of it, say that a file is unchanged, is no older than any other of them.
 *
 * Returns the round, never 0.
 */
uint64_t tlsring_conn_round(const struct tlsring_conn *conn);
/*
 * Set how long a connection may be silent.
 *
 * It ends when nothing is received, and nothing goes out, for this long (0: never). Default: the
 * engine's idle_timeout.
 */
void tlsring_conn_set_idle(struct tlsring_conn *conn, unsigned msecs);
/*
 * End a connection cleanly in so many milliseconds, whatever it does until then.
 *
 * To the tenth of a second; 0: it may live on. For what must be complete in time, such as a
 * request's head. Costs no system call.
 */
void tlsring_conn_set_deadline(struct tlsring_conn *conn, unsigned msecs);

/* ---- engine ---- */

enum tlsring_io { TLSRING_IO_AUTO = 0, TLSRING_IO_URING, TLSRING_IO_EPOLL };

struct tlsring_engine_options {
	size_t size;			/* sizeof this structure */
	unsigned handshake_timeout;	/* msecs; 0 = 30,000 */
	unsigned idle_timeout;		/* msecs; 0 = 60,000 */
	enum tlsring_io io;		/* AUTO: io_uring, or epoll where that is forbidden */
	/* Bytes per second of a message that a peer must take: one message under way is looked at
	 * every 20 seconds, or each idle time if that is shorter, and a peer that took less since
	 * the look before is cut. 0: it must take something in each idle time. */
	unsigned min_rate;
};
/*
 * Make an engine.
 *
 * One engine per thread: it is run, and its connections are used, by one thread only; another may
 * make it and add listeners before that. options may be NULL. Sending never raises SIGPIPE; a
 * program that ignores it when the engine is made, which costs less, must go on to ignore it.
 * Handshakes that come together are done one at a time, between two looks at what else there is; if
 * that is much, both get as much time. The engine belongs to this process: a child of fork() may
 * neither use nor free it.
 *
 * Returns 0; *out is the caller's, for tlsring_engine_free().
 * Errors:
 *	-EINVAL		options->size is too small, or an option of no meaning
 *	-ENOMEM
 *	-EMFILE
 *	-EPERM		TLSRING_IO_URING was asked for and this process may not use it
 *	-ENOSYS		the same, as this kernel has no io_uring
 * Threads: any.
 */
int tlsring_engine_new(struct tlsring_engine **out, const struct tlsring_engine_options *options);
/*
 * Tell what an engine runs on.
 *
 * Returns TLSRING_IO_URING or TLSRING_IO_EPOLL.
 * Threads: any, as long as the engine lives.
 */
enum tlsring_io tlsring_engine_io(const struct tlsring_engine *engine);
/* How the bytes of messages come to a socket. */
enum tlsring_strategy {
	TLSRING_SENT_RECORDS = 0,	/* sealed in user space */
	/* Sealed by the kernel or the NIC: */
	TLSRING_SENT_BUFFER,		/* from a buffer that the file was read into */
	TLSRING_SENT_MAPPING,		/* from a mapping of the file */
	TLSRING_SENT_SENDFILE,
	TLSRING_SENT_ZEROCOPY,		/* by sendfile, on a NIC that takes the file's own pages */
	TLSRING_STRATEGY_COUNT
};
/*
 * Count the bytes that an engine has sent in one way.
 *
 * Of all messages: those that have gone out so, or, sealed in user space, are about to. A head
 * counts with the file bytes that go out beside it.
 *
 * Returns the bytes; 0 for an unknown strategy.
 * Threads: any, as long as the engine lives.
 */
uint64_t tlsring_engine_sent(const struct tlsring_engine *engine, enum tlsring_strategy strategy);
/*
 * Free an engine.
 *
 * Ends what is left: closed() is called for each connection. Not inside a handler. engine may be
 * NULL.
 *
 * Threads: the engine's, or any after tlsring_engine_run() has returned.
 */
void tlsring_engine_free(struct tlsring_engine *engine);
/*
 * Serve connections from a listening TCP socket.
 *
 * ctx, handlers and user must outlive the engine. The descriptor stays the caller's, open until the
 * engine is freed; TCP_NODELAY is set on it, which accepted sockets inherit.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		no context, handlers->size is too small, no received(), or no listening
 *			socket
 *	-ENOMEM
 *	-errno		of a descriptor that is no socket
 * Threads: the engine's, or any before tlsring_engine_run().
 */
int tlsring_engine_listen(struct tlsring_engine *engine, struct tlsring_ctx *ctx, int fd,
			  const struct tlsring_handlers *handlers, void *user);
struct tlsring_connect_options {
	size_t size;			/* sizeof this structure */
	const struct sockaddr *addr;	/* IPv4 or IPv6; copied */
	socklen_t addr_len;		/* at least the length of its family's address */
	/* For SNI, and checked against the certificate (an address too); NULL: neither. Copied.
	 * Whether the certificate is verified is the SSL_CTX's business (SSL_CTX_set_verify). */
	const char *server_name;
	struct ssl_session_st *session;	/* to resume, or NULL; a reference is taken */
	/* Sent with the first flight if the session permits so much early data, else, or where the
	 * server does not take it, as the first data after the handshake. Only for what may be done
	 * twice: who records it can send it again. Stays the caller's until opened() or closed().
	 * NULL: none. */
	const void *early;
	size_t early_len;
};
/*
 * Connect to a server.
 *
 * opened() follows, or closed() with the reason. ctx, handlers and user must outlive the
 * connection.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		no context, a size that is too small, no received(), no address of IPv4 or
 *			IPv6, or early_len without early
 *	-ECANCELED	the engine is stopping; one that drains connects until the grace has passed
 *	-ENOMEM
 *	-EMFILE
 *	-errno		of socket()
 * Threads: the engine's, or any before tlsring_engine_run().
 */
int tlsring_engine_connect(struct tlsring_engine *engine, struct tlsring_ctx *ctx,
			   const struct tlsring_connect_options *options,
			   const struct tlsring_handlers *handlers, void *user);
/*
 * Wait for a descriptor of the program's own in the engine's loop.
 *
 * A pipe, a timerfd, a signalfd. ready() is called once, by the engine's thread inside
 * tlsring_engine_run(), when one of `events` (POLLIN, POLLOUT) holds, and may call this again. Its
 * argument is what poll(2) says, or -errno where this kind of file cannot be waited for (regular
 * files need no waiting). fd stays the caller's, and open until ready() or tlsring_engine_free(),
 * after which ready() is not called any more. An engine that is stopped does not wait for it.
 *
 * Returns 0.
 * Errors:
 *	-EINVAL		no ready()
 *	-ENOMEM
 *	-EBADF		fd is not open
 * Threads: the engine's, or any before tlsring_engine_run().
 */
int tlsring_engine_poll(struct tlsring_engine *engine, int fd, short events,
			void (*ready)(int fd, int events, void *user), void *user);
/*
 * Run an engine until it is stopped.
 *
 * Blocks. All handlers are called inside.
 *
 * Returns 0 after tlsring_engine_stop() or tlsring_engine_drain(), when no connection is left.
 * Errors:
 *	-errno		the ring broke
 * Threads: one, and always the same.
 */
int tlsring_engine_run(struct tlsring_engine *engine);
/*
 * Stop an engine.
 *
 * It stops accepting, lets messages in flight finish for at most grace_msecs, closes every
 * connection cleanly, and returns from tlsring_engine_run(). A second call sets a new grace; 0 ends
 * all at once.
 *
 * Threads: any, any time; async-signal-safe.
 */
void tlsring_engine_stop(struct tlsring_engine *engine, unsigned grace_msecs);
/*
 * Stop an engine without disturbing connections that were accepted.
 *
 * As tlsring_engine_stop(), for a process whose listening sockets another has too. Handshakes go
 * on, draining() is called for each open connection, and right after opened() for those that open
 * later; what is left after the grace is cut off. tlsring_engine_stop() may follow.
 *
 * Threads: any, any time; async-signal-safe.
 */
void tlsring_engine_drain(struct tlsring_engine *engine, unsigned grace_msecs);

/* ---- what this system does ---- */

/* A TCP socket of this network namespace, of any program, whose records the kernel or a NIC
 * seals. */
struct tlsring_socket {
	struct sockaddr_storage own, peer;
	const char *version, *cipher;		/* static; "?" for an unknown one */
	struct tlsring_direction tx, rx;	/* with the reason for not being on a NIC */
	const char *device;			/* of its route; "" if it cannot offload TLS */
	uint64_t sent, received;		/* bytes of TCP: acknowledged; come */
	uint64_t cookie;			/* the socket's, unique until the next boot */
	uint64_t inode;				/* as in /proc/PID/fd: socket:[inode] */
	unsigned uid;
	bool zerocopy;				/* sendfile sends from the page cache itself */
	bool no_pad;				/* TLS_RX_EXPECT_NO_PAD */
	uint64_t transmitted;			/* bytes of TCP given to the device */
	uint64_t retransmitted;			/* bytes among these that were sent again */
};
/*
 * Walk the sockets of this system that use kernel TLS.
 *
 * Calls each() for every such socket of this network namespace, of any program; its argument lives
 * only during that call. Blocks for milliseconds per thousand sockets.
 *
 * Returns 0, or the first non-zero value that each() gave, which ends the walk.
 * Errors:
 *	-EPERM		there are TLS sockets, but this process may not look: it needs CAP_NET_ADMIN
 *	-ENOMEM
 *	-errno		of asking the kernel
 * Threads: any.
 */
int tlsring_report_sockets(int (*each)(const struct tlsring_socket *socket, void *user),
			   void *user);

struct tlsring_device {
	const char *name, *driver;
	bool tx_can, tx_on, rx_can, rx_on;	/* the driver has it; it is switched on */
};
/*
 * Walk the network devices that can offload TLS.
 *
 * Calls each() for every such device; its argument lives only during that call. Blocks to ask the
 * kernel.
 *
 * Returns 0, or the first non-zero value that each() gave, which ends the walk.
 * Errors:
 *	-ENOMEM
 *	-errno		of asking the kernel
 * Threads: any.
 */
int tlsring_report_devices(int (*each)(const struct tlsring_device *device, void *user),
			   void *user);

/*
 * Walk the counters of kernel TLS, or of a device.
 *
 * Of a device: those of its driver that are about TLS. device NULL: the kernel's own
 * (/proc/net/tls_stat). Names live only during the call. Blocks to ask the kernel.
 *
 * Returns 0, or the first non-zero value that each() gave, which ends the walk.
 * Errors:
 *	-ENOENT		kernel TLS is not loaded
 *	-ENODEV		there is no such device
 *	-EOPNOTSUPP	the driver counts nothing
 *	-errno		of asking the kernel
 * Threads: any.
 */
int tlsring_report_counters(const char *device,
			    int (*each)(const char *name, uint64_t value, void *user), void *user);

/*
 * Find out whether a device can offload TLS, and what stands in the way.
 *
 * Calls each() as tlsring_diagnose() does. Of the findings that are named "nic.feature.NAME" and
 * are not good, NAME can be switched on by tlsring_device_switch(), in the order in which they
 * come.
 *
 * Returns the number of findings, or the first non-zero value that each() gave, which ends the
 * walk.
 * Errors:
 *	-ENODEV		there is no such device
 *	-errno		of asking the kernel
 * Threads: any.
 */
int tlsring_diagnose_device(const char *device,
			    int (*each)(const struct tlsring_finding *finding, void *user),
			    void *user);
/*
 * Switch a feature of a device on or off.
 *
 * The name is ethtool's. For all programs, until the next boot; connections that are there stay
 * where they are.
 *
 * Returns 0.
 * Errors:
 *	-EPERM		needs CAP_NET_ADMIN
 *	-ENODEV		there is no such device
 *	-EOPNOTSUPP	the device stays as it is, as when the driver forbids it
 *	-errno		of asking the kernel
 * Threads: any.
 */
int tlsring_device_switch(const char *device, const char *feature, bool on);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
