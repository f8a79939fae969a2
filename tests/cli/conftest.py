"""The real command line, run in this process (fast) or as a process of its own (streams, time)."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from commsroom.cli import main as entry

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from commsroom.cli.main import main; sys.exit(main())",
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
        done = subprocess.run([*COMMAND, *map(str, words)], check=False, text=True, **given)
        return Ended(done.returncode, done.stdout or "", done.stderr or "")

    return call
