// SPDX-License-Identifier: MIT
/* Files on overlayfs, which does not tell what is in memory: they are read once before they are
 * sent, and not again while the loop goes on sending them. */
#include <sched.h>
#include <sys/mount.h>
#include "tests/uring/peer.h"
#include "tests/uring/shim.h"

/* Mount an overlay over tmpfs, in a mount namespace of our own. Returns a file on it. */
static int overlay_file(uint64_t size)
{
	int fd;

	if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) || chdir("/tmp"))
		SKIP("no mount namespace here: %s", strerror(errno));
	CHECK(!mkdir("lower", 0755) && !mkdir("upper", 0755) && !mkdir("work", 0755) &&
	      !mkdir("merged", 0755));
	fd = open("lower/file", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	close(peer_fill(fd, size));
	if (mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"))
		SKIP("no overlay here: %s", strerror(errno));
	fd = open("merged/file", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void send_file(struct uring_loop *loop, int file, uint64_t offset, uint64_t length,
		      bool sendfile)
{
	struct uring_message message = {
		.head = "head", .head_len = 4, .file_fd = file, .offset = offset,
		.length = length, .sendfile = sendfile,
	};
	struct peer peer = { 0 };

	peer_takes(loop, &peer, 0, &message);
	EQ(peer.total, length + 4);
	EQ(peer.hash, peer_hash_file(peer_hash(PEER_SEED, "head", 4), file, offset, length));
}

static void reads_once(struct uring_loop *loop, uint64_t length, bool sendfile)
{
	bool ring = uring_loop_backend(loop) == URING_BACKEND_RING;
	int file = overlay_file(length + 100);

	send_file(loop, file, 100, length, sendfile);
	CHECK(shim->reads || !ring);
	shim->reads = 0;
	for (int i = 0; i < 3; i++)
		send_file(loop, file, 100, length, sendfile);
	/* A part of it, too. */
	send_file(loop, file, 100 + length / 2, length / 4, sendfile);
	EQ(shim->reads, 0);
	close(file);
}

BOTH(large_file_is_read_once) { reads_once(loop, 3000000, false); }
BOTH(large_file_is_read_once_for_sendfile) { reads_once(loop, 3000000, true); }
BOTH(small_file_is_read_once) { reads_once(loop, 20000, false); }

/* The part that was read says nothing about the others. */
BOTH(other_parts_are_read)
{
	bool ring = uring_loop_backend(loop) == URING_BACKEND_RING;
	int file = overlay_file(3000000);

	send_file(loop, file, 0, 500000, false);
	shim->reads = 0;
	send_file(loop, file, 1000000, 500000, false);
	CHECK(shim->reads || !ring);
	shim->reads = 0;
	send_file(loop, file, 0, 3000000, false);
	CHECK(shim->reads || !ring);
	close(file);
}
