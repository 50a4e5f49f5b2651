/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A library between the functions of stack.c. */
#ifndef STACK_LIBRARY_H
#define STACK_LIBRARY_H

#include <stdint.h>

extern uint64_t library_table[8];

/* A variable that only the library names. */
uint64_t *library_counter(void);

/* Calls `back`, with room for more on its stack. */
int library_call(int (*back)(void *), void *argument);

#endif
