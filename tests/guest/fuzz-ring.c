// SPDX-License-Identifier: MIT
/*
 * fuzz-ring.c - programs that misuse rings and batches, found by coverage
 *
 * An input is a string of bytes that tells a child what to do: make rings of all kinds, write SQEs, ring, move
 * indices, rewrite SQEs from a second thread, unmap and remap regions, close and pass descriptors, fork, cancel.  It
 * runs as nobody, with an alarm.  Whatever comes of it, the child can be killed and the kernel does not complain (the
 * runner looks).  Inputs that reach new places in drivers/xsc (KCOV, in the debug kernel) are kept and mutated; without
 * KCOV all are made of the corpus.
 *
 * XSC_FUZZ_SECONDS (60): half of it here, half in the other variant.  XSC_FUZZ_SEED: from where.  The corpus is
 * fuzz-ring.corpus, a line of hexadecimal digits for each input; XSC_FUZZ_SAVE names a file for a new one.
 */
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "async.h"
#include "seccomp.h"

#define KCOV_INIT_TRACE		_IOR('c', 1, unsigned long)
#define KCOV_ENABLE		_IO('c', 100)
#define KCOV_WORDS		65536

#define INPUT_MAX		384
#define CORPUS_MAX		2048
#define RINGS			4
#define FDS			12
#define DIRECT			"/var/tmp/xsc-fuzz-ring"

static const unsigned short ops[] = {
	SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_lseek, SYS_close, SYS_fstat, SYS_openat,
	SYS_dup, SYS_pipe2, SYS_nanosleep, SYS_clock_nanosleep, SYS_poll, SYS_ppoll, SYS_epoll_wait, SYS_epoll_ctl,
	SYS_epoll_create1, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg, SYS_accept4, SYS_connect, SYS_socket,
	SYS_socketpair, SYS_shutdown, SYS_futex, SYS_getpid, SYS_gettid, SYS_umask, SYS_fsync, SYS_ftruncate,
	SYS_getdents64, SYS_statx, SYS_newfstatat, SYS_mkdirat, SYS_unlinkat, SYS_splice, SYS_tee, SYS_sendfile,
	SYS_copy_file_range, SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime, SYS_mmap, SYS_munmap, SYS_mprotect,
	SYS_madvise, SYS_exit, SYS_exit_group, SYS_wait4, SYS_rt_sigprocmask, SYS_sched_yield, SYS_ioctl, SYS_fcntl,
	SYS_flock, SYS_getrandom, SYS_prctl, SYS_dup3, SYS_select, SYS_signalfd4, SYS_clone, SYS_msgrcv, SYS_semop,
	SYS_setresuid, SYS_close_range,
};

static const unsigned long nasty[] = {
	0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 127, 128, 255, 256, 4095, 4096, 4097, 8192, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
	0xfffffffe, 0xffffffff, 0x100000000, 0x7ffffffff000, 0x800000000000, 0x7fffffffffffffff, 0x8000000000000000,
	0xffffffff81000000, 0xfffffffffffff000, 0xffffffffffffffff,
};

struct input {
	unsigned int len;
	unsigned char b[INPUT_MAX];
};

/* --- the child ------------------------------------------------------------ */

static const struct input *in;
static unsigned int at;
static struct fuzz_ring {
	int fd;
	struct xsc_sr_hdr *sr;
	struct xsc_sqe *sqes;
	struct xsc_cr_hdr *cr;
	unsigned long sr_size, cr_size;
	unsigned int mask, tail;
} rings[RINGS];
static int fds[FDS];
static char *arena;
#define ARENA	65536
static int direct;
static volatile int rewriting;
static int filtered;

static unsigned int byte(void)
{
	return at < in->len ? in->b[at++] : 0;
}

static unsigned long number(void)
{
	unsigned int b = byte();

	return b < 128 ? b : b < 224 ? nasty[b % (sizeof(nasty) / sizeof(*nasty))] : b << 8 | byte();
}

/* a descriptor, a pointer into memory that is there, or a number */
static unsigned long arg(void)
{
	unsigned int b = byte();

	switch (b % 8) {
	case 0: case 1: return fds[b / 8 % FDS];
	case 2: return rings[b / 8 % RINGS].fd;
	case 3: case 4: return (unsigned long)arena + byte() * 64;
	case 5: return (unsigned long)rings[b / 8 % RINGS].sr + byte() * 16;
	default: return number();
	}
}

static void region_free(struct fuzz_ring *r)
{
	if (r->sr)
		munmap(r->sr, r->sr_size);
	if (r->cr)
		munmap(r->cr, r->cr_size);
	r->sr = NULL;
	r->cr = NULL;
}

static void make(struct fuzz_ring *r)
{
	static const unsigned char kinds[] = { 0, 1, 1, 3, 7, 2, 4, 255, 9, 9, 11, 8 };
	struct xsc_ring_params p = { .sq_entries = 1 << byte() % 8, .flags = kinds[byte() % sizeof(kinds)] };
	unsigned int odd = byte();
	long fd;

	if (odd % 16 == 1)
		p.sq_entries = number();
	if (odd % 16 == 2)
		p.cq_entries = number();
	if (odd % 16 == 3)
		p.poll_idle = number();
	if (odd % 16 == 4)
		p.resv[odd / 16 % 3] = 1;
	if (p.flags & XSC_RING_POLL && !p.poll_idle)
		p.poll_idle = 2000;
	fd = ring_setup(odd % 16 == 5 ? (struct xsc_ring_params *)number() : &p);
	if (fd < 0)
		return;
	region_free(r);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->sr_size = p.sr_size;
	r->cr_size = p.cr_size;
	r->sr = mmap(NULL, p.sr_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, XSC_OFF_SR);
	r->cr = mmap(NULL, p.cr_size, PROT_READ, MAP_SHARED, fd, XSC_OFF_CR);
	if (r->sr == MAP_FAILED || r->cr == MAP_FAILED) {
		r->sr = NULL;
		r->cr = NULL;
		return;
	}
	r->sqes = (void *)((char *)r->sr + p.sqes_off);
	r->mask = p.sq_entries - 1;
	r->tail = 0;
}

static void fill(struct xsc_sqe *sqe)
{
	unsigned int b = byte();

	sqe->op = b == 255 ? number() : b == 254 ? XSC_OP_NOP : b == 253 ? XSC_OP_CANCEL :
		  b == 252 ? XSC_OP_LIMIT : ops[b % (sizeof(ops) / sizeof(*ops))];
	b = byte();
	sqe->flags = b < 64 ? b : b % 4 == 1 ? XSC_SQE_LINK : b % 4 == 2 ? XSC_SQE_LINK | XSC_SQE_FORWARD :
		     b % 8 == 3 ? XSC_SQE_FIXED_BUFFER : b % 16 == 7 ? XSC_SQE_FIXED_BUFFER | XSC_SQE_LINK : 0;
	sqe->fwd_arg = sqe->flags & XSC_SQE_FORWARD ? byte() % 8 : 0;
	sqe->fwd_from = sqe->flags & XSC_SQE_FORWARD ? byte() % 8 : 0;
	sqe->user_data = byte() % 16;
	for (int i = 0; i < 6; i++)
		sqe->args[i] = arg();
	/* direct I/O that buffers() may have made possible */
	if (sqe->flags & XSC_SQE_FIXED_BUFFER && b & 128) {
		sqe->op = b & 64 ? SYS_pread64 : SYS_pwrite64;
		sqe->args[0] = direct;
		sqe->args[4] %= 8;
		sqe->args[1] = (unsigned long)arena + sqe->args[4] * 4096 + (b & 32 ? sqe->args[1] % 8 * 512 : 0);
		sqe->args[2] = (1 + sqe->args[2] % 16) * 512;
		sqe->args[3] = sqe->args[3] % 64 * 512;
	}
	/* the same without */
	if (b >= 64 && b % 16 == 15) {
		sqe->op = b & 64 ? SYS_pread64 : SYS_pwrite64;
		sqe->args[0] = direct;
		sqe->args[1] = (unsigned long)arena + sqe->args[1] % 8 * 512;
		sqe->args[2] = sqe->args[2] % 16 * 512;
		sqe->args[3] = sqe->args[3] % 64 * 512;
	}
	/* for what may be in flight */
	if (sqe->op == XSC_OP_LIMIT && b & 128) {
		sqe->args[0] %= 16;
		sqe->args[1] %= 3000000;
		sqe->args[2] &= XSC_LIMIT_F_ALL;
		sqe->args[3] = sqe->args[4] = sqe->args[5] = 0;
	}
	/* no sleep that only the alarm ends, as a rule */
	if (sqe->op == SYS_poll && sqe->args[2] > 100)
		sqe->args[2] = 5;
}

static long enter(struct fuzz_ring *r)
{
	static struct { long s, ns; } soon = { 0, 1000000 };
	unsigned int b = byte();
	unsigned long n = b & 1 ? number() : 64, flags = (b & 14) == 14 ? number() : 0, min = b & 16 ? byte() % 8 : 0;
	struct xsc_ring_enter e = { n, flags, min, 0, (unsigned long)&soon };

	if (b >= 240)
		e.timeout = number();
	/* what a disk has ends soon */
	else if (b & 32 && r->sr && r->sqes[(r->tail - 1) & r->mask].args[0] == direct)
		e.timeout = 0;
	if (mini_xsc)
		return xsc_op(XSC_OP_RING_ENTER, r->fd, n, flags, min, e.timeout);
	return sys(SYS_ioctl, r->fd, XSC_IOC_ENTER, b == 0xee ? (struct xsc_ring_enter *)8 : &e);
}

/* register parts of the arena, or anything, or nothing */
static long buffers(struct fuzz_ring *r)
{
	struct iovec iov[8];
	unsigned int b = byte(), nr = b % 9;
	struct xsc_ring_buffers what = { nr ? (unsigned long)iov : 0, nr, 0 };

	for (int i = 0; i < nr && i < 8; i++) {
		iov[i].iov_base = (void *)(b & 128 ? arg() : (unsigned long)arena + i * 4096);
		iov[i].iov_len = b & 64 ? number() : 8192;
	}
	if (nr == 8 && b & 32)
		what = (struct xsc_ring_buffers) { number(), number(), byte() };
	if (mini_xsc)
		return xsc_op(XSC_OP_RING_BUFFERS, r->fd, what.iov, what.nr, what.resv, 0, 0);
	return sys(SYS_ioctl, r->fd, XSC_IOC_BUFFERS, &what);
}

/* another thread writes where SQEs and indices are */
static void rewriter(void *unused)
{
	unsigned int x = 1;

	while (rewriting) {
		struct fuzz_ring *r = &rings[x % RINGS];
		struct xsc_sqe *sqes = r->sqes;

		x = x * 1664525 + 1013904223;
		if (!r->sr || !sqes || rewriting > 1)
			continue;
		((volatile unsigned char *)(sqes + (x >> 8 & r->mask)))[x >> 16 & 63] ^= 1 << (x >> 24 & 7);
	}
}

static struct thread second;

static void stop_rewriting(void)
{
	if (rewriting) {
		rewriting = 0;
		thread_join(&second);
	}
}

/* a descriptor to ourselves over a socket, and back */
static void pass(int fd)
{
	send_fd(fds[4], fd, MSG_DONTWAIT);
	receive_fd(fds[5], MSG_DONTWAIT);
}

static void act(void)
{
	unsigned int b = byte(), pick = byte();
	struct fuzz_ring *r = &rings[pick % RINGS];

	switch (b % 24) {
	case 0:
		stop_rewriting();
		make(r);
		break;
	case 1: case 2: case 3: case 4: case 5: case 6: case 7:
		if (!r->sr) {
			make(r);
			break;
		}
		fill(&r->sqes[r->tail++ & r->mask]);
		__atomic_store_n(&r->sr->sq_tail, r->tail, __ATOMIC_RELEASE);
		break;
	case 8: case 9: case 10:
		enter(r);
		break;
	case 11:
		if (r->sr)
			__atomic_store_n(&r->sr->cq_head, r->cr->cq_tail, __ATOMIC_RELEASE);
		break;
	case 12:
		if (r->sr)
			*(pick & 16 ? &r->sr->sq_tail : &r->sr->cq_head) = number();
		break;
	case 13: {
		struct xsc_sqe *sqes = (void *)arena;
		unsigned int n = byte() % 8;

		for (unsigned int i = 0; i < n; i++)
			fill(&sqes[i]);
		if (pick < 32)
			xsc_op(XSC_OP_BATCH, arg(), arg(), number(), number(), pick);
		else
			xsc_op(XSC_OP_BATCH, sqes, arena + 4096, n, pick > 224 ? byte() % 8 : 0, 0);
		break;
	}
	case 14:
		stop_rewriting();
		switch (pick / RINGS % 6) {
		case 0: region_free(r); break;
		case 1: if (r->sr) munmap(r->sr, 4096); r->sr = NULL; break;
		case 2: if (r->cr) mprotect(r->cr, r->cr_size, PROT_READ | PROT_WRITE); break;
		case 3: if (r->sr) mremap(r->sr, r->sr_size, number() & ~0xfffUL, 1); r->sr = NULL; break;
		case 4: if (r->sr) sys(SYS_mmap, r->sr, r->sr_size, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); break;
		case 5: mmap(NULL, number(), byte(), byte(), r->fd, number()); break;
		}
		break;
	case 15:
		close(pick & 64 ? r->fd : fds[pick % FDS]);
		break;
	case 16:
		if (!rewriting) {
			rewriting = 1;
			if (thread_start(&second, rewriter, NULL))
				rewriting = 0;
		} else {
			stop_rewriting();
		}
		break;
	case 17:
		sys(SYS_write, fds[1], arena, 1 + pick % 64);
		sys(SYS_sendto, fds[2 + (pick & 1)], arena, 1 + pick % 64, MSG_DONTWAIT, 0, 0);
		break;
	case 18: {
		int pid = fork();

		if (!pid) {
			enter(r);
			_exit(0);
		}
		if (pick & 64)
			wait_for(pid);
		break;
	}
	case 19:
		pass(pick & 64 ? r->fd : fds[pick % FDS]);
		break;
	case 20:
		sys(SYS_dup3, pick & 64 ? r->fd : fds[pick % FDS], fds[byte() % FDS], 0);
		break;
	case 21:
		/* one filter is enough, and it lets all but fsync pass */
		if (pick >= 224 && !filtered++)
			seccomp_filter(SYS_fsync, SECCOMP_RET_ERRNO | EPERM);
		msleep(pick % 4);
		break;
	case 22:
		if (r->sr)
			((unsigned char *)r->sr)[number() % r->sr_size] = byte();
		break;
	case 23:
		if (pick & 128)
			buffers(r);
		else
			xsc_op(XSC_OP_BASE + pick % 16, arg(), arg(), arg(), arg(), arg());
		break;
	}
}

static void set_up(void)
{
	int p[2];

	for (int i = 0; i < FDS; i++)
		fds[i] = -1;
	for (int i = 0; i < RINGS; i++)
		rings[i].fd = -1;
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < ARENA / 8; i++)
		((unsigned long *)arena)[i] = i % 16 ? i % 7 * 1000 : 0;
	pipe2(p, 0);
	fds[0] = p[0];
	fds[1] = p[1];
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	fds[2] = p[0];
	fds[3] = p[1];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	fds[4] = p[0];
	fds[5] = p[1];
	fds[6] = open("file", O_CREAT | O_RDWR, 0666);
	write(fds[6], arena, 4096);
	direct = open(DIRECT, O_RDWR | O_DIRECT);
	fds[7] = sys(SYS_eventfd2, 0, 0);
	fds[8] = sys(SYS_epoll_create1, 0);
	fds[9] = open(".", O_RDONLY, 0);
	fds[10] = sys(SYS_timerfd_create, 1, 0);
	fds[11] = open("/dev/zero", O_RDWR, 0);
	strcpy(arena + 512, "file");
	strcpy(arena + 576, "dir");
}

static void __attribute__((noreturn)) child(int kcov)
{
	struct itimerval alarm = { { 0, 0 }, { 0, 150000 } };
	struct rlimit lim = { 64, 64 };

	sys(SYS_setpgid, 0, 0);
	sys(SYS_setresgid, 65534, 65534, 65534);
	sys(SYS_setresuid, 65534, 65534, 65534);
	sys(SYS_prlimit64, 0, RLIMIT_NPROC, &lim, NULL);
	set_up();
	setitimer(ITIMER_REAL, &alarm, NULL);
	if (kcov >= 0)
		ioctl(kcov, KCOV_ENABLE, 0);
	for (int i = 0; i < 64 && at < in->len; i++)
		act();
	_exit(0);
}

/* --- the parent ----------------------------------------------------------- */

static struct input *corpus;
static unsigned int nr_corpus;
static unsigned char *seen;
static unsigned int places;
static unsigned long *cover;
static unsigned long state;

static unsigned long rnd(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dUL;
}

/* an environment variable, in a buffer of its own */
static const char *variable(const char *name)
{
	static char text[16384];
	long n = read_file("/proc/self/environ", text, sizeof(text));

	for (char *s = text; n > 0 && s < text + n; s += strlen(s) + 1)
		if (!strncmp(s, name, strlen(name)) && s[strlen(name)] == '=')
			return s + strlen(name) + 1;
	return "";
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void load(const char *path)
{
	static char text[1 << 20];
	long n = read_file(path, text, sizeof(text));
	struct input *i = &corpus[0];

	for (char *s = text; n > 0 && *s && nr_corpus < CORPUS_MAX / 2; s++) {
		if (*s == '\n') {
			if (i->len)
				i = &corpus[++nr_corpus];
			i->len = 0;
		} else if (digit(s[0]) >= 0 && digit(s[1]) >= 0 && i->len < INPUT_MAX) {
			i->b[i->len++] = digit(s[0]) << 4 | digit(s[1]);
			s++;
		}
	}
}

static void save(const char *path)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	char line[2 * INPUT_MAX + 2];

	for (unsigned int i = 0; i < nr_corpus; i++) {
		for (unsigned int k = 0; k < corpus[i].len; k++)
			snprintf(line + 2 * k, 3, "%02x", corpus[i].b[k]);
		line[2 * corpus[i].len] = '\n';
		write(fd, line, 2 * corpus[i].len + 1);
	}
	close(fd);
}

/* places reached that were not before */
static unsigned int fresh(void)
{
	unsigned long n = cover ? __atomic_load_n(&cover[0], __ATOMIC_RELAXED) : 0;
	unsigned int new = 0;

	for (unsigned long i = 0; i < n && i < KCOV_WORDS - 1; i++) {
		unsigned int h = (cover[i + 1] * 0x9e3779b97f4a7c15UL) >> 44;

		new += !(seen[h / 8] & 1 << h % 8);
		seen[h / 8] |= 1 << h % 8;
	}
	places += new;
	return new;
}

static void mutate(struct input *to)
{
	const struct input *other;
	unsigned int n = 1 + rnd() % 6, i, k;

	if (nr_corpus) {
		*to = corpus[rnd() % nr_corpus];
	} else {
		to->len = 32 + rnd() % 64;
		for (i = 0; i < to->len; i++)
			to->b[i] = rnd();
	}
	while (n--) {
		i = rnd() % to->len;
		switch (rnd() % 7) {
		case 0: to->b[i] ^= 1 << rnd() % 8; break;
		case 1: to->b[i] = rnd(); break;
		case 2:		/* some more */
			for (k = 0; k < 12 && to->len < INPUT_MAX; k++)
				to->b[to->len++] = rnd();
			break;
		case 3:		/* less */
			if (to->len > 8)
				to->len -= rnd() % (to->len / 2);
			break;
		case 4:		/* the rest of another one */
			if (!nr_corpus)
				break;
			other = &corpus[rnd() % nr_corpus];
			for (k = rnd() % other->len; k < other->len && i < INPUT_MAX; k++)
				to->b[i++] = other->b[k];
			if (i > to->len)
				to->len = i;
			break;
		case 5:		/* twice */
			for (k = i; k < to->len && k - i < 24 && to->len < INPUT_MAX; k++)
				to->b[to->len++] = to->b[k];
			break;
		case 6: to->b[i] += rnd() % 9 - 4; break;
		}
	}
}

/* run one input; false when the child cannot be killed */
static bool run(const struct input *input, int kcov)
{
	int pid, status;

	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	in = input;
	at = 0;
	pid = fork();
	if (!pid)
		child(kcov);
	for (int i = 0; i < 60000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			/* and whatever it forked */
			kill(-pid, SIGKILL);
			return true;
		}
		if (i == 5000)
			kill(-pid, SIGKILL);
		if (i % 4)
			sys(SYS_sched_yield);
		else
			msleep(1);
	}
	return false;
}

static const char *text_of(const struct input *i)
{
	static char text[2 * INPUT_MAX + 1];

	for (unsigned int k = 0; k < i->len; k++)
		snprintf(text + 2 * k, 3, "%02x", i->b[k]);
	return text;
}

int main(int argc, char **argv)
{
	unsigned long seconds, end, runs = 0;
	char path[256];
	static struct input i;
	bool alive = true;
	int kcov;

	RINGS_OR_SKIP();
	seconds = strtoul(variable("XSC_FUZZ_SECONDS"), NULL, 0);
	seconds = (seconds ?: 60) / 2;
	state = strtoul(variable("XSC_FUZZ_SEED"), NULL, 0);
	if (!state)
		state = now_ms() * 2654435761u + getpid();
	dprintf(1, "# seed %lu, %lu s\n", state, seconds);
	sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	signal(SIGCHLD, SIG_DFL);
	sys(SYS_chmod, ".", 0777);
	direct = open(DIRECT, O_CREAT | O_RDWR, 0666);
	sys(SYS_fchmod, direct, 0666);
	sys(SYS_ftruncate, direct, 32768);
	close(direct);
	corpus = mmap(NULL, (CORPUS_MAX + 1) * sizeof(*corpus), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	seen = mmap(NULL, (1 << 20) / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kcov = open("/sys/kernel/debug/kcov", O_RDWR, 0);
	if (kcov >= 0 && !ioctl(kcov, KCOV_INIT_TRACE, KCOV_WORDS))
		cover = mmap(NULL, KCOV_WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, kcov, 0);
	snprintf(path, sizeof(path), "%s/fuzz-ring.corpus", variable("HERE"));
	load(path);
	dprintf(1, "# %u inputs in the corpus, %s\n", nr_corpus, cover ? "coverage by KCOV" : "no KCOV: blind");

	end = now_ms() + seconds * 1000;
	for (unsigned int k = 0; alive && k < nr_corpus && now_ms() < end; k++, runs++) {
		alive = run(&corpus[k], cover ? kcov : -1);
		fresh();
		if (!alive)
			i = corpus[k];
	}
	while (alive && now_ms() < end) {
		mutate(&i);
		alive = run(&i, cover ? kcov : -1);
		runs++;
		if (fresh() && nr_corpus < CORPUS_MAX)
			corpus[nr_corpus++] = i;
		/* orphans */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	dprintf(1, "# %lu runs, %u inputs kept, %u places reached\n", runs, nr_corpus, places);
	if (!tap_ok(alive, "each child can be killed"))
		dprintf(1, "# this one could not: %s\n", text_of(&i));
	tap_ok(runs > 0, "inputs were run");
	sys(SYS_unlink, DIRECT);
	tap_ok(!cover || places > 200, "they reach the code");
	if (*variable("XSC_FUZZ_SAVE"))
		save(variable("XSC_FUZZ_SAVE"));
	return tap_done();
}
