# SPDX-License-Identifier: GPL-2.0-or-later
"""tdb: chains and the allrecord lock of libtdb, as Samba uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Env, expect, expect_equal, main
from look import entries, held, lock_at, no_problems, problem, robust, waiter_tids, waits

ALLRECORD = 0xA8
FREELIST = 0xD8  # chain -1, as libtdb counts; 40 bytes a mutex

PY_ALLRECORD = """
import os, sys, tdb
db = tdb.open(sys.argv[1], 4096, 4096 | tdb.CLEAR_IF_FIRST | tdb.INCOMPATIBLE_HASH,
              os.O_RDWR | os.O_CREAT, 0o600)
db.lock_all()
print(f"ready pid={os.getpid()}", flush=True)
sys.stdin.read()
"""


def chain_offset(chain: int) -> int:
    return FREELIST + 40 * (chain + 1)


def named(doc: dict[str, Any], path: Path, offset: int, name: str) -> dict[str, Any]:
    lock = lock_at(doc, path.stat().st_ino, offset)
    expect_equal(lock["name"], name, f"name of the lock at {offset:#x}")
    return lock


def case_a_chain_of_waiters(env: Env) -> None:
    """A has 7; B has 5 and 6 and waits for 7; C has 3 and 4 and waits for 5."""
    path = env.tmp / "x.tdb"
    a = env.tracee("tdb_hold", "-c", 7, path)
    b = env.tracee("tdb_hold", "-w", "-c", 5, "-n", 3, path)
    c = env.tracee("tdb_hold", "-w", "-c", 3, "-n", 3, path)
    doc = env.tool.show_json(path)
    wanted = {3: (c, []), 4: (c, []), 5: (b, [c.pid]), 6: (b, []), 7: (a, [b.pid])}
    for chain, (owner, waiters) in wanted.items():
        lock = named(doc, path, chain_offset(chain), f"tdb chain {chain}")
        expect_equal((lock["state"], lock["owner"], waiter_tids(lock)),
                     ("held", owner.pid, waiters), f"chain {chain}")
        expect_equal(lock["kind"], "robust,errorcheck,shared", "kind")
    doc = env.tool.show_json("-p", f"{a.pid},{b.pid},{c.pid}")
    expect_equal([(w["owner"], w["lock"]) for w in waits(doc, b.pid)], [(a.pid, True)], "B waits")
    expect_equal([(w["owner"], w["lock"]) for w in waits(doc, c.pid)], [(b.pid, True)], "C waits")
    no_problems(doc)
    out = env.tool.show(path).out
    expect("tdb chain 7" in out and f"{path}+0x{chain_offset(7):x}" in out, f"text: {out}")


def case_3000_chains(env: Env) -> None:
    path = env.tmp / "x.tdb"
    tracee = env.tracee("tdb_hold", "-c", 0, "-n", 3000, path)
    waiter = env.tracee("tdb_hold", "-w", "-c", 0, path)
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal(robust(doc, tracee.pid)["end"], "too-long", "end")
    for futex in entries(doc, tracee.pid).values():
        chain = (futex["where"]["offset"] - FREELIST) // 40 - 1
        expect_equal((futex["name"], futex["state"]), (f"tdb chain {chain}", "held"), "an entry")
    expect("952" in problem(doc, "list-too-long", tracee.pid)["text"], "952 would stay locked")
    lock = named(env.tool.show_json("-p", waiter.pid), path, chain_offset(0), "tdb chain 0")
    expect_equal((lock["owner"], waiter_tids(lock)), (tracee.pid, [waiter.pid]),
                 "the chain taken first, behind the limit")


def case_allrecord(env: Env) -> None:
    """B takes the allrecord lock and waits for A's chain; C wants a chain and waits for B."""
    path = env.tmp / "x.tdb"
    a = env.tracee("tdb_hold", "-c", 7, path)
    b = env.tracee("tdb_hold", "-a", "-w", path)
    c = env.tracee("tdb_hold", "-w", "-c", 100, path)
    doc = env.tool.show_json(path)
    lock = named(doc, path, ALLRECORD, "tdb allrecord")
    expect_equal((lock["owner"], waiter_tids(lock)), (b.pid, [c.pid]), "allrecord")
    lock = named(doc, path, chain_offset(7), "tdb chain 7")
    expect_equal((lock["owner"], waiter_tids(lock)), (a.pid, [b.pid]), "chain 7")


def case_python_tdb(env: Env) -> None:
    path = env.tmp / "x.tdb"
    holder = env.python(PY_ALLRECORD, path, needs="tdb")
    waiter = env.tracee("tdb_hold", "-j", "-w", path)
    doc = env.tool.show_json("-p", holder.pid)
    lock = named(doc, path, ALLRECORD, "tdb allrecord")
    held(doc, holder.pid, int(lock["address"], 16))
    expect_equal(waiter_tids(lock), [waiter.pid], "waiters")


def case_killed_holder(env: Env) -> None:
    """Nobody has taken the chain since: it is on no list, but its file is a known home."""
    path = env.tmp / "x.tdb"
    other = env.tracee("tdb_hold", "-c", 9, path)
    dead = env.tracee("tdb_hold", "-c", 7, path)
    dead.kill()
    doc = env.tool.show_json(path)
    lock = named(doc, path, chain_offset(7), "tdb chain 7")
    expect_equal((lock["state"], lock["owner"]), ("owner-died", None), "chain 7")
    expect(str(dead.pid) in problem(doc, "owner-dead")["text"], "who died")
    held(doc, other.pid, int(named(doc, path, chain_offset(9), "tdb chain 9")["address"], 16))


def case_freelist(env: Env) -> None:
    path = env.tmp / "x.tdb"
    env.tracee("tdb_hold", path)
    tracee = env.tracee("owner_died", "-i", "-k", "-o", FREELIST, path)
    lock = named(env.tool.show_json("-p", tracee.pid), path, FREELIST, "tdb freelist chain")
    expect_equal((lock["state"], lock["owner"]), ("inconsistent", tracee.pid), "state, owner")


def case_no_tdb_no_name(env: Env) -> None:
    """A lock at the same offset of a file that is no tdb and no lock.mdb has no name."""
    path = env.tmp / "f"
    for offset in (8, 64, ALLRECORD, FREELIST, chain_offset(7)):
        tracee = env.tracee("contend", "-o", offset, path, 0)
        doc = env.tool.show_json("-p", tracee.pid)
        expect_equal(held(doc, tracee.pid, tracee.number("word"))["name"], None, f"at {offset:#x}")


if __name__ == "__main__":
    main()
