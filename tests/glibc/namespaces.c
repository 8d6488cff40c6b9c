/* SPDX-License-Identifier: MIT */
/* A second libc by dlmopen, its malloc and calls, and the loader's name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>
#include "test.h"

static int libcs, loaders;

static int show(struct dl_phdr_info *i, size_t size, void *arg)
{
	const char *base = strrchr(i->dlpi_name, '/');

	base = base ? base + 1 : i->dlpi_name;
	libcs += !strcmp(base, "libc.so.6");
	loaders += !strncmp(base, "ld-", 3);
	return 0;
}

int main(void)
{
	void *h = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW | RTLD_LOCAL);

	if (!h)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(h);
	pid_t (*pid)(void) = (pid_t (*)(void))dlsym(h, "getpid");
	void *(*alloc)(size_t) = (void *(*)(size_t))dlsym(h, "malloc");
	CHECK(pid && pid != getpid && pid() == getpid());
	for (size_t s = 1; s < 1 << 26; s *= 4)
		memset(alloc(s), 1, s);
	CHECK(dlclose(h) == 0);

	h = dlopen("libm.so.6", RTLD_NOW);
	CHECK(h && dlsym(h, "cos"));
	CHECK(dlopen("ld-linux-x86-64.so.2", RTLD_NOW | RTLD_NOLOAD));
	dl_iterate_phdr(show, NULL);
	CHECK(libcs == 1 && loaders == 1);
	return 0;
}
