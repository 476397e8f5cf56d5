// SPDX-License-Identifier: MIT
/* Writing to standard error does not block when nobody reads it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>
#include "tests/ktap.h"
#include "tools/common/log.h"

static int reader;

/* Replace standard error by a pipe of one page. Returns the harness's own, to be put back. */
static int small_pipe(void)
{
	int fds[2], old = dup(STDERR_FILENO);

	CHECK(!pipe(fds));
	CHECK(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
	CHECK(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	reader = fds[0];
	return old;
}

TEST(a_reader_that_has_stopped)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	int old = small_pipe();
	char text[65536] = "";
	ssize_t len;

	for (int i = 0; i < 2000; i++)
		log_peer(&peer, "line %d", i);
	log_line("our own");
	len = read(reader, text, sizeof(text) - 1);
	CHECK(len > 0 && strstr(text, "0.0.0.0:0: line 0\n") && !strstr(text, "line 1999"));
	CHECK(!strstr(text, "our own"));
	log_peer(&peer, "read again");
	memset(text, 0, sizeof(text));
	len = read(reader, text, sizeof(text) - 1);
	dup2(old, STDERR_FILENO);
	CHECK(len > 0 && strstr(text, " lines are lost\n") && strstr(text, "read again\n"));
}
