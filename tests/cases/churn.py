# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that fight for locks at full speed, and never are in a deadlock: none is ever told.

ROBTRACE_LOOKS says how often to look; each case takes its part of it.
"""

from __future__ import annotations

import json
import os
from collections import Counter

from harness import Env, Tracee, expect, fail, main, wait_until

LOOKS = int(os.environ.get("ROBTRACE_LOOKS", "1000"))
LOOKS_A_TRACEE = 200  # a tracee lives two minutes; slow builds need more than half of it

# What is true at times, where workers are killed: the kernel has marked the word, and whom it
# has woken has not run yet.
PASSING = {"owner-dead"}


def look_once(env: Env, tracee: Tracee, kinds: Counter[str], by_file: bool) -> None:
    target = [env.tmp / "f"] if by_file else ["-p", tracee.pid]
    result = env.tool.run("check", "-J", *target)
    if result.status == 2:
        fail(f"check {target}: {result!r}")
    problems = json.loads(result.raw.decode())["problems"]
    expect(bool(problems) == bool(result.status), f"status {result.status} with {problems}")
    kinds["looks"] += 1
    kinds.update(p["kind"] for p in problems)
    for problem in problems:
        expect(problem["kind"] in PASSING, f"look {kinds['looks']}: {problem}")


def contends(env: Env, tracee: Tracee, by_file: bool) -> bool:
    """Somebody waits for a lock: else this proves nothing."""
    doc = env.tool.show_json(*([env.tmp / "f"] if by_file else ["-p", tracee.pid]))
    return any(wait["lock"] or wait["hint"] for wait in doc["waits"])


def look_often(env: Env, looks: int, *options: str, workers: int = 6, program: str = "order",
               may_die: bool = False) -> None:
    kinds: Counter[str] = Counter()
    by_file = "-t" not in options
    while kinds["looks"] < looks:
        tracee = env.tracee(program, *options, env.tmp / "f", workers)
        wait_until(lambda: contends(env, tracee, by_file), "the workers wait for each other")
        for _ in range(min(looks - kinds["looks"], LOOKS_A_TRACEE)):
            look_once(env, tracee, kinds, by_file)
        tracee.check_alive()
        tracee.close()
        (env.tmp / "f").unlink(missing_ok=True)
    print(f"     {dict(kinds)}", flush=True)
    expect(may_die or not kinds["owner-dead"], f"nobody died: {kinds}")


def case_killed_and_restarted(env: Env) -> None:
    look_often(env, LOOKS, "-k", may_die=True)


def case_robust(env: Env) -> None:
    look_often(env, LOOKS // 4)


def case_many_workers(env: Env) -> None:
    look_often(env, LOOKS // 10, "-k", workers=24, may_die=True)


def case_ordinary_locks_among_them(env: Env) -> None:
    look_often(env, LOOKS // 4, "-m")


def case_threads(env: Env) -> None:
    look_often(env, LOOKS // 4, "-t")


def case_threads_and_ordinary_locks(env: Env) -> None:
    look_often(env, LOOKS // 4, "-m", "-t")


def case_pi(env: Env) -> None:
    look_often(env, LOOKS // 4, "-p")


def case_pi_killed(env: Env) -> None:
    look_often(env, LOOKS // 10, "-k", "-p", may_die=True)


def case_musl(env: Env) -> None:
    look_often(env, LOOKS // 10, "-k", program="order_musl", may_die=True)


def case_musl_and_ordinary_locks(env: Env) -> None:
    look_often(env, LOOKS // 10, "-m", program="order_musl")


if __name__ == "__main__":
    main()
