/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a thread: what it holds, what the kernel will do with it, and what it did. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/futex_word.h"
#include "base/cleanup.h"
#include "follow/session.h"
#include "guard.h"
#include "lock_label.h"
#include "names.h"
#include "place.h"
#include "snapshot.h"
#include "target/procfs.h"
#include "walk_list.h"

/* A file in which locks of the dying lie: it can be read when all their memory is gone. */
struct death_file {
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	int fd;
};

/* Files kept open for one death. */
#define FILES_MAX 64

void death_forget(struct follow_task *data)
{
	for (size_t i = 0; i < data->n_files; i++)
		if (data->files[i].fd >= 0)
			close(data->files[i].fd);
	data->files = NULL;
	data->n_files = 0;
	data->death = NULL;
}

void death_begin_anew(struct follow_task *data)
{
	death_forget(data);
	data->death_told = false;
	data->at_exit = false;
	data->doubt_told = false;
	data->in_call = false;
}

/* ---- The lists ---- */

/* All lists of the thread, walked, into its arena. Their number or a negative errno. */
static ssize_t read_lists(struct follow *follow, struct engine_task *task, struct arena *arena,
			  struct list **ret)
{
	struct list heads[HEADS_MAX] = {0};
	struct walk walks[HEADS_MAX] = {0};
	ssize_t count;
	struct live_memory live;
	ssize_t n_empty = 0;
	int error;

	live_memory_open(&live, task->pid, task->tid);
	count = session_heads(follow, task, &live.memory, heads);
	for (ssize_t i = 0; i < count; i++) {
		walks[i].list = heads[i];
		n_empty += walk_empty(&live.memory, &heads[i]);
	}
	/* Most threads die so. */
	if (count <= 0 || n_empty == count) {
		live_memory_close(&live);
		return count < 0 ? count : 0;
	}
	error = walk_lists(&live.memory, walks, (size_t)count);
	live_memory_close(&live);
	*ret = error ? NULL : arena_alloc(arena, (size_t)count * sizeof(**ret));
	for (ssize_t i = 0; i < count; i++) {
		struct list *list = &walks[i].list;

		if (*ret) {
			struct futex *entries = arena_copy(arena, list->entries,
							   list->n_entries * sizeof(*entries));

			if (!entries)
				error = -ENOMEM;
			(*ret)[i] = *list;
			(*ret)[i].entries = entries;
		}
		walk_release(&walks[i]);
	}
	if (!error && !*ret)
		error = -ENOMEM;
	return error ? error : count;
}

static bool nothing_on(const struct list *lists, ssize_t count)
{
	for (ssize_t i = 0; i < count; i++)
		if (lists[i].n_entries || lists[i].has_pending || lists[i].end != LIST_COMPLETE)
			return false;
	return true;
}

/* Leaves what the kernel touches, or should. */
static void drop_untouched(struct death *death)
{
	size_t kept = 0;

	for (size_t i = 0; i < death->n_locks; i++)
		if (death->locks[i].fate != FATE_NOTHING)
			death->locks[kept++] = death->locks[i];
	death->n_locks = kept;
}

/* ---- Names and waiters ---- */

/* The locks of a picture by place: a death may have thousands. */
struct placed_lock {
	struct futex_key key;
	const struct lock *lock;
};

static int compare_placed(const void *left, const void *right)
{
	return place_compare(&((const struct placed_lock *)left)->key,
			     &((const struct placed_lock *)right)->key);
}

/* Malloced; NULL without memory. */
static struct placed_lock *sort_by_place(const struct snapshot *picture)
{
	struct placed_lock *placed = calloc(picture->n_locks + 1, sizeof(*placed));

	for (size_t i = 0; i < picture->n_locks && placed; i++) {
		const struct lock *lock = &picture->locks[i];

		placed[i] = (struct placed_lock){place_key(&lock->place, lock->pid, lock->address),
						 lock};
	}
	if (placed)
		qsort(placed, picture->n_locks, sizeof(*placed), compare_placed);
	return placed;
}

/* A task that ends itself waits for nothing, though its last system call may look like it. */
static bool is_leaving(struct follow *follow, pid_t tid)
{
	const struct engine_task *task = engine_find(follow->engine, tid);

	return task && task->leaving;
}

static int take_from_lock(struct follow *follow, const struct snapshot *picture,
			  const struct lock *lock, struct arena *arena, struct death_lock *mine)
{
	char text[LABEL_MAX];

	name_lock(lock, text);
	mine->label = arena_strdup(arena, text);
	mine->waiters = arena_alloc(arena, (lock->n_waiters + 1) * sizeof(*mine->waiters));
	if (!mine->label || !mine->waiters)
		return -ENOMEM;
	for (size_t i = 0; i < lock->n_waiters; i++) {
		pid_t tid = picture->tasks[lock->waiters[i].task].tid;

		if (!is_leaving(follow, tid))
			mine->waiters[mine->n_waiters++] = tid;
	}
	return 0;
}

static int take_from_picture(struct follow *follow, const struct snapshot *picture,
			     struct arena *arena, pid_t pid, struct death *death)
{
	cleanup_free struct placed_lock *placed = sort_by_place(picture);
	int error = placed ? 0 : -ENOMEM;

	for (size_t i = 0; i < death->n_locks && !error; i++) {
		struct death_lock *mine = &death->locks[i];
		struct placed_lock wanted = {
			.key = place_key(&mine->place, pid, mine->futex->address)};
		const struct placed_lock *found = bsearch(&wanted, placed, picture->n_locks,
							  sizeof(*placed), compare_placed);

		/* Of what is not mapped, the address says all there is to say. */
		if (found && mine->place.kind != PLACE_UNKNOWN)
			error = take_from_lock(follow, picture, found->lock, arena, mine);
	}
	return error;
}

static void find_places(struct engine_task *task, struct death *death)
{
	const struct maps *maps = session_maps(task->data, task->tid, 0);
	struct live_memory live;

	live_memory_open(&live, task->pid, task->tid);
	for (size_t i = 0; i < death->n_locks && maps; i++)
		death->locks[i].place = place_look(&live.memory, maps,
						   death->locks[i].futex->address);
	live_memory_close(&live);
}

/* Where each lies. 1: some have FUTEX_WAITERS; 0, -ENOMEM. */
static int name_places(struct engine_task *task, struct arena *arena, struct death *death)
{
	const struct maps *maps = session_maps(task->data, task->tid, UINT64_MAX);
	struct live_memory live;
	bool contended = false;
	int error = 0;

	live_memory_open(&live, task->pid, task->tid);
	for (size_t i = 0; i < death->n_locks && !error; i++) {
		struct death_lock *lock = &death->locks[i];
		char text[LABEL_MAX];

		contended = contended || (lock->futex->word_ok && lock->futex->word & WORD_WAITERS);
		/* Of what is not mapped, the address says all there is to say. */
		if (lock->place.kind == PLACE_UNKNOWN)
			continue;
		lock_label(&live.memory, maps, &lock->place, task->pid, lock->futex->address,
			   lock->bits, text);
		lock->label = arena_strdup(arena, text);
		/* The maps may be read anew before this is told. */
		if (lock->place.path)
			lock->place.path = arena_strdup(arena, lock->place.path);
		if (!lock->label)
			error = -ENOMEM;
	}
	live_memory_close(&live);
	return error ? error : contended;
}

static int name_locks(struct follow *follow, struct engine_task *task, struct arena *arena,
		      struct death *death)
{
	struct snapshot_request request = {
		.pids = &task->pid, .n_pids = 1, .emulated = session_emulated(follow)};
	struct snapshot picture;
	int error = name_places(task, arena, death);

	if (error <= 0)
		return error;
	/* Who waits is a question to all processes that share the lock. */
	if (snapshot_take(&request, &picture))
		return 0;
	error = take_from_picture(follow, &picture, arena, task->pid, death);
	snapshot_free(&picture);
	return error;
}

/* ---- Reading the words afterwards ---- */

static struct death_file *find_file(struct follow_task *data, const struct place *place)
{
	for (size_t i = 0; i < data->n_files; i++) {
		struct death_file *file = &data->files[i];

		if (file->inode == place->inode && file->dev_major == place->dev_major &&
		    file->dev_minor == place->dev_minor)
			return file;
	}
	return NULL;
}

static int open_files(struct engine_task *task, struct arena *arena, const struct death *death)
{
	struct follow_task *data = task->data;
	const struct maps *maps = session_maps(data, task->tid, UINT64_MAX);

	data->files = arena_alloc(arena, FILES_MAX * sizeof(*data->files));
	if (!data->files)
		return -ENOMEM;
	for (size_t i = 0; i < death->n_locks && maps; i++) {
		const struct place *place = &death->locks[i].place;
		const struct map *map;

		if (!place->shared || find_file(data, place) || data->n_files == FILES_MAX)
			continue;
		map = maps_find(maps, death->locks[i].futex->address);
		if (map)
			data->files[data->n_files++] = (struct death_file){
				.dev_major = place->dev_major,
				.dev_minor = place->dev_minor,
				.inode = place->inode,
				.fd = maps_open(task->tid, map, O_RDONLY)};
	}
	return 0;
}

struct search {
	pid_t pid;
	pid_t not_tid;
	pid_t found;
};

static void visit_task(void *context, struct engine_task *task)
{
	struct search *search = context;

	if (task->pid == search->pid && task->tid != search->not_tid && !task->leaving)
		search->found = task->tid;
}

/* Private memory lives as long as another thread of the process. */
static pid_t living_thread(struct follow *follow, const struct engine_task *task)
{
	struct search search = {.pid = task->pid, .not_tid = task->tid};

	engine_each(follow->engine, visit_task, &search);
	return search.found;
}

static bool read_after(struct follow_task *data, struct death_lock *lock, struct memory *memory)
{
	uint32_t word;

	if (lock->place.shared) {
		const struct death_file *file = find_file(data, &lock->place);

		if (!file || file->fd < 0 ||
		    pread(file->fd, &word, sizeof(word), (off_t)lock->place.offset) != sizeof(word))
			return false;
	} else if (!memory || memory_read_one(memory, lock->futex->address, &word, sizeof(word))) {
		return false;
	}
	lock->after = word;
	lock->after_ok = true;
	return true;
}

/* ---- The three moments ---- */

int death_prepare(struct follow *follow, struct engine_task *task, bool by_exec)
{
	struct follow_task *data = session_task(follow, task);
	bool stuck = by_exec && task->tid != task->pid;
	struct death *death;
	struct list *lists = NULL;
	ssize_t count;
	int error;

	if (!data)
		return -ENOMEM;
	/* exit(2) came before its last stop: nothing has changed since. */
	if (data->death_told || data->at_exit)
		return 0;
	data->at_exit = !by_exec;
	death_forget(data);
	arena_free(&data->arena);
	data->in_call = false;
	count = read_lists(follow, task, &data->arena, &lists);
	if (count == -ENOMEM)
		return -ENOMEM;
	/* Gone already, or its memory is: there is nothing to tell. */
	if (count <= 0 || !lists || nothing_on(lists, count))
		return 0;
	death = arena_alloc(&data->arena, sizeof(*death));
	if (!death)
		return -ENOMEM;
	error = guard_judge_death(lists, (size_t)count, procfs_ns_tid(task->pid, task->tid),
				  &data->arena, death);
	if (error)
		return error;
	/* It will have the leader's TID when the kernel looks: no word is its own then. */
	for (size_t i = 0; i < death->n_locks && stuck; i++)
		if (death->locks[i].fate != FATE_NOTHING)
			death->locks[i].fate = death->locks[i].stale ? FATE_NOTHING
								     : FATE_STAYS_LOCKED;
	find_places(task, death);
	if (!stuck)
		error = guard_judge_writing(death, &data->arena);
	if (error)
		return error;
	drop_untouched(death);
	death->by_exec = by_exec;
	death->is_leader = by_exec && !stuck;
	for (size_t i = 0; i < death->n_locks && follow->request.emulate; i++)
		death->emulated = death->emulated || death->locks[i].kind == LIST_LIST2;
	if (!death->n_locks && death->worst == LIST_COMPLETE)
		return 0;
	error = name_locks(follow, task, &data->arena, death);
	if (!error)
		error = open_files(task, &data->arena, death);
	data->death = death;
	return error;
}

int death_tell(struct follow *follow, struct engine_task *task)
{
	struct follow_task *data = task->data;
	struct event event;

	if (!data || !data->death || data->death_told)
		return 0;
	data->death_told = true;
	event = session_event(follow, task, EVENT_DEATH);
	event.death = data->death;
	return session_emit(follow, &event);
}

int death_at_end(struct follow *follow, struct engine_task *task)
{
	int error;

	if (!(follow->request.groups & (CALL_LISTS | CALL_LIFE)))
		return 0;
	error = death_prepare(follow, task, false);
	return error ? error : death_tell(follow, task);
}

int death_after(struct follow *follow, struct engine_task *task, bool by_exec)
{
	struct follow_task *data = task->data;
	struct death *death = data ? data->death : NULL;
	struct live_memory live;
	struct event event;
	size_t count = 0;
	pid_t other;

	if (!death || !data->death_told)
		return 0;
	other = by_exec ? 0 : living_thread(follow, task);
	live_memory_open(&live, task->pid, other);
	for (size_t i = 0; i < death->n_locks; i++)
		count += read_after(data, &death->locks[i], other ? &live.memory : NULL);
	live_memory_close(&live);
	if (!count)
		return 0;
	event = session_event(follow, task, EVENT_DEATH_AFTER);
	event.death = death;
	return session_emit(follow, &event);
}
