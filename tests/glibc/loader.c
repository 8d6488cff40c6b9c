/* SPDX-License-Identifier: MIT */
/*
 * What the loader does in batches: errors of dlopen with their text, no
 * descriptor left behind, one object for one file, and RELRO of more
 * libraries than one batch holds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

#define COPIES 21

static char dir[] = "/tmp/xsc-loader-XXXXXX";

static char *in_dir(const char *name)
{
	static char path[4][PATH_MAX];
	static int n;
	char *p = path[n++ % 4];

	snprintf(p, PATH_MAX, "%s/%s", dir, name);
	return p;
}

static void put(const char *name, const void *data, size_t size)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0755);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size && !close(fd));
}

static void refused(const char *name, const char *why)
{
	const char *said;

	CHECK(!dlopen(in_dir(name), RTLD_NOW));
	said = dlerror();
	if (!strstr(said, why)) {
		fprintf(stderr, "%s: '%s', not '%s'\n", name, said, why);
		exit(1);
	}
}

static int lowest_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

/* where the loader found libm */
static char *libm_path(void *h)
{
	struct link_map *map;

	CHECK(!dlinfo(h, RTLD_DI_LINKMAP, &map));
	return map->l_name;
}

/* does a write to an address fail?  The kernel tries, so that nobody dies. */
static bool read_only(void *addr)
{
	int fd = open("/dev/zero", O_RDONLY);
	char was = *(char *)addr;
	bool ro = read(fd, addr, 1) < 0 && errno == EFAULT;

	if (!ro)
		*(char *)addr = was;
	close(fd);
	return ro;
}

static int copies, writable;

static int look(struct dl_phdr_info *i, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)getpagesize();

	copies += strstr(i->dlpi_name, "/copy-") != NULL;
	for (int n = 0; n < i->dlpi_phnum; n++) {
		const ElfW(Phdr) *p = &i->dlpi_phdr[n];
		uintptr_t start = (i->dlpi_addr + p->p_vaddr) & -page;
		uintptr_t end = (i->dlpi_addr + p->p_vaddr + p->p_memsz) & -page;

		if (p->p_type == PT_GNU_RELRO && start < end && !read_only((void *)start)) {
			fprintf(stderr, "RELRO of '%s' is writable\n", i->dlpi_name);
			writable++;
		}
	}
	return 0;
}

/* this program again, with more libraries than a batch has places */
static void many(char **argv, const char *libm)
{
	char preload[COPIES * 64] = "", name[32], *env[] = { preload, NULL };
	static char data[4 << 20];
	int fd = open(libm, O_RDONLY), status;
	ssize_t size = read(fd, data, sizeof(data));

	CHECK(size > 0 && size < (ssize_t)sizeof(data));
	close(fd);
	strcpy(preload, "LD_PRELOAD=");
	for (int i = 0; i < COPIES; i++) {
		snprintf(name, sizeof(name), "copy-%d.so", i);
		put(name, data, size);
		strcat(strcat(preload, in_dir(name)), ":");
	}
	pid_t pid = fork();
	if (!pid) {
		/* under a loader that was named, argv[0] is this program all the same */
		if (getenv("XSC_TEST_LOADER"))
			execle(getenv("XSC_TEST_LOADER"), "ld.so", argv[0], "again", NULL, env);
		execle("/proc/self/exe", argv[0], "again", NULL, env);
		_exit(99);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
	for (int i = 0; i < COPIES; i++) {
		snprintf(name, sizeof(name), "copy-%d.so", i);
		unlink(in_dir(name));
	}
}

int main(int argc, char **argv)
{
	static const char elf[64] = "\177ELF\2\1\1";
	char exe[PATH_MAX] = "";
	void *h, *again;
	int fd;

	if (argc > 1) {
		dl_iterate_phdr(look, NULL);
		if (copies != COPIES)
			fprintf(stderr, "%d copies are loaded\n", copies);
		return copies == COPIES && !writable ? 0 : 1;
	}

	CHECK(mkdtemp(dir));
	fd = lowest_fd();
	put("empty", "", 0);
	put("short", elf, 40);
	put("text", "#!/bin/sh\nexit 0\n# and some more, so that it is long enough to be one\n", 70);
	put("zeros", elf, sizeof(elf));
	CHECK(!mkdir(in_dir("folder"), 0755));
	refused("missing", "cannot open shared object file: No such file or directory");
	refused("empty", "file too short");
	refused("short", "file too short");
	refused("text", "invalid ELF header");
	refused("folder", "cannot read file data: Is a directory");
	refused("zeros", "ELF file version does not match current one");
	refused("text/under", "cannot open shared object file: Not a directory");

	h = dlopen("libm.so.6", RTLD_NOW);
	CHECK(h && dlsym(h, "cos"));
	CHECK(!symlink(libm_path(h), in_dir("link.so")));
	again = dlopen(in_dir("link.so"), RTLD_NOW);
	CHECK(again == h);
	CHECK(lowest_fd() == fd);

	/* the kernel names the loader when it was what was executed */
	CHECK(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	if (strstr(exe, "ld-linux"))
		setenv("XSC_TEST_LOADER", exe, 1);
	many(argv, libm_path(h));

	unlink(in_dir("empty")), unlink(in_dir("short")), unlink(in_dir("text"));
	unlink(in_dir("zeros")), unlink(in_dir("link.so")), rmdir(in_dir("folder"));
	CHECK(!rmdir(dir));
	return 0;
}
