/* SPDX-License-Identifier: MIT */
/* posix_spawn: attributes, file actions, errors, #! scripts; fexecve and execveat; system and popen.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

extern char **environ;

static void ends_with(pid_t pid, int want)
{
	int st;

	CHECK(waitpid(pid, &st, 0) == pid);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == want);
}

/* what the shell in CMD says, with these file actions and attributes */
static void shell(const char *cmd, posix_spawn_file_actions_t *fa, posix_spawnattr_t *at, int want)
{
	char *args[] = { "sh", "-c", (char *)cmd, NULL };
	pid_t pid;

	CHECK(!posix_spawnp(&pid, "sh", fa, at, args, environ));
	ends_with(pid, want);
}

int main(void)
{
	char *args[] = { "x", NULL }, dir[] = "/tmp/spawn-XXXXXX", path[64], buf[64];
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t set;
	FILE *f;
	pid_t pid;
	int fd;

	CHECK(mkdtemp(dir) && !chdir(dir));
	CHECK(!posix_spawn_file_actions_init(&fa) && !posix_spawnattr_init(&at));

	/* errors come from posix_spawn itself, and leave no child */
	CHECK(posix_spawn(&pid, "/no/such/file", NULL, NULL, args, environ) == ENOENT);
	CHECK(posix_spawn(&pid, "/etc/passwd", NULL, NULL, args, environ) == EACCES);
	CHECK(posix_spawn(&pid, (char *)8, NULL, NULL, args, environ) == EFAULT);
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);

	/* file actions, in their order */
	CHECK(!posix_spawn_file_actions_addopen(&fa, 7, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	CHECK(!posix_spawn_file_actions_adddup2(&fa, 7, 1));
	CHECK(!posix_spawn_file_actions_addclose(&fa, 7));
	CHECK(!posix_spawn_file_actions_addchdir_np(&fa, "/"));
	shell("pwd; [ ! -e /proc/self/fd/7 ]", &fa, NULL, 0);
	fd = open("out", O_RDONLY);
	CHECK(read(fd, buf, sizeof(buf)) == 2 && buf[0] == '/');
	close(fd);
	CHECK(!posix_spawn_file_actions_destroy(&fa) && !posix_spawn_file_actions_init(&fa));
	CHECK(!posix_spawn_file_actions_addopen(&fa, 5, "/no/such/file", O_RDONLY, 0));
	CHECK(posix_spawn(&pid, "/bin/true", &fa, NULL, args, environ) == ENOENT);

	/* attributes: a group or session of its own, mask and defaults */
	CHECK(!posix_spawnattr_setflags(&at, POSIX_SPAWN_SETPGROUP));
	shell("read -r p r </proc/self/stat; set -- $r; [ $4 = $$ ]", NULL, &at, 0);
	CHECK(!posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSID));
	shell("read -r p r </proc/self/stat; set -- $r; [ $5 = $$ ]", NULL, &at, 0);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(!posix_spawnattr_setsigdefault(&at, &set));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(!posix_spawnattr_setsigmask(&at, &set));
	CHECK(!posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
	shell("b=$(sed -n 's/SigBlk:.//p' /proc/self/status) i=$(sed -n 's/SigIgn:.//p' /proc/self/status)\n"
	      "[ $((0x$b)) = $((0x800)) ] && [ $((0x$i & 0x200)) = 0 ]", NULL, &at, 0);

	/* the caller's own mask is back */
	sigprocmask(SIG_BLOCK, NULL, &set);
	CHECK(!sigismember(&set, SIGUSR2));

	/* scripts, with an interpreter line and without */
	f = fopen("script", "w");
	fputs("#!/bin/sh -e\nexit $(($1 + 1))\n", f);
	fclose(f);
	CHECK(!chmod("script", 0755));
	char *script_args[] = { "script", "20", NULL };
	CHECK(!posix_spawn(&pid, "./script", NULL, NULL, script_args, environ));
	ends_with(pid, 21);
	f = fopen("bare", "w");
	fputs("exit 22\n", f);
	fclose(f);
	CHECK(!chmod("bare", 0755));
	snprintf(path, sizeof(path), "%s/bare", dir);
	CHECK(posix_spawn(&pid, path, NULL, NULL, args, environ) == ENOEXEC);
	setenv("PATH", dir, 1);
	pid = fork();
	if (!pid) {
		execlp("bare", "bare", NULL);
		_exit(1);
	}
	ends_with(pid, 22);
	setenv("PATH", "/usr/bin:/bin", 1);

	/* by descriptor */
	fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	char *sh[] = { "sh", "-c", "exit 23", NULL };
	pid = fork();
	if (!pid) {
		fexecve(fd, sh, environ);
		_exit(1);
	}
	ends_with(pid, 23);
	pid = fork();
	if (!pid) {
		int d = open("/bin", O_PATH | O_DIRECTORY);

		syscall(SYS_execveat, d, "sh", sh, environ, 0);
		_exit(1);
	}
	ends_with(pid, 23);
	close(fd);

	CHECK(system("exit 24") == 24 << 8);
	CHECK(system("kill -9 $$") == 9);
	f = popen("echo popen; exit 25", "r");
	CHECK(f && fgets(buf, sizeof(buf), f) && !strcmp(buf, "popen\n"));
	CHECK(pclose(f) == 25 << 8);
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	CHECK(!chdir("/"));
	snprintf(path, sizeof(path), "rm -r %s", dir);
	CHECK(system(path) == 0);
	return 0;
}
