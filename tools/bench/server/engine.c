// SPDX-License-Identifier: MIT
/* The library's engine as a server, as in `tlsring serve`. */
#include <errno.h>
#include <poll.h>
#include "tools/bench/client/mix.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/server/engine.h"

/* Milliseconds: at a low rate a connection's turn comes seldom. */
#define ENGINE_IDLE	(3600 * 1000)
#define ENGINE_LAST	(1ull << 63)	/* flag of a tag: close after this answer */

struct engine {
	struct bench_child *child;
	struct tlsring_engine *engine;
};

static struct tlsring_message engine_answer(const struct bench_child *child, uint8_t kind)
{
	uint64_t size = bench_options_down(child->setup->options);

	return (struct tlsring_message){ .file_fd = bench_child_copy(child).fd,
					 .length = bench_mix_size(size, kind) };
}

/* A connection's tag counts the bytes of its request. */
static ssize_t engine_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	const struct engine *e = user;
	uint8_t kind = e->child->mode->lifetime == BENCH_SOAK ? ((const uint8_t *)data)[len - 1] :
								0;
	uint64_t all = bench_options_up(e->child->setup->options),
		 asked = tlsring_conn_tag(conn) + len;
	struct tlsring_message message;
	int ret = 0;

	if (!bench_child_received(e->child, asked - len, data, len))
		return -EILSEQ;
	if (asked >= all) {
		asked -= all;
		asked |= bench_mix_last(kind) ? ENGINE_LAST : 0;
		message = engine_answer(e->child, kind);
		ret = tlsring_send(conn, &message);
	}
	tlsring_conn_set_tag(conn, asked);
	return ret ? ret : (ssize_t)len;
}

static void engine_sent(struct tlsring_conn *conn, int result, void *user)
{
	const struct engine *e = user;

	if (!result && (bench_mode_new(e->child->mode) || tlsring_conn_tag(conn) & ENGINE_LAST))
		tlsring_close(conn);
}

static void engine_opened(struct tlsring_conn *conn, void *user)
{
	struct tlsring_info info = { .size = sizeof(info) };
	struct engine *e = user;

	if (!tlsring_conn_info(conn, &info))
		bench_child_opened(e->child, &info);
}

static void engine_asked(int fd, int events, void *user)
{
	struct engine *e = user;

	(void)events;
	if (bench_child_asked(e->child))
		tlsring_engine_poll(e->engine, fd, POLLIN, engine_asked, e);
	else
		tlsring_engine_stop(e->engine, 0);
}

int bench_engine_serve(struct bench_child *child)
{
	static const struct tlsring_handlers handlers = {
		.size = sizeof(handlers), .opened = engine_opened, .received = engine_received,
		.sent = engine_sent,
	};
	struct tlsring_engine_options options = {
		.size = sizeof(options), .io = child->setup->options->io,
		.idle_timeout = ENGINE_IDLE,
	};
	struct engine e = { .child = child };
	int ret = tlsring_engine_new(&e.engine, &options);

	if (!ret)
		ret = tlsring_engine_listen(e.engine, child->ctx, child->listener, &handlers, &e);
	if (!ret)
		ret = tlsring_engine_poll(e.engine, child->control, POLLIN, engine_asked, &e);
	if (!ret)
		ret = tlsring_engine_run(e.engine);
	tlsring_engine_free(e.engine);
	return ret;
}
