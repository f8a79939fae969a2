"""The real command line, run in this process (fast) or as a process of its own (streams, time)."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from commsroom.cli import main as entry

HERE = Path(__file__).parent
DAY = ("--as-of", "2026-03-02")
COMMAND = [
    sys.executable,
    "-c",
    "import sys; from commsroom.cli.start import main; sys.exit(main())",
]


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Run a command line in this process; nobody sits at the keyboard."""

    def call(*words):
        capsys.readouterr()
        code = entry.main([str(word) for word in words])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return call


@pytest.fixture
def spawn():
    """Run a command line as a process of its own."""

    def call(*words, **settings):
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **settings}
        command = given.pop("program", COMMAND)
        done = subprocess.run([*command, *map(str, words)], check=False, text=True, **given)
        return Ended(done.returncode, done.stdout or "", done.stderr or "")

    return call


class Estate:
    """A small estate in a folder of its own, all its systems simulated."""

    def __init__(self, path, run):
        self.path = path
        self._run = run

    def __call__(self, *words, simulated=True):
        simulate = ["--simulate", self.path] if simulated else []
        return self._run("--estate", self.path, *simulate, *words)

    def policy(self, name, old, new):
        """Change a text of a policy file."""
        file = self.path / "policies" / name
        content = file.read_text("utf-8")
        assert old in content
        file.write_text(content.replace(old, new), "utf-8")

    def leave(self, *people):
        """Take people out of the roster."""
        file = self.path / "policies/people.csv"
        rows = file.read_text("utf-8").splitlines(keepends=True)
        file.write_text("".join(row for row in rows if row[:2] not in people), "utf-8")

    def by_hand(self, change):
        """Change what the chat server holds, behind commsroom's back."""
        file = self.path / "im1.json"
        held = json.loads(file.read_text("utf-8"))
        change(held)
        file.write_text(json.dumps(held), "utf-8")

    def held(self):
        """What the chat server holds."""
        return (self.path / "im1.json").read_bytes()


@pytest.fixture(scope="session")
def applied(tmp_path_factory):
    """An estate to copy, applied once."""
    base = tmp_path_factory.mktemp("applied")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(base / "config"))
        patch.delenv("COMMSROOM_LEDGER", raising=False)
        shutil.copytree(HERE / "estate", base / "estate")
        words = ["apply", "--json", "--yes", "--estate", base / "estate", *DAY]
        simulate = ["--simulate", base / "estate"]
        assert entry.main([str(word) for word in [*words, *simulate]]) == 0
        yield base / "estate"


@pytest.fixture
def estate(applied, tmp_path, run):
    return Estate(shutil.copytree(applied, tmp_path / "estate"), run)


@pytest.fixture
def fresh(applied, tmp_path, run):
    """The same, never applied; with the inventory's answer kept, since Ansible takes a second."""
    path = shutil.copytree(HERE / "estate", tmp_path / "fresh")
    (path / ".commsroom").mkdir(mode=0o700)
    shutil.copy(applied / ".commsroom/inventory.json", path / ".commsroom")
    return Estate(path, run)
