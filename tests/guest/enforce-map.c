// SPDX-License-Identifier: MIT
/* enforce-map.c - under the enforce policy an XSC process has no executable mapping of a file without the note, by no way */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mini.h"
#include "tap.h"
#include "witness.h"

#define PAGE	4096UL
#define POLICY	"/proc/sys/kernel/xsc/exec_policy"
#define RX	(PROT_READ | PROT_EXEC)

static long map(int fd, int prot, int flags)
{
	return sys(SYS_mmap, 0, PAGE, prot, flags, fd, 0);
}

static long protect(long at, int prot)
{
	return sys(SYS_mprotect, at, PAGE, prot);
}

static bool is_map(long res)
{
	return res > 0;
}

/* is the mapping at @at executable, as the kernel shows it? */
static bool executable(long at)
{
	static char text[65536];
	char line[32];
	char *found;

	snprintf(line, sizeof(line), "%lx-", at);
	if (read_file("/proc/self/maps", text, sizeof(text)) < 0)
		return true;
	found = strstr(text, line);
	found = found ? strchr(found, ' ') : NULL;
	return !found || found[3] == 'x';
}

int main(int argc, char **argv)
{
	int plain, stamped, wronly, p[2];
	long at, before, res;
	bool xsc = mini_xsc;
	char page[PAGE] = "text";

	if (!mini_has_gate) {
		tap_skip("this kernel has no XSC");
		return tap_done();
	}
	plain = open("enforce-map", O_RDWR | O_CREAT | O_TRUNC, 0755);
	write(plain, page, sizeof(page));
	stamped = open("/proc/self/exe", O_RDONLY);
	before = map(plain, PROT_READ, MAP_PRIVATE);
	if (write_file(POLICY, "2")) {
		tap_skip("no policy");
		return tap_done();
	}

	tap_is(xsc ? map(plain, RX, MAP_PRIVATE) : -EACCES, -EACCES, "private, executable");
	tap_is(xsc ? map(plain, RX, MAP_SHARED) : -EACCES, -EACCES, "shared, executable");
	tap_ok(is_map(at = map(plain, PROT_READ, MAP_PRIVATE)), "private, to read");
	tap_is(protect(at, RX), xsc ? -EACCES : 0, "made executable");
	tap_is(protect(at, PROT_READ | PROT_WRITE), 0, "made writable");
	sys(SYS_munmap, at, PAGE);
	tap_ok(is_map(at = map(plain, PROT_READ | PROT_WRITE, MAP_SHARED)), "shared, to read");
	tap_is(sys(SYS_remap_file_pages, at, PAGE, 0, 0, 0), 0, "mapped once more");
	tap_is(protect(at, RX), xsc ? -EACCES : 0, "and made executable");
	sys(SYS_munmap, at, PAGE);

	/* a personality by which what can be read can be executed */
	sys(SYS_personality, READ_IMPLIES_EXEC);
	tap_ok(is_map(at = map(plain, PROT_READ, MAP_PRIVATE)), "READ_IMPLIES_EXEC: to read");
	tap_ok(!xsc || !executable(at), "READ_IMPLIES_EXEC: is not to execute");
	res = protect(at, PROT_READ);
	tap_ok(!xsc || res == -EACCES || (!res && !executable(at)), "READ_IMPLIES_EXEC: nor by mprotect");
	sys(SYS_personality, 0);

	/* what is no regular file is not read, nor what may not be */
	pipe(p);
	write(p[1], "in", 2);
	tap_is(map(p[0], PROT_READ, MAP_SHARED), -ENODEV, "a pipe");
	tap_is(read(p[0], page, sizeof(page)), 2, "which keeps what is in it");
	tap_is(map(p[0], PROT_READ, MAP_SHARED), -ENODEV, "an empty pipe is not waited for");
	wronly = open("enforce-map", O_WRONLY);
	tap_is(map(wronly, PROT_READ, MAP_PRIVATE), -EACCES, "a file that is open for writing alone");

	/* with the note; without a file */
	tap_ok(is_map(at = map(stamped, RX, MAP_PRIVATE)) || !xsc, "a stamped file, executable");
	tap_ok(is_map(at = map(stamped, PROT_READ, MAP_PRIVATE)), "a stamped file, to read");
	tap_is(protect(at, RX), 0, "made executable");
	at = map(-1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	tap_is(protect(at, RX), 0, "memory of no file is no matter of this policy");
	tap_is(protect(before, RX), 0, "nor what was mapped before it");

	write_file(POLICY, "0");
	tap_ok(is_map(at = map(plain, RX, MAP_PRIVATE)), "without the policy");
	return tap_done();
}
