// SPDX-License-Identifier: MIT
#include <sys/prctl.h>
#include <sys/resource.h>
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
		 seccomp_available() ? "start no programs (seccomp)" : "there is no seccomp");
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
