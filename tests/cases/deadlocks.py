# SPDX-License-Identifier: GPL-2.0-or-later
"""Circles of waits: found whatever they go through, told so that one can act on it."""

from __future__ import annotations

import re
import signal

from checking import (PROBLEMS, QUIET, Knot, await_status, check, check_json, in_cycle_order, knot,
                      only_problem, tie)
from harness import (I386, Env, Tracee, expect, expect_equal, fail, main, proc_text, task_states,
                     wait_until)
from look import Doc, problem, waits
from lmdb_writer import PY_WRITER, new_db

# Begins a write transaction in the first database and, on a line, one in the second.
PY_TWO = """
import lmdb, os, sys
first, second = lmdb.open(sys.argv[1]), lmdb.open(sys.argv[2])
one = first.begin(write=True)
print(f"ready pid={os.getpid()}", flush=True)
sys.stdin.readline()
two = second.begin(write=True)
sys.stdin.read()
"""


def by_pid(*tracees: Tracee) -> list[str]:
    return [f"-p{tracee.pid}" for tracee in tracees]


def turned(found: list[int], first: int) -> list[int]:
    """A circle, told from that thread on."""
    expect(first in found, f"{first} is one of {found}")
    place = found.index(first)
    return found[place:] + found[:place]


def check_cycle(doc: Doc, members: list[int], behind: int) -> None:
    """The same in the document: who waits for what of whom."""
    expect_equal(len(doc["cycles"]), 1, "cycles")
    cycle = doc["cycles"][0]
    expect_equal(turned([t["tid"] for t in cycle["tasks"]], members[0]), members, "its order")
    expect_equal(len(cycle["behind"]), behind, "those behind")
    tids = [t["tid"] for t in cycle["tasks"]]
    for place, one in enumerate(cycle["tasks"]):
        found = [w for w in waits(doc, one["tid"]) if w["address"] == one["address"]]
        expect(one["lock"], "the lock has a name")
        for wait in found:  # none for threads that were not asked for
            expect_equal((wait["owner"], wait["hint"]),
                         (tids[(place + 1) % len(tids)], one["hint"]), f"the wait of {one}")


def circle(env: Env, members: list[int], *args: object, behind: int = 0) -> str:
    """Just one deadlock, of these threads in this order; returns what is said to people."""
    check_cycle(check_json(env, *args, status=PROBLEMS), members, behind)
    said, text = only_problem(env, "deadlock", *args)
    expect_equal(sorted(said["tids"]), sorted(members), f"threads of {said['text']!r}")
    expect_equal(text.count("deadlock: "), 1, f"one paragraph: {text}")
    expect(f"{len(members)} threads wait for each other" in text, f"how many: {text}")
    expect_equal(f"{behind} more behind" in text, bool(behind), f"{behind} behind in {text}")
    expect_equal(turned(in_cycle_order(text), members[0]), members, f"order in {text}")
    return text


def advised_victim(text: str) -> int:
    """Whom `check` tells to end."""
    found = re.search(r"Next: .*\bkill (\d+)", text)
    if not found:
        fail(f"whom to kill is said: {text}")
    return int(found[1])


def advised_heirs(text: str, victim: int) -> set[int]:
    """Who gets EOWNERDEAD by what is said of the victim's death."""
    found = re.findall(rf"If process {victim} ends, .* and wakes one waiter: ([\d, or]+) gets EOWNERDEAD",
                       text)
    expect(found, f"what happens when {victim} dies is said: {text}")
    return {int(number) for line in found for number in re.findall(r"\d+", line)}


def case_lmdb_abba(env: Env) -> None:
    """Two programs over two databases, and a third behind them."""
    a, b = new_db(env, "a"), new_db(env, "b")
    one = env.python(PY_TWO, a, b, needs="lmdb")
    two = env.python(PY_TWO, b, a, needs="lmdb")
    for process in (one, two):
        process.say(b"\n")
        process.await_blocked()
    third = env.python(PY_WRITER, a, needs="lmdb")
    third.await_blocked()
    for args in (by_pid(one, two, third), by_pid(one), by_pid(two), [a / "lock.mdb"],
                 [a / "lock.mdb", b / "lock.mdb"]):
        text = circle(env, [one.pid, two.pid], *args, behind=1)
        for part in ("LMDB writer", f"{a}/lock.mdb+0x40", f"{b}/lock.mdb+0x40",
                     f"{one.pid} python3", f"behind: {third.pid} python3"):
            expect(part in text, f"{part} in {text}")
        expect_equal(advised_heirs(text, one.pid), {two.pid, third.pid}, "heirs")
    said = problem(check_json(env, b / "lock.mdb", status=PROBLEMS), "deadlock")
    expect_equal(sorted(said["tids"]), sorted([one.pid, two.pid]), "asked by the other file")


def case_lmdb_abba_resolved(env: Env) -> None:
    """LMDB recovers by itself: whom the advice leaves goes on."""
    a, b = new_db(env, "a"), new_db(env, "b")
    both = [env.python(PY_TWO, a, b, needs="lmdb"), env.python(PY_TWO, b, a, needs="lmdb")]
    for process in both:
        process.say(b"\n")
        process.await_blocked()
    victim = advised_victim(circle(env, [p.pid for p in both], *by_pid(*both)))
    left = both[1] if victim == both[0].pid else both[0]
    both[0 if left is both[1] else 1].kill()
    await_status(env, QUIET, "-p", left.pid)
    wait_until(lambda: left.check_alive() and proc_text(f"{left.pid}/syscall").startswith("0 "),
               "the other has both transactions and reads stdin")


def case_killing_one_as_told(env: Env) -> None:
    """EOWNERDEAD comes to one of those whom the text named."""
    knots = [knot(env, "r0:r1"), knot(env, "r1:r0"), knot(env, ":r0"), knot(env, ":r1")]
    tie(*knots)
    text = circle(env, [k.pid for k in knots[:2]], env.tmp / "f", behind=2)
    victim = advised_victim(text)
    heirs = advised_heirs(text, victim)
    dead = next(k for k in knots if k.pid == victim)
    left = [k for k in knots if k is not dead]
    expect(heirs and heirs <= {k.pid for k in left}, f"{heirs} are others than {victim}")
    dead.kill()
    got = wait_until(lambda: [k for k in left if k.popen.stdout and not_blocked(k)],
                     "somebody has got it")
    results = {k.pid: k.read_ready()["result"] for k in got}
    expect_equal(list(results.values()), ["EOWNERDEAD"], f"results {results}")
    expect(set(results) <= heirs, f"{results} came to one of {heirs}")
    await_status(env, QUIET, env.tmp / "f")


def not_blocked(one: Knot) -> bool:
    """It has all it wants, and is in pause."""
    return proc_text(f"{one.pid}/syscall").split(" ")[0] == ("29" if I386 else "34")


def case_three_files(env: Env) -> None:
    """Each process maps two of the three: the circle is found from any of them, or any file."""
    dbs = [new_db(env, name) for name in "abc"]
    ring = [env.python(PY_TWO, dbs[i], dbs[(i + 1) % 3], needs="lmdb") for i in range(3)]
    for process in ring:
        process.say(b"\n")
    for process in ring:
        process.await_blocked()
    members = [p.pid for p in ring]
    for process in ring:
        circle(env, members, "-p", process.pid)
    for db in dbs:
        circle(env, members, db / "lock.mdb")


def self_deadlock(env: Env, lock: str, program: str = "knot") -> str:
    one = knot(env, f"{lock}:{lock}", program=program)
    tie(one)
    said, text = only_problem(env, "self-deadlock", "-p", one.pid)
    expect_equal(said["tids"], [one.pid], "who")
    expect(str(one.pid) in text and "holds itself" in text, f"it says so: {text}")
    expect(f"{one.pid} gets EOWNERDEAD" not in text, f"the dead get nothing: {text}")
    return text


def case_own_robust_mutex(env: Env) -> None:
    self_deadlock(env, "r0")


def case_own_private_robust_mutex(env: Env) -> None:
    self_deadlock(env, "R0")


def case_own_robust_mutex_of_musl(env: Env) -> None:
    self_deadlock(env, "r0", program="knot_musl")


def case_own_ordinary_mutex(env: Env) -> None:
    self_deadlock(env, "M0")


def case_own_pi_mutex(env: Env) -> None:
    """The kernel refuses it, and glibc sleeps for ever on a futex of its own."""
    for lock in ("p0", "P1"):
        self_deadlock(env, lock)


def case_waits_for_either(env: Env) -> None:
    """futex_waitv: whoever has one of them may let it go on, so both have to be in the circle."""
    ring = [knot(env, "r0:r1+r2"), knot(env, "r1,r2:r0")]
    tie(*ring)
    circle(env, [k.pid for k in ring], env.tmp / "f")


def case_waits_for_either_of_two(env: Env) -> None:
    ring = [knot(env, "r0:r1+r2"), knot(env, "r1:r0"), knot(env, "r2:r0")]
    tie(*ring)
    circle(env, [k.pid for k in ring[:2]], env.tmp / "f", behind=1)


def case_waits_for_one_that_comes_back(env: Env) -> None:
    """The second of them is in the hands of a thread that waits for nobody."""
    ring = [knot(env, "r0:r1+r2"), knot(env, "r1:r0"), knot(env, "r2:")]
    tie(*ring)
    check(env, env.tmp / "f", status=QUIET)
    ring[2].kill()  # it is woken, whatever it does then
    wait_until(lambda: not_blocked(ring[0]), "it has been woken")
    expect_equal(ring[0].read_ready()["result"], "woken", "what woke it")


def case_boost(env: Env) -> None:
    """Mutexes of Boost.Interprocess are ordinary ones; where each stands is said in C++."""
    ring = [env.tracee("boost_cxx", env.tmp / "f", first) for first in (0, 1)]
    for one in ring:
        one.say(b"\n")
    for one in ring:
        one.await_blocked()
    text = circle(env, [p.pid for p in ring], "-k", env.tmp / "f")
    expect("ordinary mutex" in text, f"it says so: {text}")
    said = " ".join(text.replace("?", "").replace("│", "").split())
    expect_equal(said.count("bank::teller<long>::move < main"), 2, f"where both stand: {text}")
    expect("end all of their processes" in said and "kill " not in said,
           f"to kill one of them would not help: {text}")


def case_three_through_mutex_and_rwlock(env: Env) -> None:
    """One robust mutex, an ordinary one, and a rwlock that a writer has."""
    ring = [knot(env, "r0:m1"), knot(env, "m1:w2"), knot(env, "w2:r0")]
    tie(*ring)
    members = [k.pid for k in ring]
    for args in (by_pid(*ring), by_pid(ring[0]), [env.tmp / "f"]):
        text = circle(env, members, *args)
        for part in ("ordinary mutex", "ordinary rwlock"):
            expect(part in text, f"{part} in {text}")
    expect_equal(advised_victim(text), ring[0].pid, f"only its death frees a lock: {text}")


def case_the_victim_frees_a_lock(env: Env) -> None:
    """Ordinary locks stay locked when their owner dies: the one with the robust mutex must go."""
    ring = [knot(env, "m1:w2"), knot(env, "w2:r0"), knot(env, "r0:m1")]
    tie(*ring)
    text = circle(env, [k.pid for k in ring], env.tmp / "f")
    victim = advised_victim(text)
    expect_equal(victim, ring[2].pid, f"whose death frees a lock: {text}")
    expect_equal(advised_heirs(text, victim), {ring[1].pid}, "heirs")
    ring[2].kill()
    expect_equal(ring[1].read_ready()["result"], "EOWNERDEAD", "the heir")


def case_through_a_private_mutex(env: Env) -> None:
    """The circle enters a process by one thread and leaves it by another."""
    two = knot(env, "M0:r1", "r0:M0")
    ring = [two, knot(env, "r1:r2"), knot(env, "r2:r0")]
    tie(*ring)
    into, out = two.tids()[1], two.tids()[0]
    text = circle(env, [out, ring[1].pid, ring[2].pid, into], env.tmp / "f")
    expect("ordinary mutex" in text, f"ordinary mutex in {text}")


def case_ordinary_locks_only(env: Env) -> None:
    """Within one process, and nothing robust: a hint is enough to find it."""
    one = knot(env, "M0:M1", "M1:W2", "W2:M0", ":M0")
    tie(one)
    text = circle(env, one.tids()[:3], "-p", one.pid, behind=1)
    expect(f"restart process {one.pid}" in text, f"what to do: {text}")


def case_read_lock_wanted(env: Env) -> None:
    ring = [knot(env, "w0:r1"), knot(env, "r1:d0")]
    tie(*ring)
    circle(env, [k.pid for k in ring], env.tmp / "f")


def case_readers_are_not_known(env: Env) -> None:
    """Nobody notes who reads: no owner, no circle, no word of it."""
    ring = [knot(env, "d0:r1"), knot(env, "r1:w0")]
    tie(*ring)
    check(env, env.tmp / "f", status=QUIET)


def case_pi_and_robust(env: Env) -> None:
    ring = [knot(env, "p0:r1"), knot(env, "r1:p0")]
    tie(*ring)
    circle(env, [k.pid for k in ring], env.tmp / "f")


def case_pi_on_no_list(env: Env) -> None:
    """The kernel itself keeps the owner of a PI mutex in the word."""
    ring = [knot(env, "i0:r1"), knot(env, "r1:i0")]
    tie(*ring)
    expect("PI mutex" in circle(env, [k.pid for k in ring], env.tmp / "f"), "it says PI")
    ring[1].kill()  # first: the C library aborts who inherits a PI mutex that is not robust


def case_pi_only(env: Env) -> None:
    """The kernel refuses the last wait; glibc then sleeps for ever on a futex of its own."""
    ring = [knot(env, "p0:p1"), knot(env, "p1:p0")]
    tie(*ring)
    circle(env, [k.pid for k in ring], env.tmp / "f")


def case_musl(env: Env) -> None:
    """musl's waiters show nothing in list_op_pending."""
    ring = [knot(env, "r0:r1", program="knot_musl"), knot(env, "r1:r0", program="knot_musl")]
    tie(*ring)
    circle(env, [k.pid for k in ring], env.tmp / "f")
    circle(env, [k.pid for k in ring], "-p", ring[1].pid)


def case_with_a_timeout(env: Env) -> None:
    """One of the waits ends by itself: said, whichever it is."""
    for i, wanted in enumerate((("t1", "r0"), ("r1", "t0"))):
        name = f"f{i}"
        ring = [knot(env, f"r0:{wanted[0]}", name=name), knot(env, f"r1:{wanted[1]}", name=name)]
        tie(*ring)
        text = circle(env, [k.pid for k in ring], env.tmp / name)
        line = next(one for one in text.splitlines() if "(with a timeout)" in one)
        where = f"{env.tmp / name}+0x{0x40 if i else 0xc0:x}"
        expect(re.search(rf" {re.escape(where)}(  for [0-9:]+)?  \(with a timeout\)$", line),
               f"it says where: {text}")
        expect("timeout" in text.partition("Next: ")[2], f"it says what next: {text}")
        doc = check_json(env, env.tmp / name, status=PROBLEMS)
        expect_equal([w["timed"] for k in ring for w in waits(doc, k.pid)],
                     [bool(1 - i), bool(i)], "timed")


def case_locks_of_no_known_libc(env: Env) -> None:
    """Only the lists tell that these words are locks: no mutex lies around them."""
    ring = [env.tracee("raw", env.tmp / "f", have, want) for have, want in
            (("n0", "n1"), ("n1", "N2"), ("N2", "n0"))]
    for process in ring:
        process.say(b"\n")
        process.await_blocked()
    circle(env, [process.pid for process in ring], env.tmp / "f")


def case_ten_threads(env: Env) -> None:
    """Two processes of five threads each, by locks that they share and locks of their own."""
    left = knot(env, "r0:r1", "r1:r2", "r2:r3", "r3:r4", "r4:r5")
    right = knot(env, "r5:R0", "R0:R1", "R1:R2", "R2:R3", "R3:r0")
    tie(left, right)
    circle(env, left.tids() + right.tids(), "-p", f"{left.pid},{right.pid}")


def case_two_circles(env: Env) -> None:
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0"), knot(env, "r2:r3"), knot(env, "r3:r2"),
            knot(env, ":r2")]
    tie(*ring)
    doc = check_json(env, env.tmp / "f", status=PROBLEMS)
    expect_equal([p["kind"] for p in doc["problems"]], ["deadlock"] * 2, "two of them")
    expect_equal(sorted(sorted(p["tids"]) for p in doc["problems"]),
                 sorted(sorted(k.pid for k in pair) for pair in (ring[:2], ring[2:4])), "who")
    # Each by itself, asked for by one of its own.
    circle(env, [k.pid for k in ring[:2]], "-p", ring[0].pid)
    circle(env, [k.pid for k in ring[2:4]], "-p", ring[4].pid, behind=1)


def case_a_chain_is_no_deadlock(env: Env) -> None:
    ring = [knot(env, "r0:r1"), knot(env, "r1:r2"), knot(env, "r2:"), knot(env, ":r0")]
    tie(*ring)
    check(env, env.tmp / "f", status=QUIET)
    check(env, *by_pid(*ring), status=QUIET)


def case_stopped_and_continued(env: Env) -> None:
    """The kernel restarts a timed wait by another call; the circle is the same."""
    ring = [knot(env, "r0:t1"), knot(env, "r1:r0")]
    tie(*ring)
    for one in ring:
        one.signal(signal.SIGSTOP)
        wait_until(lambda: set(task_states(one.pid).values()) == {"T"}, "it is stopped")
    kinds = [p["kind"] for p in check_json(env, env.tmp / "f", status=PROBLEMS)["problems"]]
    expect("deadlock" in kinds, f"stopped or not, they wait in a circle: {kinds}")
    for one in ring:
        one.signal(signal.SIGCONT)
        wait_until(lambda: set(task_states(one.pid).values()) == {"S"}, "it sleeps again")
    expect("(with a timeout)" in circle(env, [k.pid for k in ring], env.tmp / "f"), "timeout")


def case_a_stranger_is_not_told(env: Env) -> None:
    """Only what the selected processes are part of."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0")]
    tie(*ring)
    stranger = env.tracee("contend", env.tmp / "g", 1)
    check(env, "-p", stranger.pid, status=QUIET)
    check(env, env.tmp / "g", status=QUIET)


def case_stacks(env: Env) -> None:
    """Where each of them stands, with -k, and how each got there."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:m2"), knot(env, "m2:r0"), knot(env, ":r0")]
    tie(*ring)
    doc = check_json(env, "-k", env.tmp / "f", status=PROBLEMS)
    expect_equal(sorted(s["tid"] for s in doc["stacks"]), sorted(k.pid for k in ring), "whose")
    for stack in doc["stacks"]:
        names = [frame["function"] for frame in stack["frames"]]
        expect_equal([n for n in names if n in ("take", "take_last_one", "main")],
                     ["take", "take_last_one", "main"], f"calls of {names}")
        innermost = "__kernel_vsyscall" if I386 else "lock"
        expect(innermost in (names[0] or ""), f"the innermost is the C library's: {names}")
    # The lines are of any length, with the circle drawn on the left.
    text = check(env, "-k", env.tmp / "f", status=PROBLEMS).out.replace("│", " ")
    text = " ".join(text.split())
    # Where a caller's frame hangs on the frame pointer, it is found by a search: '?'.
    expect_equal(text.replace("?", "").count("take < take_last_one < main"), 4,
                 f"four stacks in {text}")
    plain = check(env, env.tmp / "f", status=PROBLEMS).out
    expect("take_last_one" not in plain, f"none without -k: {plain}")
    expect_equal(check_json(env, env.tmp / "f", status=PROBLEMS)["stacks"], [], "nor with -J")


def case_circle_and_dead_owner(env: Env) -> None:
    """The worse comes first."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0")]
    tie(*ring)
    dead = env.tracee("owner_died", "-z", env.tmp / "g", 1)
    doc = check_json(env, *by_pid(dead, *ring), status=PROBLEMS)
    expect_equal([p["kind"] for p in doc["problems"]], ["deadlock", "owner-dead"], "kinds")


if __name__ == "__main__":
    main()
