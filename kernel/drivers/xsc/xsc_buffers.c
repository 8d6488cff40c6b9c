// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_buffers.c - registered buffers: memory that is pinned once
 *
 * Direct I/O pins the pages of its buffer, and releases them when it has ended.
 * A ring's registered buffers are pinned when they are registered, and an op
 * that names one of them finds its pages as bio_vecs.  They come and go as one
 * set.  The ring has a reference to it, and so has each request that a device
 * works on: pages that are in use stay pinned whoever unregisters them.
 */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "xsc_buffers.h"

/* Pages that are pinned in one go. */
#define XSC_PIN_PAGES	128

/* --- making and unmaking a set ------------------------------------------- */

static int xsc_buffers_charge(struct xsc_buffers *set, unsigned long nr)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (set->user &&
	    atomic_long_add_return(nr, &set->user->locked_vm) > limit) {
		atomic_long_sub(nr, &set->user->locked_vm);
		return -ENOMEM;
	}
	atomic64_add(nr, &set->mm->pinned_vm);
	set->charged += nr;
	return 0;
}

static void xsc_buffer_unpin(struct xsc_buffer *buf)
{
	unsigned long i;

	/* Nobody else has said that devices wrote there. */
	for (i = 0; i < buf->pinned; i++) {
		unpin_user_page_range_dirty_lock(buf->bvec[i].bv_page, 1, true);
		cond_resched();
	}
	kvfree(buf->bvec);
}

/* Context: may sleep. */
static void xsc_buffers_free(struct xsc_buffers *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		xsc_buffer_unpin(&set->buf[i]);
	atomic64_sub(set->charged, &set->mm->pinned_vm);
	mmdrop(set->mm);
	if (set->user) {
		atomic_long_sub(set->charged, &set->user->locked_vm);
		free_uid(set->user);
	}
	kvfree(set);
}

static void xsc_buffers_free_late(struct work_struct *work)
{
	xsc_buffers_free(container_of(work, struct xsc_buffers, work));
}

/**
 * xsc_buffers_put() - a request does not need its buffer any more
 * @req:	the request, which has one
 *
 * Context: any.
 */
void xsc_buffers_put(struct xsc_req *req)
{
	struct xsc_ring *ring = req->ring;
	unsigned long flags;

	spin_lock_irqsave(&ring->cq_lock, flags);
	xsc_buffers_put_locked(req->buffers);
	spin_unlock_irqrestore(&ring->cq_lock, flags);
}

static struct xsc_buffers *xsc_buffers_alloc(unsigned int nr)
{
	struct xsc_buffers *set;

	set = kvzalloc(struct_size(set, buf, nr), GFP_KERNEL_ACCOUNT);
	if (!set)
		return NULL;
	set->ref = 1;
	INIT_WORK(&set->work, xsc_buffers_free_late);
	mmgrab(current->mm);
	set->mm = current->mm;
	if (!capable(CAP_IPC_LOCK))
		set->user = get_uid(current_user());
	set->nr = nr;
	return set;
}

/* Where the user says they are; what they may take at least is charged. */
static int xsc_buffers_read(struct xsc_buffers *set,
			    const struct iovec __user *uiov)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		struct xsc_buffer *buf = &set->buf[i];
		struct iovec iov;

		if (copy_from_user(&iov, &uiov[i], sizeof(iov)))
			return -EFAULT;
		if (!iov.iov_len || iov.iov_len > XSC_BUFFER_SIZE_MAX)
			return -EINVAL;
		if (!access_ok(iov.iov_base, iov.iov_len))
			return -EFAULT;
		buf->addr = (unsigned long)iov.iov_base;
		buf->len = iov.iov_len;
		pages += DIV_ROUND_UP(offset_in_page(buf->addr) + buf->len,
				      PAGE_SIZE);
	}
	return xsc_buffers_charge(set, pages);
}

/* Memory of files that are written back does not stay what a device wrote. */
static int xsc_buffer_mappings(unsigned long start, unsigned long end)
{
	VMA_ITERATOR(vmi, current->mm, start);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, end)
		if (vma->vm_file && !vma_is_shmem(vma) &&
		    !is_file_hugepages(vma->vm_file))
			return -EOPNOTSUPP;
	return 0;
}

static long xsc_buffer_pin_some(unsigned long start, unsigned long nr,
				struct page **pages)
{
	long ret;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	ret = xsc_buffer_mappings(start, start + (nr << PAGE_SHIFT));
	if (!ret)
		ret = pin_user_pages(start, nr, FOLL_WRITE | FOLL_LONGTERM,
				     pages, NULL);
	mmap_read_unlock(current->mm);
	return ret ?: -EFAULT;
}

static int xsc_buffer_pin(struct xsc_buffer *buf, struct page **pages)
{
	unsigned long off = offset_in_page(buf->addr), left = buf->len;
	unsigned long start = buf->addr - off;
	unsigned long nr = DIV_ROUND_UP(off + left, PAGE_SIZE);
	long got, i;

	buf->bvec = kvmalloc_array(nr, sizeof(*buf->bvec), GFP_KERNEL_ACCOUNT);
	if (!buf->bvec)
		return -ENOMEM;
	for (; nr; nr -= got) {
		got = xsc_buffer_pin_some(start, min(nr, XSC_PIN_PAGES + 0UL),
					  pages);
		if (got < 0)
			return got;
		for (i = 0; i < got; i++) {
			struct bio_vec *bv = &buf->bvec[buf->pinned++];

			bv->bv_page = pages[i];
			bv->bv_offset = off;
			bv->bv_len = min(left, PAGE_SIZE - off);
			left -= bv->bv_len;
			off = 0;
		}
		start += got << PAGE_SHIFT;
		cond_resched();
	}
	return 0;
}

/*
 * A pinned page keeps the whole of the huge one that it is a part of.  Those
 * that are not met one after the other are counted more than once.
 */
static int xsc_buffers_charge_huge(struct xsc_buffers *set)
{
	struct page *head, *last = NULL;
	unsigned long i, pages = 0;
	unsigned int n;

	for (n = 0; n < set->nr; n++) {
		for (i = 0; i < set->buf[n].pinned; i++) {
			head = compound_head(set->buf[n].bvec[i].bv_page);
			if (head != last)
				pages += compound_nr(head);
			last = head;
		}
	}
	return pages > set->charged ?
	       xsc_buffers_charge(set, pages - set->charged) : 0;
}

static struct xsc_buffers *xsc_buffers_new(const struct iovec __user *uiov,
					   unsigned int nr)
{
	struct xsc_buffers *set;
	struct page **pages;
	unsigned int i;
	int err;

	pages = kmalloc_array(XSC_PIN_PAGES, sizeof(*pages),
			      GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	set = xsc_buffers_alloc(nr);
	err = set ? xsc_buffers_read(set, uiov) : -ENOMEM;
	for (i = 0; !err && i < nr; i++)
		err = xsc_buffer_pin(&set->buf[i], pages);
	if (!err)
		err = xsc_buffers_charge_huge(set);
	kfree(pages);
	if (!err)
		return set;
	if (set)
		xsc_buffers_free(set);
	return ERR_PTR(err);
}

/**
 * xsc_buffers_drop() - a ring has no buffers any more
 * @ring:	the ring
 *
 * What a device works on stays until that has ended.
 *
 * Return: 0, or -ENXIO if it had none.
 */
int xsc_buffers_drop(struct xsc_ring *ring)
{
	struct xsc_buffers *set;
	bool last;

	spin_lock_irq(&ring->cq_lock);
	set = ring->buffers;
	ring->buffers = NULL;
	last = set && !--set->ref;
	spin_unlock_irq(&ring->cq_lock);
	if (last)
		xsc_buffers_free(set);
	return set ? 0 : -ENXIO;
}

/**
 * xsc_buffers_register() - XSC_OP_RING_BUFFERS
 * @file:	of a ring
 * @uiov:	where the buffers are
 * @nr:		how many; 0 to have none any more
 *
 * Return: 0 or a negative errno.
 */
long xsc_buffers_register(struct file *file, const struct iovec __user *uiov,
			  u64 nr)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	struct xsc_buffers *set;
	bool busy;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	if (!ring->async || nr > XSC_BUFFERS_MAX)
		return -EINVAL;
	if (!nr)
		return uiov ? -EINVAL : xsc_buffers_drop(ring);
	if (READ_ONCE(ring->buffers))
		return -EBUSY;
	set = xsc_buffers_new(uiov, nr);
	if (IS_ERR(set))
		return PTR_ERR(set);
	/* Two threads may register at once. */
	spin_lock_irq(&ring->cq_lock);
	busy = ring->buffers;
	if (!busy)
		ring->buffers = set;
	spin_unlock_irq(&ring->cq_lock);
	if (!busy)
		return 0;
	xsc_buffers_free(set);
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(xsc_buffers_register);

/**
 * xsc_buffers_nr() - how many buffers a ring has
 * @ring:	the ring
 *
 * Return: how many.
 */
unsigned int xsc_buffers_nr(struct xsc_ring *ring)
{
	unsigned int nr;

	spin_lock_irq(&ring->cq_lock);
	nr = ring->buffers ? ring->buffers->nr : 0;
	spin_unlock_irq(&ring->cq_lock);
	return nr;
}
EXPORT_SYMBOL_GPL(xsc_buffers_nr);

/* --- using one ------------------------------------------------------------ */

/**
 * xsc_buffers_check() - does an op with XSC_SQE_FIXED_BUFFER lie in its buffer?
 * @c:		the container
 * @ring:	its ring
 * @sqe:	the kernel's own copy
 *
 * Return: 0 or the error for the CQE.
 */
s64 xsc_buffers_check(struct xsc_container *c, struct xsc_ring *ring,
		      const struct xsc_sqe *sqe)
{
	s64 err = -EINVAL;

	if (likely(sqe->op == __NR_pread64 || sqe->op == __NR_pwrite64)) {
		spin_lock_irq(&ring->cq_lock);
		err = PTR_ERR_OR_ZERO(xsc_buffers_find(ring, sqe->args));
		spin_unlock_irq(&ring->cq_lock);
	}
	return err == -EINVAL ? xsc_malformed(c, err) : err;
}

/**
 * xsc_buffers_iter() - the pages of an op that a device is to have
 * @req:	the request; gets a reference to the buffers, for xsc_buffers_put()
 * @iter:	filled in
 * @out:	it is a write
 *
 * Return: 0 or a negative errno.
 */
int xsc_buffers_iter(struct xsc_req *req, struct iov_iter *iter, bool out)
{
	struct xsc_ring *ring = req->ring;
	const struct xsc_buffer *buf;
	int err;

	buf = xsc_buffers_get(ring, req->try.args, &req->buffers);
	/* Somebody may have unregistered it just now. */
	if (IS_ERR(buf)) {
		err = PTR_ERR(buf);
		xsc_ring_count_malformed(ring, err == -EINVAL);
		return err;
	}
	xsc_buffer_iter(buf, req->try.args, iter, out);
	return 0;
}
