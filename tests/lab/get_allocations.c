// SPDX-License-Identifier: MIT
/* `tlsring get` when memory runs out: it says so, or the file is right. */
#include <stdint.h>
#include "tests/lab/allocation.h"
#include "tests/tools/serve/server.h"
#include "tools/get/options.h"
#include "tools/tools.h"

#define LARGE	2000000

static struct server s;
static uint8_t bytes[LARGE];

static void expect_file(const char *path)
{
	static uint8_t got[LARGE + 1];
	FILE *file = fopen(path, "re");

	CHECK(file);
	EQ(fread(got, 1, sizeof(got), file), LARGE);
	EQ_MEM(got, bytes, LARGE);
	fclose(file);
}

static void get(void)
{
	char url[64], path[128];
	char *argv[] = { "tlsring", "--insecure", "--quiet", "-o", path, url, NULL };
	int log = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	pid_t pid;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/large", s.port);
	snprintf(path, sizeof(path), "%s/got", s.dir);
	remove(path);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		dup2(log, STDERR_FILENO);
		allocation_arm(getpid());
		allocation_exit(get_main((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv));
	}
	EQ(waitpid(pid, &status, 0), pid);
	allocation_disarm();
	CHECK(WIFEXITED(status));
	if (!WEXITSTATUS(status))
		expect_file(path);
	else if (WEXITSTATUS(status) > GET_HTTP || !allocation_failed())
		FAIL("get ended with status %d", WEXITSTATUS(status));
}

ALLOCATION_TEST(get)
{
	for (int i = 0; i < LARGE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 1000);
	server_init(&s);
	server_file(&s, "large", bytes, LARGE);
	server_start(&s, (const char *const[]){ NULL }, NULL);
	allocation_each(get, 100);
	server_stop(&s);
}
