/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/wait_calls.h"

#include <stddef.h>

/* Operations of linux/futex.h; the flags above them are FUTEX_PRIVATE_FLAG and _CLOCK_REALTIME. */
#define OP_WAIT 0u
#define OP_LOCK_PI 6u
#define OP_WAIT_BITSET 9u
#define OP_WAIT_REQUEUE_PI 11u
#define OP_LOCK_PI2 13u
#define OP_FLAGS (FUTEX_OP_PRIVATE | 0x100u)

static const struct wait_call calls[] = {
	{ABI_X86_64, 202, "futex", WAIT_FORM_FUTEX},
	{ABI_X86_64, 219, "restart_syscall", WAIT_FORM_RESTART},
	{ABI_X86_64, 449, "futex_waitv", WAIT_FORM_WAITV},
	{ABI_X86_64, 455, "futex_wait", WAIT_FORM_FUTEX2},
	{ABI_I386, 0, "restart_syscall", WAIT_FORM_RESTART},
	{ABI_I386, 240, "futex", WAIT_FORM_FUTEX},
	{ABI_I386, 422, "futex_time64", WAIT_FORM_FUTEX},
	{ABI_I386, 449, "futex_waitv", WAIT_FORM_WAITV},
	{ABI_I386, 455, "futex_wait", WAIT_FORM_FUTEX2},
	{ABI_AARCH64, 98, "futex", WAIT_FORM_FUTEX},
	{ABI_AARCH64, 128, "restart_syscall", WAIT_FORM_RESTART},
	{ABI_AARCH64, 449, "futex_waitv", WAIT_FORM_WAITV},
	{ABI_AARCH64, 455, "futex_wait", WAIT_FORM_FUTEX2},
	{ABI_ARM, 0, "restart_syscall", WAIT_FORM_RESTART},
	{ABI_ARM, 240, "futex", WAIT_FORM_FUTEX},
	{ABI_ARM, 422, "futex_time64", WAIT_FORM_FUTEX},
	{ABI_ARM, 449, "futex_waitv", WAIT_FORM_WAITV},
	{ABI_ARM, 455, "futex_wait", WAIT_FORM_FUTEX2},
};

enum call_abi wait_abi_native(unsigned bits)
{
#if defined(__aarch64__)
	return bits == 32 ? ABI_ARM : ABI_AARCH64;
#else
	return bits == 32 ? ABI_I386 : ABI_X86_64;
#endif
}

const struct wait_call *wait_call_find(enum call_abi abi, long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].abi == abi && calls[i].number == number)
			return &calls[i];
	return NULL;
}

struct futex_op futex_op_decode(uint64_t op)
{
	uint32_t operation = (uint32_t)op & ~OP_FLAGS;
	struct futex_op decoded = {
		.second = operation == OP_WAIT_REQUEUE_PI,
		.pi = operation == OP_LOCK_PI || operation == OP_LOCK_PI2,
	};

	decoded.waits = operation == OP_WAIT || operation == OP_WAIT_BITSET || decoded.second ||
			decoded.pi;
	return decoded;
}
