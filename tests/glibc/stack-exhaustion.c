/* SPDX-License-Identifier: MIT */
/* Calls and handlers on a stack that is almost used up.  The gate needs eight bytes of it: with less the call ends in
   SIGSEGV as any other call does, a handler on an alternate stack can deal with it, and the kernel never faults on the
   caller's behalf.  */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include <sched.h>
#include "test.h"


#define PAGE		4096UL
#define STACK		(16 * PAGE)

static uintptr_t gate;
static char *stack;		/* its lowest byte; a page that nobody may touch is below */
static char alt[65536];
static sigjmp_buf jump;
static volatile uintptr_t fault, fault_ip, fault_sp;
static volatile int handled;

/* RAX after a call of TARGET, or after a jump to it, with NR, A, B and C in the registers and SP as the stack.  */
long on_stack(void *sp, uintptr_t target, long nr, long a, long b, long c);
long jump_on_stack(void *sp, uintptr_t target, long nr, long a, long b, long c);
asm(".text\n"
    "on_stack:\n"
    "	push %rbx; push %r12\n"
    "	mov %rsp, %rbx; mov %rsi, %r12; mov %rdx, %rax\n"
    "	mov %rdi, %rsp\n"
    "	mov %rcx, %rdi; mov %r8, %rsi; mov %r9, %rdx; xor %r10d, %r10d; xor %r8d, %r8d; xor %r9d, %r9d\n"
    "	call *%r12\n"
    "	mov %rbx, %rsp\n"
    "	pop %r12; pop %rbx\n"
    "	ret\n"
    "jump_on_stack:\n"
    "	mov %rsi, %r11; mov %rdx, %rax\n"
    "	mov %rdi, %rsp\n"
    "	mov %rcx, %rdi; mov %r8, %rsi; mov %r9, %rdx; xor %r10d, %r10d; xor %r8d, %r8d; xor %r9d, %r9d\n"
    "	jmp *%r11\n");

static void segv(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	fault = (uintptr_t)si->si_addr;
	fault_ip = uc->uc_mcontext.gregs[REG_RIP];
	fault_sp = uc->uc_mcontext.gregs[REG_RSP];
	CHECK(getppid() > 0);		/* a call on the alternate stack */
	siglongjmp(jump, 1);
}

static void on_usr1(int sig)
{
	handled += syscall(SYS_getpid) == getpid();
}

static void altstack(int on)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt), .ss_flags = on ? 0 : SS_DISABLE };
	struct sigaction sa = { .sa_flags = SA_ONSTACK | SA_SIGINFO };

	CHECK(!sigaltstack(&ss, NULL));
	if (on)
		sa.sa_sigaction = segv;
	else
		sa.sa_handler = SIG_DFL;
	CHECK(!sigaction(SIGSEGV, &sa, NULL));
}

/* Calls with ROOM bytes of stack: the result, or -9999 when it ended in SIGSEGV.  */
static long with_room(long room, long (*how)(void *, uintptr_t, long, long, long, long), uintptr_t site,
		      long nr, long a, long b, long c)
{
	fault = 0;
	if (sigsetjmp(jump, 1))
		return -9999;
	return how(stack + room, site, nr, a, b, c);
}

/* every direct call needs eight bytes, and no more */
static void calls(void)
{
	long pid = getpid(), room;

	for (room = 0; room <= 64; room += 8) {
		long r = with_room(room, on_stack, gate, SYS_getpid, 0, 0, 0);

		CHECK(r == (room < 8 ? -9999 : pid));
		if (room < 8)		/* at the call itself, not in the gate */
			CHECK(fault == (uintptr_t)stack - 8 && (fault_ip < gate || fault_ip >= gate + PAGE));
		/* what lies below the stack is as good as any other bad pointer */
		CHECK(with_room(8 + room, on_stack, gate, SYS_pipe, (long)stack - 8, 0, 0) == -EFAULT);
	}
	/* Entered with a jump the gate makes the call, and finds no way back.  */
	CHECK(with_room(0, jump_on_stack, gate, SYS_getpid, 0, 0, 0) == -9999 || !"back from nowhere");
}

/* a batch with its arrays where there is nothing */
static void batches(void)
{
	static uint64_t sqes[2 * 8] = { SYS_getppid, [8] = SYS_getpid };
	static uint64_t cqes[2 * 2];
	long pid = getpid(), guard = (long)stack - 64;

	if (!IS_XSC(prctl(PR_XSC, 0, 0, 0, 0)))
		return;
	for (long room = 0; room <= 64; room += 8) {
		long r = with_room(room, on_stack, gate + XSC_GATE_BATCH, XSC_OP_BATCH, (long)sqes, (long)cqes, 2);

		CHECK(r == (room < 8 ? -9999 : 2));
		CHECK(room < 8 || (cqes[1] == getppid() && cqes[3] == pid));
		cqes[1] = cqes[3] = 0;
		CHECK(with_room(8 + room, on_stack, gate + XSC_GATE_BATCH, XSC_OP_BATCH, guard, (long)cqes, 1) == -EFAULT);
		CHECK(with_room(8 + room, on_stack, gate + XSC_GATE_BATCH, XSC_OP_BATCH, (long)sqes, guard, 1) == -EFAULT);
	}
}

static long limit;

/* a signal whose frame has to fit into what is left */
static void frames(void)
{
	struct sigaction sa = { .sa_handler = on_usr1 };
	long room, min = sysconf(_SC_MINSIGSTKSZ), fits = 0;
	int was;

	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	for (room = 8; room <= 4 * min; room += 264) {
		long r;

		was = handled;
		r = with_room(room, on_stack, gate, SYS_tgkill, getpid(), gettid(), SIGUSR1);
		if (r == -9999) {
			/* no room: the handler has not begun, or it ran out itself */
			CHECK(handled == was);
			CHECK(!fits);	/* more room is never worse */
		} else {
			CHECK(r == 0 && handled == was + 1);
			fits = fits ?: room;
		}
	}
	CHECK(fits > 512 && fits <= 2 * min);
	limit = fits;
}

/* how a child ends that does F with ROOM bytes and no alternate stack */
static void dies(long room, long (*how)(void *, uintptr_t, long, long, long, long), uintptr_t site, long nr,
		 long a, long b, long c, int want)
{
	pid_t pid = fork();
	int st;

	CHECK(pid >= 0);
	if (!pid) {
		struct rlimit core = { };

		setrlimit(RLIMIT_CORE, &core);
		altstack(0);
		if (a == -1)
			a = getpid(), b = gettid();
		how(stack + room, site, nr, a, b, c);
		_exit(5);
	}
	CHECK(waitpid(pid, &st, 0) == pid);
	if (st != want)
		fprintf(stderr, "room %ld, call %ld: wait status %x, not %x\n", room, nr, st, want);
	CHECK(st == want);
}

static void deaths(void)
{
	dies(0, on_stack, gate, SYS_getpid, 0, 0, 0, SIGSEGV);
	dies(8, on_stack, gate, SYS_getpid, 0, 0, 0, 5 << 8);
	dies(0, jump_on_stack, gate, SYS_getpid, 0, 0, 0, SIGSEGV);
	/* no frame for the handler, no stack to say so on */
	dies(64, on_stack, gate, SYS_tgkill, -1, 0, SIGUSR1, SIGSEGV);
	dies(limit, on_stack, gate, SYS_tgkill, -1, 0, SIGUSR1, 5 << 8);
	/* a frame that is not there */
	dies(-128, jump_on_stack, gate + XSC_GATE_SIGRETURN, SYS_rt_sigreturn, 0, 0, 0, SIGSEGV);
}

static volatile int depth;

static int __attribute__((noinline)) deeper(volatile char *p)
{
	char room[256];

	room[0] = *p;
	depth += getppid() > 0;
	if (depth < 0)
		return 0;
	return deeper(room) + room[0];
}

static void *run_over(void *arg)
{
	stack_t ss = { .ss_sp = arg, .ss_size = 65536 };
	char c = 0;

	CHECK(!sigaltstack(&ss, NULL));
	for (volatile int i = 0; i < 3; i++) {
		depth = 0;
		if (!sigsetjmp(jump, 1))
			deeper(&c);
		CHECK(depth > 20);
	}
	return NULL;
}

static int child(void *arg)
{
	return getppid() > 0 ? 0 : 1;
}

/* recursion that calls the kernel at every level, on a thread's stack; a clone that is given no stack to speak of */
static void recursion(void)
{
	pthread_attr_t attr;
	pthread_t t;
	pid_t pid;
	int st;

	CHECK(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, 65536));
	CHECK(!pthread_create(&t, &attr, run_over, alt) && !pthread_join(t, NULL));

	altstack(1);
	pid = clone(child, stack + STACK, SIGCHLD, NULL);
	CHECK(pid > 0 && waitpid(pid, &st, 0) == pid && st == 0);
	fault = 0;
	if (!sigsetjmp(jump, 1))
		CHECK(clone(child, stack - PAGE / 2, SIGCHLD, NULL) < 0 && !"cloned onto nothing");
	CHECK(fault > (uintptr_t)stack - PAGE && fault < (uintptr_t)stack);
	CHECK(waitpid(-1, &st, 0) == -1 && errno == ECHILD);
}

int main(void)
{
	char *p;

	alarm(120);
	gate = getauxval(AT_XSC);
	CHECK(gate);
	p = mmap(NULL, STACK + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED && !mprotect(p, PAGE, PROT_NONE));
	stack = p + PAGE;

	altstack(1);
	calls();
	batches();
	frames();
	deaths();
	recursion();
	return 0;
}
