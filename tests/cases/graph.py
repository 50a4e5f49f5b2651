# SPDX-License-Identifier: GPL-2.0-or-later
"""`show --dot`: the same picture for Graphviz, which draws it and says what it has read."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from checking import knot, tie
from harness import Env, expect, expect_equal, main, skip

Edge = tuple[str, str, str]


class Graph:
    """What Graphviz makes of it: labels of nodes, and edges by label."""

    def __init__(self, env: Env, *args: object) -> None:
        self.source = env.tool.show("--dot", *args).out
        if not shutil.which("dot"):
            skip("dot (graphviz) is not installed")
        done = subprocess.run(["dot", "-Tjson0"], input=self.source.encode(errors="surrogateescape"),
                              capture_output=True, timeout=60)
        expect(not done.returncode and not done.stderr, f"dot: {done.stderr!r} of {self.source}")
        drawn: dict[str, Any] = json.loads(done.stdout.decode(errors="surrogateescape"))
        self.nodes: dict[int, dict[str, Any]] = {n["_gvid"]: n for n in drawn.get("objects", [])}
        self.edges: list[dict[str, Any]] = drawn.get("edges", [])

    def label(self, number: int) -> str:
        return str(self.nodes[number]["label"])

    def labels(self) -> list[str]:
        return sorted(self.label(number) for number in self.nodes)

    def by_label(self, *, red: bool = False) -> list[Edge]:
        return sorted((self.label(e["tail"]), e["label"], self.label(e["head"]))
                      for e in self.edges if not red or e.get("color") == "red")


def case_owner_and_waiters(env: Env) -> None:
    path = env.tmp / "f"
    tracee = env.tracee("contend", path, 2)
    graph = Graph(env, path)
    lock = f"{path}+0x0"
    wanted = [(lock, "held by", f"{tracee.pid} contend")]
    wanted += [(f"{tid} contend", "waits", lock) for tid in tracee.numbers("waiters")]
    expect_equal(graph.by_label(), sorted(wanted), f"edges of {graph.source}")
    expect_equal(graph.by_label(red=True), [], "nothing is marked")


def case_circle_is_marked(env: Env) -> None:
    path = env.tmp / "f"
    ring = [knot(env, "r0:r1"), knot(env, "r1:m2"), knot(env, "m2:r0"), knot(env, ":r0")]
    tie(*ring)
    graph = Graph(env, path)
    names = [f"{one.pid} knot" for one in ring]
    locks = [f"{path}+0x40", f"{path}+0xc0", f"ordinary mutex {path}+0x140"]
    expect_equal(graph.labels(), sorted(names + locks), "nodes")
    wanted = [(locks[i], "held by", names[i]) for i in range(3)]
    wanted += [(names[i], "waits", locks[(i + 1) % 3]) for i in range(3)]
    expect_equal(graph.by_label(red=True), sorted(wanted), f"the circle in {graph.source}")
    expect_equal(graph.by_label(), sorted([*wanted, (names[3], "waits", locks[0])]), "all edges")


def case_circle_behind_which_one_waits(env: Env) -> None:
    """Asked for one thread alone: what it hangs on is drawn, down to the circle."""
    path = env.tmp / "f"
    ring = [knot(env, "r0:r1"), knot(env, "r1:r0"), knot(env, "r2:r0"), knot(env, ":r2")]
    tie(*ring)
    graph = Graph(env, "-p", ring[3].pid)
    names = [f"{one.pid} knot" for one in ring]
    locks = [f"{path}+0x40", f"{path}+0xc0", f"{path}+0x140"]
    wanted = [(locks[i], "held by", names[i]) for i in range(3)]
    wanted += [(name, "waits", locks[i]) for name, i in zip(names, (1, 0, 0, 2))]
    expect_equal(graph.by_label(), sorted(wanted), f"edges of {graph.source}")
    expect_equal(len(graph.by_label(red=True)), 4, "the circle is marked")


def case_hostile_names(env: Env) -> None:
    """Nothing in a name can end its label."""
    for name in ('a"b', "a\\", 'a\\"]; x -> y; z [label="', "a\nb", "a\\nb", "a<b>&amp;", "ä"):
        path = env.tmp / name
        tracee = env.tracee("contend", path, 1)
        graph = Graph(env, "-p", tracee.pid)
        expect_equal((len(graph.nodes), len(graph.edges)), (3, 2), f"{name!r}: {graph.source}")
        tracee.close()


def case_nothing_to_draw(env: Env) -> None:
    idle = env.program("sleep", 60)
    expect_equal(Graph(env, "-p", idle.pid).nodes, {}, "nodes")


def case_many(env: Env) -> None:
    tracee = env.tracee("contend", env.tmp / "f", 100)
    graph = Graph(env, env.tmp / "f")
    expect_equal((len(graph.nodes), len(graph.edges)), (102, 101), "nodes and edges")
    tracee.check_alive()


if __name__ == "__main__":
    main()
