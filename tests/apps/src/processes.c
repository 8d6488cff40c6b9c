// SPDX-License-Identifier: MIT
/* processes.c [PROGRAM] - fork, vfork, clone, posix_spawn, system, popen, exec of a script, wait */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static int status_of(pid_t pid)
{
	int st;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &st, 0) == pid);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static int cloned(void *arg)
{
	*(int *)arg = 42;
	return 5;
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	char *args[] = { "sh", "-c", "exit 6", NULL }, line[64] = "";
	posix_spawn_file_actions_t fa;
	volatile int shared = 0;
	struct rusage ru;
	pid_t pid;
	FILE *f;
	int i, fd;

	for (i = 0; i < 20; i++) {
		pid = fork();
		if (!pid)
			_exit(i);
		CHECK(status_of(pid) == i);
	}

	for (i = 0; i < 20; i++) {
		pid = vfork();
		if (!pid) {
			shared++;
			_exit(9);
		}
		CHECK(status_of(pid) == 9);
	}
	CHECK(shared == 20);

	pid = vfork();
	if (!pid) {
		execv("/bin/sh", args);
		_exit(127);
	}
	CHECK(status_of(pid) == 6);

	pid = clone(cloned, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, (void *)&shared);
	CHECK(status_of(pid) == 5);
	CHECK(shared == 42);

	CHECK(!posix_spawn_file_actions_init(&fa));
	CHECK(!posix_spawn_file_actions_addopen(&fa, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	args[2] = "echo spawned; exit 4";
	CHECK(!posix_spawnp(&pid, "sh", &fa, NULL, args, environ));
	CHECK(status_of(pid) == 4);
	f = fopen("spawned", "r");
	CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "spawned\n"));
	fclose(f);
	CHECK(posix_spawn(&pid, "/no/such/program", NULL, NULL, args, environ) == ENOENT);

	CHECK(WEXITSTATUS(system("exit 3")) == 3);
	f = popen("echo from popen | cat", "r");
	CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "from popen\n"));
	CHECK(!pclose(f));

	fd = open("script", O_WRONLY | O_CREAT | O_TRUNC, 0700);
	CHECK(fd >= 0 && write(fd, "#!/bin/sh\nexit 8\n", 17) == 17 && !close(fd));
	CHECK(WEXITSTATUS(system("./script")) == 8);

	pid = fork();
	if (!pid) {
		raise(SIGKILL);
		_exit(0);
	}
	CHECK(wait4(pid, &i, 0, &ru) == pid && WIFSIGNALED(i) && WTERMSIG(i) == SIGKILL);
	return 0;
}
