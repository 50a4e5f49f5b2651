# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that does not let on how wide a list is: it is guessed, and said to be."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from list2 import check_lists, start  # noqa: E402
from harness import Env, expect, expect_equal, main  # noqa: E402
from look import no_problems  # noqa: E402

BOOTS = "wide"


def case_probe(env: Env) -> None:
    doc = json.loads(env.tool.run("probe", "-J").out)
    expect_equal((doc["list2"]["revision"], doc["list2"]["get_number"],
                  doc["list2"]["width_tells"]), ("lpc2025", 471, False), "list2")


def case_guessed(env: Env) -> None:
    lists = ("64:2", "32:3", "64:0", "32:0")
    for program in ("list2", "list2_32"):
        tracee = start(env, *lists, program=program)
        doc = env.tool.show_json("-p", tracee.pid)
        check_lists(doc, tracee, lists, bits_from="shape")
        no_problems(doc)
        tree = env.tool.show("-l", "-p", tracee.pid).out
        for line in ("#0 64-bit?", "#1 32-bit?", "guessed"):
            expect(line in tree, f"{line} in {tree}")


if __name__ == "__main__":
    main()
