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
#include "tools/common/clock.h"
#include "tools/http/date.h"
#include "tools/http/request1.h"
#include "tools/http/status.h"
#include "tools/serve/cleartext/cleartext.h"

#define CLEARTEXT_CONNS	256
#define CLEARTEXT_DEADLINE	10000	/* msecs for a request and its response */
#define CLEARTEXT_LINGER	1000	/* msecs for the client to close after the response */

struct cleartext_conn {
	int fd;		/* owned; -1: free */
	size_t poll;	/* its place in polls; 0: none yet */
	uint64_t deadline;	/* msecs, monotonic */
	char *in;	/* owned; HTTP_HEAD_LIMIT bytes, or NULL */
	size_t in_len;
	char *out;	/* owned; the response; NULL: it was sent */
	size_t out_len, out_at;
};

struct cleartext {
	pthread_t thread;
	int wake;	/* owned; an eventfd that stops the thread */
	int *fds;	/* owned; the descriptors are the caller's */
	size_t count;
	const struct cleartext_route *routes;
	size_t route_count;
	void (*enter)(void);	/* or NULL */
	struct pollfd *polls;	/* owned; for wake, fds and conns */
	struct cleartext_conn conns[CLEARTEXT_CONNS];
};

static uint64_t cleartext_now(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static void cleartext_drop(struct cleartext_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	free(c->out);
	*c = (struct cleartext_conn){ .fd = -1 };
}

/* ---- responding ---- */

static void cleartext_write(struct cleartext_conn *c, const struct cleartext_response *response,
			    bool head)
{
	const char *body = response->body ? response->body : http_status_body(response->status);
	size_t len = response->body ? response->body_len : strlen(body);
	char date[HTTP_DATE_SIZE];
	FILE *stream = open_memstream(&c->out, &c->out_len);

	if (!stream)
		return;
	http_date_format(time(NULL), date);
	fprintf(stream, "HTTP/1.1 %s\r\nServer: tlsring\r\nDate: %s\r\nConnection: close\r\n",
		http_status_line(response->status), date);
	if (response->location)
		fprintf(stream, "Location: %s\r\n", response->location);
	if (response->status == 405)
		fputs("Allow: GET, HEAD\r\n", stream);
	fprintf(stream, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
		response->type ? response->type : "text/plain; charset=utf-8", len);
	if (!head)
		fwrite(body, 1, len, stream);
	if (fclose(stream)) {
		free(c->out);
		c->out = NULL;
	}
}

static const struct cleartext_route *cleartext_route(const struct cleartext *p,
						     const struct http_text *path)
{
	for (size_t i = 0; i < p->route_count; i++)
		if (!p->routes[i].path || http_text_is(path, p->routes[i].path))
			return &p->routes[i];
	return NULL;
}

static void cleartext_respond(const struct cleartext *p, struct cleartext_conn *c,
			      const struct http_request *request)
{
	const struct cleartext_route *route = cleartext_route(p, &request->path);
	struct cleartext_response response = { .status = 404 };

	if (route && request->refused && !route->any_method) {
		response.status = request->refused;
	} else if (route) {
		response.status = 0;
		route->respond(&response, request, route->user);
	}
	cleartext_write(c, &response, request->head);
	free(response.body);
	free(response.location);
}

/* ---- one connection; false: it is over ---- */

static bool cleartext_send(struct cleartext_conn *c)
{
	ssize_t sent = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out_at += (size_t)sent;
	if (c->out_at < c->out_len)
		return true;
	free(c->out);
	c->out = NULL;
	/* Closing while the client still sends would reset the connection, and lose the
	 * response. */
	shutdown(c->fd, SHUT_WR);
	c->deadline = cleartext_now() + CLEARTEXT_LINGER;
	return true;
}

static bool cleartext_receive(const struct cleartext *p, struct cleartext_conn *c)
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
		cleartext_respond(p, c, &head.request);
	else
		cleartext_write(c, &(struct cleartext_response){ .status = taken ? -taken : 431 },
				false);
	free(c->in);
	c->in = NULL;
	return c->out && cleartext_send(c);
}

static bool cleartext_linger(struct cleartext_conn *c)
{
	char rest[1024];
	ssize_t len = recv(c->fd, rest, sizeof(rest), 0);

	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool cleartext_advance(const struct cleartext *p, struct cleartext_conn *c)
{
	if (c->out)
		return cleartext_send(c);
	return c->in ? cleartext_receive(p, c) : cleartext_linger(c);
}

/* ---- the thread ---- */

/* A free place; when all are taken, the connection that has waited longest makes room. */
static struct cleartext_conn *cleartext_place(struct cleartext *p)
{
	struct cleartext_conn *oldest = &p->conns[0];

	for (struct cleartext_conn *c = p->conns; c < p->conns + CLEARTEXT_CONNS; c++) {
		if (c->fd < 0)
			return c;
		if (c->deadline < oldest->deadline)
			oldest = c;
	}
	cleartext_drop(oldest);
	return oldest;
}

static void cleartext_accept(struct cleartext *p, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct cleartext_conn *c;

	if (fd < 0) {
		/* The listener stays readable while an error persists, such as no descriptors, no
		 * memory or a socket that was shut down: do not spin. */
		if (errno != EAGAIN && errno != ECONNABORTED)
			usleep(50000);
		return;
	}
	c = cleartext_place(p);
	*c = (struct cleartext_conn){
		.fd = fd,
		.in = malloc(HTTP_HEAD_LIMIT),
		.deadline = cleartext_now() + CLEARTEXT_DEADLINE,
	};
	if (!c->in)
		cleartext_drop(c);
}

/* Only what is open: poll() refuses more entries than RLIMIT_NOFILE. Returns how many. */
static nfds_t cleartext_fill(struct cleartext *p, bool stopping)
{
	struct pollfd *poll = p->polls;

	*poll++ = (struct pollfd){ .fd = stopping ? -1 : p->wake, .events = POLLIN };
	for (size_t i = 0; i < p->count; i++)
		*poll++ = (struct pollfd){ .fd = stopping ? -1 : p->fds[i], .events = POLLIN };
	for (struct cleartext_conn *c = p->conns; c < p->conns + CLEARTEXT_CONNS; c++) {
		if (c->fd < 0)
			continue;
		c->poll = (size_t)(poll - p->polls);
		*poll++ = (struct pollfd){ .fd = c->fd, .events = c->out ? POLLOUT : POLLIN };
	}
	return (nfds_t)(poll - p->polls);
}

/* Drop connections whose time is up. Returns the msecs until the next deadline; -1: there is
 * none. */
static int cleartext_timeout(struct cleartext *p)
{
	uint64_t now = cleartext_now(), first = UINT64_MAX;

	for (struct cleartext_conn *c = p->conns; c < p->conns + CLEARTEXT_CONNS; c++) {
		if (c->fd >= 0 && c->deadline <= now)
			cleartext_drop(c);
		if (c->fd >= 0 && c->deadline < first)
			first = c->deadline;
	}
	return first == UINT64_MAX ? -1 : (int)(first - now);
}

static void cleartext_turn(struct cleartext *p)
{
	for (struct cleartext_conn *c = p->conns; c < p->conns + CLEARTEXT_CONNS; c++)
		if (c->fd >= 0 && p->polls[c->poll].revents && !cleartext_advance(p, c))
			cleartext_drop(c);
	for (size_t i = 0; i < p->count; i++)
		if (p->polls[1 + i].revents)
			cleartext_accept(p, p->fds[i]);
}

static void cleartext_hurry(struct cleartext *p)
{
	uint64_t latest = cleartext_now() + CLEARTEXT_LINGER;

	for (struct cleartext_conn *c = p->conns; c < p->conns + CLEARTEXT_CONNS; c++)
		if (c->deadline > latest)
			c->deadline = latest;
}

static void *cleartext_run(void *arg)
{
	struct cleartext *p = arg;
	bool stopping = false;

	if (p->enter)
		p->enter();
	for (;;) {
		int timeout = cleartext_timeout(p);

		if (stopping && timeout < 0)
			return NULL;
		if (poll(p->polls, cleartext_fill(p, stopping), timeout) <= 0)
			continue;
		cleartext_turn(p);
		if (p->polls[0].revents) {
			stopping = true;
			cleartext_hurry(p);
		}
	}
}

static void cleartext_free(struct cleartext *p)
{
	for (struct cleartext_conn *c = p->conns; c < p->conns + CLEARTEXT_CONNS; c++)
		cleartext_drop(c);
	if (p->wake >= 0)
		close(p->wake);
	free(p->fds);
	free(p->polls);
	free(p);
}

/* Another process may accept a connection between our poll() and accept(). */
static int cleartext_listen(struct cleartext *p, const int *fds)
{
	for (size_t i = 0; i < p->count; i++) {
		p->fds[i] = fds[i];
		if (fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK))
			return -errno;
	}
	return 0;
}

int cleartext_start(struct cleartext **out, const int *fds, size_t count,
		    const struct cleartext_route *routes, size_t route_count, void (*enter)(void))
{
	struct cleartext *p = calloc(1, sizeof(*p));
	int ret = -ENOMEM;

	if (!p)
		return -ENOMEM;
	p->count = count;
	p->routes = routes;
	p->route_count = route_count;
	p->enter = enter;
	for (size_t i = 0; i < CLEARTEXT_CONNS; i++)
		p->conns[i].fd = -1;
	p->fds = calloc(count, sizeof(*p->fds));
	p->polls = calloc(1 + count + CLEARTEXT_CONNS, sizeof(*p->polls));
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0)
		ret = -errno;
	else if (p->fds && p->polls)
		ret = cleartext_listen(p, fds);
	if (!ret)
		ret = -pthread_create(&p->thread, NULL, cleartext_run, p);
	if (ret) {
		cleartext_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

void cleartext_stop(struct cleartext *p)
{
	uint64_t one = 1;

	if (!p)
		return;
	if (write(p->wake, &one, sizeof(one)) == sizeof(one))
		pthread_join(p->thread, NULL);
	cleartext_free(p);
}
