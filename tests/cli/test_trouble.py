"""Trouble with what we keep ourselves: one line, exit 1, never a traceback, never "clean"."""

import os
import shutil
from pathlib import Path

import pytest

DAY = ("--as-of", "2026-03-02")


def _write(name, content):
    def change(estate):
        for file in (estate.path / ".commsroom").glob(f"{Path(name).name}-*"):
            file.unlink()
        (estate.path / name).write_bytes(content)

    return change


def _lose_the_key(estate):
    for file in Path(os.environ["XDG_CONFIG_HOME"]).rglob("*.key"):
        file.rename(file.with_suffix(".lost"))


def _show_the_key(estate):
    for file in Path(os.environ["XDG_CONFIG_HOME"]).rglob("*.key"):
        file.chmod(0o644)


LEDGER = {
    "no ledger file but rubbish": _write(".commsroom/ledger.db", b"rubbish " * 1000),
    "a cut ledger": _write(".commsroom/ledger.db", b"SQLite format 3\0" + b"\0" * 50),
    "no ledger beside the secrets": lambda estate: estate.path.joinpath(
        ".commsroom/ledger.db"
    ).unlink(),
    "the key is lost": _lose_the_key,
    "the key is readable by all": _show_the_key,
}
TROUBLE = {
    "a broken inventory": _write("inventory/hosts.yml", b"all: [\n"),
    "an empty inventory": _write("inventory/hosts.yml", b"---\nall: {hosts: {}}\n"),
    "an unknown back end": _write(
        "inventory/hosts.yml",
        b"---\nall: {hosts: {im1: {ansible_host: 127.0.0.1, commsroom_backend: jabberd}}}\n",
    ),
    "a quote that does not end": _write(
        "inventory/hosts.yml",
        b"---\nall: {hosts: {im1: {commsroom_backend: prosody,"
        b" ansible_ssh_common_args: '-F \"x'}}}\n",
    ),
    "no inventory": lambda estate: shutil.rmtree(estate.path / "inventory"),
    "the state is a file": lambda estate: (
        shutil.rmtree(estate.path / ".commsroom"),
        (estate.path / ".commsroom").write_text(""),
    ),
}


@pytest.fixture(autouse=True)
def _own_keys(tmp_path, monkeypatch):
    """Keys to lose: a copy of the session's."""
    if "XDG_CONFIG_HOME" in os.environ:
        copy = shutil.copytree(os.environ["XDG_CONFIG_HOME"], tmp_path / "config")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(copy))


@pytest.mark.parametrize(
    ("verb", "trouble"),
    [("plan", trouble) for trouble in LEDGER | TROUBLE]
    + [("drift", trouble) for trouble in LEDGER],
)
def test_trouble_with_our_own_files_is_one_line(estate, trouble, verb):
    (LEDGER | TROUBLE)[trouble](estate)
    held = estate.held()
    done = estate(verb, *DAY)
    assert done.code == 1
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("error: ")
    assert "internal error" not in done.err
    assert "matches policy" not in done.out
    assert estate.held() == held


def test_a_broken_store_of_secrets_is_one_line(estate):
    _write(".commsroom/secrets.db", b"rubbish " * 1000)(estate)
    done = estate("secret", "show", "im1:account/ann", *DAY)
    assert done.code == 1
    assert done.err.count("\n") == 1, done.err
    assert "internal error" not in done.err


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_lost_secrets_are_told_before_anything_else_happens(estate, verb):
    store = estate.path / ".commsroom/secrets.db"
    store.unlink()
    done = estate(verb, *(["--yes"] if verb == "apply" else []), *DAY)
    assert done.code == 1
    assert done.err.count("\n") == 1, done.err
    assert "secrets.db: the secrets are gone" in done.err
    assert not store.exists()

    store.touch()
    assert estate("plan", *DAY).code == 0
    shown = estate("secret", "show", "im1:account/ann", *DAY)
    assert "restore .commsroom/secrets.db from a backup" in shown.err


def test_rubbish_in_place_of_a_simulated_system_is_unknown(estate):
    (estate.path / "im1.json").write_text("rubbish")
    done = estate("plan", *DAY)
    assert done.code in {1, 4}
    assert "matches policy" not in done.out
