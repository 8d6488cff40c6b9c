// SPDX-License-Identifier: MIT
/*
 * xsc-note.c - show, stamp, verify XSC notes: the command
 */
#include <err.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "note.h"
#include "scan.h"
#include "stamp.h"

/* exit status: the worst of all files */
enum {
	EXIT_OK		= 0,
	EXIT_NO		= 1,	/* not stamped; stamp refused */
	EXIT_MALFORMED	= 2,	/* a malformed note */
	EXIT_TROUBLE	= 3,	/* no such file, not ELF, usage */
};

static struct {
	bool		force;
	bool		quiet;
	bool		pairs;
	const char	*output;
} opt;

static const char usage[] =
"Usage: xsc-note COMMAND [OPTION]... FILE...\n"
"\n"
"Commands:\n"
"  show       print the XSC notes of each file and where they lie\n"
"  stamp      add the XSC note to each file\n"
"  unstamp    take off what stamp added: the file is again as it was\n"
"  verify     say whether the kernel would run each file as an XSC process\n"
"  scan       list the system-call instructions of each file\n"
"\n"
"Options:\n"
"  -f, --force        stamp: also a file that holds system-call instructions,\n"
"                     or bytes behind its last ELF part\n"
"  -o, --output=OUT   stamp, unstamp: write to OUT, leave FILE as it is\n"
"  -b, --bytes        scan: every byte pair, also inside other instructions\n"
"  -q, --quiet        print nothing but errors\n"
"  -h, --help         print this and exit\n"
"  -V, --version      print the version and exit\n"
"\n"
"Exit status: 0 good (show, verify: stamped); 1 not stamped, or stamping\n"
"refused, or scan found something; 2 malformed note; 3 anything else.\n";

static void __attribute__((format(printf, 2, 3)))
say(const struct file *f, const char *fmt, ...)
{
	va_list ap;

	if (opt.quiet)
		return;
	printf("%s: ", f->path);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int trouble(const struct file *f, const char *why)
{
	warnx("%s: %s", f->path, why);
	return EXIT_TROUBLE;
}

static int verify(const struct file *f, const struct elf_image *elf)
{
	struct xsc_note_result res;

	switch (xsc_note_check(elf, &res)) {
	case XSC_NOTE_GOOD:
		say(f, "stamped: %s", res.reason);
		return EXIT_OK;
	case XSC_NOTE_NONE:
		say(f, "not stamped: %s", res.reason);
		return EXIT_NO;
	default:
		say(f, "malformed: %s", res.reason);
		return EXIT_MALFORMED;
	}
}

static void show_note(const struct xsc_note *note)
{
	struct xsc_note_abi abi;

	printf("  type %u, program header %u, file offset 0x%jx: ", note->type,
	       note->phndx, (uintmax_t)note->offset);
	if (!note->desc) {
		printf("%u bytes, cut off\n", note->descsz);
	} else if (note->type == XSC_NOTE_ABI && note->descsz == sizeof(abi)) {
		memcpy(&abi, note->desc, sizeof(abi));
		printf("ABI %u, flags 0x%x\n", abi.abi, abi.flags);
	} else {
		printf("%u bytes\n", note->descsz);
	}
}

static int show(const struct file *f, const struct elf_image *elf)
{
	struct xsc_note note;
	Elf64_Phdr ph;
	unsigned int i;
	uint64_t pos;
	int ret = verify(f, elf);

	for (i = 0; i < elf->phnum && !opt.quiet; i++) {
		elf_image_phdr(elf, i, &ph);
		if (!xsc_note_segment_ok(elf, &ph))
			continue;
		for (pos = 0; xsc_note_next(elf, &ph, &pos, &note);) {
			note.phndx = i;
			if (xsc_note_is_xsc(&note))
				show_note(&note);
		}
	}
	return ret;
}

/* To stderr when it is the reason of a refusal, else to stdout. */
struct hit_arg {
	const struct file	*f;
	FILE			*out;
};

static void print_hit(const struct xsc_hit *hit, void *arg)
{
	const struct hit_arg *a = arg;

	fprintf(a->out, "%s: %s%s at ", a->f->path, xsc_insn_name[hit->insn],
		hit->at_boundary ? "" : " bytes");
	if (*hit->symbol)
		fprintf(a->out, "%s+0x%jx (%s+0x%jx, ", hit->symbol,
			(uintmax_t)hit->symbol_off, hit->where,
			(uintmax_t)hit->where_off);
	else
		fprintf(a->out, "%s+0x%jx (no symbol, ", hit->where,
			(uintmax_t)hit->where_off);
	fprintf(a->out, "address 0x%jx, file offset 0x%jx)\n",
		(uintmax_t)hit->addr, (uintmax_t)hit->offset);
}

static void skip_hit(const struct xsc_hit *hit, void *arg)
{
	(void)hit;
	(void)arg;
}

static int scan(const struct file *f, const struct elf_image *elf)
{
	struct hit_arg arg = { f, stdout };

	if (elf->class != ELFCLASS64 || elf->machine != EM_X86_64)
		return trouble(f, "not an x86-64 ELF file");
	return xsc_scan(elf, opt.pairs, opt.quiet ? skip_hit : print_hit,
			&arg) ? EXIT_NO : EXIT_OK;
}

static int write_edit(const struct file *f, const struct elf_image *elf,
		      const struct xsc_stamp *st)
{
	unsigned char *data;
	size_t size;
	int ret;

	data = xsc_stamp_apply(elf, st, &size);
	if (!data)
		return trouble(f, "out of memory");
	ret = opt.output ? file_write_copy(f, opt.output, data, size) :
			   file_replace(f, data, size);
	free(data);
	return ret ? EXIT_TROUBLE : EXIT_OK;
}

static int copy_unchanged(const struct file *f)
{
	if (!opt.output)
		return EXIT_OK;
	return file_write_copy(f, opt.output, f->data, f->size) ? EXIT_TROUBLE :
								  EXIT_OK;
}

/* Why not to stamp a file that could be stamped; --force goes on anyhow. */
static bool advise_against(const struct file *f, const struct elf_image *elf)
{
	struct hit_arg arg = { f, stderr };
	int n;

	n = xsc_scan(elf, false, print_hit, &arg);
	if (n) {
		warnx("%s: not stamped: it holds %d system-call instruction%s, which would end in SIGSYS; replace %s by calls to the XSC libc, or use --force",
		      f->path, n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
		return true;
	}
	if (elf_image_end(elf) + 16 < elf->size) {
		warnx("%s: not stamped: it has %ju bytes behind its last ELF part, which its program may look for at the end of the file; use --force to stamp it all the same",
		      f->path, (uintmax_t)(elf->size - elf_image_end(elf)));
		return true;
	}
	return false;
}

static int stamp(const struct file *f, const struct elf_image *elf)
{
	struct xsc_note_result res;
	struct xsc_stamp st;
	const char *why;
	int ret;

	why = xsc_stamp_refuse(elf);
	if (why)
		return trouble(f, why);
	switch (xsc_note_check(elf, &res)) {
	case XSC_NOTE_GOOD:
		say(f, "already stamped");
		return copy_unchanged(f);
	case XSC_NOTE_BAD:
		warnx("%s: not stamped: %s; take that note off first (objcopy --remove-section, or build it again)",
		      f->path, res.reason);
		return EXIT_MALFORMED;
	case XSC_NOTE_NONE:
		break;
	}
	if (!opt.force && advise_against(f, elf))
		return EXIT_NO;
	why = xsc_stamp_plan(elf, &st);
	if (why)
		return trouble(f, why);
	ret = write_edit(f, elf, &st);
	free(st.tail);
	if (ret == EXIT_OK)
		say(f, "stamped");
	return ret;
}

static int unstamp(const struct file *f, const struct elf_image *elf)
{
	struct xsc_note_result res;
	struct xsc_stamp st;
	const char *why;
	int ret;

	if (xsc_note_check(elf, &res) == XSC_NOTE_NONE) {
		say(f, "not stamped");
		return copy_unchanged(f);
	}
	why = xsc_unstamp_plan(elf, &st);
	if (why)
		return trouble(f, why);
	ret = write_edit(f, elf, &st);
	if (ret == EXIT_OK)
		say(f, "unstamped");
	return ret;
}

static const struct command {
	const char	*name;
	int		(*run)(const struct file *f,
			       const struct elf_image *elf);
} commands[] = {
	{ "show",	show },
	{ "stamp",	stamp },
	{ "unstamp",	unstamp },
	{ "verify",	verify },
	{ "scan",	scan },
};

static int run_one(const struct command *cmd, const char *path)
{
	struct elf_image elf;
	struct file f;
	const char *why;
	int ret;

	if (file_read(&f, path))
		return EXIT_TROUBLE;
	why = elf_image_open(&elf, f.data, f.size);
	ret = why ? trouble(&f, why) : cmd->run(&f, &elf);
	file_free(&f);
	return ret;
}

static int bad_usage(void)
{
	fputs("Try 'xsc-note --help' for more.\n", stderr);
	return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "force",	no_argument,		NULL, 'f' },
		{ "output",	required_argument,	NULL, 'o' },
		{ "bytes",	no_argument,		NULL, 'b' },
		{ "quiet",	no_argument,		NULL, 'q' },
		{ "help",	no_argument,		NULL, 'h' },
		{ "version",	no_argument,		NULL, 'V' },
		{ }
	};
	const struct command *cmd = NULL;
	int c, ret = EXIT_OK, one;
	size_t i;

	while ((c = getopt_long(argc, argv, "fo:bqhV", longopts, NULL)) != -1) {
		switch (c) {
		case 'f':
			opt.force = true;
			break;
		case 'o':
			opt.output = optarg;
			break;
		case 'b':
			opt.pairs = true;
			break;
		case 'q':
			opt.quiet = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case 'V':
			puts("xsc-note (XSC) " XSC_VERSION);
			return EXIT_OK;
		default:
			return bad_usage();
		}
	}
	if (optind == argc) {
		warnx("no command given");
		return bad_usage();
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[optind], commands[i].name))
			cmd = &commands[i];
	if (!cmd) {
		warnx("unknown command '%s'", argv[optind]);
		return bad_usage();
	}
	optind++;
	if (optind == argc) {
		warnx("%s: no file given", cmd->name);
		return bad_usage();
	}
	if (opt.output && (argc - optind != 1 ||
			   (cmd->run != stamp && cmd->run != unstamp))) {
		warnx("--output goes with stamp or unstamp and a single file");
		return bad_usage();
	}
	for (; optind < argc; optind++) {
		one = run_one(cmd, argv[optind]);
		if (one > ret)
			ret = one;
	}
	if (fflush(stdout) || ferror(stdout)) {
		warn("standard output");
		return EXIT_TROUBLE;
	}
	return ret;
}
