/* SPDX-License-Identifier: MIT */
/* A thread is cancelled at every instruction of a cancellation point, single-stepped by a tracer: a call either has no
   effect and the thread is cancelled, or it returns what it did.  In a handler that has interrupted a blocked call the
   cancel is never lost, and the call does not go on.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "test.h"

#define MAX_STEPS	5000

/* What the traced process and the tracer share.  A round is over when all that bear its number do.  */
static struct {
	volatile pid_t tid;
	volatile int round, blocked, ready, cancel, cancelled, joined;	/* numbers of rounds */
	volatile int start, returned, effect, gone, handled;
} *shared;

static int fds[2], other, mqid, listener;
static pid_t child;
static char buf[64];
static sigset_t usr2;

/* --- calls with an effect, none of which blocks --------------------------- */

static void pipe_with_byte(void) { CHECK(!pipe(fds) && write(fds[1], "x", 1) == 1); }
static int bytes(void) { int n; CHECK(!ioctl(fds[0], FIONREAD, &n)); return n; }
static void close_both(void) { close(fds[0]); close(fds[1]); }

static void do_read(void) { read(fds[0], buf, 1); }
static int no_byte(void) { return bytes() == 0; }

static void empty_pipe(void) { CHECK(!pipe(fds)); }
static void do_write(void) { write(fds[1], "x", 1); }

static void note_next(void) { other = dup(0); CHECK(other > 0); close(other); }
static void do_open(void) { open("/dev/null", O_RDONLY); }
static int is_open(void) { return fcntl(other, F_GETFD) >= 0; }
static void close_other(void) { close(other); }

static void open_one(void) { other = dup(0); }
static void do_close(void) { close(other); }
static int is_closed(void) { return fcntl(other, F_GETFD) < 0; }

static void connection(void)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	sun.sun_family = AF_UNIX;
	CHECK(!bind(listener, (void *)&sun, sizeof(sa_family_t)) && !listen(listener, 1));
	CHECK(!getsockname(listener, (void *)&sun, &len) && !connect(fds[0], (void *)&sun, len));
	note_next();
}
static void do_accept(void) { accept(listener, NULL, NULL); }
static void close_connection(void) { close(listener); close(fds[0]); close(other); }

static void message(void)
{
	struct { long type; char text[8]; } m = { 1, "hello" };

	mqid = msgget(IPC_PRIVATE, 0600);
	CHECK(mqid >= 0 && !msgsnd(mqid, &m, 8, 0));
}
static void do_msgrcv(void) { msgrcv(mqid, buf, 8, 0, 0); }
static int received(void) { struct msqid_ds d; CHECK(!msgctl(mqid, IPC_STAT, &d)); return d.msg_qnum == 0; }
static void no_queue(void) { msgctl(mqid, IPC_RMID, NULL); }

static void zombie(void)
{
	siginfo_t si;

	child = fork();
	if (!child)
		_exit(0);
	CHECK(!waitid(P_PID, child, &si, WEXITED | WNOWAIT));
}
static void do_waitpid(void) { waitpid(child, NULL, 0); }
static int reaped(void) { siginfo_t si; return waitid(P_PID, child, &si, WEXITED | WNOWAIT | WNOHANG) < 0; }
static void reap(void) { waitpid(child, NULL, 0); }

static void pending(void) { kill(getpid(), SIGUSR2); }
static void do_sigwait(void) { sigwaitinfo(&usr2, NULL); }
static int not_pending(void) { sigset_t s; sigpending(&s); return !sigismember(&s, SIGUSR2); }
static void unpend(void) { struct timespec t = { }; sigtimedwait(&usr2, NULL, &t); }

/* --- a call that blocks, and a handler that interrupts it ------------------ */

static void handler(int sig)
{
	struct timespec t = { 0, 1 };
	int state;

	write(fds[1], "", 0);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	CHECK(!clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
	pthread_setcancelstate(state, NULL);
	shared->handled = 1;
}

static const struct kind {
	const char *name;
	void (*prepare)(void), (*call)(void);
	int (*effect)(void);
	void (*tidy)(void);
	int blocks;
} kinds[] = {
	{ "read", pipe_with_byte, do_read, no_byte, close_both },
	{ "write", empty_pipe, do_write, bytes, close_both },
	{ "open", note_next, do_open, is_open, close_other },
	{ "close", open_one, do_close, is_closed, close_other },
	{ "accept", connection, do_accept, is_open, close_connection },
	{ "msgrcv", message, do_msgrcv, received, no_queue },
	{ "waitpid", zombie, do_waitpid, reaped, reap },
	{ "sigwaitinfo", pending, do_sigwait, not_pending, unpend },
	{ "handler", empty_pipe, do_read, bytes, close_both, 1 },
};
#define KINDS	((int)(sizeof(kinds) / sizeof(kinds[0])))

static const struct kind *kind;

/* Spinning would take the time from whoever is waited for.  */
static void wait_a_little(void)
{
	struct timespec t = { 0, 20000 };

	nanosleep(&t, NULL);
}

static void *thread(void *arg)
{
	shared->tid = gettid();
	shared->blocked = shared->round;
	if (!kind->blocks)
		while (!shared->start)
			;
	kind->call();
	shared->returned = 1;
	return NULL;
}

/* Does thread TID sleep?  */
static int asleep(pid_t tid)
{
	char path[64], text[512], *p;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	p = strrchr(text, ')');
	return p && p[2] == 'S';
}

/* One thread for each round, until the tracer has another kind.  */
static void traced(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t t;
	void *ret;
	int round = 0, warm = 0;

	sigaction(SIGUSR1, &sa, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	for (;;) {
		while (shared->round == round)
			wait_a_little();
		round = shared->round;
		if (round < 0)
			_exit(0);
		if (!warm++) {
			/* bind what the thread and the handler call */
			kind->prepare();
			if (kind->blocks)
				handler(0);
			else
				kind->call();
			kind->tidy();
			shared->handled = 0;
		}
		kind->prepare();
		CHECK(!pthread_create(&t, NULL, thread, NULL));
		while (shared->blocked != round)
			wait_a_little();
		while (kind->blocks && !asleep(shared->tid))
			wait_a_little();
		shared->ready = round;
		while (shared->cancel != round)
			wait_a_little();
		CHECK(!pthread_cancel(t));
		shared->cancelled = round;
		CHECK(!pthread_join(t, &ret));
		shared->gone = ret == PTHREAD_CANCELED;
		shared->effect = kind->effect();
		kind->tidy();
		shared->joined = round;
	}
}

/* --- the tracer ------------------------------------------------------------ */

static pid_t pid;

/* Wait until *P is ROUND.  */
static void until(volatile int *p, int round)
{
	int st;

	while (*p != round) {
		CHECK(waitpid(pid, &st, WNOHANG) == 0);
		wait_a_little();
	}
}

/* The next stop of TID that is no signal's.  */
static void stop(pid_t tid)
{
	int st;

	CHECK(waitpid(tid, &st, __WALL) == tid && WIFSTOPPED(st));
}

static uintptr_t gate;
static int before, behind;

/* Cancel the thread after N steps.  Return whether that was still in the call, or in the handler.  */
static int round_of(int n)
{
	int round = shared->round + 1, inside, again, st;
	struct user_regs_struct r;
	pid_t tid;

	shared->start = shared->returned = shared->handled = 0;
	shared->round = round;
	until(&shared->ready, round);
	tid = shared->tid;
	CHECK(!ptrace(PTRACE_SEIZE, tid, 0, 0));
	if (kind->blocks) {
		/* the first step goes into the handler */
		CHECK(!tgkill(pid, tid, SIGUSR1));
		CHECK(waitpid(tid, &st, __WALL) == tid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGUSR1);
		CHECK(!ptrace(PTRACE_SINGLESTEP, tid, 0, SIGUSR1));
	} else {
		CHECK(!ptrace(PTRACE_INTERRUPT, tid, 0, 0));
		stop(tid);
		shared->start = 1;
		CHECK(!ptrace(PTRACE_SINGLESTEP, tid, 0, 0));
	}
	stop(tid);
	for (again = 0; again < n && !shared->returned && !shared->handled; again++) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, tid, 0, 0));
		stop(tid);
	}
	CHECK(!ptrace(PTRACE_GETREGS, tid, 0, &r));
	/* some steps behind the handler, to the instruction that makes the call again */
	if (kind->blocks && shared->handled)
		for (again = n % 20; again && r.rip != gate; again--) {
			CHECK(!ptrace(PTRACE_SINGLESTEP, tid, 0, 0));
			stop(tid);
			CHECK(!ptrace(PTRACE_GETREGS, tid, 0, &r));
		}
	inside = !shared->returned && !(shared->handled && r.rip == gate);
	shared->cancel = round;
	until(&shared->cancelled, round);
	CHECK(!ptrace(PTRACE_DETACH, tid, 0, 0));
	until(&shared->joined, round);

	if (shared->gone == shared->returned || shared->effect != shared->returned)
		fprintf(stderr, "%s, step %d, at %#lx (gate %+ld): cancelled %d, returned %d, effect %d\n", kind->name, n,
			(long)r.rip, (long)(r.rip - gate), shared->gone, shared->returned, shared->effect);
	CHECK(shared->gone != shared->returned);
	CHECK(shared->effect == shared->returned);
	if (kind->blocks)
		CHECK(shared->gone);
	else if (r.rip == gate)
		before += shared->gone;
	else if (r.rip == gate + 2)
		behind += shared->returned;
	return inside;
}

int main(void)
{
	int n;

	alarm(280);
	gate = getauxval(AT_XSC);
	/* what the library counts on: the instruction begins the site and has two bytes */
	CHECK(gate && !memcmp((void *)(gate + XSC_GATE_ENTER), "\x0f\x05\xc3", 3));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr2, NULL);

	for (kind = kinds; kind < kinds + KINDS; kind++) {
		memset(shared, 0, sizeof(*shared));
		before = behind = 0;
		pid = fork();
		CHECK(pid >= 0);
		if (!pid)
			traced();
		for (n = 0; round_of(n); n++)
			CHECK(n < MAX_STEPS);
		shared->round = -1;
		CHECK(waitpid(pid, NULL, 0) == pid);
		fprintf(stderr, "%s: %d steps\n", kind->name, n);
		CHECK(n > 10);
		CHECK(kind->blocks || (before == 1 && behind == 1));
	}
	return 0;
}
