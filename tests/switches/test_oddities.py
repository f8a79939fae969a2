"""Switches that behave oddly: one clear line each, and nobody else is affected."""

import odd
import pytest
from fleet import fleet
from users import PASSWORD

from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Deadlines

pytestmark = pytest.mark.slow
LIMITS = Deadlines(connect=10, read=30, apply=10)


@pytest.fixture(scope="module")
def switches(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("odd"), "odd", len(odd.ODDITIES)) as found:
        yield found


def read(switches, oddity, limits=LIMITS):
    return switches.provider("cisco_ios", odd.ODDITIES.index(oddity), limits).read()


@pytest.mark.parametrize("oddity", ["sound", "banner", "hash", "huge"])
def test_what_is_only_unusual_is_read_whole(switches, oddity):
    snapshot = read(switches, oddity)
    assert {address.key for address in snapshot.sealed} == {"Gi1/0/24"}


def test_ports_we_have_no_name_for_are_left_alone_and_the_others_are_read(switches):
    found = {address.key for address in read(switches, "ports").resources}
    assert "Twe1/0/1" in found
    assert not {key for key in found if "App" in key or key.endswith("/99")}


@pytest.mark.parametrize(
    ("oddity", "said"),
    [
        ("garbage", r"sw1: read: .*no configuration to its end"),
        ("paging", r"sw2: read: .*no configuration to its end"),
        ("endless", r"sw6: read: its answer does not end"),
    ],
)
def test_what_is_no_configuration_is_unknown_in_one_line(switches, oddity, said):
    with pytest.raises(SystemUnknown, match=said) as caught:
        read(switches, oddity, Deadlines(connect=5, read=15, apply=5))
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_switch_that_refuses_the_password_is_unknown_and_the_word_is_not_told(switches):
    switches.password.write_text("not-the-word\n")
    try:
        with pytest.raises(SystemUnknown, match="refused our login") as caught:
            read(switches, "sound")
    finally:
        switches.password.write_text(f"{PASSWORD}\n")
    assert "not-the-word" not in str(caught.value)


def test_a_hang_in_the_middle_of_reading_is_unknown_in_time(switches):
    switches.tell("0 hang after 4")
    try:
        with pytest.raises(SystemUnknown, match="it hangs"):
            read(switches, "sound", Deadlines(connect=5, read=2, apply=5))
    finally:
        switches.tell("0 none")
