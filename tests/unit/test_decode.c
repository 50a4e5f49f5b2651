/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of 32- and of 64-bit programs, decoded against a memory made by hand. */
#include "decode.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/revision.h"
#include "fake_memory.h"
#include "unit.h"
#include "walk_list.h"

#define HEAD UINT64_C(0x10000)
#define LOCKS UINT64_C(0x20000)
#define DATA UINT64_C(0x30000)
#define OTHER_HEAD UINT64_C(0x40000)
#define LOCK_SIZE UINT64_C(64)
#define OFFSET (-24)
#define NOWHERE UINT64_C(0x900000)

/*
 * The linker leads the allocations of decode*.c and walk_list.c here (--wrap): the one that brings
 * this down to 0 fails; negative: none does.
 */
static int allocations_left = -1;

static bool allocation_fails(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__real_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_copy(struct arena *arena, const void *data, size_t size);
void *__wrap_arena_copy(struct arena *arena, const void *data, size_t size);
char *__real_arena_strdup(struct arena *arena, const char *text);
char *__wrap_arena_strdup(struct arena *arena, const char *text);
char *__wrap_arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int __real_vec_reserve(void *items, size_t count, size_t *capacity, size_t extra, size_t size);
int __wrap_vec_reserve(void *items, size_t count, size_t *capacity, size_t extra, size_t size);

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
	return allocation_fails() ? NULL : __real_arena_alloc(arena, size);
}

void *__wrap_arena_copy(struct arena *arena, const void *data, size_t size)
{
	return allocation_fails() ? NULL : __real_arena_copy(arena, data, size);
}

char *__wrap_arena_strdup(struct arena *arena, const char *text)
{
	return allocation_fails() ? NULL : __real_arena_strdup(arena, text);
}

char *__wrap_arena_printf(struct arena *arena, const char *format, ...)
{
	char *text = NULL;
	char *copy = NULL;
	va_list args;

	if (allocation_fails())
		return NULL;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		copy = __real_arena_strdup(arena, text);
	va_end(args);
	free(text);
	return copy;
}

int __wrap_vec_reserve(void *items, size_t count, size_t *capacity, size_t extra, size_t size)
{
	return allocation_fails() ? -ENOMEM
				  : __real_vec_reserve(items, count, capacity, extra, size);
}

struct world {
	struct fake_memory fake;
	struct fake_memory other; /* of task 77 */
	struct traced_calls calls;
	struct arena arena;
	struct decode_labels labels;
	struct decode_context context;
	struct call call;
	unsigned list_bits;
};

static struct world world;

static const char *label(struct decode_labels *labels, target_addr address, struct arena *arena)
{
	(void)labels;
	if (address < LOCKS || address >= LOCKS + 0x1000)
		return NULL;
	return arena_printf(arena, "lock+0x%llx", (unsigned long long)(address - LOCKS));
}

static struct memory *memory_of(void *data, int32_t tid)
{
	return tid == 77 ? &((struct world *)data)->other.memory : NULL;
}

static unsigned list_bits(void *data, int32_t tid, unsigned index)
{
	(void)tid;
	(void)index;
	return ((struct world *)data)->list_bits;
}

static uint64_t entry_of(size_t lock)
{
	return LOCKS + lock * LOCK_SIZE + 24;
}

static void put_head(struct fake_memory *fake, uint64_t head, unsigned bits, uint64_t next,
		     uint64_t pending)
{
	fake_put_pointer(fake, bits, head, next);
	fake_put_pointer(fake, bits, head + bits / 8, (uint64_t)OFFSET);
	fake_put_pointer(fake, bits, head + bits / 4, pending);
}

/* `count` locks on a whole list at HEAD. */
static void put_list(unsigned bits, size_t count)
{
	put_head(&world.fake, HEAD, bits, count ? entry_of(0) : HEAD, 0);
	for (size_t i = 0; i < count; i++)
		fake_put_pointer(&world.fake, bits, entry_of(i),
				 i + 1 < count ? entry_of(i + 1) : HEAD);
}

static int open_world(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	fake_open(&world.fake);
	fake_open(&world.other);
	fake_map(&world.fake, HEAD, 64);
	fake_map(&world.fake, LOCKS, 0x1000);
	fake_map(&world.fake, DATA, 0x1000);
	fake_map(&world.other, OTHER_HEAD, 64);
	put_head(&world.other, OTHER_HEAD, 64, OTHER_HEAD, 0);
	traced_calls_init(&world.calls, revision_find("lpc2025"), -1, -1);
	world.labels.label = label;
	world.context = (struct decode_context){
		.memory = &world.fake.memory,
		.labels = &world.labels,
		.calls = &world.calls,
		.arena = &world.arena,
		.memory_of = memory_of,
		.list_bits = list_bits,
		.data = &world,
	};
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	fake_close(&world.fake);
	fake_close(&world.other);
	arena_free(&world.arena);
	return 0;
}

static struct decode_input input_of(long number, unsigned bits, const uint64_t *args, size_t count)
{
	enum call_abi abi = bits == 32 ? ABI_I386 : ABI_X86_64;
	struct decode_input input = {
		.row = traced_calls_find(&world.calls, abi, number),
		.bits = bits,
		.nr = (uint64_t)number,
	};

	assert_non_null(input.row);
	for (size_t i = 0; i < count; i++)
		input.args[i] = args[i];
	return input;
}

/* The call at its entry, and with `result` at its end. */
static const struct call *decode(long number, unsigned bits, const uint64_t *args, size_t count,
				 int64_t result)
{
	struct decode_input input = input_of(number, bits, args, count);

	assert_int_equal(decode_entry(&world.context, &input, &world.call), 0);
	assert_false(world.call.ended);
	assert_string_equal(world.call.name, input.row->name);
	assert_int_equal(world.call.bits, bits);
	assert_int_equal(decode_exit(&world.context, &input, result, &world.call), 0);
	assert_true(world.call.ended);
	return &world.call;
}

#define DECODE(number, bits, result, ...)                     \
	decode(number, bits, (const uint64_t[]){__VA_ARGS__}, \
	       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), result)

static const struct arg *arg_named(const char *name)
{
	for (size_t i = 0; i < world.call.n_args; i++)
		if (strcmp(world.call.args[i].name, name) == 0)
			return &world.call.args[i];
	fail_msg("no argument %s", name);
	return NULL;
}

/* "head len": the names of all arguments, in order. */
static void expect_args(const char *names)
{
	char got[256] = "";

	for (size_t i = 0; i < world.call.n_args; i++) {
		strcat(got, i ? " " : "");
		strcat(got, world.call.args[i].name);
	}
	assert_string_equal(got, names);
}

static void expect_text(const char *name, const char *text)
{
	assert_string_equal(arg_named(name)->text, text);
}

static void set_robust_list(void **state)
{
	static const struct {
		unsigned bits;
		long number;
		uint64_t length;
	} rows[] = {{64, 273, 24}, {32, 311, 12}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct list *list;

		put_list(rows[i].bits, 3);
		DECODE(rows[i].number, rows[i].bits, 0, HEAD, rows[i].length);
		expect_args("head len");
		list = arg_named("head")->list;
		assert_non_null(list);
		assert_int_equal(list->bits, rows[i].bits);
		assert_int_equal(list->n_entries, 3);
		assert_int_equal(list->entries[2].entry, entry_of(2));
		assert_int_equal(list->futex_offset, OFFSET);
		assert_int_equal(list->kind,
				 rows[i].bits == 8 * sizeof(long) ? LIST_ROBUST : LIST_COMPAT);
		assert_int_equal(arg_named("head")->n_entry_labels, 3);
		assert_string_equal(arg_named("head")->entry_labels[1], "lock+0x40");
		assert_int_equal(world.call.result, 0);
		assert_null(world.call.result_note);
	}
}

/* The rule for a thread that begins: one look, no walk. */
static void empty_list_is_one_read(void **state)
{
	(void)state;
	put_list(64, 0);
	world.fake.calls = 0;
	DECODE(273, 64, 0, HEAD, 24);
	assert_int_equal(world.fake.calls, 1);
	assert_int_equal(arg_named("head")->list->n_entries, 0);
	assert_int_equal(arg_named("head")->list->end, LIST_COMPLETE);
	assert_int_equal(arg_named("head")->list->futex_offset, OFFSET);
	put_list(32, 0);
	DECODE(311, 32, 0, HEAD, 12);
	assert_int_equal(arg_named("head")->list->futex_offset, OFFSET);
}

static void wrong_length_is_not_walked(void **state)
{
	static const struct {
		unsigned bits;
		long number;
		uint64_t length;
	} rows[] = {{64, 273, 12}, {64, 273, 0}, {64, 273, UINT64_MAX}, {32, 311, 24}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_list(rows[i].bits, 1);
		world.fake.calls = 0;
		DECODE(rows[i].number, rows[i].bits, -EINVAL, HEAD, rows[i].length);
		assert_int_equal(world.fake.calls, 0);
		assert_null(arg_named("head")->list);
		assert_int_equal(arg_named("head")->value, HEAD);
		assert_string_equal(world.call.result_note,
				    rows[i].bits == 64 ? "len must be 24" : "len must be 12");
	}
}

static void bad_heads(void **state)
{
	static const uint64_t heads[] = {0, 8, NOWHERE, UINT64_C(0xffff800000001000),
					 UINT64_MAX - 3};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		DECODE(273, 64, 0, heads[i], 24);
		assert_null(arg_named("head")->list);
		assert_int_equal(arg_named("head")->value, heads[i]);
		DECODE(470, 64, 0, heads[i], 0, 0, 0);
		assert_null(arg_named("head")->list);
	}
}

static void broken_lists(void **state)
{
	(void)state;
	put_list(64, 3);
	fake_put64(&world.fake, entry_of(2), entry_of(0));
	DECODE(273, 64, 0, HEAD, 24);
	assert_int_equal(arg_named("head")->list->end, LIST_LOOP);
	fake_put64(&world.fake, entry_of(2), NOWHERE);
	DECODE(273, 64, 0, HEAD, 24);
	assert_int_equal(arg_named("head")->list->end, LIST_FAULT);
	assert_int_equal(arg_named("head")->list->end_at, NOWHERE);
	/* A head that is only half there, and one that points to itself with the PI bit. */
	fake_put64(&world.fake, HEAD, HEAD | 1);
	DECODE(273, 64, 0, HEAD, 24);
	assert_int_equal(arg_named("head")->list->end, LIST_COMPLETE);
	DECODE(273, 64, 0, HEAD + 0xff0, 24);
	assert_null(arg_named("head")->list);
}

static void upper_halves_of_narrow_callers(void **state)
{
	(void)state;
	put_list(32, 2);
	DECODE(311, 32, -EFAULT, HEAD | UINT64_C(0xdead00000000), UINT64_C(0xffffffff0000000c));
	assert_int_equal(arg_named("head")->value, HEAD);
	assert_int_equal(arg_named("head")->list->n_entries, 2);
	assert_int_equal(world.call.result, -EFAULT);
	DECODE(311, 32, 0xfffffff2, HEAD, 12);
	assert_int_equal(world.call.result, -EFAULT);
}

static void get_robust_list(void **state)
{
	(void)state;
	put_list(64, 2);
	fake_put64(&world.fake, DATA, HEAD);
	fake_put64(&world.fake, DATA + 8, 24);
	DECODE(274, 64, 0, 0, DATA, DATA + 8);
	expect_args("pid head_ptr len_ptr");
	assert_int_equal(arg_named("head_ptr")->pointee, HEAD);
	assert_true(arg_named("head_ptr")->ok);
	assert_int_equal(arg_named("head_ptr")->list->n_entries, 2);
	assert_int_equal(arg_named("len_ptr")->pointee, 24);
	/* An error wrote nothing. */
	DECODE(274, 64, -EPERM, 1, DATA, DATA + 8);
	assert_false(arg_named("head_ptr")->ok);
	assert_null(arg_named("head_ptr")->list);
	/* No list: NULL was written. */
	fake_put64(&world.fake, DATA, 0);
	DECODE(274, 64, 0, 0, DATA, DATA + 8);
	assert_true(arg_named("head_ptr")->ok);
	assert_int_equal(arg_named("head_ptr")->pointee, 0);
	assert_null(arg_named("head_ptr")->list);
	DECODE(274, 64, 0, 0, NOWHERE, NOWHERE);
	assert_false(arg_named("head_ptr")->ok);
	assert_false(arg_named("len_ptr")->ok);
	/* 32-bit pointers beside each other. */
	put_list(32, 1);
	fake_put32(&world.fake, DATA, HEAD);
	fake_put32(&world.fake, DATA + 4, 12);
	DECODE(312, 32, 0, 0, DATA, DATA + 4);
	assert_int_equal(arg_named("head_ptr")->list->n_entries, 1);
	assert_int_equal(arg_named("len_ptr")->pointee, 12);
}

/* The head of another task is no address of the caller. */
static void get_robust_list_of_others(void **state)
{
	(void)state;
	fake_put64(&world.fake, DATA, OTHER_HEAD);
	fake_put64(&world.fake, DATA + 8, 24);
	DECODE(274, 64, 0, 77, DATA, DATA + 8);
	assert_non_null(arg_named("head_ptr")->list);
	assert_int_equal(arg_named("head_ptr")->n_entry_labels, 0);
	put_list(64, 2);
	fake_put64(&world.fake, DATA, HEAD);
	DECODE(274, 64, 0, 78, DATA, DATA + 8);
	assert_null(arg_named("head_ptr")->list);
	assert_true(arg_named("head_ptr")->ok);
	world.context.memory_of = NULL;
	DECODE(274, 64, 0, 77, DATA, DATA + 8);
	assert_null(arg_named("head_ptr")->list);
}

static void use_revision(const char *name)
{
	traced_calls_init(&world.calls, revision_find(name), -1, -1);
}

static void set_robust_list2_of_each_revision(void **state)
{
	(void)state;
	put_list(32, 2);
	DECODE(470, 64, 1, HEAD, 3, 1, 0);
	expect_args("head index cmd flags");
	expect_text("cmd", "FUTEX_ROBUST_LIST_CMD_CREATE_LIST_32");
	assert_int_equal(arg_named("index")->value, 3);
	assert_int_equal(arg_named("head")->list->bits, 32);
	assert_int_equal(arg_named("head")->list->kind, LIST_LIST2);
	/* The argument is ignored: the index is what the call returns. */
	assert_int_equal(arg_named("head")->list->index, 1);
	assert_int_equal(arg_named("head")->list->n_entries, 2);
	assert_string_equal(world.call.result_note, "list #1");

	use_revision("steamos");
	DECODE(473, 64, 0, HEAD, 3, 5, 0);
	expect_args("head cmd index flags");
	expect_text("cmd", "FUTEX_ROBUST_LIST_CMD_MODIFY_32");
	assert_int_equal(arg_named("head")->list->n_entries, 2);
	assert_null(world.call.result_note);
	DECODE(473, 64, -30, HEAD, 1, 0, 0);
	assert_string_equal(world.call.result_note, "steamos means ENOSPC by it");
	assert_int_equal(arg_named("head")->list->index, LIST_NO_INDEX);

	use_revision("v6");
	put_list(64, 1);
	DECODE(470, 64, 0, HEAD, 7, 0, 0);
	expect_text("cmd", "FUTEX_ROBUST_LIST_CMD_SET_64");
	assert_int_equal(arg_named("head")->list->bits, 64);
	DECODE(470, 64, 8, 0, 0, 2, 0);
	assert_string_equal(world.call.result_note, "lists per task");

	use_revision("v5");
	DECODE(468, 64, 4, HEAD, UINT32_MAX, 1);
	expect_args("head index flags");
	assert_int_equal((int64_t)arg_named("index")->value, -1);
	expect_text("flags", "ROBUST_LIST_64BIT");
	assert_string_equal(world.call.result_note, "list #4");
	assert_int_equal(arg_named("head")->list->index, 4);
	DECODE(468, 64, -EINVAL, HEAD, 0, 9);
	expect_text("flags", "0x9 /* ROBUST_LIST_??? */");
	assert_null(arg_named("head")->list);
}

static void why_it_is_invalid(void **state)
{
	static const struct {
		uint64_t args[4];
		const char *why;
	} rows[] = {
		{{HEAD, 0, 0, 1}, "flags must be 0"},
		{{HEAD, 0, 5, 0}, "no such command in this revision"},
		{{HEAD, 11, 0, 0}, "index is out of range"},
		{{HEAD, UINT64_MAX, 2, 0}, "index is out of range"},
		{{HEAD + 4, 0, 0, 0}, "head is misaligned"},
		{{HEAD + 2, 0, 3, 0}, "head is misaligned"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		decode(470, 64, rows[i].args, 4, -EINVAL);
		assert_string_equal(world.call.result_note, rows[i].why);
	}
	expect_text("cmd", "FUTEX_ROBUST_LIST_CMD_SET_LIST_32");
	DECODE(470, 64, -EINVAL, HEAD, 0, 7, 0);
	expect_text("cmd", "0x7 /* FUTEX_ROBUST_LIST_CMD_??? */");
	/* Nothing that we know of. */
	DECODE(470, 64, -EINVAL, HEAD, 0, 0, 0);
	assert_null(world.call.result_note);
}

static void get_robust_list2(void **state)
{
	(void)state;
	put_list(32, 2);
	/* Only four bytes are written: the others are the caller's own. */
	fake_put64(&world.fake, DATA, HEAD | UINT64_C(0xaaaaaaaa00000000));
	world.list_bits = 32;
	DECODE(471, 64, 0, 0, DATA, 1, 0);
	expect_args("pid head_ptr index flags");
	assert_int_equal(arg_named("head_ptr")->pointee, HEAD);
	assert_int_equal(arg_named("head_ptr")->list->n_entries, 2);
	assert_int_equal(arg_named("head_ptr")->list->bits, 32);
	assert_null(world.call.remark);
	/* Nobody saw its registration: the shape tells. */
	world.list_bits = 0;
	DECODE(471, 64, 0, 0, DATA, 1, 0);
	assert_int_equal(arg_named("head_ptr")->pointee, HEAD);
	assert_int_equal(arg_named("head_ptr")->list->bits, 32);
	assert_string_equal(world.call.remark, "guessed: a 32-bit list");
	put_list(64, 3);
	fake_put64(&world.fake, DATA, HEAD);
	DECODE(471, 64, 0, 0, DATA, 1, 0);
	assert_int_equal(arg_named("head_ptr")->list->n_entries, 3);
	assert_string_equal(world.call.remark, "guessed: a 64-bit list");
	/* Neither shape. */
	fake_put64(&world.fake, DATA, NOWHERE);
	DECODE(471, 64, 0, 0, DATA, 1, 0);
	assert_null(arg_named("head_ptr")->list);
	assert_string_equal(world.call.remark, "32- or 64-bit list: not known");
	fake_put64(&world.fake, DATA, 0);
	DECODE(471, 64, 0, 0, DATA, 1, 0);
	assert_true(arg_named("head_ptr")->ok);
	assert_null(world.call.remark);
	put_list(32, 1);
	fake_put32(&world.fake, DATA, HEAD);
	DECODE(471, 32, 0, 0, DATA, 1, 0);
	assert_int_equal(arg_named("head_ptr")->list->bits, 32);
}

static void another_call(void **state)
{
	(void)state;
	traced_calls_taken(&world.calls, 470, "listns");
	DECODE(470, 64, -EINVAL, HEAD, 1, 2, 3);
	assert_string_equal(world.call.name, "listns");
	assert_string_equal(world.call.remark, "470 is listns on this kernel");
	assert_int_equal(world.call.n_args, 6);
	assert_null(world.call.result_note);
}

static void futex_arguments(void **state)
{
	static const struct {
		uint64_t op;
		const char *args;
	} rows[] = {
		{FUTEX_WAIT, "uaddr op val timeout"},
		{FUTEX_WAIT_BITSET, "uaddr op val timeout val3"},
		{FUTEX_WAIT_REQUEUE_PI, "uaddr op val timeout uaddr2"},
		{FUTEX_WAKE, "uaddr op val"},
		{FUTEX_WAKE | 512, "uaddr op val uaddr2"},
		{FUTEX_WAKE_BITSET, "uaddr op val val3"},
		{FUTEX_WAKE_BITSET | 512 | 1024, "uaddr op val uaddr2 val3"},
		{FUTEX_REQUEUE, "uaddr op val val2 uaddr2"},
		{FUTEX_CMP_REQUEUE, "uaddr op val val2 uaddr2 val3"},
		{FUTEX_CMP_REQUEUE_PI, "uaddr op val val2 uaddr2 val3"},
		{FUTEX_WAKE_OP, "uaddr op val val2 uaddr2 val3"},
		{FUTEX_LOCK_PI, "uaddr op timeout"},
		{FUTEX_UNLOCK_PI, "uaddr op"},
		{FUTEX_UNLOCK_PI | 512, "uaddr op uaddr2"},
		{FUTEX_TRYLOCK_PI, "uaddr op"},
		{99, "uaddr op val timeout uaddr2 val3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		DECODE(202, 64, 0, LOCKS, rows[i].op | 128, 1, 0, LOCKS, 1);
		expect_args(rows[i].args);
		DECODE(240, 32, 0, LOCKS, rows[i].op, 1, 0, LOCKS, 1);
		expect_args(rows[i].args);
	}
}

static void futex_word_and_timeout(void **state)
{
	(void)state;
	fake_put32(&world.fake, LOCKS + 64, 0x80001092);
	fake_put64(&world.fake, DATA, 2);
	fake_put64(&world.fake, DATA + 8, 500);
	/* musl extends the sign of op. */
	DECODE(202, 64, -ETIMEDOUT, LOCKS + 64, UINT64_C(0xffffffff00000080), 0x80001092, DATA);
	expect_text("op", "FUTEX_WAIT_PRIVATE");
	assert_int_equal(arg_named("uaddr")->pointee, 0x80001092);
	assert_string_equal(arg_named("uaddr")->label, "lock+0x40");
	assert_int_equal(arg_named("val")->value, 0x80001092);
	assert_int_equal(arg_named("timeout")->seconds, 2);
	assert_int_equal(arg_named("timeout")->nanoseconds, 500);
	DECODE(422, 32, 0, LOCKS, 0, 0, DATA);
	assert_int_equal(arg_named("timeout")->nanoseconds, 500);
	fake_put32(&world.fake, DATA, 3);
	fake_put32(&world.fake, DATA + 4, 700);
	DECODE(240, 32, 0, LOCKS, 0, 0, DATA);
	assert_int_equal(arg_named("timeout")->seconds, 3);
	assert_int_equal(arg_named("timeout")->nanoseconds, 700);
	DECODE(202, 64, -EFAULT, NOWHERE, 0, 0, NOWHERE);
	assert_false(arg_named("uaddr")->ok);
	assert_null(arg_named("uaddr")->label);
	assert_false(arg_named("timeout")->ok);
	DECODE(202, 64, 0, LOCKS, 0, 0, 0);
	assert_false(arg_named("timeout")->ok);
}

static void restarts(void **state)
{
	(void)state;
	DECODE(202, 64, -512, LOCKS, 0, 0, 0);
	assert_true(world.call.interrupted);
	DECODE(202, 64, -516, LOCKS, 0, 0, 0);
	assert_true(world.call.interrupted);
	DECODE(202, 64, -511, LOCKS, 0, 0, 0);
	assert_false(world.call.interrupted);
	DECODE(202, 64, -EINTR, LOCKS, 0, 0, 0);
	assert_false(world.call.interrupted);
}

static void waitv(void **state)
{
	const struct arg *arg;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		fake_put64(&world.fake, DATA + i * 24, 5 + i);
		fake_put64(&world.fake, DATA + i * 24 + 8, LOCKS + i * 64);
		fake_put32(&world.fake, DATA + i * 24 + 16, 2 | 128);
	}
	DECODE(449, 64, 1, DATA, 2, 0, 0, 1);
	expect_args("waiters nr_futexes flags timeout clockid");
	arg = arg_named("waiters");
	assert_true(arg->ok);
	assert_int_equal(arg->n_waitvs, 2);
	assert_int_equal(arg->waitvs[1].value, 6);
	assert_int_equal(arg->waitvs[1].address, LOCKS + 64);
	assert_string_equal(arg->waitvs[1].flags, "FUTEX2_SIZE_U32|FUTEX2_PRIVATE");
	assert_string_equal(arg->waitvs[1].label, "lock+0x40");
	expect_text("clockid", "CLOCK_MONOTONIC");
	DECODE(456, 64, 0, DATA, 0, 1, 1);
	expect_args("waiters flags nr_wake nr_requeue");
	assert_int_equal(arg_named("waiters")->n_waitvs, 2);
	DECODE(455, 64, 0, LOCKS, 7, UINT32_MAX, 2, 0, 1);
	expect_args("uaddr val mask flags timeout clockid");
	expect_text("mask", "FUTEX_BITSET_MATCH_ANY");
	DECODE(454, 64, 0, LOCKS, 3, UINT32_MAX, 2);
	expect_args("uaddr mask nr flags");
	assert_int_equal((int64_t)arg_named("nr")->value, -1);
}

/* More than the kernel takes is not read, however many there are said to be. */
static void hostile_waitv(void **state)
{
	static const uint64_t counts[] = {0, 129, UINT64_C(1) << 31, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		world.fake.calls = 0;
		DECODE(449, 64, -EINVAL, DATA, counts[i], 0, 0, 1);
		assert_int_equal(world.fake.calls, 0);
		assert_false(arg_named("waiters")->ok);
		assert_int_equal(arg_named("nr_futexes")->value, counts[i]);
	}
	DECODE(449, 64, -EFAULT, DATA + 0xff0, 2, 0, 0, 1);
	assert_false(arg_named("waiters")->ok);
	DECODE(449, 64, -EFAULT, UINT64_MAX - 8, 128, 0, UINT64_MAX, 1);
	assert_false(arg_named("waiters")->ok);
}

static void mappings(void **state)
{
	(void)state;
	DECODE(9, 64, 0x7f0000001000, 0, 4096, 3, 0x22, UINT32_MAX, 0);
	expect_args("addr length prot flags fd offset");
	expect_text("prot", "PROT_READ|PROT_WRITE");
	expect_text("flags", "MAP_PRIVATE|MAP_ANONYMOUS");
	assert_int_equal((int64_t)arg_named("fd")->value, -1);
	assert_true(world.call.result_is_address);
	assert_int_equal(world.call.result, 0x7f0000001000);
	DECODE(192, 32, 0xf7f00000, 0, 4096, 1, 1, 3, 2);
	assert_int_equal(arg_named("offset")->value, 8192);
	assert_int_equal(world.call.result, 0xf7f00000);
	DECODE(192, 32, (int32_t)0xf7f00000, 0, 4096, 1, 1, 3, 2);
	assert_int_equal(world.call.result, 0xf7f00000);
	DECODE(192, 32, 0xfffffff4, 0, 4096, 1, 1, 3, 2);
	assert_int_equal(world.call.result, -ENOMEM);
	fake_put32(&world.fake, DATA + 4, 8192);
	fake_put32(&world.fake, DATA + 12, 2);
	DECODE(90, 32, 0xf7f00000, DATA);
	expect_args("addr length prot flags fd offset");
	assert_int_equal(arg_named("length")->value, 8192);
	DECODE(90, 32, -EFAULT, NOWHERE);
	expect_args("args");
	DECODE(11, 64, 0, HEAD, 4096);
	expect_args("addr length");
	DECODE(25, 64, 0x1000, HEAD, 4096, 8192, 1, 77);
	expect_args("old_address old_size new_size flags");
	DECODE(25, 64, 0x1000, HEAD, 4096, 8192, 3, 77);
	expect_args("old_address old_size new_size flags new_address");
}

static void truncations(void **state)
{
	(void)state;
	fake_put32(&world.fake, DATA, 0x67662f2e);
	DECODE(76, 64, 0, DATA, 5);
	expect_args("path length");
	expect_text("path", "./fg");
	DECODE(76, 64, -EFAULT, NOWHERE, 5);
	assert_false(arg_named("path")->ok);
	/* A path up to the end of what is mapped, and one that goes on beyond it. */
	fake_put32(&world.fake, DATA + 0xffc, 0x00676665);
	DECODE(76, 64, 0, DATA + 0xffc, 5);
	expect_text("path", "efg");
	fake_put32(&world.fake, DATA + 0xffc, 0x67676665);
	DECODE(76, 64, -EFAULT, DATA + 0xffc, 5);
	assert_false(arg_named("path")->ok);
	DECODE(77, 64, 0, 3, UINT64_MAX);
	assert_int_equal((int64_t)arg_named("length")->value, -1);
	DECODE(93, 32, 0, 3, UINT32_MAX);
	assert_int_equal((int64_t)arg_named("length")->value, -1);
	DECODE(194, 32, 0, 3, 0x1000, 1);
	assert_int_equal(arg_named("length")->value, UINT64_C(0x100001000));
}

static void exits(void **state)
{
	struct decode_input input = input_of(60, 64, (const uint64_t[]){UINT32_MAX}, 1);

	(void)state;
	assert_true(input.row->never_returns);
	assert_int_equal(decode_entry(&world.context, &input, &world.call), 0);
	assert_int_equal((int64_t)arg_named("status")->value, -1);
}

static void ptraces(void **state)
{
	(void)state;
	DECODE(101, 64, -EPERM, 0);
	expect_args("request");
	expect_text("request", "PTRACE_TRACEME");
	DECODE(101, 64, -EPERM, 16, 77);
	expect_args("request pid");
	expect_text("request", "PTRACE_ATTACH");
	assert_int_equal(arg_named("pid")->value, 77);
	DECODE(26, 32, -EPERM, 0x4206, 77);
	expect_text("request", "PTRACE_SEIZE");
	assert_string_equal(world.call.remark, "robtrace is the tracer");
	DECODE(101, 64, 0, 99);
	expect_args("request");
	assert_null(world.call.remark);
}

/* The target went away or may not be read: all is shown as addresses. */
static void memory_that_fails(void **state)
{
	(void)state;
	put_list(64, 3);
	world.fake.error = -ESRCH;
	DECODE(273, 64, 0, HEAD, 24);
	assert_null(arg_named("head")->list);
	DECODE(274, 64, 0, 0, DATA, DATA);
	DECODE(471, 64, 0, 0, DATA, 0, 0);
	DECODE(202, 64, 0, LOCKS, 0, 0, DATA);
	DECODE(449, 64, 0, DATA, 2, 0, DATA, 0);
	DECODE(76, 64, 0, DATA, 0);
	assert_false(arg_named("path")->ok);
}

/* Whether some allocation of the call, the n-th, failed. */
static bool decode_without_memory(const struct decode_input *input, int64_t result, int n)
{
	const struct call untouched = {.name = "untouched"};
	int error;

	world.call = untouched;
	allocations_left = n;
	error = decode_entry(&world.context, input, &world.call);
	if (!error) {
		struct call entered = world.call;

		error = decode_exit(&world.context, input, result, &world.call);
		if (error)
			assert_memory_equal(&world.call, &entered, sizeof(entered));
	} else {
		assert_memory_equal(&world.call, &untouched, sizeof(untouched));
	}
	assert_true(error == 0 || error == -ENOMEM);
	/* A label that could not be made is only missing: then there is no error. */
	error = allocations_left == -1;
	allocations_left = -1;
	return error;
}

static void each_allocation_may_fail(void **state)
{
	static const struct {
		long number;
		uint64_t args[6];
		int64_t result;
		int at_least; /* allocations */
	} rows[] = {
		{273, {HEAD, 24}, 0, 6},         {274, {0, DATA, DATA + 8}, 0, 6},
		{470, {HEAD, 0, 0, 0}, 1, 7},    {470, {HEAD, 0, 9, 0}, -EINVAL, 1},
		{471, {0, DATA, 0, 0}, 0, 6},    {202, {LOCKS, 9, 0, 0, 0, 1}, 0, 3},
		{449, {DATA, 2, 0, 0, 1}, 0, 4}, {9, {0, 1, 1, 1, 1, 0}, 0, 2},
		{76, {DATA + 64, 0}, 0, 1},
	};

	(void)state;
	put_list(64, 3);
	fake_put64(&world.fake, DATA, HEAD);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decode_input input = input_of(rows[i].number, 64, rows[i].args, 6);
		int n = 0;

		while (decode_without_memory(&input, rows[i].result, n))
			n++;
		assert_true(n >= rows[i].at_least);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
		TEST(set_robust_list),
		TEST(empty_list_is_one_read),
		TEST(wrong_length_is_not_walked),
		TEST(bad_heads),
		TEST(broken_lists),
		TEST(upper_halves_of_narrow_callers),
		TEST(get_robust_list),
		TEST(get_robust_list_of_others),
		TEST(set_robust_list2_of_each_revision),
		TEST(why_it_is_invalid),
		TEST(get_robust_list2),
		TEST(another_call),
		TEST(futex_arguments),
		TEST(futex_word_and_timeout),
		TEST(restarts),
		TEST(waitv),
		TEST(hostile_waitv),
		TEST(mappings),
		TEST(truncations),
		TEST(exits),
		TEST(ptraces),
		TEST(memory_that_fails),
		TEST(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
