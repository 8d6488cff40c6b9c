/* SPDX-License-Identifier: MIT */
/*
 * rings.h - rings in tests: by op in an XSC process, by /dev/xsc in a legacy one
 */
#ifndef XSC_TEST_RINGS_H
#define XSC_TEST_RINGS_H

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <xsc/ring.h>

#include "mini.h"
#include "tap.h"
#include "witness.h"

#define RINGS_OR_SKIP()							\
	do {								\
		if (!mini_has_gate) {					\
			tap_skip("this kernel has no XSC");		\
			return tap_done();				\
		}							\
		if (access_dev())					\
			dprintf(1, "# /dev/xsc is missing: modprobe xsc\n"); \
	} while (0)

static inline int access_dev(void)
{
	return sys(SYS_access, "/dev/xsc", 0);
}

/* the number behind @name in a file of /proc or /sys, without @name the first; -1 if it is not there */
static inline long __attribute__((unused)) number_in(const char *path, const char *name)
{
	char text[4096], *at = text;

	if (read_file(path, text, sizeof(text)) < 0)
		return -1;
	if (name)
		at = strstr(text, name);
	if (!at)
		return -1;
	for (at += name ? strlen(name) : 0; *at == ' ' || *at == '\t'; at++)
		;
	return strtoul(at, NULL, 10);
}

/* threads of this process */
static inline long __attribute__((unused)) threads(void)
{
	return number_in("/proc/self/status", "Threads:");
}

/* rings that there are: each one's file holds a reference to the module */
static inline long __attribute__((unused)) module_refs(void)
{
	/* what is freed after a grace period is freed by then */
	msleep(300);
	return number_in("/sys/module/xsc/refcnt", NULL);
}

/* a descriptor to whoever reads the socket */
static inline long __attribute__((unused)) send_fd(int sock, int fd, int flags)
{
	char c = 'f', control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &c, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	return sys(SYS_sendmsg, sock, &m, flags);
}

static inline int __attribute__((unused)) receive_fd(int sock, int flags)
{
	char c, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &c, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (sys(SYS_recvmsg, sock, &m, flags) != 1 || m.msg_controllen < CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

/* a ring of @n SQEs, or the end of the test */
static inline void ring_make(struct xsc_ring *r, unsigned int n)
{
	int err = xsc_ring_queue_init(n, r);

	if (err) {
		tap_ok(false, "a ring of %u: error %d", n, err);
		_exit(tap_done());
	}
}

/* the next SQE, filled in; user_data counts up from 1 */
static __u64 ring_data;

static inline struct xsc_sqe *ring_add6(struct xsc_ring *r, unsigned int op, long a, long b, long c,
					long d, long e, long f)
{
	struct xsc_sqe *sqe = xsc_ring_get_sqe(r);

	if (sqe) {
		xsc_sqe_prep(sqe, op, a, b, c, d, e, f);
		sqe->user_data = ++ring_data;
	}
	return sqe;
}

#define ring_add4(r, op, a, b, c, d)	\
	ring_add6(r, op, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define ring_add3(r, op, a, b, c)	ring_add4(r, op, a, b, c, 0)
#define ring_add0(r, op)		ring_add4(r, op, 0, 0, 0, 0)

/* take one CQE; @res gets its result; false when there is none */
static inline bool ring_take(struct xsc_ring *r, long *res, __u64 *data)
{
	struct xsc_cqe *cqe;

	if (xsc_ring_peek_cqe(r, &cqe))
		return false;
	*res = cqe->res;
	if (data)
		*data = cqe->user_data;
	xsc_ring_cqe_seen(r, cqe);
	return true;
}

/* submit what was added and compare the results in order */
static inline void __attribute__((unused))
ring_expect(struct xsc_ring *r, int nr, const long *want, const char *what)
{
	__u64 data = 0, first = ring_data - nr + 1;
	long res;

	tap_is(xsc_ring_submit(r), nr, "%s: submitted", what);
	for (int i = 0; i < nr; i++) {
		if (!tap_ok(ring_take(r, &res, &data), "%s: cqe %d is there", what, i))
			return;
		if (want[i] == 9999)
			tap_ok(res >= 0, "%s: cqe %d is no error", what, i);
		else
			tap_is(res, want[i], "%s: cqe %d", what, i);
		tap_is(data, first + i, "%s: cqe %d: user_data", what, i);
	}
	tap_ok(!ring_take(r, &res, NULL), "%s: no more", what);
}

static inline long __attribute__((unused)) ring_setup(struct xsc_ring_params *p)
{
	int fd, err;

	if (mini_xsc)
		return xsc_op(XSC_OP_RING_SETUP, p);
	fd = open("/dev/xsc", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = ioctl(fd, XSC_IOC_SETUP, p) ? -errno : 0;
	if (err)
		close(fd);
	return err ? err : fd;
}

static inline long __attribute__((unused)) ring_enter(int fd, unsigned int n, unsigned int flags)
{
	struct xsc_ring_enter e = { .to_submit = n, .flags = flags };

	return mini_xsc ? xsc_op(XSC_OP_RING_ENTER, fd, n, flags) :
			  sys(SYS_ioctl, fd, XSC_IOC_ENTER, &e);
}

#endif /* XSC_TEST_RINGS_H */
