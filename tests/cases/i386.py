# SPDX-License-Identifier: GPL-2.0-or-later
"""32-bit lists: of programs for i386, and beside the 64-bit list of one task; both in one file.

What a program for i386 has in common with a 64-bit one is tested by the twins of other cases (see
CMakeLists.txt); here is what has to do with both, and with the kernel's walk along such lists.
"""

from __future__ import annotations

import mmap
import re
import struct
from pathlib import Path

from checking import PROBLEMS, QUIET, check, check_json, in_cycle_order, only_problem
from harness import Env, Tracee, blocked_in_futex, expect, expect_equal, main, proc_text, wait_until
from look import (OWNER_DIED, TID_MASK, WAITERS, address, lock_at, no_problems, task, waiter_tids,
                  waits, word)

CELL = 64  # of raw.c


def raw(env: Env, have: str, want: str = "-", bits: int = 64) -> Tracee:
    program = env.program_for_i386("raw") if bits == 32 else env.program_of("raw")
    tracee = Tracee([program, env.tmp / "f", have, want])
    env.started.append(tracee)
    return tracee


def begin_to_wait(tracee: Tracee) -> Tracee:
    tracee.say(b"\n")
    return tracee.await_blocked()  # type: ignore[return-value]


def lists(env: Env, tracee: Tracee) -> dict[str, dict]:
    doc = env.tool.show_json("-p", tracee.pid)
    return {one["kind"]: one for one in task(doc, tracee.pid)["lists"]}


def cells_of(listed: dict, tracee: Tracee) -> list[int]:
    """Which of the file's locks are on a list, the last one taken first."""
    return [(address(f) - tracee.number("base")) // CELL for f in listed["entries"]]


def words_of(path: Path, *cells: int) -> list[int]:
    """As they are now in the file, not as the tool shows them."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        return [struct.unpack_from("<I", memory, cell * CELL)[0] for cell in cells]


def case_program_for_i386(env: Env) -> None:
    """It has one list, the compat list."""
    tracee = raw(env, "n0,n1,N2", bits=32)
    found = lists(env, tracee)
    expect_equal(list(found), ["compat"], "kinds of lists")
    listed = found["compat"]
    expect_equal((listed["bits"], listed["length"], listed["end"], listed["futex_offset"]),
                 (32, 3, "complete", tracee.numbers("offsets")[0]), "the list")
    expect_equal(int(listed["head"], 16), tracee.numbers("heads")[0], "head")
    expect_equal(cells_of(listed, tracee), [2, 1, 0], "locks")
    expect_equal([(f["state"], f["owner"], f["pi"], f["bits"]) for f in listed["entries"]],
                 [("held", tracee.pid, pi, 32) for pi in (True, False, False)], "entries")
    out = env.tool.show("-l", "-p", tracee.pid).out
    expect(re.search(r"compat +32-bit +3 entries, complete", out), f"people see it: {out}")
    no_problems(env.tool.show_json("-p", tracee.pid))


def case_ways_to_wait(env: Env) -> None:
    """By futex (240), by futex_time64 (422) with a timeout, and for a PI futex by either."""
    holder = raw(env, "n0,N1", bits=32)
    wanted = {"n0": (240, "futex", 0), "tn0": (422, "futex_time64", 0),
              "N1": (240, "futex", 1), "tN1": (422, "futex_time64", 1)}
    waiters = {want: begin_to_wait(raw(env, "-", want, bits=32)) for want in wanted}
    doc = env.tool.show_json("-p", ",".join(str(t.pid) for t in (holder, *waiters.values())))
    for want, (number, call, cell) in wanted.items():
        pid, base = waiters[want].pid, waiters[want].number("base")
        expect_equal(int(proc_text(f"{pid}/syscall").split()[0]), number, f"call of {want}")
        expect_equal([(w["call"], int(w["address"], 16), w["owner"], w["timed"], w["lock"])
                      for w in waits(doc, pid)],
                     [(call, base + cell * CELL, holder.pid, want[0] == "t", True)],
                     f"the wait of {want}")
        pending = task(doc, pid)["lists"][0]["pending"]
        expect_equal((pending["state"], pending["owner"], pending["pi"], pending["on_list"]),
                     ("waiting", holder.pid, "N" in want, False), f"list_op_pending of {want}")
    inode = (env.tmp / "f").stat().st_ino
    for cell in (0, 1):
        lock = lock_at(doc, inode, cell * CELL)
        expect_equal(waiter_tids(lock), sorted(waiters[want].pid for want in wanted
                                               if wanted[want][2] == cell), f"waiters of {cell}")
    no_problems(doc)


def case_both_heads(env: Env) -> None:
    """A 64-bit task with a list of each size, as an emulator of 32-bit programs has them."""
    tracee = raw(env, "n0,c1,C2,N3,c4", "c5")
    owner = raw(env, "n5")
    begin_to_wait(tracee)
    found = lists(env, tracee)
    expect_equal(sorted(found), ["compat", "robust"], "kinds of lists")
    for place, (kind, bits, cells) in enumerate((("robust", 64, [3, 0]),
                                                 ("compat", 32, [4, 2, 1]))):
        listed = found[kind]
        expect_equal((listed["bits"], listed["end"], int(listed["head"], 16), listed["futex_offset"]),
                     (bits, "complete", tracee.numbers("heads")[place],
                      tracee.numbers("offsets")[place]), f"the {kind} list")
        expect_equal(cells_of(listed, tracee), cells, f"locks of the {kind} list")
        expect_equal([(f["state"], f["owner"]) for f in listed["entries"]],
                     [("held", tracee.pid)] * len(cells), f"entries of the {kind} list")
    expect_equal(found["robust"]["pending"], None, "list_op_pending of the 64-bit list")
    pending = found["compat"]["pending"]
    expect_equal((pending["state"], pending["owner"]), ("waiting", owner.pid),
                 "list_op_pending of the 32-bit list")
    doc = env.tool.show_json(env.tmp / "f")
    expect_equal({f["where"]["offset"] // CELL: f["owner"] for f in doc["locks"]},
                 {**dict.fromkeys(range(5), tracee.pid), 5: owner.pid}, "locks of the file")
    no_problems(doc)


def case_both_heads_at_the_end(env: Env) -> None:
    """The kernel walks both lists; waiters of either word size get what it leaves."""
    tracee = raw(env, "n0,c1,N2,C3,n4,c5")
    waiters = [begin_to_wait(raw(env, "-", "n0", bits=32)), begin_to_wait(raw(env, "-", "n1")),
               begin_to_wait(raw(env, "-", "tN2", bits=32)), begin_to_wait(raw(env, "-", "N3"))]
    doc = env.tool.show_json(env.tmp / "f")
    for cell, waiter in enumerate(waiters):
        lock = lock_at(doc, (env.tmp / "f").stat().st_ino, cell * CELL)
        expect_equal((lock["owner"], waiter_tids(lock)), (tracee.pid, [waiter.pid]), f"lock {cell}")
    tracee.kill()
    for waiter in waiters:
        expect_equal(waiter.read_ready()["result"], "died", f"what {waiter.argv} gets")
    left = words_of(env.tmp / "f", 0, 1, 2, 3, 4, 5)
    expect_equal([w & TID_MASK for w in left], [w.pid for w in waiters] + [0, 0], "owners")
    expect_equal(left[4:], [OWNER_DIED] * 2, "words that nobody waited for")
    doc = env.tool.show_json(env.tmp / "f")
    expect_equal({f["where"]["offset"] // CELL: f["owner"] for f in doc["locks"]
                  if f["owner"] is not None},
                 {cell: waiter.pid for cell, waiter in enumerate(waiters)}, "owners by the tool")


def case_dead_32_bit_owner(env: Env) -> None:
    """Its waiters sleep on, stopped when the kernel woke one: the lock is dead."""
    holder, waiter = raw(env, "n0", bits=32), raw(env, "-", "n0")
    begin_to_wait(waiter)
    waiter.signal(19)
    wait_until(lambda: proc_text(f"{waiter.pid}/stat").rpartition(")")[2].split()[0] == "T",
               "the waiter is stopped")
    holder.kill()
    expect_equal(words_of(env.tmp / "f", 0), [OWNER_DIED | WAITERS], "the word")
    lock = lock_at(env.tool.show_json(env.tmp / "f"), (env.tmp / "f").stat().st_ino, 0)
    expect_equal((lock["state"], lock["owner"], word(lock)),
                 ("owner-died", None, OWNER_DIED | WAITERS), "the lock")
    waiter.signal(18)
    expect_equal(waiter.read_ready()["result"], "died", "the waiter has it")


def knot_of(env: Env, one: str, two: str, bits: tuple[int, int]) -> None:
    """Two processes that wait for each other: found from all sides, and resolved as told."""
    ring = [raw(env, *one.split(":"), bits=bits[0]), raw(env, *two.split(":"), bits=bits[1])]
    for process in ring:
        begin_to_wait(process)
    members = [process.pid for process in ring]
    for args in (("-p", members[0]), ("-p", members[1]), (env.tmp / "f",)):
        doc = check_json(env, *args, status=PROBLEMS)
        expect_equal([sorted(t["tid"] for t in c["tasks"]) for c in doc["cycles"]],
                     [sorted(members)], f"the circle, asked by {args}")
        _, text = only_problem(env, "deadlock", *args)
        expect_equal(sorted(in_cycle_order(text)), sorted(members), f"told in {text}")
    victim = re.search(r"If process (\d+) ends", text)
    expect(victim, f"whose end would help, in {text}")
    assert victim
    dead = next(p for p in ring if p.pid == int(victim[1]))
    heir = next(p for p in ring if p is not dead)
    expect(f"{heir.pid} gets EOWNERDEAD" in text, f"who gets it: {text}")
    dead.kill()
    expect_equal(heir.read_ready()["result"], "died", "what the other gets")
    wait_until(lambda: not blocked_in_futex(heir.pid), "the other goes on")
    check(env, "-p", heir.pid, status=QUIET)


def case_deadlock_of_32_and_64_bits(env: Env) -> None:
    knot_of(env, "n0:n1", "n1:tn0", (64, 32))


def case_deadlock_through_pi_futexes(env: Env) -> None:
    knot_of(env, "N0:n1", "n1:N0", (32, 64))


def case_deadlock_through_the_second_list(env: Env) -> None:
    """The 64-bit process holds and wants by its 32-bit list."""
    knot_of(env, "c0:c1", "n1:n0", (64, 32))


def case_deadlock_of_two_programs_for_i386(env: Env) -> None:
    knot_of(env, "n0:n1", "n1:tn0", (32, 32))


def case_names_of_variables(env: Env) -> None:
    tracee = Tracee([env.program_for_i386("kinds")])
    env.started.append(tracee)
    doc = env.tool.show_json("-p", tracee.pid)
    names = {address(lock): lock["name"] for lock in doc["locks"]}
    first = tracee.number("normal")
    expect_equal([names[tracee.number(kind)] for kind in ("normal", "recursive", "errorcheck", "pi")],
                 ["private_mutexes"] + [f"private_mutexes+0x{tracee.number(kind) - first:x}"
                                        for kind in ("recursive", "errorcheck", "pi")], "names")
    expect_equal(names[tracee.number("normal_shared")], None, "shared memory has no name")


def case_stacks_of_both(env: Env) -> None:
    """Owner and waiter of different word sizes, with source lines."""
    holder, waiter = raw(env, "n0,n1", bits=32), raw(env, "-", "n0")
    begin_to_wait(waiter)
    second = begin_to_wait(raw(env, "-", "n1", bits=32))
    holder.signal(19)
    wait_until(lambda: proc_text(f"{holder.pid}/stat").rpartition(")")[2].split()[0] == "T",
               "the owner is stopped")
    doc = check_json(env, "-kk", env.tmp / "f", status=PROBLEMS)
    for process, wanted in ((holder, ["tracee_wait", "main"]),
                            (waiter, ["take", "main"]),
                            (second, ["take", "main"])):
        found = [s["frames"] for s in doc["stacks"] if s["tid"] == process.pid]
        expect_equal(len(found), 1, f"stacks of {process.argv}")
        names = [frame["function"] for frame in found[0]]
        expect_equal([name for name in names if name in wanted], wanted, f"calls of {names}")
        mains = [frame for frame in found[0] if frame["function"] == "main"]
        expect((mains[0]["source"] or "").endswith("raw.c") and mains[0]["line"] > 0,
               f"source line of main, of {mains[0]}")


if __name__ == "__main__":
    main()
