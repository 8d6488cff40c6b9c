// SPDX-License-Identifier: MIT
/*
 * hostile-elf.c - mutated and truncated files harm none of the readers
 *
 * The sanitizers are the judges; a stamp that is planned must also hold.
 */
#include <stdio.h>

#include "elf-build.h"
#include "scan.h"
#include "stamp.h"
#include "tap.h"

#define ROUNDS	10000

static uint64_t seed = 0x585343;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void hit(const struct xsc_hit *h, void *arg)
{
	size_t *sum = arg;

	*sum += strlen(h->where) + strlen(h->symbol);
}

/* Returns false if a stamp was planned that the parser does not see. */
static bool use(const unsigned char *data, size_t size)
{
	struct xsc_note_result res;
	struct elf_image elf, is;
	struct xsc_stamp st;
	unsigned char *out;
	size_t sum = 0, out_size;
	bool ok = true;

	if (elf_image_open(&elf, data, size))
		return true;
	xsc_scan(&elf, true, hit, &sum);
	elf_image_end(&elf);
	if (!xsc_unstamp_plan(&elf, &st))
		free(xsc_stamp_apply(&elf, &st, &out_size));
	if (xsc_note_check(&elf, &res) != XSC_NOTE_NONE ||
	    xsc_stamp_refuse(&elf) || xsc_stamp_plan(&elf, &st))
		return true;
	out = xsc_stamp_apply(&elf, &st, &out_size);
	ok = !elf_image_open(&is, out, out_size) &&
	     xsc_note_check(&is, &res) == XSC_NOTE_GOOD;
	free(out);
	free(st.tail);
	return ok;
}

static unsigned char *load(const char *path, size_t *size)
{
	unsigned char *p = malloc(1 << 20);
	FILE *f = fopen(path, "rb");

	*size = f ? fread(p, 1, 1 << 20, f) : 0;
	if (f)
		fclose(f);
	return p;
}

/* The same bytes in memory of just that size. */
static bool use_copy(const unsigned char *data, size_t size)
{
	unsigned char *p = malloc(size ? size : 1);
	bool ok;

	memcpy(p, data, size);
	ok = use(p, size);
	free(p);
	return ok;
}

/* Overwrite some fields by the values that hurt: headers, or a stamp's tail. */
static void mutate(unsigned char *p, size_t size, uint64_t shoff)
{
	static const uint64_t values[] = {
		0, 1, 4, 7, 0xff, 0x7fffffff, 0xffffffff, -1, -8, -64, 1 << 16,
	};
	size_t n = 1 + rnd() % 4, at, width;
	uint64_t v;

	while (n--) {
		switch (rnd() % 4) {
		case 0:
			at = shoff + rnd() % 2048;
			break;
		case 1:
			at = size - 8 * (1 + rnd() % 16);
			break;
		default:
			at = rnd() % 1024;
		}
		width = 1 << rnd() % 4;
		v = rnd() % 4 ? values[rnd() % 11] : rnd();
		if (at % 2 && width > 1)
			at &= ~(size_t)1;
		if (at + width <= size)
			memcpy(p + at, &v, width);
	}
}

static bool survives(const unsigned char *data, size_t size)
{
	unsigned char *copy = malloc(size);
	Elf64_Ehdr eh;
	bool ok = true;
	int i;

	memcpy(&eh, data, sizeof(eh));
	for (i = 0; i < ROUNDS; i++) {
		memcpy(copy, data, size);
		mutate(copy, size, eh.e_shoff);
		ok &= use(copy, size);
	}
	free(copy);
	return ok;
}

/* A string that runs into the end of its table, which is that of the file. */
static bool endless_string(void)
{
	unsigned char *p = malloc(8);
	struct elf_image elf = { .data = p, .size = 8 };
	Elf64_Shdr sh = { .sh_type = SHT_STRTAB, .sh_size = 8 };
	bool ok;

	memset(p, 'x', 8);
	ok = !*elf_image_string(&elf, &sh, 2);
	p[7] = 0;
	ok &= !strcmp(elf_image_string(&elf, &sh, 2), "xxxxx");
	ok &= !*elf_image_string(&elf, &sh, 8);
	free(p);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned char *data, *stamped;
	size_t size, stamped_size, i;
	struct elf_image elf;
	struct xsc_stamp st;
	bool ok = true;

	if (argc != 2)
		return 2;
	data = load(argv[1], &size);
	if (!tap_ok(size > 4096, "have a file to mutate"))
		return 1;

	for (i = 0; i < 2048; i++)
		ok &= use_copy(data, i);
	for (i = 0; i < 3000; i++)
		ok &= use_copy(data, size - 1 - i);
	tap_ok(ok, "truncated at 5048 places");
	tap_ok(survives(data, size), "mutated %d times", ROUNDS);

	elf_image_open(&elf, data, size);
	if (!tap_ok(!xsc_stamp_plan(&elf, &st), "it can be stamped"))
		return 1;
	stamped = xsc_stamp_apply(&elf, &st, &stamped_size);
	tap_ok(survives(stamped, stamped_size), "stamped, mutated %d times",
	       ROUNDS);
	tap_ok(endless_string(), "a string without an end");
	free(st.tail);
	free(stamped);
	free(data);
	return tap_done();
}
