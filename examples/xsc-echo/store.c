// SPDX-License-Identifier: MIT
/*
 * store.c - a hash table of strings
 *
 * Chains of entries; the table doubles when there are more entries than chains.  The hash is
 * seeded at random: who may choose keys must not be able to choose one chain for them all.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "store.h"

#define FIRST_SIZE	1024

struct entry {
	struct entry	*next;
	uint64_t	hash;
	size_t		key_len;
	size_t		len;
	char		bytes[];	/* the key, then the value */
};

static struct entry **chains;
static size_t nr_chains, nr_entries, used, limit = SIZE_MAX;
static uint64_t seed;

void store_limit(size_t bytes)
{
	limit = bytes;
}

/* Each byte is mixed with all that came before, and the seed comes first. */
static uint64_t hash_of(const char *key, size_t len)
{
	uint64_t h = seed;
	size_t i;

	for (i = 0; i < len; i++) {
		h ^= (unsigned char)key[i];
		h *= 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

/* Where the pointer to this key's entry is, or would be. */
static struct entry **find(const char *key, size_t len, uint64_t hash)
{
	struct entry **e = &chains[hash & (nr_chains - 1)];

	while (*e && ((*e)->hash != hash || (*e)->key_len != len || memcmp((*e)->bytes, key, len)))
		e = &(*e)->next;
	return e;
}

/* Without memory for a larger table the old one goes on, with longer chains. */
static void grow(void)
{
	size_t nr = nr_chains ? nr_chains * 2 : FIRST_SIZE, i;
	struct entry **wider = calloc(nr, sizeof(*wider)), *e, *next;

	if (!wider)
		return;
	for (i = 0; i < nr_chains; i++) {
		for (e = chains[i]; e; e = next) {
			next = e->next;
			e->next = wider[e->hash & (nr - 1)];
			wider[e->hash & (nr - 1)] = e;
		}
	}
	free(chains);
	chains = wider;
	nr_chains = nr;
}

/* Returns 0 or ENOMEM; then the old value stays. */
int store_set(const char *key, size_t key_len, const char *bytes, size_t len)
{
	size_t size = sizeof(struct entry) + key_len + len, old_size;
	struct entry **at, *e, *old;
	uint64_t hash;

	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uintptr_t)&seed;
	if (nr_entries >= nr_chains)
		grow();
	if (!nr_chains)
		return ENOMEM;
	hash = hash_of(key, key_len);
	at = find(key, key_len, hash);
	old = *at;
	old_size = old ? sizeof(*old) + old->key_len + old->len : 0;
	if (size > limit || used - old_size > limit - size)
		return ENOMEM;
	if (old && old_size == size) {
		memcpy(old->bytes + key_len, bytes, len);
		return 0;
	}
	e = malloc(size);
	if (!e)
		return ENOMEM;
	e->next = old ? old->next : NULL;
	e->hash = hash;
	e->key_len = key_len;
	e->len = len;
	memcpy(e->bytes, key, key_len);
	memcpy(e->bytes + key_len, bytes, len);
	*at = e;
	free(old);
	nr_entries += !old;
	used += size - old_size;
	return 0;
}

/* Returns 0 or ENOENT. */
int store_get(const char *key, size_t key_len, struct value *v)
{
	struct entry *e = nr_chains ? *find(key, key_len, hash_of(key, key_len)) : NULL;

	if (!e)
		return ENOENT;
	v->bytes = e->bytes + e->key_len;
	v->len = e->len;
	return 0;
}

/* Returns 0 or ENOENT. */
int store_del(const char *key, size_t key_len)
{
	struct entry **at, *e;

	if (!nr_chains)
		return ENOENT;
	at = find(key, key_len, hash_of(key, key_len));
	e = *at;
	if (!e)
		return ENOENT;
	*at = e->next;
	used -= sizeof(*e) + e->key_len + e->len;
	nr_entries--;
	free(e);
	return 0;
}
