"""What a certificate says of how it is known: never more than what was looked at."""

import pytest

from commsroom.app import drawing_up
from commsroom.estate.retiring.chain import Item, Wiped
from commsroom.estate.retiring.media import MediaKind, Strength
from commsroom.estate.retiring.methods import BY_NAME
from commsroom.estate.retiring.verdict import Result, Verdict


def evidence(method, **more):
    item = Item(kind=MediaKind.NVME, serial="S1", method=method, need=Strength.CLEAR, **more)
    wiped = Wiped(
        Verdict(Result.PASS, "device-reported, and read back", "2995 of 8000000 blocks"), 1
    )
    return drawing_up._evidence(item, BY_NAME[method], wiped, ())


@pytest.mark.parametrize("method", ["nvme-sanitize-block", "nvme-format"])
@pytest.mark.parametrize("sampled", [True, False])
def test_what_a_device_says_of_itself_is_device_reported_however_much_was_read(
    method, sampled
) -> None:
    found = evidence(method, sampled=sampled)
    assert (found.verified, found.samples) == ("device-reported", None)
    assert "2995 of 8000000 blocks" in found.details


def test_an_overwrite_is_whole_or_a_sample_of_stated_power() -> None:
    assert evidence("overwrite").verified == "whole"
    found = evidence("overwrite", sampled=True)
    assert (found.verified, found.samples, found.confidence) == ("sampled", 2995, 99)
