/* SPDX-License-Identifier: MIT */
#ifndef LAB_SERVING_H
#define LAB_SERVING_H

/* Scenarios of `tlsring serve`: it starts, curl fetches files over HTTP/1.1 and HTTP/2, it reloads,
 * it stops. While a failure is injected, a client may get an error; the next one gets the file. */

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "tests/lab/lab.h"
#include "tools/tools.h"

#define LARGE	300000

/* The items that are fetched, each with a header. */
static const struct item {
	const char *path, *header;
} items[] = {
	{ "hello.txt", "" },
	{ "large", "" },
	{ "", "" },
	{ "folder/", "Accept: application/json" },
	{ "large", "Range: bytes=10-20,1000-2000,-5" },
	{ "folder/a%20name", "Accept-Encoding: gzip, br" },
	{ "absent", "" },
};

#define ITEMS	((int)(sizeof(items) / sizeof(items[0])))

static char dir[] = "/tmp/tlsring-lab.XXXXXX";
static const char *io;
static int log_fd;

static void run(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	EQ(system(line), 0);	/* NOLINT: of our own words */
}

static void prepare(void)
{
	if (system("curl --version > /dev/null 2>&1"))	/* NOLINT */
		SKIP("there is no curl here");
	CHECK(mkdtemp(dir));
	run("mkdir -p %s/www/folder && cd %s/www && echo hello > hello.txt", dir, dir);
	run("cd %s/www && echo b > folder/a\\ name", dir);
	run("cd %s/www && head -c %d /dev/zero | tr '\\0' x > large", dir, LARGE);
	run("cd %s/www && touch -d @1000000000 * folder/*", dir);
}

/* A configuration by which curl fetches all items. */
static void configure(unsigned port, const char *protocol)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/curl.%s", dir, protocol);
	file = fopen(path, "we");
	CHECK(file);
	for (int i = 0; i < ITEMS; i++) {
		fprintf(file, "%surl = \"https://127.0.0.1:%u/%s\"\noutput = \"%s/got.%d\"\n%s\n",
			i ? "next\n" : "", port, items[i].path, dir, i, protocol);
		fprintf(file, "insecure\nsilent\nmax-time = 30\n");
		/* The boundary between parts is random. */
		if (*items[i].header)
			fprintf(file, "header = \"%s\"\n", items[i].header);
		fprintf(file, "write-out = \"%%{http_code} %%{exitcode} %%{size_download}\\n\"\n");
	}
	CHECK(!fclose(file));
}

/* The answers of the run without a fault are kept; later ones are compared with them. */
static void judge(int i, int code, int error, bool free_of_faults)
{
	static const int expected[] = { 200, 200, 200, 200, 206, 200, 404 };

	if (!free_of_faults && (error || code >= 500))
		return;
	if (error || code != expected[i])
		FAIL("%s: status %d, curl's error %d", items[i].path, code, error);
	if (code != 206)
		run("cd %s && n=%d && { [ -e kept.$n ] || cp got.$n kept.$n; cmp got.$n kept.$n; }",
		    dir, i);
}

static void fetch(const char *protocol)
{
	bool before = lab_failed() && !lab_harmed();
	int codes[ITEMS], errors[ITEMS], count = 0;
	char line[256];
	FILE *out;

	snprintf(line, sizeof(line), "rm -f %s/got.*; curl -K %s/curl.%s", dir, dir, protocol);
	out = popen(line, "re");	/* NOLINT */
	CHECK(out);
	while (count < ITEMS && fgets(line, sizeof(line), out))
		count += sscanf(line, "%d %d", &codes[count], &errors[count]) == 2;
	pclose(out);
	EQ(count, ITEMS);
	/* Items that are fetched after the only failure are complete. */
	for (int i = 0; i < ITEMS; i++)
		judge(i, codes[i], errors[i], before || !lab_failed());
}

static void server(void)
{
	char www[64];
	char *argv[] = { "tlsring", "--listen", "127.0.0.1:0", "--threads", "1", "--listing",
			 "--precompressed", "--access-log", "/dev/null", "--io", (char *)io, www,
			 NULL };

	snprintf(www, sizeof(www), "%s/www", dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log_fd, STDERR_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	lab_exit(serve_main((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv));
}

/* The server's output so far. */
static const char *server_log(void)
{
	static char text[16384];
	ssize_t got = pread(log_fd, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static bool server_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* The server's port; 0: it ended before it had one. */
static unsigned server_port(pid_t pid, int *status)
{
	for (int i = 0; i < 3000; i++) {
		const char *at = strstr(server_log(), "listening on 127.0.0.1:");

		if (at && strchr(at, '/'))
			return (unsigned)atoi(at + strlen("listening on 127.0.0.1:"));
		if (server_ended(pid, status))
			return 0;
		usleep(10000);
	}
	FAIL("the server did not start: %s", server_log());
}

static void server_stops(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	EQ(waitpid(pid, &status, 0), pid);
	lab_arm(0);
	if (status)
		FAIL("the server ended with status %#x: %s", (unsigned)status, server_log());
}

static pid_t server_start(bool armed)
{
	pid_t pid;

	log_fd = memfd_create("log", 0);
	CHECK(log_fd >= 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		if (armed)
			lab_arm(getpid());
		server();
	}
	return pid;
}

/* ---- the scenarios ---- */

static void serving(void)
{
	int status = 0;
	pid_t pid = server_start(false);
	unsigned port = server_port(pid, &status);

	CHECK(port);
	configure(port, "http1.1");
	configure(port, "http2");
	lab_arm(pid);
	fetch("http1.1");
	fetch("http2");
	kill(pid, SIGHUP);
	fetch("http1.1");
	server_stops(pid);
}

/* It may refuse to start, in an orderly way. */
static void starting(void)
{
	int status = 0;
	pid_t pid = server_start(true);
	unsigned port = server_port(pid, &status);

	if (!port) {
		CHECK(lab_failed() && WIFEXITED(status));
		if (WEXITSTATUS(status) != TOOLS_FAILED && WEXITSTATUS(status) != TOOLS_USAGE)
			FAIL("the server ended with %#x: %s", (unsigned)status, server_log());
		return;
	}
	lab_arm(0);
	configure(port, "http1.1");
	fetch("http1.1");
	server_stops(pid);
}

static void each(const char *with, void (*scenario)(void), unsigned long most)
{
	io = with;
	prepare();
	lab_each(scenario, most);
	run("rm -rf %s", dir);
}

#endif
