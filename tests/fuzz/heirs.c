// SPDX-License-Identifier: MIT
/* The sockets that a predecessor or systemd hands over: what the environment says of them. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "tests/fuzz/fuzz.h"
#include "tools/common/listen.h"

#define SOCKETS	4	/* descriptors from 3 on */

/* A listening socket, one that is none, and two that are closed. */
static void prepare(void)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);

	must(listener >= 0 && other >= 0 && !listen(listener, 1));
	listener = fcntl(listener, F_DUPFD, 100);
	other = fcntl(other, F_DUPFD, 100);
	for (int fd = 3; fd < 3 + SOCKETS; fd++)
		close(fd);
	must(dup2(listener, 3) == 3 && dup2(other, 4) == 4);
	close(listener);
	close(other);
}

/* Input: the count that a predecessor gives, or systemd's, and the names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct listen_pool pool;
	size_t len;
	bool heirs = fuzz_byte(&in) & 1;
	char *count = fuzz_piece(&in, &len), *text = strndup(count, len);
	char *names = fuzz_text(&in), pid[16];

	prepare();
	if (atoi(text) > SOCKETS)	/* NOLINT */
		strcpy(text, "4");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv(heirs ? LISTEN_HEIRS : "LISTEN_FDS", text, 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	must(!listen_pool_take(&pool));
	must(pool.count <= 1);
	must(!pool.count || pool.sockets[0].fd == 3);
	listen_pool_free(&pool);
	free(count);
	free(text);
	free(names);
	return 0;
}
