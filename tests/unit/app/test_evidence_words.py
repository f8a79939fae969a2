"""The words that evidence may name are those that the rest of the package really uses."""

import re
from pathlib import Path
from typing import get_args

from commsroom.estate.kinds import kinds
from commsroom.ledger import ledger
from commsroom.policy.evidence import CHECKS, KINDS, EventKind

ROOT = Path(__file__).parents[3]
#: The ledger's own book-keeping, which shows nothing about a rule.
BOOKKEEPING = {"estate", "key", "late", "lock-broken", "lock-taken-over"}
#: What verbs record of themselves.
VERBS = {
    "accepted",
    "applied",
    "approval asked",
    "approval given",
    "approval used",
    "approval withdrawn",
    "certificate made",
    "decommission",
    "handed over",
    "handover begun",
    "handover withheld",
    "loss",
    "order approved",
    "order cancelled",
    "order promised",
    "order proposed",
    "proof",
    "root certificate",
    "sanitization certified",
    "sanitization withdrawn",
    "secret entered",
    "secret shown",
    "training done",
    "training withdrawn",
}


def test_kinds_are_those_of_objects():
    assert set(kinds()) == KINDS


def test_checks_are_those_an_inspection_documents():
    page = (ROOT / "docs/howto/inspect.md").read_text("utf-8")
    first = "".join(re.findall(r"^\| (`[^|]+)\|", page, re.MULTILINE))
    assert set(re.findall("`([^`]+)`", first)) == CHECKS


def test_events_are_those_of_the_ledger():
    assert set(get_args(EventKind)) == (ledger._OWN_KINDS - BOOKKEEPING) | VERBS
