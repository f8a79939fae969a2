"""A disk that is a LUKS volume: its keys go, its header and the backups of it too."""

import subprocess

import pytest

from commsroom.backends.wipe_station import on_target_job, on_target_luks
from commsroom.backends.wipe_station.on_target_blocks import Blocks
from commsroom.backends.wipe_station.on_target_verify import Stopped

pytestmark = pytest.mark.slow

QUICK = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--batch-mode")
SIZE = 24 * 2**20


def cryptsetup(*argv, passphrase="correct horse"):
    return subprocess.run(
        ["cryptsetup", *argv], input=passphrase, text=True, capture_output=True, check=False
    )


@pytest.fixture(params=["luks1", "luks2"])
def volume(request, disks):
    disk = disks(size=SIZE)
    assert cryptsetup("luksFormat", "--type", request.param, *QUICK, disk.path).returncode == 0
    assert cryptsetup("open", "--test-passphrase", disk.path).returncode == 0
    return disk


def test_nobody_opens_it_any_more_by_passphrase_or_backup(volume, tmp_path) -> None:
    backup = tmp_path / "header.img"
    assert (
        cryptsetup("luksHeaderBackup", volume.path, "--header-backup-file", backup).returncode == 0
    )
    ended = on_target_job.work(volume.job("luks-erase", header_backups=[str(backup)]))
    assert ended["result"] == "PASS", ended
    assert cryptsetup("open", "--test-passphrase", volume.path).returncode != 0
    assert not backup.exists()


def test_a_header_restored_afterwards_is_found(volume, tmp_path) -> None:
    backup = tmp_path / "header.img"
    cryptsetup("luksHeaderBackup", volume.path, "--header-backup-file", backup)
    blocks = Blocks(volume.path, size=SIZE)
    until = on_target_luks.data_offset(blocks.read(0, 1 << 20))
    blocks.close()
    assert on_target_job.work(volume.job("luks-erase"))["result"] == "PASS"
    assert (
        cryptsetup(
            "luksHeaderRestore", "-q", volume.path, "--header-backup-file", backup
        ).returncode
        == 0
    )
    assert cryptsetup("open", "--test-passphrase", volume.path).returncode == 0  # all of it is back
    blocks = Blocks(volume.path, size=SIZE)
    with pytest.raises(Stopped, match="LUKS header on it") as caught:
        on_target_luks.verify(blocks, until, [])
    blocks.close()
    assert caught.value.verdict.result == "FAIL"


def test_a_backup_that_is_still_there_is_no_erasure(volume, tmp_path) -> None:
    backup = tmp_path / "header.img"
    on_target_job.work(volume.job("luks-erase"))
    backup.write_bytes(b"LUKS\xba\xbe")
    blocks = Blocks(volume.path, size=SIZE)
    with pytest.raises(Stopped, match="backup of its header"):
        on_target_luks.verify(blocks, 1 << 20, [str(backup)])
    blocks.close()


def test_a_disk_that_is_not_encrypted_is_not_erased_so(disks) -> None:
    disk = disks()
    ended = on_target_job.work(disk.job("luks-erase"))
    assert ended["result"] == "UNKNOWN"
    assert disk.residue() > 1000
