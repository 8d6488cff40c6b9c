// SPDX-License-Identifier: MIT
/*
 * file.c - reading whole files, and replacing them in one step
 *
 * Functions return 0, or -1 with the message printed.
 */
#include "file.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/** file_read() - read a regular file whole */
int file_read(struct file *f, const char *path)
{
	size_t want;
	ssize_t n;
	int fd;

	memset(f, 0, sizeof(*f));
	f->path = path;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &f->st)) {
		warn("%s", path);
		goto fail;
	}
	if (!S_ISREG(f->st.st_mode)) {
		warnx("%s: not a regular file", path);
		goto fail;
	}
	f->real = realpath(path, NULL);
	want = f->st.st_size;
	f->data = malloc(want ? want : 1);
	if (!f->real || !f->data) {
		warn("%s", path);
		goto fail;
	}
	while (f->size < want) {
		n = read(fd, f->data + f->size, want - f->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", path);
			goto fail;
		}
		if (!n)
			break;
		f->size += n;
	}
	close(fd);
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	file_free(f);
	return -1;
}

/** file_free() - free what file_read() allocated */
void file_free(struct file *f)
{
	free(f->real);
	free(f->data);
	f->real = NULL;
	f->data = NULL;
}

static int write_all(int fd, const unsigned char *p, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, p, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		size -= n;
	}
	return 0;
}

/* ACLs, capabilities and labels; a signature over the old bytes is dropped. */
static int copy_xattrs(const struct file *f, int to)
{
	char *names, *value, *name;
	ssize_t len, vlen;
	int ret = -1;

	len = listxattr(f->real, NULL, 0);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -1;
	names = malloc(len + 1);
	value = malloc(XATTR_SIZE_MAX);
	if (!names || !value)
		goto out;
	len = listxattr(f->real, names, len);
	if (len < 0)
		goto out;
	for (name = names; name < names + len; name += strlen(name) + 1) {
		if (!strcmp(name, "security.ima") ||
		    !strcmp(name, "security.evm"))
			continue;
		vlen = getxattr(f->real, name, value, XATTR_SIZE_MAX);
		if (vlen < 0 || fsetxattr(to, name, value, vlen, 0))
			goto out;
	}
	ret = 0;
out:
	free(names);
	free(value);
	return ret;
}

static int write_temp_and_rename(const struct file *f, const char *out,
				 const void *data, size_t size, int in_place)
{
	const char *slash = strrchr(out, '/');
	int dirlen = slash ? slash - out + 1 : 0;
	char *tmp;
	int fd;

	if (asprintf(&tmp, "%.*s.xsc-note.XXXXXX", dirlen, out) < 0) {
		warn("%s", out);
		return -1;
	}
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		warn("%s: cannot make a file in its directory", out);
		free(tmp);
		return -1;
	}
	if (write_all(fd, data, size))
		goto fail;
	/* chown clears set-id bits and capabilities: it comes first. */
	if (in_place && fchown(fd, f->st.st_uid, f->st.st_gid))
		goto fail;
	if (fchmod(fd, f->st.st_mode & (in_place ? 07777 : 0777)))
		goto fail;
	if (in_place && copy_xattrs(f, fd))
		goto fail;
	if (fsync(fd) || close(fd)) {
		fd = -1;
		goto fail;
	}
	fd = -1;
	if (rename(tmp, out))
		goto fail;
	free(tmp);
	return 0;
fail:
	warn("%s", out);
	if (fd >= 0)
		close(fd);
	unlink(tmp);
	free(tmp);
	return -1;
}

/** file_replace() - put other bytes in the place of @f, all else the same */
int file_replace(const struct file *f, const void *data, size_t size)
{
	if (f->st.st_nlink > 1)
		warnx("%s: has %ju hard links; the other names keep the old file",
		      f->path, (uintmax_t)f->st.st_nlink);
	return write_temp_and_rename(f, f->real, data, size, 1);
}

/** file_write_copy() - write bytes to a new file with the permissions of @f */
int file_write_copy(const struct file *f, const char *out, const void *data,
		    size_t size)
{
	struct stat st;

	if (!lstat(out, &st) && !S_ISREG(st.st_mode)) {
		warnx("%s: exists and is not a regular file", out);
		return -1;
	}
	return write_temp_and_rename(f, out, data, size, 0);
}
