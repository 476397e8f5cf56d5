// SPDX-License-Identifier: MIT
/* One table of options: parsed, found ahead of parsing, and printed. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tests/ktap.h"
#include "tools/common/options.h"

struct sample {
	const char *file;
	unsigned lines, io;
	double wait;
	uint64_t size;
	bool fast;
	const char *watch;
};

#define AT(member) .at = offsetof(struct sample, member)

static const struct options_row rows[] = {
	{ "file", 'f', "FILE", "a file", options_set_text, AT(file) },
	{ "lines", 'n', "N", "lines", options_set_number, AT(lines), .min = 1, .max = 9 },
	{ "io", 0, "WITH", "auto, uring or epoll", options_set_word, AT(io),
	  .words = options_io_words },
	{ "wait", 0, "TIME", "a time", options_set_seconds, AT(wait), .min = 0, .max = 3600 },
	{ "size", 0, "BYTES", "a size", options_set_bytes, AT(size), .min = 1, .max = 1 << 30 },
	{ "fast", 0, NULL,
	  "this one has a text that is so long that it cannot stand in one line of the help, so it "
	  "is broken",
	  options_set_true, AT(fast) },
	{ "watch", 'w', "[=TIME]", "again and again", options_set_text, AT(watch) },
};
static const struct options_table table = { "sample", "usage: sample\n\n", rows,
					    sizeof(rows) / sizeof(rows[0]) };

/* Parse a line, divided at blanks, without messages; operands are left in argv. */
static int parse(struct sample *out, const char *line, int *argc, char **argv)
{
	static char copy[256];
	int err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY), ret;
	char **rest = argv;

	*out = (struct sample){ 0 };
	snprintf(copy, sizeof(copy), "sample %s", line);
	*argc = 0;
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[(*argc)++] = word;
	argv[*argc] = NULL;
	dup2(null, STDERR_FILENO);
	ret = options_parse(&table, out, argc, &rest);
	dup2(err, STDERR_FILENO);
	close(err);
	close(null);
	memmove(argv, rest, (size_t)(*argc + 1) * sizeof(*argv));
	return ret;
}

TEST(values)
{
	char *argv[16];
	struct sample s;
	int argc;

	CHECK(!parse(&s, "-n 3 one --io=epoll --wait 250ms --size 2K --fast two -fx --watch", &argc,
		     argv));
	CHECK(s.lines == 3 && s.io == 2 && s.wait == 0.25 && s.size == 2048 && s.fast &&
	      !strcmp(s.file, "x") && !s.watch);
	CHECK(argc == 2 && !strcmp(argv[0], "one") && !strcmp(argv[1], "two"));
	CHECK(!parse(&s, "--watch=5 -- --fast", &argc, argv) && !strcmp(s.watch, "5") && !s.fast &&
	      argc == 1);
	CHECK(!parse(&s, "-w7", &argc, argv) && !strcmp(s.watch, "7") && !argc);
}

TEST(refused)
{
	static const char *const bad[] = { "-n 10",	 "-n 0",      "-n x",	  "-n",
					   "--io=other", "--wait 2h", "--size 0", "--nonsense",
					   "-z",	 "--fast=1" };
	char *argv[16];
	struct sample s;
	int argc;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(parse(&s, bad[i], &argc, argv) == 2);
}

TEST(found_ahead)
{
	char *argv[] = { "sample", "--nonsense", "-f", "a", "operand", "--file=b", NULL };

	CHECK(!strcmp(options_find(&table, "file", 6, argv), "b"));
	CHECK(!options_find(&table, "lines", 6, argv));
}

TEST(help)
{
	char text[4096] = "", *argv[] = { "sample", "--help", NULL }, **rest = argv;
	int argc = 2, out = dup(STDOUT_FILENO), fd = memfd_create("help", 0);
	size_t widest = 0;
	struct sample s;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	CHECK(options_parse(&table, &s, &argc, &rest) == -1);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	CHECK(pread(fd, text, sizeof(text) - 1, 0) > 0);
	CHECK(!strncmp(text, "usage: sample\n\n  -f, --file FILE          a file\n", 49));
	CHECK(strstr(text, "\n  -w, --watch[=TIME]       again and again\n"));
	CHECK(strstr(text, "\n  -h, --help               this text\n"));
	for (char *line = text; *line; line += strcspn(line, "\n") + 1)
		widest = strcspn(line, "\n") > widest ? strcspn(line, "\n") : widest;
	CHECK(widest > 90 && widest <= 100);
}
