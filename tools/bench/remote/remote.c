// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/bench/remote/remote.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define FAR_LARGEST	(1 << 20)	/* of a message */
#define FAR_HOST	256

/* ---- messages ---- */

static int far_write(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

		if (sent < 0)
			return -errno;
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

int bench_far_send(int fd, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	uint32_t len = text ? htonl((uint32_t)strlen(text)) : 0;
	int ret = text ? far_write(fd, &len, sizeof(len)) : -ENOMEM;

	if (!ret)
		ret = far_write(fd, text, strlen(text));
	free(text);
	json_decref(message);
	return ret;
}

/* All of it, or false with errno. Signals do not end it: the other end answers soon, or never. */
static bool far_read(int fd, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t got = recv(fd, at, len, 0);

		if (!got)
			errno = ECONNRESET;
		if (got <= 0 && errno != EINTR)
			return false;
		at += got > 0 ? got : 0;
		len -= got > 0 ? (size_t)got : 0;
	}
	return true;
}

json_t *bench_far_receive(int fd)
{
	json_t *message = NULL;
	uint32_t len;
	char *text;

	if (!far_read(fd, &len, sizeof(len)))
		return NULL;
	len = ntohl(len);
	text = len <= FAR_LARGEST ? malloc(len) : NULL;
	if (text && far_read(fd, text, len)) {
		message = json_loadb(text, len, 0, NULL);
		errno = EBADMSG;
	} else if (!text) {
		errno = EBADMSG;
	}
	free(text);
	return message;
}

/* null where it is not counted. */
static json_t *far_counted_pack(const struct bench_counted *counted)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		json_array_append_new(list, counted->there[i] ? json_integer((json_int_t)counted->values[i]) : json_null());
	return list;
}

static void far_counted_unpack(struct bench_counted *out, const json_t *list)
{
	for (unsigned i = 0; i < BENCH_COUNTERS; i++) {
		out->there[i] = json_is_integer(json_array_get(list, i));
		out->values[i] = (uint64_t)json_integer_value(json_array_get(list, i));
	}
}

static json_t *far_health_pack(const struct bench_health *h)
{
	json_t *counters = json_array();

	for (unsigned i = 0; i < BENCH_TLS_COUNTERS; i++)
		json_array_append_new(counters, json_integer((json_int_t)h->counters[i]));
	return json_pack("{s:I, s:I, s:I, s:b, s:o}", "memory", (json_int_t)h->memory, "descriptors",
			 (json_int_t)h->descriptors, "slab", (json_int_t)h->slab, "rekeys", h->rekeys, "counters", counters);
}

static int far_health_unpack(struct bench_health *out, json_t *object)
{
	json_t *counters = json_object_get(object, "counters");
	json_int_t memory, descriptors, slab;
	int rekeys;

	if (json_unpack(object, "{s:I, s:I, s:I, s:b}", "memory", &memory, "descriptors", &descriptors, "slab", &slab,
			"rekeys", &rekeys))
		return -EBADMSG;
	*out = (struct bench_health){ .memory = (uint64_t)memory, .descriptors = (uint64_t)descriptors,
				      .slab = (uint64_t)slab, .rekeys = rekeys };
	for (unsigned i = 0; i < BENCH_TLS_COUNTERS; i++)
		out->counters[i] = (uint64_t)json_integer_value(json_array_get(counters, i));
	return 0;
}

json_t *bench_far_report_pack(const struct bench_report *r)
{
	const struct bench_installs *i = &r->installs;

	return json_pack("{s:i, s:I, s:I, s:[I,I,I,I], s:[i,i,i,i], s:i, s:i, s:I, s:o, s:o}", "result", r->result,
			 "cpu", (json_int_t)r->cpu, "memory", (json_int_t)r->memory, "installs", (json_int_t)i->count,
			 (json_int_t)i->mean, (json_int_t)i->p50, (json_int_t)i->p99,
			 "paths", (int)r->paths[0], (int)r->paths[1], (int)r->paths[2], (int)r->paths[3],
			 "why", (int)r->why, "lack", (int)r->lack, "disk", (json_int_t)r->disk,
			 "counted", far_counted_pack(&r->counted), "health",
			 far_health_pack(&r->health));
}

int bench_far_report_unpack(struct bench_report *out, json_t *object)
{
	json_int_t cpu, memory, disk, installs[4];
	int why, lack;

	*out = (struct bench_report){ 0 };
	if (json_unpack(object, "{s:i, s:I, s:I, s:[I,I,I,I], s:[i,i,i,i], s:i, s:i, s:I}", "result", &out->result, "cpu", &cpu,
			"memory", &memory, "installs", &installs[0], &installs[1], &installs[2], &installs[3], "paths",
			(int *)&out->paths[0], (int *)&out->paths[1], (int *)&out->paths[2], (int *)&out->paths[3],
			"why", &why, "lack", &lack, "disk", &disk) || lack < 0 || lack > BENCH_LACK_KTLS)
		return -EBADMSG;
	out->cpu = (uint64_t)cpu;
	out->memory = (uint64_t)memory;
	out->disk = (uint64_t)disk;
	out->installs = (struct bench_installs){ (uint64_t)installs[0], (uint64_t)installs[1], (uint64_t)installs[2],
						 (uint64_t)installs[3] };
	out->why = (enum tlsring_reason)why;
	out->lack = (enum bench_lack)lack;
	far_counted_unpack(&out->counted, json_object_get(object, "counted"));
	return far_health_unpack(&out->health, json_object_get(object, "health"));
}

json_t *bench_far_look_pack(const struct bench_look *l)
{
	return json_pack("{s:[I,I,I,I], s:[I,I], s:I, s:b, s:i}", "through", (json_int_t)l->through[0],
			 (json_int_t)l->through[1], (json_int_t)l->through[2], (json_int_t)l->through[3],
			 "installs", (json_int_t)l->installs[0], (json_int_t)l->installs[1],
			 "done", (json_int_t)l->done, "counts", l->counts, "sockets", l->sockets_result);
}

int bench_far_look_unpack(struct bench_look *out, json_t *object)
{
	json_int_t through[4], installs[2], done;
	int counts;

	if (json_unpack(object, "{s:[I,I,I,I], s:[I,I], s:I, s:b, s:i}", "through", &through[0], &through[1],
			&through[2], &through[3],
			"installs", &installs[0], &installs[1], "done", &done, "counts", &counts,
			"sockets", &out->sockets_result))
		return -EBADMSG;
	for (unsigned i = 0; i < 4; i++)
		out->through[i] = (uint64_t)through[i];
	out->installs[0] = (uint64_t)installs[0];
	out->installs[1] = (uint64_t)installs[1];
	out->done = (uint64_t)done;
	out->counts = counts;
	return 0;
}

/* ---- the client's side ---- */

/* The answer to a question, which is taken over; NULL with errno. */
static json_t *far_ask(int fd, json_t *question)
{
	int ret = bench_far_send(fd, question);

	errno = -ret;
	return ret ? NULL : bench_far_receive(fd);
}

/* HOST:PORT, [V6]:PORT. */
static bool far_split(char host[FAR_HOST], const char *text, const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false;
	}
	if (!len || len >= FAR_HOST || !colon[1])
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

static int far_connect(const struct addrinfo *list)
{
	int error = EADDRNOTAVAIL;

	for (; list; list = list->ai_next) {
		int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

		if (fd >= 0 && !connect(fd, list->ai_addr, list->ai_addrlen))
			return fd;
		error = errno;
		if (fd >= 0)
			close(fd);
	}
	return -error;
}

static int far_dial(const char *text)
{
	struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM };
	char host[FAR_HOST];
	const char *port;
	int fd, ret;

	if (!far_split(host, text, &port)) {
		log_line("--connect %s: give HOST:PORT", text);
		return -1;
	}
	ret = getaddrinfo(host, port, &hints, &list);
	if (ret) {
		log_line("--connect %s: %s", text, gai_strerror(ret));
		return -1;
	}
	fd = far_connect(list);
	freeaddrinfo(list);
	if (fd < 0)
		log_line("--connect %s: %s; is `tlsring bench --listen` running there?", text, strerror(-fd));
	return fd;
}

int bench_far_open(struct bench_setup *setup, const char *text, json_t **manifest)
{
	struct timeval patience = { .tv_sec = BENCH_PATIENCE };
	socklen_t len = sizeof(setup->there);
	int one = 1, fd = far_dial(text);
	const char *version;
	json_t *answer;

	if (fd < 0)
		return TOOLS_FAILED;
	setup->far = fd;
	/* They listen on the address that this connection goes to. */
	if (getpeername(fd, (struct sockaddr *)&setup->there, &len)) {
		log_line("--connect %s: %s", text, strerror(errno));
		return TOOLS_FAILED;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	answer = far_ask(fd, json_pack("{s:s}", "ask", "manifest"));
	version = json_string_value(json_object_get(answer, "tlsring"));
	if (version && !strcmp(version, TLSRING_VERSION)) {
		*manifest = answer;
		return 0;
	}
	log_line("--connect %s: %s%s", text, version ? "it is another version of tlsring: " :
		 answer ? "this is no tlsring bench" : strerror(errno), version ? version : "");
	json_decref(answer);
	return TOOLS_FAILED;
}

int bench_far_start(struct bench_server *server, const struct bench_setup *setup, const struct bench_mode *mode)
{
	const struct bench_options *options = setup->options;
	json_t *answer = far_ask(server->far, json_pack("{s:s, s:s, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s:i}", "ask", "start", "mode",
							mode->name,
							"tls", (int)options->tls, "cipher", (int)options->cipher,
							"io", (int)options->io, "size", (json_int_t)options->size,
							"direction", (int)options->direction,
							"threads", (int)options->threads,
							"cache", (int)options->cache,
							"connections", (int)options->connections));
	int result, port;

	if (!answer)
		return -errno;
	if (json_unpack(answer, "{s:i, s:i}", "result", &result, "port", &port))
		result = -EBADMSG;
	json_decref(answer);
	if (result)
		return result;
	server->address = setup->there;
	((struct sockaddr_in *)&server->address)->sin_port = htons((uint16_t)port);
	return 0;
}

int bench_far_ask(const struct bench_server *server, struct bench_report *report)
{
	json_t *answer = far_ask(server->far, json_pack("{s:s}", "ask", "report"));
	int ret = answer ? bench_far_report_unpack(report, answer) : -errno;

	json_decref(answer);
	return ret ? ret : report->result;
}

int bench_far_look(const struct bench_server *server, struct bench_look *out)
{
	json_t *answer = far_ask(server->far, json_pack("{s:s}", "ask", "look"));
	int ret = answer ? bench_far_look_unpack(out, answer) : -errno;

	json_decref(answer);
	return ret;
}

void bench_far_stop(const struct bench_server *server)
{
	json_decref(far_ask(server->far, json_pack("{s:s}", "ask", "stop")));
}
