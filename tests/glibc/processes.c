/* SPDX-License-Identifier: MIT */
/* fork, vfork, clone, posix_spawn, system and popen. */
#define _GNU_SOURCE
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

extern char **environ;

static void expect(pid_t pid, int status)
{
	int st;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &st, __WALL) == pid);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == status);
}

/* Overwrite what lies below the stack pointer. */
__attribute__((noinline)) static int scribble(void)
{
	volatile char below[4096];

	for (unsigned int i = 0; i < sizeof(below); i++)
		below[i] = 0x55;
	return below[17];
}

/* Errno, locals and the return address outlive what the child does. */
__attribute__((noinline)) static void test_vfork(int depth)
{
	volatile int seen = depth;
	pid_t pid = vfork();

	if (pid == 0) {
		scribble();
		getppid();
		_exit(40 + seen);
	}
	CHECK(seen == depth);
	expect(pid, 40 + depth);
	if (depth)
		test_vfork(depth - 1);
}

static void test_vfork_exec(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		scribble();
		execl("/bin/sh", "sh", "-c", "exit 3", NULL);
		_exit(1);
	}
	expect(pid, 3);
}

static volatile int shared;

static int child(void *arg)
{
	shared = getpid();
	return *(int *)arg;
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	char *argv[] = { "sh", "-c", "exit 4", NULL };
	char line[16];
	int arg = 21, ptid = 0;
	pid_t pid;
	FILE *f;

	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (pid == 0)
			_exit(scribble() == 0x55 ? i : 99);
		expect(pid, i);
	}

	test_vfork(5);
	test_vfork_exec();

	pid = clone(child, stack + sizeof(stack), SIGCHLD, &arg);
	expect(pid, 21);
	CHECK(shared == 0);
	pid = clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, &arg);
	expect(pid, 21);
	CHECK(shared == pid);
	pid = clone(child, stack + sizeof(stack) - 3,
		    CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID, &arg, &ptid);
	CHECK(shared == pid && ptid == pid);
	expect(pid, 21);
	errno = 0;
	CHECK(clone(NULL, stack + sizeof(stack), SIGCHLD, NULL) == -1 && errno == EINVAL);
	CHECK(clone(child, NULL, SIGCHLD, NULL) == -1 && errno == EINVAL);
	CHECK(clone(child, stack + sizeof(stack), CLONE_SIGHAND, NULL) == -1 &&
	      errno == EINVAL);

	CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0);
	expect(pid, 4);
	CHECK(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ) == ENOENT);
	CHECK(WEXITSTATUS(system("exit 6")) == 6);
	f = popen("echo piped", "r");
	CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "piped\n"));
	CHECK(pclose(f) == 0);
	return 0;
}
