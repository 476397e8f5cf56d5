// SPDX-License-Identifier: MIT
#include <linux/tls.h>

#include "tests/uring/both.h"
#include "tests/uring/peer.h"

/* Transmissions over a socket whose records the kernel seals: their records on the wire, and how
 * those and control records are received. Both ends share one made-up key. */

#define RECORD		16384u
#define OVERHEAD	(16 + 1)	/* TLS 1.3: tag and content type */

enum { RECV = 0x50, SEND };

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

static void seal(int fd, int direction)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info = { .version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128 },
		.key = "a key for tests",
	};

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3))
		SKIP("no kernel TLS here: %s", strerror(errno));
	CHECK(!setsockopt(fd, SOL_TLS, direction, &info, sizeof(info)));
}

static void record_control(struct uring_message *message, void *space, uint8_t type)
{
	struct cmsghdr *cmsg = space;

	memset(space, 0, CMSG_SPACE(1));
	cmsg->cmsg_level = SOL_TLS;
	cmsg->cmsg_type = TLS_SET_RECORD_TYPE;
	cmsg->cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(cmsg) = type;
	message->control = space;
	message->control_len = CMSG_SPACE(1);
}

struct wire {
	int fd;
	unsigned pause;
	bool cut;		/* the sender may end inside a record */
	unsigned full, other, last;	/* records; plaintext length of the last one */
	uint64_t total;
	pthread_t thread;
};

static bool wire_read(struct wire *wire, unsigned char *data, size_t len)
{
	ssize_t got = recv(wire->fd, data, len, MSG_WAITALL);

	if (wire->cut && got < (ssize_t)len)
		return false;
	CHECK(got == 0 || got == (ssize_t)len);
	return got;
}

static void *wire_main(void *arg)
{
	struct wire *wire = arg;
	unsigned char record[5 + RECORD + 256];

	while (wire_read(wire, record, 5)) {
		size_t len = (size_t)record[3] << 8 | record[4];

		CHECK(record[0] == 23 && len > OVERHEAD && len <= RECORD + OVERHEAD);
		if (!wire_read(wire, record + 5, len)) {
			CHECK(wire->cut);
			break;
		}
		wire->last = (unsigned)(len - OVERHEAD);
		wire->total += wire->last;
		wire->full += wire->last == RECORD;
		wire->other += wire->last != RECORD;
		if (wire->pause)
			usleep(wire->pause);
	}
	return NULL;
}

/* Send the message, sealed, and count its records. */
static void count_message(struct uring_loop *loop, const struct uring_message *message,
			  int bufsize, struct wire *wire)
{
	int ends[2];

	both_pair(ends, bufsize);
	seal(ends[0], TLS_TX);
	wire->fd = ends[1];
	CHECK(!pthread_create(&wire->thread, NULL, wire_main, wire));
	EQ(uring_transmit(loop, ends[0], message, SEND), 0);
	both_expect(loop, SEND, 0);
	close(ends[0]);
	CHECK(!pthread_join(wire->thread, NULL));
	close(ends[1]);
}

/* All records are full but the last. */
static void count_records(struct uring_loop *loop, size_t head_len, uint64_t length, int bufsize,
			  bool sealed)
{
	static char head[20000];
	struct wire wire = { .pause = bufsize ? 300 : 0 };
	int file = peer_file(length);
	struct uring_message message = {
		.head = head,
		.head_len = head_len,
		.file_fd = file,
		.length = length,
		.sealed = sealed,
	};
	uint64_t total = head_len + length;

	count_message(loop, &message, bufsize, &wire);
	EQ(wire.total, total);
	EQ(wire.full, total / RECORD);
	EQ(wire.other, !!(total % RECORD));
	close(file);
}

BOTH(head_and_file_share_records)
{
	static const uint64_t lengths[] = {
		0, 1, 1024, 16184, 16185, 32568, 65536, 65537, 1 << 20, 3000000,
	};

	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		count_records(loop, 200, lengths[i / 2], 0, i % 2);
		count_records(loop, 20000, lengths[i / 2], 0, i % 2);
	}
}

/* The first record ends at a page boundary of the file; full records follow. */
static void count_paged_records(struct uring_loop *loop, bool pages)
{
	static char head[200];
	struct wire wire = { 0 };
	int file = peer_file(5000000);
	struct uring_message message = { .head = head,
					 .head_len = sizeof(head),
					 .file_fd = file,
					 .offset = 100,
					 .length = 5000000 - 100,
					 .sendfile = pages };
	uint64_t first = sizeof(head) + 3 * 4096 - 100;

	count_message(loop, &message, 0, &wire);
	EQ(wire.total, sizeof(head) + message.length);
	EQ(wire.full, (wire.total - first) / RECORD);
	EQ(wire.other, 2);
	close(file);
}

BOTH(records_of_a_large_file_begin_with_pages) { count_paged_records(loop, false); }
BOTH(records_by_sendfile_begin_with_pages) { count_paged_records(loop, true); }

BOTH(records_are_full_for_a_slow_reader_too)
{
	for (int sealed = 0; sealed < 2; sealed++) {
		count_records(loop, 200, 1 << 20, 65536, sealed);
		count_records(loop, 200, 60000, 65536, sealed);
	}
}

static unsigned segments_sent(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	CHECK(!getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	return info.tcpi_data_segs_out;
}

/* A segment of loopback holds 32 KiB, also the first one. */
BOTH(records_of_a_short_message_share_a_segment)
{
	static const size_t lengths[] = { 16385, 16384 + 250, 32000 };
	static char memory[4 * RECORD];
	int ends[2], file = peer_file(sizeof(memory)), one = 1;

	both_pair(ends, 0);
	CHECK(!setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	seal(ends[0], TLS_TX);
	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = lengths[i / 2], head = i % 2 ? len : 250;
		unsigned before = segments_sent(ends[0]);
		struct uring_message message = {
			.head = memory, .head_len = head, .sealed = true,
			.file_fd = i % 2 ? -1 : file, .length = len - head,
		};

		EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
		both_expect(loop, SEND, 0);
		EQ(segments_sent(ends[0]) - before, 1);
		len += (len + RECORD - 1) / RECORD * (5 + OVERHEAD);
		EQ(recv(ends[1], memory, len, MSG_WAITALL), (ssize_t)len);
	}
	both_close(ends);
	close(file);
}

static void send_to_ourselves(struct uring_loop *loop, bool pages)
{
	int ends[2], file = peer_file(5000000);
	struct uring_message message = { .head = "head",
					 .head_len = 4,
					 .file_fd = file,
					 .length = 5000000,
					 .sendfile = pages };
	struct uring_completion completion;
	uint64_t hash = PEER_SEED, total = 0;
	bool sent = false;

	both_pair(ends, 0);
	seal(ends[0], TLS_TX);
	seal(ends[1], TLS_RX);
	EQ(uring_recvmsg(loop, ends[1], RECV), 0);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	for (;;) {
		completion = both_completion(loop);
		if (completion.tag == SEND) {
			EQ(completion.res, 0);
			sent = true;
			shutdown(ends[0], SHUT_WR);
			continue;
		}
		if (!(completion.flags & URING_COMPLETION_MORE))
			break;
		hash = peer_hash(hash, completion.data, (size_t)completion.res);
		total += (uint64_t)completion.res;
		uring_buffer_put(loop, completion.buffer);
	}
	EQ(completion.res, 0);
	EQ(sent, true);
	EQ(total, 5000004);
	EQ(hash, peer_hash_file(peer_hash(PEER_SEED, "head", 4), file, 0, 5000000));
	both_close(ends);
	close(file);
}

BOTH(sealed_bytes_come_back) { send_to_ourselves(loop, false); }
BOTH(sealed_bytes_come_back_by_sendfile) { send_to_ourselves(loop, true); }

BOTH(control_records_arrive_as_such)
{
	char space[CMSG_SPACE(1)];
	struct uring_message data = { .head = "data", .head_len = 4, .file_fd = -1 };
	struct uring_message alert = { .head = "\1\0", .head_len = 2, .file_fd = -1 };
	struct uring_completion completion;
	const struct cmsghdr *cmsg;
	int ends[2];

	both_pair(ends, 0);
	seal(ends[0], TLS_TX);
	seal(ends[1], TLS_RX);
	record_control(&alert, space, 21);
	EQ(uring_transmit(loop, ends[0], &data, SEND), 0);
	both_expect(loop, SEND, 0);
	EQ(uring_transmit(loop, ends[0], &alert, SEND), 0);
	both_expect(loop, SEND, 0);
	EQ(uring_recvmsg(loop, ends[1], RECV), 0);
	for (int i = 0; i < 2; i++) {
		completion = both_expect(loop, RECV, i ? 2 : 4);
		EQ_MEM(completion.data, i ? "\1\0" : "data", (size_t)completion.res);
		EQ(completion.control_len, sizeof(space));
		cmsg = completion.control;
		EQ(cmsg->cmsg_level, SOL_TLS);
		EQ(cmsg->cmsg_type, TLS_GET_RECORD_TYPE);
		EQ(*CMSG_DATA(cmsg), i ? 21 : 23);
		EQ(completion.msg_flags & (MSG_EOR | MSG_CTRUNC), MSG_EOR);
		uring_buffer_put(loop, completion.buffer);
	}
	close(ends[0]);
	both_expect(loop, RECV, 0);
	close(ends[1]);
}

static void shrink(struct uring_loop *loop, bool pages)
{
	struct wire wire = { .cut = true };
	int ends[2], file = peer_file(4000000);
	struct uring_message message = { .file_fd = file, .length = 4000000, .sendfile = pages };

	both_pair(ends, 65536);
	seal(ends[0], TLS_TX);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_quiet(loop);
	CHECK(!ftruncate(file, 1500001));
	wire.fd = ends[1];
	CHECK(!pthread_create(&wire.thread, NULL, wire_main, &wire));
	both_expect(loop, SEND, -ENODATA);
	close(ends[0]);
	CHECK(!pthread_join(wire.thread, NULL));
	CHECK(wire.total <= 1500001);
	close(ends[1]);
	close(file);
}

BOTH(file_shrinks_over_sealed_records) { shrink(loop, false); }
BOTH(file_shrinks_under_sendfile) { shrink(loop, true); }
