# SPDX-License-Identifier: GPL-2.0-or-later
"""A released kernel newer than the host's: with unlock operations without the race, and with other
calls at the numbers that set_robust_list2 has had."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from api import FREE, PARTS  # noqa: E402
from harness import Env, expect, expect_equal, main  # noqa: E402
from race import ROUNDS, race  # noqa: E402
from tracing import traced, untraced  # noqa: E402

BOOTS = "backports"

OTHERS = {"470": "listns", "471": "rseq_slice_yield"}
# The operations of unlock_ops.c, and what <linux/futex.h> of 7.2 calls them: the bits are 512 for
# FUTEX_ROBUST_UNLOCK, 1024 for FUTEX_ROBUST_LIST32, 128 for FUTEX_PRIVATE_FLAG.
OPERATIONS = {operation | private | 512 | list32:
              f"FUTEX_UNLOCK_{name}_LIST{32 if list32 else 64}{'_PRIVATE' if private else ''}"
              for operation, name in ((1, "WAKE"), (10, "BITSET"), (7, "PI"))
              for private in (0, 128) for list32 in (0, 1024)}


def case_probe(env: Env) -> None:
    doc = json.loads(env.tool.run("probe", "-J").out)
    expect_equal(set(doc["list2"].values()), {None}, "list2")
    for number, name in OTHERS.items():
        expect_equal(doc["numbers"][number], name, number)
    expect_equal(doc["unlock"], dict.fromkeys(("futex_robust_unlock", "futex_robust_list32",
                                               "vdso_list64", "vdso_list32"), True), "unlock")
    text = env.tool.run("probe").out
    for number, name in OTHERS.items():
        expect(any(line.split()[:2] == [number, name] for line in text.splitlines()),
               f"{number} is {name}: {text}")


def case_other_calls_are_not_ours(env: Env) -> None:
    """Traced, they do what they do untraced and are not called what they are not."""
    calls = [env.program_of("calls"), *(f"nr={number}" for number in OTHERS)]
    said = untraced(*calls)
    for options in (("-e", "all"), ("-e", "all", "--no-seccomp")):
        trace = traced(env, *options, *calls, json=False)
        expect_equal(trace.out, said, "what the calls return")
        expect("_robust_list2" not in trace.text, f"no call of ours in {trace.text}")
        expect("set_robust_list(" in trace.text, f"but the libc's own: {trace.text}")


def case_numbers_are_refused(env: Env) -> None:
    """A revision whose number is another call here is not emulated, until it gets other numbers."""
    program = env.program_of("list2_test")
    for revision in ("lpc2025", "v6"):
        result = env.tool.run("trace", f"--emulate={revision}", program)
        expect_equal((result.status, result.out), (2, ""), f"status ({result!r})")
        expect(all(part in result.err for part in ("470", "listns", "--api-nr")), result.err)
    trace = traced(env, "--emulate=lpc2025", "--api-nr", FREE, program, "lpc2025", json=False,
                   timeout=250, environ={"LIST2_NR": FREE})
    lines = trace.out.splitlines()
    expect_equal(len(lines), PARTS, "number of parts")
    expect_equal([line for line in lines if line.startswith("not ok ")], [], "failures")


def check_unlock_ops(env: Env, program: Path, bits: int) -> None:
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    expect_equal([int(row[0], 16) for row in rows], list(OPERATIONS), "operations")
    for op, result, error, word, pending in rows:
        expect_equal((result, error, word), ("0", "-", "0x0"), f"what the kernel did for {op}")
        wide = 32 if int(op, 16) & 1024 else 64
        expect_equal(int(pending, 16) & ((1 << wide) - 1), 0, f"list_op_pending after {op}")
    trace = traced(env, "-e", "futex", program)
    found = [e for e in trace.events("call-entry") if "UNLOCK" in e["call"]["args"]["op"]["names"]]
    expect_equal([(int(e["call"]["args"]["op"]["value"], 16), e["call"]["args"]["op"]["names"])
                  for e in found], list(OPERATIONS.items()), "operations as traced")
    for event in found:
        call, args = event["call"], event["call"]["args"]
        expect_equal(call["bits"], bits, "word size of the caller")
        expect_equal(args["uaddr"]["word"]["tid"], event["tid"], "owner before it")
        expect(int(args["uaddr2"], 16), f"where list_op_pending is, in {args}")
    exits = [e["call"] for e in trace.events("call-exit")
             if "UNLOCK" in e["call"]["args"]["op"]["names"]]
    expect_equal([(c["result"], c["error"]) for c in exits], [(0, None)] * len(OPERATIONS),
                 "results")
    text = traced(env, "-e", "futex", program, json=False).text
    for name in OPERATIONS.values():
        expect_equal(text.count(f"{name},"), 1, f"{name} in {text}")


def case_unlock_operations(env: Env) -> None:
    check_unlock_ops(env, env.program_of("unlock_ops"), 64)


def case_unlock_operations_i386(env: Env) -> None:
    check_unlock_ops(env, env.program_for_i386("unlock_ops"), 32)


def case_race(env: Env) -> None:
    """Closed for who uses them, by the vDSO and by the system call; open for glibc as it is."""
    for options in ((), ("--waiter",)):
        events = race(env, "--libc", "robust-unlock", "-n", ROUNDS, *options, status=1)
        expect_equal((events[-1]["rounds"], events[-1]["corrupted"]), (ROUNDS, 0), f"{options}")
        expect_equal([e["verdict"] for e in events[:-1]], ["not-reproduced"] * ROUNDS, "verdicts")


if __name__ == "__main__":
    main()
