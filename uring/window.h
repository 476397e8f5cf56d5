/* SPDX-License-Identifier: MIT */
#ifndef URING_WINDOW_H
#define URING_WINDOW_H

#include "uring/internal.h"

#define URING_HEAD_COPY_MAX	4096u	/* a longer head is not copied to the file's bytes */
/* A file range up to this size is read: mapping it would cost more. */
#define URING_MAP_MIN		(256u * 1024)

/* Make the next part of the file accessible. Returns 1; -EINPROGRESS if a step was started that
 * must end first; or -errno. */
int uring_window_open(struct uring_loop *loop, struct uring_transmit *transmit);
/* Map the next part of the file, or use the caller's mapping. Returns 1; 0 if that is impossible;
 * -EINPROGRESS if the file is being brought to memory first. */
int uring_window_map(struct uring_loop *loop, struct uring_transmit *transmit);
/* Read until the pooled window holds what it should. Returns 1; -EINPROGRESS if a step was started
 * to read; -ENODATA if the file ends before; or -errno. */
int uring_window_fill(struct uring_loop *loop, struct uring_transmit *transmit);
void uring_window_close(struct uring_loop *loop, struct uring_window *window);
/* Does the file still reach as far as `end`? */
bool uring_file_reaches(int fd, uint64_t end);

#endif
