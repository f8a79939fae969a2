"""Systems are asked first of all, and what goes wrong meanwhile is told as if they had been asked last."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from commsroom import policy
from commsroom.app import planning
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope
from commsroom.backends.prosody.fake import FakeClient as Prosody
from commsroom.errors import CommsroomError, PolicyErrors, SystemUnknown
from commsroom.ledger import Ledger

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSROOM_KEY", base64.b64encode(bytes(32)).decode())
    root = tmp_path / "estate"
    shutil.copytree(ROOT / "tests" / "cli" / "estate", root)
    (root / "ansible.cfg").write_text("")
    (root / ".commsroom").mkdir(mode=0o700)
    return root


@pytest.fixture
def opened(root, tmp_path):
    with open_estate(root, simulate=tmp_path / "fakes") as estate:
        yield estate


def test_systems_are_asked_while_policy_is_still_to_be_loaded(opened, monkeypatch):
    asked = threading.Event()
    read, load = Prosody.read, policy.load

    def asking(self):
        asked.set()
        return read(self)

    def loading(path):
        assert asked.wait(10), "nobody was asked before policy was loaded"
        return load(path)

    monkeypatch.setattr(Prosody, "read", asking)
    monkeypatch.setattr(policy, "load", loading)
    assert planning.prepare(opened, Scope(), Silent()).reading.unknown == {}


def test_nothing_that_takes_long_to_load_is_loaded_before_systems_are_asked():
    program = "import sys, commsroom.app.planning; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    heavy = {"commsroom.policy", "commsroom.ledger.ledger", "sqlalchemy", "phonenumbers"}
    assert heavy & set(done.stdout.split()) == set()


def test_the_ledger_is_opened_once_whoever_asks_for_it_first(opened, monkeypatch):
    openings = []
    real = Ledger.open

    def slow(*given, **more):
        openings.append(given)
        time.sleep(0.05)  # long enough for all the others to come and ask
        return real(*given, **more)

    monkeypatch.setattr(Ledger, "open", slow)
    found = []
    threads = [threading.Thread(target=lambda: found.append(opened.ledger)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(openings) == 1
    assert len({id(ledger) for ledger in found}) == 1


class Told(Silent):
    """Keeps what it was told."""

    def __init__(self):
        self.lines = []

    def begin(self, title, total=None):
        self.lines.append(f"{title} {total}")

    def advance(self, text="", units=1):
        self.lines.append(text)

    def end(self):
        self.lines.append("end")


def test_an_error_of_policy_is_not_lost_among_what_is_said_of_reading(opened, root):
    (root / "policies" / "company.yml").write_text("---\nname: [\n")
    told = Told()
    with pytest.raises(PolicyErrors):
        planning.prepare(opened, Scope(), told)
    assert told.lines == []


def test_each_system_is_told_of_once_whether_it_ends_before_or_after_it_is_waited_for(opened):
    told = Told()
    planning.prepare(opened, Scope(), told)
    assert told.lines[0] == "Reading 3"
    assert sorted(told.lines[1:]) == ["end", "im1", "mail1", "pbx1"]


def test_what_is_wrong_with_policy_is_told_before_what_is_wrong_with_the_inventory(root, opened):
    shutil.rmtree(root / "inventory")
    (root / "policies" / "company.yml").write_text("---\nname: [\n")
    with pytest.raises(PolicyErrors):
        planning.prepare(opened, Scope(), Silent())


def test_a_missing_key_is_told_once_and_not_as_the_fault_of_each_system(opened, root, monkeypatch):
    planning.prepare(opened, Scope(), Silent())  # the ledger knows its key from here on
    monkeypatch.setenv(
        "COMMSROOM_KEY", base64.b64encode(b"another's key that fits its size"[:32]).decode()
    )
    with (
        open_estate(root, simulate=opened.home) as estate,
        pytest.raises(CommsroomError, match="key"),
    ):
        planning.prepare(estate, Scope(), Silent())


def test_a_system_that_the_scope_cannot_name_is_not_asked_and_may_be_down(opened, monkeypatch):
    def down(_client):
        raise SystemUnknown("im1", "connect", "connection refused")

    monkeypatch.setattr(Prosody, "read", down)
    whole = planning.prepare(opened, Scope(), Silent())
    assert set(whole.reading.unknown) == {"im1"}

    narrow = planning.prepare(opened, Scope(only=("pbx1:extension/*",)), Silent())
    assert set(narrow.reading.snapshots) == {"pbx1"}
    assert not narrow.plan.unknown
    assert narrow.plan.changes
