# SPDX-License-Identifier: GPL-2.0-or-later
"""Locks in shared files: who is matched with whom, and what FILE and -p choose."""

from __future__ import annotations

import os
from typing import Any

from harness import Env, expect, expect_equal, main
from look import all_futexes, held, lock_at, locks_at, no_problems, waiter_tids, waits


def inodes(doc: dict[str, Any]) -> set[int]:
    return {f["where"]["inode"] if f["where"] else 0 for f in all_futexes(doc)}


def case_waiters_of_other_programs(env: Env) -> None:
    """The waiters map the file elsewhere: only device, inode and offset are the same."""
    path = env.tmp / "f"
    holder = env.tracee("contend", "-o", 4160, path, 0)
    others = [env.tracee("contend", "-w", "-o", 4160, path, n) for n in (1, 2)]
    tids = sorted(tid for other in others for tid in other.numbers("waiters"))
    lock = held(env.tool.show_json("-p", holder.pid), holder.pid, holder.number("word"))
    expect_equal(waiter_tids(lock), tids, "waiters")
    expect_equal(lock["where"]["offset"], 4160, "offset")
    pids = {w["pid"] for w in lock["waiters"]}
    expect_equal(pids, set(tids), "pids of the waiters, which are processes")


def case_from_the_waiters_side(env: Env) -> None:
    """Only the waiter is asked for: its owner is named all the same."""
    holder = env.tracee("contend", env.tmp / "f", 0)
    other = env.tracee("contend", "-w", "-t", env.tmp / "f", 1)
    tid = other.numbers("waiters")[0]
    doc = env.tool.show_json("-p", other.pid)
    expect_equal([(w["owner"], w["lock"], w["where"]["path"]) for w in waits(doc, tid)],
                 [(holder.pid, True, str(env.tmp / "f"))], "waits")
    lock = lock_at(doc, (env.tmp / "f").stat().st_ino, 0)
    expect_equal((lock["owner"], waiter_tids(lock)), (holder.pid, [tid]), "the lock")


def case_hard_link(env: Env) -> None:
    """One file under two names is one lock."""
    holder = env.tracee("contend", env.tmp / "f", 0)
    os.link(env.tmp / "f", env.tmp / "g")
    other = env.tracee("contend", "-w", env.tmp / "g", 1)
    for name in ("f", "g"):
        doc = env.tool.show_json(env.tmp / name)
        lock = lock_at(doc, (env.tmp / "f").stat().st_ino, 0)
        expect_equal(lock["owner"], holder.pid, "owner")
        expect_equal(waiter_tids(lock), other.numbers("waiters"), "waiters")


def case_symbolic_link(env: Env) -> None:
    holder = env.tracee("contend", env.tmp / "f", 0)
    (env.tmp / "link").symlink_to(env.tmp / "f")
    doc = env.tool.show_json(env.tmp / "link")
    expect_equal(lock_at(doc, (env.tmp / "f").stat().st_ino, 0)["owner"], holder.pid, "owner")


def case_only_this_file(env: Env) -> None:
    first = env.tracee("contend", env.tmp / "f", 1)
    second = env.tracee("contend", env.tmp / "g", 1)
    doc = env.tool.show_json(env.tmp / "f")
    expect_equal(inodes(doc), {(env.tmp / "f").stat().st_ino}, "inodes shown")
    expect_equal(lock_at(doc, (env.tmp / "f").stat().st_ino, 0)["owner"], first.pid, "owner")
    out = env.tool.show(env.tmp / "f").out
    expect(str(first.pid) in out and str(second.pid) not in out, f"only the first, in {out}")


def case_several_files(env: Env) -> None:
    for name in ("f", "g", "h"):
        env.tracee("contend", env.tmp / name, 0)
    doc = env.tool.show_json(env.tmp / "f", env.tmp / "g")
    expect_equal(inodes(doc), {(env.tmp / n).stat().st_ino for n in ("f", "g")}, "inodes shown")


def case_file_of_one_process(env: Env) -> None:
    """-p with FILE: only these processes' locks in the file."""
    path = env.tmp / "f"
    first = env.tracee("contend", path, 0)
    second = env.tracee("contend", "-o", 128, path, 0)
    other = env.tracee("several_zero")
    inode = path.stat().st_ino
    doc = env.tool.show_json("-p", first.pid, path)
    expect_equal([(f["owner"], f["where"]["offset"]) for f in locks_at(doc, inode)],
                 [(first.pid, 0)], "locks in the file")
    doc = env.tool.show_json("-p", f"{first.pid},{second.pid},{other.pid}", path)
    expect_equal(inodes(doc), {inode}, "inodes shown")
    expect_equal(sorted(f["owner"] for f in locks_at(doc, inode)),
                 sorted([first.pid, second.pid]), "owners in the file")


def case_several_pids(env: Env) -> None:
    tracees = [env.tracee("contend", env.tmp / f"f{i}", 0) for i in range(4)]
    pids = [t.pid for t in tracees]
    for args in (("-p", f"{pids[0]},{pids[1]}", "-p", pids[2]),
                 ("-p", pids[2], "-p", pids[1], "-p", pids[0]),
                 (f"-p{pids[0]},{pids[1]},{pids[2]},{pids[0]}",)):
        doc = env.tool.show_json(*args)
        for tracee in tracees[:3]:
            held(doc, tracee.pid, tracee.number("word"))
        expect(pids[3] not in {t["pid"] for t in doc["tasks"]}, "the fourth is not shown")
        no_problems(doc)


def case_two_offsets_of_one_page(env: Env) -> None:
    path = env.tmp / "f"
    first = env.tracee("contend", path, 1)
    second = env.tracee("contend", "-o", 64, path, 1)
    doc = env.tool.show_json(path)
    for tracee, offset in ((first, 0), (second, 64)):
        lock = lock_at(doc, path.stat().st_ino, offset)
        expect_equal((lock["owner"], waiter_tids(lock)),
                     (tracee.pid, tracee.numbers("waiters")), f"lock at {offset}")


def case_mapped_twice_in_one_process(env: Env) -> None:
    """The waiters come by another address than the holder, in the same process."""
    tracee = env.tracee("contend", "-d", "-o", 64, env.tmp / "f", 2)
    doc = env.tool.show_json("-p", tracee.pid)
    lock = held(doc, tracee.pid, tracee.number("word"))
    expect_equal(waiter_tids(lock), tracee.numbers("waiters"), "waiters")
    expect(tracee.number("theirs") != tracee.number("word"), "two mappings")
    found = [int(w["address"], 16) for tid in waiter_tids(lock) for w in waits(doc, tid)]
    expect_equal(found, [tracee.number("theirs")] * 2, "what they wait for")
    expect_equal(len(locks_at(doc, (env.tmp / "f").stat().st_ino)), 1, "it is one lock")


def case_private_copy_of_the_file(env: Env) -> None:
    """MAP_PRIVATE pages of a file are the process's own, whatever the file's name and offset."""
    path = env.tmp / "f"
    path.write_bytes(b"\0" * 4096)
    copies = [env.tracee("contend", "-V", path, 1) for _ in range(2)]
    shared = env.tracee("contend", path, 1)
    tracees = [*copies, shared]
    doc = env.tool.show_json(*[f"-p{t.pid}" for t in tracees])
    for tracee in tracees:
        lock = held(doc, tracee.pid, tracee.number("word"))
        expect_equal(waiter_tids(lock), tracee.numbers("waiters"), f"waiters of {tracee.argv}")
    no_problems(doc)


def case_deleted_and_made_anew(env: Env) -> None:
    """One name, two files: two locks, each with its own owner and waiters."""
    path = env.tmp / "f"
    old = env.tracee("contend", path, 1)
    old_inode = path.stat().st_ino
    path.unlink()
    new = env.tracee("contend", path, 1)
    doc = env.tool.show_json("-p", f"{old.pid},{new.pid}")
    for tracee, inode in ((old, old_inode), (new, path.stat().st_ino)):
        lock = lock_at(doc, inode, 0)
        expect_equal((lock["owner"], waiter_tids(lock)),
                     (tracee.pid, tracee.numbers("waiters")), f"lock of inode {inode}")
    doc = env.tool.show_json(path)
    expect_equal([f["owner"] for f in doc["locks"]], [new.pid], "owners by the name")


def case_all_processes(env: Env) -> None:
    tracees = [env.tracee("contend", env.tmp / "f", 2), env.tracee("kinds"),
               env.tracee("contend", "-P", "-", 1)]
    doc = env.tool.show_json("-a")
    held(doc, tracees[0].pid, tracees[0].number("word"))
    held(doc, tracees[1].pid, tracees[1].number("normal"))
    lock = held(doc, tracees[2].pid, tracees[2].number("word"))
    expect_equal(waiter_tids(lock), tracees[2].numbers("waiters"), "waiters")
    lock = lock_at(doc, (env.tmp / "f").stat().st_ino, 0)
    expect_equal(waiter_tids(lock), tracees[0].numbers("waiters"), "waiters")


if __name__ == "__main__":
    main()
