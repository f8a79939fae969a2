"""The wrong disk is never wiped: each reason refuses, and nothing is written."""

import os
import subprocess
from pathlib import Path

import pytest

from commsroom.backends.wipe_station import on_target_job, on_target_media, on_target_refusal

pytestmark = pytest.mark.slow


def attach(device):
    done = subprocess.run(
        ["losetup", "-f", "--show", device], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def wiped(disk, job):
    before = disk.residue()
    ended = on_target_job.work(job)
    assert disk.residue() == before > 0
    assert ended["result"] == "UNKNOWN"
    return ended["reason"]


def test_a_disk_of_another_serial_number_is_refused(disks) -> None:
    disk = disks()
    assert "SN0000.kept, and WD-123 is to be wiped" in wiped(
        disk, {**disk.job("overwrite"), "serial": "WD-123"}
    )


def test_a_path_that_leads_elsewhere_since_it_was_approved_is_refused(disks, tmp_path) -> None:
    disk, other = disks(), disks()
    link = tmp_path / "by-id"
    link.symlink_to(disk.path)
    job = {**disk.job("overwrite"), "path": str(link)}
    link.unlink()
    link.symlink_to(other.path)
    reason = wiped(other, job)
    assert f"leads to {other.path}, and led to {disk.path}" in reason


def test_a_disk_of_another_size_is_refused(disks) -> None:
    disk = disks()
    assert "when it was approved" in wiped(disk, {**disk.job("overwrite"), "bytes": 4096})


def test_a_mounted_disk_is_refused(disks, tmp_path) -> None:
    disk = disks()
    subprocess.run(["mkfs.ext4", "-q", "-F", disk.path], check=True)
    folder = tmp_path / "a folder"
    folder.mkdir()
    job = disk.job("overwrite")
    subprocess.run(["mount", disk.path, folder], check=True)
    try:
        ended = on_target_job.work(job)
    finally:
        subprocess.run(["umount", folder], check=True)
    assert ended["result"] == "UNKNOWN"
    assert f"mounted at {folder}" in ended["reason"]
    assert (
        subprocess.run(["fsck.ext4", "-n", disk.path], capture_output=True, check=False).returncode
        == 0
    )


def test_a_disk_mounted_through_a_loop_device_is_refused(disks, tmp_path) -> None:
    """The kernel counts no loop device among a disk's holders, and lets the disk be opened alone."""
    disk = disks()
    subprocess.run(["mkfs.ext4", "-q", "-F", disk.path], check=True)
    (tmp_path / "place").mkdir()
    job = disk.job("overwrite")
    loop = attach(disk.path)
    try:
        subprocess.run(["mount", "-o", "ro", loop, tmp_path / "place"], check=True)
        try:
            refused = on_target_job.work(job)["refused"]
        finally:
            subprocess.run(["umount", tmp_path / "place"], check=True)
    finally:
        subprocess.run(["losetup", "-d", loop], check=True)
    name = Path(loop).name
    assert refused == [
        f"{name} is mounted at {tmp_path}/place",
        f"it is part of {name} (a loop device)",
    ]


@pytest.mark.parametrize("method", ["nvme-format", "nvme-sanitize-crypto", "overwrite"])
def test_a_command_that_may_erase_another_namespace_is_refused(
    tmp_path, monkeypatch, method
) -> None:
    for name, controller in (("nvme0n1", "nvme0"), ("nvme0n2", "nvme0"), ("nvme1n1", "nvme1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "device").symlink_to(f"/devices/{controller}")
    (tmp_path / "nvme0n1p1").mkdir()
    (tmp_path / "nvme0n1p1" / "partition").touch()
    monkeypatch.setattr(on_target_media, "SYS", tmp_path)
    found = {"name": "nvme0n1", "serial": "S", "device": "/dev/nvme0n1", "bytes": 1, "read_only": 0}
    refused = on_target_refusal.reasons({**found, "path": "/dev/nvme0n1", "method": method}, found)
    beside = ["nvme0n2 is on the same controller, and may be erased with it"]
    assert refused == ([] if method == "overwrite" else beside)


def test_a_disk_with_swap_on_it_is_refused(disks) -> None:
    disk = disks()
    subprocess.run(["mkswap", disk.path], check=True, capture_output=True)
    job = disk.job("overwrite")
    if subprocess.run(["swapon", disk.path], capture_output=True, check=False).returncode:
        pytest.fail("this kernel takes no swap on a loop device")
    try:
        reason = on_target_job.work(job)["reason"]
    finally:
        subprocess.run(["swapoff", disk.path], check=True)
    assert "is swap space" in reason


def test_a_disk_in_use_is_refused(disks) -> None:
    disk = disks()
    handle = os.open(disk.path, os.O_RDWR | os.O_EXCL)
    try:
        assert "is in use" in wiped(disk, disk.job("overwrite"))
    finally:
        os.close(handle)


@pytest.mark.parametrize(
    ("kind", "at", "magic"),
    [("LVM2_member", 512, b"LABELONE"), ("linux_raid_member", 4096, b"\xfc\x4e\x2b\xa9")],
)
def test_a_part_of_a_volume_is_refused_until_somebody_says_the_rest_is_gone(
    disks, monkeypatch, kind, at, magic
) -> None:
    disk = disks()
    asked = on_target_media.ask

    def blkid(argv):
        return f"DEVNAME={disk.path}\nTYPE={kind}\n" if argv[0] == "blkid" else asked(argv)

    monkeypatch.setattr(on_target_media, "ask", blkid)
    assert kind in wiped(disk, disk.job("overwrite"))
    assert on_target_job.work(disk.job("overwrite", members=[kind]))["result"] == "PASS"


def test_the_disk_this_system_runs_from_is_refused() -> None:
    from commsroom.backends.wipe_station.on_target_refusal import reasons

    device = Path("/").stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    found = on_target_media.facts(f"/dev/{name}")
    job = {key: found[key] for key in ("path", "device", "serial", "bytes")}
    assert "it is the disk this system runs from" in reasons(job, found)


def test_a_partition_and_a_file_are_no_disks(tmp_path) -> None:
    ended = on_target_job.work(
        {
            "job": "j1",
            "method": "overwrite",
            "path": str(tmp_path),
            "device": "",
            "serial": "",
            "bytes": 0,
        }
    )
    assert "is no block device" in ended["reason"]


def test_the_serial_number_is_asked_again_at_the_moment_of_wiping(disks, monkeypatch) -> None:
    disk = disks()
    job = disk.job("overwrite")
    monkeypatch.setattr(on_target_media, "serial", lambda _path: "ANOTHER")
    assert "ANOTHER at the moment of wiping" in wiped(disk, job)


def test_two_jobs_do_not_work_on_one_disk(disks) -> None:
    disk = disks()
    with on_target_job._alone(Path(disk.path).name):
        assert "another job is at work" in wiped(disk, disk.job("overwrite", "j2"))
