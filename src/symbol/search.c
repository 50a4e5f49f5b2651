/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/search.h"

#include <string.h>

#include "symbol/module.h"

#if defined(__x86_64__)
#define CHUNK ((size_t)4096)
#define CALL_DIRECT 0xe8
#define GROUP_5 0xff
/* The longest call: a prefix, the opcode, and an operand of six bytes. */
#define CALL_BYTES 8
/* As long as a function may be whose beginning we do not know. */
#define NEAR ((uint64_t)4096)

static size_t word_size(const struct search_place *place)
{
	return place->narrow ? 4 : 8;
}

static uint64_t word_at(const struct search_place *place, const void *words, size_t index)
{
	uint64_t word = 0;

	/* Both are little-endian. */
	memcpy(&word, (const char *)words + index * word_size(place), word_size(place));
	return word;
}

static uint64_t read_pointer(const struct search_place *place, uint64_t address)
{
	uint64_t pointer = 0;

	return memory_read_one(place->memory, address, &pointer, word_size(place)) ? 0 : pointer;
}

static uint64_t relative(const struct search_place *place, uint64_t next,
			 const unsigned char *offset)
{
	int32_t distance;
	uint64_t target;

	memcpy(&distance, offset, sizeof(distance));
	target = next + (uint64_t)(int64_t)distance;
	return place->narrow ? (uint32_t)target : target;
}

/* What an operand of four bytes stands for that is an address for i386, a distance for x86-64. */
static uint64_t absolute(const struct search_place *place, uint64_t next,
			 const unsigned char *operand)
{
	return relative(place, place->narrow ? 0 : next, operand);
}

/*
 * Where a stub of a procedure linkage table jumps to: [endbr] [bnd] jmp *address. The address
 * itself where there is none, 0 where the pointer cannot be read, or hangs on a register.
 */
static uint64_t through_stub(const struct search_place *place, uint64_t target)
{
	static const unsigned char landing[] = {0xf3, 0x0f, 0x1e};
	unsigned char code[16];
	size_t at = 0;

	if (memory_read_one(place->memory, target, code, sizeof(code)))
		return target;
	if (memcmp(code, landing, sizeof(landing)) == 0)
		at += sizeof(landing) + 1;
	if (code[at] == 0xf2)
		at++;
	/* jmp *offset(%ebx), in position independent code for i386. */
	if (place->narrow && code[at] == GROUP_5 && code[at + 1] == 0xa3)
		return 0;
	if (code[at] != GROUP_5 || code[at + 1] != 0x25)
		return target;
	return read_pointer(place, absolute(place, target + at + 6, code + at + 2));
}

/* target: 0 where we do not know it. */
static enum search_rank rank_target(uint64_t target, const struct search_function *function)
{
	if (!target)
		return SEARCH_POSSIBLE;
	if (function->start)
		return target == function->start ? SEARCH_EXACT : SEARCH_OTHER;
	return target <= function->pc && function->pc - target < NEAR ? SEARCH_NEAR : SEARCH_OTHER;
}

/* An indirect call of that length: ff /2 with its ModRM byte, SIB byte and displacement. */
static bool is_indirect(const unsigned char *at, size_t length)
{
	unsigned char mode = at[1] >> 6;
	bool has_sib = mode != 3 && (at[1] & 7) == 4;
	unsigned char base = at[1] & 7;
	size_t expected = has_sib ? 3 : 2;

	if (at[0] != GROUP_5 || (at[1] >> 3 & 7) != 2 || length < expected)
		return false;
	if (has_sib)
		base = at[2] & 7;
	if (mode == 1)
		expected += 1;
	/* In mode 0 what would be rbp stands for a displacement alone. */
	if (mode == 2 || (mode == 0 && base == 5))
		expected += 4;
	return expected == length;
}

/* Whether a call lies before the address; and which function it calls, as far as one can see. */
static bool follows_call(const struct search_place *place, uint64_t pc,
			 const struct search_function *function, enum search_rank *ret)
{
	unsigned char code[CALL_BYTES];
	uint64_t target;

	if (memory_read_one(place->memory, pc - CALL_BYTES, code, sizeof(code)))
		return false;
	if (code[CALL_BYTES - 5] == CALL_DIRECT) {
		target = relative(place, pc, code + CALL_BYTES - 4);
		if (module_executable(place->maps, target)) {
			*ret = rank_target(target, function);
			if (*ret == SEARCH_OTHER)
				*ret = rank_target(through_stub(place, target), function);
			return true;
		}
	}
	*ret = SEARCH_POSSIBLE;
	for (size_t length = 2; length <= 7; length++) {
		if (!is_indirect(&code[CALL_BYTES - length], length))
			continue;
		/* call *address, as -fno-plt makes it: the pointer is there to be read. */
		if (length == 6 && code[CALL_BYTES - 5] == 0x15)
			*ret = rank_target(read_pointer(place, absolute(place, pc, code + 4)),
					   function);
		return true;
	}
	return false;
}

bool search_is_return(const struct search_place *place, uint64_t pc,
		      const struct search_function *function, enum search_rank *ret)
{
	return pc > CALL_BYTES && module_executable(place->maps, pc - 1) &&
	       follows_call(place, pc, function, ret);
}

/* Where handlers return to, in the C library or the vDSO: sigreturn, rt_sigreturn. */
static bool is_signal_return(const struct search_place *place, uint64_t pc)
{
	static const struct {
		bool narrow;
		size_t size;
		unsigned char code[9];
	} known[] = {
		/* mov $15, %rax; syscall */
		{false, 9, {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05}},
		/* pop %eax; mov $119, %eax; int $0x80 */
		{true, 8, {0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80}},
		/* mov $173, %eax; int $0x80 */
		{true, 7, {0xb8, 0xad, 0, 0, 0, 0xcd, 0x80}},
	};
	unsigned char code[sizeof(known[0].code)];

	if (!module_executable(place->maps, pc))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].narrow == place->narrow &&
		    memory_read_one(place->memory, pc, code, known[i].size) == 0 &&
		    memcmp(code, known[i].code, known[i].size) == 0)
			return true;
	return false;
}

static bool find_call(const struct search_place *place, uint64_t pc,
		      const struct search_function *function, struct search_call *ret)
{
	*ret = (struct search_call){.pc = pc};
	if (search_is_return(place, pc, function, &ret->rank))
		return true;
	ret->rank = SEARCH_POSSIBLE;
	ret->signal = is_signal_return(place, pc);
	return ret->signal;
}

bool search_frame_pointer(const struct search_place *place, uint64_t sp, uint64_t bp,
			  const struct search_function *function, struct search_call *ret)
{
	const struct map *stack = maps_find(place->maps, sp);
	const size_t word = word_size(place);
	uint64_t words[2];

	if (!stack || bp < sp || bp >= stack->end || bp % word ||
	    memory_read_one(place->memory, bp, words, 2 * word) ||
	    !find_call(place, word_at(place, words, 1), function, ret))
		return false;
	ret->sp = bp + 2 * word;
	ret->bp = word_at(place, words, 0);
	ret->bp_ok = ret->bp >= ret->sp && ret->bp < stack->end;
	return true;
}

size_t search_calls(const struct search_place *place, uint64_t sp,
		    const struct search_function *function, struct search_call *ret, size_t max)
{
	const struct map *stack = maps_find(place->maps, sp);
	const size_t word = word_size(place);
	uint64_t words[CHUNK / 8];
	uint64_t before = 0;
	size_t count = 0;
	uint64_t end;

	if (!stack || sp % word)
		return 0;
	end = stack->end - sp < SEARCH_BYTES ? stack->end : sp + SEARCH_BYTES;
	for (uint64_t at = sp; at < end;) {
		/* The port reads by pages. */
		size_t size = CHUNK - (size_t)(at % CHUNK);

		if (memory_read_one(place->memory, at, words, size))
			break;
		for (size_t i = 0; i < size / word; i++) {
			uint64_t value = word_at(place, words, i);
			struct search_call call;

			if (find_call(place, value, function, &call)) {
				call.sp = at + (i + 1) * word;
				call.bp = before;
				call.bp_ok = before >= call.sp && before < stack->end;
				/* Full: only what is certain is worth a place. */
				if (count == max && call.rank == SEARCH_EXACT)
					count--;
				if (count < max)
					ret[count++] = call;
				if (call.rank == SEARCH_EXACT)
					return count;
			}
			before = value;
		}
		at += size;
	}
	return count;
}
#else
bool search_is_return(const struct search_place *place, uint64_t pc,
		      const struct search_function *function, enum search_rank *ret)
{
	(void)function;
	*ret = SEARCH_POSSIBLE;
	return module_executable(place->maps, pc);
}

bool search_frame_pointer(const struct search_place *place, uint64_t sp, uint64_t bp,
			  const struct search_function *function, struct search_call *ret)
{
	(void)place;
	(void)sp;
	(void)bp;
	(void)function;
	(void)ret;
	return false;
}

size_t search_calls(const struct search_place *place, uint64_t sp,
		    const struct search_function *function, struct search_call *ret, size_t max)
{
	(void)place;
	(void)sp;
	(void)function;
	(void)ret;
	(void)max;
	return 0;
}
#endif
