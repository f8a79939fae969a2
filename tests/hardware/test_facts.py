"""What the station says of disks on every bus is what they are."""

import hardware_disks
import pytest


@pytest.fixture
def facts(machine):
    """Return a disk's facts by its name: found by its text, not by what it says."""
    devices = machine.attached["disks"]
    told = {disk["device"]: disk for disk in machine.attached["all"]}
    return lambda name: told[devices[name]]


@pytest.mark.parametrize("disk", hardware_disks.WIPED, ids=lambda disk: disk.name)
def test_a_disk_is_known_by_bus_kind_serial_and_size(facts, disk) -> None:
    found = facts(disk.name)
    assert (found["kind"], found["serial"], found["bytes"]) == (
        disk.kind,
        disk.serial or disk.name,
        disk.size,
    )
    assert not found["read_only"]


def test_every_disk_is_found(machine) -> None:
    assert set(machine.attached["disks"]) == {disk.name for disk in hardware_disks.DISKS}


def test_nvme_says_format_and_no_sanitize(facts) -> None:
    assert facts("NV0002")["can"] == ["discard", "nvme-format"]


@pytest.mark.parametrize("name", ["SA0001", "SA0002", "SC0001", "SC0002", "VB0001", "US0001"])
def test_no_disk_is_said_to_erase_itself_that_cannot(facts, name) -> None:
    assert set(facts(name)["can"]) <= {"discard"}


def test_an_answer_of_not_supported_is_no_ability(machine) -> None:
    """The kernel's scsi_debug reports which commands it has; SANITIZE is not among them."""
    (found,) = (disk for disk in machine.attached["all"] if disk["model"] == "scsi_debug")
    assert found["kind"].startswith("SCSI_")
    assert not [word for word in found["can"] if "sanitize" in word]


def test_an_ata_disk_says_that_nothing_of_it_is_hidden(facts) -> None:
    assert facts("SA0001")["hidden_bytes"] == 0
