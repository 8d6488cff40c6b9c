/* SPDX-License-Identifier: MIT */
/*
 * gate.h - calling the kernel through the XSC gate
 *
 *	#include <xsc/gate.h>
 *
 *	long pid = xsc_call(__NR_getpid);
 *
 * Functions return what the kernel does: a value, or a negative errno.  They
 * never touch errno.  On a kernel without XSC they return -ENOSYS.  In a
 * legacy process the direct way works as well; xsc_op() and xsc_batch() may
 * return -ENOSYS there, and the caller then makes the calls one by one.
 *
 * Not through here: vfork, clone with a stack of its own and rt_sigreturn,
 * which return elsewhere or not at all; those are the C library's business.
 */
#ifndef XSC_GATE_H
#define XSC_GATE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

#include <xsc/xsc_uapi.h>

#ifdef __cplusplus
#define XSC_STATIC_ASSERT(x)	static_assert(x, #x)
extern "C" {
#else
#define XSC_STATIC_ASSERT(x)	_Static_assert(x, #x)
#endif

XSC_STATIC_ASSERT(sizeof(struct xsc_note_abi) == 8);
XSC_STATIC_ASSERT(sizeof(struct xsc_sqe) == 64);
XSC_STATIC_ASSERT(offsetof(struct xsc_sqe, user_data) == 8);
XSC_STATIC_ASSERT(offsetof(struct xsc_sqe, args) == 16);
XSC_STATIC_ASSERT(sizeof(struct xsc_cqe) == 16);
XSC_STATIC_ASSERT(sizeof(struct xsc_sr_hdr) == 128);
XSC_STATIC_ASSERT(offsetof(struct xsc_sr_hdr, cq_head) == 64);
XSC_STATIC_ASSERT(sizeof(struct xsc_cr_hdr) == 128);
XSC_STATIC_ASSERT(offsetof(struct xsc_cr_hdr, sq_head) == 64);
XSC_STATIC_ASSERT(sizeof(struct xsc_ring_params) == 64);
XSC_STATIC_ASSERT(sizeof(struct xsc_ring_enter) == 24);
XSC_STATIC_ASSERT(sizeof(struct xsc_ring_buffers) == 16);

#if defined(__x86_64__) && defined(__LP64__)
#include <xsc/gate-x86_64.h>
#else
#error "xsc/gate.h: no gate for this architecture"
#endif

/**
 * xsc_gate() - address of the gate
 *
 * Return: AT_XSC, or 0 on a kernel without XSC
 */
static inline unsigned long xsc_gate(void)
{
	/* Two threads that fill this in at once write the same value. */
	static unsigned long gate;
	unsigned long g = __atomic_load_n(&gate, __ATOMIC_RELAXED);

	if (!g) {
		int saved = errno;

		g = getauxval(AT_XSC);
		errno = saved;
		__atomic_store_n(&gate, g, __ATOMIC_RELAXED);
	}
	return g;
}

/*
 * xsc_call0() to xsc_call6() - the direct way in
 * @nr:		native system-call number
 * @a..@f:	its arguments
 *
 * Return: what the system call returns, errors as negative errno
 */
static inline long xsc_call6(long nr, long a, long b, long c, long d, long e,
			     long f)
{
	unsigned long gate = xsc_gate();

	if (!gate)
		return -ENOSYS;
	return xsc_gate_call6(a, b, c, d, e, f, nr, gate + XSC_GATE_ENTER);
}

static inline long xsc_call4(long nr, long a, long b, long c, long d)
{
	unsigned long gate = xsc_gate();

	if (!gate)
		return -ENOSYS;
	return xsc_gate_call4(a, b, c, d, nr, gate + XSC_GATE_ENTER);
}

static inline long xsc_call3(long nr, long a, long b, long c)
{
	unsigned long gate = xsc_gate();

	if (!gate)
		return -ENOSYS;
	return xsc_gate_call3(a, b, c, nr, gate + XSC_GATE_ENTER);
}

static inline long xsc_call5(long nr, long a, long b, long c, long d, long e)
{
	return xsc_call6(nr, a, b, c, d, e, 0);
}

static inline long xsc_call2(long nr, long a, long b)
{
	return xsc_call3(nr, a, b, 0);
}

static inline long xsc_call1(long nr, long a)
{
	return xsc_call3(nr, a, 0, 0);
}

static inline long xsc_call0(long nr)
{
	return xsc_call3(nr, 0, 0, 0);
}

/**
 * xsc_op6() - one of XSC's own ops
 * @op:		XSC_OP_*
 * @a..@f:	its arguments, see xsc_uapi.h
 *
 * XSC_OP_BATCH has xsc_batch(), which knows how it is restarted.
 *
 * Return: what the op returns, errors as negative errno
 */
static inline long xsc_op6(long op, long a, long b, long c, long d, long e,
			   long f)
{
	unsigned long gate = xsc_gate();

	if (!gate)
		return -ENOSYS;
	return xsc_gate_call6(a, b, c, d, e, f, op, gate + XSC_GATE_BATCH);
}

/*
 * xsc_call(nr, ...) and xsc_op(op, ...) take zero to six arguments, numbers
 * or pointers.
 */
#define XSC_ARG(x)	((long)(x))
#ifdef __cplusplus
extern "C++" {
template <typename... args> static inline long xsc_call(long nr, args... arg)
{
	static_assert(sizeof...(arg) <= 6, "a call has six arguments at most");
	const long a[6] = { XSC_ARG(arg)... };

	return xsc_call6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

template <typename... args> static inline long xsc_op(long op, args... arg)
{
	static_assert(sizeof...(arg) <= 6, "an op has six arguments at most");
	const long a[6] = { XSC_ARG(arg)... };

	return xsc_op6(op, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
#else
#define XSC_NARGS(_0, _1, _2, _3, _4, _5, _6, n, ...)	n
#define XSC_CALL0(fn, nr)		fn(nr, 0, 0, 0, 0, 0, 0)
#define XSC_CALL1(fn, nr, a)		fn(nr, XSC_ARG(a), 0, 0, 0, 0, 0)
#define XSC_CALL2(fn, nr, a, b)		fn(nr, XSC_ARG(a), XSC_ARG(b),	\
					   0, 0, 0, 0)
#define XSC_CALL3(fn, nr, a, b, c)	fn(nr, XSC_ARG(a), XSC_ARG(b),	\
					   XSC_ARG(c), 0, 0, 0)
#define XSC_CALL4(fn, nr, a, b, c, d)	fn(nr, XSC_ARG(a), XSC_ARG(b),	\
					   XSC_ARG(c), XSC_ARG(d), 0, 0)
#define XSC_CALL5(fn, nr, a, b, c, d, e)				\
					fn(nr, XSC_ARG(a), XSC_ARG(b),	\
					   XSC_ARG(c), XSC_ARG(d),	\
					   XSC_ARG(e), 0)
#define XSC_CALL6(fn, nr, a, b, c, d, e, f)				\
					fn(nr, XSC_ARG(a), XSC_ARG(b),	\
					   XSC_ARG(c), XSC_ARG(d),	\
					   XSC_ARG(e), XSC_ARG(f))
/* The number is one of them, so that there is always one: ISO C asks for it. */
#define XSC_DISPATCH(fn, ...)						\
	XSC_NARGS(__VA_ARGS__, XSC_CALL6, XSC_CALL5, XSC_CALL4,		\
		  XSC_CALL3, XSC_CALL2, XSC_CALL1, XSC_CALL0,		\
		  0)(fn, __VA_ARGS__)
#define xsc_call(...)	XSC_DISPATCH(xsc_call6, __VA_ARGS__)
#define xsc_op(...)	XSC_DISPATCH(xsc_op6, __VA_ARGS__)
#endif

/**
 * xsc_batch_from() - run a batch from the middle
 * @sqes:	the ops
 * @cqes:	where their results go, one for each
 * @nr:		how many there are
 * @start:	in: the first one to run; out: the one that a signal
 *		interrupted, where -EINTR is returned
 *
 * Return: the number of the SQE after the last one completed, or a negative
 *	errno, see XSC_OP_BATCH
 */
static inline long xsc_batch_from(const struct xsc_sqe *sqes,
				  struct xsc_cqe *cqes, unsigned int nr,
				  unsigned int *start)
{
	unsigned long gate = xsc_gate(), from = *start;
	long ret;

	if (!gate)
		return -ENOSYS;
	ret = xsc_gate_batch(sqes, cqes, nr, from, 0, gate + XSC_GATE_BATCH,
			     &from);
	*start = (unsigned int)from;
	return ret;
}

/**
 * xsc_batch() - run ops in order, in one kernel entry
 * @sqes:	the ops
 * @cqes:	where their results go, one for each
 * @nr:		how many there are, XSC_BATCH_MAX at most
 *
 * As write(2) does, it reports a signal by a short count: SQEs from the
 * returned number on have not run, except that the first of them was
 * interrupted and has res == -EINTR.  xsc_batch_from() goes on from there.
 *
 * A seccomp filter that says SECCOMP_RET_TRAP to an op ends the batch before
 * it, with no signal: issue that op by xsc_call6() and go on behind it.  A
 * return of 0 says that it is the first.
 *
 * Return: how many completed (@nr if all did), -EINTR if a signal interrupted
 *	the very first, or another negative errno
 */
static inline long xsc_batch(const struct xsc_sqe *sqes, struct xsc_cqe *cqes,
			     unsigned int nr)
{
	unsigned int start = 0;
	long ret = xsc_batch_from(sqes, cqes, nr, &start);

	return ret == -EINTR && start ? (long)start : ret;
}

/**
 * xsc_sqe_prep() - fill in an SQE
 * @sqe:	the SQE, all of it is written
 * @op:		native system-call number, or one of XSC's own that may stand
 *		in an SQE
 * @a..@f:	the arguments
 */
static inline void xsc_sqe_prep(struct xsc_sqe *sqe, unsigned int op, long a,
				long b, long c, long d, long e, long f)
{
	sqe->op = op;
	sqe->flags = 0;
	sqe->fwd_arg = 0;
	sqe->fwd_from = 0;
	sqe->user_data = 0;
	sqe->args[0] = (__u64)a;
	sqe->args[1] = (__u64)b;
	sqe->args[2] = (__u64)c;
	sqe->args[3] = (__u64)d;
	sqe->args[4] = (__u64)e;
	sqe->args[5] = (__u64)f;
}

/** xsc_sqe_set_data64() - set what the CQE will carry in user_data */
static inline void xsc_sqe_set_data64(struct xsc_sqe *sqe, __u64 data)
{
	sqe->user_data = data;
}

/** xsc_sqe_link() - if this op fails, cancel the rest of its chain */
static inline void xsc_sqe_link(struct xsc_sqe *sqe)
{
	sqe->flags |= XSC_SQE_LINK;
}

/** xsc_sqe_unordered() - in an asynchronous ring: do not wait for others on the file */
static inline void xsc_sqe_unordered(struct xsc_sqe *sqe)
{
	sqe->flags |= XSC_SQE_UNORDERED;
}

/** xsc_sqe_poll_first() - in an asynchronous ring: try it when the file is ready */
static inline void xsc_sqe_poll_first(struct xsc_sqe *sqe)
{
	sqe->flags |= XSC_SQE_POLL_FIRST;
}

/** xsc_sqe_quiet() - in an asynchronous ring: a CQE only if it fails */
static inline void xsc_sqe_quiet(struct xsc_sqe *sqe)
{
	sqe->flags |= XSC_SQE_QUIET;
}

/**
 * xsc_sqe_fixed_buffer() - in an asynchronous ring: the memory is a part of a registered buffer
 * @sqe:	a pread or pwrite
 * @index:	which buffer of xsc_ring_register_buffers()
 */
static inline void xsc_sqe_fixed_buffer(struct xsc_sqe *sqe, unsigned int index)
{
	sqe->flags |= XSC_SQE_FIXED_BUFFER;
	sqe->args[4] = index;
}

/**
 * xsc_sqe_forward() - add an earlier result to an argument
 * @sqe:	the SQE that uses it
 * @arg:	which argument, 0 to 5; it holds 0 for the result as it is, or
 *		what is to be added to it
 * @from:	how many SQEs before this one the source stands, 1 to 255
 */
static inline void xsc_sqe_forward(struct xsc_sqe *sqe, unsigned int arg,
				   unsigned int from)
{
	sqe->flags |= XSC_SQE_FORWARD;
	sqe->fwd_arg = (__u8)arg;
	sqe->fwd_from = (__u8)from;
}

#ifdef __cplusplus
}
#endif

#endif /* XSC_GATE_H */
