"""`make bench`: applying 1,000 new people to the lab, against hand-written loaders of the same objects.

First each back end against its loader on its server, then the whole command, `commsroom apply --yes`
over all three servers: it also starts Python, reads roster and servers, makes and seals 4,000 secrets,
keeps the ledger, and reads everything again. The loaders only load, one server after the other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any, Final

from estate import ESTATE, ROOT, ROSTER, commsroom, hire, prepare

BACKENDS: Final = ("asterisk", "mail", "prosody")
PEOPLE: Final = 1000
ROUNDS: Final = 3


def main() -> int:
    """Measure, print a table, write benchmarks/results.json."""
    prepare()
    commsroom("lab", "up")
    pairs = {name: _pair(name) for name in BACKENDS}
    commsroom("apply", "--yes")
    whole = sorted(_whole(turn) for turn in range(ROUNDS))
    loaders = sum(pair["loader_s"] for pair in pairs.values())
    found = {
        "people": PEOPLE,
        "back_ends": pairs,
        "whole_command_s": whole,
        "loaders_one_after_the_other_s": loaders,
        "ratio": whole[ROUNDS // 2] / loaders,
    }
    (ROOT / "benchmarks" / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    _table(found)
    return 0


def _pair(name: str) -> dict[str, Any]:
    script = ROOT / "benchmarks" / f"{name}_loader.py"
    argv = [sys.executable, str(script), "--people", str(PEOPLE), "--rounds", str(ROUNDS), "--json"]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, "COMMSROOM_ESTATE": str(ESTATE)}, check=True,
        stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    print(f"{name}: {found['commsroom_s']:.2f} s, loader {found['loader_s']:.2f} s", flush=True)
    return found


def _whole(turn: int) -> float:
    """Add the people to the roster, apply, take them out again; return the seconds of the apply."""
    before = ROSTER.read_bytes()
    hire(str(turn), PEOPLE)
    started = time.monotonic()
    commsroom("apply", "--yes")
    took = time.monotonic() - started
    print(f"commsroom apply: {took:.2f} s", flush=True)
    ROSTER.write_bytes(before)
    kinds = [
        "pbx1:extension",
        "pbx1:voicemail",
        "mail1:mailbox",
        "im1:account",
        "im1:member",
        "total",
    ]
    commsroom("apply", "--yes", *(word for kind in kinds for word in ("--allow-removal", kind)))
    # Numbers of people who are gone rest; the next turn needs them.
    shutil.copy(ROOT / "policies" / "allocations.lock", ESTATE / "policies" / "allocations.lock")
    return took


def _table(found: dict[str, Any]) -> None:
    print(f"\n{'1,000 new people':<28}{'commsroom':>10}{'loader':>10}{'ratio':>8}")
    for name, pair in found["back_ends"].items():
        print(
            f"{name:<28}{pair['commsroom_s']:>9.2f}s{pair['loader_s']:>9.2f}s{pair['ratio']:>8.2f}"
        )
    middle = found["whole_command_s"][ROUNDS // 2]
    loaders = found["loaders_one_after_the_other_s"]
    print(f"{'the whole command':<28}{middle:>9.2f}s{loaders:>9.2f}s{found['ratio']:>8.2f}")


if __name__ == "__main__":
    sys.exit(main())
