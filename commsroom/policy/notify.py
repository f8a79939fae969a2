"""notify.yml: who is told when the findings of `commsroom drift` change, by mail and by chat.

The file may be left out: then nobody is told. The messages go through the company's own servers, from
an account made for that: what is named here as sender is an account like any other, held by us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from commsroom.policy.base import Section
from commsroom.policy.scalars import Duration, Id, PersonId

if TYPE_CHECKING:
    from commsroom.policy.mail import MailRules

LocalPart = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)
]
MailAddress = Annotated[
    str, StringConstraints(pattern=r"^[^@\s,;:<>()\[\]\\\\\"]+@[A-Za-z0-9.-]+$", max_length=254)
]


class MailNotice(Section):
    """By mail: plain text, with the whole report as a page attached."""

    sender: LocalPart = Field(
        default="commsroom", description="Local part of the mailbox it comes from; apply makes it"
    )
    people: tuple[PersonId, ...] = Field(default=(), description="Roster ids of who gets it")
    addresses: tuple[MailAddress, ...] = Field(
        default=(), description="Other addresses: a list, a mailbox of a task, an outside one"
    )

    def address(self, mail: MailRules) -> str:
        """Return the sender's address."""
        return mail.address(self.sender)


class ChatNotice(Section):
    """By chat: to people, or to rooms the sender is made a member of."""

    sender: Id = Field(
        default="commsroom", description="Login of the account it comes from; apply makes it"
    )
    people: tuple[PersonId, ...] = Field(default=(), description="Roster ids of who gets it")
    rooms: tuple[Id, ...] = Field(default=(), description="Rooms of messaging.yml")


class Notify(Section):
    """notify.yml."""

    severity: Literal["error", "warning"] = Field(
        default="warning", description="What weighs less is never told; what is unknown always is"
    )
    again: Duration | None = Field(
        default=None,
        description="What still stands is told again after so long; left out: only changes are told",
    )
    mail: MailNotice | None = None
    chat: ChatNotice | None = None
