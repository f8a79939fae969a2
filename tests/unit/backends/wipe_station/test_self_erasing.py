"""Disks that erase themselves: their word is not enough. None of these commands has run on hardware."""

import json
import os
import sys
from pathlib import Path

import pytest

from commsroom.backends.wipe_station import on_target_commands, on_target_job, on_target_refusal
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
    assert any(char.isdigit() for char in ended["tool"])
    assert "\n" not in ended["tool"]
    assert disk.residue() == 0


@pytest.mark.parametrize("lie", ["deaf", "zeros", "drops", "half"])
@pytest.mark.parametrize("method", ["ata-sanitize-block", "nvme-format"])
def test_a_lying_disk_passes_by_no_command(disks, tools, method, lie) -> None:
    disk = tools(disks(lie))
    ended = on_target_job.work(disk.job(method))
    assert ended["result"] in {"FAIL", "UNKNOWN"}, ended
    assert disk.residue() > 0 or lie == "half"


@pytest.mark.parametrize("content", [b"\0", b""], ids=["empty", "ciphertext"])
def test_a_disk_that_did_nothing_is_told_by_its_markers_whatever_was_on_it(
    disks, tools, content
) -> None:
    disk = tools(disks("deaf"))
    size = disk.kept.stat().st_size
    disk.kept.write_bytes(content * size or os.urandom(size))
    ended = on_target_job.work(disk.job("nvme-format"))
    assert (ended["result"], "nothing was erased" in ended["reason"]) == ("FAIL", True), ended


@pytest.mark.parametrize("method", COMMANDS)
def test_a_command_that_was_aborted_and_says_success_never_passes(disks, tools, method) -> None:
    disk = tools(disks("honest"), abort=True)
    ended = on_target_job.work(disk.job(method))
    assert ended["result"] in {"FAIL", "UNKNOWN"}, ended
    assert disk.residue() > 0


OVERWRITES = [name for name in COMMANDS if name.endswith("-overwrite")]


@pytest.mark.parametrize("method", [*OVERWRITES, "ata-sanitize-crypto"])
def test_ciphertext_that_survives_shows_after_an_overwrite_and_is_named_after_all_else(
    disks, tools, monkeypatch, method
) -> None:
    """What two blocks of ciphertext are cannot be told from a new one's, unless nothing but one byte may be there."""
    disk = tools(disks("some"))
    disk.kept.write_bytes(os.urandom(disk.kept.stat().st_size))
    monkeypatch.setattr(on_target_job.os, "urandom", lambda count: b"x" * count)  # no spot is there
    ended = on_target_job.work(disk.job(method))
    if method in OVERWRITES:
        assert (ended["result"], ended["reason"][:8]) == ("UNKNOWN", "2 blocks"), ended
    else:
        assert ended["result"] == "PASS", ended
        assert "2 blocks look random, and could be compared only with" in ended["evidence"]


@pytest.mark.parametrize("method", ["ata-sanitize-block", "ata-secure-erase", "nvme-format"])
def test_a_disk_that_hides_part_of_itself_is_not_told_to_erase_itself(
    disks, tools, says, method
) -> None:
    disk = tools(disks("honest"))
    says(hidden_bytes=1 << 30)
    ended = on_target_job.work(disk.job(method))
    assert (ended["result"], ended["evidence"]) == ("UNKNOWN", "nothing was written"), ended
    assert "HPA, DCO" in ended["reason"]
    assert disk.residue() > 1000


def test_sanitizing_an_nvme_disk_reaches_what_is_in_no_namespace_and_it_is_named(
    disks, tools, says
) -> None:
    disk = tools(disks("honest"))
    says(hidden_bytes=1 << 30)
    ended = on_target_job.work(disk.job("nvme-sanitize-block"))
    assert ended["result"] == "PASS", ended
    assert any("1073741824 bytes are hidden" in note for note in ended["notes"])


def test_that_nobody_knows_whether_part_is_hidden_is_said(disks, tools, says) -> None:
    disk = tools(disks("honest"))
    says(hidden_bytes=None)
    ended = on_target_job.work(disk.job("ata-sanitize-block"))
    assert ended["result"] == "PASS", ended
    assert "whether an HPA or DCO hides part of it is not known" in ended["notes"]


def test_a_disk_is_held_again_before_it_is_asked_whether_it_is_the_same(
    disks, tools, monkeypatch
) -> None:
    disk = tools(disks("honest"))
    held, reasons = [], on_target_refusal.reasons

    def asked(job, found):
        try:
            os.close(os.open(disk.path, os.O_RDWR | os.O_EXCL))
            held.append(False)
        except OSError:
            held.append(True)
        return reasons(job, found)

    monkeypatch.setattr(on_target_refusal, "reasons", asked)
    assert on_target_job.work(disk.job("nvme-format"))["result"] == "PASS"
    assert held[-1]


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
