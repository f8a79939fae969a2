"""The SSH session, against a stand-in for the ssh command that runs the program right here."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest

from commsroom.backends import on_target, ssh_conversation
from commsroom.backends.ssh import Session
from commsroom.errors import FenceRefused, SystemUnknown, TargetMoved
from commsroom.estate.backend import Target

MODULE = "commsroom.backends.on_target"

RUN_HERE = """#!/bin/sh
# Stands for ssh: the last argument is the command line for the remote shell.
printf '%s\\n' "$@" >> "{log}"
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a stand-in for `ssh` first on PATH; returns a function that changes what it does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "argv"

    def install(script: str) -> Path:
        path = folder / "ssh"
        path.write_text(script.replace("{log}", str(log)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return log

    install(RUN_HERE)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return install


def session(tmp_path: Path, *arguments: str, connect_timeout: float = 2.0) -> Session:
    return Session(Target("pbx1", "198.18.0.1", "pbx1.x", tmp_path, arguments), connect_timeout)


def test_a_function_runs_there_and_its_answer_comes_back(ssh, tmp_path: Path) -> None:
    answer = session(tmp_path).call(
        MODULE, "run", ["printf", "%s", "héllo ] ; \" , $ \\ '"], phase="read", timeout=5
    )
    assert answer == "héllo ] ; \" , $ \\ '"


def test_no_data_ever_stands_in_an_argument_list(ssh, tmp_path: Path) -> None:
    log = ssh(RUN_HERE)
    session(tmp_path, "-F", "ssh config").call(
        MODULE, "run", ["printf", "hunter2"], phase="read", timeout=5
    )
    argv = log.read_text()
    assert "hunter2" not in argv
    assert "-F\nssh config\n" in argv
    assert "BatchMode=yes" in argv


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\\nHost key verification failed.", "authenticate: its host key is not the one"),
        ("No ED25519 host key is known.\\nHost key verification failed.", "authenticate: its host key is not in known_hosts"),
        ("root@x: Permission denied (publickey).", "authenticate: it refused our SSH key"),
        ("ssh: connect to host x port 22: Connection refused", "connect: connection refused"),
        ("ssh: connect to host x port 22: Connection timed out", "connect: no answer within the time limit"),
        ("ssh: Could not resolve hostname x", "connect: its name does not resolve"),
        ("kex_exchange_identification: something new", "connect: kex_exchange_identification"),
    ],
)  # fmt: skip
def test_what_ssh_complains_of_becomes_one_clear_line(
    ssh, tmp_path: Path, complaint: str, expected: str
) -> None:
    ssh(f"#!/bin/sh\nprintf '{complaint}\\n' >&2\nexit 255\n")
    with pytest.raises(SystemUnknown, match=f"pbx1: {expected}") as raised:
        session(tmp_path).call(MODULE, "run", ["true"], phase="read", timeout=5)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 4


def test_a_hang_before_login_and_a_hang_at_work_are_told_apart_and_end(ssh, tmp_path: Path) -> None:
    started = time.monotonic()
    quick = session(tmp_path, connect_timeout=0.3)
    with pytest.raises(SystemUnknown, match="pbx1: apply: no answer within"):
        quick.call(MODULE, "run", ["sleep", "30"], phase="apply", timeout=0.7)
    ssh("#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(SystemUnknown, match="pbx1: authenticate: no answer within"):
        quick.call(MODULE, "run", ["true"], phase="apply", timeout=0.2)
    assert time.monotonic() - started < 5


def test_a_server_that_talks_nonsense_or_is_cut_off_is_unknown(ssh, tmp_path: Path) -> None:
    ssh("#!/bin/sh\nhead -c 100000 /dev/urandom\nexit 0\n")
    with pytest.raises(SystemUnknown):
        session(tmp_path).call(MODULE, "run", ["true"], phase="read", timeout=5)
    ssh("#!/bin/sh\nprintf '\\036commsroom:hello\\n'\nexit 255\n")
    with pytest.raises(SystemUnknown, match="closed the connection half way"):
        session(tmp_path).call(MODULE, "run", ["true"], phase="read", timeout=5)


def test_a_server_that_talks_without_end_is_given_up_before_it_fills_our_memory(
    ssh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_conversation, "MOST_BYTES", 4_000_000)
    ssh("#!/bin/sh\nexec yes a line of some .bashrc\n")
    began = time.monotonic()
    with pytest.raises(SystemUnknown, match="pbx1: read: it talks on and on"):
        session(tmp_path).call(MODULE, "run", ["true"], phase="read", timeout=30)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("answer", ["[]", '{"nothing": 1}', '{"error": 7}', '"ok"'])
def test_an_answer_of_another_shape_is_unknown(ssh, tmp_path: Path, answer: str) -> None:
    ssh(f"#!/bin/sh\nprintf '\\036commsroom:%s\\n' '{answer}'\n")
    with pytest.raises(SystemUnknown, match="makes no sense"):
        session(tmp_path).call(MODULE, "run", ["true"], phase="read", timeout=5)


def test_what_a_login_shell_prints_by_itself_does_not_matter(ssh, tmp_path: Path) -> None:
    ssh(RUN_HERE.replace("exec sh", "printf 'Welcome!\\nno newline'\nexec sh"))
    answer = session(tmp_path).call(MODULE, "run", ["printf", "x"], phase="read", timeout=5)
    assert answer == "x"


def test_a_job_larger_than_any_pipe_arrives_whole(ssh, tmp_path: Path) -> None:
    long = "x" * 100_000
    words = ["sh", "-c", "printf %s $#", "sh", *[long] * 10]
    answer = session(tmp_path).call(MODULE, "run", words, phase="read", timeout=20)
    assert answer == "10"


def test_an_unexpected_error_on_the_target_does_not_show_its_text(ssh, tmp_path: Path) -> None:
    with pytest.raises(SystemUnknown) as raised:
        session(tmp_path).call(MODULE, "run", {"hunter2": 1}, phase="read", timeout=5)
    assert "hunter2" not in str(raised.value)
    assert "KeyError" in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "error"), [("moved", TargetMoved), ("fenced", FenceRefused), ("failed", SystemUnknown)]
)
def test_what_the_program_refuses_becomes_our_own_error(
    ssh, tmp_path: Path, kind: str, error: type
) -> None:
    answer = json.dumps({"error": kind, "message": "said so"})
    ssh(f"#!/bin/sh\nprintf '\\036commsroom:%s\\n' '{answer}'\n")
    with pytest.raises(error, match=r"pbx1:.*said so"):
        session(tmp_path).call(MODULE, "run", ["true"], phase="apply", timeout=5)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(on_target, "LOCKS", tmp_path)
    monkeypatch.setattr(on_target, "STATE", tmp_path / "state")
    return tmp_path


def test_a_newer_apply_fences_an_older_one_off(here: Path) -> None:
    with on_target.locked("x", fence=7, estate_id="e-1"):
        pass
    with (
        pytest.raises(on_target.TargetError) as refused,
        on_target.locked("x", fence=6, estate_id="e-1"),
    ):
        pytest.fail("an old fence got in")
    assert refused.value.kind == "fenced"
    with (
        on_target.locked("x", fence=7, estate_id="e-1"),
        on_target.locked("y", fence=1, estate_id="e-2"),
    ):
        pass


def test_two_runs_cannot_hold_the_targets_lock(here: Path) -> None:
    with (
        on_target.locked("x", fence=1, estate_id="e"),
        pytest.raises(on_target.TargetError) as refused,
        on_target.locked("x", fence=1, estate_id="e", timeout=0.1),
    ):
        pytest.fail("two runs hold one lock")
    assert refused.value.kind == "busy"


def test_a_file_is_replaced_whole_or_not_at_all(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = here / "users"
    assert on_target.replace(path, "one", mode=0o600)
    assert not on_target.replace(path, "one", mode=0o640)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(on_target.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        on_target.replace(path, "two")
    assert path.read_text() == "one"
    assert [item.name for item in here.iterdir()] == ["users"]
