/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka, with the headers that it wants before it. */
#ifndef ROBTRACE_TESTS_UNIT_H
#define ROBTRACE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
