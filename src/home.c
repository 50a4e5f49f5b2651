/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "home.h"

#include <stdio.h>
#include <string.h>

#include "abi/mutex_layout.h"

/* --- LMDB's lock.mdb --- */

#define LMDB_MAGIC UINT32_C(0xbeefc0de)

static uint32_t word_at(const unsigned char *header, size_t offset)
{
	uint32_t word;

	memcpy(&word, header + offset, sizeof(word));
	return word;
}

static bool lmdb_matches(const unsigned char *header)
{
	return word_at(header, 0) == LMDB_MAGIC;
}

static size_t lmdb_count(const unsigned char *header)
{
	(void)header;
	return 2;
}

static uint64_t lmdb_offset(size_t index, unsigned bits)
{
	(void)bits;
	return index == 0 ? 64 : 8;
}

static void lmdb_name(size_t index, char ret[HOME_NAME_MAX])
{
	snprintf(ret, HOME_NAME_MAX, "%s", index == 0 ? "LMDB writer" : "LMDB reader table");
}

/* --- tdb, with TDB_MUTEX_LOCKING --- */

#define TDB_MAGIC "TDB file\n"
#define TDB_VERSION UINT32_C(0x2601196d)
#define TDB_HASH_SIZE_AT 0x24
#define TDB_FEATURES_AT 0x3c
#define TDB_FEATURE_MUTEX UINT32_C(1)
#define TDB_HEADER 168
/* More chains than any tdb has; a lying header must not cost us. */
#define TDB_CHAINS_MAX ((size_t)1 << 20)

static bool tdb_matches(const unsigned char *header)
{
	return memcmp(header, TDB_MAGIC, sizeof(TDB_MAGIC)) == 0 &&
	       word_at(header, 0x20) == TDB_VERSION &&
	       (word_at(header, TDB_FEATURES_AT) & TDB_FEATURE_MUTEX);
}

/* Index 0 is the allrecord mutex, 1 the freelist's chain, 2 hash chain 0. */
static size_t tdb_count(const unsigned char *header)
{
	size_t chains = word_at(header, TDB_HASH_SIZE_AT);

	return (chains < TDB_CHAINS_MAX ? chains : TDB_CHAINS_MAX) + 2;
}

static uint64_t tdb_offset(size_t index, unsigned bits)
{
	uint64_t size = bits == 32 ? 24 : 40; /* of pthread_mutex_t */
	uint64_t align = bits / 8;

	if (index == 0)
		return TDB_HEADER;
	/* Behind the mutex a short, then padding up to the array. */
	return (TDB_HEADER + size + 2 + align - 1) / align * align + (index - 1) * size;
}

static void tdb_name(size_t index, char ret[HOME_NAME_MAX])
{
	if (index == 0)
		snprintf(ret, HOME_NAME_MAX, "tdb allrecord");
	else if (index == 1)
		snprintf(ret, HOME_NAME_MAX, "tdb freelist chain");
	else
		snprintf(ret, HOME_NAME_MAX, "tdb chain %zu", index - 2);
}

static const struct home homes[] = {
	{"LMDB", lmdb_matches, lmdb_count, lmdb_offset, lmdb_name, true},
	{"tdb", tdb_matches, tdb_count, tdb_offset, tdb_name, false},
};

const struct home *home_recognise(const unsigned char header[HOME_HEADER])
{
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		if (homes[i].matches(header))
			return &homes[i];
	return NULL;
}

/* SIZE_MAX: no mutex of the home begins there. */
static size_t index_at(const struct home *home, size_t count, uint64_t offset, unsigned bits)
{
	uint64_t first = home->offset(1, bits);
	uint64_t stride = home->offset(2, bits) - first;
	uint64_t index;

	for (size_t i = 0; i < 2 && i < count; i++)
		if (home->offset(i, bits) == offset)
			return i;
	if (count <= 2 || offset < first || (offset - first) % stride)
		return SIZE_MAX;
	index = 1 + (offset - first) / stride;
	return index < count ? (size_t)index : SIZE_MAX;
}

bool home_name_word(const unsigned char header[HOME_HEADER], uint64_t offset, unsigned bits,
		    char ret[HOME_NAME_MAX])
{
	static const char *const libcs[] = {"glibc", "musl"};
	const struct home *home = home_recognise(header);

	for (size_t i = 0; i < sizeof(libcs) / sizeof(libcs[0]) && home; i++) {
		const struct mutex_layout *layout = mutex_layout_of(libcs[i], bits);
		size_t index = SIZE_MAX;

		if (layout && offset >= layout->before)
			index = index_at(home, home->count(header), offset - layout->before, bits);
		if (index == SIZE_MAX)
			continue;
		home->name(index, ret);
		return true;
	}
	return false;
}
