#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that the includes under src/ point only downwards (docs/architecture.md).

Exit status: 0 all is well, 1 a rule is broken, 2 usage.
"""

import argparse
import fnmatch
import os
import re
import sys
import tempfile
from pathlib import Path

# From the top floor down. A file may include files of its own floor and of those below. Patterns
# are relative to src/ and match over '/'; the first floor that matches is the file's.
FLOORS = [
    ("main", ["main.c"]),
    ("cmd", ["cmd/*"]),
    ("tui", ["tui.*", "tui/*"]),
    ("follow", ["follow.*", "follow/*", "unlock_race.*", "race/*"]),
    ("snapshot", ["snapshot.*", "snapshot/*"]),
    ("analysis", [
        "classify.*", "deadlock.*", "decode.*", "decode_*", "emulate.*", "find_heads.*", "guard.*",
        "history.*", "home.*", "list_shape.*", "lock_label.*", "module_span.*", "names.*", "place.*", "problems*",
        "report/*", "settle.*", "symbol/*", "verify_list.*", "waiters.*", "walk_list.*",
    ]),
    ("target", ["target/*"]),
    ("model", ["model.h", "event.h", "race_model.h"]),
    ("abi", ["abi/*"]),
    ("base", ["base/*"]),
]

# What the floors alone do not forbid: who, what he must not include (also not through another
# header), what is allowed all the same, why.
BANS = [
    (["report/*", "tui.*", "tui/*"], ["target/*"], [],
     "what shows the model never sees the target"),
    (["target/*"], ["model.h", "event.h", "race_model.h"], [],
     "the target does not know the model"),
    (["classify.*", "deadlock.*", "guard.*", "problems*"], ["target/*"], [],
     "is pure: works on the model alone"),
    (["decode.*", "decode_*"], ["target/*"], ["target/memory.h"],
     "is pure: sees the target through target/memory.h only"),
    (["home.*", "list_shape.*", "verify_list.*", "walk_list.*"], ["target/*"],
     ["target/memory.h", "target/page_cache.h"],
     "is pure: sees the target through target/memory.h and its cache only"),
]

# A library has one home: header, who may include it.
LIBRARIES = [
    ("libsmartcols*", ["report/*"]),
    ("jansson.h", ["report/*"]),
    ("curses.h", ["tui/screen.c"]),
    ("term.h", ["tui/screen.c"]),
    ("libunwind*.h", ["symbol/stack.c"]),
    ("libelf.h", ["symbol/symbols*.c"]),
    ("gelf.h", ["symbol/symbols*.c"]),
    ("elfutils/*", ["symbol/dwarf.c"]),
    ("dwarf.h", ["symbol/dwarf.c"]),
    ("demangle.h", ["symbol/demangle.c"]),
    ("seccomp.h", ["target/filter.c"]),
    ("sys/ptrace.h", ["target/*"]),
    ("sys/uio.h", ["target/*"]),
]

# Headers that the build makes.
GENERATED = ["config.h", "version.h"]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"(?P<own>[^"]+)"|<(?P<system>[^>]+)>)')


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def floor_of(name):
    """Number of the floor, 0 at the top; None for a file that has none."""
    for number, (_, patterns) in enumerate(FLOORS):
        if matches(name, patterns):
            return number
    return None


class Source:
    """The files under src/ and what each includes."""

    def __init__(self, root):
        self.root = Path(root)
        self.includes = {}  # name -> [(line number, target name or None, text, is system)]
        for path in sorted(self.root.rglob("*.[ch]")):
            name = path.relative_to(self.root).as_posix()
            self.includes[name] = list(self._read(path, name))

    def _read(self, path, name):
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match["own"]:
                yield number, self._resolve(name, match["own"]), match["own"], False
            elif match:
                yield number, None, match["system"], True

    def _resolve(self, name, included):
        """Beside the file that includes it, then under src/, as the compiler does."""
        for base in (os.path.dirname(name), ""):
            candidate = os.path.normpath(os.path.join(base, included))
            if (self.root / candidate).is_file():
                return candidate
        return None

    def own(self, name):
        """(line number, target) of the includes of our own files."""
        for number, target, _, _ in self.includes.get(name, []):
            if target:
                yield number, target

    def reached(self, name):
        """(line number in name, chain of headers) of all that is included, directly or not."""
        seen = {name}
        todo = [(number, [target]) for number, target in self.own(name)]
        while todo:
            number, chain = todo.pop(0)
            if chain[-1] in seen:
                continue
            seen.add(chain[-1])
            yield number, chain
            todo += [(number, chain + [target]) for _, target in self.own(chain[-1])]


def check_floors(source, name):
    floor = floor_of(name)
    if floor is None:
        yield 1, "has no floor: add it to FLOORS in scripts/check-floors.py"
        return
    for number, target, text, is_system in source.includes[name]:
        if is_system:
            continue
        if text.endswith(".c"):
            yield number, f"includes {text}: a .c file is never included"
        elif target is None:
            if text not in GENERATED:
                yield number, f"includes {text}: there is no such file under src/"
        else:
            other = floor_of(target)
            if other is not None and other < floor:
                yield number, (f"includes {target}: upwards, from floor '{FLOORS[floor][0]}' "
                               f"to '{FLOORS[other][0]}'")


def check_bans(source, name):
    for who, banned, allowed, why in BANS:
        if not matches(name, who):
            continue
        stem = name.rsplit(".", 1)[0]
        for number, chain in source.reached(name):
            target = chain[-1]
            if not matches(target, banned) or matches(target, allowed):
                continue
            # Through an allowed header, or one that is told of itself, it is not told again.
            if any(matches(step, allowed) or step == f"{stem}.h" for step in chain[:-1]):
                continue
            through = f" through {' and '.join(chain[:-1])}" if len(chain) > 1 else ""
            yield number, f"includes {target}{through}: {stem} {why}"


def check_libraries(source, name):
    for number, _, text, is_system in source.includes[name]:
        for header, who in LIBRARIES:
            if is_system and fnmatch.fnmatchcase(text, header) and not matches(name, who):
                yield number, f"includes <{text}>: only {', '.join(who)} may"


def violations(root):
    source = Source(root)
    for name in source.includes:
        for check in (check_floors, check_bans, check_libraries):
            for number, text in check(source, name):
                yield name, number, text
    if not source.includes:
        yield ".", 0, "no C files here"


# Files and what must be said of them: (files, [(file, line, part of the message)]).
SELF_TESTS = [
    ({"main.c": '#include "cmd/show.h"\n', "cmd/show.h": '#include "snapshot.h"\n',
      "snapshot.h": '#include "model.h"\n', "model.h": "#include <stdint.h>\n"}, []),
    ({"model.h": '\n#include "snapshot.h"\n', "snapshot.h": ""},
     [("model.h", 2, "upwards, from floor 'model' to 'snapshot'")]),
    ({"abi/x.c": '#include "x.h"\n#  include "../base/vec.h"\n', "abi/x.h": "", "base/vec.h": ""},
     []),
    ({"base/vec.c": '#include "abi/x.h"\n', "abi/x.h": ""},
     [("base/vec.c", 1, "from floor 'base' to 'abi'")]),
    ({"report/text.c": '#include "target/maps.h"\n', "target/maps.h": ""},
     [("report/text.c", 1, "never sees the target")]),
    ({"report/text.c": '\n#include "place.h"\n', "place.h": '#include "target/maps.h"\n',
      "target/maps.h": ""},
     [("report/text.c", 2, "includes target/maps.h through place.h")]),
    ({"target/live.c": '#include "model.h"\n', "model.h": ""},
     [("target/live.c", 1, "does not know the model")]),
    ({"walk_list.h": '#include "target/memory.h"\n', "walk_list.c": '#include "walk_list.h"\n',
      "target/memory.h": ""}, []),
    ({"walk_list.c": '#include "target/procfs.h"\n', "target/procfs.h": ""},
     [("walk_list.c", 1, "through target/memory.h and its cache only")]),
    ({"problems.c": '#include "problems.h"\n', "problems.h": '#include "target/memory.h"\n',
      "target/memory.h": ""},
     [("problems.h", 1, "works on the model alone")]),
    ({"new.c": ""}, [("new.c", 1, "has no floor")]),
    ({"main.c": '#include "nothing.h"\n#include "config.h"\n'},
     [("main.c", 1, "no such file")]),
    ({"main.c": '#include "cmd/show.c"\n', "cmd/show.c": ""},
     [("main.c", 1, "never included")]),
    ({"cmd/show.c": "#include <jansson.h>\n", "report/json.c": "#include <jansson.h>\n"},
     [("cmd/show.c", 1, "only report/* may")]),
    ({"main.c": '/* #include "tui.h" */\n'}, []),
    ({}, [(".", 0, "no C files")]),
]


def self_test():
    failed = 0
    for number, (files, expected) in enumerate(SELF_TESTS):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            found = list(violations(root))
        good = len(found) == len(expected) and all(
            name == want_name and line == want_line and part in text
            for (name, line, text), (want_name, want_line, part) in zip(found, expected))
        if not good:
            failed += 1
            print(f"self-test {number}: expected {expected}, found {found}")
    print(f"{len(SELF_TESTS) - failed} of {len(SELF_TESTS)} self-tests passed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="test this script")
    parser.add_argument("root", nargs="?", help="the folder to check (default: src)",
                        default=str(Path(__file__).resolve().parent.parent / "src"))
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    shown = os.path.relpath(arguments.root)
    status = 0
    for name, number, text in violations(arguments.root):
        print(f"{os.path.join(shown, name)}:{number}: {text}")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
