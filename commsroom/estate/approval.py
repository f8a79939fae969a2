"""What two people sign before it is done: wipes, purges, a change of who may sign (clause 3.3.3).

What is signed is the request's own text: the estate, what for, exactly what is to be done, who asks, and
until when the signatures count. Nothing of it can change afterwards without breaking them, and one for
another purpose, estate or object is another text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from commsroom.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How many people sign, none of them who asks.
SIGNATURES: Final = 2
#: How long signatures count where nobody says, and at most: what is wiped must not lie about for months.
VALID: Final = timedelta(days=7)
LONGEST: Final = timedelta(days=30)
#: Hex digits of a request's name: enough that no two of an estate are alike.
_DIGITS: Final = 12


class Approvable(Protocol):
    """What can be signed: a request, or an order of equipment."""

    @property
    def document(self) -> bytes:
        """The text that is signed."""
        ...

    @property
    def name(self) -> str:
        """What it is called, which follows from its text."""
        ...

    @property
    def requester(self) -> str:
        """Who asks, by roster id; their own signature does not count."""
        ...

    @property
    def expires(self) -> date:
        """The last day on which it may be signed."""
        ...


class Standing(StrEnum):
    """What has become of a request."""

    ASKED = "asked"
    APPROVED = "approved"
    USED = "used"  #: what it asked for was done; it allows nothing any more
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"  #: another list of approvers was approved instead


@dataclass(frozen=True)
class Request:
    """What somebody asks two others to approve.

    `subject` says exactly what is to be done, as JSON: addresses, serial numbers, a plan's hash. Signatures
    are given and count until `expires`, that day too; left out, VALID after it was asked. Without a
    requester whoever signs it proposes it: only the list of approvers itself is like that.

    Raises:
        UsageError: it is to count for longer than LONGEST, or for no day.
    """

    estate: str
    purpose: str
    subject: Mapping[str, Any]
    requester: str
    asked: date
    expires: date = date.min
    #: How often the same was asked before, and is over: another request each time.
    again: int = 0

    def __post_init__(self) -> None:
        """Fill in until when it counts."""
        if self.expires == date.min:
            object.__setattr__(self, "expires", self.asked + VALID)
        if not self.asked <= self.expires <= self.asked + LONGEST:
            raise UsageError(
                f"approval cannot be asked until {self.expires}",
                remedy=f"it counts until {self.asked + LONGEST} at most",
            )

    @cached_property
    def document(self) -> bytes:
        """Return the text that is signed: JSON in one form, for the eyes of who signs it."""
        content = {**self.to_json(), "purpose": f"commsroom: {self.purpose}"}
        return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    @cached_property
    def name(self) -> str:
        """Return what it is called: the beginning of its text's SHA-256."""
        return hashlib.sha256(self.document).hexdigest()[:_DIGITS]

    @cached_property
    def matter(self) -> str:
        """Return what it is about, whenever it is asked: the same is not asked twice while one is open."""
        content = [self.estate, self.purpose, self.subject, self.requester]
        return json.dumps(content, sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        found: dict[str, Any] = {
            "estate": self.estate,
            "purpose": self.purpose,
            "subject": dict(self.subject),
            "requester": self.requester,
            "asked": self.asked.isoformat(),
            "expires": self.expires.isoformat(),
        }
        return {**found, "again": self.again} if self.again else found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError, TypeError, ValueError or UsageError for what is no request."""
        return cls(
            estate=str(data["estate"]),
            purpose=str(data["purpose"]),
            subject=dict(data["subject"]),
            requester=str(data["requester"]),
            asked=date.fromisoformat(data["asked"]),
            expires=date.fromisoformat(data["expires"]),
            again=int(data.get("again", 0)),
        )

    def standing(self, day: date, *, signatures: int) -> Standing:
        """Tell what it is on a day, by how many signatures count; whether it is over otherwise, others know."""
        if day > self.expires:
            return Standing.EXPIRED
        return Standing.APPROVED if signatures >= SIGNATURES else Standing.ASKED
