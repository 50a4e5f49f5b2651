/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/plain_lock.h"

#include <string.h>

#include "abi/futex_word.h"

/* A mutex that somebody waits for. */
#define MUTEX_CONTENDED 2u
/* Type (2 bits), process-shared, and the two bits of lock elision; not robust, not PI. */
#define MUTEX_KIND_KNOWN 0x383u

/* Of a rwlock's __readers: a writer has it, and its phase has begun. */
#define RWLOCK_WRITE_LOCKED 0x3u
/* Of its two futex words: locked, and somebody waits. */
#define RWLOCK_FUTEX_MAX 3u
/* Its __flags: which of readers and writers are preferred. */
#define RWLOCK_FLAGS_MAX 3u

static uint32_t word_at(const unsigned char *bytes, size_t offset)
{
	uint32_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

uint32_t plain_mutex_owner(const unsigned char bytes[PLAIN_MUTEX_SPAN], unsigned bits)
{
	/* __lock, __count, __owner; then __nusers and __kind, which change places. */
	uint32_t users = word_at(bytes, bits == 32 ? 16 : 12);
	uint32_t kind = word_at(bytes, bits == 32 ? 12 : 16);
	uint32_t owner = word_at(bytes, 8);

	if (word_at(bytes, 0) != MUTEX_CONTENDED || (kind & ~MUTEX_KIND_KNOWN) || !users)
		return 0;
	return owner <= WORD_TID_MASK ? owner : 0;
}

uint32_t plain_rwlock_writer(const unsigned char bytes[PLAIN_RWLOCK_SPAN], unsigned bits)
{
	/* __readers, four words, then __cur_writer behind two words of padding (64 bits). */
	uint32_t writer = word_at(bytes, bits == 32 ? 28 : 24);
	uint32_t flags = word_at(bytes, bits == 32 ? 24 : 48);

	if ((word_at(bytes, 0) & RWLOCK_WRITE_LOCKED) != RWLOCK_WRITE_LOCKED)
		return 0;
	/* Its futex words are flags; pointers, as before the TID in a thread's descriptor, are not. */
	if (word_at(bytes, PLAIN_RWLOCK_PHASE_WORD) > RWLOCK_FUTEX_MAX ||
	    word_at(bytes, PLAIN_RWLOCK_WRITER_WORD) > RWLOCK_FUTEX_MAX)
		return 0;
	if (bits == 64 && flags >= RWLOCK_FLAGS_MAX)
		return 0;
	return writer <= WORD_TID_MASK ? writer : 0;
}
