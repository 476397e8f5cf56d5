// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <sys/sendfile.h>
#include "uring/sendfile.h"

static ssize_t sendfile_call(int fd, int file_fd, off_t offset, size_t len)
{
	ssize_t sent = sendfile(fd, file_fd, &offset, len);

	return sent < 0 ? -errno : sent;
}

/* sendfile has no MSG_NOSIGNAL: take the SIGPIPE that it raised, unless one was pending before,
 * which is only possible if the thread blocks it. */
static ssize_t sendfile_without_sigpipe(int fd, int file_fd, off_t offset, size_t len)
{
	static const struct timespec now;
	bool blocked, before = false;
	sigset_t pipe, old, pending;
	ssize_t ret;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	blocked = sigismember(&old, SIGPIPE);
	if (blocked && !sigpending(&pending))
		before = sigismember(&pending, SIGPIPE);
	ret = sendfile_call(fd, file_fd, offset, len);
	if (ret == -EPIPE && !before)
		sigtimedwait(&pipe, NULL, &now);
	if (!blocked)
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

/* sendfile waits unless O_NONBLOCK is set on the socket; receives on the ring end with -EAGAIN
 * if it is. */
ssize_t uring_sendfile(const struct uring_loop *loop, const struct uring_transmit *transmit)
{
	size_t len = transmit->window.end - transmit->offset;
	int fd = transmit->op.fd, file_fd = transmit->file_fd;
	bool *nonblocking = transmit->nonblocking;
	off_t offset = (off_t)transmit->offset;
	ssize_t ret;

	if (!(nonblocking && *nonblocking) && fcntl(fd, F_SETFL, O_NONBLOCK))
		return -errno;
	if (nonblocking)
		*nonblocking = true;
	if (loop->sigpipe_ignored)
		ret = sendfile_call(fd, file_fd, offset, len);
	else
		ret = sendfile_without_sigpipe(fd, file_fd, offset, len);
	if (!nonblocking && loop->driver->backend == URING_BACKEND_RING)
		fcntl(fd, F_SETFL, 0);
	return ret;
}
