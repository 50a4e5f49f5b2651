# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of set_robust_list2 on a kernel that has it and get_robust_list2."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from checking import PROBLEMS, QUIET, check, only_problem  # noqa: E402
from harness import (Env, Tracee, blocked_in_futex, expect, expect_equal, fail,  # noqa: E402
                     main, wait_until)
from look import (OWNER_DIED, WAITERS, Doc, address, lock_at, no_problems,  # noqa: E402
                  problem, task, waiter_tids)

BOOTS = "lpc2025 steamos v6"

REVISION = os.environ.get("ROBTRACE_VM_REVISION", "lpc2025")
NUMBERS = {"lpc2025": (470, 471), "steamos": (473, 474), "v6": (470, 471)}
LISTS = {"lpc2025": 11, "steamos": 8, "v6": 8}


def lists2(doc: Doc, tid: int) -> list[dict[str, Any]]:
    found = [one for one in task(doc, tid)["lists"] if one["kind"] == "list2"]
    expect_equal([one["index"] for one in found], sorted(one["index"] for one in found), "in order")
    return found


def start(env: Env, *lists: str, first: int = 0, name: str = "f", program: str = "list2",
          wait: int | None = None) -> Tracee:
    options = () if wait is None else ("-w", wait)
    tracee = env.tracee(program, *options, REVISION, env.tmp / name, first, *lists)
    if wait is not None:
        wait_until(lambda: tracee.check_alive() and blocked_in_futex(tracee.pid), "it waits")
    return tracee


def word_of(env: Env, lock: int, name: str = "f") -> int:
    return int(struct.unpack_from("<I", (env.tmp / name).read_bytes(), 16 * lock + 8)[0])


def check_lists(doc: Doc, tracee: Tracee, lists: tuple[str, ...], first: int = 0,
                bits_from: str = "width") -> None:
    """Each as it was registered: index, word size, head and what is on it."""
    found = lists2(doc, tracee.pid)
    base, next_lock = tracee.number("base"), first
    expect_equal([one["index"] for one in found], tracee.numbers("indexes"), "indexes")
    expect_equal([int(one["head"], 16) for one in found], tracee.numbers("heads"), "heads")
    for one, wanted in zip(found, lists):
        bits, count = (int(n) for n in wanted.split(":"))
        expect_equal((one["bits"], one["bits_from"]), (bits, bits_from), f"list {one['index']}")
        expect_equal((one["end"], one["futex_offset"], one["length"]), ("complete", 8, count),
                     f"list {one['index']}")
        expect_equal([address(f) for f in one["entries"]],
                     [base + 16 * (next_lock + i) + 8 for i in range(count)], "its locks")
        for futex in one["entries"]:
            expect_equal((futex["state"], futex["owner"], futex["bits"]),
                         ("held", tracee.pid, bits), f"lock {futex['address']}")
        next_lock += count


def case_probe(env: Env) -> None:
    doc = json.loads(env.tool.run("probe", "-J").out)
    set_number, get_number = NUMBERS[REVISION]
    expect_equal(doc["list2"], {"revision": REVISION, "set_number": set_number,
                                "get_number": get_number, "lists": LISTS[REVISION],
                                "width_tells": True}, "list2")
    expect_equal((doc["numbers"][str(set_number)], doc["numbers"][str(get_number)]),
                 ("set_robust_list2", "get_robust_list2"), "numbers")
    expect_equal(doc["lists"]["compat_entry"], True, "this kernel has 32-bit calls")
    expect_equal(doc["tracing"]["set_syscall_info"], False, "Linux 6.1 has no such request")
    text = env.tool.run("probe").out
    expect(f"revision                           {REVISION}\n" in text, f"for people: {text}")


def case_both_sizes(env: Env) -> None:
    lists = ("64:2", "32:3", "64:0", "32:1")
    tracee = start(env, *lists)
    doc = env.tool.show_json("-p", tracee.pid)
    check_lists(doc, tracee, lists)
    no_problems(doc)
    kinds = [one["kind"] for one in task(doc, tracee.pid)["lists"]]
    expect_equal(kinds, ["robust"] + ["list2"] * 4, "and the legacy list")
    tree = env.tool.show("-l", "-p", tracee.pid).out
    for line in ("#0 64-bit", "#1 32-bit", "#2 64-bit", "#3 32-bit", "(get_robust_list2)"):
        expect(line in tree, f"{line} in {tree}")
    check(env, "-p", tracee.pid, status=QUIET)


def case_every_slot(env: Env) -> None:
    lists = tuple(f"{64 if i % 2 else 32}:{i % 3}" for i in range(LISTS[REVISION]))
    tracee = start(env, *lists)
    check_lists(env.tool.show_json("-p", tracee.pid), tracee, lists)
    expect(f"#{LISTS[REVISION] - 1} " in env.tool.show("-l", "-p", tracee.pid).out, "the last one")


def case_32_bit_program(env: Env) -> None:
    # Only lpc2025 lets 32-bit code have 64-bit lists.
    lists = ("32:2", "64:3", "32:1") if REVISION == "lpc2025" else ("32:2", "32:3")
    tracee = start(env, *lists, program="list2_32")
    doc = env.tool.show_json("-p", tracee.pid)
    check_lists(doc, tracee, lists)
    expect_equal([one["kind"] for one in task(doc, tracee.pid)["lists"]],
                 ["compat"] + ["list2"] * len(lists), "and the legacy list")


def case_owner_and_waiter(env: Env) -> None:
    """Between programs of either word size, through either kind of list."""
    path = env.tmp / "f"
    for program, other, bits in (("list2", "list2", 64), ("list2", "list2_32", 32),
                                 ("list2_32", "list2", 32)):
        owner = start(env, f"{bits}:2", program=program)
        waiter = start(env, wait=1, program=other)
        doc = env.tool.show_json("-p", f"{owner.pid},{waiter.pid}")
        lock = lock_at(doc, path.stat().st_ino, 24)
        expect_equal((lock["owner"], waiter_tids(lock), lock["bits"]),
                     (owner.pid, [waiter.pid], bits), "lock")
        expect_equal(int(lock["word"], 16), owner.pid | WAITERS, "word")
        no_problems(doc)
        owner.kill()
        expect_equal(waiter.read_ready(), {"woken": "1"}, "the waiter is woken by the kernel")
        expect_equal((word_of(env, 0), word_of(env, 1)), (OWNER_DIED, OWNER_DIED | WAITERS),
                     "what the kernel made of the words")
        waiter.close()


def case_deadlock(env: Env) -> None:
    """Two programs, each with a lock on such a list that the other wants."""
    first = env.tracee("list2", "-l", "-w", 8, REVISION, env.tmp / "f", 0, "32:1")
    second = env.tracee("list2_32", "-l", "-w", 0, REVISION, env.tmp / "f", 8, "32:1")
    for one in (first, second):
        one.say(b"\n")
        wait_until(lambda: one.check_alive() and blocked_in_futex(one.pid), "it waits")
    said, text = only_problem(env, "deadlock", env.tmp / "f")
    expect_equal(sorted(said["tids"]), sorted([first.pid, second.pid]), "threads")
    expect("2 threads wait for each other" in text, f"text: {text}")
    second.kill()
    expect_equal(first.read_ready(), {"woken": "1"}, "the other one goes on")


def case_too_long(env: Env) -> None:
    tracee = start(env, "64:1", "32:2050")
    doc = env.tool.show_json("-p", tracee.pid)
    found = lists2(doc, tracee.pid)
    expect_equal([(one["end"], one["length"]) for one in found],
                 [("complete", 1), ("too-long", 2050)], "lists")
    said = problem(doc, "list-too-long", tracee.pid)["text"]
    expect("on its #1 list" in said, f"which list: {said}")
    check(env, "-p", tracee.pid, status=PROBLEMS)
    tracee.kill()
    words = [word_of(env, lock) for lock in (0, 1, 2048, 2049, 2050)]
    expect_equal(words, [OWNER_DIED] * 3 + [tracee.pid] * 2, "what the kernel leaves locked")


def case_a_list_that_breaks_off(env: Env) -> None:
    tracee = env.tracee("list2", "-b", 1, REVISION, env.tmp / "f", 0, "64:2", "32:4")
    doc = env.tool.show_json("-p", tracee.pid)
    ends = [(one["end"], len(one["entries"])) for one in lists2(doc, tracee.pid)]
    expect_equal(ends, [("complete", 2), ("fault", 2)], "ends")
    problem(doc, "list-cut", tracee.pid)
    tracee.kill()
    expect_equal([word_of(env, lock) for lock in range(6)],
                 [OWNER_DIED] * 4 + [tracee.pid] * 2, "what the kernel leaves locked")


def case_a_thread_of_its_own(env: Env) -> None:
    """Lists belong to threads: another one of the same process has none."""
    tracee = env.tracee("list2", "-t", REVISION, env.tmp / "f", 0, "32:1")
    doc = env.tool.show_json("-p", tracee.pid)
    tid = tracee.number("tid")
    expect(tid != tracee.pid, "it is another thread")
    expect_equal((len(lists2(doc, tid)), len(lists2(doc, tracee.pid))), (1, 0), "lists")
    expect_equal(lists2(doc, tid)[0]["entries"][0]["owner"], tid, "owner")


def case_no_right_to_ask(env: Env) -> None:
    tracee = start(env, "32:1")
    result = env.tool.run("show", "-p", tracee.pid,
                          prefix=("/usr/bin/setpriv", "--reuid", 65534, "--regid", 65534,
                                  "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"))
    expect_equal(result.status, 1, f"status: {result!r}")
    expect("not permitted" in result.err, f"why: {result.err}")


def case_everybody(env: Env) -> None:
    """-a, with both kinds of programs there."""
    first = start(env, "64:1", "32:1")
    second = start(env, "32:1", first=8, program="list2_32")
    doc = env.tool.show_json("-a")
    expect_equal((len(lists2(doc, first.pid)), len(lists2(doc, second.pid))), (2, 1), "lists")
    if doc["skipped"]:
        fail(f"skipped: {doc['skipped']}")


if __name__ == "__main__":
    main()
