"""A disk that is a LUKS volume: its keys go, its header and the backups of it too."""

import os
import subprocess
from pathlib import Path

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
def formatted(request, disks):
    """A disk that is a volume now, and held its secret in the clear before."""
    disk = disks(size=SIZE)
    assert cryptsetup("luksFormat", "--type", request.param, *QUICK, disk.path).returncode == 0
    assert cryptsetup("open", "--test-passphrase", disk.path).returncode == 0
    return disk


@pytest.fixture
def volume(formatted):
    """A volume of which every block was written since: here by chance, as good a ciphertext as any."""
    begin = on_target_luks.data_offset(head_of(formatted))
    with Path(formatted.path).open("r+b", buffering=0) as held:
        held.seek(begin)
        held.write(os.urandom(SIZE - begin))
    return formatted


def head_of(disk):
    blocks = Blocks(disk.path, size=SIZE)
    try:
        return blocks.read(0, 1 << 20)
    finally:
        blocks.close()


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
    until = on_target_luks.data_offset(head_of(volume))
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


def test_what_was_on_it_before_it_was_encrypted_is_never_called_ciphertext(formatted) -> None:
    ended = on_target_job.work(formatted.job("luks-erase"))
    assert (ended["result"], "no ciphertext" in ended["reason"]) == ("UNKNOWN", True), ended
    assert formatted.residue() > 1000
    assert cryptsetup("open", "--test-passphrase", formatted.path).returncode == 0  # untouched


def test_a_few_sectors_in_the_clear_are_found_among_ciphertext(volume) -> None:
    with Path(volume.path).open("r+b", buffering=0) as held:
        held.seek(SIZE // 4 * 3 + 512)
        held.write((b"PAYROLL 2026: wei.wang 98,000 TWD; " * 30)[:1024])
    ended = on_target_job.work(volume.job("luks-erase"))
    assert (ended["result"], ended["reason"][:6]) == ("UNKNOWN", "1 bloc"), ended


def test_what_was_never_written_is_no_reason_against_it(volume) -> None:
    with Path(volume.path).open("r+b", buffering=0) as held:
        held.seek(SIZE // 2 + 1024)
        held.write(bytes(1 << 20))
    ended = on_target_job.work(volume.job("luks-erase"))
    assert ended["result"] == "PASS", ended
    assert f"all {SIZE} bytes read" in ended["evidence"]


def test_a_part_that_is_hidden_from_the_host_was_not_encrypted_either(volume, says) -> None:
    says(hidden_bytes=1 << 30)
    ended = on_target_job.work(volume.job("luks-erase"))
    assert (ended["result"], ended["reason"][:10]) == ("UNKNOWN", "1073741824"), ended
    assert cryptsetup("open", "--test-passphrase", volume.path).returncode == 0


LUKS2 = b'{"segments":{"0":{"type":"crypt","offset":"16777216","size":"dynamic","encryption":"aes-xts-plain64"}}}'


def luks2(text):
    return b"LUKS\xba\xbe\x00\x02" + (16384).to_bytes(8, "big") + bytes(4080) + text + bytes(12000)


def luks1(cipher):
    return (
        b"LUKS\xba\xbe\x00\x01" + cipher.ljust(96, b"\0") + (4096).to_bytes(4, "big") + bytes(400)
    )


def test_a_header_says_where_the_data_begin() -> None:
    assert on_target_luks.data_offset(luks2(LUKS2)) == 16 << 20
    assert on_target_luks.data_offset(luks1(b"aes")) == 2 << 20


@pytest.mark.parametrize(
    "head",
    [
        luks1(b"cipher_null"),
        luks2(LUKS2.replace(b"aes-xts-plain64", b"cipher_null-ecb")),
        luks2(LUKS2.replace(b'"crypt"', b'"linear"')),
        luks2(LUKS2.replace(b"dynamic", b"33554432")),
        luks2(LUKS2.replace(b'"0":', b'"1":{"type":"linear","offset":"0","size":"dynamic"},"0":')),
    ],
    ids=["null-1", "null-2", "linear", "not-to-the-end", "half-way"],
)
def test_a_volume_that_is_not_encrypted_to_its_end_is_not_erased_by_its_keys(head) -> None:
    with pytest.raises(Stopped) as caught:
        on_target_luks.data_offset(head)
    assert caught.value.verdict.result == "UNKNOWN"
