/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONFIG_OPTIONS_H
#define TOOLS_SERVE_CONFIG_OPTIONS_H

#include "tools/serve/config/config.h"

enum config_action { CONFIG_RUN, CONFIG_CHECK, CONFIG_PRINT };

/*
 * The configuration from the command line, or from the file that it names. 0; -1: nothing is left
 * to do (--help); otherwise the exit status, after a line on standard error. config_free() in any
 * case.
 */
int config_options_parse(struct config *out, enum config_action *action, int argc, char **argv);

#endif
