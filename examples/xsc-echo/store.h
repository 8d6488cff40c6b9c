/* SPDX-License-Identifier: MIT */
/*
 * store.h - keys and values in memory
 */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>

/* A value ends where @len says; it may hold any bytes. */
struct value {
	const char	*bytes;
	size_t		len;
};

void store_limit(size_t bytes);
int store_set(const char *key, size_t key_len, const char *bytes, size_t len);
int store_get(const char *key, size_t key_len, struct value *v);
int store_del(const char *key, size_t key_len);

#endif /* STORE_H */
