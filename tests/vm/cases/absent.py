# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels without the new calls, one of them with other calls at the numbers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cases"))

# pylint: disable=wrong-import-position
from harness import Env, expect, expect_equal, main  # noqa: E402
from look import no_problems, task  # noqa: E402

BOOTS = "none other"

BOOT = os.environ.get("ROBTRACE_VM", "none")


def case_probe(env: Env) -> None:
    """Not one of them answers in every way as a revision does."""
    doc = json.loads(env.tool.run("probe", "-J").out)
    expect_equal(set(doc["list2"].values()), {None}, "list2")
    expect("list2.revision" in doc["notes"], "there is a reason")
    wanted = "nothing" if BOOT == "none" else "unknown"
    for number in ("468", "470", "471", "473", "474"):
        expect_equal(doc["numbers"][number], wanted, number)


def case_show(env: Env) -> None:
    tracee = env.tracee("kinds")
    doc = env.tool.show_json("-p", tracee.pid)
    expect_equal([one["kind"] for one in task(doc, tracee.pid)["lists"]], ["robust"], "lists")
    no_problems(doc)


if __name__ == "__main__":
    main()
