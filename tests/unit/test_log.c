/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events made by hand, and the lines that they give. */
#include "report/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "abi/futex_word.h"
#include "unit.h"

static char *text;
static size_t length;
static size_t seen; /* by the test */
static struct log_options options;
static struct log *the_log;

static int begin(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	options = (struct log_options){.out = open_memstream(&text, &length), .entries_max = 4};
	assert_non_null(options.out);
	seen = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	log_free(the_log);
	the_log = NULL;
	fclose(options.out);
	free(text);
	text = NULL;
	return 0;
}

/* The log is made at the first event, so that a test can set options before. */
static void event(struct event told)
{
	if (!the_log)
		assert_int_equal(log_new(&options, &the_log), 0);
	told.pid = told.pid ? told.pid : 7001;
	told.tid = told.tid ? told.tid : 7001;
	assert_int_equal(log_event(the_log, &told), 0);
}

#define EVENT(...) event((struct event){__VA_ARGS__})

/* What was written since the last time. */
static void expect(const char *wanted)
{
	fflush(options.out);
	assert_string_equal(text + seen, wanted);
	seen = length;
}

/* An exit whose entry was not seen is a whole line: the form in which arguments are compared. */
static void line(const struct call *call, const char *wanted)
{
	EVENT(.kind = EVENT_CALL_EXIT, .call = call);
	expect(wanted);
}

static struct futex entries[6];

static struct list make_list(size_t count)
{
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct futex){.entry = 0x8234 + i * 0x24,
					    .address = 0x8220 + i * 0x24};
	return (struct list){.kind = LIST_LIST2,
			     .bits = 32,
			     .head = 0x8100,
			     .head_ok = true,
			     .futex_offset = -20,
			     .entries = entries,
			     .n_entries = count,
			     .n_seen = count};
}

static struct call set_call(const struct list *list)
{
	return (struct call){
		.name = "set_robust_list",
		.args = {{.name = "head",
			  .kind = ARG_HEAD,
			  .value = 0x8100,
			  .list = list,
			  .ok = list},
			 {.name = "len", .kind = ARG_SIZE, .value = 24}},
		.n_args = 2,
		.ended = true,
	};
}

#define LINE_OF_LIST(list, wanted)                                           \
	do {                                                                 \
		struct call call_ = set_call(list);                          \
		line(&call_, "set_robust_list(0x8100" wanted ", 24) = 0\n"); \
	} while (0)

static void lists(void **state)
{
	struct list list = make_list(0);
	struct call call = set_call(NULL);

	(void)state;
	LINE_OF_LIST(&list, " {list={}, futex_offset=-20, list_op_pending=NULL}");
	list = make_list(2);
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258}, futex_offset=-20, list_op_pending=NULL}");
	entries[1].pi = true;
	list.has_pending = true;
	list.pending = (struct futex){.entry = 0x9000, .pi = true};
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258|PI}, futex_offset=-20, "
			    "list_op_pending=0x9000|PI}");
	list = make_list(6);
	list.n_seen = 1500;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258, 0x827c, 0x82a0, ... (1500 entries)}, "
			    "futex_offset=-20, list_op_pending=NULL}");
	/* A head that could not be read, and none. */
	line(&call, "set_robust_list(0x8100, 24)             = 0\n");
	call.args[0].value = 0;
	line(&call, "set_robust_list(NULL, 24)               = 0\n");
}

static void broken_lists(void **state)
{
	struct list list = make_list(2);

	(void)state;
	list.end = LIST_LOOP;
	list.end_at = 0x8234;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258, ... loops back to 0x8234}, "
			    "futex_offset=-20, list_op_pending=NULL}");
	list.end = LIST_FAULT;
	list.end_at = 0xdead;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258, 0xdead unreadable}, "
			    "futex_offset=-20, list_op_pending=NULL}");
	list.end_at = 0x8258;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258 unreadable}, "
			    "futex_offset=-20, list_op_pending=NULL}");
	list.end = LIST_MISALIGNED;
	list.end_at = 0x8246;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258, ... futex word 0x8246 is misaligned}, "
			    "futex_offset=-20, list_op_pending=NULL}");
	list = make_list(0);
	list.end = LIST_FAULT;
	list.end_at = 0xdead;
	LINE_OF_LIST(&list, " {list={0xdead unreadable}, futex_offset=-20, list_op_pending=NULL}");
	list = make_list(6);
	list.n_seen = 3000;
	list.end = LIST_TOO_LONG;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258, 0x827c, 0x82a0, ... (3000 entries, the kernel "
			    "stops after 2048)}, futex_offset=-20, list_op_pending=NULL}");
	list.n_seen = 16384;
	list.end_at = 0xf00;
	LINE_OF_LIST(&list, " {list={0x8234, 0x8258, 0x827c, 0x82a0, ... (more than 16384 entries, "
			    "the kernel stops after 2048)}, futex_offset=-20, "
			    "list_op_pending=NULL}");
}

static void no_entries_wanted(void **state)
{
	struct list list = make_list(3);

	(void)state;
	options.entries_max = 0;
	LINE_OF_LIST(&list, " {list={... (3 entries)}, futex_offset=-20, list_op_pending=NULL}");
}

static void set_robust_list2(void **state)
{
	struct list list = make_list(2);
	struct call call = {
		.name = "set_robust_list2",
		.args = {{.kind = ARG_HEAD, .value = 0x8100, .list = &list, .ok = true},
			 {.kind = ARG_NUMBER, .value = 0},
			 {.kind = ARG_FLAGS,
			  .value = 1,
			  .text = "FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32"},
			 {.kind = ARG_HEX, .value = 0}},
		.n_args = 4,
		.ended = true,
		.result = 1,
		.result_note = "list #1",
	};

	(void)state;
	line(&call, "set_robust_list2(0x8100 {list={0x8234, 0x8258}, futex_offset=-20, "
		    "list_op_pending=NULL}, 0, FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32, 0) = 1 "
		    "(list #1)\n");
	call.result = -EINVAL;
	call.result_note = "head is misaligned";
	call.args[0].list = NULL;
	call.args[1].value = UINT64_MAX;
	line(&call, "set_robust_list2(0x8100, -1, FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32, 0) = -1 "
		    "EINVAL (Invalid argument) (head is misaligned)\n");
}

static const struct list empty = {.bits = 64, .head_ok = true, .futex_offset = -32};

static struct call get_call(bool ok)
{
	return (struct call){
		.name = "get_robust_list",
		.args = {{.kind = ARG_NUMBER, .value = 0},
			 {.kind = ARG_HEAD_AT,
			  .value = 0x100,
			  .ok = ok,
			  .pointee = 0x7f11a0,
			  .list = ok ? &empty : NULL},
			 {.kind = ARG_SIZE_AT, .value = 0x108, .ok = ok, .pointee = 24}},
		.n_args = 3,
	};
}

static void get_robust_list(void **state)
{
	struct call call = get_call(false);

	(void)state;
	EVENT(.kind = EVENT_CALL_ENTRY, .call = &call);
	expect("get_robust_list(0, ");
	call = get_call(true);
	call.ended = true;
	EVENT(.kind = EVENT_CALL_EXIT, .call = &call);
	expect("[0x7f11a0 {list={}, futex_offset=-32, list_op_pending=NULL}], [24]) = 0\n");
	call = get_call(false);
	call.ended = true;
	call.result = -EPERM;
	line(&call,
	     "get_robust_list(0, 0x100, 0x108)        = -1 EPERM (Operation not permitted)\n");
	call = get_call(true);
	call.ended = true;
	call.args[1].list = NULL;
	call.args[1].pointee = 0;
	call.remark = "guessed: a 32-bit list";
	line(&call, "get_robust_list(0, [NULL], [24] /* guessed: a 32-bit list */) = 0\n");
}

/* Two entries that go on after others spoke, as strace has it. */
static void unfinished(void **state)
{
	struct call get = get_call(false);
	struct call futex = {.name = "futex",
			     .args = {{.kind = ARG_FUTEX, .value = 0x8220},
				      {.kind = ARG_FLAGS, .text = "FUTEX_WAIT"},
				      {.kind = ARG_WORD, .value = 7},
				      {.kind = ARG_TIMEOUT}},
			     .n_args = 4};

	(void)state;
	EVENT(.kind = EVENT_ATTACHED);
	log_many_tasks(the_log);
	EVENT(.kind = EVENT_CALL_ENTRY, .tid = 7002, .call = &futex);
	EVENT(.kind = EVENT_CALL_ENTRY, .tid = 103, .call = &get);
	EVENT(.kind = EVENT_NOTE, .tid = 7004, .text = "hello");
	futex.ended = get.ended = true;
	EVENT(.kind = EVENT_CALL_EXIT, .tid = 7002, .call = &futex);
	get.result = -ESRCH;
	EVENT(.kind = EVENT_CALL_EXIT, .tid = 103, .call = &get);
	expect("--- process 7001 attached ---\n"
	       "[pid  7002] futex(0x8220, FUTEX_WAIT, 7, NULL <unfinished ...>\n"
	       "[pid   103] get_robust_list(0,  <unfinished ...>\n"
	       "[pid  7004] --- hello ---\n"
	       "[pid  7002] <... futex resumed>)        = 0\n"
	       "[pid   103] <... get_robust_list resumed>0x100, 0x108) = -1 ESRCH (No such "
	       "process)\n");
}

/* A thread that ends in a call: what strace prints, too. */
static void never_returns(void **state)
{
	struct call call = {
		.name = "exit", .args = {{.kind = ARG_NUMBER, .value = 0}}, .n_args = 1};
	struct call get = get_call(false);
	const struct death nothing = {0};

	(void)state;
	EVENT(.kind = EVENT_CALL_ENTRY, .call = &call);
	expect("exit(0");
	EVENT(.kind = EVENT_DEATH, .death = &nothing);
	expect(")                                 = ?\n");
	EVENT(.kind = EVENT_EXITED);
	expect("+++ exited with 0 +++\n");
	EVENT(.kind = EVENT_CALL_ENTRY, .tid = 7002, .call = &call);
	EVENT(.kind = EVENT_CALL_ENTRY, .tid = 7003, .call = &get);
	EVENT(.kind = EVENT_KILLED, .tid = 7002, .signal = 9);
	EVENT(.kind = EVENT_KILLED, .tid = 7003, .signal = 11, .core = true);
	expect("exit(0 <unfinished ...>\n"
	       "get_robust_list(0,  <unfinished ...>\n"
	       "<... exit resumed>)                     = ?\n"
	       "+++ killed by SIGKILL +++\n"
	       "<... get_robust_list resumed> <unfinished ...>) = ?\n"
	       "+++ killed by SIGSEGV (core dumped) +++\n");
	/* The TID is used again: its former call is forgotten. */
	call.ended = true;
	EVENT(.kind = EVENT_CALL_EXIT, .tid = 7002, .call = &call);
	expect("exit(0)                                 = 0\n");
}

static void detached_in_a_call(void **state)
{
	struct call call = {
		.name = "exit", .args = {{.kind = ARG_NUMBER, .value = 0}}, .n_args = 1};

	(void)state;
	EVENT(.kind = EVENT_CALL_ENTRY, .call = &call);
	EVENT(.kind = EVENT_DETACHED);
	expect("exit(0 <detached ...>\n--- process 7001 detached ---\n");
	EVENT(.kind = EVENT_DETACHED, .tid = 7002);
	expect("--- thread 7002 of process 7001 detached ---\n");
	EVENT(.kind = EVENT_CALL_ENTRY, .call = &call);
	log_break(the_log);
	log_break(the_log);
	expect("exit(0 <unfinished ...>\n");
	EVENT(.kind = EVENT_NOTE, .text = "x");
	expect("--- x ---\n");
}

/* Many threads in calls at once: each comes back to its own. */
static void thousands_in_calls(void **state)
{
	struct call call = {.name = "futex", .args = {{.kind = ARG_NUMBER}}, .n_args = 1};

	(void)state;
	for (int i = 0; i < 3000; i++)
		EVENT(.kind = EVENT_CALL_ENTRY, .tid = 10 + i * 7 % 3000, .call = &call);
	call.ended = true;
	EVENT(.kind = EVENT_NOTE, .text = "");
	seen = length;
	for (int i = 0; i < 3000; i++) {
		EVENT(.kind = EVENT_CALL_EXIT, .tid = 10 + i * 11 % 3000, .call = &call);
		expect("<... futex resumed>)                    = 0\n");
	}
	EVENT(.kind = EVENT_CALL_EXIT, .tid = 10, .call = &call);
	expect("futex(0)                                = 0\n");
}

static void futexes(void **state)
{
	struct arg_waitv waitvs[] = {{.value = 1, .address = 0x8220, .flags = "FUTEX2_SIZE_U32"},
				     {.value = 0x80001092, .address = 0, .flags = "0"}};
	struct call call = {
		.name = "futex",
		.args = {{.kind = ARG_FUTEX,
			  .value = 0x7f00c000,
			  .ok = true,
			  .pointee = 0x80001092,
			  .label = "/dev/shm/g+0x20"},
			 {.kind = ARG_FLAGS, .text = "FUTEX_WAIT"},
			 {.kind = ARG_WORD, .value = 0x80001092},
			 {.kind = ARG_TIMEOUT}},
		.n_args = 4,
		.ended = true,
	};

	(void)state;
	line(&call, "futex(0x7f00c000 [4242|FUTEX_WAITERS], FUTEX_WAIT, 4242|FUTEX_WAITERS, NULL) "
		    "= 0\n");
	call.interrupted = true;
	call.result = -512;
	call.args[0].pointee = WORD_OWNER_DIED | WORD_WAITERS;
	call.args[2].value = UINT32_MAX;
	call.args[3] = (struct arg){
		.kind = ARG_TIMEOUT, .value = 1, .ok = true, .seconds = 1, .nanoseconds = 5};
	line(&call, "futex(0x7f00c000 [FUTEX_OWNER_DIED|FUTEX_WAITERS], FUTEX_WAIT, 4294967295, "
		    "{tv_sec=1, tv_nsec=5}) = ? ERESTARTSYS (To be restarted if SA_RESTART is "
		    "set)\n");
	call.interrupted = false;
	call.result = 0;
	call.args[0].ok = false;
	call.args[3].ok = false;
	call.n_args = 5;
	call.args[4] = (struct arg){
		.kind = ARG_WAITV, .value = 0x50, .ok = true, .waitvs = waitvs, .n_waitvs = 2};
	line(&call,
	     "futex(0x7f00c000, FUTEX_WAIT, 4294967295, 0x1, [{val=1, uaddr=0x8220, "
	     "flags=FUTEX2_SIZE_U32}, {val=4242|FUTEX_WAITERS, uaddr=NULL, flags=0}]) = 0\n");
	call.args[4].ok = false;
	call.result = -600;
	line(&call, "futex(0x7f00c000, FUTEX_WAIT, 4294967295, 0x1, 0x50) = -1 (errno 600)\n");
}

static void names_of_locks(void **state)
{
	const char *labels[] = {"/dev/shm/g+0x20", NULL};
	struct list list = make_list(2);
	struct call call = set_call(&list);

	(void)state;
	options.paths = true;
	call.args[0].entry_labels = labels;
	call.args[0].n_entry_labels = 2;
	call.args[1] = (struct arg){.kind = ARG_FUTEX,
				    .value = 0x8220,
				    .ok = true,
				    .pointee = 0,
				    .label = "/tmp/\033[31m+0x0"};
	line(&call, "set_robust_list(0x8100 {list={0x8234</dev/shm/g+0x20>, 0x8258}, "
		    "futex_offset=-20, list_op_pending=NULL}, 0x8220</tmp/\\x1b[31m+0x0> [0]) = "
		    "0\n");
}

static void mappings(void **state)
{
	struct call call = {.name = "mmap",
			    .args = {{.kind = ARG_ADDRESS},
				     {.kind = ARG_HEX, .value = 4096},
				     {.kind = ARG_PATH, .value = 1, .ok = true, .text = "a\nb"},
				     {.kind = ARG_PATH, .value = 0x10}},
			    .n_args = 4,
			    .ended = true,
			    .result = 0x7f0000001000,
			    .result_is_address = true};

	(void)state;
	line(&call, "mmap(NULL, 0x1000, \"a\\x0ab\", 0x10)      = 0x7f0000001000\n");
	call.result = -ENOMEM;
	line(&call,
	     "mmap(NULL, 0x1000, \"a\\x0ab\", 0x10)      = -1 ENOMEM (Cannot allocate memory)\n");
}

static void prefixes(void **state)
{
	const uint64_t noon = UINT64_C(1700049600) * UINT64_C(1000000000) + 123456789;
	struct call call = {.name = "exit",
			    .bits = 64,
			    .args = {{.kind = ARG_NUMBER, .value = 0}},
			    .n_args = 1,
			    .ended = true,
			    .took_ns = 44123};
	static const struct {
		struct log_options options;
		const char *text;
	} rows[] = {
		{{.clock = LOG_TIME}, "12:00:00 exit(0)                        = 0\n"},
		{{.clock = LOG_TIME_US, .took = true},
		 "12:00:00.123456 exit(0)                 = 0 <0.000044>\n"},
		{{.clock = LOG_EPOCH_US, .relative = true},
		 "1700049600.123456 (+     0.000000) exit(0) = 0\n"},
		{{.relative = true, .bare_pid = true},
		 "103        0.000000 exit(0)             = 0\n"},
		{{.bare_pid = true, .comm = true}, "103<a b> exit(0)                        = 0\n"},
		{{.comm = true}, "[pid   103<a b>] exit(0)                = 0\n"},
		{{.pc = true}, "[000000000000abcd] exit(0)              = 0\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FILE *out = options.out;

		options = rows[i].options;
		options.out = out;
		EVENT(.kind = EVENT_CALL_EXIT, .tid = 103, .call = &call, .time_ns = noon,
		      .comm = "a b", .pc = 0xabcd);
		expect(rows[i].text);
		log_free(the_log);
		the_log = NULL;
	}
	options.relative = options.comm = options.took = true;
	EVENT(.kind = EVENT_NOTE, .time_ns = noon, .text = "first", .comm = "\033");
	log_many_tasks(the_log);
	call.took_ns = 0;
	call.bits = 32;
	EVENT(.kind = EVENT_CALL_EXIT, .call = &call, .time_ns = noon + UINT64_C(12345678901),
	      .comm = "x", .pc = 0xabcd);
	EVENT(.kind = EVENT_EXITED, .time_ns = noon, .status = 3, .comm = "x");
	expect("[pid  7001<\\x1b>]      0.000000 [????????????????] --- first ---\n"
	       "[pid  7001<x>]     12.345678 [0000abcd] exit(0) = 0 <unavailable>\n"
	       "[pid  7001<x>]      0.000000 [????????????????] +++ exited with 3 +++\n");
}

static void life(void **state)
{
	const struct event_siginfo sent = {
		.layout = SIGNAL_SENT, .code = "SI_USER", .pid = 55, .uid = 1000};
	const struct event_siginfo exited = {.layout = SIGNAL_CHILD,
					     .code = "CLD_EXITED",
					     .number = CLD_EXITED,
					     .pid = 56,
					     .status = 3};
	const struct event_siginfo killed = {.layout = SIGNAL_CHILD,
					     .code = "CLD_KILLED",
					     .number = CLD_KILLED,
					     .pid = 56,
					     .status = 9};
	const struct event_siginfo fault = {
		.layout = SIGNAL_FAULT, .code = "SEGV_MAPERR", .address = 0x10};
	const struct event_siginfo null = {.layout = SIGNAL_FAULT, .code = "BUS_ADRERR"};
	const struct event_siginfo bare = {.number = -99};

	(void)state;
	EVENT(.kind = EVENT_NEW_TASK, .other = 7002, .text = "thread");
	EVENT(.kind = EVENT_NEW_TASK, .other = 7003, .text = "process");
	EVENT(.kind = EVENT_NEW_TASK, .other = 7004, .text = "vfork");
	EVENT(.kind = EVENT_EXEC, .text = "/bin/\x01x");
	EVENT(.kind = EVENT_EXEC, .other = 7002);
	EVENT(.kind = EVENT_SIGNAL, .signal = 10, .other = 55, .siginfo = &sent);
	EVENT(.kind = EVENT_SIGNAL, .signal = 17, .siginfo = &exited);
	EVENT(.kind = EVENT_SIGNAL, .signal = 17, .siginfo = &killed);
	EVENT(.kind = EVENT_SIGNAL, .signal = 11, .siginfo = &fault);
	EVENT(.kind = EVENT_SIGNAL, .signal = 7, .siginfo = &null);
	EVENT(.kind = EVENT_SIGNAL, .signal = 14, .siginfo = &bare);
	EVENT(.kind = EVENT_SIGNAL, .signal = 29);
	EVENT(.kind = EVENT_SIGNAL, .signal = 32);
	EVENT(.kind = EVENT_STOPPED, .signal = 19);
	EVENT(.kind = EVENT_EXITED, .status = 255);
	EVENT(.kind = EVENT_KILLED, .signal = 35, .core = false);
	expect("+++ new thread 7002 +++\n"
	       "+++ new process 7003 +++\n"
	       "+++ new process 7004 (vfork) +++\n"
	       "+++ execs /bin/\\x01x +++\n"
	       "+++ execs ? (was thread 7002) +++\n"
	       "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=55, si_uid=1000} ---\n"
	       "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=56, si_uid=0, "
	       "si_status=3} ---\n"
	       "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=56, si_uid=0, "
	       "si_status=SIGKILL} ---\n"
	       "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\n"
	       "--- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=NULL} ---\n"
	       "--- SIGALRM {si_signo=SIGALRM, si_code=-99} ---\n"
	       "--- SIGIO {si_signo=SIGIO} ---\n"
	       "--- SIGRTMIN {si_signo=SIGRTMIN} ---\n"
	       "--- stopped by SIGSTOP ---\n"
	       "+++ exited with 255 +++\n"
	       "+++ killed by SIGRT_3 +++\n");
}

static const struct futex held = {.address = 0x8220, .word = 7003 | WORD_WAITERS, .word_ok = true};
static const struct futex quiet = {.address = 0x8244, .word = 7003, .word_ok = true};
static const struct futex foreign = {.address = 0x8268, .word = 7005, .word_ok = true};
static pid_t waiters[] = {7002, 7004, 7006, 7007, 7008};

#define SHM                                                                          \
	{                                                                            \
		.kind = PLACE_FILE, .path = "/dev/shm/g", .offset = 0x20, .inode = 9 \
	}

static void death_line(struct death_lock *locks, size_t count, struct death rest,
		       const char *wanted)
{
	rest.locks = locks;
	rest.n_locks = count;
	EVENT(.kind = EVENT_DEATH, .tid = 7003, .death = &rest);
	expect(wanted);
}

static void guard_line(const struct guard_action *guard, const char *wanted)
{
	EVENT(.kind = EVENT_GUARD, .tid = 7003, .guard = guard);
	expect(wanted);
}

static void deaths(void **state)
{
	struct death_lock locks[] = {
		{.kind = LIST_LIST2,
		 .index = 1,
		 .futex = &held,
		 .place = SHM,
		 .fate = FATE_OWNER_DIED,
		 .waiters = waiters,
		 .n_waiters = 1},
		{.kind = LIST_LIST2,
		 .index = 1,
		 .futex = &quiet,
		 .label = "g+0x44",
		 .fate = FATE_OWNER_DIED},
		{.kind = LIST_COMPAT, .pending = true, .futex = &foreign, .fate = FATE_NOTHING},
	};

	(void)state;
	options.paths = true;
	death_line(locks, 2, (struct death){0},
		   "+++ exits holding 2 robust locks: #1 0x8220 </dev/shm/g+0x20> (7002 gets "
		   "EOWNERDEAD), #1 0x8244 <g+0x44> (nobody waits) +++\n");
	death_line(locks + 1, 2, (struct death){0},
		   "+++ exits holding 1 robust lock: #1 0x8244 <g+0x44> (nobody waits), compat "
		   "pending 0x8268 (left alone: 7005 has it) +++\n");
	death_line(locks + 2, 1, (struct death){0},
		   "+++ exits holding no robust lock: compat pending 0x8268 (left alone: 7005 has "
		   "it) +++\n");
	death_line(locks, 0, (struct death){0}, "");
	death_line(locks, 0, (struct death){.unseen = true},
		   "+++ exits; the kernel did not tell in time: its robust lists were not read "
		   "+++\n");
}

static void fates(void **state)
{
	struct death_lock locks[] = {
		{.futex = &held, .fate = FATE_OWNER_DIED, .waiters = waiters, .n_waiters = 2},
		{.futex = &held, .fate = FATE_OWNER_DIED},
		{.futex = &quiet, .fate = FATE_OWNER_DIED, .waiters = waiters, .n_waiters = 1},
		{.futex = &quiet, .fate = FATE_OWNER_DIED, .waiters = waiters, .n_waiters = 5},
		{.futex = &quiet, .fate = FATE_STAYS_LOCKED, .end = LIST_TOO_LONG},
		{.futex = &quiet,
		 .fate = FATE_STAYS_LOCKED,
		 .end = LIST_FAULT,
		 .waiters = waiters,
		 .n_waiters = 3},
		{.futex = &quiet, .fate = FATE_WAKE_ONLY, .pending = true},
		{.futex = &quiet, .fate = FATE_WAKE_ONLY, .waiters = waiters, .n_waiters = 1},
		{.futex = &quiet, .fate = FATE_UNREADABLE},
	};

	(void)state;
	options.entries_max = 100;
	death_line(locks, 9, (struct death){.n_cut = 1},
		   "+++ exits holding at least 6 robust locks: "
		   "0x8220 (one of 7002 and 7004 gets EOWNERDEAD), "
		   "0x8220 (nobody is seen to wait), "
		   "0x8244 (7002 waits and is not woken: FUTEX_WAITERS is not set), "
		   "0x8244 (7002, 7004, 7006 and 2 more wait and are not woken: FUTEX_WAITERS is "
		   "not set), "
		   "0x8244 (stays locked: behind the kernel's limit of 2048), "
		   "0x8244 (stays locked: the list is broken before it; 7002, 7004 and 7006 wait "
		   "for ever), "
		   "pending 0x8244 (free: one waiter is woken), "
		   "0x8244 (free: 7002 is woken), "
		   "0x8244 (unreadable), 1 entry not looked at +++\n");
}

static void many_locks_are_cut(void **state)
{
	struct death_lock locks[3000];

	(void)state;
	for (size_t i = 0; i < 3000; i++)
		locks[i] = (struct death_lock){.futex = &quiet,
					       .fate = i < 2048 ? FATE_OWNER_DIED
								: FATE_STAYS_LOCKED,
					       .end = LIST_TOO_LONG};
	options.entries_max = 2;
	death_line(locks, 3000, (struct death){.worst = LIST_TOO_LONG},
		   "+++ exits holding 3000 robust locks: 0x8244, 0x8244, ... and 2998 more, "
		   "952 of them stay locked; nobody waits for the others +++\n");
	locks[100].waiters = waiters;
	locks[100].n_waiters = 1;
	death_line(locks, 1000, (struct death){0},
		   "+++ exits holding 1000 robust locks: 0x8244, 0x8244, ... and 998 more, 1 of "
		   "them with waiters; nobody waits for the others +++\n");
}

static void nobody_waits_for_any(void **state)
{
	struct death_lock locks[] = {
		{.futex = &quiet, .fate = FATE_OWNER_DIED},
		{.futex = &quiet, .fate = FATE_OWNER_DIED, .label = "g+0x44"},
		{.futex = &held, .fate = FATE_OWNER_DIED, .waiters = waiters, .n_waiters = 1},
	};

	(void)state;
	death_line(locks, 2, (struct death){0},
		   "+++ exits holding 2 robust locks: 0x8244, 0x8244 <g+0x44>; nobody waits for "
		   "them +++\n");
	death_line(locks, 3, (struct death){0},
		   "+++ exits holding 3 robust locks: 0x8244, 0x8244 <g+0x44>, 0x8220 (7002 gets "
		   "EOWNERDEAD); nobody waits for the others +++\n");
	death_line(locks + 1, 2, (struct death){0},
		   "+++ exits holding 2 robust locks: 0x8244 <g+0x44> (nobody waits), 0x8220 (7002 "
		   "gets EOWNERDEAD) +++\n");
}

static void where_lists_break_off(void **state)
{
	struct death_lock lock = {.futex = &quiet, .fate = FATE_OWNER_DIED};
	struct death_break breaks[] = {
		{.kind = LIST_ROBUST, .end = LIST_FAULT, .at = 0x10},
		{.kind = LIST_COMPAT, .end = LIST_MISALIGNED, .at = 0x8221},
		{.kind = LIST_LIST2, .index = 3, .end = LIST_LOOP, .at = 0x8244},
		{.kind = LIST_ROBUST, .end = LIST_FAULT, .at = 0x9000, .read_only = true},
		{.kind = LIST_ROBUST, .end = LIST_FAULT, .at = 0x8100, .is_head = true},
	};

	(void)state;
	death_line(&lock, 1, (struct death){.breaks = breaks, .n_breaks = 4},
		   "+++ exits holding 1 robust lock: 0x8244 (nobody waits); the list is unreadable "
		   "at 0x10: what is behind that stays locked; the compat list has a misaligned "
		   "futex word at 0x8221: what is behind that stays locked; list #3 loops back to "
		   "0x8244: what the circle cuts off stays locked; the list is not writable at "
		   "0x9000: what is behind that stays locked +++\n");
	death_line(&lock, 0, (struct death){.breaks = breaks + 4, .n_breaks = 1},
		   "+++ exits holding no robust lock that can be found; the list is unreadable at "
		   "0x8100: its head is gone, and what it held stays locked +++\n");
	/* By such an exec all is lost, broken or not. */
	death_line(&lock, 0, (struct death){.by_exec = true, .breaks = breaks, .n_breaks = 1}, "");
}

static void death_by_exec(void **state)
{
	struct death_lock locks[] = {
		{.futex = &quiet, .fate = FATE_STAYS_LOCKED},
		{.futex = &held, .fate = FATE_STAYS_LOCKED, .waiters = waiters, .n_waiters = 1},
	};

	(void)state;
	death_line(locks, 2, (struct death){.by_exec = true},
		   "+++ execs as a thread that is not the leader: 2 robust locks stay locked for "
		   "ever: 0x8244, 0x8220 (stays locked; 7002 waits for ever) +++\n");
}

static void exec_of_the_leader(void **state)
{
	struct death_lock lock = {.futex = &quiet, .fate = FATE_OWNER_DIED};

	(void)state;
	death_line(&lock, 1, (struct death){.by_exec = true, .is_leader = true},
		   "+++ execs holding 1 robust lock: 0x8244 (nobody waits) +++\n");
}

static void stale_pending(void **state)
{
	struct death_lock locks[] = {
		{.futex = &quiet, .fate = FATE_OWNER_DIED},
		{.futex = &held,
		 .fate = FATE_OWNER_DIED,
		 .pending = true,
		 .stale = true,
		 .evidence = "glibc's __kind",
		 .label = "victim.dat+0x0"},
	};

	(void)state;
	death_line(locks, 2, (struct death){0},
		   "+++ exits holding 1 robust lock: 0x8244 (nobody waits), pending 0x8220 "
		   "<victim.dat+0x0> (stale: no lock is there any more (glibc's __kind), and the "
		   "kernel writes FUTEX_OWNER_DIED to it) +++\n");
}

static void guard_lines(void **state)
{
	const struct guard_action base = {.lock = {.futex = &held,
						   .pending = true,
						   .stale = true,
						   .evidence = "glibc's __kind",
						   .label = "a.dat+0x0"}};
	struct guard_action cleared = base;
	struct guard_action failed = base;
	struct guard_action left = base;
	struct guard_action strict = base;

	(void)state;
	cleared.cleared = true;
	failed.error = EFAULT;
	left.doubtful = true;
	strict.doubtful = true;
	strict.cleared = true;
	guard_line(&cleared,
		   "+++ guard: list_op_pending is stale: pending 0x8220 <a.dat+0x0> is no lock any "
		   "more (glibc's __kind); cleared, so that the kernel does not write there +++\n");
	guard_line(&failed,
		   "+++ guard: list_op_pending is stale: pending 0x8220 <a.dat+0x0> is no lock any "
		   "more (glibc's __kind); it could not be cleared (Bad address): the kernel will "
		   "write there +++\n");
	guard_line(
		&left,
		"+++ guard: list_op_pending is doubtful: pending 0x8220 <a.dat+0x0>, of a list of "
		"no known libc, names this thread; left: the kernel will mark it (--guard=strict "
		"clears it) +++\n");
	guard_line(
		&strict,
		"+++ guard: list_op_pending is doubtful: pending 0x8220 <a.dat+0x0>, of a list of "
		"no known libc, names this thread; cleared, so that the kernel does not write "
		"there +++\n");
}

static void after_death(void **state)
{
	struct death_lock locks[] = {
		{.futex = &held,
		 .fate = FATE_OWNER_DIED,
		 .after_ok = true,
		 .after = WORD_OWNER_DIED | WORD_WAITERS},
		{.futex = &quiet,
		 .fate = FATE_OWNER_DIED,
		 .after_ok = true,
		 .after = WORD_OWNER_DIED},
		{.futex = &held, .fate = FATE_OWNER_DIED, .after_ok = true, .after = 7002},
		{.futex = &held, .fate = FATE_OWNER_DIED, .after_ok = true, .after = 0},
		{.futex = &held, .fate = FATE_OWNER_DIED},
		{.futex = &quiet, .fate = FATE_STAYS_LOCKED, .after_ok = true, .after = 7003},
		{.futex = &foreign, .fate = FATE_NOTHING, .after_ok = true, .after = 7005},
		{.futex = &held,
		 .fate = FATE_OWNER_DIED,
		 .after_ok = true,
		 .after = 7003 | WORD_WAITERS},
		{.futex = &quiet,
		 .fate = FATE_STAYS_LOCKED,
		 .after_ok = true,
		 .after = WORD_OWNER_DIED},
		{.futex = &quiet, .fate = FATE_STAYS_LOCKED, .after_ok = true, .after = 0},
	};
	struct death death = {.locks = locks, .n_locks = 2};

	(void)state;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 2 locks marked FUTEX_OWNER_DIED by the kernel +++\n");
	death.n_locks = 10;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 4 locks marked FUTEX_OWNER_DIED by the kernel, 1 of them already taken over, "
	       "1 of them already taken over and given back, 1 lock stays locked, "
	       "1 lock left alone, 1 lock not readable any more, 3 locks not as foretold: "
	       "0x8220 is not marked, still 7003 (0x80001b5b), "
	       "0x8244 is marked FUTEX_OWNER_DIED (0x40000000), "
	       "0x8244 does not stay locked (0x00000000) +++\n");
	log_free(the_log);
	the_log = NULL;
	options.entries_max = 1;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 4 locks marked FUTEX_OWNER_DIED by the kernel, 1 of them already taken over, "
	       "1 of them already taken over and given back, 1 lock stays locked, "
	       "1 lock left alone, 1 lock not readable any more, 3 locks not as foretold: "
	       "0x8220 is not marked, still 7003 (0x80001b5b), ... and 2 more +++\n");
	death.n_locks = 0;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("");
}

/* What stands there is no futex word: the memory was freed and taken again before we looked. */
static void after_death_of_reused(void **state)
{
	struct death_lock lock = {
		.futex = &held, .fate = FATE_OWNER_DIED, .after_ok = true, .after = 0x873f0af0};
	struct death death = {.locks = &lock, .n_locks = 1};

	(void)state;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 word that is no lock's any more +++\n");
	lock.after = WORD_TID_LIMIT | WORD_OWNER_DIED;
	lock.fate = FATE_STAYS_LOCKED;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 word that is no lock's any more +++\n");
	lock.after = WORD_TID_LIMIT - 1;
	lock.fate = FATE_OWNER_DIED;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 lock marked FUTEX_OWNER_DIED by the kernel, already taken over +++\n");
	/* musl's mark of a lock that nobody can recover. */
	lock.after = 0x7fffffff;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 lock marked FUTEX_OWNER_DIED by the kernel +++\n");
}

/* One lock: that it was marked is no less true when the next owner was faster than we. */
static void after_death_of_one(void **state)
{
	struct death_lock lock = {.futex = &held, .fate = FATE_OWNER_DIED, .after_ok = true};
	struct death death = {.locks = &lock, .n_locks = 1};

	(void)state;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 lock marked FUTEX_OWNER_DIED by the kernel, already taken over and given "
	       "back +++\n");
	lock.after = 7002;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 lock marked FUTEX_OWNER_DIED by the kernel, already taken over +++\n");
	death.emulated = true;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 lock marked FUTEX_OWNER_DIED in place of the kernel, already taken over "
	       "+++\n");
	/* What is no lock is taken over by nobody. */
	lock.stale = true;
	EVENT(.kind = EVENT_DEATH_AFTER, .death = &death);
	expect("+++ 1 lock not as foretold: 0x8220 is not marked, now 7002 (0x00001b5a) +++\n");
}

static void stacks(void **state)
{
	const struct frame frames[] = {
		{.pc = 0x7f01,
		 .function = "syscall",
		 .offset = 0x19,
		 .module = "/lib/libc.so.6",
		 .module_offset = 0x101829},
		{.pc = 0x7f02, .module = "/tmp/f", .module_offset = 0x10, .guess = true},
		{.pc = 0x7f03},
	};
	struct call call = set_call(NULL);

	(void)state;
	EVENT(.kind = EVENT_CALL_EXIT, .call = &call, .frames = frames, .n_frames = 3);
	expect("set_robust_list(0x8100, 24)             = 0\n"
	       " > /lib/libc.so.6(syscall+0x19) [0x101829]\n"
	       " > /tmp/f(?) [0x10]\n"
	       " > [0x7f03]\n");
}

static void colours(void **state)
{
	struct call call = get_call(false);
	struct death_lock lock = {.futex = &quiet, .fate = FATE_OWNER_DIED};
	struct death death = {.locks = &lock, .n_locks = 1};

	(void)state;
	options.color = true;
	call.ended = true;
	call.result = -EPERM;
	line(&call, "get_robust_list(0, 0x100, 0x108)        = "
		    "\033[31m-1 EPERM (Operation not permitted)\033[0m\n");
	EVENT(.kind = EVENT_DEATH, .death = &death);
	expect("\033[33m+++ exits holding 1 robust lock: 0x8244 (nobody waits) +++\033[0m\n");
	EVENT(.kind = EVENT_NOTE, .text = "note");
	expect("\033[2m--- note ---\033[0m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(lists),
		TEST(broken_lists),
		TEST(no_entries_wanted),
		TEST(set_robust_list2),
		TEST(get_robust_list),
		TEST(unfinished),
		TEST(never_returns),
		TEST(detached_in_a_call),
		TEST(nobody_waits_for_any),
		TEST(where_lists_break_off),
		TEST(after_death_of_reused),
		TEST(after_death_of_one),
		TEST(thousands_in_calls),
		TEST(futexes),
		TEST(names_of_locks),
		TEST(mappings),
		TEST(prefixes),
		TEST(life),
		TEST(deaths),
		TEST(fates),
		TEST(many_locks_are_cut),
		TEST(death_by_exec),
		TEST(exec_of_the_leader),
		TEST(stale_pending),
		TEST(guard_lines),
		TEST(after_death),
		TEST(stacks),
		TEST(colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
