"""What may be done to a ledger behind our back, and what `verify` can see of it: alone, and with an anchor.

The table of docs/explanation/ledger.md is this one, and a test does each of these to a real ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Tampering:
    """One class of it: whether the chain shows it, and whether a checkpoint that was kept outside does."""

    name: str
    what: str
    alone: bool = True
    anchored: bool = True
    #: Done to a checkpoint, not to the ledger: where none is given there is nothing to say of it.
    given: bool = False


CLASSES: Final = (
    Tampering("edit-event", "an event edited"),
    Tampering("edit-row", "a row of an event edited"),
    Tampering("edit-table", "a table edited beside the events (ownership, protection, generations …)"),
    Tampering("delete", "an event or row deleted"),
    Tampering("insert", "an event or row inserted"),
    Tampering("reorder", "events or rows moved"),
    Tampering("truncate", "events at the end cut off"),
    Tampering("forged-note", "the whole chain computed anew, its notes of checkpoints left as they were"),
    Tampering("rewrite", "the whole chain computed anew, its notes of checkpoints too", alone=False),
    Tampering(
        "truncate-head", "events cut off back to before the checkpoint, the head made to fit", alone=False
    ),
    Tampering("after-anchor", "what came after the newest checkpoint computed anew or cut off", alone=False, anchored=False),
    Tampering("append", "an event added at the end as commsroom would", alone=False, anchored=False),
    Tampering("forged-checkpoint", "a checkpoint edited, or signed by a stranger", alone=False, given=True),
    Tampering("foreign-checkpoint", "another estate's checkpoint passed off as ours", alone=False, given=True),
)  # fmt: skip


def excluded(*, anchored: bool) -> Sequence[str]:
    """Name what cannot have been done to a ledger that shows no fault."""
    return tuple(item.what for item in CLASSES if not item.given and _seen(item, anchored))


def unseen(*, anchored: bool) -> Sequence[str]:
    """Name what may have been done all the same: nobody can see it from here."""
    return tuple(item.what for item in CLASSES if not item.given and not _seen(item, anchored))


def table() -> str:
    """Return the table of the page, in Markdown."""
    rows = [
        f"| {item.what} | {'' if item.given else _word(item, False)} | {_word(item, True)} |"
        for item in CLASSES
    ]
    return "\n".join(["| what was done | without an anchor | with one |", "|---|---|---|", *rows])


def _seen(item: Tampering, anchored: bool) -> bool:  # noqa: FBT001 - a column of the table
    return item.anchored if anchored else item.alone


def _word(item: Tampering, anchored: bool) -> str:  # noqa: FBT001 - as above
    return "seen" if _seen(item, anchored) else "**not seen**"
