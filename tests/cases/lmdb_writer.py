# SPDX-License-Identifier: GPL-2.0-or-later
"""LMDB: programs that nobody here wrote hold the writer lock and wait for it."""

from __future__ import annotations

import struct
from pathlib import Path

from harness import Env, Process, expect, expect_equal, main, wait_until
from look import entries, held, lock_at, locks_at, no_problems, problem, waiter_tids, waits

WRITER = 64  # offset of the writer mutex in lock.mdb, with the glibc of x86-64
READERS = 8

HEADER = b"VERSION=3\nformat=print\ntype=btree\nmapsize=1048576\nHEADER=END\n"

# Says that it is ready, then begins a write transaction and sleeps.
PY_WRITER = """
import lmdb, os, sys
env = lmdb.open(sys.argv[1])
print(f"ready pid={os.getpid()}", flush=True)
txn = env.begin(write=True)
sys.stdin.read()
"""

# One thread holds the write transaction, two wait for theirs.
PY_THREADS = """
import lmdb, os, sys, threading
env = lmdb.open(sys.argv[1])
txn = env.begin(write=True)
threads = [threading.Thread(target=env.begin, kwargs={"write": True}, daemon=True) for _ in "ab"]
for thread in threads:
    thread.start()
tids = ",".join(str(thread.native_id) for thread in threads)
print(f"ready pid={os.getpid()} tid={threading.get_native_id()} tids={tids}", flush=True)
sys.stdin.read()
os._exit(0)
"""


def word_in(db: Path) -> int:
    """The writer mutex's futex word, read from the file."""
    with open(db / "lock.mdb", "rb") as lock:
        lock.seek(WRITER)
        return struct.unpack("<I", lock.read(4).ljust(4, b"\0"))[0]


def new_db(env: Env, name: str = "db") -> Path:
    (env.tmp / name).mkdir()
    return env.tmp / name


def writer(env: Env, db: Path) -> Process:
    """An mdb_load that has begun its transaction and waits for more on stdin."""
    process = env.program("mdb_load", db)
    process.say(HEADER)
    wait_until(lambda: process.check_alive() and (db / "lock.mdb").exists()
               and word_in(db) & 0x3FFFFFFF == process.pid, "mdb_load holds the writer lock")
    return process


def writer_lock(doc: dict, db: Path) -> dict:
    lock = lock_at(doc, (db / "lock.mdb").stat().st_ino, WRITER)
    expect_equal(lock["name"], "LMDB writer", "name")
    return lock


def case_mdb_load_and_two_waiters(env: Env) -> None:
    db = new_db(env)
    holder = writer(env, db)
    copy = env.program("mdb_copy", db).await_blocked()
    load = env.program("mdb_load", db)
    load.say(HEADER)
    load.await_blocked()
    both = sorted([copy.pid, load.pid])
    for args in (("-p", holder.pid), (db / "lock.mdb",), ("-a",), ("-p", copy.pid)):
        lock = writer_lock(env.tool.show_json(*args), db)
        expect_equal((lock["owner"], lock["state"], waiter_tids(lock)), (holder.pid, "held", both),
                     f"show {args}")
        expect_equal((lock["kind"], lock["where"]["path"]),
                     ("robust,shared", str(db / "lock.mdb")), "kind and path")
    doc = env.tool.show_json("-p", holder.pid)
    lock_word = int(writer_lock(doc, db)["address"], 16)
    held(doc, holder.pid, lock_word)
    no_problems(doc)
    row = next(line for line in env.tool.show(db / "lock.mdb").out.splitlines()
               if "LMDB writer" in line)
    for text in (f"{db}/lock.mdb", "held", f"{holder.pid} mdb_load", f"{copy.pid} mdb_copy",
                 f"{load.pid} mdb_load", "robust,shared"):
        expect(text in row, f"{text} in {row!r}")


def case_python_waits_for_mdb_load(env: Env) -> None:
    db = new_db(env)
    holder = writer(env, db)
    waiter = env.python(PY_WRITER, db, needs="lmdb")
    waiter.await_blocked()
    doc = env.tool.show_json("-p", waiter.pid)
    lock = writer_lock(doc, db)
    expect_equal((lock["owner"], waiter_tids(lock)), (holder.pid, [waiter.pid]), "owner, waiters")
    expect_equal([w["owner"] for w in waits(doc, waiter.pid)], [holder.pid], "waits")


def case_python_threads(env: Env) -> None:
    db = new_db(env)
    tracee = env.python(PY_THREADS, db, needs="lmdb")
    tids = sorted(tracee.numbers("tids"))

    def lock() -> dict:
        return writer_lock(env.tool.show_json("-p", tracee.pid), db)

    found = wait_until(lambda: len((it := lock())["waiters"]) == 2 and it, "both threads wait")
    expect_equal((found["owner"], waiter_tids(found)), (tracee.number("tid"), tids), "the lock")
    expect_equal({w["pid"] for w in found["waiters"]}, {tracee.pid}, "pids of the waiters")


def case_liblmdb(env: Env) -> None:
    db = new_db(env)
    holder = env.tracee("lmdb_hold", db)
    lock = writer_lock(env.tool.show_json("-p", holder.pid), db)
    expect_equal((lock["owner"], lock["state"], lock["waiters"]), (holder.pid, "held", []), "lock")


def case_nothing_held(env: Env) -> None:
    db = new_db(env)
    reader = env.tracee("lmdb_hold", "-r", db)
    doc = env.tool.show_json("-p", reader.pid)
    expect_equal([f for f in doc["locks"] if f["state"] != "free"], [], "locks")
    expect_equal(entries(doc, reader.pid), {}, "what the reader holds")
    no_problems(doc)


def case_killed_writer(env: Env) -> None:
    """On no list any more: only the name of its home tells that there is a lock."""
    db = new_db(env)
    reader = env.tracee("lmdb_hold", "-r", db)
    dead = writer(env, db)
    dead.kill()
    for args in (("-p", reader.pid), (db / "lock.mdb",), ("-a",)):
        doc = env.tool.show_json(*args)
        lock = writer_lock(doc, db)
        expect_equal((lock["state"], lock["owner"], lock["owner_died"], lock["on_list"]),
                     ("owner-died", None, True, False), f"show {args}")
        inode = lock["where"]["inode"]
        texts = [p["text"] for p in doc["problems"] if p["kind"] == "owner-dead"]
        expect(any(str(dead.pid) in t for t in texts), f"who died, in {texts}, inode {inode}")
    out = env.tool.show(db / "lock.mdb").out
    expect("LMDB writer" in out and str(dead.pid) in out, f"people see it: {out}")
    problem(env.tool.show_json("-p", reader.pid), "owner-dead")
    again = writer(env, db)
    doc = env.tool.show_json(db / "lock.mdb")
    lock = writer_lock(doc, db)
    expect_equal((lock["state"], lock["owner"]), ("held", again.pid), "after the repair")
    no_problems(doc)


def case_killed_writer_and_waiter(env: Env) -> None:
    """LMDB's waiter repairs the lock by itself."""
    db = new_db(env)
    dead = writer(env, db)
    heir = env.python(PY_WRITER, db, needs="lmdb")
    heir.await_blocked()
    dead.kill()
    wait_until(lambda: word_in(db) & 0x3FFFFFFF == heir.pid, "the waiter has got it")
    doc = env.tool.show_json(db / "lock.mdb")
    lock = writer_lock(doc, db)
    expect_equal((lock["owner"], lock["waiters"], lock["owner_died"]), (heir.pid, [], False),
                 "the lock")


def case_not_recoverable(env: Env) -> None:
    db = new_db(env)
    reader = env.tracee("lmdb_hold", "-r", db)
    env.tracee("owner_died", "-n", "-k", "-o", WRITER, db / "lock.mdb")
    for args in ((db / "lock.mdb",), ("-p", reader.pid)):
        doc = env.tool.show_json(*args)
        expect_equal(writer_lock(doc, db)["state"], "not-recoverable", f"show {args}")
        problem(doc, "not-recoverable")


def case_reader_table(env: Env) -> None:
    db = new_db(env)
    env.tracee("lmdb_hold", "-r", db)
    tracee = env.tracee("owner_died", "-i", "-k", "-o", READERS, db / "lock.mdb", 1)
    lock = lock_at(env.tool.show_json(db / "lock.mdb"), (db / "lock.mdb").stat().st_ino, READERS)
    expect_equal((lock["name"], lock["state"], lock["owner"], waiter_tids(lock)),
                 ("LMDB reader table", "inconsistent", tracee.pid, tracee.numbers("waiters")),
                 "the lock")


def case_deleted_while_held(env: Env) -> None:
    """lock.mdb is deleted while held and made anew: two writers, two locks."""
    db = new_db(env)
    old = writer(env, db)
    old_waiter = env.program("mdb_copy", db).await_blocked()
    old_inode = (db / "lock.mdb").stat().st_ino
    (db / "lock.mdb").unlink()
    new = writer(env, db)
    new_waiter = env.program("mdb_copy", db).await_blocked()
    new_inode = (db / "lock.mdb").stat().st_ino
    doc = env.tool.show_json("-p", f"{old.pid},{new.pid}")
    for inode, owner, waiter in ((old_inode, old, old_waiter), (new_inode, new, new_waiter)):
        lock = lock_at(doc, inode, WRITER)
        expect_equal((lock["name"], lock["owner"], waiter_tids(lock)),
                     ("LMDB writer", owner.pid, [waiter.pid]), f"lock of inode {inode}")
    doc = env.tool.show_json(db / "lock.mdb")
    expect_equal(locks_at(doc, old_inode), [], "locks of the deleted file, asked by its name")
    expect_equal(writer_lock(doc, db)["owner"], new.pid, "owner by the name")
    out = env.tool.show("-p", f"{old.pid},{new.pid}").out
    expect_equal(out.count("LMDB writer"), 2, f"rows in {out}")


if __name__ == "__main__":
    main()
