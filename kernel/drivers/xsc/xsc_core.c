// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_core.c - rings and /dev/xsc
 *
 * A ring has two regions, each written by one side only.  All that the kernel
 * reads of the SR region is sq_tail, cq_head and, once, each SQE; all that it
 * reads of the CR region is what it wrote there, and that only for forwards.
 *
 * Locking: ring->lock serialises doorbells; nothing else changes a ring after
 * it was made.  It is held while ops run, so it nests outside of everything.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "xsc_ring.h"
#include "xsc_trace.h"

static const struct file_operations xsc_ring_fops;

static const struct xsc_consumer * const xsc_consumers[XSC_FAM_NR] = {
	[XSC_FAM_FS] = &xsc_consumer_fs,
	[XSC_FAM_NET] = &xsc_consumer_net,
	[XSC_FAM_TIMER] = &xsc_consumer_timer,
	[XSC_FAM_SYNC] = &xsc_consumer_sync,
};

static void xsc_region_free(struct xsc_region *r)
{
	unsigned int i;

	vunmap(r->addr);
	for (i = 0; r->pages && i < r->nr; i++)
		if (r->pages[i])
			put_page(r->pages[i]);
	kvfree(r->pages);
}

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

static void xsc_ring_free(struct xsc_ring *ring)
{
	if (!ring)
		return;
	xsc_region_free(&ring->sr);
	xsc_region_free(&ring->cr);
	mmdrop((struct mm_struct *)ring->mm);
	kfree(ring);
}

static int xsc_params_check(struct xsc_ring_params *p)
{
	if (p->flags || p->resv0 || memchr_inv(p->resv, 0, sizeof(p->resv)))
		return -EINVAL;
	if (!p->sq_entries || p->sq_entries > XSC_RING_MAX)
		return -EINVAL;
	if (p->cq_entries && (p->cq_entries < p->sq_entries ||
			      p->cq_entries > 2 * XSC_RING_MAX))
		return -EINVAL;

	p->sq_entries = roundup_pow_of_two(p->sq_entries);
	p->cq_entries = p->cq_entries ? roundup_pow_of_two(p->cq_entries) :
					2 * p->sq_entries;
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
	mutex_init(&ring->lock);
	mmgrab(current->mm);
	ring->mm = current->mm;

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

	err = -EFAULT;
	if (copy_to_user(uparams, &p, sizeof(p)))
		goto free;
	return ring;
free:
	xsc_ring_free(ring);
	return ERR_PTR(err);
}

/* The one place where a ring's SQE is read. */
static void xsc_ring_sqe(struct xsc_ring *ring, struct xsc_sqe *to)
{
	const u64 *src =
		(const u64 *)&ring->sqes[ring->sq_head & ring->sq_mask];
	u64 *dst = (u64 *)to;

	BUILD_BUG_ON(sizeof(*to) != 8 * sizeof(u64));
	dst[0] = READ_ONCE(src[0]);
	dst[1] = READ_ONCE(src[1]);
	dst[2] = READ_ONCE(src[2]);
	dst[3] = READ_ONCE(src[3]);
	dst[4] = READ_ONCE(src[4]);
	dst[5] = READ_ONCE(src[5]);
	dst[6] = READ_ONCE(src[6]);
	dst[7] = READ_ONCE(src[7]);
}

/**
 * struct xsc_doorbell - a doorbell while it runs
 * @c:		the container
 * @ring:	the ring
 * @file:	its file, of which a reference is held
 * @done:	SQEs completed
 * @sqe:	our copy of the one being run
 */
struct xsc_doorbell {
	struct xsc_container	c;
	struct xsc_ring		*ring;
	struct file		*file;
	unsigned int		done;
	struct xsc_sqe		sqe;
};

/* Completions are in order, so the CQE @back places ago is the SQE's. */
static int xsc_ring_prior(struct xsc_container *c, unsigned int back, s64 *res)
{
	struct xsc_doorbell *d = container_of(c, struct xsc_doorbell, c);
	struct xsc_ring *ring = d->ring;

	if (back > d->done || back > ring->cq_mask)
		return -EINVAL;
	*res = ring->cqes[(ring->cq_tail - back) & ring->cq_mask].res;
	return 0;
}

static s64 xsc_ring_issue(struct xsc_doorbell *d, struct xsc_sqe *sqe)
{
	const struct xsc_consumer *consumer = NULL;
	u32 nr = sqe->op;

	if (nr < NR_syscalls) {
		nr = array_index_nospec(nr, NR_syscalls);
		consumer = xsc_consumers[xsc_optable[nr].family];
	}
	return consumer ? consumer->issue(&d->c, sqe) : xsc_issue(&d->c, sqe);
}

static void xsc_ring_complete(struct xsc_doorbell *d, u64 data, s64 res)
{
	struct xsc_ring *ring = d->ring;
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct xsc_cqe *cqe = &ring->cqes[ring->cq_tail & ring->cq_mask];

	cqe->user_data = data;
	cqe->res = res;
	d->done++;
	/* Pairs with the user's load-acquire of cq_tail: CQE before index. */
	smp_store_release(&cr->cq_tail, ++ring->cq_tail);
	/* Pairs with the user's load-acquire of sq_head: our copy is made. */
	smp_store_release(&cr->sq_head, ++ring->sq_head);
	WRITE_ONCE(cr->sqes_done, cr->sqes_done + 1);
}

/* What xsc_doorbell() holds while ops run. */
static void xsc_ring_release_doorbell(struct xsc_ring *ring, struct file *file)
{
	mutex_unlock(&ring->lock);
	fput(file);
}

static void xsc_ring_abort(struct xsc_container *c)
{
	struct xsc_doorbell *d = container_of(c, struct xsc_doorbell, c);

	xsc_ring_release_doorbell(d->ring, d->file);
}

/* Take up to @to_submit SQEs.  Returns a count, an errno or a restart code. */
static long xsc_ring_run(struct xsc_ring *ring, struct file *file,
			 u32 to_submit)
{
	const struct xsc_sr_hdr *sr = ring->sr.addr;
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct xsc_doorbell d = {
		.c.prior = xsc_ring_prior,
		.c.abort = xsc_ring_abort,
		.ring = ring,
		.file = file,
	};
	u32 queued, used, flags = 0;
	long ret;

	/* Pairs with the user's store-release of sq_tail: SQEs before index. */
	queued = smp_load_acquire(&sr->sq_tail) - ring->sq_head;
	/* Pairs with the user's store-release of cq_head: CQEs were read. */
	used = ring->cq_tail - smp_load_acquire(&sr->cq_head);
	if (queued > ring->sq_mask + 1 || used > ring->cq_mask + 1) {
		WRITE_ONCE(cr->flags, XSC_CR_SQ_BROKEN);
		return -EINVAL;
	}

	ret = xsc_container_begin(&d.c, XSC_WAY_RING);
	if (ret)
		return ret;

	for (to_submit = min(to_submit, queued); to_submit; to_submit--) {
		s64 res;

		if (used == ring->cq_mask + 1) {
			flags = XSC_CR_CQ_FULL;
			if (!d.done)
				ret = -EBUSY;
			break;
		}
		xsc_ring_sqe(ring, &d.sqe);
		res = xsc_ring_issue(&d, &d.sqe);
		if (xsc_interrupted(res)) {
			ret = res == -ERESTART_RESTARTBLOCK ? -EINTR : res;
			break;
		}
		xsc_ring_complete(&d, d.sqe.user_data, res);
		used++;
		if (signal_pending(current))
			break;
	}

	WRITE_ONCE(cr->errors, cr->errors + d.c.malformed);
	WRITE_ONCE(cr->flags, flags);
	xsc_container_end(&d.c);
	ret = d.done ?: ret;
	trace_xsc_container(XSC_WAY_RING, d.done, ret);
	return ret;
}

/* The ring of a file that the current process may ring, or an ERR_PTR. */
static struct xsc_ring *xsc_ring_of(struct file *file)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);

	if (!ring)
		return ERR_PTR(-EINVAL);
	if (ring->mm != current->mm)
		return ERR_PTR(-EPERM);
	if (current->xsc.container)
		return ERR_PTR(-EDEADLK);
	return ring;
}

/*
 * Run a doorbell; takes over a reference to @file, which an op may close.  If
 * an op ends the task this does not return, and xsc_ring_abort() cleans up.
 */
static long xsc_doorbell(struct file *file, u32 to_submit)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	long ret;

	if (IS_ERR(ring)) {
		fput(file);
		return PTR_ERR(ring);
	}
	if (mutex_lock_interruptible(&ring->lock)) {
		fput(file);
		return -ERESTARTSYS;
	}
	ret = xsc_ring_run(ring, file, to_submit);
	xsc_ring_release_doorbell(ring, file);
	return ret;
}

/* XSC_OP_RING_ENTER */
static long xsc_ring_op_enter(int fd, u32 to_submit, u32 flags)
{
	struct file *file = fget(fd);

	/*
	 * An open file of ours keeps the module, also when an op closes it:
	 * the last reference is put on the way out of the kernel.
	 */
	module_put(THIS_MODULE);
	if (!file)
		return -EBADF;
	if (file->f_op != &xsc_ring_fops || flags) {
		long err = flags ? -EINVAL : -EOPNOTSUPP;

		fput(file);
		return err;
	}
	return xsc_doorbell(file, to_submit);
}

/**
 * struct xsc_deferred - a doorbell that came by ioctl()
 * @work:	for xsc_defer()
 * @file:	the ring's file, with a reference
 * @to_submit:	as in struct xsc_ring_enter
 */
struct xsc_deferred {
	struct callback_head	work;
	struct file		*file;
	u32			to_submit;
};

/* The ioctl has ended, as 0; what the doorbell returns takes its place. */
static void xsc_ring_deferred(struct callback_head *work)
{
	struct xsc_deferred *def = container_of(work, struct xsc_deferred, work);
	struct file *file = def->file;
	u32 to_submit = def->to_submit;

	kfree(def);
	if (current->flags & PF_EXITING)
		fput(file);
	else
		regs_set_return_value(current_pt_regs(),
				      xsc_doorbell(file, to_submit));
}

/* XSC_IOC_ENTER */
static long xsc_ring_ioctl_enter(struct file *file,
				 struct xsc_ring_enter __user *uarg)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	struct xsc_ring_enter enter;
	struct xsc_deferred *def;
	int err;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	if (copy_from_user(&enter, uarg, sizeof(enter)))
		return -EFAULT;
	if (enter.flags)
		return -EINVAL;

	def = kmalloc(sizeof(*def), GFP_KERNEL_ACCOUNT);
	if (!def)
		return -ENOMEM;
	def->file = get_file(file);
	def->to_submit = enter.to_submit;
	init_task_work(&def->work, xsc_ring_deferred);
	err = xsc_defer(&def->work);
	if (err) {
		fput(file);
		kfree(def);
	}
	return err;
}

/* XSC_OP_RING_SETUP */
static long xsc_ring_op_setup(struct xsc_ring_params __user *params)
{
	struct xsc_ring *ring = xsc_ring_new(params);
	int fd;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	fd = anon_inode_getfd("[xsc]", &xsc_ring_fops, ring,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		xsc_ring_free(ring);
	return fd;
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
		/* Publishes the ring; two threads may set up at once. */
		if (cmpxchg(&file->private_data, NULL, ring)) {
			xsc_ring_free(ring);
			return -EBUSY;
		}
		return 0;
	case XSC_IOC_ENTER:
		return xsc_ring_ioctl_enter(file, uarg);
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
	xsc_ring_free(file->private_data);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void xsc_ring_show_fdinfo(struct seq_file *m, struct file *file)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);

	if (!ring)
		return;
	seq_printf(m, "SqEntries:\t%u\nCqEntries:\t%u\nSqHead:\t%u\nCqTail:\t%u\n",
		   ring->sq_mask + 1, ring->cq_mask + 1,
		   READ_ONCE(ring->sq_head), READ_ONCE(ring->cq_tail));
}
#endif

static const struct file_operations xsc_ring_fops = {
	.owner		= THIS_MODULE,
	.open		= xsc_ring_open,
	.release	= xsc_ring_release,
	.mmap		= xsc_ring_mmap,
	.unlocked_ioctl	= xsc_ring_ioctl,
	.llseek		= no_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= xsc_ring_show_fdinfo,
#endif
};

static const struct xsc_ring_driver xsc_driver = {
	.owner = THIS_MODULE,
	.setup = xsc_ring_op_setup,
	.enter = xsc_ring_op_enter,
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
	BUILD_BUG_ON(sizeof(struct xsc_ring_enter) != 8);
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
