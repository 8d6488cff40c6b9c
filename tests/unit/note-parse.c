// SPDX-License-Identifier: MIT
/*
 * note-parse.c - each good, missing and malformed note gets its verdict
 *
 * With a directory as argument it writes the files of the table there, as a
 * corpus for fuzz-note.
 */
#include <stdio.h>

#include "elf-build.h"
#include "note.h"
#include "tap.h"

static const uint32_t good[] = { 1, 0 };

static void add_xsc(struct build *b)
{
	build_note(b, "XSC", XSC_NOTE_ABI, good, sizeof(good), 4);
}

static void add_build_id(struct build *b)
{
	build_note(b, "GNU", NT_GNU_BUILD_ID, "0123456789abcdefghij", 20, 4);
}

static void add_desc(struct build *b, uint32_t abi, uint32_t flags)
{
	const uint32_t desc[] = { abi, flags };

	build_note(b, "XSC", XSC_NOTE_ABI, desc, sizeof(desc), 4);
}

/* A second PT_NOTE over the notes from @from on. */
static void second_segment(struct build *b, size_t from)
{
	b->eh.e_phnum = 2;
	b->ph[1] = b->ph[0];
	b->ph[1].p_offset += from;
	b->ph[1].p_filesz -= from;
	b->ph[0].p_filesz = from;
}

static void just_ours(struct build *b) { add_xsc(b); }
static void no_segment(struct build *b) { b->eh.e_phnum = 0; }
static void empty(struct build *b) { (void)b; }
static void other_note(struct build *b) { add_build_id(b); }

static void behind_other(struct build *b)
{
	add_build_id(b);
	add_xsc(b);
}

static void before_other(struct build *b)
{
	add_xsc(b);
	add_build_id(b);
}

static void in_second_segment(struct build *b)
{
	size_t from;

	add_build_id(b);
	from = b->len;
	add_xsc(b);
	second_segment(b, from);
}

static void aligned_8(struct build *b)
{
	/* name of 5: its padding differs between 4 and 8 */
	build_note(b, "ABCD", 9, "x", 1, 8);
	build_note(b, "XSC", XSC_NOTE_ABI, good, sizeof(good), 8);
	b->ph[0].p_align = 8;
}

static void align_0(struct build *b)
{
	add_xsc(b);
	b->ph[0].p_align = 0;
}

static void no_final_padding(struct build *b)
{
	add_xsc(b);
	build_note(b, "Z", 1, "x", 1, 4);
	b->ph[0].p_filesz -= 3;
}

static void other_type(struct build *b)
{
	build_note(b, "XSC", 2, good, sizeof(good), 4);
}

static void wrong_name(struct build *b)
{
	build_note(b, "XSD", XSC_NOTE_ABI, good, sizeof(good), 4);
}

static void longer_name(struct build *b)
{
	build_note(b, "XSCX", XSC_NOTE_ABI, good, sizeof(good), 4);
}

static void unterminated_name(struct build *b)
{
	Elf64_Nhdr nh = { 3, 8, XSC_NOTE_ABI };

	build_raw(b, &nh, sizeof(nh));
	build_raw(b, "XSC\0", 4);
	build_raw(b, good, 8);
}

static void behind_file_end(struct build *b)
{
	add_xsc(b);
	b->ph[0].p_offset = BUILD_SIZE - 8;
}

static void far_offset(struct build *b)
{
	add_xsc(b);
	b->ph[0].p_offset = -(uint64_t)16;
}

static void oversized(struct build *b)
{
	add_xsc(b);
	b->ph[0].p_filesz = XSC_NOTE_SEG_MAX + 1;
}

static void misaligned(struct build *b)
{
	build_raw(b, "\0\0", 2);
	add_xsc(b);
	b->ph[0].p_offset += 2;
	b->ph[0].p_filesz -= 2;
}

static void align_16(struct build *b)
{
	add_xsc(b);
	b->ph[0].p_align = 16;
}

static void behind_endless_name(struct build *b)
{
	Elf64_Nhdr nh = { 0xffffffff, 0, 1 };

	build_raw(b, &nh, sizeof(nh));
	add_xsc(b);
}

static void behind_endless_desc(struct build *b)
{
	Elf64_Nhdr nh = { 0, 0xffffffff, 1 };

	build_raw(b, &nh, sizeof(nh));
	add_xsc(b);
}

static void wrong_version(struct build *b) { add_desc(b, 2, 0); }
static void version_0(struct build *b) { add_desc(b, 0, 0); }
static void unknown_flags(struct build *b) { add_desc(b, 1, 1U << 31); }

static void short_desc(struct build *b)
{
	build_note(b, "XSC", XSC_NOTE_ABI, good, 4, 4);
}

static void long_desc(struct build *b)
{
	static const uint32_t longer[] = { 1, 0, 0 };

	build_note(b, "XSC", XSC_NOTE_ABI, longer, sizeof(longer), 4);
}

static void cut_off(struct build *b)
{
	add_xsc(b);
	b->ph[0].p_filesz -= 4;
}

static void cut_off_by_size(struct build *b)
{
	Elf64_Nhdr nh = { 4, 0xfffffff0, XSC_NOTE_ABI };

	build_raw(b, &nh, sizeof(nh));
	build_raw(b, "XSC", 4);
	build_raw(b, good, 8);
}

static void twice(struct build *b)
{
	add_xsc(b);
	add_xsc(b);
}

static void twice_in_two_segments(struct build *b)
{
	add_xsc(b);
	add_xsc(b);
	second_segment(b, b->len / 2);
}

static void bad_then_good(struct build *b)
{
	add_desc(b, 7, 0);
	add_xsc(b);
}

static void elf32(struct build *b)
{
	Elf32_Ehdr eh = {
		.e_type = ET_EXEC, .e_machine = EM_386, .e_phoff = sizeof(eh),
		.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1,
	};
	Elf32_Phdr ph = {
		.p_type = PT_NOTE, .p_offset = BUILD_NOTES, .p_align = 4,
	};

	add_xsc(b);
	memcpy(eh.e_ident, b->eh.e_ident, EI_NIDENT);
	eh.e_ident[EI_CLASS] = ELFCLASS32;
	ph.p_filesz = b->len;
	memset(b->bytes, 0, BUILD_NOTES);
	memcpy(b->bytes, &eh, sizeof(eh));
	memcpy(b->bytes + sizeof(eh), &ph, sizeof(ph));
}

#define NOT_ELF	-1

static void no_magic(struct build *b) { b->bytes[1] = 'e'; }
static void nothing(struct build *b) { b->size = 0; }
static void header_cut(struct build *b) { b->size = sizeof(Elf64_Ehdr) - 1; }
static void big_endian(struct build *b) { b->bytes[EI_DATA] = ELFDATA2MSB; }
static void no_class(struct build *b) { b->bytes[EI_CLASS] = 3; }
static void phdr_size(struct build *b) { b->eh.e_phentsize = 55; }
static void phdrs_behind(struct build *b) { b->eh.e_phoff = BUILD_SIZE - 8; }
static void phdrs_far(struct build *b) { b->eh.e_phoff = -(uint64_t)8; }
static void phdrs_many(struct build *b) { b->eh.e_phnum = 0xffff; }

#define CASE(fn, verdict)	{ #fn, fn, verdict }

static const struct {
	const char	*name;
	void		(*make)(struct build *b);
	int		verdict;
} cases[] = {
	CASE(just_ours, XSC_NOTE_GOOD),
	CASE(behind_other, XSC_NOTE_GOOD),
	CASE(before_other, XSC_NOTE_GOOD),
	CASE(in_second_segment, XSC_NOTE_GOOD),
	CASE(aligned_8, XSC_NOTE_GOOD),
	CASE(align_0, XSC_NOTE_GOOD),
	CASE(no_final_padding, XSC_NOTE_GOOD),

	CASE(no_segment, XSC_NOTE_NONE),
	CASE(empty, XSC_NOTE_NONE),
	CASE(other_note, XSC_NOTE_NONE),
	CASE(other_type, XSC_NOTE_NONE),
	CASE(wrong_name, XSC_NOTE_NONE),
	CASE(longer_name, XSC_NOTE_NONE),
	CASE(unterminated_name, XSC_NOTE_NONE),
	CASE(behind_file_end, XSC_NOTE_NONE),
	CASE(far_offset, XSC_NOTE_NONE),
	CASE(oversized, XSC_NOTE_NONE),
	CASE(misaligned, XSC_NOTE_NONE),
	CASE(align_16, XSC_NOTE_NONE),
	CASE(behind_endless_name, XSC_NOTE_NONE),
	CASE(behind_endless_desc, XSC_NOTE_NONE),

	CASE(wrong_version, XSC_NOTE_BAD),
	CASE(version_0, XSC_NOTE_BAD),
	CASE(unknown_flags, XSC_NOTE_BAD),
	CASE(short_desc, XSC_NOTE_BAD),
	CASE(long_desc, XSC_NOTE_BAD),
	CASE(cut_off, XSC_NOTE_BAD),
	CASE(cut_off_by_size, XSC_NOTE_BAD),
	CASE(twice, XSC_NOTE_BAD),
	CASE(twice_in_two_segments, XSC_NOTE_BAD),
	CASE(bad_then_good, XSC_NOTE_BAD),
	CASE(elf32, XSC_NOTE_BAD),

	CASE(no_magic, NOT_ELF),
	CASE(nothing, NOT_ELF),
	CASE(header_cut, NOT_ELF),
	CASE(big_endian, NOT_ELF),
	CASE(no_class, NOT_ELF),
	CASE(phdr_size, NOT_ELF),
	CASE(phdrs_behind, NOT_ELF),
	CASE(phdrs_far, NOT_ELF),
	CASE(phdrs_many, NOT_ELF),
};

static void run(size_t i)
{
	struct xsc_note_result res = { .reason = "" };
	struct elf_image elf;
	struct build b;
	unsigned char *p;
	const char *why;
	int got;

	build_start(&b);
	cases[i].make(&b);
	p = build_finish(&b);
	why = elf_image_open(&elf, p, b.size);
	got = why ? NOT_ELF : (int)xsc_note_check(&elf, &res);
	tap_ok(got == cases[i].verdict, "%s: %s", cases[i].name,
	       why ?: res.reason);
	free(p);
}

static int dump(const char *dir)
{
	char path[4096];
	struct build b;
	size_t i;
	FILE *f;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		build_start(&b);
		cases[i].make(&b);
		snprintf(path, sizeof(path), "%s/%s", dir, cases[i].name);
		f = fopen(path, "wb");
		if (!f || fwrite(b.bytes, 1, b.size, f) != b.size || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned char made[XSC_NOTE_SIZE];
	struct build b;
	size_t i;

	if (argc == 2)
		return dump(argv[1]);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		run(i);

	build_start(&b);
	add_xsc(&b);
	xsc_note_make(made);
	tap_ok(b.len == sizeof(made) &&
	       !memcmp(b.bytes + BUILD_NOTES, made, sizeof(made)),
	       "xsc_note_make() writes the note that the table starts from");
	return tap_done();
}
