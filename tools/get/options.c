// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/get/options.h"
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/tools.h"

#define GET_TIMEOUT_MAX	86400

static const char get_usage[] =
	"usage: tlsring get [OPTION]... URL...\n"
	"\n"
	"Fetches https:// URLs into files of the current folder. What has not wholly come is FILE.part.\n"
	"\n"
	"  -o, --output FILE        write to FILE instead of the URL's last segment; - is standard output\n"
	"  -C, --continue           go on where FILE.part ends, if the file is still the same\n"
	"  -f, --force              replace a file that is already there\n"
	"      --sha256 HEX         the file must have this hash\n"
	"      --ca FILE            trust these authorities, PEM (default: the system's)\n"
	"      --insecure           take any certificate\n"
	"  -c, --cert FILE          our own certificate chain, PEM, for servers that ask for one\n"
	"  -k, --key FILE           its private key, PEM\n"
	"      --timeout SECONDS    give up on a server that is silent for so long (default 30)\n"
	"      --offload WHEN       opening of records by the kernel: auto (default), off, require\n"
	"      --io WITH            auto (default), uring, epoll\n"
	"  -q, --quiet              errors only\n"
	"  -v, --verbose            say where records are sealed and opened, and why\n"
	"  -h, --help               this text\n";

enum { OPTION_SHA256 = 256, OPTION_CA, OPTION_INSECURE, OPTION_TIMEOUT, OPTION_OFFLOAD, OPTION_IO };

static const struct option get_long[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "continue", no_argument, NULL, 'C' },
	{ "force", no_argument, NULL, 'f' },
	{ "sha256", required_argument, NULL, OPTION_SHA256 },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "insecure", no_argument, NULL, OPTION_INSECURE },
	{ "cert", required_argument, NULL, 'c' },
	{ "key", required_argument, NULL, 'k' },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "offload", required_argument, NULL, OPTION_OFFLOAD },
	{ "io", required_argument, NULL, OPTION_IO },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int options_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int options_sha256(struct get_options *out, const char *text)
{
	bool good = strlen(text) == 2 * GET_DIGEST;

	for (size_t i = 0; good && i < 2 * GET_DIGEST; i++) {
		int digit = options_digit(text[i]);

		good = digit >= 0;
		out->sha256[i / 2] = (unsigned char)(out->sha256[i / 2] << 4 | (good ? digit : 0));
	}
	out->check = good;
	if (good)
		return 0;
	log_line("--sha256 %s: give the %d hexadecimal digits that sha256sum prints", text, 2 * GET_DIGEST);
	return TOOLS_USAGE;
}

static int options_offload(struct get_options *out, const char *text)
{
	static const char *const words[] = { "auto", "off", "require", NULL };
	static const enum tlsring_offload values[] = {
		TLSRING_OFFLOAD_AUTO, TLSRING_OFFLOAD_OFF, TLSRING_OFFLOAD_REQUIRE,
	};
	unsigned which = 0;
	int ret = options_word("offload", text, words, &which);

	out->offload = values[which];
	return ret;
}

static int options_io(struct get_options *out, const char *text)
{
	static const char *const words[] = { "auto", "uring", "epoll", NULL };
	static const enum tlsring_io values[] = { TLSRING_IO_AUTO, TLSRING_IO_URING, TLSRING_IO_EPOLL };
	unsigned which = 0;
	int ret = options_word("io", text, words, &which);

	out->io = values[which];
	return ret;
}

static int options_take(struct get_options *out, int option, const char *value)
{
	switch (option) {
	case 'o':
		out->output = value;
		return 0;
	case 'C':
		out->resume = true;
		return 0;
	case 'f':
		out->force = true;
		return 0;
	case OPTION_SHA256:
		return options_sha256(out, value);
	case OPTION_CA:
		out->ca = value;
		return 0;
	case OPTION_INSECURE:
		out->insecure = true;
		return 0;
	case 'c':
		out->cert = value;
		return 0;
	case 'k':
		out->key = value;
		return 0;
	case OPTION_TIMEOUT:
		return options_number("timeout", value, 1, GET_TIMEOUT_MAX, &out->timeout);
	case OPTION_OFFLOAD:
		return options_offload(out, value);
	case OPTION_IO:
		return options_io(out, value);
	case 'q':
		out->quiet = true;
		return 0;
	case 'v':
		out->verbose = true;
		return 0;
	case 'h':
		fputs(get_usage, stdout);
		return -1;
	default:
		fputs("tlsring: `tlsring get --help` lists the options\n", stderr);
		return TOOLS_USAGE;
	}
}

static int options_url(struct get_options *out, const char *text)
{
	struct url *url = &out->urls[out->count];
	const char *why = "";
	int ret = url_parse(url, text, &why);

	if (ret == -ENOMEM) {
		log_line("%s", strerror(ENOMEM));
		return TOOLS_FAILED;
	}
	if (ret) {
		log_line("%s: this is not a URL to fetch: %s", text, why);
		return TOOLS_USAGE;
	}
	out->count++;
	if (out->output || *url->name)
		return 0;
	log_line("%s: the URL names no file; say by --output FILE where it shall go", text);
	return TOOLS_USAGE;
}

static int options_urls(struct get_options *out, int count, char **texts)
{
	int ret = 0;

	if (!count) {
		log_line("give a URL, like https://example.org/file");
		return TOOLS_USAGE;
	}
	out->urls = calloc((size_t)count, sizeof(*out->urls));
	if (!out->urls)
		return TOOLS_FAILED;
	for (int i = 0; i < count && !ret; i++)
		ret = options_url(out, texts[i]);
	return ret;
}

static int options_check(const struct get_options *out)
{
	bool stdout_too = out->output && !strcmp(out->output, "-");
	const char *wrong = NULL;

	if (!out->cert != !out->key)
		wrong = "--cert and --key belong together: give both, or neither";
	else if (out->ca && out->insecure)
		wrong = "--ca and --insecure contradict each other: give one of them";
	else if (out->output && !*out->output)
		wrong = "--output needs a file's name, or - for standard output";
	else if (out->output && !stdout_too && out->count > 1)
		wrong = "--output names one file, but several URLs were given: fetch them one by one, or without --output";
	else if (out->check && out->count > 1)
		wrong = "--sha256 is of one file, but several URLs were given: fetch them one by one";
	else if (out->resume && stdout_too)
		wrong = "--continue needs a file, not standard output";
	else if (out->quiet && out->verbose)
		wrong = "--quiet and --verbose contradict each other: give one of them";
	if (!wrong)
		return 0;
	log_line("%s", wrong);
	return TOOLS_USAGE;
}

int get_options_parse(struct get_options *out, int argc, char **argv)
{
	int option, ret;

	*out = (struct get_options){ .timeout = 30 };
	while ((option = getopt_long(argc, argv, "o:Cfc:k:qvh", get_long, NULL)) != -1) {
		ret = options_take(out, option, optarg);
		if (ret)
			return ret;
	}
	ret = options_urls(out, argc - optind, argv + optind);
	return ret ? ret : options_check(out);
}

void get_options_free(struct get_options *options)
{
	for (size_t i = 0; i < options->count; i++)
		url_free(&options->urls[i]);
	free(options->urls);
	options->urls = NULL;
}
