"""Disks that erase themselves: their word is not enough. None of these commands has run on hardware."""

import json
import os
import sys
from pathlib import Path

import pytest

from commsroom.backends.wipe_station import on_target_commands, on_target_job
from commsroom.estate.retiring.methods import METHODS, By, Evidence, Ran

pytestmark = pytest.mark.slow

TOOLS = Path(__file__).with_name("simulated_tools.py")
COMMANDS = [
    method.name
    for method in METHODS
    if method.by is By.STATION and method.evidence is Evidence.DEVICE
]


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Have simulated tools in the path; returns what sets their device up."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("hdparm", "nvme", "sg_sanitize"):
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec {sys.executable} {TOOLS} {name} "$@"\n', "ascii")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("SIMULATED", str(tmp_path / "device.json"))
    monkeypatch.setattr(on_target_commands, "_POLL_SECONDS", 0.01)

    def device(disk, **more):
        state = {"do": str(disk.do), "security": "disabled", "sanitize": "idle", "polls": 2, **more}
        (tmp_path / "device.json").write_text(json.dumps(state), "utf-8")
        return disk

    return device


@pytest.mark.parametrize("method", COMMANDS)
def test_a_disk_that_erased_itself_is_read_back(disks, tools, method) -> None:
    disk = tools(disks("honest"))
    ended = on_target_job.work(disk.job(method))
    assert ended["result"] == "PASS", ended
    assert ended["reason"].startswith("device-reported")
    assert disk.residue() == 0


@pytest.mark.parametrize("lie", ["deaf", "zeros", "drops", "half"])
@pytest.mark.parametrize("method", ["ata-sanitize-block", "nvme-format"])
def test_a_lying_disk_passes_by_no_command(disks, tools, method, lie) -> None:
    disk = tools(disks(lie))
    ended = on_target_job.work(disk.job(method))
    assert ended["result"] in {"FAIL", "UNKNOWN"}, ended
    assert disk.residue() > 0 or lie == "half"


@pytest.mark.parametrize("method", COMMANDS)
def test_a_command_that_was_aborted_and_says_success_never_passes(disks, tools, method) -> None:
    disk = tools(disks("honest"), abort=True)
    ended = on_target_job.work(disk.job(method))
    assert ended["result"] in {"FAIL", "UNKNOWN"}, ended
    assert disk.residue() > 0


def test_a_tool_that_is_not_there_leaves_it_unknown(disks, monkeypatch) -> None:
    disk = disks()
    with monkeypatch.context() as bare:
        bare.setenv("PATH", "/nowhere")
        ended = on_target_job.work(disk.job("nvme-sanitize-block"))
    assert (ended["result"], ended["reason"]) == (
        "UNKNOWN",
        "nvme is not installed: nothing was done",
    )


def test_what_never_ran_on_hardware_says_so() -> None:
    told = {method.name: method.ran for method in METHODS if method.name in COMMANDS}
    assert set(told.values()) <= {Ran.EMULATED, Ran.SIMULATED}
