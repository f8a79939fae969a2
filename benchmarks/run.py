"""`make bench`: applying 1,000 new people to the lab, against hand-written loaders of the same objects.

In each round each back end against its loader on its server, then the whole command, `commsroom apply --yes`
over all three servers: it also starts Python, reads roster and servers, makes and seals 4,000 secrets,
keeps the ledger, and reads everything again. The loaders only load, one server after the other; the one of
Prosody saves each room once, at its end. The figure is the median of the rounds' ratios. A second one is
against a loader that also has Prosody collect garbage less often, as commsroom does while it works.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from statistics import median
from typing import Any, Final

from estate import ESTATE, ROOT, ROSTER, commsroom, hire, prepare

BACKENDS: Final = ("asterisk", "mail", "prosody")
PEOPLE: Final = 1000
ROUNDS: Final = 3


def main() -> int:
    """Measure, print a table, write benchmarks/results.json."""
    prepare()
    commsroom("lab", "up")
    commsroom("apply", "--yes")
    rounds = [_round(turn) for turn in range(ROUNDS)]
    found = {
        "people": PEOPLE,
        "ratio": median(one["ratio"] for one in rounds),
        "ratio_roomy": median(one["ratio_roomy"] for one in rounds),
        "whole_command_s": median(one["whole_command_s"] for one in rounds),
        "loaders_one_after_the_other_s": median(
            one["loaders_one_after_the_other_s"] for one in rounds
        ),
        "back_ends": {
            name: _middle([one["back_ends"][name] for one in rounds]) for name in BACKENDS
        },
        "rounds": rounds,
    }
    (ROOT / "benchmarks" / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    _table(found)
    return 0


def _round(turn: int) -> dict[str, Any]:
    pairs = {name: _pair(name) for name in BACKENDS}
    whole, loaders = _whole(turn), sum(pair["loader_s"] for pair in pairs.values())
    roomy = loaders - pairs["prosody"]["loader_s"] + pairs["prosody"]["roomy_loader_s"]
    print(f"round {turn + 1}: {whole:.2f} s / {loaders:.2f} s = {whole / loaders:.2f}", flush=True)
    return {
        "ratio": whole / loaders,
        "ratio_roomy": whole / roomy,
        "whole_command_s": whole,
        "loaders_one_after_the_other_s": loaders,
        "back_ends": pairs,
    }


def _middle(pairs: list[dict[str, Any]]) -> dict[str, float]:
    return {key: median(one[key] for one in pairs) for key in ("commsroom_s", "loader_s", "ratio")}


def _pair(name: str) -> dict[str, Any]:
    script = ROOT / "benchmarks" / f"{name}_loader.py"
    argv = [sys.executable, str(script), "--people", str(PEOPLE), "--rounds", "1", "--json"]
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
    middle = found["whole_command_s"]
    loaders = found["loaders_one_after_the_other_s"]
    print(f"{'the whole command':<28}{middle:>9.2f}s{loaders:>9.2f}s{found['ratio']:>8.2f}")
    print(f"the whole command, loader spares garbage collection too: {found['ratio_roomy']:.2f}")


if __name__ == "__main__":
    sys.exit(main())
