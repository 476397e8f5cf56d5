/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_USER_H
#define TOOLS_SERVE_USER_H

struct config;

/* Become the configured user, NAME[:GROUP]; none: stay who we are. 0 or an exit status. */
int user_become(const struct config *config);
/* Is there such a user? 0 or an exit status. */
int user_check(const struct config *config);

#endif
