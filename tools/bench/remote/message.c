// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/remote/message.h"
#include "tools/common/clock.h"

#define MESSAGE_MAX	(1 << 20)	/* bytes */

static int message_write(int fd, const void *data, size_t len)
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

int bench_message_send(int fd, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	uint32_t len = text ? htonl((uint32_t)strlen(text)) : 0;
	int ret = text ? message_write(fd, &len, sizeof(len)) : -ENOMEM;

	if (!ret)
		ret = message_write(fd, text, strlen(text));
	free(text);
	json_decref(message);
	return ret;
}

/* Wait for the next bytes. 0 or -errno; stop as bench_message_receive() has it. */
static int message_wait(int fd, uint64_t until, const volatile sig_atomic_t *stop)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	/* Wakes every second, as a signal may come just before poll(). */
	while (!stop || !*stop) {
		if (poll(&wait, 1, 1000) > 0)
			return 0;
		if (clock_ns(CLOCK_MONOTONIC) >= until)
			return -EAGAIN;
	}
	return -EINTR;
}

static int message_read(int fd, void *data, size_t len, uint64_t until,
			const volatile sig_atomic_t *stop)
{
	char *at = data;
	int ret = 0;

	while (len && !ret) {
		ssize_t got = recv(fd, at, len, MSG_DONTWAIT);

		if (!got)
			return -ECONNRESET;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got < 0)
			ret = message_wait(fd, until, stop);
		at += got > 0 ? got : 0;
		len -= got > 0 ? (size_t)got : 0;
	}
	return ret;
}

/* The other end is a stranger: what it says may be printed on a terminal. Replace control
 * characters. */
static void message_clean(json_t *value)
{
	const char *key;
	size_t index;
	json_t *member;
	char *text;

	json_object_foreach(value, key, member)
		message_clean(member);
	json_array_foreach(value, index, member)
		message_clean(member);
	if (!json_is_string(value))
		return;
	text = strdup(json_string_value(value));
	for (char *at = text; at && *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	/* The codes from U+0080 to U+009F are control characters, too. */
	for (char *at = text; at && (at = strchr(at, '\302')); at++)
		if ((unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xa0)
			memcpy(at, "??", 2);
	if (text)
		json_string_set(value, text);
	free(text);
}

json_t *bench_message_receive(int fd, const volatile sig_atomic_t *stop)
{
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + BENCH_PATIENCE * UINT64_C(1000000000);
	json_t *message = NULL;
	char *text = NULL;
	uint32_t len;
	int ret = message_read(fd, &len, sizeof(len), until, stop);

	if (!ret) {
		len = ntohl(len);
		text = len <= MESSAGE_MAX ? malloc(len ? len : 1) : NULL;
		ret = text ? message_read(fd, text, len, until, stop) : -EBADMSG;
	}
	if (!ret) {
		message = json_loadb(text, len, 0, NULL);
		message_clean(message);
	}
	free(text);
	errno = ret ? -ret : EBADMSG;
	return message;
}

/* null: not counted. */
static json_t *message_counted_pack(const struct bench_counted *counted)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		json_array_append_new(list, counted->there[i] ?
						    json_integer((json_int_t)counted->values[i]) :
						    json_null());
	return list;
}

static void message_counted_unpack(struct bench_counted *out, const json_t *list)
{
	for (unsigned i = 0; i < BENCH_COUNTERS; i++) {
		out->there[i] = json_is_integer(json_array_get(list, i));
		out->values[i] = (uint64_t)json_integer_value(json_array_get(list, i));
	}
}

static json_t *message_health_pack(const struct bench_health *h)
{
	json_t *counters = json_array();

	for (unsigned i = 0; i < BENCH_TLS_COUNTERS; i++)
		json_array_append_new(counters, json_integer((json_int_t)h->counters[i]));
	return json_pack("{s:I, s:I, s:I, s:b, s:o}", "memory", (json_int_t)h->memory,
			 "descriptors",
			 (json_int_t)h->descriptors, "slab", (json_int_t)h->slab,
			 "rekeys", h->rekeys, "counters", counters);
}

static int message_health_unpack(struct bench_health *out, json_t *object)
{
	json_t *counters = json_object_get(object, "counters");
	json_int_t memory, descriptors, slab;
	int rekeys;

	if (json_unpack(object, "{s:I, s:I, s:I, s:b}", "memory", &memory,
			"descriptors", &descriptors, "slab", &slab,
			"rekeys", &rekeys))
		return -EBADMSG;
	*out = (struct bench_health){ .memory = (uint64_t)memory,
				      .descriptors = (uint64_t)descriptors,
				      .slab = (uint64_t)slab, .rekeys = rekeys };
	for (unsigned i = 0; i < BENCH_TLS_COUNTERS; i++)
		out->counters[i] = (uint64_t)json_integer_value(json_array_get(counters, i));
	return 0;
}

json_t *bench_message_pack_report(const struct bench_report *r)
{
	const struct bench_installs *i = &r->installs;

	return json_pack("{s:i, s:I, s:I, s:[I,I,I,I], s:[i,i,i,i], s:i, s:i, s:I, s:o, s:o}",
			 "result", r->result,
			 "cpu", (json_int_t)r->cpu, "memory", (json_int_t)r->memory,
			 "installs", (json_int_t)i->count,
			 (json_int_t)i->mean, (json_int_t)i->p50, (json_int_t)i->p99,
			 "paths", (int)r->paths[0], (int)r->paths[1], (int)r->paths[2],
			 (int)r->paths[3],
			 "why", (int)r->why, "lack", (int)r->lack, "disk", (json_int_t)r->disk,
			 "counted", message_counted_pack(&r->counted), "health",
			 message_health_pack(&r->health));
}

int bench_message_unpack_report(struct bench_report *out, json_t *object)
{
	json_int_t cpu, memory, disk, installs[4];
	int why, lack;

	*out = (struct bench_report){ 0 };
	if (json_unpack(object, "{s:i, s:I, s:I, s:[I,I,I,I], s:[i,i,i,i], s:i, s:i, s:I}",
			"result", &out->result, "cpu", &cpu,
			"memory", &memory, "installs", &installs[0], &installs[1], &installs[2],
			&installs[3], "paths",
			(int *)&out->paths[0], (int *)&out->paths[1], (int *)&out->paths[2],
			(int *)&out->paths[3],
			"why", &why, "lack", &lack, "disk",
			&disk) || lack < 0 || lack > BENCH_LACK_KTLS)
		return -EBADMSG;
	out->cpu = (uint64_t)cpu;
	out->memory = (uint64_t)memory;
	out->disk = (uint64_t)disk;
	out->installs = (struct bench_installs){ (uint64_t)installs[0], (uint64_t)installs[1],
						 (uint64_t)installs[2],
						 (uint64_t)installs[3] };
	out->why = (enum tlsring_reason)why;
	out->lack = (enum bench_lack)lack;
	message_counted_unpack(&out->counted, json_object_get(object, "counted"));
	return message_health_unpack(&out->health, json_object_get(object, "health"));
}

/* ---- snapshots ---- */

static json_t *message_numbers(const uint64_t *values, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, json_integer((json_int_t)values[i]));
	return list;
}

static void message_take_numbers(uint64_t *out, unsigned count, const json_t *list)
{
	for (unsigned i = 0; i < count; i++)
		out[i] = (uint64_t)json_integer_value(json_array_get(list, i));
}

#define MESSAGE_COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static json_t *message_pack_flow(const struct bench_flow_counters *f)
{
	return json_pack("{s:o, s:I, s:I, s:o, s:I}",
			 "through", message_numbers(f->through, MESSAGE_COUNT(f->through)),
			 "carried", (json_int_t)f->carried, "foreign", (json_int_t)f->foreign,
			 "installs", message_numbers(f->installs, MESSAGE_COUNT(f->installs)),
			 "done", (json_int_t)f->done);
}

static int message_unpack_flow(struct bench_flow_counters *out, json_t *object)
{
	json_int_t carried, foreign, done;
	json_t *through, *installs;

	if (json_unpack(object, "{s:o, s:I, s:I, s:o, s:I}", "through", &through,
			"carried", &carried,
			"foreign", &foreign, "installs", &installs, "done", &done))
		return -EBADMSG;
	message_take_numbers(out->through, MESSAGE_COUNT(out->through), through);
	message_take_numbers(out->installs, MESSAGE_COUNT(out->installs), installs);
	out->carried = (uint64_t)carried;
	out->foreign = (uint64_t)foreign;
	out->done = (uint64_t)done;
	return 0;
}

json_t *bench_message_pack_snapshot(const struct bench_snapshot *s)
{
	return json_pack("{s:[o, o], s:I, s:I, s:o, s:b, s:i}",
			 "flows", message_pack_flow(&s->flows[BENCH_OUT]),
			 message_pack_flow(&s->flows[BENCH_IN]),
			 "retransmitted", (json_int_t)s->retransmitted,
			 "resent", (json_int_t)s->resent,
			 "events", message_numbers(s->events, MESSAGE_COUNT(s->events)),
			 "counts", s->counts, "sockets", s->sockets_result);
}

int bench_message_unpack_snapshot(struct bench_snapshot *out, json_t *object)
{
	json_t *flows[BENCH_FLOWS], *events;
	json_int_t retransmitted, resent;
	int counts, ret;

	if (json_unpack(object, "{s:[o, o], s:I, s:I, s:o, s:b, s:i}",
			"flows", &flows[BENCH_OUT], &flows[BENCH_IN],
			"retransmitted", &retransmitted,
			"resent", &resent, "events", &events, "counts", &counts,
			"sockets", &out->sockets_result))
		return -EBADMSG;
	out->retransmitted = (uint64_t)retransmitted;
	out->resent = (uint64_t)resent;
	out->counts = counts;
	message_take_numbers(out->events, MESSAGE_COUNT(out->events), events);
	ret = message_unpack_flow(&out->flows[BENCH_OUT], flows[BENCH_OUT]);
	return ret ? ret : message_unpack_flow(&out->flows[BENCH_IN], flows[BENCH_IN]);
}
