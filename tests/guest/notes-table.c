// SPDX-License-Identifier: MIT
/*
 * notes-table.c - every kind of note, under every policy; TEST: stock
 *
 * What must come of it is in docs/decisions.md, entry 6: a file without a
 * readable note is legacy, and the policy decides; one with a bad XSC note is
 * refused under every policy.  For each: the errno or what it runs as, the
 * reason in the tracepoint, the audit record where one is due.
 */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "elf-make.h"
#include "tap.h"
#include "witness.h"

#define POLICY	"/proc/sys/kernel/xsc/exec_policy"

/* what becomes of a file */
enum kind {
	STAMPED,	/* runs as XSC, whatever the policy */
	LEGACY,		/* runs as legacy; EACCES under enforce */
	BAD,		/* ENOEXEC, whatever the policy */
};

static struct elf e;
static char dir[256];

static void good(void) { elf_xsc(&e, 1, 0); elf_segment(&e, ELF_NOTES); }
static void nothing(void) { }
static void empty_segment(void) { elf_add(&e, PT_NOTE, ELF_NOTES, 0, 4); }

static void named(const char *name, uint32_t namesz)
{
	struct xsc_note_abi desc = { 1, 0 };

	elf_note(&e, name, namesz, XSC_NOTE_ABI, &desc, sizeof(desc), 4);
	elf_segment(&e, ELF_NOTES);
}

static void name_other(void) { named("XSD", 4); }
static void name_lower(void) { named("xsc", 4); }
static void name_short(void) { named("XSC", 3); }
static void name_long(void) { named("XSC\0\0\0", 5); }
static void name_gnu(void) { named("GNU", 4); }
static void name_empty(void) { named("", 0); }

static void type_other(void)
{
	struct xsc_note_abi desc = { 1, 0 };

	elf_note(&e, "XSC", 4, 2, &desc, sizeof(desc), 4);
	elf_segment(&e, ELF_NOTES);
}

static void version_0(void) { elf_xsc(&e, 0, 0); elf_segment(&e, ELF_NOTES); }
static void version_2(void) { elf_xsc(&e, 2, 0); elf_segment(&e, ELF_NOTES); }
static void version_max(void) { elf_xsc(&e, 0xffffffff, 0); elf_segment(&e, ELF_NOTES); }
static void flags_1(void) { elf_xsc(&e, 1, 1); elf_segment(&e, ELF_NOTES); }
static void flags_high(void) { elf_xsc(&e, 1, 0x80000000); elf_segment(&e, ELF_NOTES); }

static void desc_of(uint32_t size)
{
	unsigned char desc[64] = { 1 };

	elf_note(&e, "XSC", 4, XSC_NOTE_ABI, desc, size, 4);
	elf_segment(&e, ELF_NOTES);
}

static void desc_0(void) { desc_of(0); }
static void desc_4(void) { desc_of(4); }
static void desc_7(void) { desc_of(7); }
static void desc_12(void) { desc_of(12); }
static void desc_huge(void)
{
	good();
	((Elf64_Nhdr *)(e.b + ELF_NOTES))->n_descsz = 0xffffffff;
}

static void desc_huge2(void)
{
	good();
	((Elf64_Nhdr *)(e.b + ELF_NOTES))->n_descsz = 0xfffffff0;
}

static void name_huge(void)
{
	good();
	((Elf64_Nhdr *)(e.b + ELF_NOTES))->n_namesz = 0xffffffff;
}

static void name_huge2(void)
{
	good();
	((Elf64_Nhdr *)(e.b + ELF_NOTES))->n_namesz = 0xfffffffd;
}

/* a segment that ends too early, at each place */
static void cut(size_t size)
{
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES, size, 4);
}

static void cut_header(void) { cut(8); }
static void cut_name(void) { cut(14); }
static void cut_desc_0(void) { cut(16); }
static void cut_desc_4(void) { cut(20); }
static void cut_desc_7(void) { cut(23); }

/* padded to 8 bytes, as a segment of alignment 8 is */
static void align_8(void)
{
	struct xsc_note_abi desc = { 1, 0 };

	elf_note(&e, "GNU", 4, 5, "12345678", 8, 8);
	elf_note(&e, "XSC", 4, XSC_NOTE_ABI, &desc, sizeof(desc), 8);
	elf_add(&e, PT_NOTE, ELF_NOTES, e.at - ELF_NOTES, 8);
}

static void align(size_t n)
{
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES, e.at - ELF_NOTES, n);
}

static void align_0(void) { align(0); }
static void align_1(void) { align(1); }
static void align_3(void) { align(3); }
static void align_5(void) { align(5); }
static void align_16(void) { align(16); }
static void align_huge(void) { align(1UL << 63); }
static void offset_1(void)
{
	e.at++;
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES + 1, 24, 4);
}

static void offset_2(void)
{
	e.at += 2;
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES + 2, 24, 4);
}

static void size_max(void)
{
	elf_xsc(&e, 1, 0);
	e.size = ELF_NOTES + 65536;
	elf_add(&e, PT_NOTE, ELF_NOTES, 65536, 4);
}

static void size_over(void)
{
	elf_xsc(&e, 1, 0);
	e.size = ELF_NOTES + 65540;
	elf_add(&e, PT_NOTE, ELF_NOTES, 65537, 4);
}

static void size_huge(void)
{
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES, 1UL << 40, 4);
}

static void size_max64(void)
{
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES, ~0UL, 4);
}

static void behind_end(void) { elf_add(&e, PT_NOTE, 0x100000, 24, 4); }
static void across_end(void)
{
	e.at = 0x1000 - 12;
	elf_xsc(&e, 1, 0);
	e.size = 0x1000;
	elf_add(&e, PT_NOTE, 0x1000 - 12, 24, 4);
}

static void offset_negative(void) { elf_add(&e, PT_NOTE, 0xffffffffffffff00UL, 24, 4); }
static void offset_max(void) { elf_add(&e, PT_NOTE, 0x7ffffffffffffffcUL, 24, 4); }
static void two_in_one(void) { elf_xsc(&e, 1, 0); elf_xsc(&e, 1, 0); elf_segment(&e, ELF_NOTES); }
static void two_segments(void)
{
	good();
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES + 24, 24, 4);
}

static void twice_the_same(void) { good(); elf_segment(&e, ELF_NOTES); }
static void good_and_bad(void) { elf_xsc(&e, 1, 0); elf_xsc(&e, 9, 0); elf_segment(&e, ELF_NOTES); }
static void many(void)
{
	for (int i = 0; i < 20; i++)
		elf_note(&e, "GNU", 4, 3, "0123456789abcdef", 16, 4);
	elf_xsc(&e, 1, 0);
	for (int i = 0; i < 20; i++)
		elf_note(&e, "GNU", 4, 3, "odd", 3, 4);
	elf_segment(&e, ELF_NOTES);
}

static void three_hundred(void)
{
	for (int i = 0; i < 300; i++)
		elf_xsc(&e, 1, 0);
	elf_segment(&e, ELF_NOTES);
}

static void other_segment_first(void)
{
	elf_note(&e, "GNU", 4, 3, "0123456789abcdef", 16, 4);
	elf_segment(&e, ELF_NOTES);
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES + 32, 24, 4);
}

static void unreadable_first(void)
{
	elf_add(&e, PT_NOTE, 0x100000, 24, 4);
	elf_xsc(&e, 1, 0);
	elf_add(&e, PT_NOTE, ELF_NOTES, 24, 4);
}

static void broken_first(void)
{
	elf_note(&e, "GNU", 4, 3, NULL, 0, 4);
	((Elf64_Nhdr *)(e.b + ELF_NOTES))->n_descsz = 0x10000;
	elf_xsc(&e, 1, 0);
	elf_segment(&e, ELF_NOTES);
}

static void many_segments(void)
{
	elf_xsc(&e, 1, 0);
	for (int i = 0; i < 10; i++)
		elf_add(&e, PT_NOTE, ELF_NOTES + 64, 0, 4);
	elf_add(&e, PT_NOTE, ELF_NOTES, 24, 4);
}

/* the note is there, but no PT_NOTE says so */
static void no_segment(void) { elf_xsc(&e, 1, 0); }

static const struct {
	const char	*name;
	void		(*make)(void);
	enum kind	kind;
	const char	*reason;
} table[] = {
	{ "a good note", good, STAMPED, "stamped" },
	{ "no note", nothing, LEGACY, "no-note" },
	{ "an empty PT_NOTE", empty_segment, LEGACY, "no-note" },
	{ "a note without PT_NOTE", no_segment, LEGACY, "no-note" },
	{ "name XSD", name_other, LEGACY, "no-note" },
	{ "name xsc", name_lower, LEGACY, "no-note" },
	{ "name XSC without its NUL", name_short, LEGACY, "no-note" },
	{ "name XSC with two NULs", name_long, LEGACY, "no-note" },
	{ "name GNU", name_gnu, LEGACY, "no-note" },
	{ "no name", name_empty, LEGACY, "no-note" },
	{ "type 2", type_other, LEGACY, "no-note" },
	{ "version 0", version_0, BAD, "bad-note" },
	{ "version 2", version_2, BAD, "bad-note" },
	{ "version 2^32 - 1", version_max, BAD, "bad-note" },
	{ "an unknown flag", flags_1, BAD, "bad-note" },
	{ "another unknown flag", flags_high, BAD, "bad-note" },
	{ "no descriptor", desc_0, BAD, "bad-note" },
	{ "a descriptor of 4", desc_4, BAD, "bad-note" },
	{ "a descriptor of 7", desc_7, BAD, "bad-note" },
	{ "a descriptor of 12", desc_12, BAD, "bad-note" },
	{ "a descriptor of 2^32 - 1", desc_huge, BAD, "bad-note" },
	{ "a descriptor of 2^32 - 16", desc_huge2, BAD, "bad-note" },
	{ "a name of 2^32 - 1", name_huge, LEGACY, "unreadable-note" },
	{ "a name of 2^32 - 3", name_huge2, LEGACY, "unreadable-note" },
	{ "cut in the header", cut_header, LEGACY, "no-note" },
	{ "cut in the name", cut_name, LEGACY, "unreadable-note" },
	{ "cut before the descriptor", cut_desc_0, BAD, "bad-note" },
	{ "cut in the descriptor", cut_desc_4, BAD, "bad-note" },
	{ "cut one byte too early", cut_desc_7, BAD, "bad-note" },
	{ "alignment 8", align_8, STAMPED, "stamped" },
	{ "alignment 0", align_0, STAMPED, "stamped" },
	{ "alignment 1", align_1, STAMPED, "stamped" },
	{ "alignment 3", align_3, STAMPED, "stamped" },
	{ "alignment 5", align_5, LEGACY, "unreadable-note" },
	{ "alignment 16", align_16, LEGACY, "unreadable-note" },
	{ "alignment 2^63", align_huge, LEGACY, "unreadable-note" },
	{ "misaligned by 1", offset_1, LEGACY, "unreadable-note" },
	{ "misaligned by 2", offset_2, LEGACY, "unreadable-note" },
	{ "64 KiB", size_max, STAMPED, "stamped" },
	{ "64 KiB and 1", size_over, LEGACY, "unreadable-note" },
	{ "2^40 bytes", size_huge, LEGACY, "unreadable-note" },
	{ "2^64 - 1 bytes", size_max64, LEGACY, "unreadable-note" },
	{ "behind the end of the file", behind_end, LEGACY, "unreadable-note" },
	{ "across the end of the file", across_end, LEGACY, "unreadable-note" },
	{ "a negative offset", offset_negative, LEGACY, "unreadable-note" },
	{ "an offset near 2^63", offset_max, LEGACY, "unreadable-note" },
	{ "two good ones", two_in_one, BAD, "several-notes" },
	{ "two good ones in two segments", two_segments, BAD, "several-notes" },
	{ "two segments over one", twice_the_same, BAD, "several-notes" },
	{ "a good one and a bad one", good_and_bad, BAD, "bad-note" },
	{ "three hundred", three_hundred, BAD, "several-notes" },
	{ "among many others", many, STAMPED, "stamped" },
	{ "in the second segment", other_segment_first, STAMPED, "stamped" },
	{ "in the last of twelve segments", many_segments, STAMPED, "stamped" },
	{ "behind an unreadable segment", unreadable_first, STAMPED, "stamped" },
	{ "behind a broken note", broken_first, LEGACY, "unreadable-note" },
};

static struct trace trace;
static struct audit audit;

/* execute it: the errno of execve as a negative number, or the exit status */
static int run(const char *path, int *pid)
{
	int fds[2], err = 0, status;

	if (pipe2(fds, O_CLOEXEC))
		return -9999;
	*pid = fork();
	if (!*pid) {
		char *args[] = { (char *)path, NULL }, *env[] = { NULL };

		execve(path, args, env);
		err = -errno;
		(void)!write(fds[1], &err, sizeof(err));
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(fds[0]);
	waitpid(*pid, &status, 0);
	if (err)
		return err;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static void policy(int n)
{
	char text[4] = { '0' + n };
	int fd = open(POLICY, O_WRONLY);

	(void)!write(fd, text, 1);
	close(fd);
}

/* One file under one policy: what execve did, the tracepoint, the audit record. */
static void one(const char *name, const char *path, int pol, int want, bool xsc, const char *reason)
{
	char text[128], who[32], exit_word[32], reason_word[64];
	const char *words[] = { "key=\"xsc\"", "xsc=exec", who, exit_word, reason_word };
	int err = want < 0 ? want : 0, pid, got;

	trace_put("trace", "\n");
	policy(pol);
	got = run(path, &pid);
	policy(0);
	tap_is(got, want, "policy %d, %s", pol, name);
	snprintf(text, sizeof(text), "xsc=%d reason=%s err=%d", xsc, reason, err);
	/* after ENOEXEC execve may ask for a binfmt module and try once more */
	got = trace_count(&trace, pid, text);
	tap_ok(got == 1 || (got == 2 && err == -ENOEXEC), "policy %d, %s: traced, \"%s\"", pol, name, text);

	/* recorded: what is refused, and what is legacy under a policy */
	snprintf(who, sizeof(who), " pid=%d ", pid);
	snprintf(exit_word, sizeof(exit_word), " exit=%d ", err);
	snprintf(reason_word, sizeof(reason_word), " reason=%s ", reason);
	if (err || (!xsc && pol))
		tap_ok(audit_find(&audit, words, 5, 3000), "policy %d, %s: audited", pol, name);
	else if (pol)
		tap_ok(!audit_find(&audit, words, 5, 20), "policy %d, %s: nothing to audit", pol, name);
}

static void all_policies(const char *name, const char *path, enum kind kind, const char *reason)
{
	for (int pol = 0; pol <= 2; pol++) {
		int want = kind == BAD ? -ENOEXEC : kind == STAMPED ? ELF_BASE + 1 :
			   pol == 2 ? -EACCES : ELF_BASE;

		one(name, path, pol, want, kind == STAMPED, reason);
	}
}

int main(void)
{
	char path[300];

	if (access(POLICY, F_OK)) {
		tap_skip("this kernel has no XSC");
		return tap_done();
	}
	(void)!getcwd(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/prog", dir);
	tap_ok(!trace_start(&trace, "xsc/xsc_exec"), "tracing xsc_exec");
	tap_ok(!audit_start(&audit), "auditing");

	modprobe_off(true);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		elf_start(&e, EM_X86_64, false, ET_EXEC, ELF_BASE);
		table[i].make();
		if (elf_write(&e, path, 0755)) {
			tap_ok(false, "%s: cannot be written", table[i].name);
			continue;
		}
		all_policies(table[i].name, path, table[i].kind, table[i].reason);
	}
	modprobe_off(false);
	audit_end(&audit);
	trace_end(&trace);
	return tap_done();
}
