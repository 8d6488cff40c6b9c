/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_optable.h - rows of the op table that only x86-64 has
 *
 * XSC_OP(name, family, flags); included by drivers/xsc/xsc_op.c.
 */

/* fs */
XSC_OP(open, FS, XSC_OPF_BLOCK)
XSC_OP(stat, FS, 0)
XSC_OP(lstat, FS, 0)
XSC_OP(access, FS, 0)
XSC_OP(pipe, FS, 0)
XSC_OP(dup2, FS, 0)
XSC_OP(getdents, FS, XSC_OPF_BLOCK | XSC_OPF_POS | XSC_OPF_FD)
XSC_OP(rename, FS, XSC_OPF_BLOCK)
XSC_OP(mkdir, FS, 0)
XSC_OP(rmdir, FS, 0)
XSC_OP(creat, FS, XSC_OPF_BLOCK)
XSC_OP(link, FS, 0)
XSC_OP(unlink, FS, XSC_OPF_BLOCK)
XSC_OP(symlink, FS, 0)
XSC_OP(readlink, FS, 0)
XSC_OP(chmod, FS, 0)
XSC_OP(chown, FS, 0)
XSC_OP(lchown, FS, 0)
XSC_OP(utime, FS, 0)
XSC_OP(mknod, FS, 0)
XSC_OP(ustat, FS, 0)
XSC_OP(sysfs, FS, 0)
XSC_OP(utimes, FS, 0)
XSC_OP(inotify_init, FS, 0)
XSC_OP(futimesat, FS, 0)
XSC_OP(renameat, FS, XSC_OPF_BLOCK)
XSC_OP(name_to_handle_at, FS, 0)
XSC_OP(open_by_handle_at, FS, XSC_OPF_BLOCK)

/* timer */
XSC_OP(alarm, TIMER, XSC_OPF_CALLER)
XSC_OP(time, TIMER, 0)

/* sync */
XSC_OP(poll, SYNC, XSC_OPF_BLOCK)
XSC_OP(select, SYNC, XSC_OPF_BLOCK)
XSC_OP(epoll_create, SYNC, 0)
XSC_OP(epoll_ctl_old, SYNC, 0)
XSC_OP(epoll_wait_old, SYNC, 0)
XSC_OP(epoll_wait, SYNC, XSC_OPF_BLOCK | XSC_OPF_POLL | XSC_OPF_FD)
XSC_OP(eventfd, SYNC, 0)

/* exec */
XSC_OP(fork, EXEC, XSC_OPF_DIRECT | XSC_OPF_CALLER)
XSC_OP(vfork, EXEC, XSC_OPF_DIRECT | XSC_OPF_CALLER)
XSC_OP(uselib, EXEC, 0)

/* signal */
XSC_OP(pause, SIGNAL, XSC_OPF_CALLER | XSC_OPF_BLOCK)
XSC_OP(signalfd, SIGNAL, 0)

/* proc */
XSC_OP(getrlimit, PROC, 0)
XSC_OP(getpgrp, PROC, 0)
XSC_OP(modify_ldt, PROC, XSC_OPF_CALLER)
XSC_OP(arch_prctl, PROC, XSC_OPF_CALLER)
XSC_OP(setrlimit, PROC, 0)
XSC_OP(iopl, PROC, XSC_OPF_CALLER)
XSC_OP(ioperm, PROC, XSC_OPF_CALLER)
XSC_OP(set_thread_area, PROC, XSC_OPF_CALLER)
XSC_OP(get_thread_area, PROC, XSC_OPF_CALLER)
