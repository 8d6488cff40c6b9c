// SPDX-License-Identifier: MIT
/*
 * scan-symbols.c - system-call instructions are found, with symbol and offset,
 * and their bytes elsewhere are told apart
 *
 * Argument: scan-fixture.so
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"
#include "tap.h"

static char seen[1024];

static void hit(const struct xsc_hit *h, void *arg)
{
	size_t len = strlen(seen);

	(void)arg;
	snprintf(seen + len, sizeof(seen) - len, "%s%s %s+%ju\n",
		 h->at_boundary ? "" : "bytes ", xsc_insn_name[h->insn],
		 h->symbol, (uintmax_t)h->symbol_off);
}

static void expect(const struct elf_image *elf, bool pairs, int n,
		   const char *want, const char *name)
{
	int got;

	seen[0] = 0;
	got = xsc_scan(elf, pairs, hit, NULL);
	if (!tap_ok(got == n && !strcmp(seen, want), "%s", name))
		printf("# %d hits:\n# %s", got, seen);
}

int main(int argc, char **argv)
{
	static unsigned char data[1 << 20];
	struct elf_image elf;
	Elf64_Ehdr eh;
	size_t size;
	FILE *f;

	f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	if (!f)
		return 2;
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	tap_ok(!elf_image_open(&elf, data, size), "the fixture opens");

	expect(&elf, false, 5,
	       "syscall one+5\nsysenter two+0\nint $0x80 two+3\nsyscall two+6\nsyscall after+0\n",
	       "instructions, each at its symbol and offset");
	expect(&elf, true, 8,
	       "syscall one+5\nsysenter two+0\nint $0x80 two+3\nsyscall two+6\n"
	       "bytes syscall clean+8\nbytes sysenter clean+11\n"
	       "bytes int $0x80 clean+13\nsyscall after+0\n",
	       "byte pairs, told apart from instructions");

	/* Without section headers the executable segments are searched. */
	memcpy(&eh, data, sizeof(eh));
	eh.e_shoff = 0;
	eh.e_shnum = 0;
	memcpy(data, &eh, sizeof(eh));
	elf_image_open(&elf, data, size);
	seen[0] = 0;
	tap_ok(xsc_scan(&elf, false, hit, NULL) >= 4,
	       "found without section headers too");
	return tap_done();
}
