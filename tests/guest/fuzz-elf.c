// SPDX-License-Identifier: MIT
/*
 * fuzz-elf.c - execute ELF files with mutated headers; TEST: stock
 *
 * A small program, stamped and unstamped, static and dynamic; its ELF header,
 * program headers and notes are mutated, and it is executed under changing
 * policies, as nobody, with limits.  Whatever comes of it, the kernel stays
 * up; the runner fails if it complains.
 *
 * XSC_FUZZ_SECONDS (60) and XSC_FUZZ_SEED say for how long and from where.
 */
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "elf-make.h"
#include "tap.h"
#include "witness.h"

#define POLICY	"/proc/sys/kernel/xsc/exec_policy"

static struct elf base[6], e;
static uint64_t state;

/* xorshift64* */
static uint64_t rnd(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

/* numbers that hurt */
static uint64_t nasty(void)
{
	static const uint64_t n[] = {
		0, 1, 2, 3, 4, 7, 8, 12, 16, 24, 31, 63, 64, 127, 128, 255, 256, 0xfff, 0x1000, 0x1001, 0x7fff,
		0x8000, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffd, 0xffffffff,
		0x100000000, 0x7fffffffffff, 0x7ffffffff000, 0x800000000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xfffffffffffff000, 0xfffffffffffffffc, 0xffffffffffffffff,
	};

	return n[below(sizeof(n) / sizeof(*n))];
}

static void mutate(void)
{
	unsigned int times = 1 + below(6);
	size_t head = sizeof(Elf64_Ehdr) + e.nr * sizeof(Elf64_Phdr);

	while (times--) {
		size_t at;

		switch (below(8)) {
		case 0:		/* a bit of the headers */
			at = below(head);
			e.b[at] ^= 1 << below(8);
			break;
		case 1:		/* a byte of the headers */
			e.b[below(head)] = rnd();
			break;
		case 2: {	/* a word of a program header */
			uint64_t v = nasty();

			at = sizeof(Elf64_Ehdr) + 8 * below(e.nr * sizeof(Elf64_Phdr) / 8);
			memcpy(e.b + at, &v, 8);
			break;
		}
		case 3: {	/* half a word of the headers */
			uint32_t v = nasty();

			memcpy(e.b + 16 + 4 * below((head - 16) / 4), &v, 4);
			break;
		}
		case 4: {	/* a word of the notes */
			uint32_t v = nasty();

			memcpy(e.b + ELF_NOTES + 4 * below(16), &v, 4);
			break;
		}
		case 5:		/* another kind of segment */
			at = sizeof(Elf64_Ehdr) + below(e.nr) * sizeof(Elf64_Phdr);
			*(uint32_t *)(e.b + at) = below(2) ? below(8) : 0x6474e550 + below(4);
			break;
		case 6:		/* one program header over another */
			memcpy(e.b + sizeof(Elf64_Ehdr) + below(e.nr) * sizeof(Elf64_Phdr),
			       e.b + sizeof(Elf64_Ehdr) + below(e.nr) * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
			break;
		case 7:		/* a shorter or longer file */
			e.size = below(3) ? below(0x1000) + 1 : 0x1000 + below(0x20000);
			break;
		}
	}
}

static void set_policy(int n)
{
	char text[2] = { '0' + n, 0 };
	int fd = open(POLICY, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, 1);
		close(fd);
	}
}

static void limit(int what, rlim_t n)
{
	struct rlimit r = { n, n };

	setrlimit(what, &r);
}

enum { REFUSED, EXITED, KILLED, HUNG, KINDS };

static int execute(const char *path, bool inherit)
{
	sigset_t set;
	struct timespec wait = { 2, 0 };
	int pid, status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* a fork of all these buffers would cost more than everything else */
	pid = vfork();
	if (!pid) {
		char *args[] = { (char *)path, NULL }, *env[] = { NULL };

		limit(RLIMIT_CORE, 0);
		limit(RLIMIT_CPU, 1);
		limit(RLIMIT_FSIZE, 0);
		limit(RLIMIT_NPROC, 1);
		limit(RLIMIT_AS, 1UL << 30);
		limit(RLIMIT_NOFILE, 16);
		if (inherit)
			prctl(PR_XSC, XSC_PR_INHERIT, 1, 0, 0);
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(96);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		execve(path, args, env);
		_exit(95);
	}
	while (sigtimedwait(&set, NULL, &wait) < 0 && errno == EINTR)
		;
	if (waitpid(pid, &status, WNOHANG) != pid) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return HUNG;
	}
	if (WIFSIGNALED(status))
		return KILLED;
	return WEXITSTATUS(status) == 95 ? REFUSED : EXITED;
}

int main(void)
{
	const char *s = getenv("XSC_FUZZ_SECONDS"), *seed = getenv("XSC_FUZZ_SEED");
	unsigned long seconds = s && *s ? strtoul(s, NULL, 0) : 60, n = 0, kinds[KINDS] = { 0 };
	static const char *const kind_names[] = { "refused", "ran", "killed by a signal", "had to be killed" };
	char dir[200], path[300], interp[300];
	bool xsc = !access(POLICY, W_OK);
	time_t end, tick;
	sigset_t set;
	int tries = 0;

	state = seed && *seed ? strtoul(seed, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + getpid();
	if (!state)
		state = 1;
	dprintf(1, "# seed %lu, %lu s\n", (unsigned long)state, seconds);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)!getcwd(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/fuzzed", dir);
	snprintf(interp, sizeof(interp), "%s/interp", dir);

	elf_start(&e, EM_X86_64, false, ET_DYN, ELF_INTERP);
	elf_xsc(&e, 1, 0);
	elf_segment(&e, ELF_NOTES);
	elf_write(&e, interp, 0755);
	for (int i = 0; i < 6; i++) {
		elf_start(&base[i], EM_X86_64, false, i == 4 ? ET_DYN : ET_EXEC, ELF_BASE);
		if (i & 1) {
			elf_xsc(&base[i], 1, 0);
			elf_segment(&base[i], ELF_NOTES);
		}
		if (i == 2 || i == 3)
			elf_interp(&base[i], interp);
		if (i == 5) {
			elf_note(&base[i], "GNU", 4, 5, "0123456789abcdef", 16, 4);
			elf_add(&base[i], PT_NOTE, ELF_NOTES + 24, base[i].at - ELF_NOTES - 24, 8);
		}
		elf_add(&base[i], PT_GNU_STACK, 0, 0, 16);
	}

	/* unmutated they do what they should */
	for (int i = 0; i < 6; i++) {
		elf_write(&base[i], path, 0755);
		if (xsc)
			tap_is(execute(path, false), EXITED, "program %d runs unmutated", i);
	}

	modprobe_off(true);
	end = time(NULL) + seconds;
	tick = time(NULL);
	while (time(NULL) < end) {
		e = base[below(6)];
		mutate();
		if (elf_write(&e, path, 0755)) {
			if (tries++ > 100)
				break;
			continue;
		}
		set_policy(xsc ? below(3) : 0);
		kinds[execute(path, below(4) == 0)]++;
		n++;
		if (time(NULL) - tick >= 10) {
			tick = time(NULL);
			dprintf(1, "# %lu executed\n", n);
		}
	}
	set_policy(0);
	modprobe_off(false);
	for (int i = 0; i < KINDS; i++)
		dprintf(1, "# %lu %s\n", kinds[i], kind_names[i]);
	tap_ok(n > seconds, "%lu mutated files executed", n);
	tap_ok(kinds[REFUSED] && kinds[EXITED] && kinds[KILLED], "some refused, some run, some killed");

	elf_write(&base[1], path, 0755);
	if (xsc)
		tap_is(execute(path, false), EXITED, "a good program still runs");
	return tap_done();
}
