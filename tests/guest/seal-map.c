// SPDX-License-Identifier: MIT
/*
 * seal-map.c - an XSC process cannot change what is mapped at its gate
 *
 * Each attempt gets an errno, and the gate's bytes are what they were and
 * work.  The same in a child, after fork.  Unstamped, each does what it
 * always did, in a child of its own, since some leave no vDSO behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mini.h"
#include "tap.h"

#define PAGE	4096UL

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define MADV_WIPE	18	/* MADV_WIPEONFORK */

/* the page of the gate; the code of the vDSO; the first byte of its data */
static unsigned long page, code, first, end, len;
static char saved[0x40];

/* where "[vdso]" and "[vvar]" lie */
static void find_vdso(void)
{
	char maps[16384], *line, *next;

	page = xsc_gate() & -PAGE;
	read_file("/proc/self/maps", maps, sizeof(maps));
	for (line = maps; line && *line; line = next) {
		unsigned long a, b;
		char *p;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (!strstr(line, "[vdso]") && !strstr(line, "[vvar"))
			continue;
		for (a = 0, p = line; *p != '-'; p++)
			a = a * 16 + (*p <= '9' ? *p - '0' : *p - 'a' + 10);
		for (b = 0, p++; *p != ' '; p++)
			b = b * 16 + (*p <= '9' ? *p - '0' : *p - 'a' + 10);
		if (!first || a < first)
			first = a;
		if (b > end)
			end = b;
		if (strstr(line, "[vdso]"))
			code = a;
	}
	len = end - code;
}

static long anon(unsigned long addr, unsigned long len, int flags)
{
	return sys(SYS_mmap, addr, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* One attempt each: what it returned. */
static long munmap_page(void) { return sys(SYS_munmap, page, PAGE); }
static long munmap_code(void) { return sys(SYS_munmap, code, len); }
static long munmap_all(void) { return sys(SYS_munmap, first, end - first); }
static long munmap_vvar(void) { return sys(SYS_munmap, first, PAGE); }
static long munmap_last(void) { return sys(SYS_munmap, end - PAGE, PAGE); }
static long munmap_around(void) { return sys(SYS_munmap, first - 16 * PAGE, end - first + 32 * PAGE); }
static long munmap_up(void) { return sys(SYS_munmap, first, 0x7ffffffff000 - first); }
static long munmap_low(void) { return sys(SYS_munmap, page - 64 * PAGE, 65 * PAGE); }
static long munmap_everything(void) { return sys(SYS_munmap, 0, 0x7ffffffff000); }

static long move(unsigned long from, unsigned long old, unsigned long new, int flags, unsigned long to)
{
	return sys(SYS_mremap, from, old, new, MREMAP_MAYMOVE | flags, to);
}

static long mremap_away(void) { return move(code, len, len, MREMAP_FIXED, 0x10000000); }
static long mremap_page_away(void) { return move(page, PAGE, PAGE, MREMAP_FIXED, 0x10000000); }
static long mremap_vvar_away(void) { return move(first, code - first, code - first, MREMAP_FIXED, 0x10000000); }
static long mremap_shrink(void) { return sys(SYS_mremap, code, len, PAGE, 0, 0); }
static long mremap_grow(void) { return move(code, len, 64 * PAGE, 0, 0); }
static long mremap_dontunmap(void) { return move(code, len, len, MREMAP_DONTUNMAP, 0); }
static long mremap_zero(void) { return move(page, 0, PAGE, 0, 0); }
static long mremap_onto(void) { return move(anon(0, len, 0), len, len, MREMAP_FIXED, code); }
static long mremap_onto_page(void) { return move(anon(0, PAGE, 0), PAGE, PAGE, MREMAP_FIXED, page); }
static long mremap_onto_from_below(void)
{
	return move(anon(0x30000000, 64 * PAGE, 0), 64 * PAGE, 64 * PAGE, MREMAP_FIXED, page - 63 * PAGE);
}

static long mremap_dontunmap_onto(void)
{
	return move(anon(0, len, 0), len, len, MREMAP_FIXED | MREMAP_DONTUNMAP, code);
}

/* a mapping just below it that grows upwards into it */
static long mremap_grow_into(void)
{
	long low = anon(first - 64 * PAGE, PAGE, MAP_FIXED_NOREPLACE);

	return low < 0 ? low : sys(SYS_mremap, low, PAGE, 128 * PAGE, 0, 0);
}

static long protect(unsigned long at, unsigned long n, int prot) { return sys(SYS_mprotect, at, n, prot); }
static long mprotect_write(void) { return protect(code, len, PROT_READ | PROT_WRITE | PROT_EXEC); }
static long mprotect_page(void) { return protect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC); }
static long mprotect_none(void) { return protect(page, PAGE, PROT_NONE); }
static long mprotect_same(void) { return protect(code, len, PROT_READ | PROT_EXEC); }
static long mprotect_vvar(void) { return protect(first, PAGE, PROT_NONE); }
static long mprotect_range(void) { return protect(first, end - first, PROT_READ); }
static long mprotect_growsdown(void) { return protect(page, PAGE, PROT_READ | PROT_WRITE | PROT_GROWSDOWN); }
static long mprotect_growsup(void) { return protect(page, PAGE, PROT_READ | PROT_WRITE | PROT_GROWSUP); }
static long pkey_mprotect_write(void)
{
	return sys(SYS_pkey_mprotect, code, len, PROT_READ | PROT_WRITE, -1);
}

static long mmap_fixed(void) { return anon(code, len, MAP_FIXED); }
static long mmap_fixed_page(void) { return anon(page, PAGE, MAP_FIXED); }
static long mmap_fixed_vvar(void) { return anon(first, code - first, MAP_FIXED); }
static long mmap_fixed_around(void) { return anon(first - 16 * PAGE, end - first + 32 * PAGE, MAP_FIXED); }
static long mmap_noreplace(void) { return anon(page, PAGE, MAP_FIXED_NOREPLACE); }
static long mmap_growsdown(void) { return anon(code, len, MAP_FIXED | MAP_GROWSDOWN); }
static long mmap_populate(void) { return anon(code, len, MAP_FIXED | MAP_POPULATE | MAP_LOCKED); }
static long mmap_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	return sys(SYS_mmap, code, len, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
}

static long mmap_shared_file(void)
{
	int fd = memfd_create("x", 0);

	ftruncate(fd, len);
	return sys(SYS_mmap, code, len, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0);
}

/* a hint is no demand: it comes to lie elsewhere */
static long mmap_hint(void)
{
	long got = anon(page, PAGE, 0);

	return got > 0 && (got >= (long)end || got + (long)PAGE <= (long)first) ? -EADDRNOTAVAIL : 0;
}

static long shm_try(int flags)
{
	long id = sys(SYS_shmget, IPC_PRIVATE, len, 0600), addr;

	addr = sys(SYS_shmat, id, code, flags);
	sys(SYS_shmctl, id, IPC_RMID, 0);
	return addr;
}

static long shm_remap(void) { return shm_try(SHM_REMAP); }
static long shm_at(void) { return shm_try(0); }
static long shm_dt(void) { return sys(SYS_shmdt, page); }

static long advise(int advice) { return sys(SYS_madvise, code, len, advice); }
static long madvise_dontneed(void) { return advise(MADV_DONTNEED); }
static long madvise_dontfork(void) { return advise(MADV_DONTFORK); }
static long madvise_wipe(void) { return advise(MADV_WIPE); }
static long madvise_free(void) { return advise(MADV_FREE); }
static long madvise_remove(void) { return advise(MADV_REMOVE); }
static long madvise_pageout(void) { return advise(21); }
static long madvise_populate_write(void) { return advise(23); }
static long madvise_range(void) { return sys(SYS_madvise, first, end - first, MADV_DONTFORK); }
static long process_madvise_cold(void)
{
	struct { unsigned long base, len; } iov = { page, PAGE };
	long fd = sys(SYS_pidfd_open, getpid(), 0);

	return sys(SYS_process_madvise, fd, &iov, 1, 20 /* MADV_COLD */, 0);
}

static long remap_pages(void) { return sys(SYS_remap_file_pages, page, PAGE, 0, 0, 0); }
static long map_vdso_64(void) { return sys(SYS_arch_prctl, 0x2003, 0x20000000); }
static long map_vdso_32(void) { return sys(SYS_arch_prctl, 0x2002, 0x20000000); }
static long map_vdso_x32(void) { return sys(SYS_arch_prctl, 0x2001, 0x20000000); }

/* writing through the file that shows memory */
static long proc_mem(void)
{
	int fd = open("/proc/self/mem", 2);
	long n = sys(SYS_pwrite64, fd, "\x90", 1, xsc_gate());

	close(fd);
	return n;
}

static long vm_writev(void)
{
	char byte = 0x90;
	struct { void *base; unsigned long len; } l = { &byte, 1 }, r = { (void *)xsc_gate(), 1 };

	return sys(SYS_process_vm_writev, getpid(), &l, 1, &r, 1, 0);
}

static long read_into(void)
{
	int fds[2];
	long n;

	pipe(fds);
	write(fds[1], "\x90", 1);
	n = sys(SYS_read, fds[0], xsc_gate(), 1);
	close(fds[0]);
	close(fds[1]);
	return n;
}

static long brk_over(void)
{
	long now = sys(SYS_brk, 0);

	/* brk() returns what it is, and that is no failure */
	return sys(SYS_brk, page + PAGE) == now ? -ENOMEM : 0;
}

static long userfault(void)
{
	struct { unsigned long api, features, ioctls; } api = { 0xaa, 0, 0 };
	struct { unsigned long start, len, mode, ioctls; } reg = { page, PAGE, 1, 0 };
	long fd = sys(SYS_userfaultfd, 0), n;

	sys(SYS_ioctl, fd, 0xc018aa3f, &api);
	n = sys(SYS_ioctl, fd, 0xc020aa00, &reg);
	close(fd);
	return n;
}

/* ANY: some errno; what it is elsewhere depends on the arguments */
#define ANY	-9999

static const struct attempt {
	const char	*name;
	long		(*try)(void);
	long		want;
	long		legacy;		/* 0: it works */
} attempts[] = {
	{ "munmap of the gate's page", munmap_page, -EPERM, ANY },
	{ "munmap of the vDSO", munmap_code, -EPERM, 0 },
	{ "munmap of vDSO and data", munmap_all, -EPERM, 0 },
	{ "munmap of the data page", munmap_vvar, -EPERM, ANY },
	{ "munmap of the last page", munmap_last, -EPERM, ANY },
	{ "munmap of a range around it", munmap_around, -EPERM, ANY },
	{ "munmap from it up to the end", munmap_up, -EPERM, ANY },
	{ "munmap of a range that ends in it", munmap_low, -EPERM, ANY },
	{ "munmap of everything", munmap_everything, -EPERM, ANY },
	{ "mremap to elsewhere", mremap_away, -EPERM, 0 },
	{ "mremap of one page to elsewhere", mremap_page_away, -EPERM, ANY },
	{ "mremap of the data to elsewhere", mremap_vvar_away, -EPERM, ANY },
	{ "mremap to a smaller size", mremap_shrink, -EPERM, ANY },
	{ "mremap to a larger size", mremap_grow, -EPERM, ANY },
	{ "mremap DONTUNMAP", mremap_dontunmap, -EPERM, ANY },
	{ "mremap of length 0", mremap_zero, -EPERM, ANY },
	{ "mremap FIXED onto it", mremap_onto, -EPERM, 0 },
	{ "mremap FIXED onto its page", mremap_onto_page, -EPERM, ANY },
	{ "mremap FIXED onto it from below", mremap_onto_from_below, -EPERM, ANY },
	{ "mremap FIXED DONTUNMAP onto it", mremap_dontunmap_onto, -EPERM, 0 },
	{ "mremap that grows into it", mremap_grow_into, ANY, ANY },
	{ "mprotect, writable", mprotect_write, -EPERM, 0 },
	{ "mprotect of the page, writable", mprotect_page, -EPERM, ANY },
	{ "mprotect, none", mprotect_none, -EPERM, ANY },
	{ "mprotect, as it is", mprotect_same, -EPERM, 0 },
	{ "mprotect of the data", mprotect_vvar, -EPERM, ANY },
	{ "mprotect of vDSO and data", mprotect_range, -EPERM, ANY },
	{ "mprotect GROWSDOWN", mprotect_growsdown, ANY, ANY },
	{ "mprotect GROWSUP", mprotect_growsup, ANY, ANY },
	{ "pkey_mprotect", pkey_mprotect_write, -EPERM, ANY },
	{ "mmap FIXED over it", mmap_fixed, -EPERM, 0 },
	{ "mmap FIXED over its page", mmap_fixed_page, -EPERM, ANY },
	{ "mmap FIXED over the data", mmap_fixed_vvar, -EPERM, 0 },
	{ "mmap FIXED over a range around it", mmap_fixed_around, -EPERM, ANY },
	{ "mmap FIXED_NOREPLACE over it", mmap_noreplace, -EEXIST, -EEXIST },
	{ "mmap GROWSDOWN over it", mmap_growsdown, -EPERM, 0 },
	{ "mmap POPULATE over it", mmap_populate, -EPERM, 0 },
	{ "mmap of a file over it", mmap_file, -EPERM, 0 },
	{ "mmap of shared memory over it", mmap_shared_file, -EPERM, 0 },
	{ "mmap with it as a hint", mmap_hint, -EADDRNOTAVAIL, -EADDRNOTAVAIL },
	{ "shmat SHM_REMAP over it", shm_remap, -EPERM, 0 },
	{ "shmat over it", shm_at, -EINVAL, -EINVAL },
	{ "shmdt of it", shm_dt, -EINVAL, -EINVAL },
	{ "madvise DONTNEED", madvise_dontneed, -EPERM, ANY },
	{ "madvise DONTFORK", madvise_dontfork, -EPERM, 0 },
	{ "madvise WIPEONFORK", madvise_wipe, -EPERM, ANY },
	{ "madvise FREE", madvise_free, -EPERM, ANY },
	{ "madvise REMOVE", madvise_remove, -EPERM, ANY },
	{ "madvise PAGEOUT", madvise_pageout, -EPERM, ANY },
	{ "madvise POPULATE_WRITE", madvise_populate_write, -EPERM, ANY },
	{ "madvise DONTFORK of vDSO and data", madvise_range, -EPERM, ANY },
	{ "process_madvise COLD", process_madvise_cold, -EPERM, ANY },
	{ "remap_file_pages", remap_pages, ANY, ANY },
	{ "arch_prctl MAP_VDSO_64", map_vdso_64, ANY, ANY },
	{ "arch_prctl MAP_VDSO_32", map_vdso_32, ANY, ANY },
	{ "arch_prctl MAP_VDSO_X32", map_vdso_x32, ANY, ANY },
	{ "write to /proc/self/mem", proc_mem, -EIO, 1 },
	{ "process_vm_writev", vm_writev, -EFAULT, -EFAULT },
	{ "read(2) into it", read_into, -EFAULT, -EFAULT },
	{ "brk over it", brk_over, -ENOMEM, -ENOMEM },
	{ "userfaultfd", userfault, ANY, ANY },
};

static bool intact(void)
{
	return !memcmp((void *)xsc_gate(), saved, sizeof(saved)) &&
	       xsc_call(SYS_getppid) == sys(SYS_getppid);
}

static void xsc_round(const char *where)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		const struct attempt *a = &attempts[i];
		long got = a->try();
		/* an errno, and the right one where that is promised */
		bool ok = got < 0 && got > -4096 && (a->want == ANY || got == a->want);

		if (!tap_ok(ok, "%s%s: an errno", a->name, where))
			dprintf(1, "# got %ld, want %ld\n", got, a->want);
		tap_ok(intact(), "%s%s: the gate is what it was", a->name, where);
	}
}

static void legacy_round(void)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		const struct attempt *a = &attempts[i];
		long *got;
		int pid;

		if (a->legacy == ANY)
			continue;
		got = shared(4096);
		*got = ANY;
		pid = fork();
		if (!pid) {
			*got = a->try();
			_exit(0);
		}
		wait_for(pid);
		/* an address or a length is as good as 0 */
		if (!tap_ok(a->legacy < 0 ? *got == a->legacy : *got >= 0,
			    "%s, unstamped: as ever", a->name))
			dprintf(1, "# got %ld, want %ld\n", *got, a->legacy);
	}
}

int main(int argc, char **argv)
{
	int pid, status;

	if (!mini_has_gate) {
		tap_skip("this kernel has no gate");
		return tap_done();
	}
	find_vdso();
	tap_ok(code && len, "the vDSO is in /proc/self/maps");
	memcpy(saved, (void *)xsc_gate(), sizeof(saved));
	tap_ok(first && first < page && end > page, "the gate and the data as well");
	tap_ok(saved[0] == 0x0f && saved[1] == 0x05, "the gate starts with a syscall instruction");
	if (!mini_xsc) {
		legacy_round();
		return tap_done();
	}
	xsc_round("");

	/* what a child inherits is sealed as well */
	pid = fork();
	if (!pid) {
		tap_failed = 0;
		xsc_round(", in a child");
		_exit(tap_failed ? 1 : 0);
	}
	status = wait_for(pid);
	tap_run += 2 * sizeof(attempts) / sizeof(*attempts);
	tap_is(status, 0, "all of that in a child");
	tap_ok(intact(), "the gate is what it was");
	return tap_done();
}
