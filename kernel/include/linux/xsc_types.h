/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_types.h - what XSC keeps in task_struct, signal_struct and mm_struct
 */
#ifndef _LINUX_XSC_TYPES_H
#define _LINUX_XSC_TYPES_H

#include <linux/types.h>

/* Families of the op table.  Names for people: xsc_family_name(). */
enum xsc_family {
	XSC_FAM_OTHER,
	XSC_FAM_FS,
	XSC_FAM_NET,
	XSC_FAM_TIMER,
	XSC_FAM_SYNC,
	XSC_FAM_EXEC,
	XSC_FAM_MM,
	XSC_FAM_SIGNAL,
	XSC_FAM_PROC,
	XSC_FAM_SEC,
	XSC_FAM_IPC,
	XSC_FAM_SYS,
	XSC_FAM_NR
};

/* The ways in. */
enum xsc_way {
	XSC_WAY_DIRECT,
	XSC_WAY_BATCH,
	XSC_WAY_RING,
	XSC_WAY_NR
};

/**
 * struct xsc_counts - what xscctl status shows
 * @ops:	ops by way in and by family
 * @containers:	kernel entries that were batches or doorbells; each op of the
 *		direct way is an entry of its own besides
 * @traps:	attempts that the trap guard refused
 *
 * A task's own are written by that task alone and read without a lock.
 */
struct xsc_counts {
	u64	ops[XSC_WAY_NR][XSC_FAM_NR];
	u64	containers;
	u64	traps;
};

struct callback_head;
struct file;
struct xsc_container;
struct xsc_pool;

/**
 * struct xsc_task - XSC state of a task
 * @gate_ip:	instruction pointer that the gate's enter site leaves; 0 in a
 *		legacy task.  Inherited by fork and clone, replaced at execve.
 * @resume:	what it has to do before it returns to user mode: see xsc_resume_add()
 * @bell:	a file of which it holds a reference while it does something that may
 *		end it, or NULL
 * @inherit:	XSC_PR_INHERIT
 * @exits:	it is in do_exit()
 * @rescues:	it runs what the poller has left to it
 * @noexec:	what it maps must never become executable
 * @container:	the batch or doorbell that the task is inside of, or NULL
 * @pool:	what it has in flight, from its first op that did not end at once;
 *		never inherited
 * @counts:	since execve or clone
 */
struct xsc_task {
	unsigned long		gate_ip;
	struct xsc_container	*container;
	struct xsc_pool		*pool;
	struct callback_head	*resume;
	struct file		*bell;
	bool			inherit;
	bool			exits;
	bool			rescues;
	bool			noexec;
	struct xsc_counts	counts;
};

/**
 * struct xsc_seal - the range that an XSC process may not remap
 * @start:	first byte, 0 when nothing is sealed
 * @end:	the byte after the last
 *
 * Written once, at execve, before the first user instruction.
 */
struct xsc_seal {
	unsigned long	start;
	unsigned long	end;
};

#endif /* _LINUX_XSC_TYPES_H */
