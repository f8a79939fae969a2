"""key rotate, as an operator meets it: nothing has drifted, nothing is lost, and old plans are refused."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def estate(applied, estate, tmp_path, monkeypatch):
    """The usual estate with a key of its own: the others share one."""
    shutil.copytree(applied.parent / "config", tmp_path / "config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return estate


def test_after_a_new_key_nothing_has_drifted_and_every_secret_is_the_same(estate, tmp_path):
    shown = estate("secret", "show", "*:*/*").out
    assert estate("drift").code == 0
    words = ("ledger", "export", "--fingerprint-key")
    assert estate(*words, tmp_path / "before.key").code == 0
    done = estate("key", "rotate")
    assert done.code == 0, done.err
    assert "sealed anew" in done.out
    assert estate("secret", "show", "*:*/*").out == shown
    assert estate("drift").code == 0
    assert estate(*words, tmp_path / "after.key").code == 0
    assert (tmp_path / "before.key").read_bytes() == (tmp_path / "after.key").read_bytes()
    assert "key renewed" in estate("ledger", "show").out
    assert estate("ledger", "verify").code == 0


def test_a_changed_password_is_still_seen_after_a_new_key(estate):
    assert estate("key", "rotate").code == 0

    estate.by_hand(_swap_a_password)
    done = estate("drift", "--json")
    assert done.code == 2
    parts = [one["name"] for item in done.document["findings"] for one in item["differences"]]
    assert parts == ["secret:password"]


def _swap_a_password(held):
    held["accounts"]["di"]["verifier"] = held["accounts"]["cy"]["verifier"]


def test_no_key_is_in_any_output(estate, tmp_path):
    done = estate("key", "rotate", "--json")
    kept = [Path(done.document[name]).read_text().strip() for name in ("file", "old")]
    assert len({len(one) for one in kept}) == 2
    said = done.out + done.err + estate("ledger", "show", "--json").out
    assert not any(one in said for one in kept)


def test_a_plan_saved_before_is_refused_and_says_why(estate, tmp_path):
    plan = tmp_path / "plan.json"
    assert estate("plan", "--out", plan).code == 0
    assert estate("key", "rotate").code == 0
    done = estate("apply", plan, "--yes")
    assert done.code == 1
    assert "key rotate" in done.err


def test_a_key_from_the_environment_is_not_renewed_there(estate, monkeypatch):
    file = estate("key", "rotate", "--json").document["file"]
    monkeypatch.setenv("COMMSROOM_KEY", Path(file).read_text().strip())
    done = estate("key", "rotate")
    assert done.code == 1
    assert "is not in a file" in done.err
