# SPDX-License-Identifier: GPL-2.0-or-later
"""Stacks of programs of either word size: the unit test for them, on a kernel that has both."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from harness import Env, expect, expect_equal, main  # noqa: E402

BOOTS = "none"


def case_every_build(env: Env) -> None:
    program = env.tracees.parent / "unit/test_stack"
    done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=250, check=False)
    said = done.stdout + done.stderr
    print(said, flush=True)
    expect_equal(done.returncode, 0, "status")
    expect(re.search(r"\[  PASSED  \] \d+ test", said), "tests passed")
    skipped = [line for line in said.splitlines() if "SKIPPED" in line]
    expect(not any("32" in line or "bare" in line for line in skipped), f"skipped: {skipped}")


if __name__ == "__main__":
    main()
