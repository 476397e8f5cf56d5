// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/serve/sandbox/landlock.h"
#include "tools/serve/sandbox/sandbox.h"
#include "tools/serve/sandbox/seccomp.h"

void sandbox_enter(const struct landlock *landlock)
{
	if (!landlock)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	landlock_restrict(landlock);
	seccomp_enter();
}

void sandbox_enter_alone(const char *folder)
{
	/* In procfs the rule is lost with the folder's dentry: keep that. */
	int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct landlock *landlock;

	if (landlock_new(&landlock)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fd >= 0)
		landlock_allow(landlock, fd);
	sandbox_enter(landlock);
	landlock_free(landlock);
}

void sandbox_announce(const struct landlock *landlock)
{
	if (!landlock) {
		log_line("sandbox: none, as --no-sandbox says");
		return;
	}
	log_line("sandbox: threads that serve %s%s; %s",
		 landlock_restricts_files(landlock) ? "read the served folders only (Landlock)" :
			"read what this user may, as this kernel has no Landlock",
		 landlock_restricts_network(landlock) ? ", make no TCP connections" : "",
		 seccomp_available() ? "make the calls that serving takes only (seccomp)" :
			"there is no seccomp");
}

void sandbox_protect_memory(void)
{
	struct rlimit cores;

	if (!getrlimit(RLIMIT_CORE, &cores)) {
		cores.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &cores);
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
