/* SPDX-License-Identifier: MIT */
/* clone and clone3 with the flags that programs use: pidfd, cgroup, namespaces,
   a shared address space without a thread, vfork-like, parent and child tids.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

#define STACK	(256 * 1024)
#define CGROUP	"/sys/fs/cgroup/clone3-flags-test"

static volatile int shared;
static char *stack;

static pid_t clone3(struct clone_args *a)
{
	return syscall(SYS_clone3, a, sizeof(*a));
}

static void ends_with(pid_t pid, int want)
{
	int st;

	CHECK(waitpid(pid, &st, __WALL) == pid);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == want);
}

static int child(void *arg)
{
	char buf[16];

	/* calls of the child's own, deep enough to need its stack */
	for (int i = 0; i < 100; i++)
		snprintf(buf, sizeof(buf), "%d", getpid());
	shared = (intptr_t)arg;
	return 5;
}

int main(void)
{
	struct clone_args a;
	int pidfd, ptid = 0, fd;
	int *ctid;
	struct utsname u, v;
	pid_t pid;

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	ctid = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(stack != MAP_FAILED && ctid != MAP_FAILED);

	/* As fork, with a pidfd and both tids. */
	a = (struct clone_args){
		.flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
			 CLONE_CHILD_CLEARTID,
		.pidfd = (uintptr_t)&pidfd, .parent_tid = (uintptr_t)&ptid,
		.child_tid = (uintptr_t)ctid, .exit_signal = SIGCHLD,
	};
	pid = clone3(&a);
	if (!pid)
		_exit(*ctid == getpid() ? 3 : 4);
	CHECK(pid > 0 && ptid == pid && pidfd >= 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	CHECK(poll(&p, 1, 10000) == 1);
	ends_with(pid, 3);
	CHECK(*ctid == pid || *ctid == 0);
	close(pidfd);

	/* One address space, no thread: what LinuxThreads and sandboxes do. */
	pid = clone(child, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD,
		    (void *)11);
	CHECK(pid > 0);
	ends_with(pid, 5);
	CHECK(shared == 11);

	/* The same as vfork does it: the parent waits. */
	pid = clone(child, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)12);
	CHECK(pid > 0 && shared == 12);
	ends_with(pid, 5);

	/* A copy of the address space on another stack. */
	pid = clone(child, stack + STACK, SIGCHLD, (void *)13);
	CHECK(pid > 0);
	ends_with(pid, 5);
	CHECK(shared == 12);

	/* Without a signal at its end. */
	pid = clone(child, stack + STACK, CLONE_VM, (void *)14);
	CHECK(pid > 0 && waitpid(pid, NULL, WNOHANG) == -1 && errno == ECHILD);
	ends_with(pid, 5);

	/* Into a cgroup. */
	if (mkdir(CGROUP, 0755) == 0 || errno == EEXIST) {
		fd = open(CGROUP, O_RDONLY | O_DIRECTORY);
		CHECK(fd >= 0);
		a = (struct clone_args){ .flags = CLONE_INTO_CGROUP,
					 .cgroup = fd, .exit_signal = SIGCHLD };
		pid = clone3(&a);
		if (!pid) {
			char buf[256] = "";
			int f = open("/proc/self/cgroup", O_RDONLY);

			if (read(f, buf, sizeof(buf) - 1) <= 0)
				_exit(1);
			_exit(strstr(buf, "clone3-flags-test") ? 6 : 7);
		}
		CHECK(pid > 0);
		ends_with(pid, 6);
		close(fd);
		rmdir(CGROUP);
	}

	/* Namespaces: the child is process 1 and has a name of its own. */
	CHECK(uname(&u) == 0);
	a = (struct clone_args){ .flags = CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS,
				 .exit_signal = SIGCHLD };
	pid = clone3(&a);
	if (!pid)
		_exit(getpid() == 1 && !sethostname("inner", 5) ? 8 : 9);
	if (pid > 0) {
		ends_with(pid, 8);
		CHECK(uname(&v) == 0 && !strcmp(u.nodename, v.nodename));
	} else {
		CHECK(errno == EPERM);	/* not root */
	}

	/* Errors. */
	a = (struct clone_args){ .flags = CLONE_SIGHAND, .exit_signal = SIGCHLD };
	CHECK(clone3(&a) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_clone3, (void *)8, sizeof(a)) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_clone3, &a, (size_t)8) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_clone3, &a, (size_t)1 << 20) == -1 && errno == E2BIG);
	errno = 0;
	CHECK(clone(NULL, stack + STACK, SIGCHLD, NULL) == -1 && errno == EINVAL);
	CHECK(clone(child, NULL, SIGCHLD, NULL) == -1 && errno == EINVAL);
	return 0;
}
