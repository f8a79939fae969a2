"""Notices: what a back end that carries messages may be asked to deliver to people.

A back end that can says by which `channel` (`Backend.channel`), and its provider is `Notifying`. The
sender is an account of the system that is ours, and is used as its owner would use it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.estate.secret import Secret


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a notice where the channel can carry one."""

    name: str
    content: str
    subtype: str = "html"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one recipient: an address, a login, or with `room` a room's name.

    `id` is unique and may become a Message-ID's left part. `text` is plain text of any length.
    """

    id: str
    to: str
    subject: str
    text: str
    room: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """The account that notices come from: its key on the system, and its password."""

    key: str
    password: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notice: the server took it, or `failure` says why it is not known to have."""

    notice: Notice
    failure: str = ""


@runtime_checkable
class Notifying(Protocol):
    """A provider that delivers notices."""

    def notify(self, sender: Sender, notices: Sequence[Notice]) -> Sequence[Delivery]:
        """Deliver each; one that fails does not stop the others. Nothing is raised for a refusal."""
        ...
