"""Names for paths: legible, safe everywhere, and never the same for two."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.secrets.stores import naming


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("wei.wang/sip", ["wei.wang", "sip"]),
        ("../x", ["=2e.", "x"]),
        ("a//b", ["a", "=", "b"]),
        ("SW-3F", ["=53=57-3=46"]),
        ("王", ["=e7=8e=8b"]),
        ("x.age", ["x=2eage"]),
    ],
)
def test_plain_paths_stay_legible_and_others_are_spelt_out(path, parts):
    assert naming.parts(path) == parts


@given(st.text(max_size=300).filter(lambda text: text.isprintable()))
def test_names_are_safe_in_any_file_system_and_any_url(path):
    for part in naming.parts(path):
        assert part
        assert len(part) <= 200
        assert set(part) <= set(string.ascii_lowercase + string.digits + "-_.@=~")
        assert not part.startswith(".")
        assert not part.endswith(".age")


@given(st.lists(st.text(alphabet="aA.=~/2e分", max_size=12), max_size=30, unique=True))
def test_no_two_paths_share_a_name_even_without_case(paths):
    assert len({"/".join(naming.parts(path)).lower() for path in paths}) == len(paths)


def test_long_names_that_begin_alike_are_kept_apart():
    assert naming.parts("分" * 300) != naming.parts("分" * 299 + "机")
