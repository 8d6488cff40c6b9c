/* SPDX-License-Identifier: MIT */
/*
 * seccomp.h - a filter of one call in tests
 */
#ifndef XSC_TEST_SECCOMP_H
#define XSC_TEST_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "mini.h"

/* from now on a filter has @action for the call @nr of this thread; with SECCOMP_FILTER_FLAG_TSYNC, of all */
static inline long seccomp_filter_flags(int nr, unsigned int action, unsigned int flags)
{
	struct sock_filter prog[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog f = { 4, prog };

	sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f);
}

static inline void seccomp_filter(int nr, unsigned int action)
{
	seccomp_filter_flags(nr, action, 0);
}

#endif /* XSC_TEST_SECCOMP_H */
