# SPDX-License-Identifier: GPL-2.0-or-later
"""What `robtrace trace` counts is what strace counts; many births are all seen.

Of programs that do the same in each run: how many threads Go makes, for one, is not.
"""

from __future__ import annotations

import json
import shutil
import subprocess

from harness import PYTHON, Env, expect, expect_equal, main, skip
from tracing import LEASH, check_ends, traced, untraced

LISTS = ("set_robust_list", "get_robust_list")
Counts = dict[str, tuple[int, int]]


def counts_of_strace(env: Env, wanted: tuple[str, ...], argv: tuple[object, ...],
                     stdin: bytes) -> Counts:
    """By name: calls, errors."""
    out = env.tmp / "strace.counts"
    subprocess.run([*LEASH, "strace", "-f", "-c", "-o", out, "-e", f"trace={','.join(wanted)}",
                    *map(str, argv)], input=stdin, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=60, check=True)
    found: Counts = {}
    for line in out.read_text().splitlines():
        words = line.split()
        if words and words[-1] in wanted:
            # % time, seconds, usecs/call, calls, and errors unless there was none
            found[words[-1]] = (int(words[3]), int(words[4]) if len(words) == 6 else 0)
    return found


def same_counts(env: Env, *argv: object, wanted: tuple[str, ...] = LISTS, stdin: bytes = b"") -> Counts:
    if not shutil.which("strace"):
        skip("strace is not installed")
    events = "lists,futex" if "futex" in wanted else "lists"
    trace = traced(env, "-f", "-c", "-e", events, *argv, stdin=stdin)
    found = {call["name"]: (call["calls"], call["errors"])
             for call in json.loads(trace.text)["calls"]}
    expect_equal(found, counts_of_strace(env, wanted, argv, stdin), f"counts of {argv}")
    return found


def case_bash(env: Env) -> None:
    script = "for i in 1 2 3 4 5; do (exit $i); /bin/true; x=$(echo $i | cat); done"
    expect(same_counts(env, "bash", "-c", script)["set_robust_list"][0] > 20, "registrations")


def case_python_with_threads(env: Env) -> None:
    code = ("import threading\n"
            "ts = [threading.Thread(target=int) for _ in range(50)]\n"
            "[t.start() for t in ts]; [t.join() for t in ts]\n")
    expect_equal(same_counts(env, PYTHON, "-I", "-c", code)["set_robust_list"], (51, 0), "lists")


def case_lmdb(env: Env) -> None:
    for tool in ("mdb_load", "mdb_stat"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed (lmdb-utils)")
    dump = b"VERSION=3\nformat=print\ntype=btree\nHEADER=END\n key\n value\nDATA=END\n"
    database = env.tmp / "db"
    database.mkdir()
    same_counts(env, "mdb_load", database, wanted=(*LISTS, "futex"), stdin=dump)
    same_counts(env, "mdb_stat", database, wanted=(*LISTS, "futex"))


def case_futexes(env: Env) -> None:
    """Calls of which each run has the same number, some with errors."""
    perl = shutil.which("perl") or skip("perl is not installed")
    numbers = {"x86_64": 202, "aarch64": 98}
    machine = untraced("uname", "-m").strip()
    if machine not in numbers:
        skip(f"the number of futex on {machine} is not known here")
    # FUTEX_WAKE of a word; FUTEX_WAIT for another value: EAGAIN; no such operation: ENOSYS.
    code = ("$w = pack('L', 7); for (1..200) { syscall(%d, $w, 129, 1, 0, 0, 0);"
            " syscall(%d, $w, 128, 8, 0, 0, 0) } syscall(%d, $w, 77, 0, 0, 0, 0)"
            ) % ((numbers[machine],) * 3)
    found = same_counts(env, perl, "-e", code, wanted=(*LISTS, "futex"))
    expect(found["futex"][0] >= 401 and found["futex"][1] >= 201, f"futex calls: {found}")


def case_musl(env: Env) -> None:
    found = same_counts(env, env.program_of("births_musl"), "threads", 60)
    expect_equal(found["set_robust_list"], (60, 0), "lists")


def case_pipeline(env: Env) -> None:
    same_counts(env, "sh", "-c", "seq 1000 | sort -R | sort -n | tail -1")


def case_vfork_and_exec(env: Env) -> None:
    same_counts(env, env.program_of("births"), "vfork", 20)
    same_counts(env, env.program_of("births"), "spawn", 20)


def case_five_thousand_threads(env: Env) -> None:
    births = env.program_of("births")
    trace = traced(env, births, "threads", 5000)
    expect_equal(trace.out, "made 5000 sum 5000\n", "what it says")
    expect_equal(len(trace.events("new-task")), 5000, "threads")
    expect_equal(len(trace.calls("set_robust_list")), 5001, "registrations")
    check_ends(trace)
    trace = traced(env, births, "crowd", 1000)
    expect_equal(len(trace.calls("set_robust_list")), 1001, "registrations of a crowd")
    check_ends(trace)


def case_five_hundred_children(env: Env) -> None:
    births = env.program_of("births")
    wanted = untraced(births, "children", 500)
    trace = traced(env, "-f", births, "children", 500)
    expect_equal(trace.out, wanted, "what it says")
    expect_equal(len(trace.events("new-task")), 500, "children")
    check_ends(trace)
    expect_equal(same_counts(env, births, "children", 500)["set_robust_list"], (1001, 0), "lists")


if __name__ == "__main__":
    main()
