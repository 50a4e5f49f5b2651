# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of robust mutex, of glibc and of musl."""

from __future__ import annotations

from harness import I386, Env, Tracee, expect, expect_equal, main
from look import (address, all_futexes, entries, held, kind_of, no_problems, robust, waiter_tids,
                  waits, word)

KINDS = {
    "normal": {"robust"},
    "recursive": {"robust", "recursive(3)"},
    "errorcheck": {"robust", "errorcheck"},
    "pi": {"robust", "pi"},
    "pi_recursive": {"robust", "pi", "recursive(3)"},
    "pi_errorcheck": {"robust", "pi", "errorcheck"},
}


def look(env: Env, name: str) -> tuple[Tracee, dict, dict[str, dict]]:
    """Starts `kinds`; returns the document and the FUTEX of each mutex by its name."""
    tracee = env.tracee(name)
    doc = env.tool.show_json("-p", tracee.pid)
    names = [kind + suffix for kind in KINDS for suffix in ("", "_shared")]
    there = [n for n in names if tracee.info[n] != "absent"]
    found = {n: held(doc, tracee.pid, tracee.number(n)) for n in there}
    expect_equal(len(entries(doc, tracee.pid)), len(found), "entries on the list")
    expect_equal(robust(doc, tracee.pid)["end"], "complete", "end")
    no_problems(doc)
    return tracee, doc, found


def check_kinds(found: dict[str, dict], libc: str) -> None:
    for name, futex in found.items():
        shared = name.endswith("_shared")
        kind = name.removesuffix("_shared")
        wanted = KINDS[kind] | ({"shared"} if shared else set())
        expect_equal(kind_of(futex), wanted, f"kind of {name}")
        expect_equal(futex["libc"], libc, f"libc of {name}")
        if "recursive" in kind:
            expect_equal(futex["count"], 3, f"count of {name}")
        expect_equal(futex["waiters_bit"], False, f"waiters bit of {name}")
        expect_equal(futex["owner_died"], False, f"owner_died of {name}")
        expect_equal(futex["waiters"], [], f"waiters of {name}")
        if shared:
            expect_equal(futex["memory"], "shared anonymous", f"memory of {name}")
            expect(futex["where"]["inode"] > 0, f"where of {name} has an inode")


def case_glibc_kinds(env: Env) -> None:
    tracee, doc, found = look(env, "kinds")
    check_kinds(found, "glibc")
    expect_equal(len(found), 2 * len(KINDS), "kinds that glibc has")
    for name, futex in found.items():
        expect_equal(futex["pi"], "pi" in name, f"PI bit of {name}")
        expect_equal(word(futex), tracee.pid, f"word of {name}")
        expect_equal(int(futex["entry"], 16), address(futex) + (20 if I386 else 32), f"entry of {name}")
    expect_equal(robust(doc, tracee.pid)["futex_offset"], -20 if I386 else -32, "offset")
    expect_equal(robust(doc, tracee.pid)["bits"], 32 if I386 else 64, "bits")


def case_kind_words(env: Env) -> None:
    """The words as the documentation has them, in their order."""
    _, _, found = look(env, "kinds")
    for name, text in (("normal", "robust"), ("normal_shared", "robust,shared"),
                       ("recursive", "robust,recursive(3)"), ("pi_shared", "robust,pi,shared"),
                       ("errorcheck_shared", "robust,errorcheck,shared")):
        expect_equal(found[name]["kind"], text, f"kind of {name}")


def case_musl_kinds(env: Env) -> None:
    tracee, doc, found = look(env, "kinds_musl")
    check_kinds(found, "musl")
    expect(len(found) >= 6, "musl has the kinds without PI at least")
    expect_equal(robust(doc, tracee.pid)["futex_offset"], -28, "offset")


def case_each_lock_once(env: Env) -> None:
    tracee, doc, found = look(env, "kinds")
    mine = [address(lock) for lock in doc["locks"] if lock["pid"] == tracee.pid]
    expect_equal(sorted(mine), sorted(address(f) for f in found.values()), "the locks array")


def waiters_seen(env: Env, program: str, *args: object) -> tuple[Tracee, dict]:
    """A holder and its waiters: checks both ends and returns the lock."""
    tracee = env.tracee(program, *args)
    tids, lock_word = tracee.numbers("waiters"), tracee.number("word")
    doc = env.tool.show_json("-p", tracee.pid, *[f"-p{tid}" for tid in tids if
                                                 "-t" not in args and "-P" not in args])
    lock = held(doc, tracee.pid, lock_word)
    expect_equal(waiter_tids(lock), sorted(tids), "waiters")
    expect_equal(lock["waiters_bit"], True, "waiters bit")
    for tid in tids:
        expect_equal(entries(doc, tid) if any(t["tid"] == tid and t["lists"] for t in doc["tasks"])
                     else {}, {}, f"what the waiter {tid} holds")
        mine = waits(doc, tid)
        expect_equal([(w["call"], int(w["address"], 16), w["owner"], w["lock"]) for w in mine],
                     [("futex", lock_word, tracee.pid, True)], f"waits of {tid}")
    no_problems(doc)
    return tracee, lock


def case_private_waiters(env: Env) -> None:
    _, lock = waiters_seen(env, "contend", "-P", "-", 2)
    expect_equal(lock["kind"], "robust", "kind")
    expect_equal(lock["memory"], "heap", "memory")
    expect_equal(lock["where"], None, "where")


def case_pi_waiters(env: Env) -> None:
    _, lock = waiters_seen(env, "contend", "-p", env.tmp / "f", 2)
    expect_equal(lock["kind"], "robust,pi,shared", "kind")
    expect_equal(lock["pi"], True, "pi")


def case_pi_private_waiters(env: Env) -> None:
    _, lock = waiters_seen(env, "contend", "-p", "-P", "-", 2)
    expect_equal(lock["kind"], "robust,pi", "kind")


def case_thread_waiters(env: Env) -> None:
    waiters_seen(env, "contend", "-t", env.tmp / "f", 3)


def case_process_waiters(env: Env) -> None:
    tracee, lock = waiters_seen(env, "contend", env.tmp / "f", 3)
    stat = (env.tmp / "f").stat()
    expect_equal(lock["where"]["path"], str(env.tmp / "f"), "path")
    expect_equal(lock["where"]["offset"], 0, "offset")
    expect_equal(lock["where"]["inode"], stat.st_ino, "inode")
    expect_equal(lock["memory"], "file", "memory")
    expect_equal(word(lock), tracee.pid | 0x80000000, "word")


def case_musl_process_waiters(env: Env) -> None:
    """musl's waiters have nothing in list_op_pending, and sign-extend the futex operation."""
    _, lock = waiters_seen(env, "contend_musl", env.tmp / "f", 3)
    expect_equal(lock["kind"], "robust,shared", "kind")
    expect_equal(lock["where"]["offset"], 4, "offset")


def case_musl_thread_waiters(env: Env) -> None:
    waiters_seen(env, "contend_musl", "-t", env.tmp / "f", 2)


def case_musl_pi_waiters(env: Env) -> None:
    _, lock = waiters_seen(env, "contend_musl", "-p", env.tmp / "f", 2)
    expect_equal(lock["kind"], "robust,pi,shared", "kind")


def case_waiting_is_not_holding(env: Env) -> None:
    """glibc has the mutex in list_op_pending for as long as a thread waits for it."""
    tracee = env.tracee("contend", env.tmp / "f", 1)
    waiter = tracee.numbers("waiters")[0]
    doc = env.tool.show_json("-p", waiter)
    listed = robust(doc, waiter)
    expect_equal(listed["entries"], [], "entries of the waiter")
    expect(listed["pending"], "the waiter's list_op_pending is shown")
    expect_equal(listed["pending"]["state"], "waiting", "state of the waiter's pending")
    expect_equal(listed["pending"]["owner"], tracee.pid, "owner of the waiter's pending")
    expect_equal([f for f in all_futexes(doc) if f["owner"] == waiter], [], "what the waiter owns")


if __name__ == "__main__":
    main()
