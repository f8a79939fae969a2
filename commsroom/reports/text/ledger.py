"""Text about the ledger as a whole: what its chain and its checkpoints show, and what they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom.reports.lines import Line, Span, Style, count, line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def verified_lines(document: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the faults; of a ledger without any, what that excludes and what it does not."""
    for fault in document["faults"]:
        yield line(Span(printable(fault), Style.BAD))
    if document["ok"]:
        yield line("The ledger is whole.")
    for item in document["anchors"]:
        if not item["faults"]:
            yield line(
                f"{printable(item['place'])}: holds, event {item['seq']} of {item['at'][:19]}Z"
            )
    if document["ok"]:
        yield line("Excluded: ", "; ".join(document["excluded"]))
    yield from _unseen(document)


def _unseen(document: Mapping[str, Any]) -> Iterator[Line]:
    if document["sealed"]:
        since = document["events"] - document["sealed"]
        lead = f"Not to be seen, of {count(since, 'event')} since the newest checkpoint: "
    else:
        lead = "Not to be seen without a checkpoint kept elsewhere (--anchor): "
    yield line(Span(lead + "; ".join(document["unseen"]), Style.QUIET))


def checkpoint_lines(document: Mapping[str, Any]) -> Iterator[Line]:
    """Yield where a checkpoint was put; where nowhere, the checkpoint itself."""
    if not document["places"]:
        yield line(document["line"])
    else:
        yield line(f"Checkpoint of event {document['seq']} ({document['hash']})")
        for place in document["places"]:
            yield line(f"  {printable(place)}")
