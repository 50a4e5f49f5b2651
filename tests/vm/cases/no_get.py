# SPDX-License-Identifier: GPL-2.0-or-later
"""v5 has no get_robust_list2: its lists cannot be seen from outside, and that is said."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from harness import Env, expect, expect_equal, main  # noqa: E402
from look import address, no_problems, task  # noqa: E402

BOOTS = "v5"


def case_probe(env: Env) -> None:
    doc = json.loads(env.tool.run("probe", "-J").out)
    expect_equal(doc["list2"], {"revision": "v5", "set_number": 468, "get_number": None,
                                "lists": 10, "width_tells": None}, "list2")
    expect("no get_robust_list2" in doc["notes"]["list2.revision"], "what that means")


def case_legacy_lists_are_seen(env: Env) -> None:
    """There they are among the indexes, but set and asked for as ever."""
    for program in ("kinds", "kinds_32"):
        tracee = env.tracee(program)
        doc = env.tool.show_json("-p", tracee.pid)
        found = task(doc, tracee.pid)["lists"]
        expect_equal([one["kind"] for one in found],
                     ["compat" if program.endswith("_32") else "robust"], "lists")
        words = {int(value, 16) for key, value in tracee.info.items()
                 if value.startswith("0x") and key not in ("pid", "tid")}
        expect_equal({address(f) for f in found[0]["entries"]}, words, "entries")
        no_problems(doc)


def case_said_by_show(env: Env) -> None:
    tracee = env.tracee("list2", "v5", env.tmp / "f", 0, "32:2")
    expect_equal(tracee.numbers("indexes"), [1], "0 is the libc's")
    result = env.tool.show("-p", tracee.pid)
    expect("set_robust_list2" in result.err, f"it is said: {result.err}")
    expect_equal(len(result.err.splitlines()), 1, "in one line")


if __name__ == "__main__":
    main()
