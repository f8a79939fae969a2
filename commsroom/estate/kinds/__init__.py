"""The typed kinds of object, shared by every back end: what can be asked for, in the field's words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from commsroom.errors import UsageError
from commsroom.estate.kinds.mail import Grant, Mailbox, MailList, SharedMailbox
from commsroom.estate.kinds.messaging import Account, Member, Room
from commsroom.estate.kinds.network import SwitchLogin, SwitchPort, SwitchServices, SwitchVlan
from commsroom.estate.kinds.phones import PhoneProfile
from commsroom.estate.kinds.telephony import (
    Conference,
    DiallingClass,
    Extension,
    HuntGroup,
    Route,
    Trunk,
    Voicemail,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.resource import Kind

__all__ = [
    "Account",
    "Conference",
    "DiallingClass",
    "Extension",
    "Grant",
    "HuntGroup",
    "MailList",
    "Mailbox",
    "Member",
    "PhoneProfile",
    "Room",
    "Route",
    "SharedMailbox",
    "SwitchLogin",
    "SwitchPort",
    "SwitchServices",
    "SwitchVlan",
    "Trunk",
    "Voicemail",
    "kind_named",
    "kinds",
]


@cache
def kinds() -> Mapping[str, type[Kind]]:
    """Return every kind by its name, as used in addresses."""
    members: tuple[type[Kind], ...] = (
        DiallingClass, Extension, Voicemail, Conference, HuntGroup, Trunk, Route,
        Mailbox, SharedMailbox, MailList, Grant,
        Account, Room, Member,
        PhoneProfile,
        SwitchVlan, SwitchPort, SwitchServices, SwitchLogin,
    )  # fmt: skip
    return {member.kind: member for member in members}


def kind_named(name: str) -> type[Kind]:
    """Return the kind called `name`; raises UsageError listing the known ones."""
    try:
        return kinds()[name]
    except KeyError:
        raise UsageError(
            f"no kind is called {name!r}", remedy="one of " + ", ".join(kinds())
        ) from None
