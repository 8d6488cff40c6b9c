/* SPDX-License-Identifier: MIT */
/*
 * prep.h - filling in SQEs
 *
 * One function for the calls that rings are mostly used for.  Any other is
 * xsc_sqe_prep() with its number and arguments: an op is the system call.
 */
#ifndef XSC_PREP_H
#define XSC_PREP_H

#include <linux/time_types.h>
#include <stddef.h>
#include <sys/syscall.h>

#include <xsc/gate.h>

struct iovec;
struct msghdr;
struct pollfd;
struct sockaddr;

#ifdef __cplusplus
extern "C" {
#endif

/** xsc_prep_nop() - do nothing */
static inline void xsc_prep_nop(struct xsc_sqe *sqe)
{
	xsc_sqe_prep(sqe, XSC_OP_NOP, 0, 0, 0, 0, 0, 0);
}

/** xsc_prep_cancel() - cancel what carries @user_data; XSC_CANCEL_* */
static inline void xsc_prep_cancel(struct xsc_sqe *sqe, __u64 user_data,
				   unsigned int flags)
{
	xsc_sqe_prep(sqe, XSC_OP_CANCEL, (long)user_data, (long)flags, 0, 0, 0,
		     0);
}

/**
 * xsc_prep_limit() - -ETIME for the op in flight that carries @user_data, if it
 * has not ended after @ns nanoseconds; XSC_LIMIT_*
 */
static inline void xsc_prep_limit(struct xsc_sqe *sqe, __u64 user_data,
				  __u64 ns, unsigned int flags)
{
	xsc_sqe_prep(sqe, XSC_OP_LIMIT, (long)user_data, (long)ns, (long)flags,
		     0, 0, 0);
}

/** xsc_prep_read() - read(2) */
static inline void xsc_prep_read(struct xsc_sqe *sqe, int fd, void *buf,
				 size_t len)
{
	xsc_sqe_prep(sqe, __NR_read, fd, (long)buf, (long)len, 0, 0, 0);
}

/** xsc_prep_write() - write(2) */
static inline void xsc_prep_write(struct xsc_sqe *sqe, int fd, const void *buf,
				  size_t len)
{
	xsc_sqe_prep(sqe, __NR_write, fd, (long)buf, (long)len, 0, 0, 0);
}

/** xsc_prep_pread() - pread(2) */
static inline void xsc_prep_pread(struct xsc_sqe *sqe, int fd, void *buf,
				  size_t len, __u64 offset)
{
	xsc_sqe_prep(sqe, __NR_pread64, fd, (long)buf, (long)len, (long)offset,
		     0, 0);
}

/** xsc_prep_pwrite() - pwrite(2) */
static inline void xsc_prep_pwrite(struct xsc_sqe *sqe, int fd, const void *buf,
				   size_t len, __u64 offset)
{
	xsc_sqe_prep(sqe, __NR_pwrite64, fd, (long)buf, (long)len, (long)offset,
		     0, 0);
}

/** xsc_prep_readv() - readv(2) */
static inline void xsc_prep_readv(struct xsc_sqe *sqe, int fd,
				  const struct iovec *iov, int nr)
{
	xsc_sqe_prep(sqe, __NR_readv, fd, (long)iov, nr, 0, 0, 0);
}

/** xsc_prep_writev() - writev(2) */
static inline void xsc_prep_writev(struct xsc_sqe *sqe, int fd,
				   const struct iovec *iov, int nr)
{
	xsc_sqe_prep(sqe, __NR_writev, fd, (long)iov, nr, 0, 0, 0);
}

/** xsc_prep_openat() - openat(2) */
static inline void xsc_prep_openat(struct xsc_sqe *sqe, int dfd,
				   const char *path, int flags,
				   unsigned int mode)
{
	xsc_sqe_prep(sqe, __NR_openat, dfd, (long)path, flags, (long)mode, 0,
		     0);
}

/** xsc_prep_close() - close(2) */
static inline void xsc_prep_close(struct xsc_sqe *sqe, int fd)
{
	xsc_sqe_prep(sqe, __NR_close, fd, 0, 0, 0, 0, 0);
}

/** xsc_prep_statx() - statx(2) */
static inline void xsc_prep_statx(struct xsc_sqe *sqe, int dfd,
				  const char *path, int flags,
				  unsigned int mask, void *buf)
{
	xsc_sqe_prep(sqe, __NR_statx, dfd, (long)path, flags, (long)mask,
		     (long)buf, 0);
}

/** xsc_prep_unlinkat() - unlinkat(2) */
static inline void xsc_prep_unlinkat(struct xsc_sqe *sqe, int dfd,
				     const char *path, int flags)
{
	xsc_sqe_prep(sqe, __NR_unlinkat, dfd, (long)path, flags, 0, 0, 0);
}

/** xsc_prep_mkdirat() - mkdirat(2) */
static inline void xsc_prep_mkdirat(struct xsc_sqe *sqe, int dfd,
				    const char *path, unsigned int mode)
{
	xsc_sqe_prep(sqe, __NR_mkdirat, dfd, (long)path, (long)mode, 0, 0, 0);
}

/** xsc_prep_renameat() - renameat2(2) */
static inline void xsc_prep_renameat(struct xsc_sqe *sqe, int old_dfd,
				     const char *old_path, int new_dfd,
				     const char *new_path, unsigned int flags)
{
	xsc_sqe_prep(sqe, __NR_renameat2, old_dfd, (long)old_path, new_dfd,
		     (long)new_path, (long)flags, 0);
}

/** xsc_prep_fsync() - fsync(2) */
static inline void xsc_prep_fsync(struct xsc_sqe *sqe, int fd)
{
	xsc_sqe_prep(sqe, __NR_fsync, fd, 0, 0, 0, 0, 0);
}

/** xsc_prep_fdatasync() - fdatasync(2) */
static inline void xsc_prep_fdatasync(struct xsc_sqe *sqe, int fd)
{
	xsc_sqe_prep(sqe, __NR_fdatasync, fd, 0, 0, 0, 0, 0);
}

/** xsc_prep_fallocate() - fallocate(2) */
static inline void xsc_prep_fallocate(struct xsc_sqe *sqe, int fd, int mode,
				      __u64 offset, __u64 len)
{
	xsc_sqe_prep(sqe, __NR_fallocate, fd, mode, (long)offset, (long)len, 0,
		     0);
}

/** xsc_prep_accept() - accept4(2) */
static inline void xsc_prep_accept(struct xsc_sqe *sqe, int fd,
				   struct sockaddr *addr, void *len, int flags)
{
	xsc_sqe_prep(sqe, __NR_accept4, fd, (long)addr, (long)len, flags, 0, 0);
}

/** xsc_prep_connect() - connect(2) */
static inline void xsc_prep_connect(struct xsc_sqe *sqe, int fd,
				    const struct sockaddr *addr,
				    unsigned int len)
{
	xsc_sqe_prep(sqe, __NR_connect, fd, (long)addr, (long)len, 0, 0, 0);
}

/** xsc_prep_recv() - recv(2) */
static inline void xsc_prep_recv(struct xsc_sqe *sqe, int fd, void *buf,
				 size_t len, int flags)
{
	xsc_sqe_prep(sqe, __NR_recvfrom, fd, (long)buf, (long)len, flags, 0, 0);
}

/** xsc_prep_send() - send(2) */
static inline void xsc_prep_send(struct xsc_sqe *sqe, int fd, const void *buf,
				 size_t len, int flags)
{
	xsc_sqe_prep(sqe, __NR_sendto, fd, (long)buf, (long)len, flags, 0, 0);
}

/** xsc_prep_recvmsg() - recvmsg(2) */
static inline void xsc_prep_recvmsg(struct xsc_sqe *sqe, int fd,
				    struct msghdr *msg, int flags)
{
	xsc_sqe_prep(sqe, __NR_recvmsg, fd, (long)msg, flags, 0, 0, 0);
}

/** xsc_prep_sendmsg() - sendmsg(2) */
static inline void xsc_prep_sendmsg(struct xsc_sqe *sqe, int fd,
				    const struct msghdr *msg, int flags)
{
	xsc_sqe_prep(sqe, __NR_sendmsg, fd, (long)msg, flags, 0, 0, 0);
}

/** xsc_prep_shutdown() - shutdown(2) */
static inline void xsc_prep_shutdown(struct xsc_sqe *sqe, int fd, int how)
{
	xsc_sqe_prep(sqe, __NR_shutdown, fd, how, 0, 0, 0, 0);
}

/** xsc_prep_poll() - poll(2) */
static inline void xsc_prep_poll(struct xsc_sqe *sqe, struct pollfd *fds,
				 unsigned int nr, int timeout_ms)
{
	xsc_sqe_prep(sqe, __NR_poll, (long)fds, (long)nr, timeout_ms, 0, 0, 0);
}

/** xsc_prep_sleep() - complete after so long; a timeout, no thread waits */
static inline void xsc_prep_sleep(struct xsc_sqe *sqe,
				  const struct __kernel_timespec *time)
{
	xsc_sqe_prep(sqe, __NR_nanosleep, (long)time, 0, 0, 0, 0, 0);
}

/** xsc_prep_sleep_until() - complete at a time (TIMER_ABSTIME) */
static inline void xsc_prep_sleep_until(struct xsc_sqe *sqe, int clock,
					const struct __kernel_timespec *time)
{
	xsc_sqe_prep(sqe, __NR_clock_nanosleep, clock, 1, (long)time, 0, 0, 0);
}

/** xsc_sqe_set_data() - set what the CQE will carry, as a pointer */
static inline void xsc_sqe_set_data(struct xsc_sqe *sqe, const void *data)
{
	sqe->user_data = (__u64)(unsigned long)data;
}

/** xsc_cqe_get_data() - what xsc_sqe_set_data() set */
static inline void *xsc_cqe_get_data(const struct xsc_cqe *cqe)
{
	return (void *)(unsigned long)cqe->user_data;
}

#ifdef __cplusplus
}
#endif

#endif /* XSC_PREP_H */
