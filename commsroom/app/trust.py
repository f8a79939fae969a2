"""Whose signatures count on a certificate: the approvers that stood when it was recorded.

Who edits `policies/approvers` lets nobody sign by that (`signers`); and whoever validated a certificate and
was taken out later did validate it. An auditor without the ledger brings a file of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom import files
from commsroom.app import signers
from commsroom.errors import PolicyErrors
from commsroom.policy import approvers
from commsroom.policy.approvers import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.errors import Problem


@dataclass(frozen=True, slots=True)
class Trust:
    """Texts in the form of ALLOWED SIGNERS, ssh-keygen(1), each with the event it stood from, oldest first."""

    #: What they are called.
    name: str
    texts: Sequence[tuple[int, bytes]]

    @property
    def now(self) -> bytes:
        """Return the text that counts now."""
        return self.texts[-1][1]

    def at(self, seq: int) -> bytes:
        """Return the text that counted at an event; at one before anybody approved any, the first."""
        held = [text for since, text in self.texts if since <= seq]
        return held[-1] if held else self.texts[0][1]


def of_file(file: Path) -> Trust:
    """Trust whom a file names, nobody where there is none; raises FileUnusable."""
    try:
        text = files.read(file, most=approvers.LARGEST, what="such a file")
    except FileNotFoundError:
        text = b""
    return Trust(str(file), ((0, text),))


def of_estate(estate: Estate) -> Trust:
    """Trust whom two people let sign, and until anybody did, whom `policies/approvers` names.

    Raises:
        PolicyErrors: the file counts, and lines of it are wrong.
    """
    if history := signers.history(estate):
        return Trust(FILE, tuple((one.seq, one.text) for one in history))
    return of_policy(estate)


def of_policy(estate: Estate) -> Trust:
    """Trust whom `policies/approvers` names, approved or not; raises PolicyErrors while lines of it are wrong."""
    problems: list[Problem] = []
    approvers.read(estate.path, problems)
    if problems:
        raise PolicyErrors(problems)
    return of_file(estate.path / FILE)
