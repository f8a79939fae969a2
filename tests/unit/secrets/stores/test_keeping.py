"""Files that are whole whoever is killed, and that a power cut cannot take: the order of the calls."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from commsroom.errors import CommsroomError
from commsroom.secrets.stores import keeping


def test_content_is_synced_before_it_gets_the_name_and_the_name_after(tmp_path, monkeypatch):
    """A file system may write a name before what it names, and neither before it is told to."""
    told, sync, move = [], os.fsync, Path.replace
    kinds = {True: "folder", False: "file"}

    def fsync(handle):
        told.append(f"sync {kinds[stat.S_ISDIR(os.fstat(handle).st_mode)]}")
        sync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", lambda *given: (told.append("rename"), move(*given))[1])
    keeping.replace(tmp_path / "x", b"content")
    assert told == ["sync file", "rename", "sync folder"]
    told.clear()
    keeping.remove(tmp_path / "x")
    assert told == ["sync folder"]


def test_what_a_killed_writer_left_beside_is_overwritten(tmp_path):
    (tmp_path / ".x.new").write_bytes(b"half of it, and much longer than what comes")
    keeping.replace(tmp_path / "x", b"content")
    assert [one.name for one in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"content"


def test_a_file_keeps_its_mode_and_a_new_one_is_private(tmp_path):
    keeping.replace(tmp_path / "x", b"1")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600
    (tmp_path / "x").chmod(0o640)
    keeping.replace(tmp_path / "x", b"2")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_only_one_at_a_time_is_in_and_who_waits_too_long_is_told(tmp_path):
    inside = threading.Event()
    done = threading.Event()

    def hold():
        with keeping.alone(tmp_path):
            inside.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(20)
    with pytest.raises(CommsroomError, match="busy"), keeping.alone(tmp_path, seconds=0.05):
        pass
    done.set()
    with keeping.alone(tmp_path):
        holder.join()


def test_a_full_disk_is_told_as_such(tmp_path):
    full = keeping.translated(OSError(errno.ENOSPC, "No space left on device"), tmp_path)
    assert "nothing was stored" in str(full)
    other = keeping.translated(OSError(errno.EACCES, "Permission denied", "/x"), tmp_path)
    assert str(other) == "/x cannot be used: Permission denied"
