/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel with the new API would do to a task's lists at its end, for lists that are
 * emulated. Words in shared memory are marked by us, through a mapping of our own. Words in private
 * memory matter only while another task lives in that memory: that task marks them for us, and the
 * dying one stands still until it has.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "abi/wait_calls.h"
#include "base/clock.h"
#include "follow/owed.h"
#include "follow/session.h"
#include "target/mark.h"
#include "target/procfs.h"

/* So long a dying task stands still at most; then its job is done behind its death. */
#define HOLD_NS UINT64_C(2000000000)

static bool has_lists(const struct follow *follow, const struct engine_task *task)
{
	const struct follow_task *data = task->data;

	for (unsigned i = 0; data && follow->request.emulate && i < REVISION_LISTS_MAX; i++)
		if (data->lists.slots[i].head)
			return true;
	return false;
}

/* ---- Doing it ---- */

static int note(struct follow *follow, struct engine_task *task, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int note(struct follow *follow, struct engine_task *task, const char *format, ...)
{
	struct event event = session_event(follow, task, EVENT_NOTE);
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	event.text = text;
	return session_emit(follow, &event);
}

/* Marks what we can reach ourselves. The number of words that are left. */
static size_t mark_what_is_shared(struct owed *owed)
{
	size_t left = 0;

	for (size_t i = 0; i < owed->count; i++) {
		struct owed_word *word = &owed->words[i];

		if (word->fd >= 0)
			word->done = mark_shared(word->fd, word->offset, &word->mark) == 0;
		left += !word->done;
	}
	return left;
}

/* Words that nobody could mark. Private ones whose memory is gone are nobody's loss. */
static int tell_lost(struct follow *follow, struct engine_task *task, const struct owed *owed)
{
	int error = 0;

	for (size_t i = 0; i < owed->count && !error; i++) {
		const struct owed_word *word = &owed->words[i];

		if (word->shared && !word->done)
			error = note(
				follow, task,
				"list #%u of %d is emulated, and nobody could mark its lock at "
				"%#llx: it stays locked",
				word->index, owed->tid, (unsigned long long)word->address);
	}
	return error;
}

struct candidates {
	const struct owed *owed;
	pid_t best;
	unsigned score;
};

/* Whether a thread sleeps on one of the words; then it is asked last. */
static bool waits_for_one(const struct owed *owed, const struct engine_task *task)
{
	int fd = procfs_open_tasks(task->pid);
	struct proc_syscall call;
	bool waits = false;

	if (fd < 0)
		return false;
	if (procfs_syscall(fd, task->tid, &call) == 0 && !call.running)
		for (size_t i = 0; i < owed->count; i++)
			waits = waits || call.args[0] == owed->words[i].address;
	close(fd);
	return waits;
}

/* A parent in vfork cannot be stopped before its child is gone; one under job control rests. */
static bool can_come(const struct engine_task *task)
{
	struct proc_stat stat;

	return procfs_stat(task->pid, task->tid, &stat) == 0 && stat.state != 'D' &&
	       stat.state != 'Z' && stat.state != 'X';
}

static bool same_memory(const struct owed *owed, const struct engine_task *task)
{
	return task->pid == owed->pid || kernel_compare_memory(task->pid, owed->pid) == 0;
}

static void consider(void *context, struct engine_task *task)
{
	struct candidates *candidates = context;
	unsigned score;

	if (task->tid == candidates->owed->tid || task->leaving || !task->seen ||
	    !same_memory(candidates->owed, task))
		return;
	score = task->wait.kind == WAIT_GROUP_STOP || !can_come(task) ? 1
		: waits_for_one(candidates->owed, task)               ? 2
								      : 3;
	if (score > candidates->score) {
		candidates->score = score;
		candidates->best = task->tid;
	}
}

/* Who could do the job. 0: nobody. *ret_soon: it can be had while the dying one stands still. */
static pid_t find_candidate(const struct follow *follow, const struct owed *owed, bool *ret_soon)
{
	struct candidates candidates = {.owed = owed};

	engine_each(follow->engine, consider, &candidates);
	*ret_soon = candidates.score > 1;
	return candidates.best;
}

static void release(struct follow *follow, struct owed *owed)
{
	if (!owed->holding)
		return;
	owed->holding = false;
	if (engine_find(follow->engine, owed->tid) == owed->held.task)
		engine_resume(follow->engine, &owed->held, false);
}

/* Leaves a job. *ret_hold: the dying task waits for it. */
static int leave_job(struct follow *follow, struct owed *owed, const struct engine_stop *stop,
		     bool *ret_hold)
{
	bool soon;
	pid_t candidate = find_candidate(follow, owed, &soon);
	if (!candidate) {
		int error = stop ? tell_lost(follow, stop->task, owed) : 0;
		owed_free(owed);
		return error;
	}
	if (stop && soon) {
		owed->held = *stop;
		owed->holding = true;
		owed->hold_until_ns = clock_now_ns() + HOLD_NS;
		*ret_hold = true;
	}
	owed->next = follow->owed;
	follow->owed = owed;
	return owed_look_after(follow);
}

int owed_at_end(struct follow *follow, const struct engine_stop *stop, bool *ret_hold)
{
	struct follow_task *data = stop->task->data;
	struct owed *owed;
	int error;

	if (!has_lists(follow, stop->task))
		return 0;
	error = owed_gather(follow, stop->task, &owed);
	/* The end of a thread has two stops at times; once is enough. */
	data->lists = (struct emulated_lists){0};
	if (error || !owed)
		return error;
	if (mark_what_is_shared(owed) == 0) {
		owed_free(owed);
		return 0;
	}
	/* From here on it is nobody's proxy. */
	stop->task->leaving = true;
	return leave_job(follow, owed, stop, ret_hold);
}

struct sharer {
	pid_t pid;
	pid_t found;
};

static void find_sharer(void *context, struct engine_task *task)
{
	struct sharer *sharer = context;

	if (!sharer->found && !task->leaving && task->pid != sharer->pid &&
	    kernel_compare_memory(task->pid, sharer->pid) == 0)
		sharer->found = task->pid;
}

int owed_before_exec(struct follow *follow, const struct engine_stop *stop)
{
	struct follow_task *data = session_task(follow, stop->task);
	struct sharer sharer = {.pid = stop->task->pid};
	int error;

	if (!data)
		return -ENOMEM;
	owed_free(data->owed);
	data->owed = NULL;
	if (!has_lists(follow, stop->task))
		return 0;
	error = owed_gather(follow, stop->task, &data->owed);
	if (!data->owed)
		return error;
	/* Its memory has another owner then, or none: a process that was made with CLONE_VM. */
	engine_each(follow->engine, find_sharer, &sharer);
	data->owed->pid = sharer.found;
	return error;
}

int owed_at_exec(struct follow *follow, struct engine_task *task, struct engine_task *former)
{
	struct follow_task *data = former ? former->data : NULL;
	struct follow_task *own = task->data;
	struct owed *owed = data ? data->owed : NULL;
	bool hold;

	if (data) {
		data->owed = NULL;
		data->lists = (struct emulated_lists){0};
	}
	if (own)
		own->lists = (struct emulated_lists){0};
	/* A thread that was not the leader has the leader's TID by now: no word is its own. */
	if (!owed || former != task) {
		owed_free(owed);
		return 0;
	}
	if (mark_what_is_shared(owed) == 0 || !owed->pid) {
		owed_free(owed);
		return 0;
	}
	return leave_job(follow, owed, NULL, &hold);
}

/* Whether the stopped task waits for this very word: then it is the one that is woken. */
static bool waits_there(const struct inject *inject, target_addr address)
{
#if defined(__x86_64__)
	const struct user_regs_struct *registers = &inject->registers;
	unsigned bits = inject->bits;
	const struct wait_call *call = wait_call_find(wait_abi_native(bits),
						      (long)registers->orig_rax);
	uint64_t first = bits == 64 ? registers->rdi : (uint32_t)registers->rbx;
	uint64_t second = bits == 64 ? registers->rsi : (uint32_t)registers->rcx;

	return call && call->form == WAIT_FORM_FUTEX && first == address &&
	       futex_op_decode(second).waits && !(second & FUTEX_OP_PRIVATE);
#else
	(void)inject;
	(void)address;
	return false;
#endif
}

static int serve(const struct follow *follow, struct owed *owed, const struct engine_stop *stop)
{
	struct inject inject;
	struct live_memory live;
	bool woken_itself = false;
	int error = inject_begin(&inject, stop->task->pid, stop->task->tid);

	if (error)
		return error;
	live_memory_open(&live, stop->task->pid, stop->task->tid);
	for (size_t i = 0; i < owed->count && !error; i++) {
		struct owed_word *word = &owed->words[i];
		bool waits = !woken_itself && waits_there(&inject, word->address);
		bool woken = false;

		if (word->done)
			continue;
		error = mark_by_task(&inject, &live.memory, word->address, &word->mark, waits,
				     &woken);
		woken_itself = woken_itself || (waits && woken);
		/* A word that cannot be written is where the kernel would have stopped. */
		word->done = error != -ESRCH;
		if (error == -EFAULT)
			error = 0;
	}
	live_memory_close(&live);
	inject_end(&inject, woken_itself);
	if (inject.ended)
		error = engine_requeue(follow->engine, stop->task, inject.status);
	return error;
}

/* Stops between two instructions of the task's own code, with nothing else under way. */
static bool is_suitable(const struct engine_stop *stop)
{
	return stop->kind == ENGINE_ASKED ||
	       (stop->kind == ENGINE_ATTACHED && !stop->task->again) ||
	       (stop->kind == ENGINE_END && (stop->result > -512 || stop->result < -516));
}

static void remove_job(struct follow *follow, struct owed *owed)
{
	struct owed **at = &follow->owed;

	while (*at != owed)
		at = &(*at)->next;
	*at = owed->next;
	owed->next = NULL;
	owed_free(owed);
}

int owed_serve(struct follow *follow, const struct engine_stop *stop)
{
	struct owed *next;

	if (!follow->owed || !is_suitable(stop))
		return 0;
	for (struct owed *owed = follow->owed; owed; owed = next) {
		int error;

		next = owed->next;
		if (owed->tid == stop->task->tid || !same_memory(owed, stop->task))
			continue;
		error = serve(follow, owed, stop);
		if (error == -ENOMEM)
			return error;
		/* Killed while it did it: somebody else will go on where it stopped. */
		owed->asked = 0;
		if (error)
			break;
		release(follow, owed);
		remove_job(follow, owed);
	}
	return 0;
}

int owed_look_after(struct follow *follow)
{
	uint64_t now = clock_now_ns();
	struct owed *next;

	for (struct owed *owed = follow->owed; owed; owed = next) {
		struct engine_task *asked = owed->asked ? engine_find(follow->engine, owed->asked)
							: NULL;
		bool soon;

		next = owed->next;
		if (owed->holding && now > owed->hold_until_ns)
			release(follow, owed);
		if (asked && !asked->leaving)
			continue;
		owed->asked = find_candidate(follow, owed, &soon);
		if (!owed->asked) {
			/* With its last task the memory is gone. */
			release(follow, owed);
			remove_job(follow, owed);
			continue;
		}
		if (!soon)
			release(follow, owed);
		engine_ask(engine_find(follow->engine, owed->asked));
	}
	return 0;
}
