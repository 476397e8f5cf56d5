/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONFIG_FILE_H
#define TOOLS_SERVE_CONFIG_FILE_H

#include "tools/serve/config/config.h"

/*
 * Read an INI file into a fresh configuration, and finish it. Logs each mistake with file and line.
 * 0, or how many there are.
 */
unsigned config_file_read(struct config *out, const char *file);
/* Write a configuration in the form that config_file_read() takes. */
void config_file_print(const struct config *config, FILE *out);

#endif
