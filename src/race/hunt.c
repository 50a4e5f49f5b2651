/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window in a real program: one of its threads is stopped between the release of a robust
 * futex and the moment when list_op_pending is cleared.
 *
 * Two ways lead there, side by side. At each FUTEX_WAKE of the program the caller's
 * list_op_pending is looked at: with glibc whoever wakes a waiter of a robust mutex is in the
 * window. And from time to time a thread that holds a lock is stopped and goes on by single steps,
 * for a bounded number of them, until it has released it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/call_flags.h"
#include "abi/futex_word.h"
#include "base/clock.h"
#include "names.h"
#include "place.h"
#include "race/hunt_parts.h"
#include "target/live.h"
#include "target/procfs.h"

/* Between two looks for a thread that holds a lock. */
#define LOOK_NS UINT64_C(20000000)
/* For letting all go. */
#define LET_GO_NS UINT64_C(5000000000)

static const int control_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

/* futex, futex_wake; i386: futex, futex_time64, futex_wake. */
static const struct filter_call calls[] = {{SYS_futex, 240}, {-1, 422}, {454, 454}};

static int fail(struct hunt *hunt, int error, const char *text)
{
	if (!hunt->failure->text[0]) {
		snprintf(hunt->failure->text, sizeof(hunt->failure->text), "%s", text);
		hunt->failure->error = -error;
	}
	return error;
}

/* ---- Which lock ---- */

static bool place_is_wanted(const struct race_hunt_request *request, const struct place *place,
			    target_addr address)
{
	if (request->by_address)
		return address == request->address;
	if (!request->by_file)
		return true;
	return place->shared && place->inode == request->inode &&
	       place->dev_major == request->dev_major && place->dev_minor == request->dev_minor &&
	       place->offset == request->offset;
}

bool hunt_is_wanted(const struct hunt *hunt, const struct engine_task *task, target_addr address)
{
	struct place place = {.kind = PLACE_UNKNOWN};
	struct maps maps;
	bool wanted;

	if (!hunt->request->by_file)
		return place_is_wanted(hunt->request, &place, address);
	if (maps_read(task->pid, task->tid, &maps))
		return false;
	place = place_find(&maps, address);
	wanted = place_is_wanted(hunt->request, &place, address);
	maps_free(&maps);
	return wanted;
}

/* ---- The window ---- */

static int open_file(const struct engine_task *task, const struct maps *maps, target_addr address)
{
	const struct map *map = maps_find(maps, address);
	struct stat status;
	char path[96];
	int fd;

	if (!map || !map->shared || !map->inode)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", task->pid,
		 (unsigned long long)map->start, (unsigned long long)map->end);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	fd = open(map->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &status) < 0 || status.st_ino != map->inode)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Who, which lock, and what is needed to read its word when the process is gone. */
static int describe(struct hunt *hunt, const struct engine_task *task)
{
	struct race_window *out = hunt->out;
	struct place place = {.kind = PLACE_UNKNOWN};
	char comm[PROC_COMM_MAX] = "";
	char label[LABEL_MAX];
	struct maps maps;
	int tasks = procfs_open_tasks(task->pid);

	out->pid = task->pid;
	out->tid = task->tid;
	if (tasks >= 0) {
		procfs_comm(tasks, task->tid, comm);
		close(tasks);
	}
	if (maps_read(task->pid, task->tid, &maps) == 0) {
		place = place_find(&maps, out->address);
		name_place(&place, task->pid, out->address, label);
		if (hunt->request->kill)
			hunt->after_fd = open_file(task, &maps, out->address);
		hunt->after_offset = place.offset;
		maps_free(&maps);
	} else {
		name_place(&place, task->pid, out->address, label);
	}
	out->comm = strdup(comm);
	out->label = strdup(label);
	return out->comm && out->label ? 0 : fail(hunt, -ENOMEM, "no memory");
}

int hunt_show_window(struct hunt *hunt, const struct engine_stop *stop, const struct list *list,
		     target_addr entry, target_addr address, uint32_t word)
{
	hunt->out->head = list->head;
	hunt->out->entry = entry;
	hunt->out->address = address;
	hunt->out->word = word;
	hunt->out->at_wake = stop->kind == ENGINE_ENTRY;
	hunt->found = true;
	hunt->last = *stop;
	return describe(hunt, stop->task);
}

/* ---- At a FUTEX_WAKE ---- */

static bool is_wake(const struct engine_stop *stop)
{
	if (stop->kind != ENGINE_ENTRY)
		return false;
	return stop->nr == 454 ||
	       call_futex_operation((uint32_t)stop->args[1]) == FUTEX_OPERATION_WAKE;
}

uint32_t hunt_number_in_words(const struct engine_task *task)
{
	struct proc_status status;

	return (uint32_t)(procfs_status(task->pid, task->tid, &status) == 0 ? status.ns_tid
									    : task->tid);
}

/* All lists of the thread, walked; to be given back by release_lists. */
ssize_t hunt_read_lists(const struct hunt *hunt, const struct engine_task *task,
			struct walk walks[HEADS_MAX])
{
	struct list heads[HEADS_MAX] = {0};
	struct live_memory live;
	ssize_t count;

	live_memory_open(&live, task->pid, task->tid);
	count = find_heads(&hunt->kernel, &live.memory, task->tid, heads);
	for (ssize_t i = 0; i < count; i++)
		walks[i] = (struct walk){.list = heads[i]};
	if (count > 0 && walk_lists(&live.memory, walks, (size_t)count))
		count = 0;
	live_memory_close(&live);
	return count > 0 ? count : 0;
}

static void release_lists(struct walk walks[HEADS_MAX], ssize_t count)
{
	for (ssize_t i = 0; i < count; i++)
		walk_release(&walks[i]);
}

static int look_at_wake(struct hunt *hunt, const struct engine_stop *stop)
{
	struct walk walks[HEADS_MAX];
	ssize_t count = hunt_read_lists(hunt, stop->task, walks);
	uint32_t tid = hunt_number_in_words(stop->task);
	target_addr woken = stop->bits == 64 ? stop->args[0] : (uint32_t)stop->args[0];
	int error = 0;

	for (ssize_t i = 0; i < count && !hunt->found && !error; i++) {
		const struct list *list = &walks[i].list;
		const struct futex *pending = &list->pending;
		struct steps_lock lock = {pending->entry, tid};
		struct race_view view = {.pending = pending->entry,
					 .word = pending->word,
					 .word_ok = pending->word_ok};

		if (!list->has_pending || pending->address != woken)
			continue;
		hunt->out->n_looked_at++;
		if (!pending->on_list && steps_in_window(&lock, &view) &&
		    hunt_is_wanted(hunt, stop->task, pending->address))
			error = hunt_show_window(hunt, stop, list, pending->entry, pending->address,
						 pending->word);
	}
	release_lists(walks, count);
	return error;
}

/* ---- The run ---- */

/* A stop of a task. Once the window is found, nothing is resumed. */
static int on_task(struct hunt *hunt, const struct engine_stop *stop)
{
	int error = 0;

	if (stop->kind == ENGINE_GONE && stop->task->tid == hunt->command)
		hunt->command = 0;
	if (stop->task->tid == hunt->asked &&
	    (stop->kind == ENGINE_EXITING || stop->kind == ENGINE_GONE))
		hunt->asked = 0;
	if (is_wake(stop))
		error = look_at_wake(hunt, stop);
	if (error || hunt->found)
		return error;
	if (stop->kind == ENGINE_ASKED && stop->task->tid == hunt->asked)
		hunt_choose(hunt, stop);
	if (stop->task->tid == hunt->quarry.tid)
		return hunt_follow(hunt, stop);
	engine_resume(hunt->engine, stop, false);
	return 0;
}

static int on_other(struct hunt *hunt, const struct engine_stop *stop)
{
	if (stop->kind == ENGINE_CONTROL) {
		hunt->failure->signal = stop->signal;
		return fail(hunt, -EINTR, "interrupted");
	}
	if (clock_now_ns() >= hunt->deadline_ns)
		return fail(hunt, -ETIME, "no thread was seen in the window in that time");
	hunt_ask_next(hunt);
	return 0;
}

static int search(struct hunt *hunt)
{
	struct engine_stop stop;
	uint64_t next = clock_now_ns();
	int error = 0;
	int got = 0;

	while (!error && !hunt->found && (got = engine_next(hunt->engine, next, &stop)) > 0) {
		error = stop.task ? on_task(hunt, &stop) : on_other(hunt, &stop);
		/* One in single steps gives no rest, and the time is over all the same. */
		if (!error && !hunt->found && clock_now_ns() >= hunt->deadline_ns)
			error = fail(hunt, -ETIME, "no thread was seen in the window in that time");
		if (clock_now_ns() >= next)
			next = clock_now_ns() + LOOK_NS;
	}
	if (got < 0)
		return fail(hunt, got, "waiting for the program failed");
	if (!error && !hunt->found)
		return fail(hunt, -ECHILD, "the program ended before a thread was in the window");
	return error;
}

/* Kills the process in the window, and looks what became of the word. */
static void kill_it(struct hunt *hunt)
{
	struct engine_stop stop;
	uint32_t word;

	kill(hunt->out->pid, SIGKILL);
	hunt->out->killed = true;
	while (engine_next(hunt->engine, 0, &stop) > 0) {
		bool over = stop.task && stop.kind == ENGINE_GONE &&
			    stop.task->tid == hunt->out->pid;

		if (stop.task)
			engine_resume(hunt->engine, &stop, false);
		if (over)
			break;
	}
	if (hunt->after_fd >= 0 &&
	    pread(hunt->after_fd, &word, sizeof(word), (off_t)hunt->after_offset) == sizeof(word)) {
		hunt->out->after = word;
		hunt->out->after_ok = true;
	}
}

static void ask_node(void *context, struct engine_task *task)
{
	(void)context;
	if (!task->asked)
		engine_ask(task);
}

/*
 * All go on without us, also those that run: whoever comes to a stop is let go. What does not come
 * to one (job control has stopped it) is let go when this process ends.
 */
static void let_all_go(struct hunt *hunt, const struct engine_stop *last)
{
	uint64_t end = clock_now_ns() + LET_GO_NS;
	struct engine_stop stop;

	if (last->task && !hunt->out->killed)
		engine_detach(hunt->engine, last);
	while (engine_count(hunt->engine) && clock_now_ns() < end) {
		engine_each(hunt->engine, ask_node, NULL);
		if (engine_next(hunt->engine, clock_now_ns() + LOOK_NS, &stop) <= 0)
			break;
		if (!stop.task)
			continue;
		/* A new task waits for what its parent's stop tells; `again`: a signal may be owed. */
		if (stop.kind == ENGINE_GONE || stop.kind == ENGINE_NEW_TASK ||
		    stop.kind == ENGINE_STOPPED || stop.task->again)
			engine_resume(hunt->engine, &stop, false);
		else
			engine_detach(hunt->engine, &stop);
	}
	engine_detach_all(hunt->engine);
}

static int begin(struct hunt *hunt)
{
	const struct race_hunt_request *request = hunt->request;
	const struct engine_command command = {.argv = request->argv};
	enum engine_start_error what = ENGINE_START_OK;
	int error;

	if (!request->argv) {
		error = engine_attach(hunt->engine, request->pid);
		return error ? fail(hunt, error, "cannot attach") : 0;
	}
	error = engine_start(hunt->engine, &command, &hunt->command, &what);
	if (error)
		hunt->command = 0;
	return error ? fail(hunt, error,
			    what == ENGINE_START_SEIZE ? "cannot trace even our own child"
						       : "cannot be started")
		     : 0;
}

void race_window_release(struct race_window *window)
{
	free(window->comm);
	free(window->label);
	*window = (struct race_window){0};
}

int race_hunt(const struct race_hunt_request *request, struct race_window *ret, pid_t *ret_command,
	      struct race_failure *ret_failure)
{
	const struct engine_options options = {
		.follow = request->argv != NULL,
		.calls = calls,
		.n_calls = sizeof(calls) / sizeof(calls[0]),
		.control = control_signals,
		.n_control = sizeof(control_signals) / sizeof(control_signals[0]),
	};
	struct race_window out = {0};
	uint64_t start = clock_now_ns();
	struct hunt hunt = {.request = request,
			    .failure = ret_failure,
			    .out = &out,
			    .after_fd = -1,
			    .deadline_ns = start + request->wait_ns};
	int error = kernel_open(&hunt.kernel);

	*ret_failure = (struct race_failure){0};
	*ret_command = 0;
	if (error)
		return fail(&hunt, error, "cannot ask this kernel");
	error = engine_new(&options, &hunt.engine);
	if (!error)
		error = begin(&hunt);
	if (!error)
		error = search(&hunt);
	out.took_ns = clock_now_ns() - start;
	if (!error && request->kill)
		kill_it(&hunt);
	if (hunt.engine)
		let_all_go(&hunt, &hunt.last);
	engine_free(hunt.engine);
	*ret_command = hunt.command;
	kernel_close(&hunt.kernel);
	if (hunt.after_fd >= 0)
		close(hunt.after_fd);
	if (error)
		race_window_release(&out);
	else
		*ret = out;
	return error;
}
