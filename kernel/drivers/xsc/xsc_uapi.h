/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * xsc_uapi.h - the XSC user interface: gate, note, batch, rings, control
 *
 * THE GATE.  The kernel maps a trampoline as a part of the vDSO and passes
 * its address in the auxiliary vector as AT_XSC.  It has four sites, each a
 * single system-call instruction at a fixed offset from that address, and
 * each for one purpose:
 *
 *   XSC_GATE_ENTER      "call" it with a native call number and arguments in
 *                       the architecture's system-call registers.
 *   XSC_GATE_BATCH      the same for XSC's own ops (XSC_OP_*).
 *   XSC_GATE_VFORK      "jmp" to it for vfork alone: it returns through a
 *                       register, since a vfork child overwrites the
 *                       parent's stack (x86-64: %rdi).
 *   XSC_GATE_SIGRETURN  the signal restorer; issues rt_sigreturn alone.
 *
 * In an XSC process every other way into the kernel ends in SIGSYS with
 * si_code SYS_XSC.  In a legacy process the gate is usable too, so that one
 * C library serves both; only XSC's own ops are not there (ENOSYS), but for
 * rings by /dev/xsc.
 *
 * Registers are those of the native system call; on x86-64 %rax, %rcx and
 * %r11 are clobbered, and the "call" uses eight bytes below the stack
 * pointer (callers with a red zone must step over it first).
 */
#ifndef _UAPI_XSC_H
#define _UAPI_XSC_H

#include <linux/types.h>

/** AT_XSC - auxiliary vector entry: address of the gate */
#define AT_XSC			0x5853

/** AT_XSC_STATE - auxiliary vector entry: XSC_ST_* of the process at execve */
#define AT_XSC_STATE		0x5854

/* Offsets from AT_XSC.  The same on every architecture. */
#define XSC_GATE_ENTER		0x00
#define XSC_GATE_BATCH		0x10
#define XSC_GATE_VFORK		0x20
#define XSC_GATE_SIGRETURN	0x30

/** SYS_XSC - si_code of a SIGSYS that the trap guard sent */
#ifndef SYS_XSC
#define SYS_XSC			3
#endif

/*
 * The ELF note: a PT_NOTE entry with name "XSC" (namesz 4) and type
 * XSC_NOTE_ABI, whose descriptor is struct xsc_note_abi.
 */
#define XSC_NOTE_NAME		"XSC"
#define XSC_NOTE_ABI		1

/** XSC_ABI - the only ABI version of struct xsc_note_abi.abi */
#define XSC_ABI			1

/** XSC_NOTE_F_ALL - flags that struct xsc_note_abi.flags may hold: none yet */
#define XSC_NOTE_F_ALL		0

/** XSC_NOTE_SEG_MAX - a PT_NOTE segment above this many bytes is not read */
#define XSC_NOTE_SEG_MAX	65536

/**
 * struct xsc_note_abi - descriptor of the XSC_NOTE_ABI note
 * @abi:	XSC_ABI; any other value makes execve fail with ENOEXEC
 * @flags:	XSC_NOTE_F_*; an unknown bit makes execve fail with ENOEXEC
 */
struct xsc_note_abi {
	__u32	abi;
	__u32	flags;
};

/*
 * Opcode space: native system-call numbers below XSC_OP_BASE, XSC's own ops
 * from there on.  The latter are given to XSC_GATE_BATCH, or stand in an SQE:
 * XSC_OP_NOP in any, XSC_OP_CANCEL and XSC_OP_LIMIT in one of a ring only.
 */
#define XSC_OP_BASE		0x10000

/* An unknown op gets ENOSYS.  nop(): 0, for measuring. */
#define XSC_OP_NOP		(XSC_OP_BASE + 0)
/*
 * batch(struct xsc_sqe *sqes, struct xsc_cqe *cqes, u32 nr, u32 start, 0):
 * run SQEs start..nr-1 in order, writing cqes[i] for sqes[i].  Returns the
 * number of the SQE after the last one completed (nr if all were).  It is
 * start itself when nothing was done since a seccomp filter says
 * SECCOMP_RET_TRAP to the first op: that one has to be issued by the direct
 * way, where a handler of SIGSYS can emulate it.
 * Errors: EINVAL (nr above XSC_BATCH_MAX, start above nr, fifth argument not
 * zero), EFAULT, EINTR and the restart codes: an op that a signal
 * interrupted has cqes[i].res == -EINTR, and the kernel advances the start
 * argument register (x86-64: %r10) to it, so that a restart resumes there.
 */
#define XSC_OP_BATCH		(XSC_OP_BASE + 1)
/* ring_setup(struct xsc_ring_params *): a ring's file descriptor */
#define XSC_OP_RING_SETUP	(XSC_OP_BASE + 2)
/*
 * ring_enter(int fd, u32 to_submit, u32 flags, u32 min_complete,
 * const struct __kernel_timespec *timeout): consume SQEs, then wait until
 * min_complete CQEs can be read, or as many as will come, or the time is over.
 * Returns the number of SQEs consumed.  Errors: EBUSY (no room in the CQ),
 * EINVAL, EFAULT, EBADF, EPERM, EDEADLK; and if no SQE was consumed ETIME, or
 * EINTR and the restart codes.
 */
#define XSC_OP_RING_ENTER	(XSC_OP_BASE + 3)
/*
 * cancel(u64 user_data, u64 flags): only in an SQE of a ring, and not in a
 * chain.  Ends what is in flight in the same ring; each such op gets its CQE,
 * -ECANCELED unless it was complete already.  Returns 0, EALREADY (it is being
 * run: it was interrupted and ends when it notices), ENOENT, EINVAL; with
 * XSC_CANCEL_ALL the number of ops.
 */
#define XSC_OP_CANCEL		(XSC_OP_BASE + 4)
/*
 * ring_buffers(int fd, const struct iovec *iov, u32 nr, 0, 0, 0): register nr
 * buffers, 1 to XSC_BUFFERS_MAX, of 1 to XSC_BUFFER_SIZE_MAX bytes each, for
 * XSC_SQE_FIXED_BUFFER in that ring, which has XSC_RING_ASYNC.  Their pages are
 * pinned, and charged to RLIMIT_MEMLOCK of the user, until iov is NULL and nr 0,
 * which unregisters all of them, or the ring is closed; those that a device
 * works on stay until its op has ended.  Returns 0.  Errors: EBUSY (there are
 * some), ENXIO (there are none), ENOMEM (or more than RLIMIT_MEMLOCK), EFAULT
 * (also memory that cannot be written), EOPNOTSUPP (memory of a file that is
 * not in tmpfs or hugetlbfs; not a ring), EINVAL, EBADF, EPERM, EDEADLK, EINTR.
 */
#define XSC_OP_RING_BUFFERS	(XSC_OP_BASE + 5)
/*
 * limit(u64 user_data, u64 ns, u64 flags, 0, 0, 0): only in an SQE of a ring, and
 * not in a chain.  The youngest op of this name that is in flight in the same
 * ring, or what is left of its chain, ends with -ETIME (of a chain the rest with
 * -ECANCELED) if it has not ended ns nanoseconds from now, as if it had been
 * cancelled then; what a device works on is not ended.  It stands best behind its
 * op in the same doorbell.  A later one takes the place of an earlier one; 0
 * nanoseconds: without limit again.  Returns 0.  Errors: ENOENT (it has ended, or
 * is in no ring that is asynchronous), EALREADY (its time is over, or it was
 * cancelled), EINVAL.
 */
#define XSC_OP_LIMIT		(XSC_OP_BASE + 6)
#define XSC_OP_END		(XSC_OP_BASE + 7)

/** XSC_BUFFERS_MAX - the most buffers that are registered with a ring */
#define XSC_BUFFERS_MAX		1024
/** XSC_BUFFER_SIZE_MAX - the most bytes of one of them */
#define XSC_BUFFER_SIZE_MAX	0x40000000UL

/* all that match, not just the oldest */
#define XSC_CANCEL_ALL		0x0001U
/* every op matches */
#define XSC_CANCEL_ANY		0x0002U
#define XSC_CANCEL_F_ALL	(XSC_CANCEL_ALL | XSC_CANCEL_ANY)

/* flags of XSC_OP_LIMIT: ns is a time of CLOCK_MONOTONIC */
#define XSC_LIMIT_ABS		0x0001U
/* 0 instead of ENOENT */
#define XSC_LIMIT_MAYBE		0x0002U
/* only if it is the op that went into flight last: spares the search */
#define XSC_LIMIT_LAST		0x0004U
#define XSC_LIMIT_F_ALL		(XSC_LIMIT_ABS | XSC_LIMIT_MAYBE | \
				 XSC_LIMIT_LAST)

/** XSC_BATCH_MAX - the most SQEs of one batch */
#define XSC_BATCH_MAX		1024

/* struct xsc_sqe.flags */
/* if this op fails (res in -4095..-1), the rest of its chain is cancelled */
#define XSC_SQE_LINK		0x0001U
/* add the result of the SQE fwd_from places before to args[fwd_arg] */
#define XSC_SQE_FORWARD		0x0002U
/*
 * only with XSC_RING_ASYNC: do not keep the order of this op and others on the position
 * of the same file, or in the same direction of the same stream
 */
#define XSC_SQE_UNORDERED	0x0008U
/*
 * only with XSC_RING_ASYNC: what waits for a file (recv, accept, a read of a pipe) is
 * not tried before the file says that it is ready.  Spares a try that is going to fail;
 * a hint without effect on other ops.
 */
#define XSC_SQE_POLL_FIRST	0x0010U
/*
 * only with XSC_RING_ASYNC: no CQE unless the op fails (res in -4095..-1).  A chain tells
 * by the CQE of its last op that those before it have succeeded.
 */
#define XSC_SQE_QUIET		0x0020U
/*
 * only with XSC_RING_ASYNC, for pread64 and pwrite64: the memory is a part of registered
 * buffer args[4].  EINVAL if there is no such buffer, EFAULT if it is not a part of it.
 * Direct I/O uses the pages that were registered, also when the address has come to mean
 * other memory.  Whatever goes another way is the plain call, with the address.
 */
#define XSC_SQE_FIXED_BUFFER	0x0040U
/* those that only XSC_RING_ASYNC has */
#define XSC_SQE_F_ASYNC		(XSC_SQE_UNORDERED | XSC_SQE_POLL_FIRST | \
				 XSC_SQE_QUIET | XSC_SQE_FIXED_BUFFER)
#define XSC_SQE_F_ALL		(XSC_SQE_LINK | XSC_SQE_FORWARD | \
				 XSC_SQE_F_ASYNC)

/**
 * struct xsc_sqe - submission queue entry: one op
 * @op:		native system-call number, or XSC_OP_NOP; in a ring also
 *		XSC_OP_CANCEL and XSC_OP_LIMIT
 * @flags:	XSC_SQE_*.  A chain is a run of SQEs with XSC_SQE_LINK and the
 *		one after it.  What comes behind a failed op in its chain gets
 *		-ECANCELED.
 * @fwd_arg:	with XSC_SQE_FORWARD, the argument to add to, 0 to 5; else 0.
 *		What it holds is the addend: 0 for an fd, an offset into what
 *		an mmap returned.  The sum wraps at 64 bits.
 * @fwd_from:	with XSC_SQE_FORWARD, how many SQEs back the source stands,
 *		1 to 255 and inside the same batch or doorbell, with
 *		XSC_RING_ASYNC inside the same chain; else 0.  A source that
 *		failed gives -ECANCELED.
 * @user_data:	copied to the CQE; with XSC_SQE_QUIET there is one only if the op
 *		fails
 * @args:	the six arguments, as in the system-call registers
 *
 * 64 bytes, no holes.  Errors in the CQE: EINVAL (unknown flag, a reserved
 * field not zero, an op that only the direct way admits, a bad forward),
 * ENOSYS (unknown op), ECANCELED, else what the op itself returns.
 */
struct xsc_sqe {
	__u32	op;
	__u16	flags;
	__u8	fwd_arg;
	__u8	fwd_from;
	__u64	user_data;
	__u64	args[6];
};

/**
 * struct xsc_cqe - completion queue entry
 * @user_data:	from the SQE
 * @res:	what the op returned: a value, or a negative errno
 */
struct xsc_cqe {
	__u64	user_data;
	__s64	res;
};

/*
 * RINGS.  A ring's file has two regions to mmap, MAP_SHARED, each written by
 * one side only:
 *
 *   SR at offset XSC_OFF_SR: PROT_READ|PROT_WRITE for the user.
 *     struct xsc_sr_hdr, then sq_entries SQEs at sqes_off
 *   CR at offset XSC_OFF_CR: PROT_READ for the user, and never more.
 *     struct xsc_cr_hdr, then cq_entries CQEs at cqes_off
 *
 * Indices are free-running and masked with entries - 1.
 *   user:   write SQEs, store-release sq_tail   | kernel: load-acquire sq_tail
 *   kernel: write CQEs, store-release cq_tail   | user:   load-acquire cq_tail
 *   user:   read CQEs, store-release cq_head    | kernel: load-acquire cq_head
 *   kernel: copied SQEs, store-release sq_head  | user:   load-acquire sq_head
 */
#define XSC_OFF_SR		0x00000000ULL
#define XSC_OFF_CR		0x10000000ULL

/** XSC_RING_MAX - the most SQ entries of one ring; the CQ may have twice that */
#define XSC_RING_MAX		4096

/**
 * struct xsc_sr_hdr - head of the SR region; the user writes, the kernel reads
 * @sq_tail:	producer index of the SQ
 * @cq_head:	consumer index of the CQ, on its own cache line
 */
struct xsc_sr_hdr {
	__u32	sq_tail;
	__u32	resv0[15];
	__u32	cq_head;
	__u32	resv1[15];
};

/**
 * struct xsc_cr_hdr - head of the CR region; the kernel writes, the user reads
 * @cq_tail:	producer index of the CQ
 * @sq_head:	consumer index of the SQ, on its own cache line
 * @flags:	XSC_CR_*
 * @sq_entries:	as in struct xsc_ring_params
 * @cq_entries:	as in struct xsc_ring_params
 * @sqes_done:	SQEs consumed since the ring was made
 * @errors:	SQEs among them that were malformed
 * @need_wakeup: with XSC_RING_POLL, 0 while the poller looks at sq_tail and the
 *		doorbell need not be rung; otherwise always 1.  See XSC_RING_POLL.
 */
struct xsc_cr_hdr {
	__u32	cq_tail;
	__u32	resv0[15];
	__u32	sq_head;
	__u32	flags;
	__u32	sq_entries;
	__u32	cq_entries;
	__u64	sqes_done;
	__u64	errors;
	__u32	need_wakeup;
	__u32	resv1[7];
};

/* struct xsc_cr_hdr.flags: the CQ was full when the last doorbell ended */
#define XSC_CR_CQ_FULL		0x0001U
/* sq_tail was more than sq_entries ahead of sq_head at the last doorbell */
#define XSC_CR_SQ_BROKEN	0x0002U

/*
 * struct xsc_ring_params.flags.  Without it the doorbell runs each op before it
 * looks at the next, and CQEs are in the order of SQEs.  With it an op that
 * would block goes on by itself: CQEs come in the order in which ops end, and
 * a CQE's place is kept free from the moment its SQE is consumed.  A chain is
 * run in order.  While a tracer, a seccomp filter, audit or a system-call
 * tracepoint looks at the thread, all its ops run in the thread itself.
 */
#define XSC_RING_ASYNC		0x0001U
/*
 * With XSC_RING_ASYNC: a thread of the kernel, the poller, looks at sq_tail and
 * runs ops without a doorbell, on another CPU.  It does so from the first
 * doorbell on until there was nothing to do for poll_idle microseconds.  Who
 * submits stores sq_tail, has a full barrier, then loads need_wakeup: if it is
 * not 0, the doorbell has to be rung, and runs the ops in the caller.
 *
 *   user:   store sq_tail; full barrier; load need_wakeup
 *   poller: store need_wakeup = 1; full barrier; load sq_tail; sleep
 *
 * Who waits looks at need_wakeup again: the poller leaves to the doorbell what
 * only the caller may run, and everything while a control looks at the caller,
 * or when its credentials have changed; what stands behind an op that a signal
 * has ended there waits for the next one.  A chain has to be made visible by
 * one store of sq_tail.  EPERM if kernel.xsc.poller is 0.
 */
#define XSC_RING_POLL		0x0002U
/*
 * With XSC_RING_POLL: poll only for as long as more ops are consumed in a given
 * time than by doorbells.  That is measured, again and again.
 */
#define XSC_RING_ADAPT		0x0004U
/*
 * With XSC_RING_ASYNC, not with XSC_RING_POLL: an op whose file became ready, or whose
 * time has come, waits for the next doorbell of the thread that submitted it; no worker
 * takes it up meanwhile.  For threads that come back to the doorbell soon: many ops are
 * then ended in one go.  Who looks at the CQ without ringing may see nothing of them.
 * While another thread waits for the ring's CQEs, or the ring's file is polled, workers
 * take them up as without the flag.
 */
#define XSC_RING_DEFER		0x0008U
/*
 * With XSC_RING_ASYNC, not with XSC_RING_POLL: a thread that waits for CQEs looks for them
 * for poll_idle microseconds at most before it sleeps.  How long is learnt: no longer than
 * waits have lasted lately, not at all if they last longer than that, and only while
 * nothing else wants to run on its CPU.  Spares the sleep and the wake-up where answers
 * come soon, as from another CPU or a fast device.
 */
#define XSC_RING_SPIN		0x0010U
#define XSC_RING_F_ALL		(XSC_RING_ASYNC | XSC_RING_POLL | \
				 XSC_RING_ADAPT | XSC_RING_DEFER | \
				 XSC_RING_SPIN)

/**
 * XSC_POLL_IDLE - microseconds after which an idle poller, or a thread that spins,
 * sleeps, by default
 */
#define XSC_POLL_IDLE		100
/** XSC_POLL_IDLE_MAX - the most that struct xsc_ring_params.poll_idle may hold */
#define XSC_POLL_IDLE_MAX	100000

/**
 * struct xsc_ring_params - argument of XSC_OP_RING_SETUP and XSC_IOC_SETUP
 * @sq_entries:	in: 1 to XSC_RING_MAX; out: rounded up to a power of two
 * @cq_entries:	in: 0 for twice sq_entries, else sq_entries to
 *		2 * XSC_RING_MAX; out: rounded up to a power of two
 * @flags:	in: XSC_RING_*
 * @poll_idle:	in: with XSC_RING_POLL or XSC_RING_SPIN, microseconds, 0 for
 *		XSC_POLL_IDLE, at most XSC_POLL_IDLE_MAX; else must be zero;
 *		out: what was taken
 * @sr_size:	out: bytes to mmap at XSC_OFF_SR
 * @cr_size:	out: bytes to mmap at XSC_OFF_CR
 * @sqes_off:	out: offset of the SQE array inside the SR region
 * @cqes_off:	out: offset of the CQE array inside the CR region
 * @resv:	in: must be zero
 */
struct xsc_ring_params {
	__u32	sq_entries;
	__u32	cq_entries;
	__u32	flags;
	__u32	poll_idle;
	__u64	sr_size;
	__u64	cr_size;
	__u32	sqes_off;
	__u32	cqes_off;
	__u64	resv[3];
};

/**
 * struct xsc_ring_enter - argument of XSC_IOC_ENTER
 * @to_submit:	consume at most this many SQEs
 * @flags:	must be zero
 * @min_complete: wait for so many CQEs, as XSC_OP_RING_ENTER does
 * @resv:	must be zero
 * @timeout:	address of a struct __kernel_timespec, or zero
 */
struct xsc_ring_enter {
	__u32	to_submit;
	__u32	flags;
	__u32	min_complete;
	__u32	resv;
	__u64	timeout;
};

/**
 * struct xsc_ring_buffers - argument of XSC_IOC_BUFFERS
 * @iov:	address of the iovecs, or zero
 * @nr:		how many, as in XSC_OP_RING_BUFFERS
 * @resv:	must be zero
 */
struct xsc_ring_buffers {
	__u64	iov;
	__u32	nr;
	__u32	resv;
};

/*
 * /dev/xsc, for legacy processes as well: open, XSC_IOC_SETUP once, mmap the
 * regions, XSC_IOC_ENTER as the doorbell, XSC_IOC_BUFFERS as
 * XSC_OP_RING_BUFFERS.  A ring serves the process that set it up; another one
 * gets EPERM.
 */
#define XSC_IOC_SETUP		_IOWR('X', 0x80, struct xsc_ring_params)
#define XSC_IOC_ENTER		_IOW('X', 0x81, struct xsc_ring_enter)
#define XSC_IOC_BUFFERS		_IOW('X', 0x82, struct xsc_ring_buffers)

/*
 * prctl(PR_XSC, ...):
 *   XSC_PR_GET                 returns XSC_ST_* of the calling thread
 *   XSC_PR_INHERIT, 0 or 1     with 1, dynamic native ELF files that this
 *                              thread and its children execute become XSC
 *                              processes also without a note, until set to 0
 *                              or a program is executed that is set-id or has
 *                              file capabilities; not files of a C library
 *                              that has no interpreter below
 *                              kernel.xsc.interp_prefix
 * EINVAL on a kernel without XSC.
 */
#define PR_XSC			0x585343
#define XSC_PR_GET		0
#define XSC_PR_INHERIT		1

#define XSC_ST_ACTIVE		0x0001U	/* this is an XSC process */
#define XSC_ST_INHERIT		0x0002U	/* XSC_PR_INHERIT is set */

/* sysctl kernel.xsc.exec_policy */
#define XSC_POLICY_OFF		0	/* legacy binaries run */
#define XSC_POLICY_AUDIT	1	/* legacy binaries run and are recorded */
#define XSC_POLICY_ENFORCE	2	/* legacy binaries get EACCES */

#endif /* _UAPI_XSC_H */
