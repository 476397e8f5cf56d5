/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONFIG_OPTIONS_H
#define TOOLS_SERVE_CONFIG_OPTIONS_H

#include "tools/serve/config/config.h"

enum serve_action { SERVE_RUN, SERVE_CHECK, SERVE_PRINT };

/*
 * The configuration from the command line, and from the file that it names. 0; -1 when there is
 * nothing left to do (--help); else the exit status, after a word on standard error.
 * config_free() in any case.
 */
int serve_options_parse(struct config *out, enum serve_action *action, int argc, char **argv);

#endif
