// SPDX-License-Identifier: MIT
/* The file of settings of `tlsring serve`: what is read without a mistake can be written and read
 * again, and says the same. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/mman.h>
#include "tests/fuzz/fuzz.h"
#include "tools/serve/config/config.h"
#include "tools/serve/config/file.h"

static unsigned read_text(struct config *config, const char *text, size_t len)
{
	int fd = memfd_create("ini", MFD_CLOEXEC);
	unsigned mistakes;
	char path[32];

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(!config_init(config));
	mistakes = config_file_read(config, path);
	close(fd);
	return mistakes;
}

static char *print(const struct config *config, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	must(out);
	config_file_print(config, out);
	must(!fclose(out));
	return text;
}

/* Mistakes are logged. */
static void be_quiet(void)
{
	static bool quiet;

	if (!quiet)
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	quiet = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config, again;
	char *text, *second;
	size_t len, second_len;

	be_quiet();
	if (!read_text(&config, (const char *)data, size)) {
		text = print(&config, &len);
		must(!read_text(&again, text, len));
		second = print(&again, &second_len);
		must(len == second_len && !memcmp(text, second, len));
		config_free(&again);
		free(text);
		free(second);
	}
	config_free(&config);
	return 0;
}
