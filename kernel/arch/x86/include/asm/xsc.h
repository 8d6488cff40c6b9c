/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc.h - XSC on x86: the gate, the guard of do_syscall_64, running one op
 */
#ifndef _ASM_X86_XSC_H
#define _ASM_X86_XSC_H

#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/xsc.h>

#include <asm/ptrace.h>
#include <asm/syscall.h>

/* Bytes of the syscall instruction, which the saved ip stands behind. */
#define XSC_INSN_SIZE		2

/*
 * The sigreturn site starts with "mov $15, %rax" (7 bytes): the byte pattern
 * that unwinders know.
 */
#define XSC_SIGRETURN_SKIP	7

/**
 * struct xsc_op_regs - the registers that running an op overwrites
 * @orig_ax:	the container's number, for a restart
 * @args:	its six arguments
 */
struct xsc_op_regs {
	unsigned long	orig_ax;
	u64		args[6];
};

/**
 * xsc_arch_native_begin() - native ops follow, whatever call the task is in
 *
 * Return: for xsc_arch_native_end()
 */
static inline unsigned int xsc_arch_native_begin(void)
{
	struct thread_info *ti = current_thread_info();
	unsigned int compat = ti->status & (TS_COMPAT | TS_I386_REGS_POKED);

	ti->status &= ~compat;
	return compat;
}

/**
 * xsc_arch_native_end() - back to the call that the task is in
 * @compat:	what xsc_arch_native_begin() returned
 */
static inline void xsc_arch_native_end(unsigned int compat)
{
	current_thread_info()->status |= compat;
}

/* Argument @i of a call, below six. */
static __always_inline u64 xsc_op_arg(const struct pt_regs *regs,
				      unsigned int i)
{
	switch (i) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

static inline void xsc_op_args_get(const struct pt_regs *regs, u64 *args)
{
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

static inline void xsc_op_regs_save(const struct pt_regs *regs,
				    struct xsc_op_regs *s)
{
	s->orig_ax = regs->orig_ax;
	xsc_op_args_get(regs, s->args);
}

/* @args may be memory that its user writes to meanwhile. */
static inline void xsc_op_args_load(struct pt_regs *regs, const u64 *args)
{
	regs->di = READ_ONCE(args[0]);
	regs->si = READ_ONCE(args[1]);
	regs->dx = READ_ONCE(args[2]);
	regs->r10 = READ_ONCE(args[3]);
	regs->r8 = READ_ONCE(args[4]);
	regs->r9 = READ_ONCE(args[5]);
}

/*
 * The same from user memory, between user_read_access_begin() and _end();
 * false after a fault.
 */
static __always_inline bool
unsafe_xsc_op_args_load(struct pt_regs *regs, const u64 __user *args)
{
	unsafe_get_user(regs->di, args + 0, fault);
	unsafe_get_user(regs->si, args + 1, fault);
	unsafe_get_user(regs->dx, args + 2, fault);
	unsafe_get_user(regs->r10, args + 3, fault);
	unsafe_get_user(regs->r8, args + 4, fault);
	unsafe_get_user(regs->r9, args + 5, fault);
	return true;
fault:
	return false;
}

/* Add to argument @i, which is below six. */
static inline void xsc_op_arg_add(struct pt_regs *regs, unsigned int i,
				  unsigned long n)
{
	static const u8 at[] = {
		offsetof(struct pt_regs, di), offsetof(struct pt_regs, si),
		offsetof(struct pt_regs, dx), offsetof(struct pt_regs, r10),
		offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9),
	};

	i = array_index_nospec(i, ARRAY_SIZE(at));
	*(unsigned long *)((char *)regs + at[i]) += n;
}

static inline void xsc_op_nr_load(struct pt_regs *regs, u32 nr)
{
	regs->orig_ax = nr;
	regs->ax = -ENOSYS;
}

static inline void xsc_op_regs_restore(struct pt_regs *regs,
				       const struct xsc_op_regs *s)
{
	regs->orig_ax = s->orig_ax;
	xsc_op_args_load(regs, s->args);
}

/* After a refused attempt: no signal handler may restart it. */
static inline void xsc_arch_no_restart(struct pt_regs *regs)
{
	regs->orig_ax = -1;
}

/* Where a restarted batch goes on: its fourth argument. */
static inline void xsc_arch_batch_resume_at(struct pt_regs *regs,
					    unsigned int pos)
{
	regs->r10 = pos;
}

long __x64_sys_write(const struct pt_regs *regs);
long __x64_sys_sendto(const struct pt_regs *regs);
long __x64_sys_recvfrom(const struct pt_regs *regs);
long __x64_sys_openat(const struct pt_regs *regs);
long __x64_sys_newfstatat(const struct pt_regs *regs);
long __x64_sys_statx(const struct pt_regs *regs);

/* Those that containers make most, before the search among all. */
static __always_inline long xsc_arch_search(struct pt_regs *regs, u32 nr)
{
	switch (nr) {
	case __NR_write:
		return __x64_sys_write(regs);
	case __NR_sendto:
		return __x64_sys_sendto(regs);
	case __NR_recvfrom:
		return __x64_sys_recvfrom(regs);
	case __NR_openat:
		return __x64_sys_openat(regs);
	case __NR_newfstatat:
		return __x64_sys_newfstatat(regs);
	case __NR_statx:
		return __x64_sys_statx(regs);
	default:
		return x64_sys_call(regs, nr);
	}
}

/* Run a native call that no control looks at. */
static __always_inline long xsc_arch_call(struct pt_regs *regs, u32 nr)
{
	regs->ax = xsc_arch_search(regs, nr);
	return regs->ax;
}

u32 xsc_arch_op_enter(struct pt_regs *regs, u32 nr);
long xsc_arch_op(struct pt_regs *regs, u32 nr);
long xsc_arch_worker_op(u32 nr, const u64 *args);
unsigned long xsc_arch_gate(struct xsc_seal *seal);
bool xsc_arch_supported(void);

#endif /* _ASM_X86_XSC_H */
