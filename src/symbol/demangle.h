/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of C++ as people write them (the Itanium C++ ABI, "External Names"). */
#ifndef ROBTRACE_SYMBOL_DEMANGLE_H
#define ROBTRACE_SYMBOL_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/* With the final 0. A few bytes can stand for a gigabyte of templates: the rest is cut off. */
#define DEMANGLE_MAX 1024

/*
 * Qualified, with template arguments, without parameters: bank::account::lock. False for what is
 * not a mangled name, which is then left to the caller to show as it is.
 */
bool demangle(const char *mangled, char ret[DEMANGLE_MAX]);

#endif
