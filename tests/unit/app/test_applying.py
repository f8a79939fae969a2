"""After an apply every system it touched is read since its last write; none is read twice for that."""

from __future__ import annotations

import base64
import shutil
from collections import Counter
from pathlib import Path

import pytest

from commsroom.app.applying import apply
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope
from commsroom.backends.asterisk.fake import FakeClient as Asterisk
from commsroom.backends.prosody.fake import FakeClient as Prosody
from commsroom.errors import Exit, SystemUnknown

ROOT = Path(__file__).parents[3]


@pytest.fixture
def applied(tmp_path, monkeypatch):
    """Apply a small estate on simulated servers; give the result, and how often each was read."""
    monkeypatch.setenv("COMMSROOM_KEY", base64.b64encode(bytes(32)).decode())
    root = tmp_path / "estate"
    shutil.copytree(ROOT / "tests" / "cli" / "estate", root)
    (root / "ansible.cfg").write_text("")
    (root / ".commsroom").mkdir(mode=0o700)
    reads = Counter()

    def counted(kind, name):
        read = kind.read

        def counting(self):
            reads[name] += 1
            return read(self)

        monkeypatch.setattr(kind, "read", counting)

    counted(Prosody, "prosody")
    counted(Asterisk, "asterisk")

    def run():
        with open_estate(root, simulate=tmp_path / "fakes") as estate:
            done = apply(estate, Scope(), confirm=lambda _plan: True, progress=Silent())
        return done, reads

    return run


def test_what_a_system_read_after_its_last_write_is_not_read_again(applied):
    done, reads = applied()
    assert done.ok
    assert reads == {"prosody": 1, "asterisk": 2}  # the one that plans; Asterisk hands nothing on


def test_a_system_that_was_lost_on_the_way_is_read_again(applied, monkeypatch):
    whole = Prosody.apply

    def lost(self, ops, **more):
        whole(self, ops, **more)
        raise SystemUnknown("im1", "apply", "the conversation broke off")

    monkeypatch.setattr(Prosody, "apply", lost)
    done, reads = applied()
    assert reads["prosody"] == 2
    assert done.exit_code is Exit.INCOMPLETE
    # All of it is there, as reading it again shows; which passwords, nobody told.
    assert {one.fields for one in done.remaining.changes} == {("secret:password",)}
