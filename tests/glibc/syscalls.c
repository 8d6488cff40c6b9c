/* SPDX-License-Identifier: MIT */
/* syscall(): native numbers, six arguments, errors, XSC's own ops. */
#define _GNU_SOURCE
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "test.h"

int main(void)
{
	struct timespec ts;
	long r;
	void *p;

	CHECK(syscall(SYS_getpid) == getpid());
	p = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 1, 4096);
	CHECK(syscall(SYS_munmap, p, 4096) == 0);
	errno = 0;
	CHECK(syscall(SYS_close, -1) == -1 && errno == EBADF);
	CHECK(syscall(-1) == -1 && errno == ENOSYS);
	errno = 0;
	CHECK(syscall(9999) == -1 && errno == ENOSYS);

	errno = 0;
	CHECK(getauxval(AT_XSC) != 0 && errno == 0);
	errno = 0;
	r = syscall(XSC_OP_NOP, 0, 0, 0, 0, 0);
	CHECK(r == 0 || (r == -1 && errno == ENOSYS));

	for (int i = 0; i < 1000; i++) {
		CHECK(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
		CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
		CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
	}
	CHECK(time(NULL) > 0);
	return 0;
}
