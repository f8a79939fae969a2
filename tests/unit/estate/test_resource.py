"""What an object at an address promises about its secrets."""

from __future__ import annotations

import pytest

from commsroom.estate.kinds import Account, Mailbox
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Custody, SecretRef, Shape


@pytest.mark.parametrize(
    ("body", "custody", "second"),
    [
        (Mailbox(), Custody.MANAGED, "previous"),
        (
            Mailbox(),
            Custody.PERSONAL,
            "",
        ),  # its owner may have changed it: the first one stays dead
        (Account(), Custody.MANAGED, ""),  # a chat server takes one
    ],
)
def test_a_second_password_is_let_in_where_there_is_room_and_the_first_is_ours(
    body, custody, second
):
    ref = SecretRef("ann/login", "password", Shape.PASSWORD, custody=custody)
    item = Resource(Address("box1", body.kind, "ann"), body, (ref,))
    assert item.beside("password") == second
    assert not item.beside("previous")
