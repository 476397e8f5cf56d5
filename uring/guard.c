// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "uring/guard.h"

/* The faulting thread's own, as SIGBUS of a fault goes to the thread that made it. */
static __thread struct {
	uintptr_t start, end; /* 0: no guard */
	volatile sig_atomic_t lost;
	bool unblocked; /* the signal is known not to be blocked in this thread */
} guard;

static struct sigaction guard_former;
static uintptr_t guard_page;
static bool guard_installed;
static pthread_once_t guard_once = PTHREAD_ONCE_INIT;

/* Not ours: what would have happened without us. */
static void guard_pass_on(int number, siginfo_t *info, void *context)
{
	if (guard_former.sa_flags & SA_SIGINFO)
		guard_former.sa_sigaction(number, info, context);
	else if (guard_former.sa_handler != SIG_DFL && guard_former.sa_handler != SIG_IGN)
		guard_former.sa_handler(number);
	else
		/* The fault comes again, and ends the process. */
		sigaction(number, &guard_former, NULL);
}

static void guard_handle(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr & ~(guard_page - 1);

	if (info->si_code <= 0 || at + guard_page <= guard.start || at >= guard.end) {
		guard_pass_on(number, info, context);
		return;
	}
	/* All that follows is gone too, as far as it is guarded. */
	if (mmap((void *)at, guard.end - at, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		guard_pass_on(number, info, context);
	guard.lost = 1;
}

static void guard_install(void)
{
	struct sigaction action = { .sa_sigaction = guard_handle,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	guard_page = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigemptyset(&action.sa_mask);
	guard_installed = !sigaction(SIGBUS, &action, &guard_former);
}

/* Another handler that was set later need not call ours. */
static bool guard_in_place(void)
{
	struct sigaction current;

	return guard_installed && !sigaction(SIGBUS, NULL, &current) &&
	       current.sa_flags & SA_SIGINFO && current.sa_sigaction == guard_handle;
}

/* A fault while its signal is blocked ends the process. */
static void guard_unblock(void)
{
	sigset_t bus;

	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	guard.unblocked = !pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
}

bool uring_guard_begin(const void *base, size_t len)
{
	pthread_once(&guard_once, guard_install);
	if (!guard_in_place())
		return false;
	if (!guard.unblocked)
		guard_unblock();
	guard.lost = 0;
	guard.start = (uintptr_t)base;
	guard.end = (uintptr_t)base + len;
	return guard.unblocked;
}

bool uring_guard_end(void)
{
	guard.start = guard.end = 0;
	return !guard.lost;
}
