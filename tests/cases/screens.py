# SPDX-License-Identifier: GPL-2.0-or-later
"""What `top` shows, without a terminal: scripts of keys on saved pictures, compared with screens.

tests/screens/NAME.script begins with the command, tests/screens/NAME.screen is what it must print.
With ROBTRACE_ACCEPT set, what it prints becomes what it must print: look at the difference.
"""

from __future__ import annotations

import difflib
import json
import os
import shlex
from pathlib import Path

from harness import Env, expect, expect_equal, fail, main, validator

SCREENS = Path(__file__).resolve().parents[1] / "screens"


def play(env: Env, script: Path) -> str:
    words = shlex.split(script.read_text().splitlines()[0].removeprefix("#"))
    start = words.index("robtrace")
    variables = dict(word.split("=", 1) for word in words[:start])
    args = [str(SCREENS / word) if word.endswith(".json") else word for word in words[start + 1:]]
    result = env.tool.run(*args, "--script", script,
                          env={"LC_ALL": "C.UTF-8", "TZ": "UTC", **variables})
    expect(result.status == 0 and not result.err, f"{script.name}: {result!r}")
    return result.out


def compare(env: Env, name: str) -> None:
    script, screen = SCREENS / f"{name}.script", SCREENS / f"{name}.screen"
    got = play(env, script)
    if os.environ.get("ROBTRACE_ACCEPT"):
        screen.write_text(got)
    wanted = screen.read_text()
    if got != wanted:
        lines = difflib.unified_diff(wanted.splitlines(), got.splitlines(), screen.name, "now",
                                     lineterm="")
        fail(f"{name}: another screen\n" + "\n".join(list(lines)[:200]))


def case_locks(env: Env) -> None:
    compare(env, "locks")


def case_sizes(env: Env) -> None:
    compare(env, "sizes")


def case_detail(env: Env) -> None:
    compare(env, "detail")


def case_gone(env: Env) -> None:
    compare(env, "gone")


def case_threads(env: Env) -> None:
    compare(env, "threads")


def case_graph(env: Env) -> None:
    compare(env, "graph")


def case_problems(env: Env) -> None:
    compare(env, "problems")


def case_search(env: Env) -> None:
    compare(env, "search")


def case_sort(env: Env) -> None:
    compare(env, "sort")


def case_freeze(env: Env) -> None:
    compare(env, "freeze")


def case_help(env: Env) -> None:
    compare(env, "help")


def case_hostile(env: Env) -> None:
    compare(env, "hostile")
    compare(env, "hostile_ascii")
    text = play(env, SCREENS / "hostile.script")
    expect(not any(ord(c) < 32 and c != "\n" for c in text), "nothing steers the terminal")


def case_ascii(env: Env) -> None:
    compare(env, "ascii")
    for name in ("ascii", "hostile_ascii"):
        expect((SCREENS / f"{name}.screen").read_text().isascii(), f"{name}: ASCII only")


def case_all_are_compared(env: Env) -> None:
    names = {path.stem for path in SCREENS.glob("*.script")}
    source = Path(__file__).read_text()
    expect(names, "there are scripts")
    expect_equal(sorted(n for n in names if f'compare(env, "{n}")' not in source), [], "not compared")
    expect_equal(names, {path.stem for path in SCREENS.glob("*.screen")}, "a screen for each script")


def case_pictures_are_documents(env: Env) -> None:
    """The pictures are as the schema says, so that they stay what show -J prints."""
    check = validator("json-schema.json")
    for path in SCREENS.glob("*.json"):
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
                  for e in check.iter_errors(json.loads(path.read_text()))]
        expect(not errors, f"{path.name}: {errors[:3]}")


def case_export_is_what_show_prints(env: Env) -> None:
    """e writes the picture with the code of show -J: read back and written again it is the same."""
    picture = env.tmp / "picture.json"
    tracee = env.tracee("contend", env.tmp / "f", 2)
    picture.write_text(env.tool.show("-J", "-k", "-p", tracee.pid).out)
    first, second = env.tmp / "first.json", env.tmp / "second.json"
    for source, target in ((picture, first), (first, second)):
        script = env.tmp / "script"
        script.write_text(f"key e ^U\ntype {target}\nkey enter\ndump\nkey e ^U\ntype {target}\n"
                          "key enter\ndump\n")
        out = env.tool.run("top", "--script", script, "--picture", source, "--size", "120x5").out
        expect(f"written to {target}" in out, f"it says so: {out}")
        expect("File exists" in out, f"a file that is there is not overwritten: {out}")
        expect_equal(target.stat().st_mode & 0o777, 0o600, "mode")
    expect_equal(first.read_text(), second.read_text(), "what was read back")
    before, after = json.loads(picture.read_text()), json.loads(first.read_text())
    for key in ("locks", "waits", "cycles", "stacks", "problems", "looked_at"):
        expect_equal(after[key], before[key], key)
    expect_equal([(t["tid"], len(t["lists"])) for t in after["tasks"]],
                 [(t["tid"], len(t["lists"])) for t in before["tasks"]], "tasks")
    schema = validator("json-schema.json")
    expect(not list(schema.iter_errors(after)), "as the schema says")


def case_bad_input(env: Env) -> None:
    good = SCREENS / "calm.json"
    files = {"empty": "", "no.json": "{", "list.json": "[]", "other.json": '{"schema": 1}',
             "unknown": "jump\n", "key": "key nosuch\n", "size": "size 0x0\n"}
    for name, text in files.items():
        (env.tmp / name).write_text(text)
    empty = env.tmp / "empty"
    wrong = [(1, "--script", empty, "--picture", env.tmp / name)
             for name in ("empty", "no.json", "list.json", "other.json", "missing")]
    wrong += [(1, "--script", env.tmp / name, "--picture", good)
              for name in ("unknown", "key", "size", "missing")]
    wrong += [(2, "--picture", good), (2, "--script", empty),
              (2, "--script", empty, "--picture", good, "--size", "80"),
              (2, "-d", "0"), (2, "-d", "x"), (2, "-d", "4000"), (2, "-a", "-p", "1"), (2, "-l"),
              (2, "-a", "file")]
    for status, *args in wrong:
        result = env.tool.run("top", *args)
        expect_equal((result.status, result.out), (status, ""), f"top {args}: {result!r}")
        lines = result.err.splitlines()
        expect(len(lines) == 1 and lines[0].startswith("robtrace: "), f"one line: {result.err!r}")


def case_documents_that_lie(env: Env) -> None:
    """Any document gives a screen or a message, never a crash: all values are thrown about."""
    import random

    draw = random.Random(1)
    junk = [None, True, -1, 0, 2**62, "", "x", "0xffffffffffffffff", [], {}, [[]], "held", 4242]
    script = env.tmp / "script"
    script.write_text("dump\nkey enter K\nlook\nkey q 2 end enter q q g c end q 4 end enter q q\n"
                      "key & x enter\nkey 2 g 4 1\nlook\ndump\n")

    def spoil(value: object) -> object:
        if draw.random() < 0.03:
            return draw.choice(junk)
        if isinstance(value, dict):
            return {k: spoil(v) for k, v in value.items() if draw.random() > 0.02}
        if isinstance(value, list):
            return [spoil(v) for v in value] * (2 if draw.random() < 0.05 else 1)
        return value

    pictures = [json.loads(path.read_text()) for path in sorted(SCREENS.glob("*.json"))]
    for number in range(60):
        paths = [env.tmp / f"{number}.{i}.json" for i in (0, 1)]
        for path in paths:
            doc = {key: spoil(value) for key, value in draw.choice(pictures).items()}
            path.write_text(json.dumps(doc))
        result = env.tool.run("top", "--script", script, "--picture", paths[0], "--picture",
                              paths[1], env={"LC_ALL": "C.UTF-8"})
        expect(result.status in (0, 1), f"seed {number}: {result!r}")


if __name__ == "__main__":
    main()
