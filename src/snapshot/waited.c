/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A waiter that keeps nothing in list_op_pending (any musl program) shows its lock only by the
 * address in its system call. When the bytes there are a robust mutex that somebody waits for,
 * it is a lock, also when its owner is dead and it is on no list.
 */
#include <errno.h>

#include "abi/futex_word.h"
#include "snapshot/look.h"
#include "walk_list.h"

/* More than a bit pattern: a mutex that is waited for in a state in which it can be. */
static bool is_waited_mutex(const struct futex *futex)
{
	uint32_t tid = futex->word & WORD_TID_MASK;

	if (!futex->word_ok || !futex->mutex.libc || !(futex->word & WORD_WAITERS))
		return false;
	if (!tid)
		return futex->word & WORD_OWNER_DIED;
	/* glibc notes the owner a second time, though only after it has the word. */
	return !futex->mutex.owner_field || futex->mutex.owner_field == tid;
}

static int add_waited(struct look *look, const struct look_process *process,
		      const struct wait *wait, const struct futex *futex)
{
	struct occurrence occurrence = {
		.place = wait->place,
		.key = place_key(&wait->place, process->mm, wait->address),
		.process = (size_t)(process - look->processes),
		.task = SIZE_MAX,
		.bits = process->bits,
		.futex = arena_copy(&look->out->arena, futex, sizeof(*futex)),
	};

	if (!occurrence.futex)
		return -ENOMEM;
	occurrence.futex->mutex.shared = wait->place.shared;
	return look_add_occurrence(look, &occurrence);
}

static int scan_wait(struct look *look, struct look_process *process, const struct wait *wait)
{
	static const char *const libcs[] = {"glibc", "musl"};

	for (size_t i = 0; i < sizeof(libcs) / sizeof(libcs[0]); i++) {
		struct futex futex;

		/* A process that ends under us has nothing to show. */
		if (walk_read_futex(&process->live.memory, wait->address,
				    mutex_layout_of(libcs[i], process->bits), &futex))
			return 0;
		if (is_waited_mutex(&futex))
			return add_waited(look, process, wait, &futex);
	}
	return 0;
}

int look_scan_waits(struct look *look)
{
	int error = 0;

	for (size_t i = 0; i < look->out->n_tasks && !error; i++) {
		const struct task *task = &look->out->tasks[i];

		for (size_t j = 0; j < task->n_waits && !error; j++)
			if (task->waits[j].address % sizeof(uint32_t) == 0)
				error = scan_wait(look, look_process_of(look, i), &task->waits[j]);
	}
	return error;
}
