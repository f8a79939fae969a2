"""A switch is erased only where what it says of itself is what the register says."""

import pytest

from commsroom.estate.retiring.erasing import mismatch


@pytest.mark.parametrize(
    ("found", "serial", "said"),
    [
        (["FOC1"], "FOC1", ""),
        (["foc1"], "FOC1", ""),
        (["FOC1", "FOC1"], "FOC1", ""),
        (["FOC2"], "FOC1", "it says that it is FOC2"),
        (["FOC11"], "FOC1", "it says that it is FOC11"),
        (["FOC1", "FOC2"], "FOC1", "it is a stack of FOC1, FOC2"),
        ([], "FOC1", "does not say"),
        ([], "", "the register has no serial number"),
        (["FOC1"], "", "the register has no serial number"),
    ],
)
def test_only_the_one_serial_number_of_the_register_is_it(found, serial, said) -> None:
    wrong = mismatch(found, serial)
    assert bool(wrong) == bool(said)
    assert said in wrong
