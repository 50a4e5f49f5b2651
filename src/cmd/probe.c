/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/futex_word.h"
#include "cmd/complain.h"
#include "cmd/options.h"
#include "report/facts.h"
#include "target/facts.h"

#define ROWS_MAX 48

#define TEXT_MAX 24

struct table {
	struct fact rows[ROWS_MAX];
	size_t count;
	char numbers[FACTS_NUMBERS][TEXT_MAX]; /* as keys */
};

static const struct fact_group groups[] = {
	{"kernel", "kernel"},
	{"lists", "robust lists"},
	{"list2", "set_robust_list2"},
	{"numbers", "what is at the numbers that set_robust_list2 and get_robust_list2 have had"},
	{"reading", "reading other processes"},
	{"rights", "our rights"},
	{"tracing", "tracing"},
	{"unlock", "unlock operations without the race (Linux 7.2)"},
};

static struct fact *add(struct table *table, const char *group, const char *key, const char *label)
{
	struct fact *fact = &table->rows[table->count++];

	*fact = (struct fact){.group = group, .key = key, .label = label, .type = FACT_NONE};
	return fact;
}

static void add_bool(struct table *table, const char *group, const char *key, const char *label,
		     bool yes, const char *note)
{
	struct fact *fact = add(table, group, key, label);

	fact->type = FACT_BOOL;
	fact->number = yes;
	fact->note = note;
}

/* Something that was tried: yes, or no and why. */
static void add_tried(struct table *table, const char *group, const char *key, const char *label,
		      int error)
{
	const char *why = NULL;

	if (error == -ENOSYS || error == -EIO || error == -EINVAL || error == -ENOENT)
		why = "this kernel has none";
	else if (error)
		why = strerror(-error);
	add_bool(table, group, key, label, error == 0, why);
}

static void add_number(struct table *table, const char *group, const char *key, const char *label,
		       int64_t number)
{
	struct fact *fact = add(table, group, key, label);

	fact->type = FACT_NUMBER;
	fact->number = number;
}

static void add_string(struct table *table, const char *group, const char *key, const char *label,
		       const char *string)
{
	struct fact *fact = add(table, group, key, label);

	fact->type = FACT_STRING;
	fact->string = string;
}

static void add_lists(struct table *table, const struct facts *facts)
{
	add_tried(table, "lists", "get_robust_list", "get_robust_list", facts->robust_list);
	add_number(table, "lists", "element_limit", "entries handled of one list",
		   ROBUST_LIST_LIMIT);
	add_bool(table, "lists", "compat_entry", "32-bit system calls (int $0x80)",
		 facts->compat_entry,
		 facts->compat_entry ? NULL
				     : "lists of 32-bit programs cannot be asked for, and the "
				       "kernel runs none");
}

/* What to say of reading such lists. */
static const char *list2_note(const struct list2_api *api)
{
	if (!api->revision)
		return "this kernel has no set_robust_list2 that robtrace knows";
	if (api->get_number == REVISION_NONE)
		return "lists cannot be seen from outside: there is no get_robust_list2";
	return NULL;
}

static void add_list2(struct table *table, const struct facts *facts)
{
	const struct list2_api *api = &facts->list2;
	struct fact *fact = add(table, "list2", "revision", "revision");

	fact->note = list2_note(api);
	if (api->revision) {
		fact->type = FACT_STRING;
		fact->string = api->revision->name;
	}
	fact = add(table, "list2", "set_number", "number of set_robust_list2");
	if (api->revision) {
		fact->type = FACT_NUMBER;
		fact->number = api->set_number;
	}
	fact = add(table, "list2", "get_number", "number of get_robust_list2");
	if (api->revision && api->get_number != REVISION_NONE) {
		fact->type = FACT_NUMBER;
		fact->number = api->get_number;
	}
	fact = add(table, "list2", "lists", "lists of a thread");
	if (api->revision) {
		fact->type = FACT_NUMBER;
		fact->number = api->lists;
	}
	fact = add(table, "list2", "width_tells", "it tells 32- from 64-bit lists");
	if (api->revision && api->get_number != REVISION_NONE) {
		fact->type = FACT_BOOL;
		fact->number = api->width_tells;
		fact->note = api->width_tells ? "by the bytes that it writes"
					      : "guessed by the look of their heads";
	}
}

static const char *number_is(const struct facts *facts, const struct facts_number *row)
{
	if (row->what == LIST2_TAKEN)
		return row->taken_by;
	if (row->what == LIST2_ABSENT)
		return "nothing";
	if (facts->list2.revision && row->number == facts->list2.set_number)
		return "set_robust_list2";
	if (facts->list2.revision && row->number == facts->list2.get_number)
		return "get_robust_list2";
	return "unknown";
}

static void add_numbers(struct table *table, const struct facts *facts)
{
	for (size_t i = 0; i < FACTS_NUMBERS; i++) {
		const struct facts_number *row = &facts->numbers[i];
		struct fact *fact;

		snprintf(table->numbers[i], TEXT_MAX, "%ld", row->number);
		add_string(table, "numbers", table->numbers[i], table->numbers[i],
			   number_is(facts, row));
		fact = &table->rows[table->count - 1];
		if (row->what == LIST2_TAKEN)
			fact->note = "by the release of the kernel; not called";
		else if (row->what == LIST2_OTHER)
			fact->note = "it does not answer as a robust list call";
	}
}

static void add_reading(struct table *table, const struct facts *facts)
{
	add_tried(table, "reading", "process_vm_readv", "process_vm_readv", facts->vm_readv);
	add_tried(table, "reading", "proc_mem", "/proc/PID/mem", facts->proc_mem);
	add_tried(table, "reading", "proc_maps", "/proc/PID/maps", facts->proc_maps);
	add_tried(table, "reading", "proc_syscall", "/proc/PID/syscall: who waits",
		  facts->proc_syscall);
	add_tried(table, "reading", "proc_schedstat", "/proc/PID/schedstat: who has run",
		  facts->proc_schedstat);
	add_tried(table, "reading", "proc_sched", "/proc/PID/sched: since when", facts->proc_sched);
	add_tried(table, "reading", "kcmp", "kcmp: who shares memory", facts->kcmp);
}

static const char *yama_note(int scope)
{
	switch (scope) {
	case 0:
		return "as if there were none";
	case 1:
		return "only own children, without CAP_SYS_PTRACE";
	case 2:
		return "only with CAP_SYS_PTRACE";
	default:
		return scope < 0 ? "this kernel has none" : "nobody may attach to any process";
	}
}

static void add_rights(struct table *table, const struct facts *facts)
{
	struct fact *fact;

	add_number(table, "rights", "uid", "user", facts->uid);
	add_bool(table, "rights", "cap_sys_ptrace", "CAP_SYS_PTRACE", facts->cap_sys_ptrace,
		 facts->cap_sys_ptrace ? "processes of every user"
				       : "only processes of the same user and group");
	add_bool(table, "rights", "cap_dac_read_search", "CAP_DAC_READ_SEARCH",
		 facts->cap_dac_read_search,
		 facts->cap_dac_read_search ? NULL : "waiters of other users are not seen");
	add_bool(table, "rights", "cap_checkpoint_restore", "CAP_CHECKPOINT_RESTORE",
		 facts->cap_checkpoint_restore,
		 facts->cap_checkpoint_restore ? NULL : "it or CAP_SYS_ADMIN is for map_files");
	add_tried(table, "rights", "map_files", "/proc/PID/map_files", facts->map_files);
	fact = add(table, "rights", "yama_scope", "kernel.yama.ptrace_scope");
	fact->note = yama_note(facts->yama_scope);
	if (facts->yama_scope >= 0) {
		fact->type = FACT_NUMBER;
		fact->number = facts->yama_scope;
	}
}

static void add_tracing(struct table *table, const struct facts *facts)
{
	add_tried(table, "tracing", "ptrace", "ptrace", facts->ptrace);
	add_tried(table, "tracing", "get_syscall_info", "PTRACE_GET_SYSCALL_INFO",
		  facts->get_syscall_info);
	add_tried(table, "tracing", "set_syscall_info", "PTRACE_SET_SYSCALL_INFO",
		  facts->set_syscall_info);
	add_tried(table, "tracing", "seccomp_filter", "seccomp filters", facts->seccomp_filter);
	add_bool(table, "tracing", "filtered", "we run under one", facts->seccomp_mode > 0,
		 facts->seccomp_mode > 0 ? "what it forbids looks as if the kernel had none of it"
					 : NULL);
}

static void add_unlock(struct table *table, const struct facts *facts)
{
	add_tried(table, "unlock", "futex_robust_unlock", "FUTEX_ROBUST_UNLOCK",
		  facts->robust_unlock_64);
	add_tried(table, "unlock", "futex_robust_list32", "the same for 32-bit lists",
		  facts->robust_unlock_32);
	add_bool(table, "unlock", "vdso_list64", "vDSO helper", facts->vdso_unlock_64, NULL);
	add_bool(table, "unlock", "vdso_list32", "the same for 32-bit lists", facts->vdso_unlock_32,
		 NULL);
}

static int print(const struct facts *facts, const struct options *options)
{
	struct table table = {.count = 0};
	int error;

	add_string(&table, "kernel", "system", "system", facts->names.sysname);
	add_string(&table, "kernel", "release", "release", facts->names.release);
	add_string(&table, "kernel", "machine", "machine", facts->names.machine);
	add_lists(&table, facts);
	add_list2(&table, facts);
	add_numbers(&table, facts);
	add_reading(&table, facts);
	add_rights(&table, facts);
	add_tracing(&table, facts);
	add_unlock(&table, facts);
	if (options->json)
		error = facts_print_json(table.rows, table.count, stdout);
	else
		error = facts_print_text(groups, sizeof(groups) / sizeof(groups[0]), table.rows,
					 table.count, stdout);
	return error ? complain_memory() : complain_output(EXIT_DONE);
}

static int probe(const struct options *options)
{
	struct facts facts;
	int error;

	if (options->n_files) {
		complain("probe takes no argument; it looks at the kernel, not at processes");
		return EXIT_USAGE;
	}
	error = facts_gather(&facts);
	if (error) {
		complain("cannot probe the kernel: %s", strerror(-error));
		return EXIT_NOTHING;
	}
	return print(&facts, options);
}

int cmd_probe(int argc, char **argv)
{
	struct options options;
	int status = options_parse(COMMAND_PROBE, argc, argv, &options);

	if (status < 0)
		status = probe(&options);
	else if (options.done)
		status = complain_output(status);
	options_release(&options);
	return status;
}
