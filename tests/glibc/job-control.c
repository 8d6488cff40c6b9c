/* SPDX-License-Identifier: MIT */
/* A pseudo terminal: its own session, line editing, ^C, ^Z, background reads, window size, hang-up.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "test.h"

static volatile sig_atomic_t last;

static void handler(int sig)
{
	last = sig;
}

static void wait_for(int sig)
{
	for (int i = 0; i < 20000 && last != sig; i++)
		usleep(500);
	CHECK(last == sig);
	last = 0;
}

/* the session on the terminal, process by process */
static int session(void)
{
	static const int signals[] = { SIGINT, SIGWINCH, SIGHUP };
	char buf[100];
	struct winsize w;
	pid_t pid;
	int st;

	CHECK(isatty(0) && getsid(0) == getpid() && tcgetpgrp(0) == getpid());
	CHECK(ttyname(0) && !strncmp(ttyname(0), "/dev/pts/", 9));
	/* no SA_RESTART: a read that a signal interrupts says so */
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction sa = { .sa_handler = handler };

		CHECK(!sigaction(signals[i], &sa, NULL));
	}
	CHECK(read(0, buf, sizeof(buf)) == 6 && !memcmp(buf, "line1\n", 6));
	write(1, "ready\n", 6);
	CHECK(read(0, buf, sizeof(buf)) == -1 && errno == EINTR);
	wait_for(SIGINT);
	write(1, "interrupted\n", 12);
	wait_for(SIGWINCH);
	CHECK(!ioctl(0, TIOCGWINSZ, &w) && w.ws_row == 33 && w.ws_col == 99);

	/* a background job that reads stops, and goes on in the foreground */
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		_exit(read(0, buf, sizeof(buf)) == 6 && !memcmp(buf, "line2\n", 6) ? 9 : 10);
	}
	setpgid(pid, pid);
	CHECK(waitpid(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGTTIN);
	CHECK(!tcsetpgrp(0, pid));
	CHECK(!kill(-pid, SIGCONT));
	CHECK(waitpid(pid, &st, WCONTINUED) == pid && WIFCONTINUED(st));
	write(1, "reading\n", 8);
	CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 9);

	/* ^Z for the foreground, and ^C after it */
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		signal(SIGINT, SIG_DFL);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	signal(SIGTTOU, SIG_IGN);
	CHECK(!tcsetpgrp(0, pid));
	write(1, "stop me\n", 8);
	CHECK(waitpid(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGTSTP);
	CHECK(!kill(pid, SIGCONT));
	write(1, "kill me\n", 8);
	CHECK(waitpid(pid, &st, 0) == pid && WIFSIGNALED(st) && WTERMSIG(st) == SIGINT);
	CHECK(!tcsetpgrp(0, getpid()));
	write(1, "hang up\n", 8);
	wait_for(SIGHUP);
	return 0;
}

static int master;

/* until the session says WHAT */
static void expect(const char *what)
{
	static char buf[4096];
	static size_t n;
	struct pollfd p = { .fd = master, .events = POLLIN };
	char *at;
	ssize_t r;

	for (;;) {
		buf[n] = 0;
		at = strstr(buf, what);
		if (at) {
			at += strlen(what);
			n -= at - buf;
			memmove(buf, at, n);
			return;
		}
		CHECK(n < sizeof(buf) - 1);
		CHECK(poll(&p, 1, 60000) == 1);
		r = read(master, buf + n, sizeof(buf) - 1 - n);
		if (r <= 0) {
			buf[n] = 0;
			fprintf(stderr, "instead of %s: %s\n", what, buf);
		}
		CHECK(r > 0);
		n += r;
	}
}

int main(void)
{
	struct winsize w = { .ws_row = 33, .ws_col = 99 };
	char name[100];
	pid_t pid;
	int st;

	alarm(200);
	pid = forkpty(&master, name, NULL, NULL);
	CHECK(pid >= 0);
	if (!pid)
		_exit(session());
	CHECK(!strncmp(name, "/dev/pts/", 9));
	/* the terminal edits the line: the x and its echo go */
	CHECK(write(master, "linex\177" "1\n", 8) == 8);
	expect("ready");
	usleep(200000);
	CHECK(write(master, "\003", 1) == 1);
	expect("interrupted");
	CHECK(!ioctl(master, TIOCSWINSZ, &w));
	expect("reading");
	CHECK(write(master, "line2\n", 6) == 6);
	expect("stop me");
	usleep(100000);
	CHECK(write(master, "\032", 1) == 1);
	expect("kill me");
	usleep(100000);
	CHECK(write(master, "\003", 1) == 1);
	expect("hang up");
	close(master);
	CHECK(waitpid(pid, &st, 0) == pid);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	return 0;
}
