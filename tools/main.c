// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tools/tools.h"

static const struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "serve", "serve a folder over HTTPS", serve_main },
	{ "get", "fetch https:// URLs into files", get_main },
	{ "stat", "show where the records of each connection are sealed, and why", stat_main },
	{ "bench", "measure what TLS costs here, in user space and in the kernel", bench_main },
	{ "doctor", "show what this kernel, OpenSSL and user can do", doctor_main },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("usage: tlsring COMMAND [OPTION]...\n\ncommands:\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`tlsring COMMAND --help` lists a command's options.\n", out);
}

/* Nothing that we open may become standard input, output or error: what is closed of them stays as
 * useless as it was. */
static void standard_descriptors(void)
{
	int fd = fcntl(STDIN_FILENO, F_GETFD) < 0 ? open("/dev/null", O_WRONLY) : 0;

	while (fd >= 0 && fd < STDERR_FILENO)
		fd = fcntl(fd + 1, F_GETFD) < 0 ? open("/dev/null", O_RDONLY) : fd + 1;
}

int main(int argc, char **argv)
{
	standard_descriptors();
	if (argc < 2) {
		usage(stderr);
		return TOOLS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("tlsring " TLSRING_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		/* getopt_long() begins its messages with argv[0]. */
		argv[1] = argv[0];
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "tlsring: there is no command %s; `tlsring --help` lists them\n", argv[1]);
	return TOOLS_USAGE;
}
