/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waiters.h"

#include "abi/call_flags.h"

/* Addresses in the arguments of a 32-bit caller have 32 bits; the rest may be anything. */
static target_addr narrow(uint64_t argument, enum call_abi abi)
{
	bool is_32 = abi == ABI_I386 || abi == ABI_ARM;

	return is_32 ? (uint32_t)argument : argument;
}

static size_t decode_futex(const struct proc_syscall *call, enum call_abi abi, const char *name,
			   struct wait *ret)
{
	struct futex_op op = futex_op_decode(call->args[1]);

	if (!op.waits)
		return 0;
	ret[0] = (struct wait){.call = name,
			       .address = narrow(call->args[0], abi),
			       .is_private = call->args[1] & FUTEX_OP_PRIVATE,
			       .pi = op.pi,
			       .timed = call->args[3] != 0,
			       .lock = LOCK_NONE};
	if (!op.second)
		return 1;
	ret[1] = ret[0];
	ret[1].address = narrow(call->args[4], abi);
	return 2;
}

static size_t decode_waitv(const struct proc_syscall *call, enum call_abi abi, const char *name,
			   struct memory *memory, struct wait *ret)
{
	struct abi_futex_waitv elements[WAITV_MAX];
	size_t count = (uint32_t)call->args[1];

	if (!count || count > WAITV_MAX)
		return 0;
	if (memory_read_one(memory, narrow(call->args[0], abi), elements,
			    count * sizeof(elements[0])))
		return 0;
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct wait){.call = name,
				       .address = elements[i].address,
				       .is_private = elements[i].flags & FUTEX2_PRIVATE_FLAG,
				       .timed = call->args[3] != 0,
				       .lock = LOCK_NONE};
	return count;
}

size_t waiters_decode(const struct proc_syscall *call, enum call_abi abi, struct memory *memory,
		      struct wait *ret_waits)
{
	const struct wait_call *known;

	if (call->running || call->number < 0)
		return 0;
	known = wait_call_find(abi, call->number);
	if (!known)
		return 0;
	switch (known->form) {
	case WAIT_FORM_FUTEX:
	case WAIT_FORM_RESTART:
		return decode_futex(call, abi, known->name, ret_waits);
	case WAIT_FORM_WAITV:
		return decode_waitv(call, abi, known->name, memory, ret_waits);
	case WAIT_FORM_FUTEX2:
		ret_waits[0] = (struct wait){.call = known->name,
					     .address = narrow(call->args[0], abi),
					     .is_private = call->args[3] & FUTEX2_PRIVATE_FLAG,
					     .timed = call->args[4] != 0,
					     .lock = LOCK_NONE};
		return 1;
	}
	return 0;
}

target_addr waiters_decode_wake(const struct proc_syscall *call, enum call_abi abi)
{
	const struct wait_call *known;

	if (call->running || call->number < 0)
		return 0;
	known = wait_call_find(abi, call->number);
	if (!known || known->form != WAIT_FORM_FUTEX ||
	    call_futex_operation((uint32_t)call->args[1]) != FUTEX_OPERATION_WAKE)
		return 0;
	return narrow(call->args[0], abi);
}
