#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Says which tests of a ctest run were skipped, and why.

LOG is Testing/Temporary/LastTest.log of the build folder, CLOSING a file with the closing lines
that ctest printed; they alone tell which tests were skipped whole.

A test that is skipped whole gives its reason in its last line of output. One that is skipped in
part says so in a line of its own: cmocka's '[  SKIPPED ] name', TAP's 'ok 3 # SKIP reason',
unittest's "skipped 'reason'", or 'SKIP: reason'.
"""

import re
import sys

NOT_RUN = re.compile(r"^\s+\d+ - (?P<name>.*) \((?P<why>Skipped|Not Run|Disabled)\)$")
TEST = re.compile(r"^\d+/\d+ Test: (?P<name>.*)$")
RULE = "-" * 58
IN_PART = re.compile(r"^SKIP|\[  SKIPPED \]|# SKIP|\bskipped ['\"]|\.\.\. skipped")


def tests(lines):
    """Yields (name, output lines) of each test in the log."""
    name, output, at = None, [], "done"
    for line in lines:
        line = line.rstrip("\n")
        match = TEST.match(line)
        if match:
            name, output, at = match["name"], [], "head"
        elif at == "head" and line == RULE:
            at = "output"
        elif at == "output" and line == "<end of output>":
            yield name, [text for text in output if text]
            at = "done"
        elif at == "output":
            output.append(line.strip())


def skipped(log, closing):
    """One line for each thing that was skipped."""
    whole = {}
    for line in closing:
        match = NOT_RUN.match(line.rstrip("\n"))
        if match:
            whole[match["name"]] = match["why"].lower()
    for name, output in tests(log):
        # cmocka names the skipped tests once more in its summary, behind their number.
        told = list(dict.fromkeys(
            line for line in output
            if IN_PART.search(line) and not re.match(r"^\[  SKIPPED \] \d+ test", line)))
        if name in whole and not told:
            told = output[-1:] or ["no reason given"]
        whole.pop(name, None)
        yield from (f"{name}: {reason}" for reason in told)
    yield from (f"{name}: {why}" for name, why in whole.items())


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("-h", "--help"):
        print("usage: scripts/skipped.py LOG CLOSING\n\n" + __doc__.strip())
        return 0
    if len(sys.argv) != 3:
        print("usage: scripts/skipped.py LOG CLOSING", file=sys.stderr)
        return 2
    with (open(sys.argv[1], encoding="utf-8", errors="replace") as log,
          open(sys.argv[2], encoding="utf-8", errors="replace") as closing):
        lines = list(skipped(log, closing))
    print("\nskipped:" if lines else "\nnothing was skipped")
    for line in lines:
        print(f"  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
