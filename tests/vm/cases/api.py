# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls themselves, from 64- and 32-bit code: tests/tracee/list2_test.c.

The kernel must pass, and at numbers that it does not have, the emulation on the same kernel.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from harness import Env, expect, expect_equal, main  # noqa: E402

BOOTS = "lpc2025 steamos v6 v5"

REVISION = os.environ.get("ROBTRACE_VM_REVISION", "lpc2025")
PARTS = 33


# Of no call at all.
FREE = "600,601"


def run(argv: list[object], free: bool = False) -> None:
    environ = {**os.environ, "LIST2_NR": FREE} if free else None
    done = subprocess.run([*map(str, argv), REVISION], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=200, check=False, env=environ)
    print(done.stdout, done.stderr, sep="", flush=True)
    lines = done.stdout.splitlines()
    expect_equal([line for line in lines if line.startswith("not ok ")], [], "failures")
    expect_equal((done.returncode, len(lines)), (0, PARTS), "status and number of parts")
    skipped = [line for line in lines if line.startswith("skip ")]
    expect(all("v5 has no" in line or "there is no get" in line or "64-bit code" in line
               for line in skipped), f"skipped: {skipped}")


def emulated(env: Env, program: str) -> None:
    run([env.tool.path, "trace", f"--emulate={REVISION}", "--api-nr", FREE, "-o",
         env.tmp / "log", env.program_of(program)], free=True)


def case_64_bit(env: Env) -> None:
    run([env.program_of("list2_test")])


def case_32_bit(env: Env) -> None:
    run([env.program_of("list2_test_32")])


def case_64_bit_emulated(env: Env) -> None:
    emulated(env, "list2_test")


def case_32_bit_emulated(env: Env) -> None:
    emulated(env, "list2_test_32")


if __name__ == "__main__":
    main()
