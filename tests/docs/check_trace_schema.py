#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every line of a trace in JSON is as docs/json-schema-trace.json says, and the schema says something.

usage: check_trace_schema.py LOG_EVENTS

LOG_EVENTS is the program tests/unit/log_events.c. Exit status: 0 ok, 1 failures, 77 skipped.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs/json-schema-trace.json"
SNAPSHOT_SCHEMA = ROOT / "docs/json-schema.json"
JSON = ROOT / "docs/json.md"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in it, itself first; not those of a snapshot, which has a schema of its own."""
    if isinstance(value, dict):
        yield value
        value = {key: inner for key, inner in value.items() if key != "snapshot"}
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from objects(inner)


def kinds_of(schema: dict[str, Any]) -> set[str]:
    kinds: set[str] = set()
    for reference in schema["oneOf"]:
        kind = schema["$defs"][reference["$ref"].split("/")[-1]]["properties"]["kind"]
        kinds |= set(kind.get("enum", [kind.get("const")]))
    return kinds


def let_through(valid: Any, line: dict[str, Any], tried: set[Any]) -> Iterator[str]:
    """What the schema takes though it is wrong: each key missing, and one too many."""
    for number, whole in enumerate(objects(line)):
        form = (line["kind"], *whole)
        if form in tried:
            continue
        tried.add(form)
        for key in [*whole, "not_a_key"]:
            wrong = copy.deepcopy(line)
            target = list(objects(wrong))[number]
            if key == "not_a_key":
                # The names of arguments are the calls' own.
                if target is wrong.get("call", {}).get("args"):
                    continue
                target[key] = 1
            elif "call" in line and whole is line["call"]["args"]:
                target[key] = ["wrong"]
            else:
                del target[key]
            if valid.is_valid(wrong):
                yield f"{line['kind']}: {key} of {str(whole)[:60]}"


def main() -> int:
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is not installed")
        return 77
    if len(sys.argv) != 2:
        print("usage: check_trace_schema.py LOG_EVENTS", file=sys.stderr)
        return 1
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    chosen = jsonschema.validators.validator_for(schema)
    chosen.check_schema(schema)
    valid = chosen(schema)
    output = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True, timeout=50).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    failures = []
    for line in lines:
        failures += [f"{line['kind']}: {error.message[:300]}: {line}" for error in valid.iter_errors(line)]
    if {line["kind"] for line in lines} != kinds_of(schema):
        failures.append(f"kinds: {sorted(kinds_of(schema) ^ {line['kind'] for line in lines})}")
    documented = JSON.read_text(encoding="utf-8")
    failures += [f"docs/json.md does not tell of `{kind}`" for kind in kinds_of(schema)
                 if f"`{kind}`" not in documented]
    document = chosen(json.loads(SNAPSHOT_SCHEMA.read_text(encoding="utf-8")))
    failures += [f"snapshot: {error.message[:300]}" for line in lines if line["kind"] == "snapshot"
                 for error in document.iter_errors(line["snapshot"])]
    tried: set[Any] = set()
    for line in lines:
        failures += [f"let through: {wrong}" for wrong in let_through(valid, line, tried)]
    if not output.isascii():
        failures.append("a line is not plain ASCII")
    for failure in failures[:20]:
        print(failure)
    print(f"{len(lines)} lines, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
