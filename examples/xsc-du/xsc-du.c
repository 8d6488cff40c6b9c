// SPDX-License-Identifier: MIT
/*
 * xsc-du.c - what files take on the disk, as du(1) says it, with batched calls
 *
 * Up to DIRS directories are open at a time.  One run of calls opens them and reads their
 * first names; the next asks for the status of all these names and reads on.  A tree of
 * small directories so takes an entry for hundreds of files.
 *
 * du's figures depend on the order of the walk in one thing: a file with several names counts
 * where it is met first.  So the tree is kept, as far as it is printed or has such files, and
 * added up at the end in du's order.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../number.h"
#include "../ops/ops.h"

#define DIRS		16
#define NAMES_SIZE	32768
#define STATS		512	/* status calls of one run */

struct node {
	struct node	*parent, *next, *child, **tail;
	uint64_t	size;		/* its own, and of files below it that have no node */
	uint64_t	total;
	uint64_t	ino;
	uint64_t	dev;
	bool		dir;
	bool		once;		/* counts only where it is met first */
	bool		skip;		/* was met before */
	struct node	*unread;	/* the next directory to be read */
	char		name[];
};

struct linux_dirent64 {
	uint64_t	d_ino;
	int64_t		d_off;
	uint16_t	d_reclen;
	uint8_t		d_type;
	char		d_name[];
};

/* A directory that is being read: while the names in one buffer are asked for, the other fills. */
struct reading {
	struct node	*node;
	long		fd;
	long		len;		/* of what was read last */
	long		closed;
	char		*names[2];
	int		which;
	bool		over;
};

struct question {
	struct node	*parent;
	const char	*name;
	long		res;
	struct statx	stx;
};

static bool all, apparent, count_links, one_fs, nul, dedupe_all;
static unsigned long max_depth = ULONG_MAX;
static enum { KIB, BYTES, MIB, HUMAN } unit = KIB;

static struct node *unread;
static struct question *questions;
static unsigned int nr_questions;
static int status;

static void *get_memory(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		err(1, "memory");
	return p;
}

/* --- names ---------------------------------------------------------------------------- */

/* The whole name, in memory that the next call uses again. */
static const char *path_of(const struct node *n)
{
	static char *buf;
	static size_t size;
	const struct node *p;
	size_t len = 1, at, part;

	for (p = n; p; p = p->parent)
		len += strlen(p->name) + 1;
	if (len > size) {
		size = len * 2;
		free(buf);
		buf = get_memory(size);
	}
	at = len;
	buf[--at] = '\0';
	for (p = n; p; p = p->parent) {
		part = strlen(p->name);
		/* an argument may end in slashes of its own */
		if (p != n && (!part || p->name[part - 1] != '/'))
			buf[--at] = '/';
		at -= part;
		memcpy(buf + at, p->name, part);
	}
	return buf + at;
}

static void complain(const char *what, const struct node *n, const char *name, long res)
{
	const char *path = path_of(n);

	status = 1;
	warnx("%s '%s%s%s': %s", what, path, name ? "/" : "", name ? name : "", strerror((int)-res));
}

/* A path that is too long for one call, part by part. */
static long open_deep(const struct node *n)
{
	int at, fd;

	if (!n->parent) {
		fd = open(n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	at = (int)open_deep(n->parent);
	if (at < 0)
		return at;
	fd = openat(at, n->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(at);
	return fd;
}

/* --- the walk ------------------------------------------------------------------------- */

static uint64_t size_of(const struct statx *stx)
{
	return apparent ? stx->stx_size : stx->stx_blocks * 512;
}

/* Take in what is known of a file now. */
static struct node *take(struct node *parent, const char *name, const struct statx *stx)
{
	bool dir = S_ISDIR(stx->stx_mode);
	bool once = !count_links && (dedupe_all || (!dir && stx->stx_nlink > 1));
	struct node *n;

	if (parent && one_fs && parent->dev != makedev(stx->stx_dev_major, stx->stx_dev_minor))
		return NULL;
	if (parent && !dir && !once && !all) {
		parent->size += size_of(stx);
		return NULL;
	}
	n = get_memory(sizeof(*n) + strlen(name) + 1);
	strcpy(n->name, name);
	n->parent = parent;
	n->size = size_of(stx);
	n->dir = dir;
	n->once = once;
	n->ino = stx->stx_ino;
	n->dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	n->tail = &n->child;
	if (parent) {
		*parent->tail = n;
		parent->tail = &n->next;
	}
	if (dir) {
		n->unread = unread;
		unread = n;
	}
	return n;
}

static void ask(struct node *parent, long fd, const char *name)
{
	struct question *q = &questions[nr_questions++];

	q->parent = parent;
	q->name = name;
	xsc_prep_statx(ops_add(&q->res), (int)fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		       STATX_TYPE | STATX_SIZE | STATX_BLOCKS | STATX_NLINK | STATX_INO, &q->stx);
}

static void take_answers(void)
{
	struct question *q;

	ops_run();
	for (q = questions; q < questions + nr_questions; q++) {
		if (q->res)
			complain("cannot access", q->parent, q->name, q->res);
		else
			take(q->parent, q->name, &q->stx);
	}
	nr_questions = 0;
}

/* Ask for each name that was read. */
static void ask_all(struct reading *r)
{
	const char *names = r->names[r->which];
	const struct linux_dirent64 *d;
	long at;

	for (at = 0; at < r->len; at += d->d_reclen) {
		d = (const struct linux_dirent64 *)(names + at);
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (nr_questions == STATS)
			take_answers();
		ask(r->node, r->fd, d->d_name);
	}
}

static struct xsc_sqe *read_names(struct reading *r, long fd)
{
	struct xsc_sqe *sqe = ops_add(&r->len);

	xsc_sqe_prep(sqe, __NR_getdents64, fd, (long)r->names[r->which], NAMES_SIZE, 0, 0, 0);
	return sqe;
}

/* Open some of the unread directories and read their first names. */
static unsigned int begin(struct reading *rs)
{
	struct reading *r;
	struct xsc_sqe *sqe;
	char *paths[DIRS];
	unsigned int nr;

	for (nr = 0; nr < DIRS && unread; nr++) {
		r = &rs[nr];
		r->node = unread;
		unread = unread->unread;
		r->which = 0;
		r->over = false;
		paths[nr] = strdup(path_of(r->node));
		if (!paths[nr])
			err(1, "memory");
		ops_room(2);
		sqe = ops_add(&r->fd);
		xsc_prep_openat(sqe, AT_FDCWD, paths[nr],
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		xsc_sqe_link(sqe);
		xsc_sqe_forward(read_names(r, 0), 0, 1);
	}
	ops_run();
	for (r = rs; r < rs + nr; r++) {
		free(paths[r - rs]);
		if (r->fd != -ENAMETOOLONG)
			continue;
		r->fd = open_deep(r->node);
		if (r->fd >= 0)
			read_names(r, r->fd);
	}
	ops_run();
	return nr;
}

static void walk(void)
{
	static struct reading rs[DIRS];
	unsigned int nr, left;
	struct reading *r;

	for (r = rs; r < rs + DIRS; r++) {
		r->names[0] = get_memory(NAMES_SIZE);
		r->names[1] = get_memory(NAMES_SIZE);
	}
	while (unread) {
		nr = begin(rs);
		for (left = nr; left;) {
			for (r = rs; r < rs + nr; r++) {
				if (r->over)
					continue;
				if (r->fd < 0 || r->len <= 0) {
					if (r->fd < 0 || r->len < 0)
						complain("cannot read directory", r->node, NULL,
							 r->fd < 0 ? r->fd : r->len);
					if (r->fd >= 0)
						xsc_prep_close(ops_add(&r->closed), (int)r->fd);
					r->over = true;
					left--;
					continue;
				}
				ask_all(r);
				r->which = !r->which;
				read_names(r, r->fd);
			}
			take_answers();
		}
	}
}

/* --- figures -------------------------------------------------------------------------- */

/* The files that were met: a table of open addressing that doubles. */
static struct { uint64_t dev, ino; } *met;
static size_t met_size, nr_met;

static bool met_before(uint64_t dev, uint64_t ino)
{
	size_t i, old_size = met_size, at;
	typeof(met) old = met;

	if (nr_met * 2 >= met_size) {
		met_size = met_size ? met_size * 2 : 1024;
		met = get_memory(met_size * sizeof(*met));
		nr_met = 0;
		for (i = 0; i < old_size; i++)
			if (old[i].ino)
				met_before(old[i].dev, old[i].ino);
		free(old);
	}
	at = (ino * 0x9e3779b97f4a7c15u ^ dev) & (met_size - 1);
	for (; met[at].ino; at = (at + 1) & (met_size - 1))
		if (met[at].ino == ino && met[at].dev == dev)
			return true;
	met[at].dev = dev;
	met[at].ino = ino;
	nr_met++;
	return false;
}

/* Rounded up, three figures at most. */
static void print_human(uint64_t bytes)
{
	unsigned __int128 tenths = (unsigned __int128)bytes * 10, unit = 1;
	const char *suffix = "KMGTPEZ";
	uint64_t n;

	if (bytes < 1024) {
		printf("%" PRIu64, bytes);
		return;
	}
	for (;; suffix++) {
		unit *= 1024;
		n = (uint64_t)((tenths + unit - 1) / unit);
		if (n < 100) {
			printf("%" PRIu64 ".%" PRIu64 "%c", n / 10, n % 10, *suffix);
			return;
		}
		n = (uint64_t)((bytes + unit - 1) / unit);
		if (n < 1024) {
			printf("%" PRIu64 "%c", n, *suffix);
			return;
		}
	}
}

static void print(uint64_t bytes, const char *path)
{
	if (unit == HUMAN)
		print_human(bytes);
	else if (unit == BYTES)
		printf("%" PRIu64, bytes);
	else if (unit == KIB)
		printf("%" PRIu64, (bytes + 1023) / 1024);
	else
		printf("%" PRIu64, (bytes + (1 << 20) - 1) >> 20);
	printf("\t%s%c", path, nul ? '\0' : '\n');
}

/* Add up and print a whole tree, depth first, without recursion: it may be deep. */
static uint64_t add_up(struct node *root)
{
	struct node *n = root;
	unsigned long depth = 0;

	for (;;) {
		/* down: a file that was met before is as if it were not there, with all below it */
		n->skip = n->once && met_before(n->dev, n->ino);
		n->total = 0;
		if (!n->skip) {
			n->total = n->size;
			if (n->child) {
				n = n->child;
				depth++;
				continue;
			}
		}
		/* up */
		for (;;) {
			if (!n->skip && depth <= max_depth && (n->dir || all || n == root))
				print(n->total, path_of(n));
			if (n == root)
				return n->total;
			n->parent->total += n->total;
			if (n->next) {
				n = n->next;
				break;
			}
			n = n->parent;
			depth--;
		}
	}
}

static const char usage[] =
"Usage: xsc-du [OPTION]... [FILE]...\n"
"Say what each FILE takes on the disk, directories with all below them (default: .).\n"
"Figures and order are those of du(1).\n\n"
"  -a, --all              also for files, not just directories\n"
"      --apparent-size    sizes, not what is allocated\n"
"  -b, --bytes            --apparent-size, in bytes\n"
"  -c, --total            also a grand total\n"
"  -d, --max-depth N      only so deep below each FILE\n"
"  -h, --human-readable   1.5K, 234M\n"
"  -k, -m                 in KiB (default), in MiB\n"
"  -l, --count-links      count a file with several names each time\n"
"  -s, --summarize        only each FILE\n"
"  -x, --one-file-system  leave out what is mounted below\n"
"  -0, --null             end each line with a zero byte\n"
"      --plain            by plain system calls, one after the other\n"
"      --stats            at the end say on standard error how it was done\n"
"      --help, --version\n\n"
"An XSC process makes its calls in batches, any other by a ring (/dev/xsc).\n"
"Exit status: 0, 1 if something could not be read, 2 for wrong options.\n";

enum { OPT_APPARENT = 0x100, OPT_PLAIN, OPT_STATS, OPT_HELP, OPT_VERSION };

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all",		no_argument,		NULL, 'a' },
		{ "apparent-size",	no_argument,		NULL, OPT_APPARENT },
		{ "bytes",		no_argument,		NULL, 'b' },
		{ "total",		no_argument,		NULL, 'c' },
		{ "max-depth",		required_argument,	NULL, 'd' },
		{ "human-readable",	no_argument,		NULL, 'h' },
		{ "count-links",	no_argument,		NULL, 'l' },
		{ "summarize",		no_argument,		NULL, 's' },
		{ "one-file-system",	no_argument,		NULL, 'x' },
		{ "null",		no_argument,		NULL, '0' },
		{ "plain",		no_argument,		NULL, OPT_PLAIN },
		{ "stats",		no_argument,		NULL, OPT_STATS },
		{ "help",		no_argument,		NULL, OPT_HELP },
		{ "version",		no_argument,		NULL, OPT_VERSION },
		{ }
	};
	static char dot[] = ".", *here[] = { dot, NULL };
	bool summarize = false, depth_given = false, grand_total = false, plain = false, stats = false;
	struct node **roots;
	uint64_t total = 0;
	struct statx stx;
	char **files;
	int opt, i, nr;

	while ((opt = getopt_long(argc, argv, "abcd:hklmsx0", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			all = true;
			break;
		case 'b':
			unit = BYTES;
			apparent = true;
			break;
		case OPT_APPARENT:
			apparent = true;
			break;
		case 'c':
			grand_total = true;
			break;
		case 'd':
			max_depth = number(optarg, "--max-depth", 0, ULONG_MAX);
			depth_given = true;
			break;
		case 'h':
			unit = HUMAN;
			break;
		case 'k':
			unit = KIB;
			break;
		case 'm':
			unit = MIB;
			break;
		case 'l':
			count_links = true;
			break;
		case 's':
			summarize = true;
			break;
		case 'x':
			one_fs = true;
			break;
		case '0':
			nul = true;
			break;
		case OPT_PLAIN:
			plain = true;
			break;
		case OPT_STATS:
			stats = true;
			break;
		case OPT_HELP:
			fputs(usage, stdout);
			return 0;
		case OPT_VERSION:
			puts("xsc-du (XSC) " XSC_VERSION);
			return 0;
		default:
			fputs("Try 'xsc-du --help' for more.\n", stderr);
			return 2;
		}
	}
	if (summarize && all)
		errx(2, "--summarize and --all exclude each other");
	if (summarize && depth_given && max_depth)
		errx(2, "--summarize is --max-depth=0, not %lu", max_depth);
	if (summarize)
		max_depth = 0;
	files = optind < argc ? argv + optind : here;
	nr = optind < argc ? argc - optind : 1;
	/* a name twice, or one below another: counts once, as with du */
	dedupe_all = nr > 1;

	ops_start(plain ? OPS_PLAIN : OPS_AUTO);
	questions = get_memory(STATS * sizeof(*questions));
	roots = get_memory((size_t)nr * sizeof(*roots));
	for (i = 0; i < nr; i++) {
		if (statx(AT_FDCWD, files[i], AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx)) {
			warn("cannot access '%s'", files[i]);
			status = 1;
			continue;
		}
		roots[i] = take(NULL, files[i], &stx);
	}
	walk();
	for (i = 0; i < nr; i++) {
		if (roots[i])
			total += add_up(roots[i]);
	}
	if (grand_total)
		print(total, "total");
	ops_end(stats);
	return status;
}
