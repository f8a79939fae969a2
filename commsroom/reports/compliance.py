"""The compliance report as a value: each clause, how it stands, and the evidence behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from commsroom.errors import Exit
from commsroom.reports.languages import N_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from gettext import NullTranslations

    from commsroom.estate.resource import Provenance


class Standing(StrEnum):
    """How a clause stands, worst first."""

    NOT_MET = "not met"  #: the evidence says no
    UNKNOWN = "unknown"  #: evidence is too old, incomplete or not there yet
    MISSING = "missing"  #: nothing serves it, or not the whole of it
    MANUAL = "manual"  #: people answer for it, and have confirmed it
    MET = "met"  #: all evidence is a machine's, fresh and good


class State(StrEnum):
    """How one piece of evidence stands."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    MANUAL = "manual"


WORDS: Final[Mapping[Standing, str]] = {
    Standing.NOT_MET: N_("not met"),
    Standing.UNKNOWN: N_("unknown"),
    Standing.MISSING: N_("missing"),
    Standing.MANUAL: N_("manual"),
    Standing.MET: N_("met"),
}
SIGNS: Final[Mapping[Standing | State, str]] = {
    Standing.NOT_MET: "✗",
    Standing.UNKNOWN: "?",
    Standing.MISSING: "○",
    Standing.MANUAL: "☞",
    Standing.MET: "✓",
    State.GOOD: "✓",
    State.BAD: "✗",
    State.MANUAL: "☞",
}
TYPES: Final[Mapping[str, str]] = {
    "policy": N_("policy and drift"),
    "proof": N_("proof by use"),
    "inspection": N_("inspection"),
    "ledger": N_("ledger"),
    "manual": N_("people"),
}
TITLE: Final = N_("Compliance")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with places for values, translated before they are put in."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, words: NullTranslations) -> str:
        """Return it in a language."""
        return words.gettext(self.text) % self.values

    def __bool__(self) -> bool:
        """Tell whether it says anything."""
        return bool(self.text)

    def __str__(self) -> str:
        """Return it in English."""
        return self.text % self.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One piece of evidence. `subject` is what policy wrote; `at` the UTC time it is of, "" for none."""

    type: str
    subject: str
    state: State
    reason: Sentence
    at: str = ""
    named: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One clause with its evidence."""

    clause: str
    rule: str
    by: str = ""
    lacks: str = ""
    provenance: Provenance | None = None
    rows: tuple[Row, ...] = ()

    @property
    def standing(self) -> Standing:
        """Say how it stands: *met* needs evidence, all of it a machine's and good, and nothing lacking."""
        states = {row.state for row in self.rows}
        if State.BAD in states:
            return Standing.NOT_MET
        if State.UNKNOWN in states:
            return Standing.UNKNOWN
        if self.lacks or not states:
            return Standing.MISSING
        return Standing.MANUAL if State.MANUAL in states else Standing.MET


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """The whole report. `when` is UTC; `title` the regulation's own name."""

    title: str
    estate: str
    when: str
    answers: tuple[Answer, ...]
    simulated: frozenset[str] = frozenset()
    strict: bool = False

    @property
    def summary(self) -> Mapping[Standing, int]:
        """Count the clauses by how they stand."""
        standings = [answer.standing for answer in self.answers]
        return {standing: standings.count(standing) for standing in Standing}

    @property
    def exit_code(self) -> Exit:
        """Give the exit code; what is missing is a difference only when one is strict about it."""
        count = self.summary
        if count[Standing.UNKNOWN]:
            return Exit.INCOMPLETE
        wrong = count[Standing.NOT_MET] + (count[Standing.MISSING] if self.strict else 0)
        return Exit.DIFFERENCE if wrong else Exit.DONE
