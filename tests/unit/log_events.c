/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a trace in JSON that has every kind of event and of argument, with and without what may
 * be absent; tests/docs/check_trace_schema.py holds it against docs/json-schema-trace.json.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/json.h"
#include "report/log.h"
#include "report/summary.h"

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static struct futex entries[] = {
	{.entry = 0x8234, .address = 0x8220, .word = 0x80001092, .word_ok = true, .pi = true},
	{.entry = 0x8258, .address = 0x8244},
};
static const char *labels[] = {"LMDB writer /srv/\xff\033[31m\"+0x40", NULL};

static const struct list whole = {.kind = LIST_LIST2,
				  .index = 3,
				  .bits = 32,
				  .head = 0x8100,
				  .head_ok = true,
				  .futex_offset = -20,
				  .entries = entries,
				  .n_entries = 2,
				  .n_seen = 2,
				  .has_pending = true,
				  .pending = {.entry = 0x8300, .address = 0x82ec}};
static const struct list broken = {.kind = LIST_ROBUST,
				   .bits = 64,
				   .head = UINT64_C(0xffffffffffffff00),
				   .head_ok = true,
				   .end = LIST_FAULT,
				   .end_at = 0xdead};

static struct arg_waitv waitvs[] = {
	{.value = 5, .address = 0x8220, .flags = "FUTEX2_SIZE_U32", .label = "x"},
	{.value = UINT64_MAX, .address = 0, .flags = "0"},
};

static const struct arg args[] = {
	{.name = "number", .kind = ARG_NUMBER, .value = UINT64_MAX},
	{.name = "size", .kind = ARG_SIZE, .value = 24},
	{.name = "size_huge", .kind = ARG_SIZE, .value = UINT64_MAX},
	{.name = "hex", .kind = ARG_HEX, .value = 0},
	{.name = "address", .kind = ARG_ADDRESS, .value = 0x1000},
	{.name = "address_null", .kind = ARG_ADDRESS},
	{.name = "flags", .kind = ARG_FLAGS, .value = 1, .text = "FUTEX_WAKE"},
	{.name = "head",
	 .kind = ARG_HEAD,
	 .value = 0x8100,
	 .list = &whole,
	 .ok = true,
	 .entry_labels = labels,
	 .n_entry_labels = 1},
	{.name = "head_broken", .kind = ARG_HEAD, .value = 0x8100, .list = &broken, .ok = true},
	{.name = "head_unread", .kind = ARG_HEAD, .value = 0x8100},
	{.name = "head_at",
	 .kind = ARG_HEAD_AT,
	 .value = 8,
	 .ok = true,
	 .pointee = 0x8100,
	 .list = &whole},
	{.name = "head_at_null", .kind = ARG_HEAD_AT, .value = 8, .ok = true},
	{.name = "head_at_unread", .kind = ARG_HEAD_AT},
	{.name = "size_at", .kind = ARG_SIZE_AT, .value = 8, .ok = true, .pointee = 24},
	{.name = "size_at_unread", .kind = ARG_SIZE_AT, .value = 8},
	{.name = "futex",
	 .kind = ARG_FUTEX,
	 .value = 0x8220,
	 .ok = true,
	 .pointee = 0xc0000000,
	 .label = "lock.mdb+0x40"},
	{.name = "futex_unread", .kind = ARG_FUTEX, .value = 0x8220},
	{.name = "word", .kind = ARG_WORD, .value = 0x80001092},
	{.name = "word_wide", .kind = ARG_WORD, .value = UINT64_MAX},
	{.name = "timeout",
	 .kind = ARG_TIMEOUT,
	 .value = 8,
	 .ok = true,
	 .seconds = -1,
	 .nanoseconds = INT64_MIN},
	{.name = "timeout_null", .kind = ARG_TIMEOUT},
	{.name = "waitv",
	 .kind = ARG_WAITV,
	 .value = 8,
	 .ok = true,
	 .waitvs = waitvs,
	 .n_waitvs = 2},
	{.name = "waitv_unread", .kind = ARG_WAITV, .value = 8},
	{.name = "path", .kind = ARG_PATH, .value = 8, .ok = true, .text = "/tmp/\x01"},
	{.name = "path_unread", .kind = ARG_PATH, .value = 8},
};

static const struct futex held = {
	.entry = 0x8234, .address = 0x8220, .word = 7003 | 0x80000000, .word_ok = true};
static const struct futex lost = {.entry = 0x8258, .address = 0x8244, .pi = true};
static pid_t waiters[] = {7002, 7004};

static struct death_lock locks[] = {
	{.kind = LIST_LIST2,
	 .index = 1,
	 .futex = &held,
	 .place = {.kind = PLACE_FILE,
		   .path = "/dev/shm/g",
		   .offset = 32,
		   .dev_minor = 0x17,
		   .inode = 9,
		   .deleted = true},
	 .label = "g+0x20",
	 .fate = FATE_OWNER_DIED,
	 .waiters = waiters,
	 .n_waiters = 2},
	{.futex = &lost, .fate = FATE_STAYS_LOCKED, .end = LIST_TOO_LONG},
	{.kind = LIST_COMPAT, .futex = &lost, .fate = FATE_NOTHING, .pending = true},
	{.futex = &lost, .fate = FATE_WAKE_ONLY, .after_ok = true, .after = 0x40000000},
	{.futex = &lost, .fate = FATE_UNREADABLE},
};

static const struct frame frames[] = {
	{.pc = 0x7f01,
	 .function = "f",
	 .offset = 1,
	 .module = "/lib/x",
	 .module_offset = 2,
	 .source = "x.c",
	 .line = 7},
	{.pc = 0x7f02, .guess = true},
};

static void tell(struct log *log, struct event event)
{
	event.pid = 7001;
	event.tid = 7003;
	event.time_ns = UINT64_C(1700000000123456789);
	if (log_event(log, &event))
		exit(EXIT_FAILURE);
}

#define TELL(log, ...) tell(log, (struct event){__VA_ARGS__})

/* All arguments, as many at a time as a call has. */
static void tell_arguments(struct log *log)
{
	for (size_t first = 0; first < ELEMENTS(args); first += CALL_ARGS_MAX) {
		struct call call = {.name = "futex", .number = 202, .bits = 64};

		while (call.n_args < CALL_ARGS_MAX && first + call.n_args < ELEMENTS(args)) {
			call.args[call.n_args] = args[first + call.n_args];
			call.n_args++;
		}
		TELL(log, .kind = EVENT_CALL_ENTRY, .call = &call, .pc = 0x401000, .comm = "a\"b");
		call.ended = true;
		call.took_ns = 5;
		TELL(log, .kind = EVENT_CALL_EXIT, .call = &call, .frames = frames, .n_frames = 2);
	}
}

static void tell_results(struct log *log)
{
	struct call calls[] = {
		{.name = "a", .bits = 32, .ended = true, .result = 1, .result_note = "list #1"},
		{.name = "b", .bits = 64, .ended = true, .result = -EPERM, .remark = "x"},
		{.name = "c", .bits = 64, .ended = true, .result = -512, .interrupted = true},
		{.name = "d", .bits = 64, .ended = true, .result = -600},
		{.name = "e",
		 .bits = 64,
		 .ended = true,
		 .result = 0x7f0000000000,
		 .result_is_address = true},
		{.name = "f",
		 .bits = 64,
		 .ended = true,
		 .result = -ENOMEM,
		 .result_is_address = true},
	};

	for (size_t i = 0; i < ELEMENTS(calls); i++)
		TELL(log, .kind = EVENT_CALL_EXIT, .call = &calls[i]);
}

static void tell_life(struct log *log)
{
	const struct event_siginfo sent = {
		.layout = SIGNAL_SENT, .code = "SI_USER", .pid = 1, .uid = UINT32_MAX};
	const struct event_siginfo child = {.layout = SIGNAL_CHILD,
					    .code = "CLD_KILLED",
					    .number = 2,
					    .pid = 7002,
					    .status = 9};
	const struct event_siginfo fault = {.layout = SIGNAL_FAULT, .code = "SEGV_MAPERR"};
	const struct event_siginfo bare = {.number = -99};
	struct death_break breaks[] = {
		{.kind = LIST_LIST2, .index = 2, .end = LIST_LOOP, .at = 0x8220},
		{.kind = LIST_ROBUST, .end = LIST_FAULT, .at = 0x9000, .is_head = true},
		{.kind = LIST_COMPAT, .end = LIST_FAULT, .at = 0x9000, .read_only = true},
		{.kind = LIST_ROBUST, .end = LIST_MISALIGNED, .at = UINT64_MAX},
	};
	const struct death death = {.locks = locks,
				    .n_locks = ELEMENTS(locks),
				    .breaks = breaks,
				    .n_breaks = ELEMENTS(breaks),
				    .n_cut = 7,
				    .worst = LIST_LOOP};
	const struct death unseen = {.unseen = true};
	const struct death by_exec = {.by_exec = true};
	const struct futex pending = {
		.entry = 0x1020, .address = 0x1000, .word = 7, .word_ok = true};
	const struct guard_action cleared = {
		.lock = {.pending = true, .futex = &pending, .stale = true, .evidence = "__kind"},
		.cleared = true};
	const struct guard_action left = {
		.lock = {.pending = true, .futex = &pending}, .doubtful = true, .error = 14};

	TELL(log, .kind = EVENT_ATTACHED);
	TELL(log, .kind = EVENT_DETACHED);
	TELL(log, .kind = EVENT_NEW_TASK, .other = 7004, .text = "thread");
	TELL(log, .kind = EVENT_NEW_TASK, .other = 7004, .text = "process");
	TELL(log, .kind = EVENT_NEW_TASK, .other = 7004, .text = "vfork");
	TELL(log, .kind = EVENT_EXEC, .text = "/bin/sh", .other = 7005);
	TELL(log, .kind = EVENT_EXEC);
	TELL(log, .kind = EVENT_DEATH, .death = &death);
	TELL(log, .kind = EVENT_DEATH_AFTER, .death = &death);
	TELL(log, .kind = EVENT_DEATH, .death = &unseen);
	TELL(log, .kind = EVENT_DEATH, .death = &by_exec);
	TELL(log, .kind = EVENT_EXITED, .status = 255);
	TELL(log, .kind = EVENT_KILLED, .signal = 11, .core = true);
	TELL(log, .kind = EVENT_SIGNAL, .signal = 40, .other = 1, .siginfo = &sent);
	TELL(log, .kind = EVENT_SIGNAL, .signal = 17, .siginfo = &child);
	TELL(log, .kind = EVENT_SIGNAL, .signal = 11, .siginfo = &fault);
	TELL(log, .kind = EVENT_SIGNAL, .signal = 14, .siginfo = &bare);
	TELL(log, .kind = EVENT_SIGNAL, .signal = 10);
	TELL(log, .kind = EVENT_STOPPED, .signal = 19);
	TELL(log, .kind = EVENT_GUARD, .guard = &cleared);
	TELL(log, .kind = EVENT_GUARD, .guard = &left);
	TELL(log, .kind = EVENT_NOTE, .text = "note");
	TELL(log, .kind = EVENT_NOTE);
}

int main(void)
{
	const struct log_options options = {.out = stdout, .json = true};
	const struct summary summary = {
		.calls = {{.name = "futex", .calls = 2, .errors = 1, .ns = 1500}}, .n_calls = 1};
	const struct snapshot snapshot = {0};
	struct log *log;

	if (log_new(&options, &log))
		return EXIT_FAILURE;
	tell_arguments(log);
	tell_results(log);
	tell_life(log);
	log_free(log);
	if (summary_print(&summary, true, stdout) || json_print_line(&snapshot, stdout))
		return EXIT_FAILURE;
	return ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
