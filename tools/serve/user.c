// SPDX-License-Identifier: MIT
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/serve/config/config.h"
#include "tools/serve/user.h"
#include "tools/tools.h"

static int user_unknown(const struct config *config, const char *what, const char *name)
{
	char where[CONFIG_WHERE];

	log_line("%suser %s: there is no %s %s", config_where(config, config->user.line, where),
		 config->user.text,
		 what, name);
	return TOOLS_FAILED;
}

static int user_find(const struct config *config, const char *name, const char *group, bool become)
{
	const struct passwd *user = getpwnam(name);
	const struct group *other = group ? getgrnam(group) : NULL;
	gid_t gid;

	if (!user)
		return user_unknown(config, "user", name);
	if (group && !other)
		return user_unknown(config, "group", group);
	gid = other ? other->gr_gid : user->pw_gid;
	/* After an upgrade we are that user already, and may not call setuid() again. */
	if (!become || (geteuid() == user->pw_uid && getegid() == gid))
		return 0;
	if (initgroups(name, gid) || setgid(gid) || setuid(user->pw_uid)) {
		log_line("cannot become the user %s: %s; only root can", config->user.text,
			 strerror(errno));
		return TOOLS_FAILED;
	}
	return 0;
}

static int user_take(const struct config *config, bool become)
{
	char *name, *group;
	int ret;

	if (!config->user.text)
		return 0;
	name = strdup(config->user.text);
	if (!name) {
		log_line("cannot become the user %s: %s", config->user.text, strerror(errno));
		return TOOLS_FAILED;
	}
	group = strchr(name, ':');
	if (group)
		*group++ = '\0';
	ret = user_find(config, name, group, become);
	free(name);
	return ret;
}

int user_check(const struct config *config)
{
	return user_take(config, false);
}

int user_become(const struct config *config)
{
	int ret = user_take(config, true);

	/* Programs that we start must not gain privileges. */
	if (!ret && config->user.text)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return ret;
}
