"""Names and values on their way to the server: what is refused, and that the rest survives."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.backends.prosody import on_target, wire
from commsroom.estate.kinds import Account, Member, Room
from commsroom.estate.resource import Address, Resource

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
)


def refusal(kind, key, body):
    address = Address("im1", kind, key)
    return wire.refusals([Resource(address, body)]).get(address, "")


@pytest.mark.parametrize("login", ["wei.wang", "wei.wang2", "o_brien", "a-b", "2107"])
def test_ordinary_logins_are_taken(login):
    assert refusal("account", login, Account()) == ""
    assert refusal("member", f"sales/{login}", Member(affiliation="member")) == ""


@pytest.mark.parametrize(
    "login", ["Wei", "wei wang", "wei@home", "wei/1", "王偉", "", "a" * 256, "a'b", 'a"b', "a\n"]
)
def test_what_is_no_local_part_is_refused_with_the_reason(login):
    assert "local part" in refusal("account", login, Account())
    assert "local part" in refusal("room", login, Room())


@pytest.mark.parametrize("key", ["sales", "sales/ann/owner"])
def test_a_membership_needs_room_and_login(key):
    assert "ROOM/LOGIN" in refusal("member", key, Member(affiliation="member"))


def test_an_affiliation_outside_the_three_is_refused():
    assert "outcast" in refusal("member", "sales/ann", Member(affiliation="outcast"))


@pytest.mark.parametrize("name", ["", "x" * 513, "tab\x0bbed", "nul\0", "\ufffe", "half \ud83d"])
def test_names_that_cannot_come_back_are_refused(name):
    assert refusal("account", "ann", Account(display_name=name))
    assert refusal("room", "sales", Room(title=name))


@given(NAMES)
def test_any_other_name_is_the_same_after_quoting_for_xml(name):
    assert on_target.unquoted(on_target.quoted(name)) == name
    assert not set("<>'\"") & set(on_target.quoted(name))


@given(st.lists(NAMES, max_size=60))
def test_parcels_keep_order_and_fit_into_a_stanza(names):
    ops = [{"do": "account_put", "login": "ann", "display_name": name[:512]} for name in names]
    parcels = list(on_target.parcels(ops))
    assert [op for parcel in parcels for op in parcel] == ops
    for parcel in parcels:
        text = json.dumps(parcel, ensure_ascii=False, separators=(",", ":"))
        assert len(parcel) == 1 or len(on_target.quoted(text).encode()) < 9_000


def test_the_longest_name_allowed_fits_into_one_stanza():
    longest = "&" * wire.LONGEST_TEXT  # five bytes each once quoted
    [parcel] = on_target.parcels(
        [{"do": "account_put", "login": "a" * 255, "display_name": longest}]
    )
    assert len(on_target.quoted(json.dumps(parcel))) < 9_000


def test_people_of_other_servers_keep_their_whole_address():
    members = [
        {"jid": "ann@a.test", "affiliation": "member"},
        {"jid": "eve@b.test", "affiliation": "outcast"},
    ]
    room = {
        "room": "r",
        "title": None,
        "members_only": True,
        "moderated": False,
        "members": members,
    }
    found = wire.resources("im1", "a.test", {"accounts": [], "rooms": [room]})
    assert [str(key) for key in found] == [
        "im1:room/r",
        "im1:member/r/ann",
        "im1:member/r/eve@b.test",
    ]
