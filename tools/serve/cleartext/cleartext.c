// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tools/serve/http/response.h"
#include "tools/http/request1.h"
#include "tools/http/date.h"
#include "tools/serve/cleartext/cleartext.h"

#define PLAIN_CONNS	256
#define PLAIN_DEADLINE	10000	/* msecs for a request and its answer */
#define PLAIN_LINGER	1000	/* msecs for the client to close, once it has the answer */

struct plain_conn {
	int fd;			/* owned; -1: free */
	uint64_t deadline;	/* msecs, monotonic */
	char *in;		/* owned; HTTP_HEAD_LIMIT bytes, NULL once it is answered */
	size_t in_len;
	char *out;		/* owned; the answer, NULL once it is sent */
	size_t out_len, out_at;
};

struct plain {
	pthread_t thread;
	int wake;		/* an eventfd: stop */
	int *fds;		/* owned; the descriptors are the caller's */
	size_t count;
	const struct plain_route *routes;
	size_t route_count;
	struct pollfd *polls;	/* owned: wake, fds, conns */
	struct plain_conn conns[PLAIN_CONNS];
};

static uint64_t plain_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void plain_drop(struct plain_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	free(c->out);
	*c = (struct plain_conn){ .fd = -1 };
}

/* ---- answering ---- */

static void plain_write(struct plain_conn *c, const struct plain_answer *answer, bool head)
{
	const char *line = answer_status_line(answer->status);
	const char *body = answer->body ? answer->body : line;
	size_t len = answer->body ? answer->body_len : strlen(line);
	char date[HTTP_DATE_SIZE];
	FILE *stream = open_memstream(&c->out, &c->out_len);

	if (!stream)
		return;
	http_date_format(time(NULL), date);
	fprintf(stream, "HTTP/1.1 %.*s\r\nServer: tlsring\r\nDate: %s\r\nConnection: close\r\n",
		(int)strcspn(line, "\n"), line, date);
	if (answer->location)
		fprintf(stream, "Location: %s\r\n", answer->location);
	if (answer->status == 405)
		fputs("Allow: GET, HEAD\r\n", stream);
	fprintf(stream, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
		answer->type ? answer->type : "text/plain; charset=utf-8", len);
	if (!head)
		fwrite(body, 1, len, stream);
	if (fclose(stream)) {
		free(c->out);
		c->out = NULL;
	}
}

static const struct plain_route *plain_route(const struct plain *p, const struct http_text *path)
{
	for (size_t i = 0; i < p->route_count; i++)
		if (!p->routes[i].path || http_text_is(path, p->routes[i].path))
			return &p->routes[i];
	return NULL;
}

static void plain_answer(const struct plain *p, struct plain_conn *c, const struct http_request *request)
{
	const struct plain_route *route = plain_route(p, &request->path);
	struct plain_answer answer = { .status = 404 };

	if (route && request->refused && !route->any_method) {
		answer.status = request->refused;
	} else if (route) {
		answer.status = 0;
		route->answer(&answer, request, route->user);
	}
	plain_write(c, &answer, request->head);
	free(answer.body);
	free(answer.location);
}

/* ---- one connection; false: it is over ---- */

static bool plain_send(struct plain_conn *c)
{
	ssize_t sent = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out_at += (size_t)sent;
	if (c->out_at < c->out_len)
		return true;
	free(c->out);
	c->out = NULL;
	/* Closing on what the client still sends would reset the connection under its answer. */
	shutdown(c->fd, SHUT_WR);
	c->deadline = plain_now() + PLAIN_LINGER;
	return true;
}

static bool plain_receive(const struct plain *p, struct plain_conn *c)
{
	ssize_t len = recv(c->fd, c->in + c->in_len, HTTP_HEAD_LIMIT - c->in_len, 0);
	struct http1_head head;
	const char *why;
	int taken;

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!len)
		return false;
	c->in_len += (size_t)len;
	taken = http1_head_parse(c->in, c->in_len, HTTP_HEAD_LIMIT, HTTP_SCHEME_HTTP, &head, &why);
	if (!taken && c->in_len < HTTP_HEAD_LIMIT)
		return true;
	if (taken > 0)
		plain_answer(p, c, &head.request);
	else
		plain_write(c, &(struct plain_answer){ .status = taken ? -taken : 431 }, false);
	free(c->in);
	c->in = NULL;
	return c->out && plain_send(c);
}

static bool plain_linger(struct plain_conn *c)
{
	char rest[1024];
	ssize_t len = recv(c->fd, rest, sizeof(rest), 0);

	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool plain_drive(const struct plain *p, struct plain_conn *c)
{
	if (c->out)
		return plain_send(c);
	return c->in ? plain_receive(p, c) : plain_linger(c);
}

/* ---- the thread ---- */

/* When all places are taken, who has waited longest gives his up. */
static struct plain_conn *plain_place(struct plain *p)
{
	struct plain_conn *oldest = &p->conns[0];

	for (struct plain_conn *c = p->conns; c < p->conns + PLAIN_CONNS; c++) {
		if (c->fd < 0)
			return c;
		if (c->deadline < oldest->deadline)
			oldest = c;
	}
	plain_drop(oldest);
	return oldest;
}

static void plain_accept(struct plain *p, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct plain_conn *c;

	if (fd < 0) {
		/* Out of descriptors: the listener stays readable, which must not spin. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			usleep(50000);
		return;
	}
	c = plain_place(p);
	*c = (struct plain_conn){ .fd = fd, .in = malloc(HTTP_HEAD_LIMIT), .deadline = plain_now() + PLAIN_DEADLINE };
	if (!c->in)
		plain_drop(c);
}

static void plain_fill(struct plain *p, bool stopping)
{
	struct pollfd *poll = p->polls;

	*poll++ = (struct pollfd){ .fd = stopping ? -1 : p->wake, .events = POLLIN };
	for (size_t i = 0; i < p->count; i++)
		*poll++ = (struct pollfd){ .fd = stopping ? -1 : p->fds[i], .events = POLLIN };
	for (const struct plain_conn *c = p->conns; c < p->conns + PLAIN_CONNS; c++)
		*poll++ = (struct pollfd){ .fd = c->fd, .events = c->out ? POLLOUT : POLLIN };
}

/* Until the next deadline; -1: there is none. Also drops those whose time has passed. */
static int plain_timeout(struct plain *p)
{
	uint64_t now = plain_now(), first = UINT64_MAX;

	for (struct plain_conn *c = p->conns; c < p->conns + PLAIN_CONNS; c++) {
		if (c->fd >= 0 && c->deadline <= now)
			plain_drop(c);
		if (c->fd >= 0 && c->deadline < first)
			first = c->deadline;
	}
	return first == UINT64_MAX ? -1 : (int)(first - now);
}

static void plain_turn(struct plain *p)
{
	const struct pollfd *poll = p->polls + 1 + p->count;

	for (struct plain_conn *c = p->conns; c < p->conns + PLAIN_CONNS; c++, poll++)
		if (poll->fd >= 0 && poll->revents && !plain_drive(p, c))
			plain_drop(c);
	for (size_t i = 0; i < p->count; i++)
		if (p->polls[1 + i].revents)
			plain_accept(p, p->fds[i]);
}

static void plain_hurry(struct plain *p)
{
	uint64_t latest = plain_now() + PLAIN_LINGER;

	for (struct plain_conn *c = p->conns; c < p->conns + PLAIN_CONNS; c++)
		if (c->deadline > latest)
			c->deadline = latest;
}

static void *plain_run(void *arg)
{
	struct plain *p = arg;
	nfds_t count = 1 + p->count + PLAIN_CONNS;
	bool stopping = false;

	for (;;) {
		int timeout = plain_timeout(p);

		if (stopping && timeout < 0)
			return NULL;
		plain_fill(p, stopping);
		if (poll(p->polls, count, timeout) <= 0)
			continue;
		plain_turn(p);
		if (p->polls[0].revents) {
			stopping = true;
			plain_hurry(p);
		}
	}
}

static void plain_free(struct plain *p)
{
	for (struct plain_conn *c = p->conns; c < p->conns + PLAIN_CONNS; c++)
		plain_drop(c);
	if (p->wake >= 0)
		close(p->wake);
	free(p->fds);
	free(p->polls);
	free(p);
}

/* poll() and accept() race with whoever else has the socket. */
static int plain_listen(struct plain *p, const int *fds)
{
	for (size_t i = 0; i < p->count; i++) {
		p->fds[i] = fds[i];
		if (fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK))
			return -errno;
	}
	return 0;
}

int plain_start(struct plain **out, const int *fds, size_t count, const struct plain_route *routes,
		size_t route_count)
{
	struct plain *p = calloc(1, sizeof(*p));
	int ret = -ENOMEM;

	if (!p)
		return -ENOMEM;
	p->count = count;
	p->routes = routes;
	p->route_count = route_count;
	for (size_t i = 0; i < PLAIN_CONNS; i++)
		p->conns[i].fd = -1;
	p->fds = calloc(count, sizeof(*p->fds));
	p->polls = calloc(1 + count + PLAIN_CONNS, sizeof(*p->polls));
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0)
		ret = -errno;
	else if (p->fds && p->polls)
		ret = plain_listen(p, fds);
	if (!ret)
		ret = -pthread_create(&p->thread, NULL, plain_run, p);
	if (ret) {
		plain_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

void plain_stop(struct plain *p)
{
	uint64_t one = 1;

	if (!p)
		return;
	if (write(p->wake, &one, sizeof(one)) == sizeof(one))
		pthread_join(p->thread, NULL);
	plain_free(p);
}
