# SPDX-License-Identifier: GPL-2.0-or-later
"""The target is left as found: running is running, stopped is stopped, asleep sleeps on."""

from __future__ import annotations

import os
import signal

from harness import (Env, Tracee, blocked_in_futex, expect, expect_equal, main, proc_text,
                     task_states, tracer_of, wait_until)
from look import held, waiter_tids, waits

WAYS = ((), ("-J",), ("-l",), ("--stop",), ("--stop", "-J"))


def switches(pid: int) -> dict[int, list[str]]:
    """How often each thread has run: it says so if one was stopped for a moment."""
    counts = {}
    for tid in map(int, os.listdir(f"/proc/{pid}/task")):
        lines = proc_text(f"{pid}/task/{tid}/status").splitlines()
        counts[tid] = [line for line in lines if "ctxt_switches" in line]
    return counts


def look(env: Env, tracee: Tracee, way: tuple[str, ...]) -> None:
    out = env.tool.show(*way, "-p", tracee.pid).out
    if "word" in tracee.info:  # it holds something all the time
        expect(str(tracee.pid) in out, f"show {way} shows it: {out}")


def stop(tracee: Tracee) -> None:
    tracee.signal(signal.SIGSTOP)
    wait_until(lambda: set(task_states(tracee.pid).values()) == {"T"}, "all threads are stopped")


def case_asleep(env: Env) -> None:
    """Threads that are blocked do not run because of us, not even with --stop."""
    tracee = env.tracee("contend", "-t", env.tmp / "f", 3)
    wait_until(lambda: set(task_states(tracee.pid).values()) == {"S"}, "all its threads sleep")
    before = wait_until(lambda: (one := switches(tracee.pid)) == switches(tracee.pid) and one,
                        "it is quiet")
    for way in WAYS:
        look(env, tracee, way)
        expect_equal(switches(tracee.pid), before, f"switches after show {way}")
        expect_equal(set(task_states(tracee.pid).values()), {"S"}, f"states after show {way}")
        expect_equal(tracer_of(tracee.pid), 0, f"tracer after show {way}")
    expect(all(blocked_in_futex(tracee.pid, t) for t in tracee.numbers("waiters")), "they wait on")


def case_running(env: Env) -> None:
    tracee = env.tracee("churn", "-c", 3)
    for way in WAYS:
        look(env, tracee, way)
        states = task_states(tracee.pid)
        expect(not set(states.values()) & {"T", "t"}, f"states {states} after show {way}")
        expect_equal(tracer_of(tracee.pid), 0, f"tracer after show {way}")
        before = proc_text(f"{tracee.pid}/schedstat"), switches(tracee.pid)
        wait_until(lambda: (proc_text(f"{tracee.pid}/schedstat"), switches(tracee.pid)) != before,
                   f"it runs on after show {way}")


def case_stopped(env: Env) -> None:
    """A stopped target is looked at, and stays stopped."""
    tracee = env.tracee("contend", "-t", env.tmp / "f", 2)
    stop(tracee)
    for way in WAYS:
        look(env, tracee, way)
        expect_equal(set(task_states(tracee.pid).values()), {"T"}, f"states after show {way}")
        expect_equal(tracer_of(tracee.pid), 0, f"tracer after show {way}")
    lock = held(env.tool.show_json("-p", tracee.pid), tracee.pid, tracee.number("word"))
    expect_equal(waiter_tids(lock), tracee.numbers("waiters"), "waiters, though stopped")
    tracee.signal(signal.SIGCONT)
    wait_until(lambda: "T" not in task_states(tracee.pid).values(), "it goes on")


def case_stopped_while_it_churns(env: Env) -> None:
    tracee = env.tracee("churn", 2)
    stop(tracee)
    for way in WAYS:
        look(env, tracee, way)
        expect_equal(set(task_states(tracee.pid).values()), {"T"}, f"states after show {way}")
    tracee.signal(signal.SIGCONT)
    wait_until(lambda: "T" not in task_states(tracee.pid).values(), "it goes on")


def case_stopped_and_continued(env: Env) -> None:
    """A waiter that was stopped and continued still waits, and is still seen to."""
    tracee = env.tracee("contend", "-t", env.tmp / "f", 2)
    stop(tracee)
    tracee.signal(signal.SIGCONT)
    tids = tracee.numbers("waiters")
    wait_until(lambda: all(blocked_in_futex(tracee.pid, t) for t in tids), "they wait again")
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal(waiter_tids(held(doc, tracee.pid, tracee.number("word"))), tids, "waiters")
    expect_equal([len(waits(doc, tid)) for tid in tids], [1, 1], "waits")


def case_ends_as_it_would(env: Env) -> None:
    """After many looks the target still does what it was told to do."""
    tracee = env.tracee("contend", "-t", env.tmp / "f", 2)
    for way in WAYS * 3:
        look(env, tracee, way)
    tracee.say(b"\n")
    expect_equal(tracee.popen.wait(60), 0, "status")


if __name__ == "__main__":
    main()
