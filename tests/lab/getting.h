/* SPDX-License-Identifier: MIT */
#ifndef LAB_GETTING_H
#define LAB_GETTING_H

/* A scenario of `tlsring get`: it fetches a file, or fails with a status that says why. */

#include <stdint.h>
#include "tests/lab/lab.h"
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
		lab_arm(getpid());
		lab_exit(get_main((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv));
	}
	EQ(waitpid(pid, &status, 0), pid);
	lab_arm(0);
	CHECK(WIFEXITED(status));
	if (!WEXITSTATUS(status))
		expect_file(path);
	else if (WEXITSTATUS(status) > GET_HTTP || !lab_failed())
		FAIL("get ended with status %d", WEXITSTATUS(status));
}

static void get_each(unsigned long most)
{
	for (int i = 0; i < LARGE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 1000);
	server_init(&s);
	server_file(&s, "large", bytes, LARGE);
	server_start(&s, (const char *const[]){ NULL }, NULL);
	lab_each(get, most);
	server_stop(&s);
}

#endif
