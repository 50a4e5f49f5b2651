# SPDX-License-Identifier: GPL-2.0-or-later
"""For gdb: reads the robust lists of all threads of the process that it is attached to.

Nothing is called in the target. HEAD_OFFSET is where the head lies, counted from the thread
pointer; RESULT is the file that gets a line `TID ADDRESS` for each futex word.
"""

import os
import struct

import gdb

OFFSET = int(os.environ["HEAD_OFFSET"])


def follow(read, tid: int, head: int, found: list) -> None:
    entry, futex_offset, _pending = struct.unpack("<QqQ", bytes(read(head, 24)))
    for _ in range(2048):
        if entry == head:
            return
        entry &= ~1
        word = entry + futex_offset
        # The word and the pointer lie in one mutex, 32 bytes apart: one read fetches both.
        low = min(word, entry)
        span = bytes(read(low, max(word + 4, entry + 8) - low))
        found.append((tid, word))
        entry = struct.unpack_from("<Q", span, entry - low)[0]


def main() -> None:
    inferior = gdb.selected_inferior()
    found: list = []
    for thread in inferior.threads():
        thread.switch()
        base = int(gdb.parse_and_eval("$fs_base")) & (1 << 64) - 1
        follow(inferior.read_memory, thread.ptid[1], base + OFFSET, found)
    with open(os.environ["RESULT"], "w", encoding="ascii") as result:
        result.writelines(f"{tid} {word}\n" for tid, word in found)


main()
