/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unlocks robust futexes by the operations of futex(2) that clear list_op_pending too (Linux 7.2,
 * Documentation/locking/robust-futexes.rst), each shared and private, for a 64- and a 32-bit list.
 * Says `OP RESULT ERROR WORD PENDING` for each, one a line: the operation as a number, and what is in
 * the futex word and in list_op_pending afterwards, where before there was our TID and an address.
 */
#include "tracee.h"

#define OPERATION_WAKE 1
#define OPERATION_UNLOCK_PI 7
#define OPERATION_WAKE_BITSET 10
#define PRIVATE 128
#define ROBUST_UNLOCK 512
#define ROBUST_LIST32 1024
#define ANY_BIT 0xffffffffu

static void unlock(int op)
{
	/* The kernel looks for who waits; nobody does. */
	static uint32_t word;
	static uint64_t pending;
	long result;

	word = (uint32_t)gettid();
	pending = (uintptr_t)&word;
	if (op & ROBUST_LIST32)
		pending |= UINT64_C(0xdead) << 48; /* what is no part of a 32-bit one stays */
	result = syscall(NR_FUTEX, &word, op, 1, NULL, &pending, ANY_BIT);
	printf("0x%x %ld %s 0x%x 0x%llx\n", (unsigned)op, result,
	       result < 0 ? strerrorname_np(errno) : "-", word, (unsigned long long)pending);
}

int main(void)
{
	static const int operations[] = {OPERATION_WAKE, OPERATION_WAKE_BITSET,
					 OPERATION_UNLOCK_PI};

	tracee_begin();
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		for (int private = 0; private <= PRIVATE; private += PRIVATE)
			for (int list32 = 0; list32 <= ROBUST_LIST32; list32 += ROBUST_LIST32)
				unlock(operations[i] | private | ROBUST_UNLOCK | list32);
	return 0;
}
