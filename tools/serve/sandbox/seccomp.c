// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/serve/sandbox/seccomp.h"

/*
 * A list of calls that are refused. The C library and OpenSSL use other calls in each of their
 * versions, and a list of permitted calls would kill the server at an update. Written as BPF by
 * hand, since a list needs no compiler of filters.
 */

#if defined(__x86_64__)
#define CALLS_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CALLS_ARCH	AUDIT_ARCH_AARCH64
#endif

#ifdef CALLS_ARCH
static const unsigned calls_refused[] = {
	/* programs */
	SYS_execve, SYS_execveat,
#ifdef SYS_fork
	SYS_fork, SYS_vfork,
#endif
	/* other processes, and our memory from outside */
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_pidfd_open,
	SYS_pidfd_getfd,
	SYS_kcmp,
	/* ways around Landlock or this filter */
	SYS_io_uring_setup,
	SYS_open_by_handle_at,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_open_tree,
	SYS_move_mount,
	SYS_fsopen,
	SYS_fsmount,
	SYS_unshare,
	SYS_setns,
	/* kernel administration */
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_personality,
	SYS_quotactl,
	SYS_syslog,
	SYS_settimeofday,
	SYS_clock_settime,
	/* identity */
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setgroups,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_capset,
	/* files are only read */
	SYS_unlinkat,
	SYS_renameat2,
	SYS_linkat,
	SYS_symlinkat,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_fchmodat,
	SYS_fchownat,
	SYS_fchmod,
	SYS_fchown,
	SYS_truncate,
};
#define CALLS_REFUSED	(sizeof(calls_refused) / sizeof(calls_refused[0]))
#define CALLS_REFUSE	(SECCOMP_RET_ERRNO | EPERM)

static struct sock_filter calls_load(unsigned offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

static struct sock_filter calls_answer(unsigned answer)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
}

/* Jump so many instructions ahead if the value is equal. */
static struct sock_filter calls_equal(unsigned value, size_t steps)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, (unsigned char)steps,
					    0);
}
#endif

bool seccomp_available(void)
{
#ifdef CALLS_ARCH
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
#else
	return false;
#endif
}

void seccomp_enter(void)
{
#ifdef CALLS_ARCH
	struct sock_filter code[CALLS_REFUSED + 8];
	struct sock_fprog program = { .filter = code };
	unsigned short count = 0;

	/* Refuse calls of other architectures (32 bits, x32), whose numbers differ. */
	code[count++] = calls_load(offsetof(struct seccomp_data, arch));
	code[count++] = calls_equal(CALLS_ARCH, 1);
	code[count++] = calls_answer(CALLS_REFUSE);
	code[count++] = calls_load(offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000,
						     CALLS_REFUSED + 1, 0);
#endif
	for (size_t i = 0; i < CALLS_REFUSED; i++)
		code[count++] = calls_equal(calls_refused[i], CALLS_REFUSED - i);
	code[count++] = calls_answer(SECCOMP_RET_ALLOW);
	code[count++] = calls_answer(CALLS_REFUSE);
	program.len = count;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
#endif
}
