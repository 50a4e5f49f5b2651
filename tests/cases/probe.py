# SPDX-License-Identifier: GPL-2.0-or-later
"""`probe` tells what is so, in both forms, and does no harm."""

from __future__ import annotations

import copy
import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from harness import Env, Result, Tool, expect, expect_equal, main, proc_text, skip, validator

SCHEMA = "json-schema-probe.json"


def probe(env: Env, *args: object, **options: Any) -> Result:
    result = env.tool.run("probe", *args, **options)
    expect_equal(result.status, 0, f"status of probe {args} ({result!r})")
    expect_equal(result.err, "", "stderr")
    return result


def probe_json(env: Env, **options: Any) -> dict[str, Any]:
    return json.loads(probe(env, "-J", **options).raw.decode())


def case_json_is_as_the_schema_says(env: Env) -> None:
    doc, valid = probe_json(env), validator(SCHEMA)
    errors = [error.message for error in valid.iter_errors(doc)]
    expect(not errors, f"{errors[:3]}")
    for group in doc:
        wrong = copy.deepcopy(doc)
        del wrong[group]
        expect(not valid.is_valid(wrong), f"a document without {group} is refused")
        for key in doc[group] if group not in ("schema", "notes", "numbers") else ():
            wrong = copy.deepcopy(doc)
            del wrong[group][key]
            expect(not valid.is_valid(wrong), f"a document without {group}.{key} is refused")


def case_this_kernel(env: Env) -> None:
    """What can be known otherwise."""
    doc = probe_json(env)
    expect_equal(doc["kernel"]["release"], platform.release(), "release")
    expect_equal(doc["kernel"]["machine"], platform.machine(), "machine")
    expect_equal(doc["rights"]["uid"], os.getuid(), "uid")
    yama = proc_text("sys/kernel/yama/ptrace_scope").strip()
    expect_equal(doc["rights"]["yama_scope"], int(yama) if yama else None, "Yama")
    expect_equal(doc["reading"]["proc_sched"], bool(proc_text("self/sched")), "/proc/PID/sched")
    seccomp = [line.split()[1] for line in proc_text("self/status").splitlines()
               if line.startswith("Seccomp:")]
    expect_equal(doc["tracing"]["filtered"], seccomp not in ([], ["0"]), "filter")
    expect(doc["lists"]["get_robust_list"] and doc["reading"]["process_vm_readv"], "reading works")
    vdso_64 = b"__vdso_futex_robust_list64_try_unlock" in vdso()
    expect_equal(doc["unlock"]["vdso_list64"], vdso_64, "vDSO helper")


def vdso() -> bytes:
    """The image as our own process has it."""
    for line in proc_text("self/maps").splitlines():
        if line.endswith("[vdso]"):
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(start)
                return memory.read(end - start)
    return b""


def case_numbers_of_mainline(env: Env) -> None:
    """A number that this release has given to another call is said to be that."""
    doc = probe_json(env)
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    for number, name, since in (("463", "setxattrat", (6, 13)), ("470", "listns", (6, 19)),
                                ("468", "file_getattr", (6, 17)),
                                ("471", "rseq_slice_yield", (7, 0))):
        if release >= since:
            expect_equal(doc["numbers"][number], name, number)
        else:
            expect(doc["numbers"][number] != name, f"{number} is not {name} yet")


def case_text(env: Env) -> None:
    text = probe(env).out
    for line in ("set_robust_list2\n", "  release ", platform.release(), "  process_vm_readv ",
                 "  FUTEX_ROBUST_UNLOCK "):
        expect(line in text, f"no {line!r} in {text}")


def case_without_rights(env: Env) -> None:
    if os.getuid() != 0:
        skip("only root can become somebody else")
    doc = probe_json(env, prefix=("/usr/bin/setpriv", "--reuid", 65534, "--regid", 65534,
                                  "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"))
    rights = doc["rights"]
    expect_equal(rights["uid"], 65534, "uid")
    for key in ("cap_sys_ptrace", "cap_dac_read_search", "cap_checkpoint_restore", "map_files"):
        expect_equal(rights[key], False, key)
        expect(f"rights.{key}" in doc["notes"], f"{key}: there is a reason")
    expect(doc["reading"]["process_vm_readv"], "own children can be read all the same")


def case_wrong_usage(env: Env) -> None:
    for args in (("-p", 1), ("file",), ("--nosuch",)):
        result = env.tool.run("probe", *args)
        expect_equal(result.status, 2, f"status of probe {args}")
        expect_equal(result.out, "", "stdout")
        expect_equal(len(result.err.splitlines()), 1, "lines of stderr")


def case_full_disk(env: Env) -> None:
    if not os.path.exists("/dev/full"):
        skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        for args in ((), ("-J",)):
            result = env.tool.run("probe", *args, stdout=full.fileno())
            expect_equal(result.status, 3, f"status of probe {args}")


def case_leaves_nothing_behind(env: Env) -> None:
    """No child outlives it. A copy, so that it is not taken for another run."""
    copy_of_it = Path(shutil.copy(env.tool.path, env.tmp / "robtrace"))
    env.tool = Tool(copy_of_it)
    probe(env)
    left = [pid for pid in os.listdir("/proc") if pid.isdigit()
            and proc_text(f"{pid}/cmdline").split("\0")[0] == str(copy_of_it)]
    expect_equal(left, [], "processes")


if __name__ == "__main__":
    main()
