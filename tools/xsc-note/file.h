/* SPDX-License-Identifier: MIT */
/*
 * file.h - reading whole files, and replacing them in one step
 */
#ifndef XSC_FILE_H
#define XSC_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/**
 * struct file - a file's bytes and what belongs to them
 * @path:	as the user gave it
 * @real:	without symbolic links
 * @data:	the bytes
 * @size:	how many
 * @st:		owner, mode and so on
 */
struct file {
	const char	*path;
	char		*real;
	unsigned char	*data;
	size_t		size;
	struct stat	st;
};

int file_read(struct file *f, const char *path);
int file_replace(const struct file *f, const void *data, size_t size);
int file_write_copy(const struct file *f, const char *out, const void *data,
		    size_t size);
void file_free(struct file *f);

#endif /* XSC_FILE_H */
