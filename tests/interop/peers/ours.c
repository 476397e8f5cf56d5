// SPDX-License-Identifier: MIT
/*
 * Our end of the tests with peers that others wrote; it uses what any program would, the public
 * header.
 *
 *	ours serve [OPTION...]			prints "port N", serves until SIGTERM
 *	ours connect [OPTION...] PORT UP DOWN	status 0: all went well
 *
 *	-c NAME=VALUE	a setting of the SSL_CTX, as SSL_CONF_cmd(3) has it: Certificate, Groups, ...
 *	-a NAME		offer, or insist on, this protocol (ALPN)
 *	-n NAME		client: the server's name (SNI), checked against its certificate
 *	-k BYTES	change the sending key, and ask for the same, after so many bytes
 *	-r COUNT	client: so many connections, each resuming the one before
 *	-l -u -e	long-lived; user space only; epoll
 *	-x		server: close when the answer has gone, without waiting for the client
 *	-p		plain: UP bytes go, DOWN bytes come, nothing around them
 *
 * An exchange: the client sends "UP DOWN\n" and UP bytes; the server sends DOWN bytes, and when it
 * has all of its own, the SHA-256 of what came and of what it sent: "HEX HEX\n". A line is printed
 * for each handshake, each end, and for the hashes of a plain exchange.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include "lib/tlsring.h"

#define PATTERN		1000003		/* bytes; a prime, so that records meet it everywhere */
#define HEX		(2 * 32 + 1)
#define GRACE		5000

struct exchange {
	bool server, plain, started, busy, digests, done;
	char line[2 * HEX + 1];		/* that comes: the request, or the digests */
	size_t line_len;
	char out[2 * HEX + 1];		/* a line of our own */
	uint64_t send_left, receive_left, since_update;
	uint64_t piece;			/* bytes of the pattern under way */
	EVP_MD_CTX *sent, *received;
};

static struct {
	bool server, plain, close;
	const char *alpn, *name;
	uint64_t update, up, down;
	long connections;
	uint16_t port;
	struct tlsring_ctx_options ctx;
	struct tlsring_engine_options engine;
} options = {
	.connections = 1,
	.ctx = { .size = sizeof(options.ctx) },
	.engine = { .size = sizeof(options.engine), .handshake_timeout = 120000, .idle_timeout = 300000 },
};

static struct tlsring_engine *engine;
static struct tlsring_ctx *context;
static SSL_SESSION *session;
static int pattern_fd, status;
static uint8_t *pattern;

__attribute__((noreturn))
static void die(const char *what, int result)
{
	char text[160];

	fprintf(stderr, "%s: %s\n", what, result ? tlsring_strerror(result, text, sizeof(text)) : "no");
	exit(1);
}

/* Text, since some peers echo text only. */
static void pattern_make(void)
{
	static const uint8_t letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\n";
	uint32_t state = 2463534242;

	pattern_fd = memfd_create("pattern", MFD_CLOEXEC);
	if (pattern_fd < 0 || ftruncate(pattern_fd, PATTERN))
		die("memfd_create", -errno);
	pattern = mmap(NULL, PATTERN, PROT_READ | PROT_WRITE, MAP_SHARED, pattern_fd, 0);
	if (pattern == MAP_FAILED)
		die("mmap", -errno);
	for (size_t i = 0; i < PATTERN; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		pattern[i] = letters[state % (sizeof(letters) - 1)];
	}
}

/* ---- an exchange ---- */

static struct exchange *exchange_new(void)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		die("memory", -ENOMEM);
	x->server = options.server;
	x->plain = options.plain;
	x->sent = EVP_MD_CTX_new();
	x->received = EVP_MD_CTX_new();
	if (!EVP_DigestInit_ex(x->sent, EVP_sha256(), NULL) || !EVP_DigestInit_ex(x->received, EVP_sha256(), NULL))
		die("SHA-256", 0);
	return x;
}

static void exchange_free(struct exchange *x)
{
	EVP_MD_CTX_free(x->sent);
	EVP_MD_CTX_free(x->received);
	free(x);
}

static void exchange_hex(EVP_MD_CTX *md, char hex[HEX])
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	EVP_DigestFinal_ex(md, digest, NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* As the server says it, so as the client expects it: what the client sent comes first. */
static void exchange_digests(struct exchange *x, char line[2 * HEX + 1])
{
	char sent[HEX], received[HEX];

	exchange_hex(x->sent, sent);
	exchange_hex(x->received, received);
	snprintf(line, 2 * HEX + 1, "%s %s\n", x->server ? received : sent, x->server ? sent : received);
}

static int exchange_send_line(struct tlsring_conn *conn, struct exchange *x)
{
	x->busy = true;
	return tlsring_send(conn, &(struct tlsring_message){
		.head = x->out, .head_len = strlen(x->out), .file_fd = -1 });
}

static int exchange_send_pattern(struct tlsring_conn *conn, struct exchange *x)
{
	x->piece = x->send_left < PATTERN ? x->send_left : PATTERN;
	if (options.update && x->piece > options.update - x->since_update)
		x->piece = options.update - x->since_update;
	EVP_DigestUpdate(x->sent, pattern, x->piece);
	x->busy = true;
	return tlsring_send(conn, &(struct tlsring_message){ .file_fd = pattern_fd, .length = x->piece });
}

static int exchange_update(struct tlsring_conn *conn, struct exchange *x)
{
	int ret;

	if (!options.update || x->since_update < options.update)
		return 0;
	x->since_update = 0;
	ret = tlsring_conn_update(conn, true);
	return ret == -EOPNOTSUPP ? 0 : ret;
}

static void exchange_over(struct tlsring_conn *conn, struct exchange *x, bool good)
{
	x->done = good;
	if (good)
		tlsring_close(conn);
	else
		tlsring_abort(conn, -EPROTO);
}

static int exchange_next(struct tlsring_conn *conn, struct exchange *x)
{
	int ret;

	if (!x->started || x->busy)
		return 0;
	ret = exchange_update(conn, x);
	if (!ret && x->send_left)
		return exchange_send_pattern(conn, x);
	if (ret || x->receive_left || x->digests)
		return ret;
	if (!x->server && !x->plain)
		return 0;
	x->digests = true;
	exchange_digests(x, x->out);
	if (x->server)
		return exchange_send_line(conn, x);
	printf("hashes %s", x->out);
	exchange_over(conn, x, true);
	return 0;
}

static int exchange_line(struct tlsring_conn *conn, struct exchange *x)
{
	char want[2 * HEX + 1];

	x->line[x->line_len] = '\0';
	x->line_len = 0;
	if (x->server) {
		if (x->started || sscanf(x->line, "%" SCNu64 " %" SCNu64, &x->receive_left, &x->send_left) != 2)
			return -EPROTO;
		x->started = true;
		return exchange_next(conn, x);
	}
	exchange_digests(x, want);
	if (strcmp(x->line, want))
		printf("expected %sgot      %s", want, x->line);
	exchange_over(conn, x, !strcmp(x->line, want));
	return 0;
}

static ssize_t exchange_take_line(struct tlsring_conn *conn, struct exchange *x, const char *data, size_t len)
{
	size_t used = 0;
	int ret = 0;

	if (x->plain)
		return -EPROTO;
	while (used < len && x->line_len < sizeof(x->line) - 1) {
		x->line[x->line_len++] = data[used++];
		if (data[used - 1] != '\n')
			continue;
		ret = exchange_line(conn, x);
		break;
	}
	return ret ? ret : used ? (ssize_t)used : -EPROTO;
}

/* ---- the engine's calls ---- */

static void opened(struct tlsring_conn *conn, void *user)
{
	struct exchange *x = user;
	int ret = 0;

	if (!x) {
		tlsring_conn_set_user(conn, exchange_new());
		return;
	}
	x->started = true;
	x->send_left = options.up;
	x->receive_left = options.down;
	if (!x->plain)
		snprintf(x->out, sizeof(x->out), "%" PRIu64 " %" PRIu64 "\n", options.up, options.down);
	ret = x->plain ? exchange_next(conn, x) : exchange_send_line(conn, x);
	if (ret)
		tlsring_abort(conn, ret);
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct exchange *x = user;
	int ret = 0;

	if (!x->receive_left)
		return exchange_take_line(conn, x, data, len);
	if (len > x->receive_left)
		len = x->receive_left;
	EVP_DigestUpdate(x->received, data, len);
	x->receive_left -= len;
	if (!x->receive_left)
		ret = exchange_next(conn, x);
	return ret ? ret : (ssize_t)len;
}

static void sent(struct tlsring_conn *conn, int result, void *user)
{
	struct exchange *x = user;
	int ret;

	if (result)
		return;
	x->busy = false;
	x->send_left -= x->piece;
	x->since_update += x->piece;
	x->piece = 0;
	ret = x->digests ? 0 : exchange_next(conn, x);
	if (x->server && x->digests) {
		x->done = true;
		if (options.close)
			tlsring_close(conn);
	}
	if (ret)
		tlsring_abort(conn, ret);
}

static const char *path_name(enum tlsring_path path)
{
	static const char *const names[] = { "user", "kernel", "nic", "failed" };

	return names[path];
}

static void connect_again(void);

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct tlsring_info info = { .size = sizeof(info) };
	struct exchange *x = user;
	bool good = x && x->done && !end->result;
	char text[160];

	tlsring_conn_info(conn, &info);
	printf("%s tx %s rx %s %s %s: %s; %s; %s\n", good ? "done" : "ended", path_name(info.tx.path),
	       path_name(info.rx.path), end->opened ? info.version : "-", end->opened ? info.cipher : "-",
	       end->result ? tlsring_strerror(end->result, text, sizeof(text)) : "clean",
	       tlsring_reason_name(end->reason), end->detail);
	if (x)
		exchange_free(x);
	if (options.server)
		return;
	if (good && --options.connections > 0) {
		connect_again();
		return;
	}
	status = !good;
	tlsring_engine_stop(engine, GRACE);	/* NOLINT: async-signal-safe */
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers), .opened = opened, .received = received, .sent = sent, .closed = closed,
};

/* ---- TLS ---- */

static void tls_info(const SSL *ssl, int where, int ret)
{
	const unsigned char *alpn;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const char *group;
	X509 *peer = SSL_get0_peer_certificate(ssl);
	unsigned len;

	(void)ret;
	if (!(where & SSL_CB_HANDSHAKE_DONE))
		return;
	SSL_get0_alpn_selected(ssl, &alpn, &len);
	group = SSL_group_to_name((SSL *)ssl, (int)SSL_get_negotiated_group((SSL *)ssl));
	printf("handshake %s group %s alpn %.*s name %s peer %s\n",
	       SSL_session_reused((SSL *)ssl) ? "resumed" : "full", group ? group : "-",
	       len ? (int)len : 1, len ? (const char *)alpn : "-", name ? name : "-",
	       peer && SSL_get_verify_result(ssl) == X509_V_OK ? "verified" : "unverified");
}

static int tls_choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		      const unsigned char *in, unsigned in_len, void *arg)
{
	const unsigned char *ours = arg;

	(void)ssl;
	if (SSL_select_next_proto((unsigned char **)out, out_len, ours, ours[0] + 1u, in, in_len) ==
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int tls_new_session(SSL *ssl, SSL_SESSION *new)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = new;
	return 1;
}

static void tls_setting(SSL_CTX *ssl, char *setting)
{
	SSL_CONF_CTX *conf = SSL_CONF_CTX_new();
	char *value = strchr(setting, '=');

	if (!value)
		die(setting, -EINVAL);
	*value++ = '\0';
	SSL_CONF_CTX_set_flags(conf, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CERTIFICATE | SSL_CONF_FLAG_SHOW_ERRORS |
			       (options.server ? SSL_CONF_FLAG_SERVER : SSL_CONF_FLAG_CLIENT));
	SSL_CONF_CTX_set_ssl_ctx(conf, ssl);
	if (SSL_CONF_cmd(conf, setting, value) < 1 || !SSL_CONF_CTX_finish(conf))
		die(setting, 0);
	SSL_CONF_CTX_free(conf);
}

static void tls_alpn(SSL_CTX *ssl)
{
	static unsigned char list[256];

	list[0] = (unsigned char)snprintf((char *)list + 1, sizeof(list) - 1, "%s", options.alpn);
	if (options.server)
		SSL_CTX_set_alpn_select_cb(ssl, tls_choose, list);
	else
		SSL_CTX_set_alpn_protos(ssl, list, list[0] + 1u);
}

static SSL_CTX *tls_new(void)
{
	static const unsigned char id[] = "interop";
	SSL_CTX *ssl = SSL_CTX_new(options.server ? TLS_server_method() : TLS_client_method());

	SSL_CTX_set_info_callback(ssl, tls_info);
	SSL_CTX_set_session_id_context(ssl, id, sizeof(id) - 1);
	if (options.server)
		return ssl;
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, tls_new_session);
	return ssl;
}

/* ---- both roles ---- */

static void connect_again(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(options.port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct tlsring_connect_options connect = {
		.size = sizeof(connect), .addr = (struct sockaddr *)&addr, .addr_len = sizeof(addr),
		.server_name = options.name, .session = session };
	int ret = tlsring_engine_connect(engine, context, &connect, &handlers, exchange_new());

	if (ret)
		die("connect", ret);
}

static void serve(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), ret;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		die("listen", -errno);
	ret = tlsring_engine_listen(engine, context, fd, &handlers, NULL);
	if (ret)
		die("listen", ret);
	printf("port %u\n", ntohs(addr.sin_port));
}

static void stop(int sig)
{
	(void)sig;
	tlsring_engine_stop(engine, GRACE);	/* NOLINT: async-signal-safe */
}

static void option(SSL_CTX *ssl, int letter)
{
	switch (letter) {
	case 'c': tls_setting(ssl, optarg); break;
	case 'a': options.alpn = optarg; break;
	case 'n': options.name = optarg; break;
	case 'k': options.update = strtoull(optarg, NULL, 10); break;
	case 'r': options.connections = strtol(optarg, NULL, 10); break;
	case 'l': options.ctx.long_lived = true; break;
	case 'u': options.ctx.offload = TLSRING_OFFLOAD_OFF; break;
	case 'e': options.engine.io = TLSRING_IO_EPOLL; break;
	case 'x': options.close = true; break;
	case 'p': options.plain = true; break;
	default: exit(2);
	}
}

static void arguments(int argc, char **argv)
{
	if (options.server && optind == argc)
		return;
	if (options.server || argc - optind != 3)
		die("arguments", -EINVAL);
	options.port = (uint16_t)strtoul(argv[optind], NULL, 10);
	options.up = strtoull(argv[optind + 1], NULL, 10);
	options.down = strtoull(argv[optind + 2], NULL, 10);
}

int main(int argc, char **argv)
{
	SSL_CTX *ssl;
	int letter, ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	options.server = argc > 1 && !strcmp(argv[1], "serve");
	ssl = tls_new();
	optind = 2;
	while ((letter = getopt(argc, argv, "c:a:n:k:r:luexp")) != -1)
		option(ssl, letter);
	arguments(argc, argv);
	if (options.alpn)
		tls_alpn(ssl);
	pattern_make();
	signal(SIGTERM, stop);
	ret = tlsring_ctx_new(&context, ssl, &options.ctx);
	if (!ret)
		ret = tlsring_engine_new(&engine, &options.engine);
	if (ret)
		die("set up", ret);
	if (options.server)
		serve();
	else
		connect_again();
	ret = tlsring_engine_run(engine);
	if (ret)
		die("run", ret);
	tlsring_engine_free(engine);
	tlsring_ctx_free(context);
	SSL_CTX_free(ssl);
	SSL_SESSION_free(session);
	munmap(pattern, PATTERN);
	close(pattern_fd);
	return status;
}
