# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls themselves, from 64- and 32-bit code: tests/tracee/list2_test.c."""

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
PARTS = 23


def run(env: Env, program: str) -> None:
    done = subprocess.run([env.program_of(program), REVISION], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=200, check=False)
    print(done.stdout, done.stderr, sep="", flush=True)
    lines = done.stdout.splitlines()
    expect_equal([line for line in lines if line.startswith("not ok ")], [], "failures")
    expect_equal((done.returncode, len(lines)), (0, PARTS), "status and number of parts")
    skipped = [line for line in lines if line.startswith("skip ")]
    expect(all("v5 has no" in line or "there is no get" in line or "64-bit code" in line
               for line in skipped), f"skipped: {skipped}")


def case_64_bit(env: Env) -> None:
    run(env, "list2_test")


def case_32_bit(env: Env) -> None:
    run(env, "list2_test_32")


if __name__ == "__main__":
    main()
