// SPDX-License-Identifier: MIT
/* ring-setup.c - parameters, regions and their permissions */
#include "rings.h"

#define PAGE	4096UL

static void refused(struct xsc_ring_params p, long want, const char *what)
{
	struct xsc_ring_params was = p;

	tap_is(ring_setup(&p), want, "%s", what);
	tap_ok(!memcmp(&p, &was, sizeof(p)), "%s: the parameters are as they were", what);
}

static long map(int fd, unsigned long size, int prot, int flags, unsigned long off)
{
	return sys(SYS_mmap, 0, size, prot, flags, fd, off);
}

int main(int argc, char **argv)
{
	static const struct {
		unsigned int sq, cq, want_sq, want_cq;
	} sizes[] = {
		{ 1, 0, 1, 2 }, { 2, 0, 2, 4 }, { 3, 0, 4, 8 }, { 64, 0, 64, 128 }, { 100, 100, 128, 128 },
		{ 1, 8192, 1, 8192 }, { 4095, 0, 4096, 8192 }, { 4096, 0, 4096, 8192 }, { 4096, 4096, 4096, 4096 },
		{ 5, 6, 8, 8 },
	};
	struct xsc_ring_params p;
	struct xsc_ring r;
	long fd, sr, cr;

	RINGS_OR_SKIP();
	refused((struct xsc_ring_params) { 0 }, -EINVAL, "no SQEs");
	refused((struct xsc_ring_params) { .sq_entries = 4097 }, -EINVAL, "4097 SQEs");
	refused((struct xsc_ring_params) { .sq_entries = 0xffffffff }, -EINVAL, "2^32 - 1 SQEs");
	refused((struct xsc_ring_params) { .sq_entries = 0x80000000 }, -EINVAL, "2^31 SQEs");
	refused((struct xsc_ring_params) { .sq_entries = 8, .cq_entries = 7 }, -EINVAL, "fewer CQEs than SQEs");
	refused((struct xsc_ring_params) { .sq_entries = 8, .cq_entries = 8193 }, -EINVAL, "8193 CQEs");
	refused((struct xsc_ring_params) { .sq_entries = 8, .flags = ~XSC_RING_F_ALL }, -EINVAL, "flags");
	refused((struct xsc_ring_params) { .sq_entries = 8, .poll_idle = 1 }, -EINVAL, "poll_idle without a poller");
	for (int i = 0; i < 3; i++) {
		struct xsc_ring_params bad = { .sq_entries = 8 };

		bad.resv[i] = 1UL << 63;
		refused(bad, -EINVAL, "resv");
	}
	tap_is(ring_setup(NULL), -EFAULT, "NULL");
	tap_is(ring_setup((void *)0xffffffff81000000UL), -EFAULT, "an address of the kernel");
	/* the parameters cannot be written back: no ring, and no descriptor */
	{
		struct xsc_ring_params *ro = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
						  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int next = dup(0);

		close(next);
		ro->sq_entries = 8;
		mprotect(ro, PAGE, PROT_READ);
		tap_is(ring_setup(ro), -EFAULT, "read-only parameters");
		tap_is(dup(0), next, "no descriptor is left");
		close(next);
	}

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(&p, 0, sizeof(p));
		p.sq_entries = sizes[i].sq;
		p.cq_entries = sizes[i].cq;
		fd = ring_setup(&p);
		tap_ok(fd >= 0, "%u SQEs, %u CQEs", sizes[i].sq, sizes[i].cq);
		tap_is(p.sq_entries, sizes[i].want_sq, "SQEs made");
		tap_is(p.cq_entries, sizes[i].want_cq, "CQEs made");
		tap_ok(p.sr_size >= p.sqes_off + 64UL * p.sq_entries && !(p.sr_size % PAGE), "SR region");
		tap_ok(p.cr_size >= p.cqes_off + 16UL * p.cq_entries && !(p.cr_size % PAGE), "CR region");
		close(fd);
	}

	memset(&p, 0, sizeof(p));
	p.sq_entries = 128;
	fd = ring_setup(&p);
	tap_ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");

	tap_is(map(fd, p.sr_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, XSC_OFF_SR), -EINVAL, "SR private");
	tap_is(map(fd, p.cr_size, PROT_READ, MAP_PRIVATE, XSC_OFF_CR), -EINVAL, "CR private");
	tap_is(map(fd, p.sr_size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, XSC_OFF_SR), -EINVAL, "SR executable");
	tap_is(map(fd, p.cr_size, PROT_READ | PROT_EXEC, MAP_SHARED, XSC_OFF_CR), -EINVAL, "CR executable");
	tap_is(map(fd, p.cr_size, PROT_READ | PROT_WRITE, MAP_SHARED, XSC_OFF_CR), -EPERM, "CR writable");
	tap_is(map(fd, p.cr_size, PROT_WRITE, MAP_SHARED, XSC_OFF_CR), -EPERM, "CR write-only");
	tap_is(map(fd, p.sr_size - PAGE, PROT_READ, MAP_SHARED, XSC_OFF_SR), -EINVAL, "SR too short");
	tap_is(map(fd, p.sr_size + PAGE, PROT_READ, MAP_SHARED, XSC_OFF_SR), -EINVAL, "SR too long");
	tap_is(map(fd, p.cr_size + PAGE, PROT_READ, MAP_SHARED, XSC_OFF_CR), -EINVAL, "CR too long");
	tap_is(map(fd, PAGE, PROT_READ, MAP_SHARED, XSC_OFF_SR + PAGE), -EINVAL, "SR from its second page");
	tap_is(map(fd, PAGE, PROT_READ, MAP_SHARED, XSC_OFF_CR + PAGE), -EINVAL, "CR from its second page");
	tap_is(map(fd, PAGE, PROT_READ, MAP_SHARED, 0x20000000), -EINVAL, "a third region");
	tap_is(map(fd, p.sr_size, PROT_READ, MAP_SHARED, 0x100000000UL), -EINVAL, "an offset of 4 GiB");

	sr = map(fd, p.sr_size, PROT_READ | PROT_WRITE, MAP_SHARED, XSC_OFF_SR);
	tap_ok(sr > 0, "SR");
	cr = map(fd, p.cr_size, PROT_READ, MAP_SHARED, XSC_OFF_CR);
	tap_ok(cr > 0, "CR");
	tap_is(sys(SYS_mprotect, cr, p.cr_size, PROT_READ | PROT_WRITE), -EACCES, "CR cannot be made writable");
	tap_is(sys(SYS_mprotect, cr, PAGE, PROT_WRITE), -EACCES, "nor can one page of it");
	tap_is(sys(SYS_mprotect, cr, p.cr_size, PROT_READ | PROT_EXEC), -EACCES, "nor executable");
	tap_is(sys(SYS_mprotect, sr, p.sr_size, PROT_READ | PROT_EXEC), -EACCES, "SR cannot be made executable");
	tap_ok(sys(SYS_mremap, sr, p.sr_size, p.sr_size + PAGE, MREMAP_MAYMOVE, 0) < 0, "SR cannot grow");
	tap_ok(sys(SYS_mremap, cr, p.cr_size, p.cr_size + PAGE, MREMAP_MAYMOVE, 0) < 0, "CR cannot grow");

	/* not by other files either */
	{
		int mem = open("/proc/self/mem", O_RDWR);
		char one = 1, tmp;

		tap_ok(pwrite(mem, &one, 1, cr) != 1, "CR cannot be written by /proc/self/mem");
		tap_is(*(char *)cr, 0, "it is what it was");
		close(mem);
		(void)tmp;
	}
	{
		/* the kernel writes to it for nobody: read(2) into it */
		int fds[2];

		pipe(fds);
		write(fds[1], "x", 1);
		tap_is(sys(SYS_read, fds[0], cr, 1), -EFAULT, "read(2) into CR");
		close(fds[0]);
		close(fds[1]);
	}
	tap_is(((struct xsc_cr_hdr *)cr)->sq_entries, 128, "sq_entries in CR");
	tap_is(((struct xsc_cr_hdr *)cr)->cq_entries, 256, "cq_entries in CR");
	if (!mini_xsc) {
		tap_is(sys(SYS_ioctl, fd, XSC_IOC_SETUP, &p), -EBUSY, "a second setup of one file");
		tap_is(sys(SYS_ioctl, fd, XSC_IOC_ENTER, 0), -EFAULT, "enter without argument");
		tap_is(sys(SYS_ioctl, fd, 0x5800, 0), -ENOTTY, "an unknown ioctl");
	}
	tap_is(ring_enter(fd, 1, 1), -EINVAL, "enter with flags");
	tap_is(ring_enter(fd, 1, 0), 0, "enter without SQEs");
	tap_ok(sys(SYS_read, fd, sr, 1) < 0, "a ring cannot be read");
	tap_ok(sys(SYS_lseek, fd, 0, 0) < 0, "nor sought");
	munmap((void *)sr, p.sr_size);
	munmap((void *)cr, p.cr_size);
	close(fd);
	tap_is(ring_enter(fd, 1, 0), -EBADF, "enter of a closed descriptor");
	if (mini_xsc)
		tap_is(ring_enter(0, 1, 0), -EOPNOTSUPP, "enter of a file that is no ring");

	if (!mini_xsc) {
		int dev = open("/dev/xsc", O_RDWR);

		tap_is(ring_enter(dev, 1, 0), -EINVAL, "enter before setup");
		tap_is(map(dev, PAGE, PROT_READ, MAP_SHARED, 0), -EINVAL, "mmap before setup");
		close(dev);
	}
	/* header and tail, as ring.h uses them */
	ring_make(&r, 8);
	tap_is(xsc_ring_sq_space_left(&r), 8, "a new ring has room");
	xsc_ring_queue_exit(&r);
	return tap_done();
}
