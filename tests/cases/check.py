# SPDX-License-Identifier: GPL-2.0-or-later
"""`check` for scripts and people: exit status, silence, each kind of problem, looking again."""

from __future__ import annotations

import os
import re
import signal
import time

from checking import (COULD_NOT_LOOK, PROBLEMS, QUIET, Running, await_status, check, check_json,
                      knot, only_problem, tie)
from harness import Env, Tracee, expect, expect_equal, main, task_states, wait_until
from look import waits


def stopped(tracee: Tracee) -> Tracee:
    tracee.signal(signal.SIGSTOP)
    wait_until(lambda: set(task_states(tracee.pid).values()) == {"T"}, "it is stopped")
    return tracee


def case_nothing_wrong(env: Env) -> None:
    """Held and waited for, taken and given back, never locked: silence and status 0."""
    busy = env.tracee("churn", "-c", 2)
    held = env.tracee("contend", env.tmp / "f", 2)
    idle = env.program("sleep", 60)
    pids = f"{busy.pid},{held.pid},{idle.pid}"
    for args in (("-p", pids), (env.tmp / "f",), ("-p", idle.pid), ("--stop", "-p", pids)):
        check(env, *args, status=QUIET)
    expect_equal(check_json(env, "-p", pids, status=QUIET)["problems"], [], "problems")


def case_asleep_without_locks(env: Env) -> None:
    """Condition variables, semaphores, barriers, joins: waiting is no problem, and nobody owns."""
    tracee = env.tracee("asleep")
    check(env, "-p", tracee.pid, status=QUIET)
    doc = check_json(env, "-p", tracee.pid, status=QUIET)
    for place, tid in enumerate(tracee.numbers("tids")):
        found = waits(doc, tid)
        expect(found, f"the wait of thread {place} is seen")
        expect_equal([(w["owner"], w["hint"], w["lock"]) for w in found],
                     [(None, None, False)] * len(found), f"what thread {place} waits for")
    expect_equal([w["owner"] for w in waits(doc, tracee.number("waiter"))],
                 tracee.numbers("tids")[:1], "the one who waits for a lock")


def case_could_not_look(env: Env) -> None:
    gone = env.program("sleep", 60)
    gone.kill()
    (env.tmp / "unmapped").write_bytes(b"")
    for args in (("-p", gone.pid), (env.tmp / "unmapped",), (env.tmp / "missing",), (), ("-p", "x"),
                 ("--nonsense",), ("-a", "--wait", "soon"), ("-a", "--hold", "-1"),
                 ("-a", "--interval", "0")):
        expect(check(env, *args, status=COULD_NOT_LOOK).err.count("\n") >= 1, f"{args}: says why")
    expect_equal(check(env, "-J", "-p", gone.pid, status=COULD_NOT_LOOK).out, "", "with -J")


def case_full_disk(env: Env) -> None:
    """What could not be said was not said: never status 0 or 1."""
    tracee = env.tracee("owner_died", "-z", env.tmp / "f", 1)
    with open("/dev/full", "w") as full:
        result = env.tool.run("check", "-p", tracee.pid, stdout=full.fileno())
    expect_equal(result.status, COULD_NOT_LOOK, f"{result!r}")


def case_owner_stopped(env: Env) -> None:
    tracee = stopped(env.tracee("contend", env.tmp / "f", 2))
    for args in (("-p", tracee.pid), (env.tmp / "f",)):
        said, text = only_problem(env, "owner-stopped", *args)
        expect_equal(said["tids"][0], tracee.pid, "the owner first")
        expect_equal(sorted(said["tids"][1:]), sorted(tracee.numbers("waiters")), "the waiters")
        for part in ("kill -CONT", str(tracee.pid), "SIGSTOP", f"{env.tmp / 'f'}+0x0"):
            expect(part in text, f"{part} in {text}")
    tracee.signal(signal.SIGCONT)
    await_status(env, QUIET, "-p", tracee.pid)


def case_stopped_but_nobody_waits(env: Env) -> None:
    check(env, "-p", stopped(env.tracee("contend", env.tmp / "f", 0)).pid, status=QUIET)


def case_owner_dead(env: Env) -> None:
    tracee = env.tracee("owner_died", "-z", env.tmp / "f", 2)
    said, text = only_problem(env, "owner-dead", env.tmp / "f")
    expect(tracee.number("dead") in said["tids"], "who died")
    for tid in tracee.numbers("waiters"):
        expect(tid in said["tids"] and str(tid) in text, f"{tid} in {text}")
    expect("EOWNERDEAD" in text, f"what the next one gets: {text}")


def case_owner_dead_and_nobody_waits(env: Env) -> None:
    """Where a list or a known home still shows it: LMDB's file tells."""
    dead = env.tracee("owner_died", "-z", env.tmp / "f", 1)
    only_problem(env, "owner-dead", "-p", dead.pid)


def case_inconsistent_is_no_problem(env: Env) -> None:
    """The new owner got EOWNERDEAD and is about to repair."""
    check(env, "-p", env.tracee("owner_died", "-i", env.tmp / "f", 1).pid, status=QUIET)


def case_not_recoverable(env: Env) -> None:
    (env.tmp / "db").mkdir()
    tracee = env.tracee("lmdb_hold", "-r", env.tmp / "db")
    env.tracee("owner_died", "-n", "-k", "-o", 64, env.tmp / "db" / "lock.mdb")
    _, text = only_problem(env, "not-recoverable", "-p", tracee.pid)
    expect("ENOTRECOVERABLE" in text and "LMDB writer" in text, text)


def case_orphan(env: Env) -> None:
    tracee = env.tracee("orphan", env.tmp / "f")
    if os.path.exists(f"/proc/{tracee.info['owner']}"):
        return  # its TID is in use again
    said, text = only_problem(env, "orphan", env.tmp / "f")
    expect(tracee.info["owner"] in text, f"whom the word names: {text}")
    expect(tracee.numbers("waiters")[0] in said["tids"], "the waiter")


def case_broken_lists(env: Env) -> None:
    for mode, kind in (("unmapped", "list-cut"), ("self_loop", "list-loop"),
                       ("misaligned", "misaligned")):
        tracee = env.tracee("broken", mode)
        said, _ = only_problem(env, kind, "-p", tracee.pid)
        expect_equal(said["tids"], [tracee.pid], f"whose list it is: {kind}")
    tracee = env.tracee("many", 2100)
    _, text = only_problem(env, "list-too-long", "-p", tracee.pid)
    expect(" 52 " in text, f"52 in {text}")


def case_several_problems(env: Env) -> None:
    """A paragraph each, with an empty line between; the worst first; `next` in each."""
    tracees = [env.tracee("owner_died", "-z", env.tmp / "a", 1), env.tracee("many", 2100),
               stopped(env.tracee("contend", env.tmp / "b", 1))]
    text = check(env, "-p", ",".join(str(t.pid) for t in tracees), status=PROBLEMS).out
    paragraphs = text.rstrip("\n").split("\n\n")
    expect_equal([p.split(":")[0] for p in paragraphs],
                 ["owner-dead", "owner-stopped", "list-too-long"], f"paragraphs of {text}")
    for paragraph in paragraphs:
        expect_equal(paragraph.count("  Next: "), 1, f"what next, in {paragraph}")
        expect(paragraph.endswith("."), f"a sentence ends: {paragraph}")


def case_same_as_show(env: Env) -> None:
    """Both tell the same problems, in the document."""
    tracees = [env.tracee("owner_died", "-z", env.tmp / "a", 1), env.tracee("many", 2100)]
    pids = ",".join(str(t.pid) for t in tracees)
    expect_equal(check_json(env, "-p", pids, status=PROBLEMS)["problems"],
                 env.tool.show_json("-p", pids)["problems"], "problems")


def timeless(text: str) -> str:
    """Two looks differ in how long somebody has slept."""
    return re.sub(r"  for [\d:]+", "", text)


def case_color(env: Env) -> None:
    tracee = env.tracee("owner_died", "-z", env.tmp / "f", 1)
    plain = check(env, "-p", tracee.pid, status=PROBLEMS).out
    expect("\033" not in plain, "no colour for a pipe")
    bright = check(env, "--color=always", "-p", tracee.pid, status=PROBLEMS).out
    expect("\033[" in bright, "colour when it is told to")
    expect_equal(timeless(re.sub(r"\033\[[0-9;]*m", "", bright)), timeless(plain),
                 "the same but for the colour")
    never = check(env, "--color=never", "-p", tracee.pid, status=PROBLEMS).out
    expect_equal(timeless(never), timeless(plain), "never")


def case_ascii(env: Env) -> None:
    """Where the terminal has no line drawing, circles are drawn without."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0")]
    tie(*ring)
    text = check(env, env.tmp / "f", status=PROBLEMS, env={"LC_ALL": "C"}).out
    expect(text.isascii(), f"only ASCII: {text}")
    expect("+->" in text, f"an arrow: {text}")


def case_hostile_names(env: Env) -> None:
    """Names of files and programs come from others: nothing in them reaches the terminal."""
    path = env.tmp / "evil\033[31m\nkill 1"
    tracee = stopped(env.tracee("contend", path, 1))
    said, text = only_problem(env, "owner-stopped", "-p", tracee.pid)
    expect("\033" not in text and "\nkill 1" not in text, f"escaped: {text!r}")


def case_wait_for_a_deadlock(env: Env) -> None:
    """It looks on as long as nothing is wrong, and ends as soon as something is."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0")]
    pids = ",".join(str(one.pid) for one in ring)
    with Running(env, "--wait", 50, "--interval", 0.05, "-p", pids) as looking:
        time.sleep(0.5)  # for nothing to happen
        expect(looking.still_looks(), "it looks on while nothing is wrong")
        tie(*ring)
        tied = time.monotonic()
        result = looking.finish()
        expect(time.monotonic() - tied < 20, "it ends when there is a deadlock")
    expect_equal((result.status, result.out.split(":")[0]), (PROBLEMS, "deadlock"), f"{result!r}")


def case_wait_in_vain(env: Env) -> None:
    tracee = env.tracee("contend", env.tmp / "f", 1)
    for args in (("--wait", 0.7, "--interval", 0.1), ("--wait", 0.7), ("--wait", "0.7")):
        with Running(env, *args, "-p", tracee.pid) as looking:
            result = looking.finish()
            took = time.monotonic() - looking.begin
        expect_equal((result.status, result.out), (QUIET, ""), f"{args}: {result!r}")
        expect(took >= 0.7, f"{args}: it looked on for {took:.2f} s")


def case_wait_finds_at_once(env: Env) -> None:
    tracee = env.tracee("owner_died", "-z", env.tmp / "f", 1)
    with Running(env, "--wait", 50, "-p", tracee.pid) as looking:
        expect_equal(looking.finish().status, PROBLEMS, "status")
        expect(time.monotonic() - looking.begin < 20, "it does not wait for what is there")


def case_wait_json(env: Env) -> None:
    """One document, however often it looked."""
    tracee = env.tracee("contend", env.tmp / "f", 1)
    check_json(env, "--wait", 0.3, "--interval", 0.1, "-p", tracee.pid, status=QUIET)


def case_wait_for_one_that_ends(env: Env) -> None:
    """Nobody is left to look at: it could not look."""
    tracee = env.tracee("contend", env.tmp / "f", 0)
    with Running(env, "--wait", 1, "--interval", 0.1, "-p", tracee.pid) as looking:
        time.sleep(0.3)  # for a look or two
        tracee.kill()
        result = looking.finish()
    expect_equal((result.status, result.out), (COULD_NOT_LOOK, ""), f"{result!r}")


def case_held_for_long(env: Env) -> None:
    tracee = env.tracee("contend", env.tmp / "f", 2)
    args = ("--hold", 0.5, "--interval", 0.1, "-p", tracee.pid)
    said, text = only_problem(env, "long-hold", *args)
    expect_equal(said["tids"][0], tracee.pid, "the owner first")
    expect_equal(sorted(said["tids"][1:]), sorted(tracee.numbers("waiters")), "the waiters")
    expect(f"{env.tmp / 'f'}+0x0" in text, text)
    with Running(env, *args) as looking:
        expect_equal(looking.finish().status, PROBLEMS, "status")
        expect(time.monotonic() - looking.begin >= 0.5, "not before it was held so long")


def case_held_but_not_wanted(env: Env) -> None:
    tracee = env.tracee("contend", env.tmp / "f", 0)
    check(env, "--hold", 0.3, "--interval", 0.1, "-p", tracee.pid, status=QUIET)


def case_lock_that_changes_hands(env: Env) -> None:
    """Never free, always waited for, but nobody has it for long."""
    env.tracee("order", env.tmp / "f", 6)
    check(env, "--hold", 2, "--interval", 0.05, env.tmp / "f", status=QUIET)


def case_changes_hands_between_two_looks(env: Env) -> None:
    """Two looks that meet the same owner prove nothing of the time between."""
    env.tracee("order", env.tmp / "f", 2)
    for _ in range(15):
        check(env, "--hold", 0.4, "--interval", 0.4, env.tmp / "f", status=QUIET)


def case_hold_within_wait(env: Env) -> None:
    """Held for long only after a while: --wait goes on until it is."""
    ring = [knot(env, "r0:"), knot(env, ":r0")]
    pids = ",".join(str(one.pid) for one in ring)
    with Running(env, "--wait", 50, "--hold", 0.5, "--interval", 0.05, "-p", pids) as looking:
        time.sleep(0.7)  # longer than --hold: nobody waits yet
        expect(looking.still_looks(), "a lock that nobody waits for is no problem")
        tie(*ring)
        result = looking.finish()
    expect_equal((result.status, result.out.split(":")[0]), (PROBLEMS, "long-hold"), f"{result!r}")


def case_untouched(env: Env) -> None:
    """Many looks with all that can be asked for: the targets run as before."""
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0"), knot(env, ":r0")]
    tie(*ring)
    stat = {one.pid: switches(one.pid) for one in ring}
    for _ in range(10):
        check(env, env.tmp / "f", status=PROBLEMS)
    expect_equal({one.pid: switches(one.pid) for one in ring}, stat,
                 "nobody ran because of the looks")


def switches(pid: int) -> str:
    with open(f"/proc/{pid}/status") as status:
        return "".join(line for line in status if "ctxt_switches" in line)


if __name__ == "__main__":
    main()
