// SPDX-License-Identifier: MIT
/*
 * stamp-round-trip.c - a stamp changes one program header and appends, and
 * comes off again
 *
 * The files are the arguments, the first ones installed on every machine.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf-build.h"
#include "stamp.h"
#include "tap.h"

/* Is p[size] equal to q[size] but for [off, off + len)? */
static bool same_but(const unsigned char *p, const unsigned char *q,
		     size_t size, size_t off, size_t len)
{
	return off + len <= size && !memcmp(p, q, off) &&
	       !memcmp(p + off + len, q + off + len, size - off - len);
}

/* The notes of the old segment stand at the start of the new one. */
static bool notes_copied(const struct elf_image *was,
			 const struct elf_image *is, unsigned int phndx)
{
	Elf64_Phdr before, after;

	elf_image_phdr(was, phndx, &before);
	elf_image_phdr(is, phndx, &after);
	if (before.p_type == PT_NULL)
		return after.p_filesz == XSC_NOTE_SIZE && !after.p_memsz;
	return after.p_vaddr == before.p_vaddr &&
	       after.p_memsz == before.p_memsz &&
	       after.p_align == before.p_align &&
	       after.p_filesz >= before.p_filesz + XSC_NOTE_SIZE &&
	       (after.p_offset - after.p_vaddr) % 4 == 0 &&
	       !memcmp(was->data + before.p_offset, is->data + after.p_offset,
		       before.p_filesz);
}

static void round_trip(const char *name, const unsigned char *data,
		       size_t size)
{
	struct elf_image was, is;
	struct xsc_note_result res;
	struct xsc_stamp st, un;
	unsigned char *stamped, *back;
	size_t stamped_size, back_size;
	const char *why;

	why = elf_image_open(&was, data, size) ?: xsc_stamp_refuse(&was) ?:
	      xsc_stamp_plan(&was, &st);
	if (!tap_ok(!why, "%s: can be stamped%s%s", name, why ? ": " : "",
		    why ?: ""))
		return;
	stamped = xsc_stamp_apply(&was, &st, &stamped_size);
	tap_ok(!elf_image_open(&is, stamped, stamped_size) &&
	       xsc_note_check(&is, &res) == XSC_NOTE_GOOD,
	       "%s: is stamped then", name);
	tap_ok(same_but(data, stamped, size, st.phdr_off, sizeof(st.phdr)),
	       "%s: only a program header has changed", name);
	tap_ok(notes_copied(&was, &is, res.phndx),
	       "%s: the old notes are there, in file and memory", name);

	why = xsc_unstamp_plan(&is, &un);
	if (tap_ok(!why, "%s: can be unstamped%s%s", name, why ? ": " : "",
		   why ?: "")) {
		back = xsc_stamp_apply(&is, &un, &back_size);
		tap_ok(back_size == size && !memcmp(back, data, size),
		       "%s: is again what it was", name);
		free(back);
	}
	free(stamped);
	free(st.tail);
}

static void file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st)) {
		tap_skip("%s: not installed", path);
		return;
	}
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	round_trip(path, p, st.st_size);
	munmap(p, st.st_size);
	close(fd);
}

static void built(const char *name, struct build *b)
{
	unsigned char *p = build_finish(b);

	round_trip(name, p, b->size);
	free(p);
}

static bool refused(struct build *b)
{
	unsigned char *p = build_finish(b);
	struct elf_image elf;
	struct xsc_stamp st;
	bool ret;

	ret = !elf_image_open(&elf, p, b->size) && xsc_stamp_plan(&elf, &st);
	free(p);
	return ret;
}

static void start(struct build *b, unsigned int align)
{
	build_start(b);
	build_note(b, "GNU", 9, "abc", 3, align);
	b->ph[0].p_align = align;
}

int main(int argc, char **argv)
{
	struct xsc_stamp st;
	struct elf_image elf;
	struct build b;
	int i;

	for (i = 1; i < argc; i++)
		file(argv[i]);

	start(&b, 4);
	built("notes aligned to 4", &b);
	start(&b, 4);
	b.size = BUILD_SIZE - 3;
	built("a file of odd length", &b);
	start(&b, 4);
	b.ph[0].p_filesz -= 1;
	built("last note without padding", &b);
	start(&b, 4);
	b.ph[0].p_vaddr += 4;
	built("p_vaddr 4 modulo 8", &b);
	start(&b, 8);
	built("notes aligned to 8", &b);
	build_start(&b);
	b.ph[0].p_type = PT_NULL;
	b.ph[0].p_vaddr = 0;
	built("an unused program header", &b);

	build_start(&b);
	b.ph[0].p_type = PT_LOAD;
	tap_ok(refused(&b), "no PT_NOTE: refused");
	start(&b, 4);
	b.ph[0].p_offset = BUILD_SIZE;
	tap_ok(refused(&b), "PT_NOTE behind the end of the file: refused");
	start(&b, 4);
	b.ph[0].p_filesz -= 4;
	tap_ok(refused(&b), "last note cut off: refused");
	start(&b, 4);
	b.ph[0].p_filesz += 4;
	tap_ok(refused(&b), "stray bytes behind the last note: refused");

	start(&b, 4);
	elf_image_open(&elf, b.bytes, b.size);
	tap_ok(xsc_unstamp_plan(&elf, &st), "not stamped: unstamp refuses");
	return tap_done();
}
