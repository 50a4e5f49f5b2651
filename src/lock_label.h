/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a futex of a trace is called: where it lies, and what it is in a file of a known form. */
#ifndef ROBTRACE_LOCK_LABEL_H
#define ROBTRACE_LOCK_LABEL_H

#include <sys/types.h>

#include "model.h"
#include "names.h"
#include "target/maps.h"
#include "target/memory.h"

/*
 * "LMDB writer /srv/db/lock.mdb+0x40", as show calls it. place: what place_find says of the address;
 * maps may be NULL, then it is PLACE_UNKNOWN. bits: word size of the program.
 */
void lock_label(struct memory *memory, const struct maps *maps, const struct place *place,
		pid_t pid, target_addr address, unsigned bits, char ret[LABEL_MAX]);

#endif
