# SPDX-License-Identifier: GPL-2.0-or-later
"""PID namespaces: a futex word carries the TID of its owner's namespace, not ours."""

from __future__ import annotations

import os
from typing import Any

from checking import PROBLEMS, check
from harness import Env, Tracee, children_of, expect, expect_equal, main, proc_text, skip
from look import entries, held, lock_at, no_problems, waiter_tids, waits, word

UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


class Inside:
    """A tracee that is the first process of a PID namespace of its own."""

    def __init__(self, env: Env, name: str, *args: object) -> None:
        if os.geteuid() != 0:
            skip("only root can make a PID namespace")
        self.tracee: Tracee = env.tracee(name, *args, prefix=UNSHARE)
        self.pid = children_of(self.tracee.pid)[0]
        self.namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        expect_equal(self.tracee.number("pid"), 1, "PID that it sees")

    def outer(self, inner: int) -> int:
        """The TID, as seen from here, of what is this TID in the namespace."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") != self.namespace:
                    continue
                for tid in os.listdir(f"/proc/{pid}/task"):
                    for line in proc_text(f"{pid}/task/{tid}/status").splitlines():
                        if line.startswith("NSpid:") and int(line.split()[-1]) == inner:
                            return int(tid)
            except OSError:
                pass  # it is gone
        raise LookupError(inner)

    def waiters(self) -> list[int]:
        return sorted(self.outer(tid) for tid in self.tracee.numbers("waiters"))


def case_holder_inside(env: Env) -> None:
    """Its word says 1, and 1 is init to us."""
    for args in (("-t", env.tmp / "f", 2), (env.tmp / "g", 2)):
        inside = Inside(env, "contend", *args)
        doc = env.tool.show_json("-p", inside.pid)
        lock = held(doc, inside.pid, inside.tracee.number("word"))
        expect_equal(word(lock), 0x80000001, "word")
        expect_equal(waiter_tids(lock), inside.waiters(), "waiters")
        no_problems(doc)


def case_two_namespaces(env: Env) -> None:
    """Both are 1 to themselves; one holds, the other waits."""
    path = env.tmp / "f"
    holder = Inside(env, "contend", path, 0)
    waiter = Inside(env, "contend", "-w", "-s", path, 1)
    wanted = waiter.waiters()
    expect(waiter.pid in wanted and len(wanted) == 2, f"the waiters are {wanted}")
    for args in ((path,), ("-p", holder.pid), ("-p", waiter.pid), ("-a",)):
        lock = lock_at(env.tool.show_json(*args), path.stat().st_ino, 0)
        expect_equal((lock["owner"], lock["state"], waiter_tids(lock)),
                     (holder.pid, "held", wanted), f"show {args}")
    doc = env.tool.show_json("-p", f"{holder.pid},{waiter.pid}")
    expect_equal([w["owner"] for w in waits(doc, waiter.pid)], [holder.pid], "waits")
    expect_equal(entries(doc, waiter.pid), {}, "what the waiter holds")
    no_problems(doc)


def case_owner_in_another_namespace(env: Env) -> None:
    """Who reads the word sees a 1: it is said whose number that is."""
    holder = Inside(env, "contend", env.tmp / "f", 0)
    env.tracee("contend", "-w", env.tmp / "f", 1)
    lock = lock_at(env.tool.show_json(env.tmp / "f"), (env.tmp / "f").stat().st_ino, 0)
    expect_equal(lock["owner_state"]["ns_tid"], 1, "its number there")
    said = env.tool.show("-o", "OWNER", "-n", env.tmp / "f").out
    expect(said.startswith(f"{holder.pid} contend (") and "1 in its PID namespace)" in said, said)
    said = check(env, "--hold", 0.2, "--interval", 0.1, env.tmp / "f", status=PROBLEMS).out
    expect("is 1 in its own PID namespace" in said, said)


def case_two_holders_called_one(env: Env) -> None:
    path = env.tmp / "f"
    first = Inside(env, "contend", path, 1)
    second = Inside(env, "contend", "-o", 64, path, 1)
    doc = env.tool.show_json(path)
    for inside, offset in ((first, 0), (second, 64)):
        lock = lock_at(doc, path.stat().st_ino, offset)
        expect_equal((lock["owner"], word(lock), waiter_tids(lock)),
                     (inside.pid, 0x80000001, inside.waiters()), f"lock at {offset}")
    no_problems(doc)


def case_waiter_outside(env: Env) -> None:
    path = env.tmp / "f"
    holder = Inside(env, "contend", path, 0)
    waiter = env.tracee("contend", "-w", path, 1)
    doc = env.tool.show_json("-p", waiter.numbers("waiters")[0])
    lock = lock_at(doc, path.stat().st_ino, 0)
    expect_equal((lock["owner"], lock["state"]), (holder.pid, "held"), "owner, state")
    no_problems(doc)


def case_nested(env: Env) -> None:
    """A namespace in a namespace: three numbers for one thread."""
    if os.geteuid() != 0:
        skip("only root can make a PID namespace")
    tracee = env.tracee("contend", "-t", env.tmp / "f", 1, prefix=(*UNSHARE, *UNSHARE))
    pid = children_of(children_of(tracee.pid)[0])[0]
    lock = held(env.tool.show_json("-p", pid), pid, tracee.number("word"))
    expect_equal((word(lock), len(lock["waiters"])), (0x80000001, 1), "word, waiters")


def inside_view(env: Env, inside: Inside, *args: object) -> dict[str, Any]:
    """The tool run within that namespace."""
    return env.tool.show_json(*args, prefix=("nsenter", "-t", inside.pid, "-p", "-m"))


def case_tool_inside(env: Env) -> None:
    """TIDs are as seen from where the tool runs."""
    inside = Inside(env, "contend", env.tmp / "f", 2)
    for args in (("-p", 1), ("-a",), (env.tmp / "f",)):
        lock = lock_at(inside_view(env, inside, *args), (env.tmp / "f").stat().st_ino, 0)
        expect_equal((lock["owner"], waiter_tids(lock)),
                     (1, sorted(inside.tracee.numbers("waiters"))), f"show {args}")


def case_owner_out_of_sight(env: Env) -> None:
    """The word says 1, and so is the waiter called in its own namespace: not its owner."""
    path = env.tmp / "f"
    Inside(env, "contend", path, 0)
    waiter = Inside(env, "contend", "-w", "-s", path, 0)
    doc = inside_view(env, waiter, "-p", 1)
    lock = lock_at(doc, path.stat().st_ino, 0)
    expect_equal((waiter_tids(lock), word(lock)), ([1], 0x80000001), "waiters, word")
    expect(lock["owner"] != 1, f"1 does not hold it, it waits: {lock}")
    expect(lock["state"] not in ("held", "pending"), f"nor is it about to: {lock['state']}")


def case_pid_of_another_namespace(env: Env) -> None:
    """A PID from outside means nothing inside."""
    outside = env.tracee("contend", env.tmp / "f", 0)
    if os.geteuid() != 0:
        skip("only root can make a PID namespace")
    line = env.tool.refuse(1, "-p", outside.pid, prefix=UNSHARE)
    expect(str(outside.pid) in line and "no such process" in line.lower(), line)


if __name__ == "__main__":
    main()
