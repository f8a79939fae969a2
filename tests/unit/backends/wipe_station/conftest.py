"""Real block devices: files on loop devices, honest ones and liars (`lying_disk`)."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from commsroom.backends import on_target
from commsroom.backends.wipe_station import on_target_job, on_target_media

LYING = Path(__file__).with_name("lying_disk.py")
SIZE = 8 * 2**20
SECRET = b"PAYROLL 2026: wei.wang 98,000 TWD; "


@dataclass
class Disk:
    path: str
    kept: Path
    do: Path | None = None

    def job(self, method, name="j1", **more):
        found = on_target_media.facts(self.path)
        approved = {key: found[key] for key in ("path", "device", "serial", "bytes")}
        return {"job": name, "method": method, **approved, **more}

    def residue(self):
        """How often the secret is still on it: a scanner that knows nothing of the verifier."""
        subprocess.run(["sync", "-f", self.kept], check=True)
        return self.kept.read_bytes().count(SECRET)


def attach(file):
    done = subprocess.run(
        ["losetup", "-f", "--show", file], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def lying(folder, size, lie, ends):
    """Begin to serve a lying disk; return where it is told to erase, and its file."""
    server = subprocess.Popen([sys.executable, LYING, folder, str(size), lie])
    ends.append(lambda: (subprocess.run(["umount", "-l", folder], check=False), server.wait(10)))
    deadline = time.monotonic() + 20
    while not (folder / "disk").exists():
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return folder / "do", folder / "disk"


@pytest.fixture(autouse=True)
def station(tmp_path, monkeypatch):
    monkeypatch.setattr(on_target, "STATE", tmp_path / "state")
    monkeypatch.setattr(on_target_job, "JOBS", tmp_path / "state" / "wipes")
    (tmp_path / "state" / "wipes").mkdir(parents=True)


@pytest.fixture
def says(monkeypatch):
    """Have every disk say something else of itself: `says(kind="FLASH")`."""
    truth = on_target_media.facts

    def said(**more):
        monkeypatch.setattr(on_target_media, "facts", lambda path: {**truth(path), **more})

    return said


@pytest.fixture
def disks(tmp_path):
    """Make disks full of a secret; `disks("drops")` is one that lies."""
    if os.geteuid() or not Path("/dev/loop-control").exists():
        pytest.fail("these tests need root and loop devices")
    ends = []

    def made(lie="", size=SIZE):
        number = len(ends)
        kept = tmp_path / f"SN{number:04}.kept"
        kept.write_bytes((SECRET * (size // len(SECRET) + 1))[:size])
        do, file = None, tmp_path / f"SN{number:04}"
        if lie:
            file.mkdir()
            do, file = lying(file, size, lie, ends)
        else:
            file = kept
        device = attach(file)
        ends.append(lambda: subprocess.run(["losetup", "-d", device], check=False))
        return Disk(device, kept, do)

    yield made
    for end in reversed(ends):
        end()
