// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "tools/get/options.h"
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/tools.h"

#define GET_TIMEOUT	30	/* seconds */
#define GET_TIMEOUT_MAX	86400
#define GET_RETRY_MAX	1000

static int options_sha256(void *options, const struct options_row *row, const char *value)
{
	struct get_options *out = options;
	size_t len = 0;

	/* OPENSSL_hexstr2buf_ex() would take colons, too. */
	out->check = strlen(value) == 2 * GET_DIGEST && !strchr(value, ':') &&
		     OPENSSL_hexstr2buf_ex(out->sha256, GET_DIGEST, &len, value, ':') &&
		     len == GET_DIGEST;
	if (out->check)
		return 0;
	log_line("--%s %s: give the %d hexadecimal digits that sha256sum prints", row->name, value,
		 2 * GET_DIGEST);
	return TOOLS_USAGE;
}

#define AT(member) .at = offsetof(struct get_options, member)

static const struct options_row options_rows[] = {
	{ "output", 'o', "FILE",
	  "write to FILE instead of the URL's last segment; DIR/ is a folder for it, - is standard "
	  "output",
	  options_set_text, AT(output) },
	{ "continue", 'C', NULL, "go on where FILE.part ends, if the file is still the same",
	  options_set_true, AT(resume) },
	{ "force", 'f', NULL, "replace a file that is already there", options_set_true, AT(force) },
	{ "sha256", 0, "HEX", "the file must have this hash", options_sha256, AT(sha256) },
	{ "ca", 0, "FILE", "trust these authorities, PEM (default: the system's)", options_set_text,
	  AT(ca) },
	{ "insecure", 0, NULL, "take any certificate", options_set_true, AT(insecure) },
	{ "cert", 'c', "FILE", "our own certificate chain, PEM, for servers that ask for one",
	  options_set_text, AT(cert) },
	{ "key", 'k', "FILE", "its private key, PEM", options_set_text, AT(key) },
	{ "timeout", 0, "SECONDS", "give up on a server that is silent for so long (default 30)",
	  options_set_number, AT(timeout), .min = 1, .max = GET_TIMEOUT_MAX },
	{ "retry", 0, "N",
	  "try again up to N times when the network or the server fails (default 0)",
	  options_set_number, AT(retry), .max = GET_RETRY_MAX },
	{ "offload", 0, "WHEN", "opening of records by the kernel: auto (default), off, require",
	  options_set_word, AT(offload), .words = options_offload_words },
	{ "io", 0, "WITH", "auto (default), uring, epoll", options_set_word, AT(io),
	  .words = options_io_words },
	{ "quiet", 'q', NULL, "errors only", options_set_true, AT(quiet) },
	{ "verbose", 'v', NULL, "say where records are sealed and opened, and why",
	  options_set_true, AT(verbose) },
};

static const struct options_table options_table = {
	.command = "get",
	.usage = "usage: tlsring get [OPTION]... URL...\n\n"
		 "Fetches https:// URLs into files of the current folder. An unfinished file\n"
		 "is called FILE.part.\n\n",
	.rows = options_rows,
	.count = sizeof(options_rows) / sizeof(options_rows[0]),
};

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
	if ((out->output && !out->folder) || *url->name)
		return 0;
	log_line("%s: the URL names no file; name one by --output FILE", text);
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
	if (!out->urls) {
		log_line("%s", strerror(ENOMEM));
		return TOOLS_FAILED;
	}
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
		wrong = "--output needs a name: FILE, DIR/, or - for standard output";
	else if (out->output && !stdout_too && !out->folder && out->count > 1)
		wrong = "--output names one file, but several URLs were given: name a folder, "
			"DIR/, "
			"or fetch them one by one";
	else if (out->check && out->count > 1)
		wrong = "--sha256 is of one file, but several URLs were given: fetch them one by "
			"one";
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
	int ret;

	*out = (struct get_options){ .timeout = GET_TIMEOUT };
	ret = options_parse(&options_table, out, &argc, &argv);
	out->folder = out->output && *out->output && out->output[strlen(out->output) - 1] == '/';
	if (!ret)
		ret = options_urls(out, argc, argv);
	return ret ? ret : options_check(out);
}

void get_options_free(struct get_options *options)
{
	for (size_t i = 0; i < options->count; i++)
		url_free(&options->urls[i]);
	free(options->urls);
	options->urls = NULL;
}
