"""Wrong targets, for real: each is refused with its reason, and not a byte of it changes."""

import hardware_scenarios
import pytest

REASONS = {
    "mounted": "is mounted at /run/place",
    "partition-mounted": "is mounted at /run/place",
    "mounted-through-a-loop": "is mounted at /run/place",
    "swap": "is swap space",
    "volume-active": "(alive-data)",
    "volume-inactive": "holds a part of something larger (LVM2_member)",
    "array-active": "(raid1)",
    "array-inactive": "holds a part of something larger (linux_raid_member)",
    "another-serial": "its serial number is SC0109, and SC0110 is to be wiped",
    "path-changed": "/run/bay1 leads to ",
    "read-only": "it is read-only",
    "mounted-and-by-command": "is mounted at /run/place",
    "another-namespace": " is on the same controller, and may be erased with it",
    "root-disk": "it is the disk this system runs from",
}


@pytest.mark.parametrize("name", [one["name"] for one in hardware_scenarios.REFUSALS])
def test_a_wrong_target_is_refused_and_keeps_every_byte(machine, name) -> None:
    story = machine.story(name)
    ended = story["ended"]
    assert (ended["result"], ended["evidence"]) == ("UNKNOWN", "nothing was written"), ended
    assert [one for one in ended["refused"] if REASONS[name] in one], ended["refused"]
    assert story["refusals"] == ended["refused"]
    # The root disk is in use: it is alive after all that, for the machine came to its end.
    assert story["untouched"] or name == "root-disk"


def test_the_other_namespace_keeps_what_is_on_it(machine) -> None:
    assert machine.after["NVTWO"] == machine.before["NVTWO"]


def test_what_a_path_led_to_before_is_as_it_was(machine) -> None:
    for name in ("SC0109", "SC0110"):
        assert machine.after[name] == machine.before[name]
