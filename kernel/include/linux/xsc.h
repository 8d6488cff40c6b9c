/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc.h - the hooks of XSC in the core kernel, and what they call
 *
 * Without CONFIG_XSC every hook is an empty inline.  With it, each is behind
 * a static key or a test of a field that is zero in legacy processes.
 */
#ifndef _LINUX_XSC_H
#define _LINUX_XSC_H

#include <linux/jump_label.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#ifdef CONFIG_XSC_HOOKS
#include <linux/xsc_types.h>
#endif

struct file;
struct linux_binprm;
struct pid_namespace;
struct pid;
struct pt_regs;
struct seq_file;

/**
 * struct xsc_note_scan - what the PT_NOTE segments of a file said
 * @found:	XSC_NOTE_ABI notes seen
 * @bad:	one of them is malformed or of an unknown version
 * @unreadable:	a segment could not be read (size, alignment, end of file)
 */
struct xsc_note_scan {
	u8	found;
	bool	bad;
	bool	unreadable;
};

#ifdef CONFIG_XSC_HOOKS

/* Turned on by the first XSC process, and never off again. */
DECLARE_STATIC_KEY_FALSE(xsc_used_key);

/* True once an XSC process has run on this kernel. */
static __always_inline bool xsc_used(void)
{
	return static_branch_unlikely(&xsc_used_key);
}

/* Is @tsk an XSC task? */
static __always_inline bool xsc_task(const struct task_struct *tsk)
{
	return tsk->xsc.gate_ip;
}

/* xsc_exec.c: execve, fork, exit, prctl, /proc/PID/xsc */
void xsc_note_segment(struct file *file, loff_t off, u64 size, u64 align,
		      struct xsc_note_scan *scan);
int xsc_exec_check(struct linux_binprm *bprm, const struct xsc_note_scan *scan,
		   bool native, bool dynamic);
struct file *xsc_open_interp(struct linux_binprm *bprm, const char *path);
void xsc_exec_flush(struct linux_binprm *bprm);
int xsc_exec_commit(struct linux_binprm *bprm);
void xsc_fork(struct task_struct *tsk);
void xsc_container_abort(struct xsc_container *c);
void xsc_run_resume(void);
void xsc_resume_abort(void);
bool xsc_trap_deferred(void);
unsigned int xsc_state(void);
void xsc_pool_exit(int code);
void xsc_exit_account(struct signal_struct *sig, struct task_struct *tsk);
int xsc_prctl(unsigned long cmd, unsigned long arg, unsigned long arg4,
	      unsigned long arg5);
int xsc_proc_show(struct seq_file *m, struct pid_namespace *ns,
		  struct pid *pid, struct task_struct *task);
bool xsc_map_unstamped(struct file *file, unsigned long prot);

void *xsc_container_path_take(void);
bool xsc_container_path_keep(void *path);

/**
 * xsc_path_take() - a buffer for a path, from the container of the current task
 *
 * Return: an object of names_cachep, which is the caller's; NULL if there is no
 * container or it has none to spare.
 *
 * Context: process context.
 */
static __always_inline void *xsc_path_take(void)
{
	if (!xsc_used() || likely(!current->xsc.container))
		return NULL;
	return xsc_container_path_take();
}

/**
 * xsc_path_keep() - offer the container of the current task a buffer for paths
 * @path:	an object of names_cachep
 *
 * Return: true if the container has taken it over.
 *
 * Context: process context.
 */
static __always_inline bool xsc_path_keep(void *path)
{
	if (!xsc_used() || likely(!current->xsc.container))
		return false;
	return xsc_container_path_keep(path);
}

/**
 * xsc_resume() - the current task is about to return to user mode
 *
 * What others have left to it is done here, where it holds nothing, since an op
 * may end it: one thing at a time.  This comes before signals: a doorbell by
 * ioctl() may have to be restarted.  What comes first is the signal mask of the
 * call that the task is in: an op may have one of its own.  A task that is killed
 * begins nothing more.
 *
 * Return: the work flags that come of it.
 *
 * Context: with TIF_NOTIFY_RESUME, interrupts on.
 */
static inline unsigned long xsc_resume(void)
{
	if (likely(!current->xsc.resume))
		return 0;
	if (!test_restore_sigmask() && !fatal_signal_pending(current))
		xsc_run_resume();
	return _TIF_SIGPENDING;
}

/**
 * xsc_resume_later() - TIF_NOTIFY_RESUME has been cleared
 *
 * There may be more to be done.
 */
static inline void xsc_resume_later(void)
{
	if (unlikely(current->xsc.resume))
		set_thread_flag(TIF_NOTIFY_RESUME);
}

/**
 * xsc_sealed() - may the current process not touch the mapping of a range?
 * @mm:		its memory map
 * @start:	first byte
 * @end:	the byte after the last
 *
 * Return: true when the range overlaps the sealed vDSO of an XSC process.
 */
static inline bool xsc_sealed(const struct mm_struct *mm, unsigned long start,
			      unsigned long end)
{
	return start < mm->xsc_seal.end && end > mm->xsc_seal.start;
}

/**
 * xsc_maps_noexec() - must a mapping of a file never become executable?
 * @file:	the file, or NULL
 * @prot:	PROT_*
 *
 * Return: true if so.
 *
 * Context: without mmap_lock; may read the file.
 */
static inline bool xsc_maps_noexec(struct file *file, unsigned long prot)
{
	return xsc_used() && file && xsc_map_unstamped(file, prot);
}

/**
 * xsc_noexec_begin() - do_mmap() of such a mapping follows
 * @noexec:	what xsc_maps_noexec() said
 *
 * As on a file system without exec: EACCES for PROT_EXEC, and no VM_MAYEXEC.
 */
static inline void xsc_noexec_begin(bool noexec)
{
	if (unlikely(noexec))
		current->xsc.noexec = true;
}

/**
 * xsc_noexec_end() - it is over
 * @noexec:	as for xsc_noexec_begin()
 */
static inline void xsc_noexec_end(bool noexec)
{
	if (unlikely(noexec))
		current->xsc.noexec = false;
}

/* Inside do_mmap(). */
static inline bool xsc_noexec(void)
{
	return xsc_used() && current->xsc.noexec;
}

/**
 * xsc_exit() - a task dies, perhaps inside a batch or a doorbell
 * @tsk:	current
 * @code:	what it ends with
 *
 * What it has in flight is cancelled.
 */
static inline void xsc_exit(struct task_struct *tsk, int code)
{
	tsk->xsc.exits = true;
	if (unlikely(tsk->xsc.container))
		xsc_container_abort(tsk->xsc.container);
	xsc_resume_abort();
	if (unlikely(tsk->xsc.pool))
		xsc_pool_exit(code);
}

#else /* !CONFIG_XSC_HOOKS */

static inline bool xsc_used(void)
{
	return false;
}

static inline bool xsc_task(const struct task_struct *tsk)
{
	return false;
}

static inline void xsc_note_segment(struct file *file, loff_t off, u64 size,
				    u64 align, struct xsc_note_scan *scan) { }

static inline int xsc_exec_check(struct linux_binprm *bprm,
				 const struct xsc_note_scan *scan, bool native,
				 bool dynamic)
{
	return 0;
}

struct file *open_exec(const char *name);

static inline struct file *xsc_open_interp(struct linux_binprm *bprm,
					   const char *path)
{
	return open_exec(path);
}

static inline void xsc_exec_flush(struct linux_binprm *bprm) { }

static inline int xsc_exec_commit(struct linux_binprm *bprm)
{
	return 0;
}

static inline void xsc_fork(struct task_struct *tsk) { }

static inline void xsc_exit(struct task_struct *tsk, int code) { }

static inline unsigned long xsc_resume(void)
{
	return 0;
}

static inline void xsc_resume_later(void) { }

static inline bool xsc_trap_deferred(void)
{
	return false;
}

static inline void xsc_exit_account(struct signal_struct *sig,
				    struct task_struct *tsk) { }

static inline void *xsc_path_take(void)
{
	return NULL;
}

static inline bool xsc_path_keep(void *path)
{
	return false;
}

static inline int xsc_prctl(unsigned long cmd, unsigned long arg,
			    unsigned long arg4, unsigned long arg5)
{
	return -EINVAL;
}

static inline bool xsc_maps_noexec(struct file *file, unsigned long prot)
{
	return false;
}

static inline void xsc_noexec_begin(bool noexec) { }

static inline void xsc_noexec_end(bool noexec) { }

static inline bool xsc_noexec(void)
{
	return false;
}

static inline bool xsc_sealed(const struct mm_struct *mm, unsigned long start,
			      unsigned long end)
{
	return false;
}

#endif /* CONFIG_XSC_HOOKS */

/* The doors that the trap guard watches. */
enum xsc_door {
	XSC_DOOR_SYSCALL,	/* the native instruction outside the gate */
	XSC_DOOR_NUMBER,	/* a number that its gate site does not admit */
	XSC_DOOR_COMPAT,	/* the compat fast entries: sysenter, syscall32 */
	XSC_DOOR_INT80,		/* int $0x80 */
	XSC_DOOR_VSYSCALL,	/* the vsyscall page */
};

#ifdef CONFIG_XSC_HOOKS
/* xsc_guard.c */
void xsc_trap(struct pt_regs *regs, int nr, enum xsc_door door);

/**
 * xsc_guard() - trap guard of a legacy entry
 * @regs:	user registers, orig_ax holding @nr
 * @nr:		the number asked for
 * @door:	which entry this is
 *
 * Return: true when the task is an XSC task.  The attempt is then counted,
 * recorded and a SIGSYS is on its way; the caller returns to user mode
 * without running anything.
 */
static __always_inline bool xsc_guard(struct pt_regs *regs, int nr,
				      enum xsc_door door)
{
	if (!xsc_used() || likely(!xsc_task(current)))
		return false;
	xsc_trap(regs, nr, door);
	return true;
}
#else
static inline bool xsc_guard(struct pt_regs *regs, int nr, enum xsc_door door)
{
	return false;
}
#endif

#endif /* _LINUX_XSC_H */
