"""Disks that device-mapper makes liars of: none of them passes, and the scanner sees why none may."""

import hardware_scenarios
import pytest

LIARS = [one["name"] for one in hardware_scenarios.LIARS if one["name"] not in {"honest", "killed"}]
#: What each is found out by.
BY = {
    "drops-writes": ("FAIL", "markers are not there a moment after they were written"),
    "drops-writes-later": ("FAIL", "hold something else than was written"),
    "corrupts": ("FAIL", "markers are not there"),
    "half-fails": ("UNKNOWN", "cannot be read"),
    "half-as-large": ("FAIL", "markers are not there"),
    "writes-elsewhere": ("FAIL", "cannot be written"),
    "shows-zeros": ("FAIL", "blocks written after it was erased do not come back"),
    "shows-half-zeros": ("FAIL", "is still there"),
}


def disk(name):
    (scenario,) = (one for one in hardware_scenarios.LIARS if one["name"] == name)
    return next(word for line in scenario["first"] for word in line if "{SC02" in word).partition(
        "{"
    )[2][:6]


@pytest.mark.parametrize("name", LIARS)
def test_a_disk_that_lies_never_passes(machine, name) -> None:
    ended = machine.story(name)["ended"]
    result, reason = BY[name]
    assert (ended["result"], ended["refused"]) == (result, []), ended
    assert reason in ended["reason"]
    assert machine.after[disk(name)].pieces


def test_an_honest_disk_passes_the_same_way(machine) -> None:
    """The loop device and device-mapper are not what fails the others."""
    assert machine.story("honest")["ended"]["result"] == "PASS"
    assert machine.after[disk("honest")].nothing


def test_a_wipe_killed_on_a_slow_disk_is_interrupted_and_never_passes(machine) -> None:
    ended = machine.story("killed")["ended"]
    assert (ended["before"], ended["state"]) == ("running", "interrupted")
    assert "result" not in ended
    assert machine.after[disk("killed")].pieces
