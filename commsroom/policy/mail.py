"""mail.yml: domains, sizes, lists, the archive, and mailboxes that belong to a task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from commsroom.policy.base import Audience, Section
from commsroom.policy.scalars import Domain, Duration, PersonId, Size, Text

LocalPart = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+([._+-][a-z0-9]+)*$", max_length=64)
]
Right = Literal["read", "receive", "send"]


def _sorted(rights: tuple[Right, ...]) -> tuple[Right, ...]:
    return tuple(sorted(set(rights)))


Grants = Annotated[tuple[Right, ...], Field(min_length=1), AfterValidator(_sorted)]


class MailListRule(Section):
    """A distribution list; its address is its key at the first domain."""

    title: Text
    members: Audience
    posters: Literal["members", "internal", "anyone"] = Field(
        default="internal",
        description="Who may write to it; internal is anybody with a mailbox here",
    )


class Archive(Section):
    """A traceable copy of every message (clause 2.2.3)."""

    mailbox: LocalPart = Field(description="Local part of the archive's address")
    retention: Duration = Field(description="Kept at least so long, e.g. 7y")
    quota: Size = Field(default=0, description="Default unlimited")


class ContactMailbox(Section):
    """The external contact mailbox: one custodian, and rights per person (clauses 2.2.6, 4.6.2)."""

    title: Text
    custodian: PersonId = Field(description="Who holds its account and password")
    quota: Size
    grants: Mapping[PersonId, Grants] = Field(
        default_factory=dict,
        description="By roster id: read (open its folders), receive (get a copy), send (as its address)",
    )


class MailRules(Section):
    """mail.yml."""

    domains: tuple[Domain, ...] = Field(min_length=1, description="The first is the main one")
    message_size: Size = Field(description="Largest message, with attachments as sent, e.g. 35 MiB")
    attachment_size: Size = Field(
        description="Largest attachments together; they grow by 4/3 in mail"
    )
    lists: Mapping[LocalPart, MailListRule] = Field(default_factory=dict)
    archive: Archive | None = None
    contact_mailboxes: Mapping[LocalPart, ContactMailbox] = Field(default_factory=dict)
    deleted_after: Duration = Field(
        default=timedelta(days=30), description="Mail in the bin is kept so long"
    )

    @property
    def domain(self) -> str:
        """Return the main domain."""
        return self.domains[0]

    def address(self, local_part: str) -> str:
        """Return the address of a local part at the main domain."""
        return f"{local_part}@{self.domain}"
