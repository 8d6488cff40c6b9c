// SPDX-License-Identifier: MIT
/*
 * mini.c - a C library of a few pages, see mini.h
 */
#include "mini.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- start and entry ----------------------------------------------------- */

bool mini_xsc, mini_has_gate;
char **environ;

static unsigned long *auxv;
static unsigned long entry;
static int the_errno;

int main(int argc, char **argv);

__asm__(".globl _start\n"
	"_start:\n\t"
	"xor %ebp, %ebp\n\t"
	"mov %rsp, %rdi\n\t"
	"and $-16, %rsp\n\t"
	"call mini_start\n\t"
	"hlt\n"
	/* The way in of a legacy process. */
	"mini_raw:\n\t"
	"syscall\n\t"
	"ret\n"
	"mini_raw_restorer:\n\t"
	"mov $15, %eax\n\t"
	"syscall\n"
	/* A new thread comes here with fn, arg on its stack. */
	"mini_thread_start:\n\t"
	"pop %rdi\n\t"
	"and $-16, %rsp\n\t"
	"call mini_thread_main\n\t"
	"hlt");

extern char mini_raw[], mini_raw_restorer[], mini_thread_start[];

unsigned long getauxval(unsigned long type)
{
	for (unsigned long *a = auxv; *a; a += 2)
		if (*a == type)
			return a[1];
	the_errno = ENOENT;
	return 0;
}

int *__errno_location(void)
{
	return &the_errno;
}

long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	return xsc_gate_call6(a, b, c, d, e, f, nr, entry);
}

static long ret(long res)
{
	if (res < 0 && res > -4096) {
		the_errno = -res;
		return -1;
	}
	return res;
}

long syscall(long nr, ...)
{
	va_list ap;
	long a[6];

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return ret(sys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

void _exit(int status)
{
	for (;;)
		sys(SYS_exit_group, status);
}

void exit(int status)
{
	_exit(status);
}

void abort(void)
{
	for (;;)
		__asm__ volatile("ud2");
}

__attribute__((used, noreturn)) void mini_start(unsigned long *sp)
{
	int argc = *sp;
	char **argv = (char **)(sp + 1);

	environ = argv + argc + 1;
	for (auxv = (unsigned long *)environ; *auxv; auxv++)
		;
	auxv++;

	entry = getauxval(AT_XSC);
	mini_has_gate = entry;
	if (!entry)
		entry = (unsigned long)mini_raw;
	mini_xsc = mini_has_gate &&
		   sys(SYS_prctl, PR_XSC, XSC_PR_GET) & XSC_ST_ACTIVE;
	if (!mini_xsc)
		entry = (unsigned long)mini_raw;
	/* The negative control: expect of a legacy process what it is not. */
	for (char **p = environ; *p; p++)
		if (!strcmp(*p, "XSC_PRETEND=1"))
			mini_xsc = true;
	_exit(main(argc, argv));
}

/* --- strings --------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t n)
{
	char *d = to;
	const char *s = from;

	while (n--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *d = to;
	const char *s = from;

	if (d <= s)
		return memcpy(to, from, n);
	while (n--)
		d[n] = s[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	char *d = to;

	while (n--)
		*d++ = c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

char *strcpy(char *to, const char *from)
{
	return memcpy(to, from, strlen(from) + 1);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, -1);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	char *last = NULL;

	for (; *s; s++)
		if (*s == (char)c)
			last = (char *)s;
	return last;
}

char *strstr(const char *s, const char *word)
{
	size_t n = strlen(word);

	for (; *s; s++)
		if (!strncmp(s, word, n))
			return (char *)s;
	return n ? NULL : (char *)s;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	unsigned long n = 0, d;

	if (s[0] == '0' && s[1] == 'x' && (!base || base == 16)) {
		s += 2;
		base = 16;
	}
	if (!base)
		base = 10;
	for (;; s++) {
		if (*s >= '0' && *s <= '9')
			d = *s - '0';
		else if (*s >= 'a' && *s <= 'f')
			d = *s - 'a' + 10;
		else
			break;
		if (d >= (unsigned long)base)
			break;
		n = n * base + d;
	}
	if (end)
		*end = (char *)s;
	return n;
}

/* --- formatted output -------------------------------------------------------- */

static const char *number(char *buf, unsigned long n, unsigned int base)
{
	buf += 24;
	*buf = 0;
	do {
		*--buf = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	return buf;
}

/* %d %i %u %x %p %s %c %% with l, ll, z; flags - and 0; width; .precision of s */
int vsnprintf(char *out, size_t size, const char *fmt, va_list ap)
{
	size_t len = 0;

#define PUT(c)	do { if (len + 1 < size) out[len] = (c); len++; } while (0)
	for (; *fmt; fmt++) {
		int width = 0, prec = -1, longs = 0;
		bool left = false, zero = false, neg = false;
		char buf[32];
		const char *s = buf;
		size_t n;

		if (*fmt != '%') {
			PUT(*fmt);
			continue;
		}
		for (fmt++; *fmt == '-' || *fmt == '0' || *fmt == '#'; fmt++) {
			left |= *fmt == '-';
			zero |= *fmt == '0';
		}
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + *fmt - '0';
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				prec = va_arg(ap, int);
				fmt++;
			} else {
				for (prec = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
					prec = prec * 10 + *fmt - '0';
			}
		}
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			longs++;
		switch (*fmt) {
		case 'd':
		case 'i': {
			long v = longs ? va_arg(ap, long) : va_arg(ap, int);

			neg = v < 0;
			s = number(buf, neg ? -(unsigned long)v : (unsigned long)v, 10);
			break;
		}
		case 'u':
		case 'x':
			s = number(buf, longs ? va_arg(ap, unsigned long) :
						va_arg(ap, unsigned int),
				   *fmt == 'u' ? 10 : 16);
			break;
		case 'p':
			s = number(buf, va_arg(ap, unsigned long), 16);
			break;
		case 's':
			s = va_arg(ap, const char *);
			if (!s)
				s = "(null)";
			break;
		case 'c':
			buf[0] = va_arg(ap, int);
			buf[1] = 0;
			break;
		default:
			buf[0] = *fmt;
			buf[1] = 0;
		}
		for (n = 0; s[n] && (*fmt != 's' || prec < 0 || n < (size_t)prec); n++)
			;
		width -= n + neg;
		if (neg && zero)
			PUT('-');
		for (; !left && width > 0; width--)
			PUT(zero ? '0' : ' ');
		if (neg && !zero)
			PUT('-');
		for (; n; n--)
			PUT(*s++);
		for (; width > 0; width--)
			PUT(' ');
	}
#undef PUT
	if (size)
		out[len < size ? len : size - 1] = 0;
	return len;
}

int snprintf(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, size, fmt, ap);
	va_end(ap);
	return n;
}

int vdprintf(int fd, const char *fmt, va_list ap)
{
	char buf[1024];
	int n = vsnprintf(buf, sizeof(buf), fmt, ap);

	return sys(SYS_write, fd, buf, n < (int)sizeof(buf) ? n : (int)sizeof(buf) - 1);
}

int dprintf(int fd, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(fd, fmt, ap);
	va_end(ap);
	return n;
}

/* --- calls ------------------------------------------------------------------- */

#define ONE_MORE(type, last)			\
	({					\
		va_list ap;			\
		type v;				\
		va_start(ap, last);		\
		v = va_arg(ap, type);		\
		va_end(ap);			\
		v;				\
	})

int open(const char *path, int flags, ...)
{
	return ret(sys(SYS_openat, AT_FDCWD, path, flags, ONE_MORE(long, flags)));
}

int fcntl(int fd, int cmd, ...)
{
	return ret(sys(SYS_fcntl, fd, cmd, ONE_MORE(long, cmd)));
}

int ioctl(int fd, unsigned long cmd, ...)
{
	return ret(sys(SYS_ioctl, fd, cmd, ONE_MORE(long, cmd)));
}

void *mremap(void *old, size_t size, size_t want, int flags, ...)
{
	return (void *)ret(sys(SYS_mremap, old, size, want, flags, ONE_MORE(long, flags)));
}

int prctl(int option, ...)
{
	va_list ap;
	long a[4];

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return ret(sys(SYS_prctl, option, a[0], a[1], a[2], a[3]));
}

long ptrace(enum __ptrace_request req, ...)
{
	va_list ap;
	long a[3];

	va_start(ap, req);
	for (int i = 0; i < 3; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return ret(sys(SYS_ptrace, req, a[0], a[1], a[2]));
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return (void *)ret(sys(SYS_mmap, addr, len, prot, flags, fd, off));
}

#define A(x)	((long)(x))
#define CALL0(type, name)						\
	type name(void) { return (type)ret(sys6(SYS_##name, 0, 0, 0, 0, 0, 0)); }
#define CALL1(type, name, ta)						\
	type name(ta a) { return (type)ret(sys6(SYS_##name, A(a), 0, 0, 0, 0, 0)); }
#define CALL2(type, name, ta, tb)					\
	type name(ta a, tb b) { return (type)ret(sys6(SYS_##name, A(a), A(b), 0, 0, 0, 0)); }
#define CALL3(type, name, ta, tb, tc)					\
	type name(ta a, tb b, tc c) { return (type)ret(sys6(SYS_##name, A(a), A(b), A(c), 0, 0, 0)); }

CALL3(ssize_t, read, int, void *, size_t)
CALL3(ssize_t, write, int, const void *, size_t)
CALL1(int, close, int)
CALL3(off_t, lseek, int, off_t, int)
CALL2(int, munmap, void *, size_t)
CALL3(int, mprotect, void *, size_t, int)
CALL3(int, madvise, void *, size_t, int)
CALL2(int, dup2, int, int)
CALL1(int, dup, int)
CALL2(int, ftruncate, int, off_t)
CALL1(int, unlink, const char *)
CALL1(int, rmdir, const char *)
CALL2(int, mkdir, const char *, mode_t)
CALL2(int, chmod, const char *, mode_t)
CALL1(int, chdir, const char *)
CALL2(int, memfd_create, const char *, unsigned int)
CALL0(pid_t, fork)
CALL0(pid_t, getpid)
CALL0(pid_t, getppid)
CALL0(pid_t, gettid)
CALL2(int, kill, pid_t, int)
CALL3(int, execve, const char *, char *const *, char *const *)
CALL3(int, poll, struct pollfd *, nfds_t, int)
CALL0(int, sched_yield)
CALL1(unsigned int, alarm, unsigned int)
CALL3(int, socket, int, int, int)
CALL3(int, bind, int, const struct sockaddr *, socklen_t)
CALL3(ssize_t, sendmsg, int, const struct msghdr *, int)
CALL3(ssize_t, recvmsg, int, struct msghdr *, int)
CALL1(int, setuid, uid_t)
CALL2(int, fstat, int, struct stat *)

ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
	return ret(sys(SYS_sendto, fd, buf, n, flags, to, len));
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	return ret(sys(SYS_recvfrom, fd, buf, n, flags, NULL, NULL));
}

ssize_t pread(int fd, void *buf, size_t n, off_t off)
{
	return ret(sys(SYS_pread64, fd, buf, n, off));
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t off)
{
	return ret(sys(SYS_pwrite64, fd, buf, n, off));
}

int pipe2(int fds[2], int flags)
{
	return ret(sys(SYS_pipe2, fds, flags));
}

int pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return ret(sys(SYS_socketpair, domain, type, protocol, fds));
}

pid_t waitpid(pid_t pid, int *status, int flags)
{
	return ret(sys(SYS_wait4, pid, status, flags, NULL));
}

int setitimer(__itimer_which_t which, const struct itimerval *new, struct itimerval *old)
{
	return ret(sys(SYS_setitimer, which, new, old));
}

int raise(int sig)
{
	return ret(sys(SYS_tgkill, getpid(), gettid(), sig));
}

/* --- signals ------------------------------------------------------------------ */

/* as the kernel has it */
struct ksigaction {
	void		*handler;
	unsigned long	flags;
	void		*restorer;
	unsigned long	mask;
};

int sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
	struct ksigaction k = { 0 }, o;
	long err;

	if (new) {
		k.handler = (void *)new->sa_handler;
		k.flags = new->sa_flags | 0x04000000;	/* SA_RESTORER */
		k.restorer = entry == (unsigned long)mini_raw ? mini_raw_restorer :
			     (char *)xsc_gate() + XSC_GATE_SIGRETURN;
		memcpy(&k.mask, &new->sa_mask, sizeof(k.mask));
	}
	err = sys(SYS_rt_sigaction, sig, new ? &k : NULL, &o, 8);
	if (!err && old) {
		memset(old, 0, sizeof(*old));
		old->sa_handler = (void (*)(int))o.handler;
		old->sa_flags = o.flags;
	}
	return ret(err);
}

sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	return sigaction(sig, &sa, &old) ? SIG_ERR : old.sa_handler;
}

int sigprocmask(int how, const sigset_t *new, sigset_t *old)
{
	return ret(sys(SYS_rt_sigprocmask, how, new, old, 8));
}

int sigemptyset(sigset_t *set)
{
	memset(set, 0, sizeof(*set));
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	*(unsigned long *)set |= 1UL << (sig - 1);
	return 0;
}

/* --- threads ------------------------------------------------------------------- */

#define STACK	(64 * 1024)

__attribute__((used, noreturn)) void mini_thread_main(struct thread *t)
{
	t->fn(t->arg);
	for (;;)
		sys(SYS_exit, 0);
}

int thread_start(struct thread *t, void (*fn)(void *arg), void *arg)
{
	unsigned long *sp;
	long id;

	t->fn = fn;
	t->arg = arg;
	t->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->stack == MAP_FAILED)
		return -ENOMEM;
	sp = (unsigned long *)((char *)t->stack + STACK) - 2;
	sp[0] = (unsigned long)mini_thread_start;	/* for the "ret" of the way in */
	sp[1] = (unsigned long)t;
	id = sys(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		 CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, sp, &t->tid, &t->tid, 0);
	t->id = id;
	return id < 0 ? id : 0;
}

void thread_join(struct thread *t)
{
	int tid;

	while ((tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)))
		sys(SYS_futex, &t->tid, FUTEX_WAIT, tid, NULL, NULL, 0);
	munmap(t->stack, STACK);
}

/* --- what tests share ------------------------------------------------------------ */

void msleep(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	sys(SYS_nanosleep, &ts, NULL);
}

unsigned long now_ms(void)
{
	struct timespec ts;

	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void *shared(unsigned long size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int wait_for(int pid)
{
	unsigned long end = now_ms() + 60000;
	int status;

	for (;;) {
		int got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return status;
		if (got < 0 || now_ms() > end)
			break;
		msleep(1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

long read_file(const char *path, char *buf, unsigned long size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long len = 0;
	long n;

	buf[0] = 0;
	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
	return len;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (long)strlen(text) ? 0 : -1;
}
