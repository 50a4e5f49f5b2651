# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that do not hold still, and big ones: never a wrong row."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from typing import Any

from harness import (Env, Tracee, expect, expect_equal, fail, main, task_states, tracer_of,
                     wait_until)
from look import address, all_futexes, entries, held, no_problems, robust, waiter_tids

LOOKS = int(os.environ.get("ROBTRACE_LOOKS", "1000"))
LOOKS_A_TRACEE = 250  # a tracee lives two minutes; slow builds need more than one

# What one thread of `churn` can hold, by the numbers of its mutexes, for each pending one.
LEGAL: dict[int | None, list[set[int]]] = {
    None: [set(), {0}, {0, 1}, {2}, {2, 3}],
    0: [set(), {0}], 1: [{0}, {0, 1}],
    2: [set(), {2}], 3: [{2}, {2, 3}],
}


class Churn:
    """A `churn` tracee, and the check of what is shown of it."""

    def __init__(self, env: Env, *args: object, program: str = "churn") -> None:
        self.tracee: Tracee = env.tracee(program, *args)
        self.contend = "-c" in args
        self.tids = self.tracee.numbers("tids")
        self.base, self.stride = self.tracee.number("base"), self.tracee.number("stride")
        self.looks = self.changed = 0
        self.seen: set[tuple[int, ...]] = set()

    def mutex(self, place: int, futex: dict[str, Any]) -> int:
        """Which of its four mutexes this is to the thread at this place."""
        first = self.base + (0 if self.contend else 4 * place * self.stride)
        number, rest = divmod(address(futex) - first, self.stride)
        expect(rest == 0 and 0 <= number < 4, f"{futex} is not a mutex of thread {place}")
        return number

    def check_thread(self, doc: dict[str, Any], place: int, tid: int) -> None:
        listed = robust(doc, tid)
        self.looks += 1
        if listed["end"] == "changed":
            self.changed += 1
            return
        expect_equal(listed["end"], "complete", "end")
        for futex in listed["entries"]:
            expect(futex["state"] in ("held", "pending") and futex["owner"] == tid
                   and int(futex["word"], 16) & 0x3FFFFFFF == tid, f"of {tid}: {futex}")
        have = [self.mutex(place, futex) for futex in listed["entries"]]
        pending = self.mutex(place, listed["pending"]) if listed["pending"] else None
        expect(set(have) in LEGAL[pending], f"{tid} has {have} with pending {pending}")
        expect(len(set(have)) == len(have), f"{tid} has one twice: {have}")
        self.seen.add(tuple(sorted(have)))

    def look(self, env: Env, *args: object) -> None:
        doc = env.tool.show_json("-p", self.tracee.pid, *args)
        no_problems(doc)
        for place, tid in enumerate(self.tids):
            self.check_thread(doc, place, tid)

    def done(self, env: Env, *args: object) -> None:
        """A few looks can all fall on the same moment of its round: more, until one does not."""
        wait_until(lambda: len(self.seen) > 1 or self.look(env, *args),
                   "the target is seen in more than one state")
        self.tracee.check_alive()
        expect(self.changed * 10 <= self.looks,
               f"{self.changed} of {self.looks} lists never settled")


def look_often(env: Env, looks: int, *args: object, program: str = "churn",
               options: tuple[str, ...] = ()) -> None:
    while looks > 0:
        churn = Churn(env, *args, program=program)
        for _ in range(min(looks, LOOKS_A_TRACEE)):
            churn.look(env, *options)
        churn.done(env, *options)
        churn.tracee.close()
        looks -= LOOKS_A_TRACEE


def case_a_thousand_looks(env: Env) -> None:
    look_often(env, LOOKS)


def case_several_threads(env: Env) -> None:
    look_often(env, LOOKS // 5, 4)


def case_contending_threads(env: Env) -> None:
    look_often(env, LOOKS // 5, "-c", 4)


def case_shared_memory(env: Env) -> None:
    look_often(env, LOOKS // 5, "-s", 2)


def case_musl(env: Env) -> None:
    look_often(env, LOOKS // 5, "-s", 1, program="churn_musl")


def case_with_stop(env: Env) -> None:
    look_often(env, LOOKS // 5, "-c", 4, options=("--stop",))


def still_runs(tracee: Tracee) -> None:
    """Neither stopped nor traced."""
    states = task_states(tracee.pid)
    expect(not set(states.values()) & {"T", "t"}, f"states {states}")
    expect_equal(tracer_of(tracee.pid), 0, "tracer")


def case_killed_while_it_looks(env: Env) -> None:
    """Wherever a signal ends the tool, the target is left running."""
    churn = Churn(env, "-c", 6)
    argv = [str(env.tool.path), "show", "--stop", "-p", str(churn.tracee.pid)]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        for _ in range(10):
            tool = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
            try:
                tool.wait(random.uniform(0, 0.02))
            except subprocess.TimeoutExpired:
                tool.send_signal(number)
                tool.wait()
            still_runs(churn.tracee)
    churn.look(env)


def case_thread_storm(env: Env) -> None:
    """Threads come and go under the look; each holds one lock at most."""
    tracee = env.tracee("thread_storm", 4)
    for _ in range(LOOKS // 10):
        doc = env.tool.show_json("-p", tracee.pid)
        no_problems(doc)
        expect({t["pid"] for t in doc["tasks"]} == {tracee.pid}, "its threads are shown")
        for task in doc["tasks"]:
            for listed in task["lists"]:
                expect(len(listed["entries"]) <= 1, f"one lock at most: {listed}")
                for futex in listed["entries"]:
                    expect(address(futex) in tracee.words(), f"a real mutex: {futex}")
                    expect(listed["end"] == "changed" or futex["owner"] == task["tid"],
                           f"owner of {futex}")
    tracee.check_alive()


def case_storm_among_others(env: Env) -> None:
    env.tracee("thread_storm", 4)
    steady = env.tracee("contend", "-t", env.tmp / "f", 2)
    for _ in range(LOOKS // 50):
        lock = held(env.tool.show_json("-a"), steady.pid, steady.number("word"))
        expect_equal(waiter_tids(lock), steady.numbers("waiters"), "waiters")


def case_a_thousand_threads(env: Env) -> None:
    tracee = env.tracee("threads", 1000, 3)
    base, stride, k = tracee.number("base"), tracee.number("stride"), tracee.number("k")
    doc = env.tool.show_json("-p", tracee.pid)
    no_problems(doc)
    expect_equal(len(doc["tasks"]), 1001, "tasks")
    by_tid = {task["tid"]: task for task in doc["tasks"]}
    for place, tid in enumerate(tracee.numbers("tids")):
        listed = [one for one in by_tid[tid]["lists"] if one["kind"] == "robust"][0]
        wanted = {base + (place * k + i) * stride for i in range(k)}
        expect_equal({address(f) for f in listed["entries"]}, wanted, f"locks of thread {place}")
        expect_equal({(f["owner"], f["state"]) for f in listed["entries"]}, {(tid, "held")},
                     f"owners of thread {place}")
    expect_equal(len(doc["locks"]), 3000, "locks")
    out = env.tool.show("-n", "-p", tracee.pid, "-o", "ADDRESS,OWNER-TID").out
    rows = {tuple(line.split()[:2]) for line in out.splitlines() if line.startswith("0x")}
    expect_equal(len(rows), 3000, "rows of the table")


def case_a_thousand_threads_vanish(env: Env) -> None:
    """The target is killed while it is looked at: no crash, a documented status."""
    argv = [str(env.tool.path), "show", "-J", "-p"]
    for i in range(10):
        tracee = env.tracee("threads", 300, 1)
        tool = subprocess.Popen([*argv, str(tracee.pid)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        try:
            tool.wait(0.001 * i)
        except subprocess.TimeoutExpired:
            pass
        tracee.close()
        expect(tool.wait(60) in (0, 1), f"status {tool.returncode}")


def case_many_processes(env: Env) -> None:
    """200 waiters of one lock, each a process."""
    tracee = env.tracee("contend", env.tmp / "f", 200)
    doc = env.tool.show_json(env.tmp / "f")
    found = [f for f in all_futexes(doc) if f["owner"] == tracee.pid and f["waiters"]]
    if not found:
        fail("the lock is not shown")
    expect_equal(waiter_tids(found[0]), sorted(tracee.numbers("waiters")), "waiters")


def case_long_list_in_use(env: Env) -> None:
    """Two processes with 2000 locks each beside one that churns."""
    big = [env.tracee("many", 2000) for _ in range(2)]
    churn = Churn(env, "-c", 2)
    for _ in range(5):
        doc = env.tool.show_json("-p", f"{big[0].pid},{big[1].pid},{churn.tracee.pid}")
        for tracee in big:
            expect_equal(set(entries(doc, tracee.pid)), set(tracee.words()), "entries")


if __name__ == "__main__":
    main()
