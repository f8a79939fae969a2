"""What opens secrets leaves no core dump, and no program that is started sees it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import pytest

from commsroom import children
from commsroom.secrets import key
from commsroom.secrets.stores import opening

KEYS = (key.VARIABLE, key.FILE_VARIABLE, key.FINGERPRINTS, key.FINGERPRINTS_FILE)
ABORTING = """
import os, resource, sys
from pathlib import Path
from commsroom.secrets import key
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
if sys.argv[1] == "with":
    key.find(Path.cwd(), environ={"COMMSROOM_KEY": "A" * 43 + "="})
os.abort()
"""


@pytest.mark.parametrize("held", ["with", "without"])
def test_a_process_that_holds_the_key_leaves_no_core(tmp_path, held):
    process = subprocess.Popen([sys.executable, "-c", ABORTING, held], cwd=tmp_path)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    assert os.WTERMSIG(status) == signal.SIGABRT
    allowed = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0
    assert os.WCOREDUMP(status) is (allowed and held == "without")


@pytest.mark.parametrize(
    "name", [*KEYS, "COMMSROOM_LEDGER", opening.FILE_VARIABLE, opening.TOKEN_VARIABLE]
)
def test_programs_that_are_started_do_not_see_what_opens_secrets(monkeypatch, name):
    monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    assert "canary" not in children.environ().values()
    assert children.environ()["SSH_AUTH_SOCK"] == "/run/agent"
