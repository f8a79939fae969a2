"""One folder holds all of the lab, and its notes survive what may happen to a file."""

import json
import os
import stat
import subprocess
import sys

import pytest

from commsroom.lab import access, engine, home
from commsroom.lab.commands import Commands
from commsroom.lab.errors import LabFailed, LabUnavailable
from commsroom.lab.home import Home


@pytest.fixture
def lab(tmp_path):
    return Home(tmp_path / "lab")


def test_named_folder_goes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("COMMSROOM_LAB_HOME", str(tmp_path))
    assert home.find().path == tmp_path


def test_cache_folder_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("COMMSROOM_LAB_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert home.find().path == tmp_path / "commsroom" / "lab"


def test_relative_folder_is_refused(monkeypatch):
    monkeypatch.setenv("COMMSROOM_LAB_HOME", "lab")
    with pytest.raises(LabUnavailable, match="absolute"):
        home.find()


@pytest.mark.parametrize("damage", ["", "{", "\x00"], ids=["empty", "cut", "NUL"])
def test_damaged_notes_count_as_none(lab, damage):
    with lab.locked():
        lab.note(hosts={"pbx1": {}})
        (lab.path / "state.json").write_text(damage)
        assert lab.notes() == {}
        lab.note(boot="1")
        assert lab.notes() == {"boot": "1"}


def test_notes_keep_what_is_not_changed(lab):
    with lab.locked():
        lab.note(boot="1", hosts={})
        lab.note(boot="2")
    assert lab.notes() == {"boot": "2", "hosts": {}}


def test_second_command_says_that_it_waits(lab):
    told = []
    script = (
        "import sys; from pathlib import Path; from commsroom.lab.home import Home\n"
        "with Home(Path(sys.argv[1])).locked():\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lab.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"

        def waiting(*words):
            told.append(words)
            other.stdin.close()

        with lab.locked(waiting):
            pass
    assert told == [("lab", "waiting for another lab command to end")]


def test_failed_command_names_step_last_words_and_log(tmp_path):
    run = Commands(tmp_path / "lab.log")
    with pytest.raises(LabFailed) as caught:
        run("sh", "-c", "echo working; echo 'no space left' >&2; exit 3", step="making pbx1")
    assert str(caught.value).startswith("lab: making pbx1: no space left (")
    assert str(tmp_path / "lab.log") in str(caught.value)
    assert "exit 3" in (tmp_path / "lab.log").read_text()


def test_hanging_command_is_ended(tmp_path):
    with pytest.raises(LabFailed, match="no end after"):
        Commands(tmp_path / "lab.log")("sleep", "60", step="sleeping", timeout=0.1)


def test_missing_program_is_one_line(tmp_path):
    with pytest.raises(LabFailed, match="no-such-program: No such file"):
        Commands(tmp_path / "lab.log")("no-such-program", step="trying")


def test_ssh_files_pin_each_host_key_and_are_private(lab, tmp_path):
    run = Commands(tmp_path / "log")
    lab.path.mkdir()
    access.client_key(lab, run)
    hosts = {"pbx1": "198.18.7.11", "im1": "198.18.7.13"}
    for name in hosts:
        access.own_files(lab, run, name)
    folder = tmp_path / "estate" / ".commsroom" / "lab"
    access.write(lab, folder, hosts)
    shown = subprocess.run(
        ["ssh", "-G", "-F", folder / "ssh_config", "im1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert {"hostname 198.18.7.13", "user root", "stricthostkeychecking true"} <= set(shown)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    known = (folder / "known_hosts").read_text().splitlines()
    assert len({line.split()[2] for line in known}) == 2


def test_keys_are_made_once(lab, tmp_path):
    run = Commands(tmp_path / "log")
    lab.path.mkdir()
    access.client_key(lab, run)
    before = lab.key.read_text()
    access.client_key(lab, run)
    assert lab.key.read_text() == before


def test_runtime_without_limits_only_where_they_cannot_be_set(lab, monkeypatch, tmp_path):
    lab.engine.mkdir(parents=True)
    monkeypatch.setattr("commsroom.lab.machine.may_raise_limits", lambda: True)
    assert 'runtime = "crun"' in engine._settings(lab).read_text()
    monkeypatch.setattr("commsroom.lab.machine.may_raise_limits", lambda: False)
    text = engine._settings(lab).read_text()
    shim = lab.engine / "crun-without-limits"
    assert json.dumps(str(shim)) in text
    (tmp_path / "config.json").write_text(json.dumps({"process": {"rlimits": [1], "args": ["x"]}}))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "crun").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "crun").chmod(0o755)
    subprocess.run(
        [sys.executable, shim, "create", "--bundle", tmp_path], check=True, env={"PATH": str(tmp_path / "bin")}
    )  # fmt: skip
    assert json.loads((tmp_path / "config.json").read_text()) == {"process": {"args": ["x"]}}


def test_what_root_made_in_an_estate_is_handed_to_its_owner_and_nothing_else(monkeypatch, tmp_path):
    made, theirs = tmp_path / ".commsroom" / "ca" / "ca.key", tmp_path / ".commsroom" / "ledger"
    made.parent.mkdir(parents=True)
    made.touch()
    theirs.touch()
    owners = {tmp_path: 1000, theirs: 1000}
    real = type(tmp_path).stat

    def stat_of(path, *, follow_symlinks=True):
        found = list(real(path, follow_symlinks=follow_symlinks))
        found[4] = found[5] = owners.get(path, 0)
        return os.stat_result(found)

    given = []
    monkeypatch.setattr(type(tmp_path), "stat", stat_of)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(
        "os.chown", lambda path, uid, gid, follow_symlinks: given.append((path, uid, gid))
    )
    access.hand_back(tmp_path)
    assert sorted(given) == [
        (tmp_path / ".commsroom", 1000, 1000),
        (made.parent, 1000, 1000),
        (made, 1000, 1000),
    ]
