/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks that nothing but their waiters show.
 *
 * A waiter that keeps nothing in list_op_pending (any musl program) shows its robust lock only by
 * the address in its system call; an ordinary mutex or rwlock is on no list at all, yet a deadlock
 * may go through it. The bytes at the address tell which it is. For ordinary locks the owner is the
 * libc's note of it: a hint.
 */
#include <errno.h>
#include <string.h>

#include "abi/futex_word.h"
#include "abi/plain_lock.h"
#include "snapshot/look.h"

/* What lies around a futex that is waited for, under each reading of it. */
enum reading {
	AS_GLIBC,
	AS_MUSL,
	AS_RWLOCK_PHASE,
	AS_RWLOCK_WRITER,
	N_READINGS,
};

struct surroundings {
	unsigned char bytes[N_READINGS][PLAIN_RWLOCK_SPAN];
	bool ok[N_READINGS];
};

static const struct {
	uint64_t before; /* bytes in front of the word */
	size_t size;
} shapes[N_READINGS] = {
	[AS_GLIBC] = {0, PLAIN_MUTEX_SPAN},
	[AS_MUSL] = {MUTEX_BEFORE_MAX, MUTEX_SPAN_MAX},
	[AS_RWLOCK_PHASE] = {PLAIN_RWLOCK_PHASE_WORD, PLAIN_RWLOCK_SPAN},
	[AS_RWLOCK_WRITER] = {PLAIN_RWLOCK_WRITER_WORD, PLAIN_RWLOCK_SPAN},
};

/* One read for all. False when there is nothing to be had. */
static bool look_around_wait(struct look_process *process, target_addr address,
			     struct surroundings *ret)
{
	struct memory_range ranges[N_READINGS];

	for (size_t i = 0; i < N_READINGS; i++)
		ranges[i] = (struct memory_range){.address = address - shapes[i].before,
						  .size = shapes[i].size,
						  .buffer = ret->bytes[i]};
	if (memory_read(&process->live.memory, ranges, N_READINGS))
		return false;
	for (size_t i = 0; i < N_READINGS; i++)
		ret->ok[i] = ranges[i].ok;
	return ret->ok[AS_GLIBC];
}

/* More than a bit pattern: a mutex that is waited for in a state in which it can be. */
static bool is_waited_mutex(const struct futex *futex)
{
	uint32_t tid = futex->word & WORD_TID_MASK;

	if (!futex->mutex.libc || !(futex->word & WORD_WAITERS))
		return false;
	if (!tid)
		return futex->word & WORD_OWNER_DIED;
	/* glibc notes the owner a second time, though only after it has the word. */
	return !futex->mutex.owner_field || futex->mutex.owner_field == tid;
}

static bool as_robust(const struct surroundings *around, unsigned bits, struct futex *futex)
{
	static const struct {
		const char *libc;
		enum reading reading;
	} libcs[] = {{"glibc", AS_GLIBC}, {"musl", AS_MUSL}};

	for (size_t i = 0; i < sizeof(libcs) / sizeof(libcs[0]); i++) {
		const struct mutex_layout *layout = mutex_layout_of(libcs[i].libc, bits);

		if (around->ok[libcs[i].reading] &&
		    layout->decode(layout, around->bytes[libcs[i].reading], &futex->mutex) &&
		    is_waited_mutex(futex))
			return true;
	}
	futex->mutex = (struct mutex_info){0};
	return false;
}

/* Which lock it is. False: none that has an owner. A hint's word is made to name its owner. */
static bool recognise(const struct surroundings *around, const struct wait *wait, unsigned bits,
		      struct futex *futex, enum lock_sort *ret_sort)
{
	uint32_t owner;

	memcpy(&futex->word, around->bytes[AS_GLIBC], sizeof(futex->word));
	*ret_sort = LOCK_ROBUST;
	if (as_robust(around, bits, futex))
		return true;
	*ret_sort = LOCK_PLAIN_PI;
	if (wait->pi)
		return futex->word & WORD_TID_MASK;
	*ret_sort = LOCK_PLAIN_MUTEX;
	owner = plain_mutex_owner(around->bytes[AS_GLIBC], bits);
	if (!owner)
		*ret_sort = LOCK_PLAIN_RWLOCK;
	if (!owner && around->ok[AS_RWLOCK_PHASE])
		owner = plain_rwlock_writer(around->bytes[AS_RWLOCK_PHASE], bits);
	if (!owner && around->ok[AS_RWLOCK_WRITER])
		owner = plain_rwlock_writer(around->bytes[AS_RWLOCK_WRITER], bits);
	futex->word = owner | WORD_WAITERS;
	return owner != 0;
}

uint32_t look_named_by(struct look_process *process, const struct wait *wait,
		       const struct lock *lock)
{
	struct surroundings around;
	struct futex futex = {.address = wait->address, .word_ok = true};
	enum lock_sort sort;

	/* A list tells what it is; whose mutex it is, if anybody's, we may not know. */
	if (lock->on_list && lock->sort == LOCK_ROBUST)
		return memory_read_one(&process->live.memory, wait->address, &futex.word,
				       sizeof(futex.word))
			       ? 0
			       : futex.word & WORD_TID_MASK;
	if (wait->address % sizeof(uint32_t) || !look_around_wait(process, wait->address, &around))
		return 0;
	if (!recognise(&around, wait, process->bits, &futex, &sort))
		return 0;
	return futex.word & WORD_TID_MASK;
}

static int scan_wait(struct look *look, struct look_process *process, const struct wait *wait)
{
	struct surroundings around;
	struct futex futex = {.address = wait->address, .word_ok = true, .lock = LOCK_NONE};
	struct occurrence occurrence = {
		.key = place_key(&wait->place, process->mm, wait->address),
		.process = (size_t)(process - look->processes),
		.task = SIZE_MAX,
		.bits = process->bits,
	};

	/* A process that ends under us has nothing to show. */
	if (wait->address % sizeof(uint32_t) || !look_around_wait(process, wait->address, &around))
		return 0;
	if (!recognise(&around, wait, process->bits, &futex, &occurrence.sort))
		return 0;
	futex.mutex.shared = wait->place.shared;
	occurrence.futex = arena_copy(&look->out->arena, &futex, sizeof(futex));
	if (!occurrence.futex)
		return -ENOMEM;
	return look_add_occurrence(look, &occurrence);
}

int look_scan_waits(struct look *look)
{
	int error = 0;

	for (size_t i = 0; i < look->out->n_tasks && !error; i++) {
		const struct task *task = &look->out->tasks[i];

		for (size_t j = 0; j < task->n_waits && !error; j++)
			error = scan_wait(look, look_process_of(look, i), &task->waits[j]);
	}
	return error;
}
