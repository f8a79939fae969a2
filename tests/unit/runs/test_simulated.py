"""A simulated system's file may be damaged in any way: that is what is said, for every back end."""

import contextlib

import pytest

from commsroom import backends
from commsroom.errors import CommsroomError, SystemUnknown
from commsroom.estate.backend import Snapshot, Target, Tools
from commsroom.runs import simulated
from commsroom.runs.inventory import System

DAMAGED = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"1",
    "cut": b'{"accounts": {"ann": ',
    "nested without end": b"[" * 100_000,
    "an object": b"{}",
    "null inside": b'{"accounts": null, "objects": null, "files": null}',
    "a list inside": b'{"accounts": [], "objects": [1], "files": [], "mail": 7, "fences": {}}',
    "an unknown kind": b'{"objects": {"fax": {"1": {}}}, "sealed": [], "fences": {},'
    b' "accounts": {"ann": 1}, "files": {"a": 1}}',
}
#: What a fake may take for a system that holds little.
MAYBE = {"an object", "an unknown kind"}


@pytest.fixture(params=[name for name in backends.names() if backends.backend(name).supports])
def system(request, tmp_path):
    variables = {"commsroom_domain": "small.example", "im_domain": "small.example"}
    target = Target("box1", "127.0.0.1", "box1.test", tmp_path, variables=variables)
    return System("box1", backends.backend(request.param), target, state=tmp_path / "box1.json")


def _read(system):
    tools = Tools(fingerprint=lambda text: text)
    return simulated.connect(system, tools, system.state).read()


@pytest.mark.parametrize("damage", DAMAGED)
def test_whatever_a_fake_stumbles_over_is_a_damaged_file(system, damage):
    system.state.write_bytes(DAMAGED[damage])
    if damage in MAYBE:
        with contextlib.suppress(SystemUnknown):
            assert isinstance(_read(system), Snapshot)
        return
    with pytest.raises(SystemUnknown) as caught:
        _read(system)
    assert str(caught.value).endswith(f"{system.state} is damaged (restore or remove it)")


def test_a_new_system_is_empty_and_not_damaged(system):
    assert _read(system).resources == {}
    assert not system.state.exists()


class Provider:
    """One that fails in its own way."""

    def __init__(self, error, damaged):
        self.error, self.damaged = error, damaged

    def read(self):
        if self.damaged:
            raise KeyError
        return Snapshot({}, "")

    def apply(self, batch):
        raise self.error

    def prove(self, requests):
        raise self.error
        yield

    def inspect(self, wanted):
        raise self.error


@pytest.mark.parametrize("verb", ["apply", "prove", "inspect"])
def test_a_fault_that_is_not_the_files_is_not_blamed_on_it(tmp_path, verb):
    own = simulated.Simulated("box1", Provider(ZeroDivisionError(), False), tmp_path / "x")
    with pytest.raises(ZeroDivisionError):
        list(getattr(own, verb)([]))
    damaged = simulated.Simulated("box1", Provider(ZeroDivisionError(), True), tmp_path / "x")
    with pytest.raises(CommsroomError, match="is damaged"):
        list(getattr(damaged, verb)([]))


def test_what_a_fake_cannot_do_it_still_cannot(tmp_path):
    provider = Provider(ZeroDivisionError(), damaged=False)
    own = simulated.Simulated("box1", provider, tmp_path / "x")
    assert getattr(own, "inspect", None) is not None
    assert getattr(own, "fly", None) is None
