"""The program as it is sent to a station: it runs in an interpreter of its own, and outlives who began it."""

import json
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from commsroom.backends.wipe_station import on_target_job
from commsroom.backends.wipe_station.client import RealClient
from commsroom.backends.wipe_station.provider import WipeStation
from commsroom.estate.backend import Deadlines, Target
from commsroom.estate.retiring.verdict import Result
from commsroom.estate.retiring.wiping import Attached, Job

pytestmark = pytest.mark.slow
JOBS = Path("/var/lib/commsroom/wipes")
SSH = '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n'


@pytest.fixture
def station(tmp_path, monkeypatch):
    """A station on this machine, reached by an `ssh` that only runs what it is given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ssh").write_text(SSH, "ascii")
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    target = Target(system="wipe1", host="127.0.0.1", tls_name="", estate=tmp_path)
    return WipeStation("wipe1", RealClient(target, Deadlines()))


@pytest.fixture
def job(station, disks):
    """One disk on it, to be overwritten; leaves no note of it."""
    disk = disks(size=48 * 2**20)
    (found,) = station.look([disk.path])
    assert isinstance(found, Attached)
    medium = found.medium
    name = f"test-{uuid.uuid4().hex[:16]}"
    yield (
        disk,
        Job(
            name=name,
            path=disk.path,
            device=found.device,
            serial=medium.serial,
            bytes=medium.bytes,
            method="overwrite",
        ),
    )
    (JOBS / f"{name}.json").unlink(missing_ok=True)


def ended(station, job):
    deadline = time.monotonic() + 120
    while (standing := station.status([job.name])[job.name]).state == "running":
        assert time.monotonic() < deadline, standing
        time.sleep(0.1)
    return standing


def test_a_job_goes_on_when_nobody_listens_and_says_how_it_ended(station, job) -> None:
    disk, what = job
    assert station.refusals([what]) == [()]
    assert station.start([what])[what.name].state == "running"
    again = station.start([what])[what.name]  # whoever asks again begins nothing
    assert again.state in {"running", "ended"}
    standing = ended(station, what)
    assert standing.verdict is not None
    assert (standing.verdict.result, standing.serial) == (Result.PASS, what.serial)
    assert disk.residue() == 0
    assert station.start([what])[what.name].verdict == standing.verdict


def test_a_job_that_was_killed_is_interrupted_and_begins_anew(station, job) -> None:
    disk, what = job
    station.start([what])
    pid = json.loads((JOBS / f"{what.name}.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while station.status([what.name])[what.name].state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert station.status([what.name])[what.name].state == "interrupted"
    station.start([what])
    standing = ended(station, what)
    assert standing.verdict is not None
    assert standing.verdict.result is Result.PASS
    assert disk.residue() == 0


def test_a_process_that_died_and_that_nobody_asked_for_is_not_at_work() -> None:
    """Where the first process reaps nobody, as in some containers, a killed job would be at work for ever."""
    child = subprocess.Popen(["sleep", "60"])
    noted = on_target_job._process(child.pid)
    assert on_target_job._alive(noted)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and still listed
    assert not on_target_job._alive(noted)
    child.wait()


def test_what_is_no_disk_is_said_by_path(station, tmp_path) -> None:
    assert station.look([str(tmp_path / "none")]) == [
        f"{tmp_path / 'none'}: there is no such device"
    ]


def test_nobody_ever_began_a_job_is_unknown(station) -> None:
    assert station.status(["test-never"])["test-never"].state == "unknown"
