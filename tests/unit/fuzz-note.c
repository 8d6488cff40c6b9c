// SPDX-License-Identifier: MIT
/*
 * fuzz-note.c - fuzzing of everything that reads an untrusted file
 *
 * With clang a libFuzzer program (make -C tests/unit fuzz); with -DFUZZ_MAIN a
 * plain one that runs over the files it is given, for AFL and for the corpus
 * as a regression test.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What stamp makes must verify, and unstamp must give the file back. */
static void round_trip(const struct elf_image *elf)
{
	struct xsc_note_result res;
	struct xsc_stamp st, un;
	unsigned char *out, *back;
	struct elf_image is;
	size_t n, m;

	if (xsc_stamp_refuse(elf) || xsc_stamp_plan(elf, &st))
		return;
	out = xsc_stamp_apply(elf, &st, &n);
	if (elf_image_open(&is, out, n) ||
	    xsc_note_check(&is, &res) != XSC_NOTE_GOOD ||
	    xsc_unstamp_plan(&is, &un))
		abort();
	back = xsc_stamp_apply(&is, &un, &m);
	if (m != elf->size || memcmp(back, elf->data, m))
		abort();
	free(back);
	free(out);
	free(st.tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xsc_note_result res;
	struct elf_image elf;
	struct xsc_stamp un;
	size_t n;

	if (elf_image_open(&elf, data, size))
		return 0;
	elf_image_end(&elf);
	if (!xsc_unstamp_plan(&elf, &un))
		free(xsc_stamp_apply(&elf, &un, &n));
	if (xsc_note_check(&elf, &res) == XSC_NOTE_NONE)
		round_trip(&elf);
	return 0;
}

#ifdef FUZZ_MAIN
#include <stdio.h>

int main(int argc, char **argv)
{
	static uint8_t buf[1 << 20];
	uint8_t *p;
	size_t n;
	FILE *f;
	int i;

	for (i = 1; i < argc; i++) {
		f = fopen(argv[i], "rb");
		if (!f) {
			perror(argv[i]);
			return 2;
		}
		n = fread(buf, 1, sizeof(buf), f);
		fclose(f);
		/* of just its size, for the sanitizer */
		p = malloc(n ? n : 1);
		memcpy(p, buf, n);
		LLVMFuzzerTestOneInput(p, n);
		free(p);
	}
	printf("ok 1 - %d inputs\n1..1\n", argc - 1);
	return 0;
}
#endif
