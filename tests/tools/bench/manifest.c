// SPDX-License-Identifier: MIT
/* What `tlsring bench` says of the machine, from files like the kernel's. */
#include <fcntl.h>
#include <sys/utsname.h>
#include <jansson.h>
#include "tests/ktap.h"
#include "tools/bench/machine/manifest.h"
#include "tools/bench/machine/command.h"
#include "tools/bench/machine/noise.h"
#include "tools/bench/machine/procfs.h"

static char path[64];

static void put(const char *text)
{
	int fd;

	strcpy(path, "/tmp/tlsring-test.XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

TEST(the_preferred_driver_seals)
{
	json_t *driver;

	put("name         : gcm(aes)\ndriver       : gcm_base(ctr(aes-generic),ghash-generic)\npriority     : 100\n\n"
	    "name         : __gcm(aes)\ndriver       : cryptd\npriority     : 900\n\n"
	    "name         : gcm(aes)\ndriver       : generic-gcm-aesni\npriority     : 400\n\n"
	    "name         : sha256\ndriver       : sha256-ni\npriority     : 1000\n");
	driver = bench_manifest_aes(path);
	CHECK(driver);
	EQ_STR(json_string_value(driver), "generic-gcm-aesni");
	json_decref(driver);
	unlink(path);
	CHECK(!bench_manifest_aes(path));
	put("name         : sha256\ndriver       : sha256-ni\npriority     : 1000\n");
	CHECK(!bench_manifest_aes(path));
	unlink(path);
}

/* Whichever of them this system has: each is told, or none. */
TEST(options_are_told_or_unknown)
{
	struct utsname name;
	json_t *options;
	size_t count;

	CHECK(!uname(&name));
	options = bench_manifest_options(name.release);
	count = json_object_size(options);
	CHECK(!count || (json_object_get(options, "CONFIG_TLS") && json_object_get(options, "CONFIG_TLS_DEVICE") &&
			 json_object_get(options, "CONFIG_HZ")));
	json_decref(options);
}

/* Tables show them, and a tab is none's to show. */
TEST(lines_have_no_tabs)
{
	char line[BENCH_PROCFS_LINE];

	put("4096\t16384\t4194304\n2\n");
	EQ_STR(bench_procfs_line(path, line), "4096 16384 4194304");
	unlink(path);
	EQ_STR(bench_procfs_line(path, line), "unknown");
}

TEST(each_part_of_a_command_is_heard)
{
	char said[4096];

	EQ(bench_command_run("echo one >&2 && echo \"$PATH\" >&2 && exit 7", said, sizeof(said)), 7);
	CHECK(!strncmp(said, "one\n", 4));
	CHECK(strstr(said, BENCH_COMMAND_PATH "\n"));
	EQ(bench_command_run("nothing-of-that-name", said, sizeof(said)), BENCH_COMMAND_MISSING);
}

TEST(noise_is_what_others_used)
{
	struct bench_noise from = { 0 }, to;
	double others, steal;
	char text[160];
	long hz = sysconf(_SC_CLK_TCK);

	/* 100 seconds of processors: 30 + 10 + 10 busy, 5 stolen, 45 idle. */
	snprintf(text, sizeof(text), "cpu  %ld 0 %ld %ld 0 %ld 0 %ld 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n", 30 * hz, 10 * hz, 45 * hz,
		 10 * hz, 5 * hz);
	put(text);
	CHECK(bench_noise_look(&to, path));
	unlink(path);
	CHECK(to.all == 100 && to.busy == 50 && to.steal == 5 && to.own > 0);
	to.own = 20;
	CHECK(bench_noise_between(&others, &steal, &from, &to));
	CHECK(others == 30 && steal == 5);
	/* Clocks of different kinds are never quite the same. */
	to.own = 51;
	CHECK(bench_noise_between(&others, &steal, &from, &to) && others == 0);
	CHECK(!bench_noise_between(&others, &steal, &to, &to));
	CHECK(!bench_noise_look(&to, "/nowhere"));
}
