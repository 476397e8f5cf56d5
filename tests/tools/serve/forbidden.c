// SPDX-License-Identifier: MIT
/* A seccomp filter, as containers have one, forbids io_uring or openat2. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include "tests/tools/serve/server.h"

static void forbid(unsigned number, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(126);
}

static void no_uring(void)
{
	forbid(SYS_io_uring_setup, EPERM);
}

static void no_openat2(void)
{
	forbid(SYS_openat2, ENOSYS);
}

/* Runs the program to its end. */
static int run_forbidden(struct server *s, const char *const *options, void (*prepare)(void))
{
	int status;

	if (!getenv("TLSRING_BUILD"))
		SKIP("TLSRING_BUILD names no folder with the program in it");
	s->pid = fork();
	CHECK(s->pid >= 0);
	if (!s->pid) {
		alarm(60);
		prepare();
		server_exec(s, options);
	}
	EQ(waitpid(s->pid, &status, 0), s->pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void fetch(const struct server *s)
{
	char command[160], text[16] = "";
	FILE *curl;

	snprintf(command, sizeof(command), "curl -sSk --max-time 30 https://127.0.0.1:%u/file",
		 s->port);
	curl = popen(command, "re");
	CHECK(curl && fgets(text, sizeof(text), curl));
	pclose(curl);
	EQ_STR(text, "hello");
}

static void log_has(const struct server *s, const char *words)
{
	char log[4096];

	server_read_log(s, log, sizeof(log));
	if (!strstr(log, words))
		FAIL("the log lacks '%s': %s", words, log);
}

TEST(without_io_uring_epoll_serves)
{
	static const char *const options[] = { NULL };
	struct server server;

	server_init(&server);
	server_file(&server, "file", "hello", 5);
	server_start(&server, options, no_uring);
	log_has(&server, "io: epoll: io_uring may not be used");
	log_has(&server, "seccomp");
	fetch(&server);
	server_stop(&server);
}

TEST(io_uring_can_be_demanded)
{
	static const char *const options[] = { "--io", "uring", NULL };
	struct server server;

	server_init(&server);
	EQ(run_forbidden(&server, options, no_uring), 1);
	log_has(&server, "this user may not use io_uring: use --io auto or epoll");
	nftw(server.dir, server_wipe, 8, FTW_DEPTH | FTW_PHYS);
}

TEST(without_openat2_nothing_is_served)
{
	static const char *const options[] = { NULL };
	struct server server;

	server_init(&server);
	EQ(run_forbidden(&server, options, no_openat2), 1);
	log_has(&server, "has no openat2");
	nftw(server.dir, server_wipe, 8, FTW_DEPTH | FTW_PHYS);
}
