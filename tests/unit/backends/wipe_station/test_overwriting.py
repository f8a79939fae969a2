"""Real block devices are overwritten, read back, and nothing of them is claimed that was not read."""

import errno

import pytest

from commsroom.backends.on_target import TargetError
from commsroom.backends.wipe_station import on_target_blocks, on_target_job

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("method", ["overwrite", "overwrite-bmb21", "discard"])
def test_nothing_of_an_overwritten_disk_is_left(disks, method) -> None:
    disk = disks()
    assert disk.residue() > 1000
    ended = on_target_job.work(disk.job(method))
    assert (ended["result"], ended["refused"]) == ("PASS", []), ended
    assert disk.residue() == 0
    left = set(disk.kept.read_bytes())
    assert left == ({255} if method == "overwrite-bmb21" else {0})
    assert "8388608 bytes read" in ended["evidence"]


@pytest.mark.parametrize("lie", ["honest", "drops", "half", "wraps"])
def test_a_disk_that_does_not_keep_what_is_written_never_passes(disks, lie) -> None:
    disk = disks(lie)
    ended = on_target_job.work(disk.job("overwrite"))
    assert ended["result"] == ("PASS" if lie == "honest" else "FAIL"), ended
    assert (disk.residue() == 0) is (lie == "honest")


@pytest.mark.parametrize("lie", ["small", "cache"])
@pytest.mark.parametrize("method", ["overwrite", "overwrite-bmb21"])
def test_a_disk_that_keeps_its_markers_and_not_the_rest_is_found_by_reading_it_back(
    disks, method, lie
) -> None:
    disk = disks(lie)
    ended = on_target_job.work(disk.job(method))
    assert (ended["result"], "something else than was written" in ended["reason"]) == (
        "FAIL",
        True,
    ), ended
    assert disk.residue() > 1000


def test_what_was_discarded_is_not_called_overwritten(disks) -> None:
    ended = on_target_job.work(disks().job("discard"))
    assert (ended["result"], ended["reason"]) == ("PASS", "discarded, and read back as zeros")


def test_flash_memory_is_overwritten_by_a_pattern_and_its_complement(
    disks, says, monkeypatch
) -> None:
    written = []
    fill = on_target_job.verify.fill

    def seen(blocks, pattern, tell):
        written.append(pattern(0, 4096))
        fill(blocks, pattern, tell)

    monkeypatch.setattr(on_target_job.verify, "fill", seen)
    says(kind="FLASH")
    ended = on_target_job.work(disks().job("overwrite"))
    assert (ended["result"], len(written)) == ("PASS", 3), ended
    assert {one ^ other for one, other in zip(*written[:2], strict=True)} == {255}
    assert set(written[2]) == {0}


@pytest.mark.parametrize("direct", [True, False])
def test_a_cache_that_cannot_be_dropped_is_never_read_instead_of_the_disk(
    disks, monkeypatch, direct
) -> None:
    disk = disks()

    def no(*_what):
        raise OSError(errno.EACCES, "Permission denied")

    blocks = on_target_blocks.Blocks(disk.path, size=4096)
    monkeypatch.setattr(on_target_blocks.fcntl, "ioctl", no)
    blocks.direct = direct
    try:
        if direct:
            blocks.settle()
        else:
            with pytest.raises(TargetError, match="cannot be dropped"):
                blocks.settle()
    finally:
        blocks.close()
