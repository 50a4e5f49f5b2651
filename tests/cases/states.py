# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lock can be but held: dead owner, inconsistent, orphan; and ways to wait."""

from __future__ import annotations

import os
import signal

from harness import Env, Tracee, expect, expect_equal, fail, main, task_states, wait_until
from look import (address, entries, held, lock_at, no_problems, problem, problems, robust,
                  waiter_tids, waits, word)


def case_owner_died_and_nobody_woken(env: Env) -> None:
    path = env.tmp / "f"
    tracee = env.tracee("owner_died", "-z", path, 2)
    for args in ((path,), ("-p", tracee.pid)):
        doc = env.tool.show_json(*args)
        lock = lock_at(doc, path.stat().st_ino, 0)
        expect_equal(lock["state"], "owner-died", "state")
        expect_equal((lock["owner"], lock["owner_died"], lock["on_list"]), (None, True, False),
                     "owner, owner_died, on_list")
        expect_equal(waiter_tids(lock), tracee.numbers("waiters"), "waiters")
        expect(tracee.info["dead"] in problem(doc, "owner-dead")["text"], "it says who died")


def inconsistent(env: Env, program: str) -> None:
    path = env.tmp / "f"
    tracee = env.tracee(program, "-i", path, 2)
    doc = env.tool.show_json("-p", tracee.pid)
    lock = entries(doc, tracee.pid)[tracee.number("word")]
    expect_equal((lock["state"], lock["owner"]), ("inconsistent", tracee.pid), "state, owner")
    expect_equal(waiter_tids(lock), tracee.numbers("waiters"), "waiters")
    expect("robust" in lock["kind"], "kind")


def case_inconsistent(env: Env) -> None:
    inconsistent(env, "owner_died")


def case_musl_inconsistent(env: Env) -> None:
    """musl leaves FUTEX_OWNER_DIED in the word until pthread_mutex_consistent()."""
    inconsistent(env, "owner_died_musl")


def case_killed_with_two_waiters(env: Env) -> None:
    """The kernel wakes one waiter, which gets EOWNERDEAD; the other waits for that one now."""
    path = env.tmp / "f"
    holder = env.tracee("contend", path, 0)
    waiter = env.tracee("contend", "-w", path, 2)
    both = waiter.numbers("waiters")
    holder.kill()
    inode = path.stat().st_ino

    def settled() -> dict | None:
        doc = env.tool.show_json(path)
        lock = lock_at(doc, inode, 0)
        return lock if lock["state"] == "inconsistent" and lock["waiters"] else None

    lock = wait_until(settled, "one waiter has it inconsistent and the other waits")
    expect(lock["owner"] in both, "the owner is one of the two")
    expect_equal(waiter_tids(lock), [t for t in both if t != lock["owner"]], "the other waits")


def case_killed_while_its_waiter_is_stopped(env: Env) -> None:
    """The kernel woke the waiter, but it cannot run: the lock is dead and nobody has seen to it."""
    path = env.tmp / "f"
    holder = env.tracee("contend", path, 0)
    waiter = env.tracee("contend", "-w", "-s", path, 0)
    waiter.signal(signal.SIGSTOP)
    wait_until(lambda: set(task_states(waiter.pid).values()) == {"T"}, "the waiter is stopped")
    holder.kill()
    for args in ((path,), ("-p", waiter.pid)):
        doc = env.tool.show_json(*args)
        lock = lock_at(doc, path.stat().st_ino, 0)
        expect_equal((lock["state"], lock["owner"], lock["owner_died"]),
                     ("owner-died", None, True), f"show {args}")
        expect(str(holder.pid) in problem(doc, "owner-dead")["text"], "it says who died")


def orphan_of(env: Env, program: str) -> Tracee:
    """An orphan whose TID nobody else has got meanwhile."""
    for _ in range(5):
        tracee = env.tracee(program, env.tmp / "f")
        if not os.path.exists(f"/proc/{tracee.info['owner']}"):
            return tracee
        tracee.close()
    fail("every TID that was free is in use again")


def case_musl_orphan(env: Env) -> None:
    """musl's waiter has no list_op_pending: only its system call and the memory tell."""
    tracee = orphan_of(env, "orphan_musl")
    path = env.tmp / "f"
    for args in ((path,), ("-p", tracee.numbers("waiters")[0])):
        doc = env.tool.show_json(*args)
        lock = lock_at(doc, path.stat().st_ino, 4)
        expect_equal((lock["state"], waiter_tids(lock)), ("orphan", tracee.numbers("waiters")),
                     f"show {args}")
        problem(doc, "orphan")


def case_orphan(env: Env) -> None:
    tracee = orphan_of(env, "orphan")
    path, gone = env.tmp / "f", tracee.number("owner")
    for args in ((path,), ("-p", tracee.numbers("waiters")[0])):
        doc = env.tool.show_json(*args)
        lock = lock_at(doc, path.stat().st_ino, 0)
        expect_equal((lock["state"], lock["owner_died"], lock["on_list"]),
                     ("orphan", False, False), "state, owner_died, on_list")
        expect_equal(word(lock), gone | 0x80000000, "word")
        expect(lock["owner"] in (None, gone), "no living owner")
        expect_equal(waiter_tids(lock), tracee.numbers("waiters"), "waiters")
        said = problem(doc, "orphan")
        expect(str(gone) in said["text"], "the text names the TID")
        expect(tracee.numbers("waiters")[0] in said["tids"] + [gone], "tids")
    out = env.tool.show(path).out
    expect("orphan" in out and str(gone) in out, f"text says so: {out}")


def case_over_the_limit(env: Env) -> None:
    """3000 locks on one list: 952 of them the kernel does not release."""
    tracee = env.tracee("many")
    doc = env.tool.show_json("-p", tracee.pid)
    listed = robust(doc, tracee.pid)
    expect_equal(listed["end"], "too-long", "end")
    expect(len(listed["entries"]) >= 2048, "all entries that the kernel sees are shown")
    expect({address(f) for f in listed["entries"]} <= set(tracee.words()), "only real entries")
    said = problem(doc, "list-too-long", tracee.pid)
    expect("952" in said["text"], f"952 in {said['text']!r}")
    expect("952" in env.tool.show("-p", tracee.pid).out, "952 in the text output")


def case_at_the_limit(env: Env) -> None:
    tracee = env.tracee("many", 2048)
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal(robust(doc, tracee.pid)["end"], "complete", "end of 2048 entries")
    expect_equal(set(entries(doc, tracee.pid)), set(tracee.words()), "entries")
    no_problems(doc)
    over = env.tracee("many", 2049)
    doc = env.tool.show_json("-p", over.pid)
    expect_equal(robust(doc, over.pid)["end"], "too-long", "end of 2049 entries")
    problem(doc, "list-too-long", over.pid)


def case_what_the_limit_does(env: Env) -> None:
    """Kill the holder of 3000: what was taken first stays locked, an orphan."""
    path = env.tmp / "f"
    holder = env.tracee("many", "-f", path)
    first = env.tracee("contend", "-w", path, 1)
    holder.kill()
    if os.path.exists(f"/proc/{holder.pid}"):
        fail("the TID is in use again")
    doc = env.tool.show_json(path)
    lock = lock_at(doc, path.stat().st_ino, 0)
    expect_equal((lock["state"], waiter_tids(lock)), ("orphan", first.numbers("waiters")), "lock")
    problem(doc, "orphan")


def case_leader_has_exited(env: Env) -> None:
    tracee = env.tracee("leader_exit", 3)
    *holders, waiter = tracee.numbers("tids")
    for args in (("-p", tracee.pid), ("-a",)):
        doc = env.tool.show_json(*args)
        for i, tid in enumerate(holders):
            lock = held(doc, tid, tracee.number("base") + i * tracee.number("stride"))
            expect_equal(waiter_tids(lock), [] if i else [waiter], f"waiters of lock {i}")
    expect_equal({t["pid"] for t in doc["tasks"] if t["tid"] in holders}, {tracee.pid}, "pid")


def case_every_way_to_wait(env: Env) -> None:
    path = env.tmp / "f"
    tracee = env.tracee("waitv", path)
    words = tracee.numbers("words")
    tid = {n: tracee.number(n) for n in ("waitv", "wait", "bitset", "lock_pi")
           if tracee.info[n] != "absent"}
    doc = env.tool.show_json("-p", tracee.pid)
    wanted = {"waitv": ("futex_waitv", words[:2]), "wait": ("futex_wait", words[2:3]),
              "bitset": ("futex", words[3:4]), "lock_pi": ("futex", words[4:5])}
    for name, its_tid in tid.items():
        call, its_words = wanted[name]
        found = waits(doc, its_tid)
        expect_equal(sorted(int(w["address"], 16) for w in found), its_words, f"{name} waits for")
        for wait in found:
            expect_equal((wait["call"], wait["owner"], wait["lock"]),
                         (call, tracee.pid, True), name)
            expect_equal(wait["where"]["inode"], path.stat().st_ino, f"inode of {name}")
    waiter_of = ["waitv", "waitv", "wait", "bitset", "lock_pi"]
    for i, its_word in enumerate(words):
        lock = held(doc, tracee.pid, its_word)
        expect_equal(waiter_tids(lock), [tid[waiter_of[i]]] if waiter_of[i] in tid else [],
                     f"waiters of word {i}")
        expect_equal(lock["where"]["offset"], 64 * i, f"offset of word {i}")


PY_LOCK = """
import os, threading
lock = threading.Lock()
lock.acquire()
print(f"ready pid={os.getpid()}", flush=True)
lock.acquire()
"""


def case_other_futex(env: Env) -> None:
    """A wait for a futex that is no robust lock is told from the others."""
    tracee = env.python(PY_LOCK, needs="threading")
    tracee.await_blocked()
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal([(w["call"], w["lock"], w["owner"]) for w in waits(doc, tracee.pid)],
                 [("futex", False, None)], "waits")
    expect_equal((doc["locks"], doc["problems"]), ([], []), "locks and problems")


def case_copy_after_fork(env: Env) -> None:
    """The child waits for its own copy at the same address: not for the parent's lock."""
    tracee = env.tracee("forked")
    child = tracee.number("child")
    doc = env.tool.show_json("-p", f"{tracee.pid},{child}")
    lock = held(doc, tracee.pid, tracee.number("word"))
    expect_equal(lock["waiters"], [], "waiters of the parent's lock")
    expect_equal([int(w["address"], 16) for w in waits(doc, child)], [tracee.number("word")],
                 "what the child waits for")
    of_child = [f for f in doc["locks"] if f["pid"] == child]
    expect_equal([waiter_tids(f) for f in of_child], [[child]], "the child's lock has its waiter")
    expect(of_child[0]["state"] != "held", "nobody holds the child's copy")


MEMORY = {"zero0": "shared anonymous", "zero1": "shared anonymous", "zero2": "shared anonymous",
          "sysv": "sysv", "memfd": "memfd", "heap": "heap", "stack": "stack", "anon": "anonymous"}


def case_every_kind_of_memory(env: Env) -> None:
    tracee = env.tracee("several_zero")
    doc = env.tool.show_json("-p", tracee.pid)
    locks = {name: held(doc, tracee.pid, tracee.number(name)) for name in [*MEMORY, "data", "bss"]}
    for name, memory in MEMORY.items():
        expect_equal(locks[name]["memory"], memory, f"memory of {name}")
    for name in ("heap", "stack", "anon"):
        expect_equal(locks[name]["where"], None, f"where of {name}")
    for name, part in (("sysv", "SYSV"), ("memfd", "memfd:jobs"), ("zero0", "/dev/zero")):
        expect(part in locks[name]["where"]["path"], f"{part} in where of {name}")
        expect_equal(locks[name]["where"]["offset"], 0, f"offset of {name}")
    held(doc, tracee.number("thread"), tracee.number("thread_stack"))
    zeros = [locks[f"zero{i}"] for i in range(3)]
    expect_equal(len({z["where"]["inode"] for z in zeros}), 3, "inodes of the three mappings")
    expect_equal([waiter_tids(z) for z in zeros], [[], [tracee.number("child")], []], "waiters")


def case_same_program_twice(env: Env) -> None:
    """Private pages of one file, the same offset: two locks."""
    tracees = [env.tracee("several_zero") for _ in range(2)]
    doc = env.tool.show_json(*[f"-p{t.pid}" for t in tracees])
    for tracee in tracees:
        for name in ("data", "bss"):
            expect_equal(held(doc, tracee.pid, tracee.number(name))["waiters"], [], name)
        mine = [f for f in doc["locks"] if address(f) == tracee.number("data")
                and f["pid"] == tracee.pid]
        expect_equal([f["owner"] for f in mine], [tracee.pid], "owner in the locks array")
    expect_equal(problems(doc), [], "problems")


if __name__ == "__main__":
    main()
