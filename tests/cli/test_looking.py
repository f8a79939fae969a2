"""To look at an estate leaves nothing behind in it; only what means to, founds it."""

import json
import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-02")


@pytest.fixture
def bare(fresh, tmp_path, monkeypatch):
    """An estate as a checkout has it: no folder of its own, and no key for it anywhere."""
    listing = json.loads((fresh.path / ".commsroom/inventory.json").read_text("utf-8"))["listing"]
    monkeypatch.setattr("commsroom.runs.ansible.inventory", lambda _: listing)  # takes a second
    shutil.rmtree(fresh.path / ".commsroom")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    return fresh


def _there(estate):
    return set(estate.path.rglob("*"))


@pytest.mark.parametrize(
    "words",
    [["plan"], ["show"], ["prove"], ["explain", "im1:account/ann"], ["drift"],
     ["secret", "show", "im1:account/ann"], ["ledger", "unlock", "x"], ["ledger", "show"]],
    ids=" ".join,
)  # fmt: skip
def test_a_verb_that_only_looks_founds_nothing(bare, tmp_path, words):
    before = _there(bare)
    bare(*words, *(DAY if words[0] != "ledger" else ()))
    assert _there(bare) == before
    assert not (tmp_path / "config").exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_without_a_ledger_a_plan_compares_with_an_empty_one(bare):
    done = bare("plan", *DAY)
    assert done.code == 0
    assert "34 to create" in done.out


def test_without_a_ledger_drift_says_so_and_is_never_clean(bare):
    done = bare("drift", *DAY)
    assert done.code == 1
    assert f"there is no ledger at {bare.path / '.commsroom/ledger.db'}" in done.err


@pytest.mark.parametrize(
    "words", [["apply", "--yes"], ["plan", "--out", "../monday.plan"]], ids=" ".join
)
def test_what_means_to_found_an_estate_does(bare, tmp_path, monkeypatch, words):
    monkeypatch.chdir(bare.path)
    assert bare(*words, *DAY).code == 0
    assert (bare.path / ".commsroom/ledger.db").exists()
    assert len(list(Path(os.environ["XDG_CONFIG_HOME"]).rglob("*.key"))) == 1


def test_a_ledger_that_knows_no_key_yet_is_not_bound_by_looking(bare):
    (bare.path / ".commsroom").mkdir()
    (bare.path / ".commsroom/ledger.db").touch()
    assert bare("plan", *DAY).code == 0
    assert bare("apply", "--yes", *DAY).code == 0
