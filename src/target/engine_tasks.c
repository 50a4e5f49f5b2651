/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks of an engine, by TID. */
#include <search.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "target/engine.h"
#include "target/engine_parts.h"

static int compare_tasks(const void *left, const void *right)
{
	pid_t a = ((const struct engine_task *)left)->tid;
	pid_t b = ((const struct engine_task *)right)->tid;

	return (a > b) - (a < b);
}

struct engine_task *engine_find(struct engine *engine, pid_t tid)
{
	struct engine_task key = {.tid = tid};
	struct engine_task **found = tfind(&key, &engine->tasks, compare_tasks);

	return found ? *found : NULL;
}

size_t engine_count(const struct engine *engine)
{
	return engine->n_tasks;
}

struct engine_task *engine_add(struct engine *engine, pid_t tid, pid_t pid)
{
	struct engine_task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->tid = tid;
	task->pid = pid;
	task->filtered = engine->filtered;
	if (!tsearch(task, &engine->tasks, compare_tasks)) {
		free(task);
		return NULL;
	}
	engine->n_tasks++;
	return task;
}

void engine_drop(struct engine *engine, struct engine_task *task)
{
	tdelete(task, &engine->tasks, compare_tasks);
	engine->n_tasks--;
	if (task->held)
		engine->n_held--;
	if (engine->options.dropped)
		engine->options.dropped(engine->options.context, task);
	free(task);
}

struct visit {
	void (*visit)(void *context, struct engine_task *task);
	void *context;
};

static void visit_node(const void *node, VISIT order, void *closure)
{
	const struct visit *visit = closure;

	if (order == postorder || order == leaf)
		visit->visit(visit->context, *(struct engine_task *const *)node);
}

void engine_each(struct engine *engine, void (*visit)(void *context, struct engine_task *task),
		 void *context)
{
	struct visit closure = {visit, context};

	twalk_r(engine->tasks, visit_node, &closure);
}

unsigned long engine_trace_options(const struct engine *engine, bool filtered)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
				PTRACE_O_TRACEEXIT;

	/* Under the filter no child may be left alone: its calls would end with ENOSYS. */
	if (engine->options.follow || filtered)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	if (filtered)
		options |= PTRACE_O_TRACESECCOMP;
	return options;
}
