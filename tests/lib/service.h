/* SPDX-License-Identifier: MIT */
#ifndef SERVICE_H
#define SERVICE_H

/* Our engine in a thread of its own, behind a listening socket on loopback. */

#include <pthread.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

struct service {
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx;
	SSL_CTX *ssl;
	pthread_t thread;
	int fd;
	uint16_t port;
};

/* Make an engine; options may be NULL. */
static inline struct tlsring_engine *service_engine(const struct tlsring_engine_options *options)
{
	struct tlsring_engine *engine;
	int ret = tlsring_engine_new(&engine, options);

	if (options && options->io == TLSRING_IO_URING && (ret == -EPERM || ret == -ENOSYS))
		SKIP("io_uring may not be used here");
	EQ(ret, 0);
	return engine;
}

static inline void *service_run(void *engine)
{
	EQ(tlsring_engine_run(engine), 0);
	return NULL;
}

/* Listen and run an engine, with s->ssl and s->ctx made. */
static inline void service_listen(struct service *s, const struct tlsring_engine_options *options,
				  const struct tlsring_handlers *handlers, void *user)
{
	s->fd = peer_listen(&s->port);
	s->engine = service_engine(options);
	EQ(tlsring_engine_listen(s->engine, s->ctx, s->fd, handlers, user), 0);
	CHECK(!pthread_create(&s->thread, NULL, service_run, s->engine));
}

/* Start a service, which owns the SSL_CTX from then on; options may be NULL. */
static inline void service_start(struct service *s, SSL_CTX *ssl,
				 const struct tlsring_ctx_options *ctx,
				 const struct tlsring_engine_options *engine,
				 const struct tlsring_handlers *handlers, void *user)
{
	s->ssl = ssl;
	EQ(tlsring_ctx_new(&s->ctx, ssl, ctx), 0);
	service_listen(s, engine, handlers, user);
}

static inline void service_join(struct service *s)
{
	CHECK(!pthread_join(s->thread, NULL));
}

/* Free a service whose engine has ended. */
static inline void service_free(struct service *s)
{
	tlsring_engine_free(s->engine);
	tlsring_ctx_free(s->ctx);
	SSL_CTX_free(s->ssl);
	close(s->fd);
}

static inline void service_stop(struct service *s)
{
	tlsring_engine_stop(s->engine, 5000);
	service_join(s);
	service_free(s);
}

#endif
