"""Where secrets must never be: outputs, files, arguments, environments, on the controller and the servers."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab


class ProcessWatch:
    """Looks at every process's arguments and environment, again and again, while something runs.

    The servers' processes are among them: containers share the kernel's process table.
    """

    def __init__(self):
        self.seen: set[bytes] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        known = set()
        while not self._over.is_set():
            running = {entry for entry in Path("/proc").iterdir() if entry.name.isdigit()}
            for entry in running - known:
                self._look(entry)
            # A process that was just born shows its parent's arguments until it becomes its own.
            known = {entry for entry in running if entry in known or self._settled(entry)}
            time.sleep(0.002)

    def _look(self, entry):
        for name in ("cmdline", "environ"):
            try:
                self.seen.add((entry / name).read_bytes())
            except OSError:  # gone meanwhile
                return

    @staticmethod
    def _settled(entry):
        try:
            return time.time() - entry.stat().st_mtime > 0.5
        except OSError:
            return True


def test_no_secret_is_ever_in_an_argument_or_an_environment(clean, newcomers) -> None:
    clean.roster(lambda rows: [*rows, *newcomers("argv", 30)])
    with ProcessWatch() as watch:
        clean.commsroom("apply", "--yes")
        clean.commsroom("prove", "--person", "argv0")
    values = {entry["value"] for entry in clean.json("secret", "show", "*")["secrets"]}
    clean.said[:] = [text for text in clean.said if '"value"' not in text]
    long = [value.encode() for value in values if not value.isdigit()]
    assert len(long) > 150
    for name in (b"ssh", b"python3", b"postmap"):
        assert any(name in text for text in watch.seen), f"{name} was not even seen"
    assert sum(value in text for text in watch.seen for value in long) == 0


def test_no_secret_is_in_any_output_ledger_plan_or_file_but_the_store(company) -> None:
    shown = company.json("secret", "show", "*")
    values = {entry["value"] for entry in shown["secrets"]}
    pins = {value for value in values if value.isdigit()}
    company.said[:] = [text for text in company.said if '"value"' not in text]
    assert len(values) > 100

    company.commsroom("plan", "--out", "plan.json")
    company.commsroom("explain", "pbx1:extension/*")
    company.commsroom("drift", "--format", "html", "--out", "drift.html")
    state = company.root / ".commsroom"
    files = [
        path
        for path in company.root.rglob("*")
        if path.is_file() and state / "ca" not in path.parents
    ]
    texts = {
        str(path): path.read_bytes().decode(errors="replace")
        for path in files
        if ".venv" not in path.parts
    }
    texts["output"] = "\n".join(company.said)
    for name, text in texts.items():
        leaked = [value for value in values - pins if value in text]
        assert leaked == [], f"{len(leaked)} secrets are in {name}"
