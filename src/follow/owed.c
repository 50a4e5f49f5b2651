/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel with the new API would do to a task's lists at its end, for lists that are
 * emulated. Words in shared memory are marked by us, through a mapping of our own. Words in private
 * memory matter only while another task lives in that memory: that task marks them for us, and the
 * dying one stands still until it has.
 */
#include <errno.h>
#include <inttypes.h>
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
		if (emulate_is_ours(&data->lists.slots[i]))
			return true;
	return false;
}

/* ---- Doing it ---- */

/* Locks that are named in one note. */
#define NAMED_MAX 8

/* Private ones whose memory is gone are nobody's loss. */
static bool is_lost(const struct owed_word *word)
{
	return word->shared && !word->done;
}

/* Words that nobody could mark. */
static int tell_lost(struct follow *follow, struct engine_task *task, const struct owed *owed)
{
	struct event event = session_event(follow, task, EVENT_NOTE);
	char text[96 + NAMED_MAX * 32];
	size_t named = 0;
	int used;

	for (size_t i = 0; i < owed->count; i++)
		event.unmarked += is_lost(&owed->words[i]);
	if (!event.unmarked)
		return 0;
	used = snprintf(text, sizeof(text),
			"%zu lock%s on emulated lists of %d stay%s locked: nobody could mark",
			event.unmarked, event.unmarked == 1 ? "" : "s", owed->tid,
			event.unmarked == 1 ? "s" : "");
	for (size_t i = 0; i < owed->count && named < NAMED_MAX; i++) {
		const struct owed_word *word = &owed->words[i];

		if (is_lost(word))
			used += snprintf(text + used, sizeof(text) - (size_t)used,
					 "%s #%u 0x%" PRIx64, named++ ? "," : "", word->index,
					 word->address);
	}
	if (named < event.unmarked)
		snprintf(text + used, sizeof(text) - (size_t)used, ", ... and %zu more",
			 event.unmarked - named);
	event.text = text;
	return session_emit(follow, &event);
}

static int tell_unread(struct follow *follow, struct engine_task *task)
{
	struct event event = session_event(follow, task, EVENT_NOTE);
	char text[128];

	snprintf(text, sizeof(text),
		 "the kernel did not tell of the end of %d before it was gone: what is on its "
		 "emulated lists stays locked",
		 task->tid);
	event.text = text;
	event.unread = true;
	return session_emit(follow, &event);
}

/* ---- Jobs ---- */

static void release(struct follow *follow, struct owed *owed)
{
	if (!owed->holding)
		return;
	owed->holding = false;
	if (engine_find(follow->engine, owed->tid) == owed->held.task)
		engine_resume(follow->engine, &owed->held, false);
}

/* Leaves a job. ret_hold: the dying task of `stop` can wait for it; NULL: it cannot. */
static int leave_job(struct follow *follow, struct owed *owed, const struct engine_stop *stop,
		     bool *ret_hold)
{
	bool soon = owed_choose(follow, owed);

	if (!owed->asked) {
		int error = tell_lost(follow, stop->task, owed);
		owed_free(owed);
		return error;
	}
	if (ret_hold && soon) {
		owed->held = *stop;
		owed->holding = true;
		owed->hold_until_ns = clock_now_ns() + HOLD_NS;
		*ret_hold = true;
	}
	owed->next = follow->owed;
	follow->owed = owed;
	engine_ask(engine_find(follow->engine, owed->asked));
	return 0;
}

/* What we cannot do ourselves is a job for others. */
static int settle(struct follow *follow, struct owed *owed, const struct engine_stop *stop,
		  bool *ret_hold)
{
	if (owed_mark_shared(owed) == 0) {
		owed_free(owed);
		return 0;
	}
	return leave_job(follow, owed, stop, ret_hold);
}

int owed_at_end(struct follow *follow, const struct engine_stop *stop, bool *ret_hold)
{
	struct follow_task *data = stop->task->data;
	struct owed *owed;
	int error;

	if (!has_lists(follow, stop->task))
		return 0;
	error = owed_gather(follow, stop->task, stop->task->tid, &owed);
	/* The end of a thread has two stops at times; once is enough. */
	data->lists = (struct emulated_lists){0};
	if (error || !owed)
		return error;
	/* From here on it is nobody's proxy. */
	stop->task->leaving = true;
	return settle(follow, owed, stop, ret_hold);
}

/* Another task with the memory of this one. */
struct sharer {
	pid_t pid;
	pid_t tid;
	bool not_thread; /* nor one of its process */
	const struct engine_task *found;
};

static void find_sharer(void *context, struct engine_task *task)
{
	struct sharer *sharer = context;

	if (sharer->found || task->leaving || task->tid == sharer->tid ||
	    (sharer->not_thread && task->pid == sharer->pid))
		return;
	if (task->pid == sharer->pid || kernel_compare_memory(task->pid, sharer->pid) == 0)
		sharer->found = task;
}

int owed_when_gone(struct follow *follow, const struct engine_stop *stop)
{
	struct follow_task *data = stop->task->data;
	struct sharer sharer = {.pid = stop->task->pid, .tid = stop->task->tid};
	struct owed *owed;
	int error;

	if (!has_lists(follow, stop->task))
		return 0;
	engine_each(follow->engine, find_sharer, &sharer);
	if (!sharer.found)
		return tell_unread(follow, stop->task);
	error = owed_gather(follow, stop->task, sharer.found->tid, &owed);
	data->lists = (struct emulated_lists){0};
	if (error || !owed)
		return error;
	return settle(follow, owed, stop, NULL);
}

/* What the exec of a task's process makes it leave behind; `caller` stands still before that. */
static int gather_for_exec(struct follow *follow, struct engine_task *task,
			   const struct engine_task *caller)
{
	struct follow_task *data = session_task(follow, task);
	struct sharer sharer = {.pid = task->pid, .tid = task->tid, .not_thread = true};
	int error;

	if (!data)
		return -ENOMEM;
	owed_free(data->owed);
	data->owed = NULL;
	if (!has_lists(follow, task))
		return 0;
	error = owed_gather(follow, task, caller->tid, &data->owed);
	if (!data->owed)
		return error;
	engine_each(follow->engine, find_sharer, &sharer);
	/*
	 * Its memory has another owner then, or none: a process that was made with CLONE_VM. Its
	 * own threads will be gone.
	 */
	data->owed->pid = sharer.found ? sharer.found->pid : 0;
	return error;
}

int owed_before_exec(struct follow *follow, const struct engine_stop *stop)
{
	struct engine_task *leader = engine_find(follow->engine, stop->task->pid);
	int error = gather_for_exec(follow, stop->task, stop->task);

	/* Should its last stop be missed, nothing at all will tell of its end. */
	if (!error && leader && leader != stop->task && !leader->leaving)
		error = gather_for_exec(follow, leader, stop->task);
	return error;
}

/* Its lists are gone, and what was gathered of them is the caller's. NULL: nothing is left to do. */
static struct owed *take_gathered(const struct follow *follow, struct engine_task *task)
{
	struct follow_task *data = task ? task->data : NULL;
	struct owed *owed = data ? data->owed : NULL;

	/* Where its last stop was seen, all was done then. */
	if (owed && !has_lists(follow, task)) {
		owed_free(owed);
		owed = NULL;
	}
	if (data) {
		data->owed = NULL;
		data->lists = (struct emulated_lists){0};
	}
	return owed;
}

int owed_at_exec(struct follow *follow, const struct engine_stop *stop, struct engine_task *former)
{
	struct owed *owed;

	/* A thread that was not the leader has the leader's TID by now: no word is its own. */
	if (former != stop->task)
		owed_free(take_gathered(follow, former));
	/* The caller's, or those of the leader that was lost on the way. */
	owed = take_gathered(follow, stop->task);
	return owed ? settle(follow, owed, stop, NULL) : 0;
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

	return inject_interrupted(inject) && call && call->form == WAIT_FORM_FUTEX &&
	       first == address && futex_op_decode(second).waits && !(second & FUTEX_OP_PRIVATE);
#else
	(void)inject;
	(void)address;
	return false;
#endif
}

static int serve(struct follow *follow, struct owed *owed, const struct engine_stop *stop)
{
	bool same = owed_same_memory(owed, stop->task);
	const struct maps *maps = same ? NULL
				       : owed_maps_for(follow, owed, stop->task, clock_now_ns());
	struct inject inject;
	struct live_memory live;
	bool woken_itself = false;
	int error = inject_begin(&inject, stop->task->pid, stop->task->tid);

	if (error)
		return error;
	live_memory_open(&live, stop->task->pid, stop->task->tid);
	for (size_t i = 0; i < owed->count && !error; i++) {
		struct owed_word *word = &owed->words[i];
		target_addr address = owed_reach(owed, word, same, maps);
		bool waits = address && !woken_itself && waits_there(&inject, address);
		bool woken = false;

		if (!address)
			continue;
		error = mark_by_task(&inject, &live.memory, address, &word->mark, waits, &woken);
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

static bool is_done(const struct owed *owed)
{
	for (size_t i = 0; i < owed->count; i++)
		if (!owed->words[i].done)
			return false;
	return true;
}

int owed_serve(struct follow *follow, const struct engine_stop *stop)
{
	struct owed *next;

	if (!follow->owed || !is_suitable(stop))
		return 0;
	for (struct owed *owed = follow->owed; owed; owed = next) {
		int error;

		next = owed->next;
		if (owed->asked != stop->task->tid &&
		    (owed->tid == stop->task->tid || !owed_same_memory(owed, stop->task)))
			continue;
		error = serve(follow, owed, stop);
		if (error == -ENOMEM)
			return error;
		if (error == -EOPNOTSUPP && session_task(follow, stop->task))
			((struct follow_task *)stop->task->data)->cannot_inject = true;
		/* Killed while it did it, or it could do a part: somebody else goes on. */
		owed->asked = 0;
		if (error)
			break;
		if (!is_done(owed))
			continue;
		release(follow, owed);
		remove_job(follow, owed);
	}
	return 0;
}

/* Nobody is left who could do it. */
static int give_up(struct follow *follow, struct owed *owed)
{
	int error = tell_lost(follow, engine_find(follow->engine, owed->tid), owed);

	release(follow, owed);
	remove_job(follow, owed);
	return error;
}

uint64_t owed_deadline(const struct follow *follow)
{
	uint64_t first = 0;

	for (const struct owed *owed = follow->owed; owed; owed = owed->next)
		if (owed->holding && (!first || owed->hold_until_ns < first))
			first = owed->hold_until_ns;
	return first;
}

int owed_look_after(struct follow *follow)
{
	uint64_t now = clock_now_ns();
	struct owed *next;
	int error = 0;

	for (struct owed *owed = follow->owed; owed && !error; owed = next) {
		struct engine_task *asked = owed->asked ? engine_find(follow->engine, owed->asked)
							: NULL;
		bool soon;

		next = owed->next;
		if (owed->holding && now > owed->hold_until_ns)
			release(follow, owed);
		if (asked && !asked->leaving)
			continue;
		soon = owed_choose(follow, owed);
		if (!owed->asked) {
			error = give_up(follow, owed);
			continue;
		}
		if (!soon)
			release(follow, owed);
		engine_ask(engine_find(follow->engine, owed->asked));
	}
	return error;
}
