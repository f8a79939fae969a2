"""A request's text: what is signed says exactly what is to be done, and is another for anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from commsroom.errors import UsageError
from commsroom.estate.approval import LONGEST, VALID, Approvable, Request, Standing
from commsroom.estate.kinds import kinds
from commsroom.estate.register.orders import Order

DAY = date(2026, 11, 24)
REQUEST = Request("e1", "decommission", {"devices": ["LH-P005"], "method": "purge"}, "L003", DAY)


def test_all_that_is_asked_stands_in_the_text_that_is_signed() -> None:
    said = json.loads(REQUEST.document)
    assert said == {
        "purpose": "commsroom: decommission",
        "estate": "e1",
        "subject": {"devices": ["LH-P005"], "method": "purge"},
        "requester": "L003",
        "asked": "2026-11-24",
        "expires": "2026-12-01",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"estate": "e2"},
        {"purpose": "plan"},
        {"subject": {"devices": ["LH-P006"], "method": "purge"}},
        {"requester": "L004"},
        {"asked": DAY - timedelta(days=1)},
        {"expires": DAY},
        {"again": 1},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_anything_else_is_another_request(changed: dict[str, object]) -> None:
    other = replace(REQUEST, **changed)  # type: ignore[arg-type] # a table of fields
    assert other.document != REQUEST.document
    assert other.name != REQUEST.name


def test_a_request_comes_back_from_the_ledger_as_it_was() -> None:
    for request in (REQUEST, replace(REQUEST, again=2)):
        again = Request.from_json(json.loads(json.dumps(request.to_json())))
        assert (again, again.name, again.matter) == (request, request.name, request.matter)


def test_the_same_matter_asked_on_another_day_is_known_as_the_same() -> None:
    later = replace(REQUEST, asked=DAY + timedelta(days=3), expires=DAY + timedelta(days=5))
    assert later.matter == REQUEST.matter
    assert replace(REQUEST, requester="L004").matter != REQUEST.matter


@pytest.mark.parametrize("days", [-1, LONGEST.days + 1, 36500])
def test_no_request_counts_for_longer_than_a_month_or_for_no_day(days: int) -> None:
    with pytest.raises(UsageError, match="approval cannot be asked until"):
        replace(REQUEST, expires=DAY + timedelta(days=days))


def test_signatures_count_on_the_last_day_and_not_after_it() -> None:
    last = DAY + VALID
    assert REQUEST.standing(last, signatures=1) is Standing.ASKED
    assert REQUEST.standing(last, signatures=2) is Standing.APPROVED
    assert REQUEST.standing(last + timedelta(days=1), signatures=2) is Standing.EXPIRED


def test_an_order_is_signed_as_a_request_is() -> None:
    found: list[Approvable] = [Order("e1", "L003", DAY, DAY + VALID, "TWD"), REQUEST]
    assert len({item.name for item in found}) == len({item.document for item in found}) == 2


def test_what_people_wrote_is_in_these_kinds_and_in_no_other() -> None:
    assert {name for name, kind in kinds().items() if kind.holds_data} == {
        "account",
        "mailbox",
        "room",
        "shared_mailbox",
        "voicemail",
    }
