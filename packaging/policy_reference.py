"""Write docs/reference/policy.md and the JSON Schemas beside it from the policy models.

The form of a baseline (`commsroom ledger export`) is written beside them, from its own model.

    python packaging/policy_reference.py [--check]

With --check nothing is written; exit 1 when a file is not what the models say.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commsroom import policy
from commsroom.estate.retiring import document
from commsroom.ledger.baseline import Baseline
from commsroom.policy import logins
from commsroom.policy.devices import DeviceKind, DeviceState

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/reference"

INTRO = """\
# Policy files

<!-- Written by packaging/policy_reference.py from the models in commsroom/policy; do not edit. -->

What each file of `policies/` may say. Everything else in them is an error, with its line and the
nearest valid word. Numbers to dial, sizes, durations and clauses are text; put them in quotes where
they begin with a digit that YAML would take for a number. Any part with a `clause` serves that
clause of the regulation, and so does what stands below it. Durations: `30d`, `12h`, `15m`, `20s`,
`2w`, `7y`. Sizes: `10 GiB`, `unlimited`.

The roster (`people.csv`, or `people.jsonl`, `people.yml` with the same columns) is described at the
end, equipment, keys and allocations after it.
"""

ROSTER = """\
## The roster: `people.csv`

| column | |
|---|---|
| id | for ever the person's; ASCII letters, digits, `.`, `_`, `-` |
| name | in any script; no line breaks, control or bidirectional characters |
| login | only where the rules below do not give the right one |
| department, position, site | ids of `company.yml` and `positions.yml`; partners may have no department and position |
| kind | `staff`, `contractor` or `partner`; a partner needs an end and has only what `named` in `positions.yml` grants |
| start, end | first and last working day, whole days at the company; `end` may be empty |
| manager | an id of the roster, or empty |
| language | a language tag such as `zh-Hant`; empty is the company's |
| email | an address to use instead of login@domain |

Only id, name, department, position, site, kind, start and end must be there; the order is free.

"""

DEVICES = """\
## Equipment: `devices.csv`

A row a device. The file is optional. What happens to a device is in the ledger: `commsroom device`
writes both, and where they disagree about holder, state, site and port, the ledger has the last word.

| column | |
|---|---|
| asset_tag | what is stuck on it, and its name for ever; ASCII letters, digits, `.`, `_`, `-` |
| kind | %(kinds)s |
| vendor, model | as maintenance plans name them: globs over `VENDOR MODEL` |
| serial | the maker's number; one device of a vendor has it |
| mac | in any notation: `80:5e:c0:..`, `80-5E-C0-..`, `805e.c0..`, `805E-C0..`; one device has it |
| purchased, warranty_end | days; `warranty_end` is the last one covered |
| price | digits, with a point for cents, in the `currency` of `equipment.yml` |
| site | an id of `company.yml` |
| holder | one person of the roster or one place of `equipment.yml`; nobody for what is lost or retired |
| state | %(states)s; in `repair` it keeps its holder |
| port | `SWITCH:PORT` it is plugged into; one device of a kind is at a port, so a computer may share its telephone's |
| media | serial numbers of the disks in it, with spaces between; no other is wiped in its name |
| owner | `personal` for a mobile that is its holder's own: never more than its work profile is removed; `company` or empty else |
| mdm | `SYSTEM:ENROLMENT`, for a mobile: the MDM server that manages it, and what that calls it |

Only asset_tag, kind, vendor, model, site and state must be there; the order is free.

"""

ALLOCATIONS = """\
## Keys: `keys/ID.pub`

Public SSH keys of people, one file each, named by the id of the roster: what they are given is sealed to it
(`commsroom handover`). One line as ssh-keygen writes it, `ssh-ed25519` or `ssh-rsa` of 2048 to 4096 bits; nobody
shares one. Only `validate` and `handover` read them.

## Allocations: `allocations.lock`

Written by `commsroom apply`, committed with the policy, one line a person: id, login, number, site,
day, and the day it was given back. A login is never given to a second person; a number rests for
the quarantine of `security.yml`, though its last holder may have it again. Namesakes get `wei.wang`,
`wei.wang2`. When two merged branches gave one number twice, validate names both lines: remove the
newer one, and apply gives a new number. To give somebody a number of your choice, change their line
before the number is first applied.
"""


def main() -> int:
    """Write the files, or compare them."""
    files = {FOLDER / "policy.md": page()}
    for name, schema in policy.schemas().items():
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        files[FOLDER / "policy" / f"{name}.schema.json"] = text
    form = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Baseline.model_json_schema(),
    }
    text = json.dumps(form, ensure_ascii=False, indent=2) + "\n"
    files[FOLDER / "baseline.schema.json"] = text
    text = json.dumps(document.schema(), ensure_ascii=False, indent=2) + "\n"
    files[FOLDER / "certificate.schema.json"] = text
    if "--check" in sys.argv[1:]:
        stale = [file for file, text in files.items() if _read(file) != text]
        for file in stale:
            print(f"{file.relative_to(ROOT)} is not what the models say: run {Path(__file__).name}")
        return 1 if stale else 0
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return 0


def page() -> str:
    """Return the reference page."""
    parts = [INTRO]
    for name, schema in policy.schemas().items():
        parts.append(f"## `{name}.yml`\n")
        parts += _tables(schema)
    rules = (inspect.getdoc(logins) or "").split("\n", 1)[1]
    listed = {
        "kinds": ", ".join(f"`{kind}`" for kind in DeviceKind),
        "states": ", ".join(f"`{state}`" for state in DeviceState),
    }
    logins_part = ROSTER + "### Logins\n" + rules + "\n"
    return "\n".join([*parts, logins_part, DEVICES % listed, ALLOCATIONS])


def _tables(schema: dict[str, Any]) -> Iterator[str]:
    yield _table(schema)
    for name, part in sorted(schema.get("$defs", {}).items()):
        if "properties" in part:
            yield f"### {_words(name)}\n\n{_first(part)}\n"
            yield _table(part)
        elif "enum" in part:
            yield f"### {_words(name)}\n\n{_first(part)} {_type(part)}\n"


def _table(part: dict[str, Any]) -> str:
    required = part.get("required", [])
    lines = ["| key | value | |", "|---|---|---|"]
    for name, item in part["properties"].items():
        if name == "clause":
            continue
        must = " (required)" if name in required else _default(item)
        lines.append(f"| `{name}` | {_type(item)}{must} | {item.get('description', '')} |")
    return "\n".join(lines) + "\n"


def _type(item: dict[str, Any]) -> str:
    if "$ref" in item:
        return _words(item["$ref"].rsplit("/", 1)[1])
    if "anyOf" in item:
        return " or ".join(_type(part) for part in item["anyOf"] if part.get("type") != "null")
    if "enum" in item:
        return ", ".join(f"`{value}`" for value in item["enum"])
    if item.get("type") == "array":
        return "list of " + _type(item["items"])
    if item.get("type") == "object":
        inner = item.get("additionalProperties") or next(iter(item["patternProperties"].values()))
        by = _type(item["propertyNames"]) if "$ref" in item.get("propertyNames", {}) else "name"
        return f"by {by}: {_type(inner)}"
    words = {"string": "text", "integer": "number", "boolean": "true / false"}
    return words.get(item.get("type", ""), "text")


def _default(item: dict[str, Any]) -> str:
    return f", default `{json.dumps(item['default'])}`" if "default" in item else ""


def _first(part: dict[str, Any]) -> str:
    return str(part.get("description", "")).split("\n\n")[0].replace("\n", " ")


def _words(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
