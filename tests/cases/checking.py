# SPDX-License-Identifier: GPL-2.0-or-later
"""Running `check` and reading what it says; tying knots. No cases here."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any

from harness import (DEADLINE, Env, Result, Tracee, blocked_in_futex, expect, expect_equal, fail,
                     wait_until)
from look import Doc, problem

QUIET, PROBLEMS, COULD_NOT_LOOK = 0, 1, 2


def check(env: Env, /, *args: object, status: int, **options: Any) -> Result:
    """A `check` that must end so: quiet when nothing is wrong, one line when it could not look."""
    result = env.tool.run("check", *args, **options)
    expect_equal(result.status, status, f"status of check {args} ({result!r})")
    if status == QUIET:
        expect_equal(result.out, "", f"what check {args} says when nothing is wrong")
    elif status == PROBLEMS:
        expect("  Next: " in result.out, f"check {args} says what next: {result!r}")
    else:
        expect_equal(result.out, "", f"stdout of check {args}")
        expect(result.err.startswith("robtrace: "), f"check {args} says why: {result!r}")
    return result


def check_json(env: Env, /, *args: object, status: int, **options: Any) -> Doc:
    result = env.tool.run("check", "-J", *args, **options)
    expect_equal(result.status, status, f"status of check -J {args} ({result!r})")
    try:
        doc = json.loads(result.raw.decode())
    except ValueError as error:
        fail(f"check -J {args}: {error}: {result!r}")
    expect_equal(bool(doc["problems"]), status == PROBLEMS, f"check -J {args} has problems")
    return doc


def only_problem(env: Env, kind: str, *args: object) -> tuple[dict[str, Any], str]:
    """Just one thing is wrong: what the document and the text say of it."""
    doc = check_json(env, *args, status=PROBLEMS)
    found = problem(doc, kind)
    expect_equal([p["kind"] for p in doc["problems"]], [kind], "kinds of problems")
    said = check(env, *args, status=PROBLEMS).out
    expect(said.startswith(f"{kind}: "), f"it says {kind} first: {said}")
    return found, said


def await_status(env: Env, status: int, *args: object) -> Result:
    """Looks until it ends so: what has been woken needs a moment."""
    def look() -> Result | None:
        result = env.tool.run("check", *args)
        return result if result.status == status else None

    found: Result = wait_until(look, f"check {args} ends with status {status}")
    return found


class Running:
    """A `check` in the background."""

    def __init__(self, env: Env, *args: object) -> None:
        argv = [str(env.tool.path), "check", *[str(a) for a in args]]
        self.begin = time.monotonic()
        self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)

    def still_looks(self) -> bool:
        return self.popen.poll() is None

    def finish(self) -> Result:
        try:
            out, err = self.popen.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.communicate()
            fail(f"{self.popen.args!r} did not end")
        return Result(self.popen.returncode, out, err)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.still_looks():
            self.popen.kill()
            self.popen.communicate()


class Knot(Tracee):
    """The threads of one `knot`, each with what it has and what it is going to want."""

    def tids(self) -> list[int]:
        return self.numbers("tids")

    def tie(self) -> None:
        """Let each go for what it wants."""
        self.say(b"\n")


def knot(env: Env, *threads: str, name: str = "f", program: str = "knot") -> Knot:
    tracee = Knot([env.program_of(program), env.tmp / name, *threads])
    env.started.append(tracee)
    return tracee


def tie(*knots: Knot) -> None:
    for one in knots:
        one.tie()
    for one in knots:
        wanted = list(zip(one.tids(), one.numbers("words")))
        for tid in [tid for tid, word in wanted if word]:
            wait_until(lambda: one.check_alive() and blocked_in_futex(one.pid, tid),
                       f"{tid} of {one.argv} sleeps")


def in_cycle_order(said: str) -> list[int]:
    """The threads of the circle, as they are drawn from top to bottom."""
    return [int(number.rpartition("/")[2]) for number in
            re.findall(r"^  (?:╭─▶ |├── |╰── |\+-> |\+-- |    )(\d+(?:/\d+)?) ", said, re.M)]
