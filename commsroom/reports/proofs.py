"""Text about proofs: summed up by use, and each that did not go as policy promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.reports.lines import Line, Span, Style, count, label, line, note, plain
from commsroom.reports.model import uses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commsroom.estate.backend import Proof


def proof_lines(
    proofs: Iterable[Proof], simulated: frozenset[str], *, full: bool = False
) -> Iterator[Line]:
    """Yield proofs: a line per system and use, then each that failed or was undecided."""
    known = list(proofs)
    summed = uses(known)
    width = max((len(item.name) for item in summed), default=0)
    place = max((len(item.system) for item in summed), default=0)
    for item in summed:
        yield line(
            f"{item.system:<{place}}  {item.name:<{width}}  ",
            Span(
                f"{item.good} of {item.total}", Style.GOOD if item.good == item.total else Style.BAD
            ),
            Span(f"  {item.ms:,.0f} ms", Style.QUIET),
            *label(item.system, simulated),
        )
    for proof in known:
        if full or proof.ok is not True:
            yield _proof(proof, simulated)


def proof_sum(proofs: Iterable[Proof], simulated: frozenset[str]) -> Line:
    """Return the last line of a proof."""
    known = list(proofs)
    good = sum(proof.ok is True for proof in known)
    style = Style.GOOD if good == len(known) else Style.BAD
    what = count(len(known), "use")
    return line(Span(f"Proven: {good:,} of {what} as expected.{note(simulated)}", style))


def proof_summary(proofs: Iterable[Proof], unknown: Mapping[str, str]) -> str:
    """Return the sum of a proof as a plain string, with what could not be asked."""
    asked = plain(proof_sum(proofs, frozenset()))
    return " ".join([asked, *(f"unknown: {reason}" for reason in unknown.values())])


def proof_sentence(proof: Proof) -> str:
    """Return one proof as a plain string."""
    return plain(_proof(proof, frozenset())).strip()


def _proof(proof: Proof, simulated: frozenset[str]) -> Line:
    mark, style = {True: ("✓", Style.GOOD), False: ("✗", Style.BAD), None: ("?", Style.DOUBT)}[
        proof.ok
    ]
    how = f" ({proof.note})" if proof.note else ""
    got = "" if proof.ok else f": expected {proof.expected}, got {proof.got}"
    simulation = label(proof.address.system, simulated)
    return line("  ", Span(mark, style), f" {proof.address} {proof.use}{got}{how}", *simulation)
