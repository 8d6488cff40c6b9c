// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_try.c - running an op on the condition that it does not block
 *
 * What is run here is what the call runs, with the same checks in the same
 * order, and told not to wait.  Where the kernel offers no such thing, the op
 * is for a worker, which waits as the caller would.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/random.h>
#include <linux/shmem_fs.h>
#include <linux/signalfd.h>
#include <linux/socket.h>
#include <linux/time.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "xsc_async.h"

/* Bytes have moved: the rest is what remains of the op. */
static void xsc_try_advance(struct xsc_try *t, ssize_t bytes, bool at)
{
	t->done += bytes;
	/* xsc_try_vec() and xsc_try_sendmsg() go by that. */
	if (t->vector)
		return;
	t->args[1] += bytes;
	t->args[2] -= bytes;
	if (at)
		t->args[3] += bytes;
}

/**
 * xsc_try_done() - an op has ended
 * @t:		the op
 * @res:	of what was left of it
 *
 * Return: XSC_TRY_DONE, with @t->res for all of it but in xsc_try_rest().
 */
enum xsc_tried xsc_try_done(struct xsc_try *t, s64 res)
{
	t->res = t->waits ? res : xsc_total(t->done, res);
	return XSC_TRY_DONE;
}

/**
 * xsc_try_later() - is an op to be tried when its file is ready, not before?
 * @t:		the op
 *
 * Return: true once, if that was asked for.
 */
bool xsc_try_later(struct xsc_try *t)
{
	bool later = t->poll_first && file_can_poll(t->file);

	t->poll_first = false;
	return later;
}

static bool xsc_streams(const struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return S_ISSOCK(mode) || S_ISFIFO(mode) || file->f_mode & FMODE_NOWAIT;
}

/* A disk: by itself if it is direct I/O at a place that the op names. */
static enum xsc_tried xsc_try_direct(const struct xsc_try *t, bool out, bool at)
{
	return at && t->file->f_flags & O_DIRECT &&
	       xsc_direct_try(t->file, out, t->args[3]) ?
	       XSC_TRY_DIRECT : XSC_TRY_WORKER;
}

/* A regular file: page cache, or a disk. */
static enum xsc_tried xsc_try_regular(struct xsc_try *t, struct iov_iter *iter,
				      bool out, bool at)
{
	struct inode *inode = file_inode(t->file);
	size_t count = iov_iter_count(iter);
	bool vec = iter_is_iovec(iter);
	loff_t pos, *ppos = &pos;
	ssize_t ret;
	bool part;

	if (t->file->f_flags & O_DIRECT)
		return vec ? XSC_TRY_WORKER : xsc_try_direct(t, out, at);
	/* A buffered write copies into memory, unless it has to reach a disk. */
	if (out)
		return t->file->f_flags & (O_DSYNC | O_SYNC) ||
		       IS_SYNC(inode) ? XSC_TRY_WORKER : XSC_TRY_CALLER;
	if (shmem_file(t->file))
		return XSC_TRY_CALLER;
	if (!(t->file->f_mode & FMODE_NOWAIT) || t->file->f_op->read ||
	    !t->file->f_op->read_iter)
		return XSC_TRY_WORKER;

	if (at) {
		pos = t->args[3];
		if (pos < 0)
			return XSC_TRY_CALLER;
	} else {
		if (!mutex_trylock(&t->file->f_pos_lock))
			return XSC_TRY_WORKER;
		pos = t->file->f_pos;
	}
	ret = xsc_rw_iter(t->file, iter, ppos, false, IOCB_NOWAIT);
	part = ret > 0 && ret < count && pos < i_size_read(inode);
	if (!at) {
		if (ret >= 0 && !part)
			t->file->f_pos = pos;
		mutex_unlock(&t->file->f_pos_lock);
	}
	if (ret == -EAGAIN || ret == -EOPNOTSUPP)
		return XSC_TRY_WORKER;
	if (!part)
		return xsc_try_done(t, ret);
	/*
	 * A worker does the rest.  All of it again, if it is a vector, or at the
	 * file's own position: what another thread reads there comes before or
	 * after.
	 */
	if (!vec && at)
		xsc_try_advance(t, ret, true);
	return XSC_TRY_WORKER;
}

/* It shows the signals of the current thread: see xsc_shows_thread(). */
static noinline enum xsc_tried xsc_try_signalfd(struct xsc_try *t, size_t count)
{
	ssize_t ret;

	if (xsc_try_later(t))
		return XSC_TRY_AGAIN;
	ret = signalfd_take(t->file, u64_to_user_ptr(t->args[1]), count);
	return ret == -EAGAIN ? XSC_TRY_AGAIN : xsc_try_done(t, ret);
}

static enum xsc_tried xsc_try_iter(struct xsc_try *t, struct iov_iter *iter,
				   bool out, bool at)
{
	size_t left = iov_iter_count(iter);
	bool vec = iter_is_iovec(iter);
	struct file *file = t->file;
	umode_t mode = file_inode(file)->i_mode;
	ssize_t ret;

	if (!(file->f_mode & (out ? FMODE_CAN_WRITE : FMODE_CAN_READ)))
		return XSC_TRY_CALLER;
	if (S_ISREG(mode))
		return xsc_try_regular(t, iter, out, at);
	if (S_ISBLK(mode))
		return vec ? XSC_TRY_WORKER : xsc_try_direct(t, out, at);
	/* It does not wait, or it fails. */
	if (file->f_flags & O_NONBLOCK ||
	    (at && (S_ISDIR(mode) || file->f_mode & FMODE_NOWAIT ||
		    !(file->f_mode & (out ? FMODE_PWRITE : FMODE_PREAD)))))
		return XSC_TRY_CALLER;
	if (at || !xsc_streams(file) ||
	    (out ? file->f_op->write || !file->f_op->write_iter :
		   file->f_op->read || !file->f_op->read_iter)) {
		if (!at && !out && !vec && is_signalfd(file))
			return xsc_try_signalfd(t, left);
		/* Some can be written to, and do not say when. */
		return !out && file_can_poll(file) ? XSC_TRY_POLL :
						     XSC_TRY_WORKER;
	}
	if (sock_from_file(file)) {
		struct sock *sk = sock_from_file(file)->sk;

		if ((out ? sk->sk_sndtimeo : sk->sk_rcvtimeo) !=
		    MAX_SCHEDULE_TIMEOUT)
			return XSC_TRY_WORKER;
	}

	if (xsc_try_later(t))
		return XSC_TRY_AGAIN;
	ret = xsc_rw_iter(file, iter, NULL, out, t->waits ? 0 : IOCB_NOWAIT);
	if (t->waits)
		return xsc_try_done(t, ret);
	if (ret == -EAGAIN)
		return file_can_poll(file) ? XSC_TRY_AGAIN : XSC_TRY_WORKER;
	if (ret == -EOPNOTSUPP)
		return XSC_TRY_WORKER;
	if (out && ret > 0 && ret < left && (S_ISSOCK(mode) || S_ISFIFO(mode))) {
		xsc_try_advance(t, ret, false);
		return XSC_TRY_AGAIN;
	}
	return xsc_try_done(t, ret);
}

/* read, write, pread64, pwrite64 */
static enum xsc_tried xsc_try_rw(struct xsc_try *t, bool out, bool at)
{
	struct iov_iter iter;

	/* All parts together are no more than one call moves. */
	iov_iter_ubuf(&iter, out ? ITER_SOURCE : ITER_DEST,
		      (void __user *)(unsigned long)t->args[1],
		      min_t(u64, t->args[2], MAX_RW_COUNT - t->done));
	return xsc_try_iter(t, &iter, out, at);
}

/* readv, writev, preadv, pwritev; and preadv2 and pwritev2 without flags */
static noinline enum xsc_tried xsc_try_vec(struct xsc_try *t, bool out, bool at)
{
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	enum xsc_tried tried;
	struct iov_iter iter;

	/* The call itself knows what to say; it does not come to waiting. */
	if (import_iovec(out ? ITER_SOURCE : ITER_DEST,
			 (void __user *)(unsigned long)t->args[1], t->args[2],
			 UIO_FASTIOV, &iov, &iter) <= 0) {
		/* Parts without a byte are parts. */
		kfree(iov);
		return xsc_in_parts(t) ? xsc_try_done(t, 0) : XSC_TRY_CALLER;
	}
	t->vector = true;
	iov_iter_advance(&iter, t->done);
	tried = xsc_try_iter(t, &iter, out, at);
	kfree(iov);
	return tried;
}

static enum xsc_tried xsc_try_vec2(struct xsc_try *t, bool out)
{
	if (t->args[5])
		return XSC_TRY_WORKER;
	return xsc_try_vec(t, out, t->args[3] != -1ULL);
}

/*
 * A message of one buffer and no address.  Field by field: clearing all of it
 * takes longer than what a small message is otherwise.
 */
static __always_inline int xsc_msg_init(struct msghdr *msg, bool out, u64 addr,
					size_t len)
{
	void __user *buf = (void __user *)(unsigned long)addr;

	/* A kernel with more fields has more to set here. */
	BUILD_BUG_ON(sizeof(*msg) != offsetofend(struct msghdr, sg_from_iter) ||
		     sizeof(*msg) != 64 + sizeof(msg->msg_iter));
	if (unlikely(!access_ok(buf, len)))
		return -EFAULT;
	msg->msg_name = NULL;
	msg->msg_namelen = 0;
	msg->msg_inq = 0;
	iov_iter_ubuf(&msg->msg_iter, out ? ITER_SOURCE : ITER_DEST, buf, len);
	msg->msg_control = NULL;
	msg->msg_control_is_user = false;
	msg->msg_get_inq = false;
	msg->msg_flags = 0;
	msg->msg_controllen = 0;
	msg->msg_iocb = NULL;
	msg->msg_ubuf = NULL;
	msg->sg_from_iter = NULL;
	return 0;
}

static enum xsc_tried xsc_try_recvfrom(struct xsc_try *t, struct socket *sock)
{
	struct msghdr msg __attribute__((__uninitialized__));
	unsigned int flags = t->args[3];
	int ret;

	if (t->args[4] || flags & MSG_WAITALL)
		return XSC_TRY_POLL;
	ret = xsc_msg_init(&msg, false, t->args[1],
			   min_t(u64, t->args[2], MAX_RW_COUNT));
	if (!ret)
		ret = sock_recvmsg(sock, &msg, flags | MSG_DONTWAIT);
	if (ret == -EAGAIN)
		return XSC_TRY_AGAIN;
	return xsc_try_done(t, ret);
}

/* What a send that does not wait has come to; @left is what it had to send. */
static enum xsc_tried xsc_try_sent(struct xsc_try *t, struct socket *sock,
				   size_t left, int ret)
{
	if (t->waits)
		return xsc_try_done(t, ret);
	if (ret == -EAGAIN)
		return XSC_TRY_AGAIN;
	if (ret > 0 && ret < left && sock->type == SOCK_STREAM) {
		xsc_try_advance(t, ret, false);
		return XSC_TRY_AGAIN;
	}
	return xsc_try_done(t, ret);
}

/* Of these a call is not the same as two that send a part each. */
static bool xsc_send_whole(unsigned int flags)
{
	return flags & (MSG_ZEROCOPY | MSG_FASTOPEN | MSG_OOB | MSG_EOR);
}

static noinline int xsc_send_to(struct xsc_try *t, struct socket *sock,
				struct msghdr *msg)
{
	struct sockaddr_storage address;
	int ret;

	ret = move_addr_to_kernel((void __user *)(unsigned long)t->args[4],
				  t->args[5], &address);
	if (ret < 0)
		return ret;
	msg->msg_name = &address;
	msg->msg_namelen = t->args[5];
	return sock_sendmsg(sock, msg);
}

static enum xsc_tried xsc_try_sendto(struct xsc_try *t, struct socket *sock)
{
	struct msghdr msg __attribute__((__uninitialized__));
	unsigned int flags = t->args[3];
	size_t left;
	int ret;

	if (xsc_send_whole(flags))
		return XSC_TRY_POLL;
	left = min_t(u64, t->args[2], MAX_RW_COUNT - t->done);
	ret = xsc_msg_init(&msg, true, t->args[1], left);
	if (ret)
		return xsc_try_done(t, ret);
	msg.msg_flags = (flags & ~MSG_INTERNAL_SENDMSG_FLAGS) | MSG_DONTWAIT;
	ret = unlikely(t->args[4]) ? xsc_send_to(t, sock, &msg) :
				     sock_sendmsg(sock, &msg);
	return xsc_try_sent(t, sock, left, ret);
}

static enum xsc_tried xsc_try_sendmsg(struct xsc_try *t, struct socket *sock)
{
	struct user_msghdr __user *umsg =
		(void __user *)(unsigned long)t->args[1];
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	unsigned int flags = t->args[2];
	struct sockaddr_storage address;
	struct msghdr msg = { .msg_name = &address };
	size_t left;
	int ret;

	if (flags & MSG_CMSG_COMPAT)
		return XSC_TRY_CALLER;
	if (xsc_send_whole(flags))
		return XSC_TRY_POLL;
	ret = sendmsg_copy_msghdr(&msg, umsg, flags, &iov);
	if (ret < 0)
		return xsc_try_done(t, ret);
	t->vector = true;
	if (t->done) {
		/* That went with the first part. */
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		iov_iter_advance(&msg.msg_iter, t->done);
	}
	left = iov_iter_count(&msg.msg_iter);
	if (left || !t->done)
		ret = __sys_sendmsg_sock(sock, &msg, t->waits ? flags :
					 flags | MSG_DONTWAIT);
	kfree(iov);
	return xsc_try_sent(t, sock, left, ret);
}

/*
 * connect by TCP.  When the first try has begun it, the next one, when the
 * socket can be written to or has an error, says how it ended.
 */
static enum xsc_tried xsc_try_connect(struct xsc_try *t, struct socket *sock)
{
	struct sockaddr_storage address;
	int ret;

	if (sk_is_udp(sock->sk))
		return XSC_TRY_CALLER;
	if (!sk_is_tcp(sock->sk))
		return XSC_TRY_WORKER;
	ret = move_addr_to_kernel((void __user *)(unsigned long)t->args[1],
				  t->args[2], &address);
	if (!ret)
		ret = __sys_connect_file(t->file, &address, t->args[2],
					 O_NONBLOCK);
	if (ret == -EINPROGRESS || ret == -EALREADY)
		return XSC_TRY_AGAIN;
	return xsc_try_done(t, ret);
}

static enum xsc_tried xsc_try_recvmsg(struct xsc_try *t, struct socket *sock)
{
	struct user_msghdr __user *umsg =
		(void __user *)(unsigned long)t->args[1];
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	unsigned int flags = t->args[2];
	struct sockaddr __user *uaddr;
	struct msghdr msg = {};
	long ret;

	if (flags & MSG_CMSG_COMPAT)
		return XSC_TRY_CALLER;
	if (flags & MSG_WAITALL)
		return XSC_TRY_POLL;
	ret = recvmsg_copy_msghdr(&msg, umsg, flags, &uaddr, &iov);
	if (ret < 0)
		return xsc_try_done(t, ret);
	ret = __sys_recvmsg_sock(sock, &msg, umsg, uaddr, flags | MSG_DONTWAIT);
	kfree(iov);
	if (ret == -EAGAIN)
		return XSC_TRY_AGAIN;
	return xsc_try_done(t, ret);
}

static enum xsc_tried xsc_try_accept(struct xsc_try *t, int flags)
{
	struct file *newfile;
	int fd;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return XSC_TRY_CALLER;
	if (flags & SOCK_NONBLOCK)
		flags = (flags & ~SOCK_NONBLOCK) | O_NONBLOCK;
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		return xsc_try_done(t, fd);
	newfile = do_accept(t->file, O_NONBLOCK,
			    (void __user *)(unsigned long)t->args[1],
			    (void __user *)(unsigned long)t->args[2], flags);
	if (IS_ERR(newfile)) {
		put_unused_fd(fd);
		if (newfile == ERR_PTR(-EAGAIN))
			return XSC_TRY_AGAIN;
		return xsc_try_done(t, PTR_ERR(newfile));
	}
	fd_install(fd, newfile);
	return xsc_try_done(t, fd);
}

static enum xsc_tried xsc_try_socket(struct xsc_try *t)
{
	struct socket *sock = sock_from_file(t->file);
	bool out = t->flags & XSC_OPF_OUT;
	unsigned int msg_flags = 0;

	if (!sock || t->file->f_flags & O_NONBLOCK)
		return XSC_TRY_CALLER;
	if ((out ? sock->sk->sk_sndtimeo : sock->sk->sk_rcvtimeo) !=
	    MAX_SCHEDULE_TIMEOUT)
		return XSC_TRY_WORKER;

	switch (t->nr) {
	case __NR_recvfrom:
	case __NR_sendto:
	case __NR_recvmmsg:
	case __NR_sendmmsg:
		msg_flags = t->args[3];
		break;
	case __NR_recvmsg:
	case __NR_sendmsg:
		msg_flags = t->args[2];
		break;
	}
	if (msg_flags & (MSG_DONTWAIT | MSG_ERRQUEUE))
		return XSC_TRY_CALLER;
	if (xsc_try_later(t))
		return XSC_TRY_AGAIN;

	switch (t->nr) {
	case __NR_accept:
		return xsc_try_accept(t, 0);
	case __NR_accept4:
		return xsc_try_accept(t, t->args[3]);
	case __NR_recvfrom:
		return xsc_try_recvfrom(t, sock);
	case __NR_sendto:
		return xsc_try_sendto(t, sock);
	case __NR_recvmsg:
		return xsc_try_recvmsg(t, sock);
	case __NR_sendmsg:
		return xsc_try_sendmsg(t, sock);
	case __NR_connect:
		return xsc_try_connect(t, sock);
	default:
		/* Some of many messages may have gone: a worker keeps count. */
		return XSC_TRY_POLL;
	}
}

/*
 * open: what is in memory and of a kind whose opening waits for nobody.  A
 * control sees the call.
 */
static enum xsc_tried xsc_try_open(struct xsc_try *t, int dfd, u64 name,
				   int flags)
{
	long fd;

	if (t->watched)
		return XSC_TRY_CALLER;
	fd = openat_quick(dfd, (const char __user *)(unsigned long)name, flags);
	return fd == -EAGAIN ? XSC_TRY_WORKER : xsc_try_done(t, fd);
}

static enum xsc_tried xsc_try_open2(struct xsc_try *t)
{
	const u64 *a = t->args;
	struct open_how how;
	long fd;

	if (t->watched)
		return XSC_TRY_CALLER;
	/* Another size: the call itself knows what to say. */
	if (a[3] != sizeof(how))
		return XSC_TRY_WORKER;
	if (copy_from_user(&how, (void __user *)(unsigned long)a[2],
			   sizeof(how)))
		return xsc_try_done(t, -EFAULT);
	fd = openat2_quick(a[0], (const char __user *)(unsigned long)a[1],
			   &how);
	return fd == -EAGAIN ? XSC_TRY_WORKER : xsc_try_done(t, fd);
}

static enum xsc_tried xsc_try_sleep(struct xsc_try *t, clockid_t clock,
				    int flags, u64 when)
{
	struct timespec64 ts;

	if (flags & ~TIMER_ABSTIME)
		return XSC_TRY_WORKER;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	default:
		return XSC_TRY_WORKER;
	}
	/* The call itself knows what to say. */
	if (get_timespec64(&ts, (void __user *)(unsigned long)when) ||
	    !timespec64_valid(&ts))
		return XSC_TRY_CALLER;
	t->clock = clock;
	t->expires = timespec64_to_ktime(ts);
	t->mode = HRTIMER_MODE_REL;
	if (flags & TIMER_ABSTIME) {
		t->mode = HRTIMER_MODE_ABS;
		t->expires = timens_ktime_to_host(clock, t->expires);
	}
	return XSC_TRY_TIMER;
}

/**
 * xsc_try() - run an op if it does not block
 * @t:	the op
 *
 * Return: what has come of it; with XSC_TRY_DONE, @t->res is the result.
 *
 * Context: a thread with the memory map and the descriptors of the submitter.
 */
enum xsc_tried xsc_try(struct xsc_try *t)
{
	const u64 *a = t->args;

	switch (t->nr) {
	case __NR_read:
		return xsc_try_rw(t, false, false);
	case __NR_write:
		return xsc_try_rw(t, true, false);
	case __NR_pread64:
		return xsc_try_rw(t, false, true);
	case __NR_pwrite64:
		return xsc_try_rw(t, true, true);
	case __NR_readv:
		return xsc_try_vec(t, false, false);
	case __NR_writev:
		return xsc_try_vec(t, true, false);
	case __NR_preadv:
		return xsc_try_vec(t, false, true);
	case __NR_pwritev:
		return xsc_try_vec(t, true, true);
	case __NR_preadv2:
		return xsc_try_vec2(t, false);
	case __NR_pwritev2:
		return xsc_try_vec2(t, true);
	case __NR_lseek:
		return XSC_TRY_CALLER;
#ifdef __NR_open
	case __NR_open:
		return xsc_try_open(t, AT_FDCWD, a[0], a[1]);
#endif
	case __NR_openat:
		return xsc_try_open(t, a[0], a[1], a[2]);
	case __NR_openat2:
		return xsc_try_open2(t);
	case __NR_fcntl:
		return (u32)a[1] == F_SETLKW || (u32)a[1] == F_OFD_SETLKW ?
		       XSC_TRY_WORKER : XSC_TRY_CALLER;
	case __NR_nanosleep:
		return xsc_try_sleep(t, CLOCK_MONOTONIC, 0, a[0]);
	case __NR_clock_nanosleep:
		return xsc_try_sleep(t, a[0], a[1], a[2]);
	case __NR_getrandom:
		return rng_is_initialized() ? XSC_TRY_CALLER : XSC_TRY_WORKER;
#ifdef __NR_poll
	case __NR_poll:
		return xsc_try_poll(t, !(int)a[2]);
#endif
	case __NR_ppoll:
		return xsc_try_poll(t, false);
#ifdef __NR_epoll_wait
	case __NR_epoll_wait:
#endif
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
		return xsc_try_epoll(t);
	case __NR_pselect6:
	case __NR_io_pgetevents:
		/* A signal mask is the caller's: no worker must open its own. */
		return a[5] ? XSC_TRY_CALLER : XSC_TRY_WORKER;
	}

	if (xsc_optable[t->nr].family == XSC_FAM_NET &&
	    t->flags & XSC_OPF_POLL)
		return xsc_try_socket(t);
	if (t->file && t->file->f_flags & O_NONBLOCK &&
	    t->flags & XSC_OPF_POLL && !S_ISREG(file_inode(t->file)->i_mode))
		return XSC_TRY_CALLER;
	return XSC_TRY_WORKER;
}

/**
 * xsc_try_rest() - the rest of a vector of which a part has moved
 * @t:		the op, xsc_in_parts() holds
 *
 * It waits as the call does.
 *
 * Return: bytes that moved now, or a negative errno.
 */
s64 xsc_try_rest(struct xsc_try *t)
{
	struct xsc_try rest = *t;

	rest.waits = true;
	rest.poll_first = false;
	/* The file has become one that does not wait, say: then it ends here. */
	return xsc_try(&rest) == XSC_TRY_DONE ? rest.res : 0;
}
