/* SPDX-License-Identifier: MIT */
/* Unix sockets: descriptors and credentials as messages, in single calls and in batches of them.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

#define FDS	50

int main(void)
{
	union {
		char buf[CMSG_SPACE(FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} c;
	char text[16], data[] = "message";
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf };
	struct mmsghdr mm[4];
	struct iovec iovs[4];
	struct cmsghdr *h;
	struct stat a, b;
	int s[2], fds[FDS], got = 0, on = 1, st;
	pid_t pid;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s));
	CHECK(!setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		int p[2];

		CHECK(!pipe(p));
		for (int i = 0; i < FDS; i++)
			CHECK((fds[i] = fcntl(p[1], F_DUPFD, 100)) >= 0);
		m.msg_controllen = CMSG_SPACE(sizeof(fds));
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(h), fds, sizeof(fds));
		CHECK(sendmsg(s[1], &m, 0) == sizeof(data));
		/* what comes through one of them */
		for (int i = 0; i < FDS; i++)
			close(fds[i]);
		close(p[1]);
		CHECK(read(p[0], text, 3) == 3 && !memcmp(text, "abc", 3));
		CHECK(read(p[0], text, 3) == 0);
		_exit(0);
	}
	m.msg_controllen = sizeof(c.buf);
	CHECK(recvmsg(s[0], &m, MSG_CMSG_CLOEXEC) == sizeof(data));
	CHECK(!(m.msg_flags & MSG_CTRUNC));
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		CHECK(h->cmsg_level == SOL_SOCKET);
		if (h->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(h), sizeof(u));
			CHECK(u.pid == pid && u.uid == getuid());
		} else {
			CHECK(h->cmsg_type == SCM_RIGHTS);
			got = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(h), got * sizeof(int));
		}
	}
	CHECK(got == FDS);
	CHECK(!fstat(fds[0], &a) && !fstat(fds[FDS - 1], &b) && a.st_ino == b.st_ino);
	CHECK(fcntl(fds[0], F_GETFD) == FD_CLOEXEC);
	CHECK(write(fds[7], "abc", 3) == 3);
	for (int i = 0; i < FDS; i++)
		close(fds[i]);
	CHECK(waitpid(pid, &st, 0) == pid && st == 0);

	/* sendmmsg and recvmmsg */
	on = 0;
	CHECK(!setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < 4; i++) {
		iovs[i] = (struct iovec){ data, i + 1 };
		mm[i].msg_hdr.msg_iov = &iovs[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK(sendmmsg(s[1], mm, 4, 0) == 4);
	CHECK(recvmmsg(s[0], mm, 4, MSG_DONTWAIT, NULL) == 4);
	for (int i = 0; i < 4; i++)
		CHECK(mm[i].msg_len == (unsigned int)i + 1);
	errno = 0;
	CHECK(recvmsg(s[0], &m, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	errno = 0;
	CHECK(sendmsg(s[1], (void *)8, 0) == -1 && errno == EFAULT);
	return 0;
}
