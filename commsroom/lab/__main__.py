"""`python -m commsroom.lab`: the lab by itself, and throw-away hosts for tests of a role."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from commsroom import lab
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = _parser().parse_args(arguments)
    try:
        return _run(given)
    except CommsroomError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)


def _run(given: argparse.Namespace) -> int:
    begun = time.monotonic()

    def say(step: str, detail: str) -> None:
        sys.stderr.write(f"lab {time.monotonic() - begun:5.1f} s  {step}: {detail}\n")

    match str(given.verb):
        case "up":
            found = lab.up(
                given.estate, progress=say, only=given.names or None, fresh=given.fresh, bare=given.bare
            )  # fmt: skip
            _print(found.document())
        case "down":
            lab.down(given.estate, purge=given.purge)
        case "status":
            _print(lab.status(given.estate).document())
        case "run":
            _print(lab.run(given.estate, given.name, progress=say, names=given.dns))
        case "rm":
            lab.remove(given.estate, given.name)
        case "ssh":
            config = given.estate / ".commsroom" / "lab" / "ssh_config"
            os.execvp("ssh", ["ssh", "-F", str(config), given.name, *given.command])  # noqa: S606, S607
        case _:
            pass
    return 0


def _print(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m commsroom.lab", description=__doc__)
    parser.add_argument("--estate", type=Path, default=Path(), help="its root (default: here)")
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="start the servers, making what is missing")
    up.add_argument("names", nargs="*", metavar="SERVER", help="only these")
    up.add_argument("--fresh", action="store_true", help="make them anew, from plain Debian")
    up.add_argument("--bare", action="store_true", help="make them anew as plain Debian, no roles")
    down = verbs.add_parser("down", help="remove servers and network")
    down.add_argument("--purge", action="store_true", help="images, packages and keys too")
    verbs.add_parser("status", help="what runs, as JSON")
    run = verbs.add_parser("run", help="make a throw-away host of plain Debian")
    run.add_argument("name")
    run.add_argument(
        "--dns", action="append", default=[], help="a further name for its certificate"
    )
    remove = verbs.add_parser("rm", help="remove a throw-away host")
    remove.add_argument("name")
    ssh = verbs.add_parser("ssh", help="log in to a server, or run a command there")
    ssh.add_argument("name")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main())
