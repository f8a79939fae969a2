"""The letter that carries a checkpoint of the ledger to where nobody at the controller can change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from commsroom.reports import languages
from commsroom.reports.languages import N_
from commsroom.reports.lines import printable

if TYPE_CHECKING:

    class Sealed(Protocol):
        """A checkpoint, as the ledger makes it."""

        @property
        def seq(self) -> int: ...
        @property
        def hash(self) -> str: ...
        @property
        def at(self) -> str: ...


_SUBJECT: Final = N_("Checkpoint of the ledger, event %(seq)d")
_KEEP: Final = N_(
    "Keep this letter. Should the ledger ever be doubted, save what is attached and run:"
)
_TELLS: Final = N_(
    "It tells whether anything up to event %(seq)d (%(at)s) was changed since, even by somebody who"
    " computed the whole ledger anew."
)


def subject(seq: int, company: str, language: str) -> str:
    """Return the letter's subject."""
    words = languages.load(language)
    return f"[{printable(company)}] {words.gettext(_SUBJECT) % {'seq': seq}}"


def body(made: Sealed, file: str, language: str) -> str:
    """Return the letter's text; the checkpoint itself is attached, as `file`."""
    say = languages.load(language).gettext
    tells = say(_TELLS) % {"seq": made.seq, "at": f"{made.at[:19]}Z"}
    command = f"    commsroom ledger verify --anchor {file}"
    return f"{say(_KEEP)}\n\n{command}\n\n{tells}\n\nSHA-256: {made.hash}\n"
