"""The fleet: every system side by side, each within its own deadline, none sinking the others."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Backend, Snapshot, Target, Tools
from commsroom.runs.inventory import System
from commsroom.runs.nornir import Fleet


class NoSettings(BaseModel):
    """A back end without settings."""


class Provider:
    """Reads what its system's name says: `slow` hangs, `broken` raises, `down` is unknown."""

    def __init__(self, target: Target) -> None:
        self.name = target.system
        self.closed = False

    def read(self) -> Snapshot:
        if "slow" in self.name:
            time.sleep(30)
        if "broken" in self.name:
            raise RuntimeError("the password is hunter2")
        return Snapshot({}, token=self.name)

    def close(self) -> None:
        self.closed = True


def connect(target: Target, _tools: Tools) -> Any:
    if "down" in target.system:
        raise SystemUnknown(target.system, "connect", "connection refused")
    return Provider(target)


BACKEND = Backend(
    "memory", NoSettings, {}, connect, lambda target, tools, _: connect(target, tools)
)


def fleet(tmp_path: Path, *names: str) -> Fleet:
    systems = {
        name: System(name, BACKEND, Target(name, "198.18.0.1", name, tmp_path)) for name in names
    }
    listing = {"all": {"children": ["pbx"]}, "pbx": {"hosts": list(names)},
               "_meta": {"hostvars": {name: {"ansible_host": "198.18.0.1", "x": 1} for name in names}}}  # fmt: skip
    return Fleet(systems, Tools(fingerprint=str), listing)


def read(_name: str, provider: Any) -> Snapshot:
    found: Snapshot = provider.read()
    return found


def test_one_systems_failure_is_a_result_and_the_others_are_complete(tmp_path: Path) -> None:
    with fleet(tmp_path, "good1", "down", "broken", "good2") as all_of_them:
        results = all_of_them.each(read, deadline=5)

    assert {name: item.token for name, item in results.items() if isinstance(item, Snapshot)} == {
        "good1": "good1", "good2": "good2",
    }  # fmt: skip
    assert str(results["down"]) == "down: connect: connection refused"
    assert "RuntimeError" in str(results["broken"])


def test_an_unexpected_errors_text_is_not_shown_since_it_may_hold_a_secret(
    tmp_path: Path, caplog: Any
) -> None:
    with fleet(tmp_path, "broken") as one:
        results = one.each(read, deadline=5)

    assert "hunter2" not in str(results["broken"])
    assert "hunter2" not in caplog.text


def test_a_system_that_hangs_is_given_up_on_within_its_deadline(tmp_path: Path) -> None:
    started = time.monotonic()
    with fleet(tmp_path, "slow1", "slow2", "good") as three:
        told: list[str] = []
        results = three.each(read, deadline=0.3, done=lambda name, _: told.append(name))

    assert time.monotonic() - started < 2
    assert told[0] == "good"
    assert sorted(told) == ["good", "slow1", "slow2"]
    assert "no answer within 0.3 s" in str(results["slow1"])


def test_only_the_systems_named_are_asked(tmp_path: Path) -> None:
    with fleet(tmp_path, "good1", "good2") as two:
        assert list(two.each(read, on=["good2"], deadline=5)) == ["good2"]


def test_where_nobody_is_to_be_asked_nobody_is_and_nothing_is_said(
    tmp_path: Path, caplog: Any
) -> None:
    with fleet(tmp_path, "good1") as one:
        assert one.each(read, on=[], deadline=5) == {}
        assert one.each(read, on=["nosuch"], deadline=5) == {}
    assert caplog.text == ""


def test_a_failed_system_is_asked_again_next_time(tmp_path: Path) -> None:
    with fleet(tmp_path, "down", "good") as two:
        two.each(read, deadline=5)
        assert set(two.each(read, deadline=5)) == {"down", "good"}


def test_a_systems_programmers_error_keeps_its_cause_for_debugging(tmp_path: Path) -> None:
    with fleet(tmp_path, "broken") as one:
        error = one.each(read, deadline=5)["broken"]
    assert isinstance(error.__cause__, RuntimeError)


@pytest.mark.parametrize("workers", [1, 2])
def test_more_systems_than_threads_all_get_their_turn(tmp_path: Path, workers: int) -> None:
    from commsroom.runs import nornir

    with (
        pytest.MonkeyPatch.context() as patch,
        fleet(tmp_path, *(f"good{n}" for n in range(7))) as many,
    ):
        patch.setattr(nornir, "WORKERS", workers)
        assert len(many.each(read, deadline=5)) == 7
