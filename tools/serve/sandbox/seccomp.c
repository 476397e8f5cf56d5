// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/serve/sandbox/seccomp.h"

/*
 * The calls that serving takes; all others fail with EPERM. Those without conditions cost nothing:
 * the kernel (5.11) remembers that the filter always permits them. Written as BPF by hand, since a
 * list needs no compiler of filters.
 */

#if defined(__x86_64__)
#define SECCOMP_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH	AUDIT_ARCH_AARCH64
#endif

#ifdef SECCOMP_ARCH
static const unsigned seccomp_calls[] = {
	/* descriptors */
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_preadv, SYS_preadv2,
	SYS_sendfile, SYS_splice, SYS_close, SYS_lseek, SYS_fcntl, SYS_dup, SYS_dup3, SYS_pipe2,
	/* files, which are only read */
	SYS_openat2, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_getdents64, SYS_readlinkat,
	SYS_fadvise64,
	/* waiting */
	SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait,
	SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime,
	SYS_io_uring_enter, SYS_io_uring_register,
#ifdef __x86_64__
	SYS_poll, SYS_select, SYS_epoll_wait, SYS_dup2, SYS_time,
#endif
	/* connections that exist */
	SYS_accept, SYS_accept4, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_sendto, SYS_sendmsg,
	SYS_sendmmsg, SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname,
	SYS_getpeername,
	/* memory */
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk,
	SYS_mlock, SYS_munlock,
	/* threads of this process */
	SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_set_tid_address, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_getcpu, SYS_membarrier, SYS_exit, SYS_exit_group,
	SYS_landlock_restrict_self,
	/* signals that come */
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	SYS_restart_syscall,
	/* time, chance, and who we are */
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
	SYS_getrandom, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid,
	SYS_getegid, SYS_getrusage, SYS_capget, SYS_uname,
	SYS_sysinfo,
};

enum seccomp_test {
	SECCOMP_IS,			/* the argument is the value */
	SECCOMP_IS_SELF,		/* it is our process */
	SECCOMP_LACKS,			/* it has no bit of the value */
	SECCOMP_HAS,			/* it has a bit of the value */
};

/* Calls that are permitted when one of their rows holds. Rows of a call stand together. */
static const struct seccomp_condition {
	unsigned call, argument;
	enum seccomp_test test;
	unsigned value;
} seccomp_conditions[] = {
	{ SYS_openat, 2, SECCOMP_LACKS, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC },
	{ SYS_ioctl, 1, SECCOMP_IS, SIOCOUTQ },
	{ SYS_ioctl, 1, SECCOMP_IS, FIONREAD },
	{ SYS_ioctl, 1, SECCOMP_IS, FIONBIO },
	/* Which network card a connection leaves by. */
	{ SYS_socket, 0, SECCOMP_IS, AF_NETLINK },
	{ SYS_bind, 2, SECCOMP_IS, sizeof(struct sockaddr_nl) },
	/* Threads, but no processes. */
	{ SYS_clone, 0, SECCOMP_HAS, CLONE_THREAD },
	{ SYS_tgkill, 0, SECCOMP_IS_SELF, 0 },
	{ SYS_prlimit64, 0, SECCOMP_IS, 0 },
	{ SYS_prctl, 0, SECCOMP_IS, PR_SET_NAME },
	{ SYS_prctl, 0, SECCOMP_IS, PR_SET_VMA },
	{ SYS_prctl, 0, SECCOMP_IS, PR_GET_SECCOMP },
	{ SYS_prctl, 0, SECCOMP_IS, PR_SET_SECCOMP },
	{ SYS_prctl, 0, SECCOMP_IS, PR_GET_NO_NEW_PRIVS },
	{ SYS_prctl, 0, SECCOMP_IS, PR_SET_NO_NEW_PRIVS },
	{ SYS_prctl, 0, SECCOMP_IS, PR_GET_DUMPABLE },
};

#define SECCOMP_CALLS	(sizeof(seccomp_calls) / sizeof(seccomp_calls[0]))
#define SECCOMP_CONDITIONS	(sizeof(seccomp_conditions) / sizeof(seccomp_conditions[0]))
#define SECCOMP_REFUSE	(SECCOMP_RET_ERRNO | EPERM)

struct seccomp_code {
	struct sock_filter steps[16 + SECCOMP_CALLS + 6 * SECCOMP_CONDITIONS];
	unsigned short count;
};
_Static_assert(SECCOMP_CALLS < 250, "a jump of BPF reaches 255 steps");

static void seccomp_add(struct seccomp_code *code, unsigned operation, unsigned value,
			size_t if_true, size_t if_false)
{
	code->steps[code->count++] = (struct sock_filter){
		(unsigned short)operation, (unsigned char)if_true, (unsigned char)if_false, value
	};
}

static void seccomp_load(struct seccomp_code *code, size_t offset)
{
	seccomp_add(code, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void seccomp_return(struct seccomp_code *code, unsigned answer)
{
	seccomp_add(code, BPF_RET | BPF_K, answer, 0, 0);
}

/* Permit when the condition holds; go on behind it otherwise. */
static void seccomp_permit_if(struct seccomp_code *code, const struct seccomp_condition *c)
{
	/* The low half: the kernel takes each of these arguments as an int. */
	seccomp_load(code, offsetof(struct seccomp_data, args) + 8 * c->argument);
	switch (c->test) {
	case SECCOMP_LACKS:
		seccomp_add(code, BPF_JMP | BPF_JSET | BPF_K, c->value, 1, 0);
		break;
	case SECCOMP_HAS:
		seccomp_add(code, BPF_JMP | BPF_JSET | BPF_K, c->value, 0, 1);
		break;
	default:
		seccomp_add(code, BPF_JMP | BPF_JEQ | BPF_K,
			    c->test == SECCOMP_IS ? c->value : (unsigned)getpid(), 0, 1);
	}
	seccomp_return(code, SECCOMP_RET_ALLOW);
}

/* All rows of the call of row i. Returns the next call's first row. */
static size_t seccomp_condition(struct seccomp_code *code, size_t i)
{
	unsigned call = seccomp_conditions[i].call;
	size_t end = i;

	while (end < SECCOMP_CONDITIONS && seccomp_conditions[end].call == call)
		end++;
	seccomp_add(code, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3 * (end - i) + 1);
	for (; i < end; i++)
		seccomp_permit_if(code, &seccomp_conditions[i]);
	seccomp_return(code, SECCOMP_REFUSE);
	return end;
}

static void seccomp_build(struct seccomp_code *code)
{
	/* Calls of other architectures (32 bits, x32) have other numbers. */
	seccomp_load(code, offsetof(struct seccomp_data, arch));
	seccomp_add(code, BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCH, 1, 0);
	seccomp_return(code, SECCOMP_REFUSE);
	seccomp_load(code, offsetof(struct seccomp_data, nr));
	/* The C library then uses clone(), whose flags a filter can see. */
	seccomp_add(code, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
	seccomp_return(code, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < SECCOMP_CONDITIONS;)
		i = seccomp_condition(code, i);
	for (size_t i = 0; i < SECCOMP_CALLS; i++)
		seccomp_add(code, BPF_JMP | BPF_JEQ | BPF_K, seccomp_calls[i], SECCOMP_CALLS - i,
			    0);
	seccomp_return(code, SECCOMP_REFUSE);
	seccomp_return(code, SECCOMP_RET_ALLOW);
}
#endif

bool seccomp_available(void)
{
#ifdef SECCOMP_ARCH
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
#else
	return false;
#endif
}

void seccomp_enter(void)
{
#ifdef SECCOMP_ARCH
	struct seccomp_code code = { .count = 0 };
	struct sock_fprog program = { .filter = code.steps };

	seccomp_build(&code);
	program.len = code.count;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
#endif
}
