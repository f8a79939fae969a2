"""Trouble with what we keep ourselves: one line, exit 1, never a traceback, never "clean"."""

import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

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
    assert "restore the store of secrets from a backup" in shown.err


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _folder(path):
    path.unlink()
    path.mkdir()


def _endless(path):
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("change", [_pipe, _folder, _endless])
@pytest.mark.parametrize("name", ["company.yml", "people.csv", "allocations.lock"])
def test_a_policy_that_is_no_file_is_never_waited_for_or_read_without_end(estate, name, change):
    change(estate.path / "policies" / name)
    for verb in ("validate", "show"):
        done = estate(verb)
        assert done.code == 1
        assert f"policies/{name}: is not a regular file" in done.err


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("words", "change"),
    [(words.split(), _pipe) for words in (
        "plan", "drift", "apply --yes", "prove", "ledger show", "ledger verify", "adopt *",
        "explain im1:account/ann", "secret show im1:account/ann", "ledger unlock x",
    )] + [(["plan"], _folder), (["drift"], _endless)],
)  # fmt: skip
def test_a_ledger_that_is_no_file_is_said_at_once(estate, words, change):
    for file in (estate.path / ".commsroom").glob("ledger.db-*"):
        file.unlink()
    change(estate.path / ".commsroom/ledger.db")
    done = estate(*words)
    assert done.code == 1
    assert "ledger.db: is not a regular file" in done.err
    assert done.err.count("\n") == 1, done.err


@pytest.mark.timeout(60)
@pytest.mark.parametrize("change", [_pipe, _folder])
@pytest.mark.parametrize("words", [["plan"], ["secret", "show", "im1:account/ann"]], ids=" ".join)
def test_a_store_of_secrets_that_is_no_file_is_said_at_once(estate, words, change):
    for file in (estate.path / ".commsroom").glob("secrets.db-*"):
        file.unlink()
    change(estate.path / ".commsroom/secrets.db")
    done = estate(*words, *DAY)
    assert done.code == 1
    assert "secrets.db: is not a regular file" in done.err


@pytest.mark.parametrize("words", [["plan"], ["drift"], ["validate"], ["show"]], ids=" ".join)
def test_a_file_where_the_estates_own_folder_belongs_is_named(estate, words):
    shutil.rmtree(estate.path / ".commsroom")
    (estate.path / ".commsroom").touch()
    done = estate(*words)
    if words != ["validate"]:  # that asks only policy
        assert done.code == 1
        assert ".commsroom: is not a folder (move it away)" in done.err


def test_schemas_need_a_folder_and_say_so(run):
    done = run("schema", "/dev/null")
    assert done.code == 1
    assert "/dev/null: is not a folder (name another, or move it away)" in done.err


@pytest.mark.parametrize(
    ("verb", "system"), [("plan", "pbx1"), ("drift", "mail1"), ("prove", "im1")]
)
def test_a_damaged_file_of_a_simulated_system_is_named_with_the_repair(estate, system, verb):
    file = estate.path / f"{system}.json"
    file.write_bytes(b"[]")
    done = estate(verb, *DAY)
    assert done.code == 4
    assert f"{file} is damaged (restore or remove it)" in _in_one_line(done.out + done.err)
    assert "unexpected" not in done.out
    assert file.read_bytes() == b"[]"


def _in_one_line(text):
    return " ".join(text.split())


@pytest.mark.timeout(60)
def test_a_pipe_in_place_of_a_simulated_system_is_not_waited_for(estate):
    _pipe(estate.path / "im1.json")
    done = estate("plan", *DAY)
    assert done.code == 4
    assert "im1.json: is not a regular file" in done.out


@pytest.mark.parametrize(
    ("folder", "said"),
    [("/dev/null", "is not a folder"), ("/proc/nowhere", "cannot be made")],
)
@pytest.mark.parametrize("words", [["plan"], ["show"], ["apply", "--yes"]], ids=" ".join)
def test_a_place_that_cannot_hold_simulated_systems_is_refused(estate, folder, said, words):
    done = estate("--simulate", folder, *words, simulated=False)
    assert done.code == 1
    assert f"--simulate: {folder}: {said}" in done.err
    assert done.err.count("\n") == 1
