# SPDX-License-Identifier: GPL-2.0-or-later
"""LMDB for i386 on a kernel of Debian's as it is: its writers as show, check and trace see them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from checking import PROBLEMS, QUIET, await_status, check  # noqa: E402
from deadlocks import advised_heirs, advised_victim, circle  # noqa: E402
from harness import (Env, Process, Tracee, blocked_in_futex, expect, expect_equal,  # noqa: E402
                     main, task_states, wait_until)
from lmdb_writer import HEADER, WRITER, new_db, word_in, writer_lock  # noqa: E402
from look import (OWNER_DIED, TID_MASK, WAITERS, address, no_problems, problem, task,  # noqa: E402
                  waiter_tids, waits)
from tracing import attached, traced  # noqa: E402

# Where LMDB's source cannot be had, CMakeLists.txt says that these are skipped.
BOOTS = "stock"

RAW_CELL = 64  # of raw.c: its cell 1 is where LMDB has its writer lock
RECORD = b" key\n value\nDATA=END\n"


def holder(env: Env, *dbs: Path) -> Tracee:
    tracee = Tracee([env.program_for_i386("lmdb_hold"), *dbs])
    env.started.append(tracee)
    return tracee


def mdb_load(env: Env, db: Path) -> Process:
    """It waits for the writer lock that somebody has."""
    process = env.program(env.program_for_i386("mdb_load"), db)
    process.say(HEADER)
    return process.await_blocked()


def wait_64_bit(env: Env, db: Path) -> Tracee:
    """A 64-bit program that waits for the same word; LMDB's own would not read these files."""
    tracee = Tracee([env.program_of("raw"), db / "lock.mdb", "-", f"n{WRITER // RAW_CELL}"])
    env.started.append(tracee)
    tracee.say(b"\n")
    tracee.await_blocked()
    return tracee


def finish_load(env: Env, load: Process, db: Path) -> None:
    """It has the lock, goes on and ends well; the record is there."""
    wait_until(lambda: load.check_alive() and word_in(db) & TID_MASK == load.pid,
               "mdb_load holds the writer lock")
    load.say(RECORD)
    assert load.popen.stdin
    load.popen.stdin.close()
    expect_equal(load.popen.wait(60), 0, "status of mdb_load")
    said = subprocess.run([env.program_for_i386("mdb_stat"), db], capture_output=True, text=True,
                          check=True).stdout
    expect("Entries: 1\n" in said, f"the record is there: {said}")


def check_compat_list(doc: dict, owner: int, lock_word: int) -> None:
    """The one list of the program is that of 32-bit code, and the lock is on it."""
    lists = task(doc, owner)["lists"]
    expect_equal([(one["kind"], one["bits"], one["end"], one["pending"]) for one in lists],
                 [("compat", 32, "complete", None)], "lists")
    expect_equal([(address(f), f["state"], f["owner"], f["bits"]) for f in lists[0]["entries"]],
                 [(lock_word, "held", owner, 32)], "what is on it")


def case_show(env: Env) -> None:
    """A holder and a waiter for i386, and a 64-bit one, of one lock."""
    db = new_db(env)
    has = holder(env, db)
    load = mdb_load(env, db)
    wide = wait_64_bit(env, db)
    both = sorted([load.pid, wide.pid])
    for args in (("-p", f"{has.pid},{load.pid},{wide.pid}"), (db / "lock.mdb",), ("-a",)):
        doc = env.tool.show_json(*args)
        lock = writer_lock(doc, db)
        expect_equal((lock["owner"], lock["state"], waiter_tids(lock)), (has.pid, "held", both),
                     f"show {args}")
        expect_equal((lock["where"]["path"], lock["where"]["offset"], lock["kind"]),
                     (str(db / "lock.mdb"), WRITER, "robust,shared"), "where it is")
        expect_equal(int(lock["word"], 16), has.pid | WAITERS, "word")
        no_problems(doc)
    doc = env.tool.show_json("-p", f"{has.pid},{load.pid},{wide.pid}")
    check_compat_list(doc, has.pid, address(writer_lock(doc, db)))
    pending = task(doc, load.pid)["lists"][0]["pending"]
    expect_equal((pending["state"], pending["owner"], pending["bits"]),
                 ("waiting", has.pid, 32), "list_op_pending of mdb_load")
    for waiter in (load, wide):
        expect_equal([(w["owner"], w["call"]) for w in waits(doc, waiter.pid)],
                     [(has.pid, "futex")], f"the wait of {waiter.argv}")
    row = next(line for line in env.tool.show(db / "lock.mdb").out.splitlines()
               if "LMDB writer" in line)
    for text in (f"{db}/lock.mdb+0x40", "held", f"{has.pid} lmdb_hold_32", f"{wide.pid} raw",
                 f"{load.pid} mdb_load_32", "robust,shared"):
        expect(text in row, f"{text} in {row!r}")
    listed = env.tool.show("-l", "-p", has.pid).out
    expect("compat" in listed and "LMDB writer" in listed, f"people see the list: {listed}")
    wide.kill()
    has.kill()
    finish_load(env, load, db)


def case_dead_owner(env: Env) -> None:
    """Its waiter is stopped, so that nobody has taken the lock yet."""
    db = new_db(env)
    dead = holder(env, db)
    load = mdb_load(env, db)
    load.signal(signal.SIGSTOP)
    wait_until(lambda: set(task_states(load.pid).values()) == {"T"}, "mdb_load is stopped")
    dead.kill()
    expect_equal(word_in(db) & ~WAITERS, OWNER_DIED, "what the kernel left")
    doc = env.tool.show_json(db / "lock.mdb")
    lock = writer_lock(doc, db)
    expect_equal((lock["state"], lock["owner"], lock["owner_died"]), ("owner-died", None, True),
                 "state")
    expect(str(dead.pid) in problem(doc, "owner-dead")["text"], f"who died: {doc['problems']}")
    said = check(env, "-p", load.pid, status=PROBLEMS).out
    expect("LMDB writer" in said and str(dead.pid) in said, f"check says it too: {said}")
    load.signal(signal.SIGCONT)
    finish_load(env, load, db)
    again = holder(env, db)
    await_status(env, QUIET, db / "lock.mdb")
    again.close()


def case_deadlock(env: Env) -> None:
    """Two programs over two databases, a third behind them; who is left over goes on."""
    dbs = [new_db(env, name) for name in "ab"]
    both = [holder(env, *dbs), holder(env, *reversed(dbs))]
    for tracee in both:
        tracee.say(b"\n")
        tracee.await_blocked()
    load = mdb_load(env, dbs[0])
    pids = [tracee.pid for tracee in both]
    for args in ([f"-p{pid}" for pid in (*pids, load.pid)], [db / "lock.mdb" for db in dbs]):
        text = circle(env, pids, *args, behind=1)
        for part in (*(f"LMDB writer {db}/lock.mdb+0x40" for db in dbs),
                     *(f"{pid} lmdb_hold_32" for pid in pids),
                     f"behind: {load.pid} mdb_load_32"):
            expect(part in text, f"{part} in {text}")
    stacks = check(env, "-k", dbs[0] / "lock.mdb", status=PROBLEMS).out
    expect_equal(stacks.count("mdb_txn_begin"), 3, f"where each waits, in {stacks}")
    victim = advised_victim(text)
    heirs = advised_heirs(text, victim)
    dead, left = both if victim == both[0].pid else reversed(both)
    dead.kill()
    got = wait_until(lambda: [p for p in (left, load) if p.check_alive()
                              and not blocked_in_futex(p.pid)], "one of them goes on")
    expect({p.pid for p in got} <= heirs, f"{got} of {heirs}")
    if load in got:
        finish_load(env, load, dbs[0])
    left.read_ready()
    await_status(env, QUIET, *(db / "lock.mdb" for db in dbs))


def case_trace(env: Env) -> None:
    """From its first call to its last; its calls are those of 32-bit code."""
    db = new_db(env)
    trace = traced(env, "-e", "lists,futex,life", env.program_for_i386("mdb_load"), db,
                   stdin=HEADER + RECORD)
    registered = trace.calls("set_robust_list")
    expect_equal([(c["number"], c["bits"], c["args"]["len"], c["result"]) for c in registered],
                 [(311, 32, 12, 0)], "registrations")
    expect_equal(trace.events("death"), [], "locks at its end")
    expect_equal([e["kind"] for e in trace.events()][-1:], ["exited"], "the end")
    text = traced(env, env.program_for_i386("mdb_load"), db, stdin=HEADER + RECORD, json=False).text
    expect("futex_offset=-20, list_op_pending=NULL}, 12) = 0" in text, f"people see it: {text}")


def case_trace_of_a_death(env: Env) -> None:
    """The owner is killed while both are traced: what is foretold, and what comes of it."""
    db = new_db(env)
    dead = holder(env, db)
    load = mdb_load(env, db)
    trace = attached(env, dead.pid, load.pid, args=("-e", "lists,futex,life"))
    dead.kill()
    trace.await_event("death-after")
    finish_load(env, load, db)
    trace.expect_status(0)
    found = trace.events("death", "death-after")
    expect_equal([(e["kind"], e["tid"]) for e in found],
                 [("death", dead.pid), ("death-after", dead.pid)], "deaths")
    for event in found:
        expect_equal([(one["lock"], one["where"]["offset"], one["kind"], one["fate"],
                       one["waiters"], one["word"]["tid"]) for one in event["death"]["locks"]],
                     [(f"LMDB writer {db}/lock.mdb+0x40", WRITER, "compat", "owner-died",
                       [load.pid], dead.pid)], f"locks of {event['kind']}")
    after = found[1]["death"]["locks"][0]["after"]
    expect(after["owner_died"] or after["tid"] == load.pid, f"the word after it: {after}")
    waited = [e["call"] for e in trace.events("call-exit") if e["tid"] == load.pid
              and "FUTEX_WAIT" in e["call"]["args"]["op"]["names"]]
    # EAGAIN: attaching has interrupted it, and when it began anew the owner was dead already.
    expect([(c["number"], c["bits"], c["error"]) for c in waited] in
           ([(240, 32, None)], [(240, 32, "EAGAIN")]), f"the wait of mdb_load: {waited}")


if __name__ == "__main__":
    main()
