// SPDX-License-Identifier: MIT
/*
 * seccomp-filter.c errno|kill|trap|log direct|batch|libc|dlopen - deny openat, and try it
 *
 * Prints what came of it.  The op stands second in a batch of three; the two
 * around it must run (but for kill).  Before an op that traps the batch ends;
 * the op is issued alone, and the batch goes on behind it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <xsc/gate.h>

#include "check.h"

static volatile sig_atomic_t trapped, code, number;

static void on_sys(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_RAX] = -EACCES;
	trapped++;
	code = si->si_code;
	number = si->si_syscall;
}

static void deny_openat(unsigned int action)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(*insns), insns };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	struct xsc_sqe sqe[3];
	struct xsc_cqe cqe[3] = {};
	unsigned int action;
	long res;

	CHECK(argc == 3);
	action = !strcmp(argv[1], "errno") ? SECCOMP_RET_ERRNO | EACCES :
		 !strcmp(argv[1], "kill") ? SECCOMP_RET_KILL_PROCESS :
		 !strcmp(argv[1], "trap") ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW;
	CHECK(!sigaction(SIGSYS, &sa, NULL));
	deny_openat(action);

	if (!strcmp(argv[2], "libc")) {
		res = open("/etc/hostname", O_RDONLY);
		if (res < 0)
			res = -errno;
	} else if (!strcmp(argv[2], "direct")) {
		res = xsc_call(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY);
#ifndef NO_DLOPEN
	} else if (!strcmp(argv[2], "dlopen")) {
		/* what the handler says must reach the loader */
		if (dlopen("libm.so.6", RTLD_NOW))
			puts("dlopen works");
		else
			puts(dlerror());
		res = -EACCES;
#endif
	} else {
		xsc_sqe_prep(&sqe[0], SYS_getppid, 0, 0, 0, 0, 0, 0);
		xsc_sqe_prep(&sqe[1], SYS_openat, AT_FDCWD, (long)"/etc/hostname", O_RDONLY, 0, 0, 0);
		xsc_sqe_prep(&sqe[2], SYS_getpid, 0, 0, 0, 0, 0, 0);
		cqe[1].res = 12345;
		res = xsc_batch(sqe, cqe, 3);
		if (res == 1) {
			/* a filter that traps wants to see the op alone */
			CHECK(cqe[1].res == 12345 && !cqe[2].res && !trapped);
			CHECK(!xsc_batch(sqe + 1, cqe + 1, 2) && !trapped);
			cqe[1].res = xsc_call(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY);
			CHECK(xsc_batch(sqe + 2, cqe + 2, 1) == 1);
		}
		printf("batch=%ld first=%d last=%d ", res, cqe[0].res == getppid(), cqe[2].res == getpid());
		res = cqe[1].res;
	}
	printf("openat=%s trapped=%d", res >= 0 ? "opened" : strerror(-res), trapped);
	if (trapped)
		printf(" code=%d nr=%d", code, number);
	puts("");
	return 0;
}
