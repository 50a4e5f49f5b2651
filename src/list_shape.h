/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The word size of a list, guessed from the bytes of its head, for where neither the call nor the
 * kernel's answer tells. The head's three words are read both ways: the one whose pointers lead
 * somewhere and whose futex_offset is small is the likely one.
 */
#ifndef ROBTRACE_LIST_SHAPE_H
#define ROBTRACE_LIST_SHAPE_H

#include "model.h"
#include "target/memory.h"

/* 32 or 64. Nothing that can be wrong with the memory is an error: then it is 64. */
unsigned list_shape_bits(struct memory *memory, target_addr head);

#endif
