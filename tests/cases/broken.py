# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile and broken lists: each ends in a named state, at bounded cost, with its problem."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

from harness import Env, Tracee, expect, expect_equal, main
from look import no_problems, problem, problems, robust, word

MAX_RSS_KB = 100_000  # a list of 1,000,000 entries must not be kept whole


class Look:
    """A `broken` tracee and what the tool says about its list."""

    def __init__(self, env: Env, mode: str, *args: object) -> None:
        self.tracee: Tracee = env.tracee("broken", mode, *args)
        self.pid = self.tracee.pid
        self.doc = env.tool.show_json("-p", self.pid)
        self.list: dict[str, Any] = robust(self.doc, self.pid)
        self.good = self.tracee.numbers("entries")
        expect_equal(int(self.list["head"], 16), self.tracee.number("head"), "head")
        out = env.tool.show("-p", self.pid).out + env.tool.show("-l", "-p", self.pid).out
        self.out = out  # people get the same, both ways
        self.tracee.check_alive()

    def ends(self, end: str, kind: str | None) -> Look:
        expect_equal(self.list["end"], end, "end")
        if kind:
            problem(self.doc, kind, self.pid)
        expect_equal([p["kind"] for p in problems(self.doc)], [kind] if kind else [], "problems")
        return self

    def entry_numbers(self) -> list[int]:
        return [int(f["entry"], 16) for f in self.list["entries"]]

    def sound(self, n: int) -> Look:
        """The first n entries are shown as they are; what follows is not called a held lock."""
        shown = self.list["entries"]
        expect_equal(self.entry_numbers()[:n], self.good[:n], "sound entries")
        for futex in shown[:n]:
            expect_equal((futex["state"], futex["owner"], word(futex)),
                         ("held", self.pid, self.pid), f"entry {futex['entry']}")
            expect_equal(int(futex["address"], 16), int(futex["entry"], 16) - 8, "address")
            expect_equal((futex["kind"], futex["libc"]), (None, None), "unknown layout")
        return self

    def nothing_behind(self, n: int) -> Look:
        """At most the entry at fault comes after the sound ones, and is not readable."""
        rest = self.list["entries"][n:]
        expect(len(rest) <= 1, f"{len(rest)} entries after the sound ones")
        for futex in rest:
            expect_equal((int(futex["entry"], 16), futex["state"]),
                         (self.tracee.number("bad"), "unreadable"), "the entry at fault")
        return self


def case_self_loop(env: Env) -> None:
    Look(env, "self_loop").ends("loop", "list-loop").sound(1).nothing_behind(1)


def case_loop_of_three(env: Env) -> None:
    Look(env, "loop3").ends("loop", "list-loop").sound(3).nothing_behind(3)


def case_loop_behind_the_first(env: Env) -> None:
    Look(env, "loop_tail").ends("loop", "list-loop").sound(3).nothing_behind(3)


def peak_kb(env: Env, pid: int) -> int:
    """Peak memory of one run."""
    with open(os.devnull, "w") as null:
        child = subprocess.Popen([env.tool.path, "show", "-J", "-p", str(pid)], stdout=null)
        usage = os.wait4(child.pid, 0)[2]
        child.returncode = 0  # reaped
    return usage.ru_maxrss


def case_loop_of_a_million(env: Env) -> None:
    look = Look(env, "loop_big").sound(8)
    expect(look.list["end"] in ("loop", "too-long"), f"end is {look.list['end']}")
    kind = {"loop": "list-loop", "too-long": "list-too-long"}[look.list["end"]]
    problem(look.doc, kind, look.pid)
    expect(peak_kb(env, look.pid) < MAX_RSS_KB, "bounded memory")


def case_a_million_and_no_end(env: Env) -> None:
    look = Look(env, "chain_null").ends("too-long", "list-too-long").sound(8)
    expect(peak_kb(env, look.pid) < MAX_RSS_KB, "bounded memory")


def case_exactly_the_limit(env: Env) -> None:
    look = Look(env, "count", 2048).ends("complete", None).sound(8)
    expect_equal(len(look.list["entries"]), 2048, "entries")


def case_one_over_the_limit(env: Env) -> None:
    Look(env, "count", 2049).ends("too-long", "list-too-long").sound(8)


def case_empty(env: Env) -> None:
    expect_equal(Look(env, "count", 0).ends("complete", None).list["entries"], [], "entries")


def case_entry_unmapped(env: Env) -> None:
    look = Look(env, "unmapped").ends("fault", "list-cut").sound(3).nothing_behind(3)
    expect(f"{look.tracee.number('bad'):x}" in look.out, "people see the address at fault")


def case_entry_in_the_kernel_half(env: Env) -> None:
    Look(env, "kernel_half").ends("fault", "list-cut").sound(3).nothing_behind(3)


def case_next_is_null(env: Env) -> None:
    Look(env, "null_next").ends("fault", "list-cut").sound(3).nothing_behind(3)


def case_first_is_null(env: Env) -> None:
    Look(env, "head_null").ends("fault", "list-cut").sound(0).nothing_behind(0)


def case_head_unmapped(env: Env) -> None:
    look = Look(env, "head_unmapped").ends("fault", "list-cut").sound(0)
    expect_equal((look.list["entries"], look.list["pending"]), ([], None), "entries, pending")


def case_words_off_by_one(env: Env) -> None:
    Look(env, "misaligned", 1).ends("misaligned", "misaligned")


def case_words_off_by_two(env: Env) -> None:
    Look(env, "misaligned", 2).ends("misaligned", "misaligned")


def case_words_off_by_three(env: Env) -> None:
    Look(env, "misaligned", 3).ends("misaligned", "misaligned")


def case_one_entry_misaligned(env: Env) -> None:
    look = Look(env, "misaligned_entry").ends("misaligned", "misaligned").sound(3)
    expect(len(look.list["entries"]) <= 4, "nothing behind the entry at fault")


def case_entry_across_a_page_edge(env: Env) -> None:
    """The kernel reaches the word of that entry but not what comes behind it."""
    look = Look(env, "cross_page").ends("fault", "list-cut").sound(3)
    expect(look.entry_numbers()[3:] in ([], [look.tracee.number("bad")]), "entries")


def case_word_read_only(env: Env) -> None:
    """The kernel cannot write the word of the fourth entry, and stops there."""
    look = Look(env, "read_only").ends("fault", "list-cut").sound(3)
    text = problem(look.doc, "list-cut")["text"]
    expect(f"{look.tracee.number('bad'):x}" in text, f"where it is cut, in {text!r}")
    expect(re.search(r"\b3\b", text) and not re.search(r"\b[45] entr", text),
           f"3 entries are in front of it, in {text!r}")


def case_word_read_only_and_free(env: Env) -> None:
    """The kernel would not write there: it goes on."""
    look = Look(env, "read_only_free").ends("complete", None).sound(3)
    expect_equal(look.list["entries"][3]["state"], "free", "state of the fourth")
    expect_equal(look.list["entries"][4]["state"], "held", "state of the fifth")


def case_word_of_another_thread(env: Env) -> None:
    look = Look(env, "foreign").ends("complete", None).sound(1)
    futex = look.list["entries"][1]
    expect_equal((futex["state"], futex["owner"]), ("foreign", look.tracee.number("other")),
                 "state, owner")
    expect("died" not in look.out, "the thread that the word names lives")


def case_word_free(env: Env) -> None:
    futex = Look(env, "free_word").ends("complete", None).sound(1).list["entries"][1]
    expect_equal((futex["state"], futex["owner"], word(futex)), ("free", None, 0), "the futex")


def case_word_of_the_dead(env: Env) -> None:
    look = Look(env, "dead_word").sound(1)
    futex = look.list["entries"][1]
    expect_equal((look.list["end"], futex["state"], futex["owner"], futex["owner_died"]),
                 ("complete", "owner-died", None, True), "the futex")


def offset_out_of_range(env: Env, mode: str) -> None:
    """Entries can be read, their words cannot: the kernel stops at the first."""
    look = Look(env, mode).ends("fault", "list-cut")
    expect_equal(look.list["futex_offset"], look.tracee.number("offset"), "offset")
    expect({f["state"] for f in look.list["entries"]} <= {"unreadable"}, "states")


def case_offset_far_below(env: Env) -> None:
    offset_out_of_range(env, "offset_neg")


def case_offset_far_above(env: Env) -> None:
    offset_out_of_range(env, "offset_pos")


def case_offset_smallest(env: Env) -> None:
    offset_out_of_range(env, "offset_min")


def case_offset_greatest(env: Env) -> None:
    offset_out_of_range(env, "offset_max")


def case_only_pending(env: Env) -> None:
    look = Look(env, "pending_only").ends("complete", None)
    pending = look.list["pending"]
    expect_equal(look.list["entries"], [], "entries")
    expect_equal((int(pending["entry"], 16), pending["state"], pending["owner"],
                  pending["on_list"], pending["pi"]),
                 (look.good[0], "pending", look.pid, False, False), "pending")


def case_pending_pi(env: Env) -> None:
    look = Look(env, "pending_pi").ends("complete", None)
    pending = look.list["pending"]
    expect_equal((int(pending["entry"], 16), pending["state"], pending["pi"]),
                 (look.good[0], "pending", True), "pending")


def case_pending_unmapped(env: Env) -> None:
    look = Look(env, "pending_unmapped").sound(3)
    expect_equal(look.list["end"], "complete", "end")
    expect_equal(look.list["pending"]["state"], "unreadable", "state of pending")


def case_pi_bits(env: Env) -> None:
    look = Look(env, "pi").ends("complete", None)
    expect_equal(look.entry_numbers(), look.good, "entries without the PI bit")
    expect_equal([f["pi"] for f in look.list["entries"]], [True] * 3, "PI")
    expect_equal([f["state"] for f in look.list["entries"]], ["held"] * 3, "states")


def case_all_at_once(env: Env) -> None:
    """One broken process does not spoil the look at the others."""
    modes = ("self_loop", "chain_null", "unmapped", "head_unmapped", "offset_max", "misaligned")
    tracees = [env.tracee("broken", mode) for mode in modes]
    fine = env.tracee("many", 10)
    doc = env.tool.show_json(*[f"-p{t.pid}" for t in (*tracees, fine)])
    for tracee in tracees:
        expect_equal(len([p for p in problems(doc) if tracee.pid in p["tids"]]), 1,
                     f"problems of {tracee.argv[1:]}")
    expect_equal(robust(doc, fine.pid)["end"], "complete", "end of the sound list")
    expect_equal(len(robust(doc, fine.pid)["entries"]), 10, "entries of the sound list")
    doc = env.tool.show_json("-p", fine.pid)
    no_problems(doc)


if __name__ == "__main__":
    main()
