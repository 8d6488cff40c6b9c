// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_core.c - rings and /dev/xsc: making and mapping them
 *
 * Ringing it, what that does with SQEs, and what goes on when it has ended, is
 * built in: xsc_doorbell.c, xsc_run.c, xsc_async.h.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "xsc_async.h"

static const struct file_operations xsc_ring_fops;

static int xsc_region_alloc(struct xsc_region *r, size_t size, pgprot_t prot)
{
	unsigned int i;

	r->nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	r->pages = kvcalloc(r->nr, sizeof(*r->pages), GFP_KERNEL_ACCOUNT);
	if (!r->pages)
		return -ENOMEM;
	for (i = 0; i < r->nr; i++) {
		r->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!r->pages[i])
			return -ENOMEM;
	}
	r->addr = vmap(r->pages, r->nr, VM_MAP, prot);
	return r->addr ? 0 : -ENOMEM;
}

static int xsc_params_check(struct xsc_ring_params *p)
{
	bool looks;

	if (p->flags & ~XSC_RING_F_ALL ||
	    memchr_inv(p->resv, 0, sizeof(p->resv)))
		return -EINVAL;
	/* Each of the flags needs the one before it. */
	if ((p->flags & XSC_RING_ADAPT && !(p->flags & XSC_RING_POLL)) ||
	    (p->flags & XSC_RING_POLL && !(p->flags & XSC_RING_ASYNC)))
		return -EINVAL;
	/* A poller rings no doorbell. */
	if (p->flags & (XSC_RING_DEFER | XSC_RING_SPIN) &&
	    (p->flags & XSC_RING_POLL || !(p->flags & XSC_RING_ASYNC)))
		return -EINVAL;
	looks = p->flags & (XSC_RING_POLL | XSC_RING_SPIN);
	if (p->poll_idle > XSC_POLL_IDLE_MAX || (p->poll_idle && !looks))
		return -EINVAL;
	if (p->flags & XSC_RING_POLL && !READ_ONCE(xsc_poller_allowed))
		return -EPERM;
	if (!p->sq_entries || p->sq_entries > XSC_RING_MAX)
		return -EINVAL;
	if (p->cq_entries && (p->cq_entries < p->sq_entries ||
			      p->cq_entries > 2 * XSC_RING_MAX))
		return -EINVAL;

	p->sq_entries = roundup_pow_of_two(p->sq_entries);
	p->cq_entries = p->cq_entries ? roundup_pow_of_two(p->cq_entries) :
					2 * p->sq_entries;
	if (looks && !p->poll_idle)
		p->poll_idle = XSC_POLL_IDLE;
	p->sqes_off = sizeof(struct xsc_sr_hdr);
	p->cqes_off = sizeof(struct xsc_cr_hdr);
	p->sr_size = PAGE_ALIGN(p->sqes_off +
				p->sq_entries * sizeof(struct xsc_sqe));
	p->cr_size = PAGE_ALIGN(p->cqes_off +
				p->cq_entries * sizeof(struct xsc_cqe));
	return 0;
}

/* Make a ring for the current process, as the caller's parameters say. */
static struct xsc_ring *xsc_ring_new(struct xsc_ring_params __user *uparams)
{
	struct xsc_ring_params p;
	struct xsc_cr_hdr *cr;
	struct xsc_ring *ring;
	int err;

	if (copy_from_user(&p, uparams, sizeof(p)))
		return ERR_PTR(-EFAULT);
	err = xsc_params_check(&p);
	if (err)
		return ERR_PTR(err);

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	xsc_ring_init(ring);
	ring->direct_fd = -1;
	mmgrab(current->mm);
	ring->mm = current->mm;

	if (p.flags & XSC_RING_ASYNC) {
		ring->async = true;
		ring->defer = p.flags & XSC_RING_DEFER;
		if (p.flags & XSC_RING_SPIN)
			ring->spin_max = p.poll_idle * NSEC_PER_USEC;
		err = -ENOMEM;
		ring->chain = kmalloc_array(XSC_CHAIN_RES, sizeof(s64),
					    GFP_KERNEL_ACCOUNT);
		if (!ring->chain)
			goto free;
	}
	if (p.flags & XSC_RING_POLL) {
		ring->poll = true;
		ring->adaptive = p.flags & XSC_RING_ADAPT;
		ring->poll_idle = p.poll_idle;
	}
	err = xsc_region_alloc(&ring->sr, p.sr_size, PAGE_KERNEL_RO);
	if (!err)
		err = xsc_region_alloc(&ring->cr, p.cr_size, PAGE_KERNEL);
	if (err)
		goto free;

	ring->sqes = ring->sr.addr + p.sqes_off;
	ring->cqes = ring->cr.addr + p.cqes_off;
	ring->sq_mask = p.sq_entries - 1;
	ring->cq_mask = p.cq_entries - 1;
	cr = ring->cr.addr;
	cr->sq_entries = p.sq_entries;
	cr->cq_entries = p.cq_entries;
	cr->need_wakeup = 1;

	err = -EFAULT;
	if (copy_to_user(uparams, &p, sizeof(p)))
		goto free;
	return ring;
free:
	xsc_ring_put(ring);
	return ERR_PTR(err);
}

/* XSC_OP_RING_SETUP */
static long xsc_ring_op_setup(struct xsc_ring_params __user *params)
{
	struct xsc_ring *ring = xsc_ring_new(params);
	struct file *file;
	int fd;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		xsc_ring_put(ring);
		return fd;
	}
	file = anon_inode_getfile("[xsc]", &xsc_ring_fops, ring, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		xsc_ring_put(ring);
		return PTR_ERR(file);
	}
	ring->file = file;
	fd_install(fd, file);
	return fd;
}

/* XSC_IOC_BUFFERS */
static long xsc_ring_ioctl_buffers(struct file *file,
				   const struct xsc_ring_buffers __user *uarg)
{
	struct xsc_ring_buffers b;

	if (copy_from_user(&b, uarg, sizeof(b)))
		return -EFAULT;
	if (b.resv)
		return -EINVAL;
	return xsc_buffers_register(file, u64_to_user_ptr(b.iov), b.nr);
}

static long xsc_ring_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	struct xsc_ring *ring;

	switch (cmd) {
	case XSC_IOC_SETUP:
		if (READ_ONCE(file->private_data))
			return -EBUSY;
		ring = xsc_ring_new(uarg);
		if (IS_ERR(ring))
			return PTR_ERR(ring);
		ring->file = file;
		/* Publishes the ring; two threads may set up at once. */
		if (cmpxchg(&file->private_data, NULL, ring)) {
			xsc_ring_put(ring);
			return -EBUSY;
		}
		return 0;
	case XSC_IOC_ENTER:
		return xsc_ring_defer(file, uarg);
	case XSC_IOC_BUFFERS:
		return xsc_ring_ioctl_buffers(file, uarg);
	default:
		return -ENOTTY;
	}
}

static int xsc_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);
	struct xsc_region *region;
	unsigned long num;

	if (!ring)
		return -EINVAL;
	if (ring->mm != current->mm)
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;

	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case XSC_OFF_SR:
		region = &ring->sr;
		break;
	case XSC_OFF_CR:
		region = &ring->cr;
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vma->vm_flags &= ~VM_MAYWRITE;
		break;
	default:
		return -EINVAL;
	}
	num = vma_pages(vma);
	if (num != region->nr)
		return -EINVAL;

	vma->vm_flags &= ~VM_MAYEXEC;
	vma->vm_flags |= VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP;
	return vm_insert_pages(vma, vma->vm_start, region->pages, &num);
}

static int xsc_ring_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;	/* misc_open() left its device here */
	return nonseekable_open(inode, file);
}

static int xsc_ring_release(struct inode *inode, struct file *file)
{
	struct xsc_ring *ring = file->private_data;

	if (ring) {
		xsc_poller_leave(ring);
		xsc_ring_close(ring);
	}
	return 0;
}

/* Readable when there are CQEs. */
static __poll_t xsc_ring_poll(struct file *file, struct poll_table_struct *pt)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);
	const struct xsc_sr_hdr *sr;

	if (!ring)
		return EPOLLERR;
	poll_wait(file, &ring->cq_wait, pt);
	/* Pairs with wq_has_sleeper(): we are in the queue before we look. */
	smp_mb();
	xsc_ring_undefer(ring);
	sr = ring->sr.addr;
	return READ_ONCE(ring->cq_tail) == READ_ONCE(sr->cq_head) ?
	       0 : EPOLLIN | EPOLLRDNORM;
}

#ifdef CONFIG_PROC_FS
static void xsc_ring_show_fdinfo(struct seq_file *m, struct file *file)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);

	if (!ring)
		return;
	seq_printf(m, "SqEntries:\t%u\nCqEntries:\t%u\nSqHead:\t%u\nCqTail:\t%u\nInFlight:\t%u\nBuffers:\t%u\n",
		   ring->sq_mask + 1, ring->cq_mask + 1,
		   READ_ONCE(ring->sq_head), READ_ONCE(ring->cq_tail),
		   READ_ONCE(ring->inflight), xsc_buffers_nr(ring));
}
#endif

static const struct file_operations xsc_ring_fops = {
	.owner		= THIS_MODULE,
	.open		= xsc_ring_open,
	.release	= xsc_ring_release,
	.mmap		= xsc_ring_mmap,
	.poll		= xsc_ring_poll,
	.unlocked_ioctl	= xsc_ring_ioctl,
	.llseek		= no_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= xsc_ring_show_fdinfo,
#endif
};

static const struct xsc_ring_driver xsc_driver = {
	.owner = THIS_MODULE,
	.fops = &xsc_ring_fops,
	.setup = xsc_ring_op_setup,
};

static struct miscdevice xsc_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "xsc",
	.fops	= &xsc_ring_fops,
	.mode	= 0666,
};

static int __init xsc_module_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct xsc_sqe) != 64);
	BUILD_BUG_ON(offsetof(struct xsc_sqe, user_data) != 8);
	BUILD_BUG_ON(offsetof(struct xsc_sqe, args) != 16);
	BUILD_BUG_ON(sizeof(struct xsc_cqe) != 16);
	BUILD_BUG_ON(sizeof(struct xsc_sr_hdr) != 128);
	BUILD_BUG_ON(offsetof(struct xsc_sr_hdr, cq_head) != 64);
	BUILD_BUG_ON(sizeof(struct xsc_cr_hdr) != 128);
	BUILD_BUG_ON(offsetof(struct xsc_cr_hdr, sq_head) != 64);
	BUILD_BUG_ON(sizeof(struct xsc_ring_params) != 64);
	BUILD_BUG_ON(sizeof(struct xsc_ring_enter) != 24);
	BUILD_BUG_ON(sizeof(struct xsc_ring_buffers) != 16);
	BUILD_BUG_ON(sizeof(struct xsc_note_abi) != 8);

	err = misc_register(&xsc_misc);
	if (err)
		return err;
	xsc_ring_driver_register(&xsc_driver);
	return 0;
}

static void __exit xsc_module_exit(void)
{
	xsc_ring_driver_unregister();
	misc_deregister(&xsc_misc);
}

module_init(xsc_module_init);
module_exit(xsc_module_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("XSC rings and /dev/xsc");
