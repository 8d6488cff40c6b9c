// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_exec.c - becoming and being an XSC process: execve, fork, exit, prctl,
 * sysctl kernel.xsc.*, /proc/PID/xsc
 */
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "xsc.h"
#include "xsc_trace.h"

#define XSC_PREFIX_MAX		256

static int xsc_exec_policy __read_mostly = XSC_POLICY_OFF;
static char xsc_interp_prefix[XSC_PREFIX_MAX] = "/usr/lib/xsc";
static DEFINE_MUTEX(xsc_interp_prefix_lock);

/* Say what execve found, where anybody wants to know. */
static void xsc_exec_report(struct linux_binprm *bprm, bool xsc,
			    const char *reason, int err)
{
	trace_xsc_exec(bprm->filename, xsc, reason, err);
	if (err || (!xsc && xsc_exec_policy != XSC_POLICY_OFF))
		xsc_audit("exec", __NR_execve, 0, reason, bprm->file, err);
}

/* Does XSC_PR_INHERIT hold for this file?  Not if it may do more than we. */
static bool xsc_exec_inherits(struct linux_binprm *bprm)
{
	/* As exec takes credentials: binfmt_misc may want those of the file. */
	struct file *file = bprm->execfd_creds ? bprm->executable : bprm->file;
	struct vfsmount *mnt = file->f_path.mnt;
	struct cpu_vfs_cap_data caps;

	return current->xsc.inherit &&
	       (!mnt_may_suid(mnt) ||
		(!(file_inode(file)->i_mode & (S_ISUID | S_ISGID)) &&
		 get_vfs_caps_from_disk(mnt_user_ns(mnt), file->f_path.dentry,
					&caps)));
}

/**
 * xsc_exec_check() - decide what an ELF file becomes
 * @bprm:	the execve; @bprm->xsc is set
 * @scan:	what its PT_NOTE segments said
 * @native:	it is of the kernel's native 64-bit ABI
 * @dynamic:	it asks for an interpreter
 *
 * A bad XSC note is refused under every policy; a file without one is legacy,
 * and the policy decides.
 *
 * Return: 0, -ENOEXEC (bad note, or no gate to give), -EACCES (policy).
 */
int xsc_exec_check(struct linux_binprm *bprm, const struct xsc_note_scan *scan,
		   bool native, bool dynamic)
{
	const char *reason = "stamped";
	int err = 0;

	bprm->xsc = false;
	bprm->xsc_noted = scan->found;
	if (scan->found) {
		if (scan->bad)
			reason = "bad-note";
		else if (scan->found > 1)
			reason = "several-notes";
		else if (!native)
			reason = "not-native";
		else if (!xsc_arch_supported())
			reason = "no-gate";
		else
			bprm->xsc = true;
		if (!bprm->xsc)
			err = -ENOEXEC;
	} else {
		reason = scan->unreadable ? "unreadable-note" : "no-note";
		if (xsc_exec_policy == XSC_POLICY_ENFORCE) {
			err = -EACCES;
		} else if (native && dynamic && xsc_exec_inherits(bprm) &&
			   xsc_arch_supported()) {
			bprm->xsc = true;
			reason = "inherited";
		}
	}

	xsc_exec_report(bprm, bprm->xsc, reason, err);
	if (bprm->xsc && !xsc_used())
		static_branch_enable(&xsc_used_key);
	return err;
}

/**
 * xsc_open_interp() - open the interpreter that an ELF file asks for
 * @bprm:	the execve
 * @path:	PT_INTERP
 *
 * An XSC process gets the one below kernel.xsc.interp_prefix if there is one.
 * Without one there, a file that is to be an XSC process only because its
 * parent asked for it (XSC_PR_INHERIT) stays legacy: it is of a C library that
 * has no XSC twin.
 *
 * Return: the file, or an ERR_PTR.
 */
struct file *xsc_open_interp(struct linux_binprm *bprm, const char *path)
{
	struct file *file = ERR_PTR(-ENOENT);
	char *name = NULL;

	if (!bprm->xsc)
		return open_exec(path);

	mutex_lock(&xsc_interp_prefix_lock);
	if (xsc_interp_prefix[0] && path[0] == '/')
		name = kasprintf(GFP_KERNEL, "%s%s", xsc_interp_prefix, path);
	mutex_unlock(&xsc_interp_prefix_lock);
	if (name)
		file = open_exec(name);
	if (file == ERR_PTR(-ENOENT) || file == ERR_PTR(-ENOTDIR)) {
		if (name && !bprm->xsc_noted) {
			bprm->xsc = false;
			xsc_exec_report(bprm, false, "no-interpreter", 0);
		}
		file = open_exec(path);
	}
	kfree(name);

	if (!IS_ERR(file) && xsc_exec_policy == XSC_POLICY_ENFORCE &&
	    !xsc_file_stamped(file)) {
		trace_xsc_exec(path, false, "interpreter", -EACCES);
		xsc_audit("exec", __NR_execve, 0, "interpreter", file, -EACCES);
		exe_file_allow_write_access(file);
		fput(file);
		file = ERR_PTR(-EACCES);
	}
	return file;
}

/**
 * xsc_exec_flush() - the task stops being what it was
 * @bprm:	the execve, past the point of no return
 */
void xsc_exec_flush(struct linux_binprm *bprm)
{
	struct xsc_task *x = &current->xsc;

	/* A container does not go on in another program. */
	if (WARN_ON_ONCE(x->container))
		force_fatal_sig(SIGKILL);
	if (current->xsc.pool)
		xsc_pool_exit(0);
	x->gate_ip = 0;
	memset(&x->counts, 0, sizeof(x->counts));
	memset(&current->signal->xsc, 0, sizeof(current->signal->xsc));
	if (bprm->secureexec)
		x->inherit = false;
}

/**
 * xsc_exec_commit() - make the new process an XSC process, if it is to be one
 * @bprm:	the execve; the vDSO is mapped, no user instruction has run
 *
 * Return: 0, or -ENOEXEC without a vDSO (which kills the process).
 */
int xsc_exec_commit(struct linux_binprm *bprm)
{
	unsigned long ip;

	if (!bprm->xsc)
		return 0;
	ip = xsc_arch_gate(&current->mm->xsc_seal);
	if (!ip)
		return -ENOEXEC;
	current->xsc.gate_ip = ip;
	return 0;
}

/**
 * xsc_fork() - a new task starts with counters of its own
 * @tsk:	the copy of current
 */
void xsc_fork(struct task_struct *tsk)
{
	memset(&tsk->xsc.counts, 0, sizeof(tsk->xsc.counts));
	tsk->xsc.container = NULL;
	tsk->xsc.pool = NULL;
	tsk->xsc.resume = NULL;
	tsk->xsc.bell = NULL;
	tsk->xsc.rescues = false;
}

static void xsc_counts_add(struct xsc_counts *sum, const struct xsc_counts *c)
{
	unsigned int way, fam;

	for (way = 0; way < XSC_WAY_NR; way++)
		for (fam = 0; fam < XSC_FAM_NR; fam++)
			sum->ops[way][fam] += READ_ONCE(c->ops[way][fam]);
	sum->containers += READ_ONCE(c->containers);
	sum->traps += READ_ONCE(c->traps);
}

/**
 * xsc_exit_account() - keep a dead thread's counters for its process
 * @sig:	the process
 * @tsk:	the thread
 *
 * Context: siglock and stats_lock of @sig held.
 */
void xsc_exit_account(struct signal_struct *sig, struct task_struct *tsk)
{
	if (xsc_used() && xsc_task(tsk))
		xsc_counts_add(&sig->xsc, &tsk->xsc.counts);
}

/**
 * xsc_state() - what the calling thread is
 *
 * Return: XSC_ST_*
 */
unsigned int xsc_state(void)
{
	return (xsc_task(current) ? XSC_ST_ACTIVE : 0) |
	       (current->xsc.inherit ? XSC_ST_INHERIT : 0);
}

/**
 * xsc_prctl() - prctl(PR_XSC, ...)
 * @cmd:	XSC_PR_*
 * @arg:	its argument
 * @arg4:	must be zero
 * @arg5:	must be zero
 *
 * Return: XSC_ST_* or 0; -EINVAL.
 */
int xsc_prctl(unsigned long cmd, unsigned long arg, unsigned long arg4,
	      unsigned long arg5)
{
	if (arg4 || arg5)
		return -EINVAL;

	switch (cmd) {
	case XSC_PR_GET:
		if (arg)
			return -EINVAL;
		return xsc_state();
	case XSC_PR_INHERIT:
		if (arg > 1)
			return -EINVAL;
		current->xsc.inherit = arg;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * xsc_map_unstamped() - is a file to be mapped so that it cannot be executed?
 * @file:	the file
 * @prot:	PROT_*, for the record
 *
 * Under the enforce policy an XSC process maps only stamped files executable.
 * What is mapped otherwise may be made so by a personality or by mprotect(),
 * so the file is looked at in any case.  Only a regular file can be stamped: to
 * read another may have effects.
 *
 * Return: true if so.
 *
 * Context: reads the file, so without mmap_lock.
 */
bool xsc_map_unstamped(struct file *file, unsigned long prot)
{
	if (!xsc_task(current) || xsc_exec_policy != XSC_POLICY_ENFORCE)
		return false;
	if (S_ISREG(file_inode(file)->i_mode) && file->f_mode & FMODE_READ &&
	    file->f_op->read_iter && !file->f_op->read &&
	    xsc_file_stamped(file))
		return false;
	if (prot & PROT_EXEC)
		xsc_audit("map", __NR_mmap, 0, "no-note", file, -EACCES);
	return true;
}

#ifdef CONFIG_PROC_FS
static void xsc_show_ops(struct seq_file *m, const char *name, const u64 *ops)
{
	unsigned int fam;

	seq_printf(m, "%s:\t", name);
	for (fam = 0; fam < XSC_FAM_NR; fam++)
		seq_printf(m, "%s%s=%llu", fam ? " " : "",
			   xsc_family_names[fam], ops[fam]);
	seq_putc(m, '\n');
}

/**
 * xsc_proc_show() - /proc/PID/xsc
 * @m:		output
 * @ns:		unused
 * @pid:	unused
 * @task:	a thread of the process
 *
 * For who may look into the process: its counters tell when it does something,
 * as those of /proc/PID/io do.
 *
 * Return: 0; -EACCES; -ENOMEM; -EINTR, killed.
 */
int xsc_proc_show(struct seq_file *m, struct pid_namespace *ns,
		  struct pid *pid, struct task_struct *task)
{
	struct signal_struct *sig = task->signal;
	unsigned int fam;
	struct xsc_counts *sum;
	struct task_struct *t;
	unsigned long flags;
	u64 entries;
	int ret;

	sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	if (!sum)
		return -ENOMEM;
	/* It may become another program meanwhile, which we may not look into. */
	ret = down_read_killable(&sig->exec_update_lock);
	if (ret)
		goto free;
	if (!ptrace_may_access(task, PTRACE_MODE_READ_FSCREDS)) {
		ret = -EACCES;
		goto unlock;
	}

	/* No thread may be counted twice, or not at all, while it dies. */
	rcu_read_lock();
	read_seqlock_excl_irqsave(&sig->stats_lock, flags);
	*sum = sig->xsc;
	for_each_thread(task, t)
		xsc_counts_add(sum, &t->xsc.counts);
	read_sequnlock_excl_irqrestore(&sig->stats_lock, flags);
	rcu_read_unlock();

	entries = sum->containers;
	for (fam = 0; fam < XSC_FAM_NR; fam++)
		entries += sum->ops[XSC_WAY_DIRECT][fam];

	seq_printf(m, "xsc:\t%d\ninherit:\t%d\nentries:\t%llu\ntraps:\t%llu\n",
		   xsc_task(task), task->xsc.inherit, entries, sum->traps);
	xsc_show_ops(m, "direct", sum->ops[XSC_WAY_DIRECT]);
	xsc_show_ops(m, "batch", sum->ops[XSC_WAY_BATCH]);
	xsc_show_ops(m, "ring", sum->ops[XSC_WAY_RING]);
unlock:
	up_read(&sig->exec_update_lock);
free:
	kfree(sum);
	return ret;
}
#endif

#ifdef CONFIG_SYSCTL
static int xsc_prefix_handler(struct ctl_table *table, int write, void *buffer,
			      size_t *lenp, loff_t *ppos)
{
	int ret;

	mutex_lock(&xsc_interp_prefix_lock);
	ret = proc_dostring(table, write, buffer, lenp, ppos);
	mutex_unlock(&xsc_interp_prefix_lock);
	return ret;
}

static struct ctl_table xsc_sysctls[] = {
	{
		.procname	= "exec_policy",
		.data		= &xsc_exec_policy,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_TWO,
	},
	{
		.procname	= "interp_prefix",
		.data		= xsc_interp_prefix,
		.maxlen		= XSC_PREFIX_MAX,
		.mode		= 0644,
		.proc_handler	= xsc_prefix_handler,
	},
	{
		.procname	= "workers_max",
		.data		= &xsc_workers_max,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= SYSCTL_TWO,
		.extra2		= SYSCTL_ONE_THOUSAND,
	},
	{
		.procname	= "poller",
		.data		= &xsc_poller_allowed,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{ }
};

static int __init xsc_sysctl_init(void)
{
	register_sysctl_init("kernel/xsc", xsc_sysctls);
	return 0;
}
late_initcall(xsc_sysctl_init);
#endif
