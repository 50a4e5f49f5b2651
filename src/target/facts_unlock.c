/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/facts.h"
#include "target/maps.h"

/* linux/futex.h since 7.2: flags of FUTEX_WAKE and others. */
#define ROBUST_UNLOCK 512
#define ROBUST_LIST32 1024

/*
 * Unlocks a word of our own in which nobody waits: the kernel stores 0 to it and to the pending
 * slot. A kernel that does not know the flag takes it for an unknown operation: ENOSYS.
 */
static int try_unlock(int flags)
{
	uint32_t word = (uint32_t)getpid();
	uint64_t pending = 1;

	if (syscall(SYS_futex, &word, FUTEX_WAKE | flags, 1, NULL, &pending, 0) < 0)
		return -errno;
	return word == 0 && pending == 0 ? 0 : -EPROTO;
}

/* The names of its functions stand in the image of the vDSO, each with a 0 behind it. */
static bool vdso_has(const struct maps *maps, const char *name)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->items[i];

		if (strcmp(map->path, "[vdso]") == 0)
			return memmem((const void *)(uintptr_t)map->start, map->end - map->start,
				      name, strlen(name) + 1);
	}
	return false;
}

void facts_of_unlock(struct facts *facts)
{
	struct maps maps = {0};

	facts->robust_unlock_64 = try_unlock(ROBUST_UNLOCK);
	facts->robust_unlock_32 = try_unlock(ROBUST_UNLOCK | ROBUST_LIST32);
	if (maps_read(getpid(), getpid(), &maps))
		return;
	facts->vdso_unlock_64 = vdso_has(&maps, "__vdso_futex_robust_list64_try_unlock");
	facts->vdso_unlock_32 = vdso_has(&maps, "__vdso_futex_robust_list32_try_unlock");
	maps_free(&maps);
}
