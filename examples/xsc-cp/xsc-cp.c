// SPDX-License-Identifier: MIT
/*
 * xsc-cp.c - copy files and trees with batched calls
 *
 * A small file is some nine calls in a list: open, read, create, write, owner, mode, times,
 * close, close, where what open and create return is forwarded to the others.  The list goes
 * on with the next file, and is run when it is full or when the walk has to know something.
 * It is run in order: what is queued for a directory's end, its owner, mode and times, is
 * done when its files are there.
 *
 * Only what the list could not do (a file that changed its size meanwhile) is done again by
 * plain calls.  A directory is closed with the next list, so that it is open for these.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "../ops/ops.h"
#include "progress.h"

#define SMALL		65536		/* up to here a file is copied in one go */
#define ARENA		(4 << 20)	/* for what is read in one run */
#define PIECE		(256 << 10)	/* of a large file */
#define NAMES_SIZE	32768
#define STATS		256		/* files asked for in one run */

#define STATX_WANTED	(STATX_BASIC_STATS)
#define SET_IDS		(S_ISUID | S_ISGID)

/* A directory and its copy.  The root of all has AT_FDCWD and what DEST says. */
struct pair {
	struct pair	*parent;
	long		src, dst;
	char		*src_path, *dst_path;
	struct statx	stx;
	bool		existed;	/* the copy was there before, with files perhaps */
	bool		unread;		/* dst is by O_PATH */
	mode_t		dst_mode;	/* of the copy as it was found or made */
	long		narrowed, owner, mode, timed;
};

/* A small file. */
struct job {
	struct pair	*dir;
	struct statx	stx;
	char		*buf;
	struct timespec	times[2];
	long		opened, read, created, written, narrowed, owner, mode, timed, closed, src_closed;
	char		*dst_name;
	char		name[];
};

static bool recursive, preserve, keep_links, no_clobber, remove_first, verbose;
static bool counting, root_user;
static mode_t umask_bits;
static unsigned long complaints;
static unsigned int ending;	/* directories whose end is in the list */
static char *arena;
static size_t arena_used;
/* the copy of the first directory: not to be copied into itself */
static uint64_t top_dev, top_ino;
static bool have_top;

static void *get_memory(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		err(1, "memory");
	return p;
}

static char *join(const char *dir, const char *name)
{
	char *p;

	if (asprintf(&p, "%s%s%s", dir, *dir && dir[strlen(dir) - 1] != '/' ? "/" : "", name) < 0)
		err(1, "memory");
	return p;
}

/* @res is a negative errno, or 0. */
__attribute__((format(printf, 2, 3)))
static void complain(long res, const char *format, ...)
{
	va_list args;
	char *text;

	if (counting)
		return;		/* it will be met again */
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		err(1, "memory");
	va_end(args);
	progress_hide();
	if (res)
		warnx("%s: %s", text, strerror((int)-res));
	else
		warnx("%s", text);
	free(text);
	complaints++;
}

static void flush(void)
{
	ops_run();
	arena_used = 0;
	progress_show();
}

static char *arena_get(size_t size)
{
	char *p;

	size = (size + 15) & ~15UL;
	if (arena_used + size > ARENA)
		flush();
	p = arena + arena_used;
	arena_used += size;
	return p;
}

static void set_times(struct timespec *times, const struct statx *stx)
{
	times[0].tv_sec = stx->stx_atime.tv_sec;
	times[0].tv_nsec = stx->stx_atime.tv_nsec;
	times[1].tv_sec = stx->stx_mtime.tv_sec;
	times[1].tv_nsec = stx->stx_mtime.tv_nsec;
}

/* The mode that a file is created with; its own comes when the owner is right. */
static mode_t first_mode(const struct statx *stx)
{
	return preserve ? stx->stx_mode & 0700 : stx->stx_mode & 0777;
}

/* Has a copy that was there, with mode @old, rights that it is not to have? */
static bool too_wide(mode_t old, const struct statx *stx)
{
	return old & 07777 & (~stx->stx_mode | 07000);
}

/* What it has instead until the owner is right. */
static mode_t narrow_mode(mode_t old, const struct statx *stx)
{
	return old & stx->stx_mode & 0700;
}

/* Set-ID bits are for the owner that the file has, and rare: this is done outside the list. */
static bool keeps_ids(const struct statx *stx)
{
	return preserve && (stx->stx_mode & SET_IDS);
}

/* Who may not give files away has the copy.  Root is expected to be able to. */
static bool owner_wrong(long res)
{
	return res < 0 && (root_user || (res != -EPERM && res != -EINVAL));
}

static int create_flags(bool existed)
{
	/* never through a symlink, never waiting for a FIFO's reader */
	return O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (existed ? O_TRUNC : O_CREAT | O_EXCL);
}

static bool same_file(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor;
}

/* Without -r FIFOs and devices are not copied but read. */
static bool has_data(const struct statx *stx)
{
	return S_ISREG(stx->stx_mode) || !recursive;
}

static int source_flags(const struct statx *stx)
{
	/* what has become a FIFO is not waited for, what has been one is */
	return O_RDONLY | O_CLOEXEC | (recursive ? O_NOFOLLOW : 0) | (S_ISREG(stx->stx_mode) ? O_NONBLOCK : 0);
}

/* --- files ---------------------------------------------------------------------------- */

static void copied(const struct pair *dir, const char *name, const char *dst_name, uint64_t bytes)
{
	progress_add(1, bytes);
	if (verbose) {
		char *src = join(dir->src_path, name), *dst = join(dir->dst_path, dst_name);

		progress_hide();
		printf("'%s' -> '%s'\n", src, dst);
		free(src);
		free(dst);
	}
}

/* For what takes no descriptor that was opened with O_PATH. */
static const char *proc_name(int fd)
{
	static char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

static bool change_mode(int fd, const char *name, mode_t mode, const char *path)
{
	int ret;

	if (*name)
		ret = fchmodat(fd, name, mode, AT_SYMLINK_NOFOLLOW);
	else
		ret = fchmod(fd, mode) && (errno != EBADF || chmod(proc_name(fd), mode));
	if (ret)
		complain(-errno, "cannot set the mode of '%s'", path);
	return !ret;
}

static bool change_times(int fd, const char *name, const struct statx *stx, const char *path)
{
	struct timespec times[2];
	int ret;

	set_times(times, stx);
	if (*name)
		ret = utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW);
	else
		ret = futimens(fd, times) && (errno != EBADF || utimensat(AT_FDCWD, proc_name(fd), times, 0));
	if (ret)
		complain(-errno, "cannot set the times of '%s'", path);
	return !ret;
}

/*
 * Times, owner and mode by plain calls: of what @fd is, or if @name is not empty of what has
 * that name there.  @old is the mode of what was there before, or 0.  Set-ID bits come last,
 * and only to the owner and group that they are for.  Returns whether all went well.
 */
static bool keep(int fd, const char *name, const struct statx *stx, mode_t old, const char *path)
{
	mode_t mode = stx->stx_mode & 07777;

	if (!change_times(fd, name, stx, path))
		return false;
	if (too_wide(old, stx) && !change_mode(fd, name, narrow_mode(old, stx), path))
		return false;
	if (fchownat(fd, name, stx->stx_uid, stx->stx_gid, *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH)) {
		if (owner_wrong(-errno)) {
			complain(-errno, "cannot give away '%s'", path);
			return false;
		}
		mode &= ~SET_IDS;
	}
	return S_ISLNK(stx->stx_mode) || change_mode(fd, name, mode, path);
}

/* From where both files stand to the end of @src. */
static long copy_rest(int src, int dst)
{
	ssize_t n, done, w;

	while ((n = read(src, arena, PIECE)) > 0) {
		for (done = 0; done < n; done += w) {
			w = write(dst, arena + done, (size_t)(n - done));
			if (w < 0)
				return -errno;
		}
	}
	return n < 0 ? -errno : 0;
}

/*
 * Open the copy again.  Its mode may keep us out by now, also as its owner: then it is
 * writable for the moment that this takes.
 */
static int open_again(const struct job *j)
{
	int fd = openat((int)j->dir->dst, j->dst_name, create_flags(true)), path;
	struct stat st;

	if (fd >= 0 || errno != EACCES)
		return fd;
	path = openat((int)j->dir->dst, j->dst_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (path < 0)
		return -1;
	if (!fstat(path, &st) && S_ISREG(st.st_mode) && !chmod(proc_name(path), (st.st_mode & 0777) | S_IWUSR)) {
		fd = open(proc_name(path), O_WRONLY | O_TRUNC | O_CLOEXEC);
		if (chmod(proc_name(path), st.st_mode & 01777) && fd >= 0) {
			close(fd);
			fd = -1;
		}
	}
	close(path);
	return fd;
}

/* What the list could not do: the whole file again, by plain calls, when nothing is queued. */
static void copy_again(const struct job *j)
{
	char *src_path = join(j->dir->src_path, j->name), *dst_path = join(j->dir->dst_path, j->dst_name);
	int src = openat((int)j->dir->src, j->name, source_flags(&j->stx));
	int dst = src < 0 ? -1 : open_again(j);
	bool kept = true;
	long res = 0;

	if (src < 0 || dst < 0)
		res = -errno;
	else
		res = copy_rest(src, dst);
	if (!res && preserve)
		kept = keep(dst, "", &j->stx, 0, dst_path);
	if (src >= 0)
		close(src);
	if (dst >= 0 && close(dst) && !res)
		res = -errno;
	if (res)
		complain(res, "cannot copy '%s' to '%s'", src_path, dst_path);
	else if (kept)
		copied(j->dir, j->name, j->dst_name, j->stx.stx_size);
	free(src_path);
	free(dst_path);
}

static void file_done(void *arg)
{
	struct job *j = arg;
	long size = (long)j->stx.stx_size;
	const char *what = NULL;
	char *path;
	long res = 0;

	if (j->opened < 0 || j->read < 0) {
		path = join(j->dir->src_path, j->name);
		complain(j->opened < 0 ? j->opened : j->read, "cannot %s '%s'", j->opened < 0 ? "open" : "read", path);
		free(path);
		goto out;
	}
	if (j->created < 0)
		what = "cannot create", res = j->created;
	else if (j->written < 0)
		what = "cannot write", res = j->written;
	else if (j->narrowed < 0)
		what = "cannot set the mode of", res = j->narrowed;
	else if (owner_wrong(j->owner))
		what = "cannot give away", res = j->owner;
	else if (j->mode < 0)
		what = "cannot set the mode of", res = j->mode;
	else if (j->timed < 0)
		what = "cannot set the times of", res = j->timed;
	else if (j->closed < 0)
		what = "cannot write", res = j->closed;
	if (what) {
		path = join(j->dir->dst_path, j->dst_name);
		complain(res, "%s '%s'", what, path);
		free(path);
	} else if (j->read != size || j->written != size) {
		copy_again(j);
	} else {
		copied(j->dir, j->name, j->dst_name, j->stx.stx_size);
	}
out:
	free(j->dst_name);
	free(j);
}

/* A call with the descriptor that the one @from places before returns. */
static struct xsc_sqe *add_for(long *res, unsigned int from, unsigned int op, long b, long c)
{
	struct xsc_sqe *sqe = ops_add(res);

	xsc_sqe_prep(sqe, op, 0, b, c, 0, 0, 0);
	xsc_sqe_forward(sqe, 0, from);
	return sqe;
}

/* @old is the mode of what is written over, or 0. */
static void copy_small(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx, mode_t old)
{
	struct job *j = get_memory(sizeof(*j) + strlen(name) + 1);
	size_t size = stx->stx_size;
	unsigned int nr = 4;		/* so many come before */
	struct xsc_sqe *sqe;

	strcpy(j->name, name);
	j->dst_name = strdup(dst_name);
	if (!j->dst_name)
		err(1, "memory");
	j->dir = dir;
	j->stx = *stx;
	j->buf = arena_get(size + 1);
	set_times(j->times, stx);

	ops_room(10);
	/* should it be shorter by now, nothing of another file is to be written in its place */
	memset(j->buf, 0, size);
	sqe = ops_add(&j->opened);
	xsc_prep_openat(sqe, (int)dir->src, j->name, source_flags(stx), 0);
	xsc_sqe_link(sqe);
	/* one byte more, to see whether it has grown */
	xsc_sqe_link(add_for(&j->read, 1, __NR_read, (long)j->buf, (long)size + 1));
	sqe = ops_add(&j->created);
	xsc_prep_openat(sqe, (int)dir->dst, j->dst_name, create_flags(old), first_mode(stx));
	xsc_sqe_link(sqe);
	add_for(&j->written, 1, __NR_write, (long)j->buf, (long)size);
	/* Here the chain ends: what was opened is closed in any case. */
	if (preserve) {
		if (too_wide(old, stx))
			xsc_sqe_link(add_for(&j->narrowed, nr++ - 2, __NR_fchmod, narrow_mode(old, stx), 0));
		sqe = add_for(&j->owner, nr++ - 2, __NR_fchown, stx->stx_uid, stx->stx_gid);
		/* others keep the file, root leaves it closed */
		if (root_user)
			xsc_sqe_link(sqe);
		add_for(&j->mode, nr++ - 2, __NR_fchmod, stx->stx_mode & 01777, 0);
		add_for(&j->timed, nr++ - 2, __NR_utimensat, 0, (long)j->times);
	}
	add_for(&j->closed, nr++ - 2, __NR_close, 0, 0);
	add_for(&j->src_closed, nr, __NR_close, 0, 0);
	ops_then(file_done, j);
}

/* Copy @from to @to of two open files, a piece after the other, many in one run. */
static long copy_range(int src, int dst, off_t from, off_t to)
{
	enum { PIECES = ARENA / PIECE };
	long got[PIECES], put[PIECES], want;
	unsigned int nr, i;
	struct xsc_sqe *sqe;
	off_t at;

	while (from < to) {
		for (nr = 0, at = from; nr < PIECES && at < to; nr++, at += want) {
			want = to - at < PIECE ? to - at : PIECE;
			ops_room(2);
			sqe = ops_add(&got[nr]);
			xsc_prep_pread(sqe, src, arena + nr * PIECE, (size_t)want, (__u64)at);
			xsc_sqe_link(sqe);
			xsc_prep_pwrite(ops_add(&put[nr]), dst, arena + nr * PIECE, (size_t)want, (__u64)at);
		}
		ops_run();
		for (i = 0; i < nr; i++) {
			want = to - from < PIECE ? to - from : PIECE;
			if (got[i] < 0 || put[i] < 0)
				return got[i] < 0 ? got[i] : put[i];
			if (got[i] != want || put[i] != want)
				return 1;	/* it changes under us */
			from += want;
			progress_add(0, (uint64_t)want);
		}
		progress_show();
	}
	return 0;
}

/* The data of a file that has holes, or of one that has none; returns 0, 1 (changed), -errno. */
static long copy_data(int src, int dst, const struct statx *stx)
{
	off_t size = (off_t)stx->stx_size, from = 0, to = 0;
	long res;

	if (!S_ISREG(stx->stx_mode))
		return copy_rest(src, dst);
	if (stx->stx_blocks * 512 >= stx->stx_size)
		return copy_range(src, dst, 0, size);
	while (from < size) {
		from = lseek(src, from, SEEK_DATA);
		if (from < 0 && errno == ENXIO)
			from = size;	/* a hole to the end */
		progress_add(0, from > to ? (uint64_t)(from - to) : 0);
		if (from == size)
			break;
		to = from < 0 ? -1 : lseek(src, from, SEEK_HOLE);
		if (to < 0)
			return copy_range(src, dst, from < 0 ? 0 : from, size);
		res = copy_range(src, dst, from, to < size ? to : size);
		if (res)
			return res;
		from = to;
	}
	return ftruncate(dst, size) ? -errno : 0;
}

/* A file that is large, has no size or set-ID bits: what it takes, now. */
static void copy_alone(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx, mode_t old)
{
	char *src_path = join(dir->src_path, name), *dst_path = join(dir->dst_path, dst_name);
	size_t size = stx->stx_size;
	long src, dst, res;
	bool kept = true;
	struct statx now;
	struct xsc_sqe *sqe;

	flush();
	/* as for a small one; after that the arena has no other file's data */
	memset(arena, 0, size < ARENA ? size : ARENA);
	sqe = ops_add(&src);
	xsc_prep_openat(sqe, (int)dir->src, name, source_flags(stx), 0);
	xsc_sqe_link(sqe);
	xsc_prep_openat(ops_add(&dst), (int)dir->dst, dst_name, create_flags(old), first_mode(stx));
	ops_run();
	if (src < 0) {
		complain(src, "cannot open '%s'", src_path);
	} else if (dst < 0) {
		complain(dst, "cannot create '%s'", dst_path);
	} else if (keeps_ids(stx) && (statx((int)src, "", AT_EMPTY_PATH, STATX_WANTED, &now) || !same_file(&now, stx))) {
		complain(0, "'%s' was replaced while it was copied", src_path);
	} else {
		res = copy_data((int)src, (int)dst, stx);
		if (res == 1)
			res = lseek((int)src, 0, SEEK_SET) || lseek((int)dst, 0, SEEK_SET) || ftruncate((int)dst, 0) ?
			      -errno : copy_rest((int)src, (int)dst);
		else if (!res && S_ISREG(stx->stx_mode) && lseek((int)src, (off_t)stx->stx_size, SEEK_SET) >= 0 &&
			 lseek((int)dst, (off_t)stx->stx_size, SEEK_SET) >= 0)
			res = copy_rest((int)src, (int)dst);	/* what it has grown by */
		if (!res && preserve)
			kept = keep((int)dst, "", stx, old, dst_path);
		if (close((int)dst) && !res)
			res = -errno;
		dst = -1;
		if (res)
			complain(res, "cannot copy '%s' to '%s'", src_path, dst_path);
		else if (kept)
			copied(dir, name, dst_name, 0);
	}
	if (dst >= 0)
		close((int)dst);
	if (src >= 0)
		close((int)src);
	free(src_path);
	free(dst_path);
}

/* --- links and special files ---------------------------------------------------------- */

/* Files with several names: where their copy is. */
static struct link {
	struct link	*next;
	uint64_t	dev, ino;
	char		*dst_path;
} *links[4096];

/* The first copy of this file, or NULL and @path is it. */
static const char *first_copy(const struct statx *stx, const char *path)
{
	uint64_t dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	struct link **at = &links[(stx->stx_ino ^ dev) % 4096], *l;

	for (l = *at; l; l = l->next)
		if (l->ino == stx->stx_ino && l->dev == dev)
			return l->dst_path;
	l = get_memory(sizeof(*l));
	l->dev = dev;
	l->ino = stx->stx_ino;
	l->dst_path = strdup(path);
	if (!l->dst_path)
		err(1, "memory");
	l->next = *at;
	*at = l;
	return NULL;
}

static void copy_other(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx)
{
	char target[PATH_MAX] = "", *path;
	struct xsc_sqe *sqe;
	long got = 0, made = 0;

	flush();
	if (S_ISLNK(stx->stx_mode)) {
		/* one byte is left for the end of the string */
		sqe = ops_add(&got);
		xsc_sqe_prep(sqe, __NR_readlinkat, dir->src, (long)name, (long)target, sizeof(target) - 1, 0, 0);
		xsc_sqe_link(sqe);
		xsc_sqe_prep(ops_add(&made), __NR_symlinkat, (long)target, dir->dst, (long)dst_name, 0, 0, 0);
	} else {
		xsc_sqe_prep(ops_add(&made), __NR_mknodat, dir->dst, (long)dst_name,
			     (long)((stx->stx_mode & S_IFMT) | first_mode(stx)),
			     (long)makedev(stx->stx_rdev_major, stx->stx_rdev_minor), 0, 0);
	}
	ops_run();
	if (got < 0)
		made = got;
	path = join(got < 0 ? dir->src_path : dir->dst_path, got < 0 ? name : dst_name);
	if (made)
		complain(made, "cannot %s '%s'", got < 0 ? "read" : "create", path);
	else if (!preserve || keep((int)dir->dst, dst_name, stx, 0, path))
		copied(dir, name, dst_name, 0);
	free(path);
}

/* What remains of @path below the directory @dir, or NULL if it is not below. */
static const char *below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (strncmp(dir, path, len) || (len && dir[len - 1] != '/' && path[len] != '/'))
		return NULL;
	return path + len + strspn(path + len, "/");
}

/*
 * Open the directory that *@path is in, part by part from @at on: a path may be too long for
 * one call, and a symlink is not followed.  *@path becomes the name in there.
 */
static int open_below(int at, const char **path)
{
	int fd = at, next, res = 0;
	const char *end;
	char *name;

	for (; !res && (end = strchr(*path, '/')); *path = end + 1) {
		name = strndup(*path, (size_t)(end - *path));
		if (!name)
			err(1, "memory");
		next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			res = -errno;
		free(name);
		if (fd != at)
			close(fd);
		fd = next;
	}
	return res ? res : fd;
}

static void copy_link(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx,
		      const char *first)
{
	const char *rest = below(dir->dst_path, first);
	const struct pair *from = dir;
	char *path;
	long made;
	int fd;

	/* the nearest directory above both is open */
	while (!rest) {
		from = from->parent;
		rest = below(from->dst_path, first);
	}
	if (!strchr(rest, '/')) {
		/* behind the file itself, which may still be in the list */
		xsc_sqe_prep(ops_add(&made), __NR_linkat, from->dst, (long)rest, dir->dst, (long)dst_name, 0, 0);
		flush();
	} else {
		flush();
		fd = open_below((int)from->dst, &rest);
		made = fd < 0 ? fd : 0;
		if (fd >= 0 && linkat(fd, rest, (int)dir->dst, dst_name, 0))
			made = -errno;
		if (fd >= 0)
			close(fd);
	}
	if (!made) {
		copied(dir, name, dst_name, S_ISREG(stx->stx_mode) ? stx->stx_size : 0);
		return;
	}
	path = join(dir->dst_path, dst_name);
	complain(made, "cannot link '%s' to '%s'", path, first);
	free(path);
}

/* --- directories ---------------------------------------------------------------------- */

static void copy_tree(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx);

/*
 * Does the copy's place allow it?  @there is what stands there, or has no mode if nothing
 * does.  Returns whether to go on; *existed whether a file is to be written over.
 */
static bool place_free(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx,
		       const struct statx *there, bool *existed)
{
	char *src = join(dir->src_path, name), *dst = join(dir->dst_path, dst_name);
	bool good = false;

	*existed = there->stx_mode != 0;
	if (!*existed) {
		good = true;
	} else if (no_clobber) {
		progress_add(1, stx->stx_size);
	} else if (same_file(there, stx)) {
		complain(0, "'%s' and '%s' are the same file", src, dst);
	} else if (S_ISDIR(there->stx_mode)) {
		complain(0, "cannot overwrite directory '%s' with '%s', which is none", dst, src);
	} else if (remove_first || !has_data(stx)) {
		flush();
		*existed = false;
		if (!remove_first)
			complain(0, "'%s' is there already; --remove-destination replaces it", dst);
		else if (unlinkat((int)dir->dst, dst_name, 0))
			complain(-errno, "cannot remove '%s'", dst);
		else
			good = true;
	} else if (!S_ISREG(there->stx_mode)) {
		complain(0, "'%s' is no regular file; --remove-destination replaces it", dst);
	} else {
		good = true;
	}
	free(src);
	free(dst);
	return good;
}

/* Anything but a directory. */
static void copy_file(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx,
		      const struct statx *there)
{
	const char *first;
	bool existed;
	mode_t old;
	char *path;

	if (counting) {
		progress_expect(1, S_ISREG(stx->stx_mode) ? stx->stx_size : 0);
		return;
	}
	if (!place_free(dir, name, dst_name, stx, there, &existed))
		return;
	old = existed ? there->stx_mode : 0;
	if (keep_links && stx->stx_nlink > 1) {
		path = join(dir->dst_path, dst_name);
		first = first_copy(stx, path);
		/* met twice, in two trees that are laid over each other */
		if (first && !strcmp(first, path))
			first = NULL;
		free(path);
		if (first) {
			if (existed)
				unlinkat((int)dir->dst, dst_name, 0);
			copy_link(dir, name, dst_name, stx, first);
			return;
		}
	}
	if (!has_data(stx))
		copy_other(dir, name, dst_name, stx);
	else if (!S_ISREG(stx->stx_mode) || keeps_ids(stx))
		copy_alone(dir, name, dst_name, stx, old);
	else if (stx->stx_size < SMALL && stx->stx_blocks * 512 >= stx->stx_size)
		copy_small(dir, name, dst_name, stx, old);
	else if (stx->stx_size < SMALL && stx->stx_size < 4096)
		copy_small(dir, name, dst_name, stx, old);	/* inline data, /proc */
	else
		copy_alone(dir, name, dst_name, stx, old);
}

/* A directory's name that was found, to be walked when its parent has been read. */
struct sub {
	struct sub	*next;
	struct statx	stx;
	char		name[];
};

struct question {
	const char	*name;
	long		res, there_res;
	struct statx	stx, there;
};

struct linux_dirent64 {
	uint64_t	d_ino;
	int64_t		d_off;
	uint16_t	d_reclen;
	uint8_t		d_type;
	char		d_name[];
};

/* Ask for the files that a read of the directory has named, and copy them. */
static void copy_names(struct pair *p, const char *names, long len, struct question *qs, struct sub ***tail)
{
	const struct linux_dirent64 *d;
	struct question *q;
	struct sub *sub;
	unsigned int nr;
	char *path;
	long at = 0;

	while (at < len) {
		for (nr = 0; nr < STATS && at < len; at += d->d_reclen) {
			d = (const struct linux_dirent64 *)(names + at);
			if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
				continue;
			q = &qs[nr++];
			q->name = d->d_name;
			xsc_prep_statx(ops_add(&q->res), (int)p->src, q->name, AT_SYMLINK_NOFOLLOW, STATX_WANTED, &q->stx);
			q->there_res = -ENOENT;
			if (p->existed)
				xsc_prep_statx(ops_add(&q->there_res), (int)p->dst, q->name, AT_SYMLINK_NOFOLLOW,
					       STATX_WANTED, &q->there);
		}
		flush();
		for (q = qs; q < qs + nr; q++) {
			if (q->res) {
				path = join(p->src_path, q->name);
				complain(q->res, "cannot access '%s'", path);
				free(path);
				continue;
			}
			if (q->there_res)
				memset(&q->there, 0, sizeof(q->there));
			if (!S_ISDIR(q->stx.stx_mode)) {
				copy_file(p, q->name, q->name, &q->stx, &q->there);
				continue;
			}
			sub = get_memory(sizeof(*sub) + strlen(q->name) + 1);
			strcpy(sub->name, q->name);
			sub->stx = q->stx;
			**tail = sub;
			*tail = &sub->next;
		}
	}
}

static void free_dir(struct pair *p)
{
	free(p->src_path);
	free(p->dst_path);
	free(p);
}

static void dir_done(void *arg)
{
	struct pair *p = arg;

	if (p->narrowed < 0)
		complain(p->narrowed, "cannot set the mode of '%s'", p->dst_path);
	else if (owner_wrong(p->owner))
		complain(p->owner, "cannot give away '%s'", p->dst_path);
	else if (p->mode < 0)
		complain(p->mode, "cannot set the mode of '%s'", p->dst_path);
	if (p->timed < 0)
		complain(p->timed, "cannot set the times of '%s'", p->dst_path);
	/* only now: what the list could not do was done again with these */
	xsc_prep_close(ops_add(NULL), (int)p->src);
	if (!counting)
		xsc_prep_close(ops_add(NULL), (int)p->dst);
	free_dir(p);
	ending--;
}

/* Owner, mode and times, queued as for a small file. */
static void keep_dir(struct pair *p)
{
	struct timespec *times = (struct timespec *)arena_get(2 * sizeof(*times));
	mode_t old = p->existed ? p->dst_mode : 0;
	struct xsc_sqe *sqe;

	ops_room(4);
	set_times(times, &p->stx);
	if (too_wide(old, &p->stx)) {
		sqe = ops_add(&p->narrowed);
		xsc_sqe_prep(sqe, __NR_fchmod, p->dst, narrow_mode(old, &p->stx), 0, 0, 0, 0);
		xsc_sqe_link(sqe);
	}
	sqe = ops_add(&p->owner);
	xsc_sqe_prep(sqe, __NR_fchown, p->dst, p->stx.stx_uid, p->stx.stx_gid, 0, 0, 0);
	if (root_user)
		xsc_sqe_link(sqe);
	xsc_sqe_prep(ops_add(&p->mode), __NR_fchmod, p->dst, p->stx.stx_mode & 01777, 0, 0, 0, 0);
	xsc_sqe_prep(ops_add(&p->timed), __NR_utimensat, p->dst, 0, (long)times, 0, 0, 0);
}

/* What a directory gets when its files are there: queued behind them. */
static void finish_dir(struct pair *p)
{
	static const mode_t mine = 0700;
	/* a set-group-ID bit that it has comes from the directory that it is in */
	mode_t mode = (p->stx.stx_mode & 01777 & ~umask_bits) | (p->dst_mode & SET_IDS);

	/* what closes them has to fit into the next list */
	if (ending == OPS_MAX / 4)
		flush();
	if (!counting && preserve && (p->unread || keeps_ids(&p->stx))) {
		flush();
		keep((int)p->dst, "", &p->stx, p->existed ? p->dst_mode : 0, p->dst_path);
	} else if (!counting && preserve) {
		keep_dir(p);
	} else if (!counting && !p->existed && (mode & mine) != mine) {
		xsc_sqe_prep(ops_add(&p->mode), __NR_fchmod, p->dst, mode, 0, 0, 0, 0);
	}
	ending++;
	ops_then(dir_done, p);
}

/* Open a directory, make its copy and read its first names.  Returns whether that went well. */
static bool begin_dir(struct pair *p, const struct pair *dir, const char *name, const char *dst_name,
		      char *names, long *len)
{
	long made = 0, dst = 0, access = 0;
	struct statx there;
	struct xsc_sqe *sqe;

	ops_room(5);
	if (!counting) {
		/* that it exists is no failure, so it is not linked */
		xsc_prep_mkdirat(ops_add(&made), (int)dir->dst, dst_name,
				 preserve ? 0700 : (p->stx.stx_mode & 01777) | 0700);
		sqe = ops_add(&dst);
		xsc_prep_openat(sqe, (int)dir->dst, dst_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		sqe = ops_add(&access);
		xsc_prep_statx(sqe, 0, "", AT_EMPTY_PATH, STATX_WANTED, &there);
		xsc_sqe_forward(sqe, 0, 1);
	}
	/* read when the copy is there: it may be in it, and is not to be copied into itself */
	sqe = ops_add(&p->src);
	xsc_prep_openat(sqe, (int)dir->src, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	xsc_sqe_link(sqe);
	sqe = ops_add(len);
	xsc_sqe_prep(sqe, __NR_getdents64, 0, (long)names, NAMES_SIZE, 0, 0, 0);
	xsc_sqe_forward(sqe, 0, 1);
	flush();
	if (dst == -EACCES && made == -EEXIST) {
		/* it may be searched, perhaps, and files made in it */
		dst = openat((int)dir->dst, dst_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dst < 0)
			dst = -errno;
		else
			access = statx((int)dst, "", AT_EMPTY_PATH, STATX_WANTED, &there) ? -errno : 0;
		p->unread = true;
	}
	p->dst = dst;
	p->existed = made == -EEXIST;
	p->dst_mode = !counting && !access ? there.stx_mode : 0;
	if (p->src < 0)
		complain(p->src, "cannot open directory '%s'", p->src_path);
	else if (*len < 0)
		complain(*len, "cannot read directory '%s'", p->src_path);
	else if (made && made != -EEXIST)
		complain(made, "cannot create directory '%s'", p->dst_path);
	else if (dst == -ENOTDIR || dst == -ELOOP)
		complain(0, "cannot overwrite '%s' with directory '%s'", p->dst_path, p->src_path);
	else if (dst < 0 || access)
		complain(dst < 0 ? dst : access, "cannot open directory '%s'", p->dst_path);
	else if (!counting && same_file(&there, &p->stx))
		complain(0, "'%s' and '%s' are the same directory", p->src_path, p->dst_path);
	else {
		if (!counting && !have_top) {
			have_top = true;
			top_ino = there.stx_ino;
			top_dev = makedev(there.stx_dev_major, there.stx_dev_minor);
		}
		return true;
	}
	if (p->src >= 0)
		close((int)p->src);
	if (!counting && dst >= 0)
		close((int)dst);
	return false;
}

static void copy_tree(struct pair *dir, const char *name, const char *dst_name, const struct statx *stx)
{
	struct sub *subs = NULL, **tail = &subs, *sub;
	struct pair *p = get_memory(sizeof(*p));
	struct question *qs;
	char *names;
	long len;

	p->parent = dir;
	p->src_path = join(dir->src_path, name);
	p->dst_path = join(dir->dst_path, dst_name);
	p->stx = *stx;
	if (have_top && stx->stx_ino == top_ino && makedev(stx->stx_dev_major, stx->stx_dev_minor) == top_dev) {
		complain(0, "cannot copy directory '%s' into itself", p->src_path);
		free_dir(p);
		return;
	}
	names = get_memory(NAMES_SIZE);
	qs = get_memory(STATS * sizeof(*qs));
	if (!begin_dir(p, dir, name, dst_name, names, &len)) {
		free_dir(p);
		free(names);
		free(qs);
		return;
	}
	if (verbose && !counting && !p->existed) {
		progress_hide();
		printf("'%s' -> '%s'\n", p->src_path, p->dst_path);
	}
	while (len > 0) {
		copy_names(p, names, len, qs, &tail);
		xsc_sqe_prep(ops_add(&len), __NR_getdents64, p->src, (long)names, NAMES_SIZE, 0, 0, 0);
		flush();
	}
	free(names);
	free(qs);
	if (len < 0)
		complain(len, "cannot read directory '%s'", p->src_path);
	while (subs) {
		sub = subs;
		copy_tree(p, sub->name, sub->name, &sub->stx);
		subs = sub->next;
		free(sub);
	}
	finish_dir(p);
}

/* --- the command line ----------------------------------------------------------------- */

/* What has been copied into the directory that was given, under which name. */
static struct arg {
	struct arg	*next;
	struct statx	stx;
	const char	*dst_name;
} *args;

/*
 * May this one be copied there?  A file is not to be written over one that was copied
 * just now.  Two directories of one name are laid over each other.
 */
static bool arg_free(const struct pair *root, const char *arg, const char *dst_name, const struct statx *stx)
{
	struct arg *a;
	char *path;

	for (a = args; a; a = a->next) {
		if (strcmp(a->dst_name, dst_name))
			continue;
		if (same_file(&a->stx, stx)) {
			progress_hide();
			warnx("'%s' is given more than once", arg);
			return false;
		}
		if (S_ISDIR(stx->stx_mode) || S_ISDIR(a->stx.stx_mode) || no_clobber)
			continue;
		path = join(root->dst_path, dst_name);
		complain(0, "will not overwrite '%s', just made, with '%s'", path, arg);
		free(path);
		return false;
	}
	return true;
}

static void remember_arg(const char *dst_name, const struct statx *stx)
{
	struct arg *a = get_memory(sizeof(*a));

	a->stx = *stx;
	a->dst_name = strdup(dst_name);
	if (!a->dst_name)
		err(1, "memory");
	a->next = args;
	args = a;
}

static void copy_arg(struct pair *root, const char *arg, const char *dst_name)
{
	unsigned long before = complaints;
	struct statx stx, there;
	char *name = NULL;

	if (statx(AT_FDCWD, arg, recursive ? AT_SYMLINK_NOFOLLOW : 0, STATX_WANTED, &stx)) {
		complain(-errno, "cannot access '%s'", arg);
		return;
	}
	if (S_ISDIR(stx.stx_mode) && !recursive) {
		complain(0, "'%s' is a directory; -r copies it", arg);
		return;
	}
	if (!dst_name) {
		/* into a directory: under the last part of its name */
		name = strdup(arg);
		if (!name)
			err(1, "memory");
		dst_name = basename(name);
		/* these name nothing below it: what is in them goes into the directory itself */
		if (!strcmp(dst_name, "..") || !strcmp(dst_name, "/"))
			dst_name = ".";
		if (!counting && !arg_free(root, arg, dst_name, &stx)) {
			free(name);
			return;
		}
	}
	have_top = false;
	if (S_ISDIR(stx.stx_mode)) {
		copy_tree(root, arg, dst_name, &stx);
	} else {
		if (counting || statx((int)root->dst, dst_name, AT_SYMLINK_NOFOLLOW, STATX_WANTED, &there))
			memset(&there, 0, sizeof(there));
		copy_file(root, arg, dst_name, &stx, &there);
	}
	/* the names end here, and the list still has them */
	flush();
	if (name && !counting && complaints == before)
		remember_arg(dst_name, &stx);
	free(name);
}

static const char usage[] =
"Usage: xsc-cp [OPTION]... SOURCE DEST\n"
"       xsc-cp [OPTION]... SOURCE... DIRECTORY\n"
"Copy SOURCE to DEST, or several to DIRECTORY.\n\n"
"  -r, -R, --recursive       directories with all below them; symlinks, FIFOs and\n"
"                            devices as such (without it: what they give)\n"
"  -p, --preserve            keep owner (if allowed), mode and times\n"
"  -a, --archive             -r -p, and files with several names stay one file\n"
"  -n, --no-clobber          leave alone what is there\n"
"      --remove-destination  remove what is there before, not write over it\n"
"      --progress            a bar on standard error, also if that is no terminal\n"
"      --no-progress         none (default: if standard error is a terminal)\n"
"  -v, --verbose             say what is copied\n"
"      --plain               by plain system calls, one after the other\n"
"      --stats               at the end say on standard error how it was done\n"
"  -h, --help\n"
"  -V, --version\n\n"
"An XSC process makes its calls in batches, any other by a ring (/dev/xsc).\n"
"Exit status: 0 if all was copied, 1 if not, 2 for wrong options.\n";

enum { OPT_REMOVE = 0x100, OPT_PROGRESS, OPT_NO_PROGRESS, OPT_PLAIN, OPT_STATS };

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "recursive",		no_argument,	NULL, 'r' },
		{ "preserve",		no_argument,	NULL, 'p' },
		{ "archive",		no_argument,	NULL, 'a' },
		{ "no-clobber",		no_argument,	NULL, 'n' },
		{ "remove-destination",	no_argument,	NULL, OPT_REMOVE },
		{ "progress",		no_argument,	NULL, OPT_PROGRESS },
		{ "no-progress",	no_argument,	NULL, OPT_NO_PROGRESS },
		{ "verbose",		no_argument,	NULL, 'v' },
		{ "plain",		no_argument,	NULL, OPT_PLAIN },
		{ "stats",		no_argument,	NULL, OPT_STATS },
		{ "help",		no_argument,	NULL, 'h' },
		{ "version",		no_argument,	NULL, 'V' },
		{ }
	};
	struct pair root = { .src = AT_FDCWD, .dst = AT_FDCWD, .src_path = "", .dst_path = "", .existed = true };
	bool progress = isatty(STDERR_FILENO), plain = false, stats = false;
	const char *dest;
	struct rlimit files;
	int opt, i;

	while ((opt = getopt_long(argc, argv, "rRpanvhV", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			keep_links = true;
			preserve = true;
			recursive = true;
			break;
		case 'r':
		case 'R':
			recursive = true;
			break;
		case 'p':
			preserve = true;
			break;
		case 'n':
			no_clobber = true;
			break;
		case OPT_REMOVE:
			remove_first = true;
			break;
		case OPT_PROGRESS:
			progress = true;
			break;
		case OPT_NO_PROGRESS:
			progress = false;
			break;
		case 'v':
			verbose = true;
			break;
		case OPT_PLAIN:
			plain = true;
			break;
		case OPT_STATS:
			stats = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("xsc-cp (XSC) " XSC_VERSION);
			return 0;
		default:
			fputs("Try 'xsc-cp --help' for more.\n", stderr);
			return 2;
		}
	}
	if (argc - optind < 2)
		errx(2, "%s; --help shows how", argc == optind ? "nothing to copy" : "no place to copy to");
	if (no_clobber && remove_first)
		errx(2, "--no-clobber and --remove-destination exclude each other");

	ops_start(plain ? OPS_PLAIN : OPS_AUTO);
	arena = get_memory(ARENA);
	root_user = !geteuid();
	umask_bits = umask(0);
	umask(umask_bits);
	/* two for each level of a tree */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	dest = argv[--argc];
	/* it has to be searched, not to be read */
	root.dst = open(dest, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root.dst >= 0) {
		root.dst_path = (char *)dest;
		dest = NULL;
	} else {
		root.dst = AT_FDCWD;
		if (argc - optind > 1)
			err(1, "'%s' has to be a directory", dest);
	}
	if (progress) {
		counting = true;
		for (i = optind; i < argc; i++)
			copy_arg(&root, argv[i], dest);
		counting = false;
		progress_begin();
	}
	for (i = optind; i < argc; i++)
		copy_arg(&root, argv[i], dest);
	progress_end();
	ops_end(stats);
	return complaints ? 1 : 0;
}
