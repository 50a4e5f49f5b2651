# SPDX-License-Identifier: GPL-2.0-or-later
"""What the owner of a lock does while others wait: told, and no problem for that alone."""

from __future__ import annotations

import signal
from typing import Any

from checking import PROBLEMS, QUIET, check, knot, tie
from harness import (Env, Tracee, expect, expect_equal, main, proc_text, task_states, wait_until)
from look import lock_at


def doing(env: Env, how: str, number: int, state: str) -> Tracee:
    """The owner is in the system call with that number."""
    tracee = env.tracee("doing", how, env.tmp / "f")
    wait_until(lambda: tracee.check_alive() and task_states(tracee.pid)[tracee.pid] == state and
               proc_text(f"{tracee.pid}/syscall").split(" ")[0] == str(number),
               f"the owner is in system call {number}")
    return tracee


def sleeps(env: Env, how: str, number: int, call: str, state: str = "S") -> str:
    """What `check --hold` says of it."""
    tracee = doing(env, how, number, state)
    lock = lock_at(env.tool.show_json(env.tmp / "f"), (env.tmp / "f").stat().st_ino, 0)
    word = {"S": "sleeping", "D": "uninterruptible"}[state]
    expect_equal((lock["owner"], lock["owner_state"]["state"], lock["owner_state"]["call"]),
                 (tracee.pid, word, call), "owner_state")
    said = env.tool.show("-o", "OWNER", "-n", env.tmp / "f").out.strip()
    note = {"S": f"in {call}", "D": f"in {call}, uninterruptible sleep"}[state]
    expect_equal(said, f"{tracee.pid} doing ({note})", "the column OWNER")
    check(env, env.tmp / "f", status=QUIET)
    text = check(env, "--hold", 0.2, "--interval", 0.1, env.tmp / "f", status=PROBLEMS).out
    doing_it = {"S": f"its owner sleeps in {call}",
                "D": f"its owner is in uninterruptible sleep in {call}"}[state]
    expect(text.startswith("long-hold: ") and doing_it in text, f"{doing_it} in {text}")
    return text


def case_accept(env: Env) -> None:
    sleeps(env, "accept", 288, "accept4")


def case_read(env: Env) -> None:
    sleeps(env, "read", 0, "read")


def case_poll(env: Env) -> None:
    sleeps(env, "poll", 7, "poll")


def case_sleep(env: Env) -> None:
    sleeps(env, "sleep", 230, "clock_nanosleep")


def case_32_bit_call(env: Env) -> None:
    """Its numbers are others: 29 is pause, and shmget to 64-bit programs."""
    sleeps(env, "int80", 29, "pause")


def case_uninterruptible(env: Env) -> None:
    """A parent that waits for the execve of its child."""
    text = sleeps(env, "spawn", 56, "clone", "D")
    expect("vfork" in text, f"what to look for: {text}")


def case_nobody_waits(env: Env) -> None:
    tracee = env.tracee("contend", env.tmp / "f", 0)
    lock = lock_at(env.tool.show_json(env.tmp / "f"), (env.tmp / "f").stat().st_ino, 0)
    expect_equal((lock["owner"], lock["owner_state"]), (tracee.pid, None), "owner, owner_state")


def case_owner_waits_for_a_lock(env: Env) -> None:
    """Why it takes long is then that lock's line."""
    chain = [knot(env, "r0:"), knot(env, "r1:r0"), knot(env, ":r1")]
    tie(*chain)
    text = check(env, "--hold", 0.2, "--interval", 0.1, env.tmp / "f", status=PROBLEMS).out
    held = [p for p in text.split("\n\n") if f"held by {chain[1].pid}" in p]
    expect(len(held) == 1 and f"its owner waits for {env.tmp / 'f'}+0x40" in held[0], text)


def case_stopped(env: Env) -> None:
    tracee = doing(env, "read", 0, "S")
    tracee.signal(signal.SIGSTOP)
    wait_until(lambda: set(task_states(tracee.pid).values()) == {"T"}, "it is stopped")
    lock = lock_at(env.tool.show_json(env.tmp / "f"), (env.tmp / "f").stat().st_ino, 0)
    expect_equal((lock["owner_state"]["state"], lock["owner_state"]["call"]), ("stopped", None),
                 "owner_state")


# ---- Owners that run: a stop tells where ---------------------------------------------------------

CHAIN = ["stack_take", "stack_inner", "stack_middle", "library_call", "stack_outer", "stack_run"]


def stack_of_a_running_owner(env: Env, program: str) -> list[dict[str, Any]]:
    tracee = env.tracee(program, "spin")
    owner = tracee.number("tid")
    doc = env.tool.show_json("-k", "-p", tracee.pid)
    expect_equal([s["tid"] for s in doc["stacks"]], [tracee.pid], "without --stop: the waiter's")
    doc = env.tool.show_json("-k", "--stop", "-p", tracee.pid)
    expect_equal(doc["looked_at"]["stopped_threads"], 1, "threads that were stopped")
    found = [s["frames"] for s in doc["stacks"] if s["tid"] == owner]
    expect_equal(len(found), 1, "stacks of the owner")
    names = [frame["function"] for frame in found[0]]
    expect_equal([name for name in names if name in CHAIN], CHAIN, f"calls of {names}")
    wait_until(lambda: task_states(tracee.pid)[owner] == "R", "it runs on")
    return found[0]


def case_stack_with_frame_pointers(env: Env) -> None:
    """The frame pointer of a thread that was stopped is known: nothing is guessed."""
    for program in ("stack_o0", "stack_frame_pointers"):
        frames = stack_of_a_running_owner(env, program)
        expect_equal([f["function"] for f in frames if f["guess"]], [], f"guesses in {program}")


def case_stack_without_frame_pointers(env: Env) -> None:
    frames = stack_of_a_running_owner(env, "stack_o2")
    expect_equal([f["function"] for f in frames if f["guess"]], [], "guesses")


if __name__ == "__main__":
    main()
