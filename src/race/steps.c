/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "race/steps.h"

#include <string.h>

#include "abi/futex_word.h"

static bool is_pending(const struct steps_lock *lock, const struct race_view *view)
{
	return (view->pending & ~ENTRY_PI_BIT) == lock->entry;
}

static bool is_released(const struct steps_lock *lock, const struct race_view *view)
{
	return view->word_ok && (view->word & WORD_TID_MASK) != lock->tid;
}

static void note(struct race_steps *steps, enum race_step step, const struct race_view *view,
		 size_t at)
{
	if (steps->seen[step])
		return;
	steps->seen[step] = true;
	steps->at[step] = at;
	steps->view[step] = *view;
}

void steps_note(struct race_steps *steps, const struct steps_lock *lock,
		const struct race_view *view, size_t at)
{
	if (is_pending(lock, view))
		note(steps, STEP_PENDING, view, at);
	if (!view->on_list)
		note(steps, STEP_OFF_LIST, view, at);
	if (is_released(lock, view))
		note(steps, STEP_RELEASED, view, at);
	/* Before the first step it is clear as well. */
	if (steps->seen[STEP_PENDING] && !is_pending(lock, view))
		note(steps, STEP_CLEARED, view, at);
}

bool steps_in_window(const struct steps_lock *lock, const struct race_view *view)
{
	return is_pending(lock, view) && is_released(lock, view);
}

bool steps_over(const struct race_steps *steps)
{
	return steps->seen[STEP_RELEASED] && steps->seen[STEP_CLEARED];
}

bool steps_corrupted(const unsigned char before[RACE_BYTES], const unsigned char after[RACE_BYTES])
{
	uint32_t old;
	uint32_t new;

	memcpy(&old, before, sizeof(old));
	memcpy(&new, after, sizeof(new));
	return new == ((old & WORD_WAITERS) | WORD_OWNER_DIED) && new != old;
}
