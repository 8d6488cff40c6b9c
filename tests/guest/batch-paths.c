// SPDX-License-Identifier: MIT
/*
 * batch-paths.c - paths of a batch's ops are each other's neighbours, no more
 *
 * The ops of a container take turns with one buffer for their paths.  None may
 * see what the one before it left there, two paths of one op are two, and a
 * task that dies in the middle leaves nothing.  TEST: xsc only
 */
#include <sys/stat.h>

#include "batch.h"

#define LONG	4095

static char longest[LONG + 2], deep[LONG + 2];
static char target[4096];

/* "./././...name", @len bytes in all */
static void dotted(char *buf, int len, const char *name)
{
	int n = strlen(name), i;

	for (i = 0; i + 2 <= len - n; i += 2)
		memcpy(buf + i, "./", 2);
	if (i < len - n)
		buf[i++] = '/';
	memcpy(buf + i, name, n + 1);
}

static long slab_kb(void)
{
	static char buf[8192];
	const char *p;
	long kb = 0;

	if (read_file("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -1;
	p = strstr(buf, "SUnreclaim:");
	for (p = p ? p + 11 : ""; *p == ' '; p++)
		;
	for (; *p >= '0' && *p <= '9'; p++)
		kb = kb * 10 + *p - '0';
	return kb;
}

static void paths(void)
{
	batch_add(SYS_access, "short", F_OK);
	batch_add(SYS_access, longest, F_OK);
	batch_add(SYS_access, "none", F_OK);
}

/* it ends with a path's buffer in its container's hand */
static void die(void *arg)
{
	struct xsc_sqe s[3];
	struct xsc_cqe c[3];

	xsc_sqe_prep(&s[0], SYS_access, (long)"short", F_OK, 0, 0, 0, 0);
	xsc_sqe_prep(&s[1], SYS_exit, 0, 0, 0, 0, 0, 0);
	xsc_batch(s, c, 2);
}

int main(int argc, char **argv)
{
	struct stat st;
	long before;
	int fd;

	BATCH_XSC_ONLY();
	mkdir("/tmp/paths", 0755);
	if (chdir("/tmp/paths"))
		tap_ok(false, "a directory to be in");
	fd = open("short", O_CREAT | O_RDWR, 0644);
	close(fd);
	dotted(longest, LONG, "short");
	dotted(deep, LONG + 1, "short");

	batch_start();
	batch_add(SYS_access, longest, F_OK);
	batch_add(SYS_access, "short", F_OK);
	batch_add(SYS_access, "shor", F_OK);
	batch_add(SYS_access, deep, F_OK);
	batch_add(SYS_access, "short", F_OK);
	batch_add(SYS_access, "", F_OK);
	batch_add(SYS_access, 8, F_OK);
	batch_add(SYS_access, "short", F_OK);
	tap_is(batch_run(), 8, "eight paths in a batch");
	tap_is(cqes[0].res, 0, "one as long as a path can be");
	tap_is(cqes[1].res, 0, "a short one behind it");
	tap_is(cqes[2].res, -ENOENT, "a shorter one: it ends where it ends");
	tap_is(cqes[3].res, -ENAMETOOLONG, "one byte too long");
	tap_is(cqes[4].res, 0, "a short one behind that");
	tap_is(cqes[5].res, -ENOENT, "an empty one");
	tap_is(cqes[6].res, -EFAULT, "a bad pointer");
	tap_is(cqes[7].res, 0, "a short one behind that");

	batch_start();
	batch_add(SYS_access, "short", F_OK);
	batch_add(SYS_rename, "short", "other");
	batch_add(SYS_link, "other", "third");
	batch_add(SYS_symlink, "third", "link");
	batch_add(SYS_readlink, "link", target, sizeof(target));
	batch_add(SYS_stat, "link", &st);
	batch_add(SYS_rename, "other", "short");
	batch_add(SYS_unlink, "third");
	batch_add(SYS_access, "link", F_OK);
	batch_add(SYS_unlink, "link");
	tap_is(batch_run(), 10, "ops with two paths");
	for (int i = 0; i < 10; i++)
		tap_is(cqes[i].res, i == 4 ? 5 : i == 8 ? -ENOENT : 0, "op %d", i);
	tap_ok(!memcmp(target, "third", 5) && st.st_nlink == 2, "what they found");

	/* a page for each would be 20,000 kB and 4,000 kB; give or take what others do */
	before = slab_kb();
	for (int i = 0; i < 5000; i++) {
		batch_start();
		paths();
		batch_run();
	}
	tap_ok(slab_kb() - before < 10000, "5000 batches leave no pages (%ld kB)", slab_kb() - before);
	before = slab_kb();
	for (int i = 0; i < 1000; i++) {
		struct thread t;

		if (thread_start(&t, die, NULL) < 0) {
			tap_ok(false, "thread %d", i);
			break;
		}
		thread_join(&t);
	}
	msleep(200);
	tap_ok(slab_kb() - before < 3000, "nor do 1000 threads that end in one (%ld kB)", slab_kb() - before);

	unlink("short");
	chdir("/");
	rmdir("/tmp/paths");
	return tap_done();
}
