"""Every method that the emulation knows, carried out; the disks' files are searched from outside the machine."""

import subprocess

import hardware_disks
import hardware_scenarios
import pytest
import residue

from commsroom.estate.retiring.methods import BY_NAME, METHODS, By, Ran

SIZES = {one.name: one.size for one in hardware_disks.DISKS}
#: Of a line four pieces are looked for.
PIECES = 4 / residue.WIDTH
ENCRYPTED = {"NV0003": "luks-erase-clear", "SA0003": "luks-erase"}
WRITTEN = [one for one in hardware_scenarios.ERASED if one["method"] not in ENCRYPTED.values()]


def disk(scenario):
    return scenario["path"].strip("{}")


def test_the_scanner_finds_every_disk_full_before(machine) -> None:
    for name, found in machine.before.items():
        assert found.pieces == SIZES[name] * PIECES
        assert not found.nothing


@pytest.mark.parametrize("scenario", WRITTEN, ids=lambda one: one["name"])
def test_nothing_is_left_of_a_disk_that_passed(machine, scenario) -> None:
    ended = machine.story(scenario["name"])["ended"]
    assert (ended["result"], ended["serial"]) == ("PASS", disk(scenario)), ended
    assert f"all {SIZES[disk(scenario)]} bytes read" in ended["evidence"]
    left = machine.after[disk(scenario)]
    assert left.nothing
    assert left.only == (255 if scenario["method"] == "overwrite-bmb21" else 0)


def test_a_format_is_what_the_device_reported_and_no_more(machine) -> None:
    ended = machine.story("nvme-format-NV0002")["ended"]
    assert ended["reason"] == "device-reported, and read back"
    assert ended["said"] == "Format NVM ended without an error"


@pytest.mark.parametrize("name", ENCRYPTED)
def test_an_open_volume_is_refused_and_keeps_its_data(machine, name) -> None:
    story = machine.story(f"open-{name}")
    assert story["refusals"] == [f"it is part of dm-0 ({name})"]
    assert story["untouched"]


@pytest.mark.parametrize("name", ENCRYPTED)
def test_a_closed_volume_has_no_key_left(machine, name) -> None:
    story = machine.story(f"{ENCRYPTED[name]}-{name}")
    assert story["ended"]["result"] == "PASS", story["ended"]
    assert "1 backups of it are not there" in story["ended"]["evidence"]
    assert not (machine.folder / "shared" / f"{name}.header").exists()
    assert machine.after[name].nothing
    opened = subprocess.run(
        ["cryptsetup", "open", "--test-passphrase", machine.folder / f"{name}.raw"], input=b"correct horse",
        capture_output=True, check=False,
    )  # fmt: skip
    assert opened.returncode != 0


def test_a_header_that_somebody_restores_is_found(machine) -> None:
    story = machine.story("header-restored")
    assert story["ended"]["result"] == "PASS"  # of the backup nobody said a word
    assert story["header"]["result"] == "FAIL"
    assert machine.after["SC0004"].headers
    assert not machine.after["SC0004"].pieces


@pytest.mark.parametrize("scenario", hardware_scenarios.UNKNOWN, ids=lambda one: one["name"])
def test_a_command_that_the_device_does_not_have_never_passes(machine, scenario) -> None:
    ended = machine.story(scenario["name"])["ended"]
    assert ended["result"] in {"FAIL", "UNKNOWN"}, ended
    assert machine.after[disk(scenario)].pieces


def test_methods_say_where_they_ran() -> None:
    """What passed here ran on emulated hardware at least; what no device here has, did not."""
    passed = {one["method"] for one in hardware_scenarios.ERASED}
    assert {name for name in passed if BY_NAME[name].ran not in {Ran.REAL, Ran.EMULATED}} == set()
    emulated = {method.name for method in METHODS if method.ran is Ran.EMULATED}
    assert emulated <= passed
    never = {one["method"] for one in hardware_scenarios.UNKNOWN}
    assert {BY_NAME[name].ran for name in never} == {Ran.SIMULATED}
    station = {method.name for method in METHODS if method.by is By.STATION}
    assert station == passed | never
