// SPDX-License-Identifier: MIT
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "tests/uring/both.h"
#include "tests/uring/peer.h"

enum { SEND = 0x20 };

static uint64_t counted(const struct uring_tally *tally)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < URING_WAYS; i++)
		sum += tally->bytes[i];
	return sum;
}

enum by { BY_ITSELF, BY_SENDFILE, BY_MAPPING };

/* The caller frees it by munmap() with the same length. */
static void *map(int file, uint64_t length)
{
	void *bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);

	CHECK(bytes != MAP_FAILED);
	return bytes;
}

static void send_and_compare_by(struct uring_loop *loop, enum by by, size_t head_len,
				uint64_t offset, uint64_t length)
{
	static char head[300000];
	struct uring_tally tally = { 0 };
	struct peer peer = { 0 };
	int file = peer_file(offset + length);
	struct uring_message message = { .head = head,
					 .head_len = head_len,
					 .file_fd = file,
					 .offset = offset,
					 .length = length,
					 .sendfile = by == BY_SENDFILE,
					 .tally = &tally };

	if (by == BY_MAPPING)
		message.mapping = map(file, offset + length);
	for (size_t i = 0; i < head_len; i++)
		head[i] = (char)(i * 7 + 1);
	peer_takes(loop, &peer, 0, &message);
	EQ(peer.total, head_len + length);
	EQ(counted(&tally), head_len + length);
	EQ(peer.hash, peer_hash_file(peer_hash(PEER_SEED, head, head_len), file, offset, length));
	if (message.mapping)
		EQ(munmap((void *)message.mapping, offset + length), 0);
	close(file);
}

static void send_and_compare(struct uring_loop *loop, size_t head_len, uint64_t offset,
			     uint64_t length)
{
	send_and_compare_by(loop, BY_ITSELF, head_len, offset, length);
}

BOTH(sizes_around_every_edge)
{
	static const uint64_t sizes[] = { 0, 1, 1280, 16383, 16384, 16385, 65535, 65536, 65537,
					  262144, 1048576, 1048577, 5000001 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_and_compare(loop, 0, 0, sizes[i]);
		send_and_compare(loop, 200, 0, sizes[i]);
		send_and_compare(loop, 200, 4097, sizes[i]);
		send_and_compare(loop, 20000, 65535, sizes[i]);
	}
}

static void sizes_by(struct uring_loop *loop, enum by by)
{
	static const uint64_t sizes[] = { 1, 65537, 1048577, 5000001 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_and_compare_by(loop, by, 0, 0, sizes[i]);
		send_and_compare_by(loop, by, 200, 4097, sizes[i]);
		send_and_compare_by(loop, by, 20000, 65535, sizes[i]);
	}
}

BOTH(sizes_by_sendfile) { sizes_by(loop, BY_SENDFILE); }
BOTH(sizes_from_a_mapping_that_is_kept) { sizes_by(loop, BY_MAPPING); }

static void expect_way(struct uring_loop *loop, enum uring_way way, uint64_t length)
{
	struct uring_tally tally = { 0 };
	struct peer peer = { 0 };
	int file = peer_file(length);
	struct uring_message message = { .head = "head",
					 .head_len = 4,
					 .file_fd = file,
					 .length = length,
					 .sendfile = way == URING_WAY_SENDFILE,
					 .tally = &tally };

	peer_takes(loop, &peer, 0, &message);
	EQ(counted(&tally), length + 4);
	/* The head and the file's last bytes may be sent in another way. */
	CHECK(tally.bytes[way] >= length - length / 8);
	close(file);
}

BOTH(bytes_are_counted_by_their_way)
{
	expect_way(loop, URING_WAY_BUFFER, 10000);
	expect_way(loop, URING_WAY_MAPPING, 3000000);
	expect_way(loop, URING_WAY_SENDFILE, 3000000);
}

/* A caller that lets sendfile leave O_NONBLOCK set clears it after -EAGAIN. */
BOTH(socket_that_sendfile_leaves_nonblocking)
{
	bool nonblocking = false;
	int ends[2], file = peer_file(20000);
	struct uring_message message = {
		.file_fd = file, .length = 20000, .sendfile = true, .nonblocking = &nonblocking
	};
	struct peer peer = { 0 };
	struct uring_completion completion;

	both_pair(ends, 0);
	for (int i = 0; i < 2; i++) {
		EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
		both_expect(loop, SEND, 0);
		CHECK(nonblocking && fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	}
	EQ(uring_recv(loop, ends[0], 100, 1), 0);
	uring_loop_look(loop, &completion, 0);
	EQ(write(ends[1], "x", 1), 1);
	completion = both_completion(loop);
	if (completion.res == -EAGAIN) {	/* some kernels' rings */
		CHECK(!fcntl(ends[0], F_SETFL, 0));
		nonblocking = false;
		EQ(uring_recv(loop, ends[0], 100, 1), 0);
		completion = both_completion(loop);
	}
	EQ(completion.res, 1);
	uring_buffer_put(loop, completion.buffer);
	peer_start(&peer, ends[1]);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_expect(loop, SEND, 0);
	CHECK(nonblocking);
	close(ends[0]);
	peer_finish(&peer);
	EQ(peer.total, 60000);
	close(ends[1]);
	close(file);
}

BOTH(head_alone_of_any_size)
{
	static const size_t sizes[] = { 1, 16384, 65537, 300000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		send_and_compare(loop, sizes[i], 0, 0);
}

BOTH(sparse_100_mib)
{
	struct peer peer = { 0 };
	int file = peer_file(1000);
	struct uring_message message = {
		.head = "head", .head_len = 4, .file_fd = file, .length = 100 << 20
	};

	CHECK(!ftruncate(file, 100 << 20));
	EQ(pwrite(file, "middle", 6, 50 << 20), 6);
	peer_takes(loop, &peer, 0, &message);
	EQ(peer.total, 4 + (100 << 20));
	EQ(peer.hash, peer_hash_file(peer_hash(PEER_SEED, "head", 4), file, 0, 100 << 20));
	close(file);
}

BOTH(slow_reader_with_small_buffers)
{
	struct peer peer = { .piece = 777, .pause = 100 };
	int file = peer_file(400000);
	struct uring_message message = {
		.head = "head", .head_len = 4, .file_fd = file, .length = 400000
	};

	peer_takes(loop, &peer, 4096, &message);
	EQ(peer.total, 400004);
	EQ(peer.hash, peer_hash_file(peer_hash(PEER_SEED, "head", 4), file, 0, 400000));
	close(file);
}

static void cold(struct uring_loop *loop, bool pages)
{
	static const uint64_t sizes[] = { 10000, 3000000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct peer peer = { 0 };
		int file = peer_disk_file(sizes[i]);
		struct uring_message message = { .file_fd = file,
						 .length = sizes[i],
						 .sendfile = pages };
		uint64_t hash = peer_hash_file(PEER_SEED, file, 0, sizes[i]);

		peer_cool(file);
		peer_takes(loop, &peer, 0, &message);
		EQ(peer.hash, hash);
		close(file);
	}
}

BOTH(cold_file) { cold(loop, false); }
BOTH(cold_file_by_sendfile) { cold(loop, true); }

/* Parts of the file are in memory, and more leave it while a slow reader keeps the socket full. */
BOTH(file_with_cold_parts)
{
	const uint64_t size = 5000001;

	for (int pages = 0; pages < 2; pages++) {
		struct peer peer = { .piece = 50000, .pause = 1000 };
		int file = peer_disk_file(size);
		struct uring_message message = { .head = "head", .head_len = 4, .file_fd = file,
						 .length = size, .sendfile = pages };

		CHECK(!fsync(file));
		CHECK(!posix_fadvise(file, 200000, 100000, POSIX_FADV_DONTNEED));
		CHECK(!posix_fadvise(file, 1500000, 1000000, POSIX_FADV_DONTNEED));
		CHECK(!posix_fadvise(file, 4990000, 0, POSIX_FADV_DONTNEED));
		peer_takes(loop, &peer, 0, &message);
		EQ(peer.total, 4 + size);
		EQ(peer.hash, peer_hash_file(peer_hash(PEER_SEED, "head", 4), file, 0, size));
		close(file);
	}
}

/* More files than there are threads to read them. */
BOTH(many_cold_files)
{
	struct peer peers[24] = { 0 };
	uint64_t hash = 0;
	int ends[24][2], files[24];

	for (int i = 0; i < 24; i++) {
		struct uring_message message = { .length = 400000, .sendfile = i % 2 };

		message.file_fd = files[i] = peer_disk_file(message.length);
		hash = peer_hash_file(PEER_SEED, files[i], 0, message.length);
		peer_cool(files[i]);
		both_pair(ends[i], 0);
		peer_start(&peers[i], ends[i][1]);
		EQ(uring_transmit(loop, ends[i][0], &message, SEND), 0);
	}
	for (int i = 0; i < 24; i++)
		both_expect(loop, SEND, 0);
	for (int i = 0; i < 24; i++) {
		close(ends[i][0]);
		peer_finish(&peers[i]);
		EQ(peers[i].hash, hash);
		close(ends[i][1]);
		close(files[i]);
	}
}

/* Several messages on one connection. */
BOTH(messages_in_a_row)
{
	struct peer peer = { 0 };
	int ends[2], file = peer_file(100000);
	uint64_t hash = PEER_SEED;

	both_pair(ends, 0);
	peer_start(&peer, ends[1]);
	for (int i = 0; i < 50; i++) {
		struct uring_message message = { .head = "another",
						 .head_len = 7,
						 .file_fd = file,
						 .offset = (uint64_t)i,
						 .length = (uint64_t)i * 2000,
						 .more = i % 2 };

		EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
		both_expect(loop, SEND, 0);
		hash = peer_hash_file(peer_hash(hash, "another", 7), file, (uint64_t)i,
				      (uint64_t)i * 2000);
	}
	close(ends[0]);
	peer_finish(&peer);
	EQ(peer.hash, hash);
	close(ends[1]);
	close(file);
}

/* SCM_RIGHTS stands for any control message. */
BOTH(control_message_is_passed_on)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct uring_message message = { .head = "x", .head_len = 1, .file_fd = -1,
					 .control = &control, .control_len = sizeof(control) };
	int ends[2], file = peer_file(10), got;
	struct stat sent, received;
	struct uring_completion completion;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_expect(loop, SEND, 0);
	EQ(uring_recvmsg(loop, ends[1], 1), 0);
	completion = both_expect(loop, 1, 1);
	EQ(completion.flags, URING_COMPLETION_MORE | URING_COMPLETION_BUFFER);
	EQ(completion.control_len, sizeof(control));
	memcpy(&got, CMSG_DATA((const struct cmsghdr *)completion.control), sizeof(got));
	CHECK(!fstat(file, &sent) && !fstat(got, &received));
	EQ(received.st_ino, sent.st_ino);
	uring_buffer_put(loop, completion.buffer);
	message.more = true;
	EQ(uring_transmit(loop, ends[0], &message, SEND), -EINVAL);
	close(got);
	close(file);
	close(ends[0]);
	both_expect(loop, 1, 0);
	close(ends[1]);
}

BOTH(peer_that_vanishes)
{
	struct linger hard = { .l_onoff = 1 };
	int ends[2], file = peer_file(1000);
	struct uring_message message = { .file_fd = file, .length = 64 << 20 };
	struct uring_completion completion;

	CHECK(!ftruncate(file, 64 << 20));
	both_pair(ends, 0);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_quiet(loop);		/* it waits for room now */
	CHECK(!setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	close(ends[1]);
	completion = both_completion(loop);
	EQ(completion.tag, SEND);
	CHECK(completion.res == -ECONNRESET || completion.res == -EPIPE);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_expect(loop, SEND, -EPIPE);
	close(ends[0]);
	close(file);
}

static void shrink_by(struct uring_loop *loop, enum by by, off_t to, uint64_t length)
{
	struct peer peer = { 0 };
	int file = peer_file(length), whole = peer_file(length);
	struct uring_message message = { .head = "head",
					 .head_len = 4,
					 .file_fd = file,
					 .length = length,
					 .sendfile = by == BY_SENDFILE };

	if (by == BY_MAPPING)
		message.mapping = map(file, length);
	EQ(peer_takes_shrunk(loop, &peer, &message, to), -ENODATA);
	CHECK(peer.total <= 4 + (uint64_t)to);
	EQ(peer.hash, peer_hash_file(peer_hash(PEER_SEED, "head", 4), whole, 0, peer.total - 4));
	if (message.mapping)
		EQ(munmap((void *)message.mapping, length), 0);
	close(file);
	close(whole);
}

/* The file goes from our mapping (or buffers, if it is short), by sendfile, or from the caller's
 * mapping. */
static void shrink(struct uring_loop *loop, off_t to, uint64_t length)
{
	shrink_by(loop, BY_ITSELF, to, length);
	shrink_by(loop, BY_SENDFILE, to, length);
	shrink_by(loop, BY_MAPPING, to, length);
}

BOTH(file_shrinks_inside_a_buffer)
{
	shrink(loop, 100001, 200000);
}

BOTH(file_shrinks_inside_a_page)
{
	shrink(loop, 1500001, 4000000);
}

BOTH(file_shrinks_inside_the_window)
{
	shrink(loop, 500001, 900000);
}

BOTH(file_shrinks_at_a_page)
{
	shrink(loop, 1024 * 1024, 4000000);
}

/* The file loses the bytes to be sent next, while the socket is full. */
BOTH(file_shrinks_right_behind_what_was_sent)
{
	struct peer peer = { 0 };
	int ends[2], file = peer_file(4000000), whole = peer_file(4000000), queued, waiting;
	struct uring_message message = { .file_fd = file, .length = 4000000 };

	both_pair(ends, 8192);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	peer_fills(loop, ends);
	CHECK(!ioctl(ends[0], SIOCOUTQ, &queued) && !ioctl(ends[1], FIONREAD, &waiting));
	CHECK(!ftruncate(file, queued + waiting + 100));
	peer_start(&peer, ends[1]);
	both_expect(loop, SEND, -ENODATA);
	close(ends[0]);
	peer_finish(&peer);
	CHECK(peer.total >= (uint64_t)waiting && peer.total <= (uint64_t)(queued + waiting + 100));
	EQ(peer.hash, peer_hash_file(PEER_SEED, whole, 0, peer.total));
	close(ends[1]);
	close(file);
	close(whole);
}

BOTH(file_is_too_short_from_the_start)
{
	static const uint64_t lengths[] = { 2000, 100000 };
	int file = peer_file(1000), ends[2];

	for (int i = 0; i < 2; i++) {
		struct uring_message message = { .file_fd = file, .length = lengths[i] };

		both_pair(ends, 0);
		EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
		both_expect(loop, SEND, -ENODATA);
		both_close(ends);
	}
	close(file);
}

BOTH(unreadable_file)
{
	int ends[2], file = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static const uint64_t lengths[] = { 100, 1000000 };

	for (int i = 0; i < 2; i++) {
		struct uring_message message = { .file_fd = file, .length = lengths[i] };

		both_pair(ends, 0);
		EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
		both_expect(loop, SEND, -EISDIR);
		both_close(ends);
	}
	close(file);
}
