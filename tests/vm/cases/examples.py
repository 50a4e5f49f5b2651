# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of examples/ do what they say, and the tool sees it."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from harness import Env, Tracee, expect_equal, main  # noqa: E402
from look import OWNER_DIED, address, no_problems, task  # noqa: E402

BOOTS = "lpc2025"


def program(env: Env, name: str) -> Path:
    return env.tracees.parents[1] / "examples" / name


def case_lists(env: Env) -> None:
    done = subprocess.run([program(env, "lists")], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    expect_equal((done.returncode, done.stderr), (0, ""), "status")
    lines = done.stdout.splitlines()
    expect_equal([line.partition(", ")[0] for line in lines],
                 ["11 lists", "#0: 64-bit", "#2: 32-bit"], "what it says")


def case_guest(env: Env) -> None:
    """An emulator and its guest: two lists of two sizes, released by the kernel at the end."""
    path = env.tmp / "f"
    guest = Tracee([program(env, "guest"), path])
    env.started.append(guest)
    doc = env.tool.show_json("-p", guest.pid)
    base = guest.number("base")
    found = [one for one in task(doc, guest.pid)["lists"] if one["kind"] == "list2"]
    expect_equal([(one["index"], one["bits"], [address(f) - base for f in one["entries"]])
                  for one in found], [(0, 64, [8, 24]), (1, 32, [40, 56])], "lists")
    no_problems(doc)
    guest.kill()
    words = struct.unpack("<16I", path.read_bytes()[:64])
    expect_equal([words[4 * i + 2] for i in range(4)], [OWNER_DIED] * 4, "words")


if __name__ == "__main__":
    main()
