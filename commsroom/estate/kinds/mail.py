"""Mail objects: what a mail system holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from commsroom.estate.resource import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox(Kind):
    """A person's or service's mailbox. Key: its address.

    `suspended` refuses login and submission and ends sessions; mail still arrives while
    `receives` is true. `quota_bytes` is in bytes, 0 is unlimited. `aliases` are further addresses
    delivered here. During a rotation `previous` is taken as well as `password`.
    """

    kind: ClassVar[str] = "mailbox"
    holds_data: ClassVar[bool] = True
    retained: ClassVar[bool] = True
    closes: ClassVar[tuple[str, ...]] = ("suspended",)
    slots: ClassVar[tuple[str, ...]] = ("password", "previous")
    spare: ClassVar[tuple[str, ...]] = ("previous",)

    display_name: str | None = None
    quota_bytes: int | None = None
    aliases: tuple[str, ...] | None = None
    suspended: bool | None = None
    receives: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMailbox(Kind):
    """A mailbox of a task, not of a person, with one named custodian (clause 4.6.2). Key: its address.

    `custodian` is the custodian's login; others act on it only through a Grant.
    """

    kind: ClassVar[str] = "shared_mailbox"
    holds_data: ClassVar[bool] = True
    closes: ClassVar[tuple[str, ...]] = ("suspended",)
    slots: ClassVar[tuple[str, ...]] = ("password", "previous")
    spare: ClassVar[tuple[str, ...]] = ("previous",)

    title: str | None = None
    custodian: str | None = None
    quota_bytes: int | None = None
    suspended: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailList(Kind):
    """A distribution list. Key: its address. `members` are addresses.

    `posters` says who may write to it: `members`, `internal` (any authenticated sender) or `anyone`.
    """

    kind: ClassVar[str] = "list"

    title: str | None = None
    members: tuple[str, ...] | None = None
    posters: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Kind):
    """What one person may do with a shared mailbox. Key: `<mailbox address>/<login>`.

    `rights` is a sorted tuple drawn from `read` (open its folders), `receive` (incoming mail is
    delivered to the person's own inbox too) and `send` (submit with its address as sender).
    """

    kind: ClassVar[str] = "grant"
    is_right: ClassVar[bool] = True

    rights: tuple[str, ...] | None = None
