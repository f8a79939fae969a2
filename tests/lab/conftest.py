"""The lab's servers under a fresh copy of the sample estate, and the commands an operator has."""

from __future__ import annotations

import base64
import csv
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KINDS = ("pbx1:extension", "pbx1:voicemail", "mail1:mailbox", "im1:account", "im1:member", "total")
ANY_REMOVAL = tuple(word for kind in KINDS for word in ("--allow-removal", kind))
NOTES = pytest.StashKey[list[str]]()
LINES = Path(__file__).with_name("lines.yml")
LINES_REMOVAL = ("--allow-removal", "pbx1:trunk", "--allow-removal", "pbx1:route")
LINKED = ("roles", "playbooks", "plugins", ".venv", "ansible.cfg")


@dataclass
class Company:
    """An estate on the lab. Everything its commands ever printed is kept in `said`."""

    root: Path
    environ: dict[str, str]
    said: list[str] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)

    def run(self, *argv: str, expect: int | None = 0, timeout: float = 300, typed: str = "") -> str:
        """Run a command of the virtual environment; insist on its exit code; return its output."""
        done = subprocess.run(
            [str(BIN / argv[0]), *argv[1:]], cwd=self.root, env=self.environ, timeout=timeout,
            capture_output=True, text=True, input=typed, check=False,
        )  # fmt: skip
        self.said += [done.stdout, done.stderr]
        if expect is not None:
            assert done.returncode == expect, (
                f"{argv}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        assert "Traceback" not in done.stdout + done.stderr
        return done.stderr if expect in {1, 3} else done.stdout

    def commsroom(self, *argv: str, expect: int | None = 0) -> str:
        """Run `commsroom`."""
        return self.run("commsroom", *argv, expect=expect)

    def json(self, *argv: str, expect: int = 0) -> Any:
        """Run `commsroom … --json` and read what it says."""
        return json.loads(self.commsroom(*argv, "--json", expect=expect))

    def on(self, host: str, script: str, *, check: bool = True) -> str:
        """Run a shell script on a server, as its administrator would by hand."""
        done = subprocess.run(
            ["ssh", "-F", ".commsroom/lab/ssh_config", host, "sh", "-s"], cwd=self.root, input=script,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def roster(self, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
        """Rewrite people.csv with what `change` makes of its rows."""
        file = self.root / "policies" / "people.csv"
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = list(rows[0])
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(change(rows))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what tests want people to know of a run that went well, too."""
    for line in terminalreporter.config.stash.get(NOTES, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def estate(request: pytest.FixtureRequest) -> Path:
    """The estate whose authority signed the running lab's certificates."""
    given = os.environ.get("COMMSROOM_LAB_ESTATE")
    return Path(given) if given else request.getfixturevalue("company").root


@pytest.fixture(scope="session")
def notes(request: pytest.FixtureRequest) -> list[str]:
    """Lines that are shown after all tests."""
    return request.config.stash.setdefault(NOTES, [])


def _copy(root: Path) -> None:
    root.mkdir()
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    for name in ("inventory", "policies"):
        shutil.copytree(ROOT / name, root / name)
    (root / "policies" / "allocations.lock").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The sample estate applied to the lab's real servers."""
    root = tmp_path_factory.mktemp("company") / "estate"
    _copy(root)
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    environ = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "COMMSROOM_KEY": key,
    }
    there = Company(root, environ)
    there.run("commsroom", "lab", "up", timeout=1500)
    there.commsroom("apply", "--yes")
    yield there
    there.said.clear()


@pytest.fixture(scope="module")
def lines(company: Company) -> Iterator[Company]:
    """The company with two lines to a telephone company, `main` and `spare`, for the tests of a module."""
    file = company.root / "policies" / "telephony.yml"
    before = file.read_text("utf-8")
    file.write_text(before + LINES.read_text("utf-8").removeprefix("---"), "utf-8")
    for name in ("main", "spare"):
        company.run("commsroom", "secret", "enter", f"pbx1:trunk/{name}", typed=f"given-{name}-1\n")
    company.commsroom("apply", "--yes")
    yield company
    file.write_text(before, "utf-8")
    company.commsroom("apply", "--yes", *ANY_REMOVAL, *LINES_REMOVAL)
    assert company.json("plan")["changes"] == []


@pytest.fixture
def clean(company: Company) -> Iterator[Company]:
    """The company as policy says, before and after a test."""
    policies = company.root / "policies"
    kept = policies.with_name("policies.kept")
    shutil.copytree(policies, kept)
    yield company
    numbers = policies / "allocations.lock"
    shutil.copy2(numbers, kept / numbers.name)
    shutil.rmtree(policies)
    kept.rename(policies)
    rules = policies / "security.yml"
    text = rules.read_text("utf-8")
    assert "retention: 90d" in text
    rules.write_text(text.replace("retention: 90d", "retention: 0d"), "utf-8")
    company.commsroom("apply", "--yes", *ANY_REMOVAL)  # whom the test brought goes at once
    rules.write_text(text, "utf-8")
    assert company.json("plan")["changes"] == []


@pytest.fixture
def newcomers() -> Callable[[str, int], list[dict[str, str]]]:
    """Rows of the roster for so many people whose logins begin with a word."""

    def make(word: str, count: int) -> list[dict[str, str]]:
        return [
            {"id": f"T-{word}{n}", "name": f"{word} {n}", "login": f"{word}{n}", "site": "kaohsiung",
             "department": "support", "position": "support-agent", "kind": "staff", "start": "2026-01-05"}
            for n in range(count)
        ]  # fmt: skip

    return make


@pytest.fixture
def shut() -> Callable[[Callable[[str], str], str, int], None]:
    """Insist that nobody outside reaches a port: nothing listens there, and no firewall need hide it."""

    def check(on_server: Callable[[str], str], host: str, port: int) -> None:
        places = [line.split()[3] for line in on_server("ss -Hltn").splitlines()]
        assert places
        assert [one for one in places if one.endswith(f":{port}") and not _is_loopback(one)] == []
        with pytest.raises(
            (ConnectionRefusedError, TimeoutError)
        ):  # a firewall says nothing at all
            socket.create_connection((host, port), 2)

    return check


def _is_loopback(place: str) -> bool:
    return place.startswith(("127.", "[::1]"))
