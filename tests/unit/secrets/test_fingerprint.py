"""Fingerprints compare verifiers without telling them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.secrets import fingerprint
from commsroom.secrets.derive import Use, derived

KEY = bytes(range(32))


@given(st.text(), st.text())
def test_equal_verifiers_and_only_they_have_equal_fingerprints(one, other):
    tell = fingerprint.keyed(KEY)
    assert (tell(one) == tell(other)) is (one == other)


def test_a_fingerprint_is_the_same_every_day():
    """It is compared with one recorded months ago: this value must never change."""
    assert fingerprint.keyed(KEY)("482913") == "aa1a69f64e9946b75666e10d1fc91980"


def test_another_key_gives_other_fingerprints():
    assert fingerprint.keyed(KEY)("482913") != fingerprint.keyed(b"\x01" * 32)("482913")


def test_a_fingerprint_is_32_hexadecimal_digits_of_the_verifier_nothing():
    told = fingerprint.keyed(KEY)("482913")
    assert len(told) == 32
    assert set(told) <= set("0123456789abcdef")
    assert "482913" not in told


def test_the_keys_of_each_use_differ_from_each_other_and_from_the_master():
    keys = {derived(KEY, use) for use in Use} | {KEY}
    assert len(keys) == len(Use) + 1


def test_a_key_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        fingerprint.keyed(b"short")
