"""The estate that benchmarks work on: a copy of the sample in `.bench`, on the lab's servers."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ESTATE: Final = ROOT / ".bench"
ROSTER: Final = ESTATE / "policies" / "people.csv"
BIN: Final = Path(sys.executable).parent
LINKED: Final = ("roles", "playbooks", "plugins", ".venv", "ansible.cfg")


def prepare() -> None:
    """Copy it anew."""
    shutil.rmtree(ESTATE, ignore_errors=True)
    ESTATE.mkdir()
    for name in LINKED:
        (ESTATE / name).symlink_to(ROOT / name)
    for name in ("inventory", "policies"):
        shutil.copytree(ROOT / name, ESTATE / name)
    # Who is taken out of the roster after each turn is to be gone at once.
    rules = ESTATE / "policies" / "security.yml"
    rules.write_text(rules.read_text("utf-8").replace("retention: 90d", "retention: 0d"), "utf-8")


def environ() -> dict[str, str]:
    """Return the environment its commands run in."""
    return {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(ESTATE / "ansible.cfg"),
    }


def commsroom(*argv: str) -> None:
    """Run `commsroom`, which must succeed."""
    subprocess.run(
        [str(BIN / "commsroom"), *argv], cwd=ESTATE, env=environ(), check=True,
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def hire(word: str, count: int, *, site: str = "") -> None:
    """Add so many engineers to the roster; both sites in turn, or one."""
    with ROSTER.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for index in range(count):
            place = site or ("taipei", "kaohsiung")[index % 2]
            writer.writerow(
                [f"B{word}{index:05}", f"王 {index} Bench", f"bench{word}x{index:05}", "engineering",
                 "engineer", place, "staff", "2026-01-05", "", "", "", ""]
            )  # fmt: skip
