"""Real block devices are overwritten, read back, and nothing of them is claimed that was not read."""

import pytest

from commsroom.backends.wipe_station import on_target_job

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


@pytest.mark.parametrize("lie", ["honest", "drops", "half"])
def test_a_disk_that_does_not_keep_what_is_written_never_passes(disks, lie) -> None:
    disk = disks(lie)
    ended = on_target_job.work(disk.job("overwrite"))
    assert ended["result"] == ("PASS" if lie == "honest" else "FAIL"), ended
    assert (disk.residue() == 0) is (lie == "honest")
