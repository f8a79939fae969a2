"""One apply that dies: run by test_kills.py as a process of its own.

Arguments: estate, folder of the fakes, number of the ledger boundary to die at (0: none),
`honest` or `mutant` (a journal that writes no intents).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from commsroom.app.applying import apply
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope


class Mutant:
    """A journal without intents: what a run did between two outcomes, nobody will know."""

    def begin(self, *_args, **_kwargs) -> int:
        return 0

    def finish(self, *_args) -> None:
        pass

    def abandon(self, *_args) -> None:
        pass


def main() -> int:
    estate, fakes, boundary, journal = sys.argv[1:]
    passed = 0

    def count(_name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == int(boundary):
            os.kill(os.getpid(), signal.SIGKILL)

    with open_estate(Path(estate), simulate=Path(fakes), on_boundary=count) as opened:
        done = apply(
            opened,
            Scope(),
            confirm=lambda _plan: True,
            progress=Silent(),
            journal=Mutant() if journal == "mutant" else None,
        )
    print(passed)  # noqa: T201 - told to the test
    return int(done.exit_code)


sys.exit(main())
