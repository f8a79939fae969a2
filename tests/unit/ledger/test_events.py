"""The history: who did what, when, asked by whom; by address, kind and time."""

import re

import pytest

from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.backend import Outcome, Status
from commsroom.estate.resource import Action


def test_an_event_says_who_ran_it_who_asked_and_when(ledger):
    ledger.record("approved", {"plan": "ab12"}, actor="lin@ops1", requester="mei@ops1")
    (event,) = ledger.events(kind="approved")
    assert (event.actor, event.requester, event.data) == ("lin@ops1", "mei@ops1", {"plan": "ab12"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event.at)


def test_one_event_for_the_intent_and_one_for_the_outcome_of_a_whole_batch(estate):
    batch = estate.do(*(estate.change(Action.CREATE, f"u{number}") for number in range(7)))
    intent, outcome = estate.ledger.events(limit=2)
    assert (intent.kind, intent.seq, len(intent.rows)) == ("intent", batch, 7)
    assert (outcome.kind, outcome.batch, len(outcome.rows)) == ("outcome", batch, 7)
    assert intent.data == {"run": "run-1", "stage": "grant", "system": "im1"}


@pytest.fixture
def busy(estate):
    estate.do(estate.change(Action.CREATE, "wei"))
    estate.do(estate.change(Action.CREATE, "mei"))
    estate.do(estate.change(Action.UPDATE, "wei", generation=2))
    return estate.ledger


def test_the_history_of_one_address_holds_nothing_else(busy, estate):
    for address in (estate.address("wei"), "im1:account/wei", "im1:*/w*"):
        found = list(busy.events(address=address))
        assert [event.kind for event in found] == ["intent", "outcome"] * 2
        assert all(any(row.address.key == "wei" for row in event.rows) for event in found)


def test_a_limit_keeps_the_last_ones_in_their_order(busy):
    everything = [event.seq for event in busy.events()]
    assert everything == sorted(everything)
    assert [event.seq for event in busy.events(limit=2)] == everything[-2:]
    assert [event.seq for event in busy.events(kind="outcome", limit=1)] == [everything[-1]]
    assert [event.seq for event in busy.events(address="im1:account/*", limit=1)] == everything[-1:]
    assert [event.seq for event in busy.events(address="im1:account/mei", limit=1)] == [5]


def test_since_leaves_out_what_came_before(busy):
    fourth = list(busy.events())[3]
    assert next(iter(busy.events(since=fourth.at))).seq == fourth.seq
    assert list(busy.events(since="2999-01-01")) == []


def test_what_is_no_address_is_refused(busy):
    with pytest.raises(UsageError, match="is not an address"):
        list(busy.events(address="wei"))


def test_notes_cannot_pass_for_the_ledgers_own_events(ledger):
    for kind in ("intent", "outcome", "adopted", "generation", "key", "lock-broken"):
        with pytest.raises(ValueError, match="ledger's own"):
            ledger.record(kind, {}, actor="x")


def test_messages_of_outcomes_are_kept(estate):
    change = estate.change(Action.CREATE, "wei")
    batch = estate.begin(change)
    ended = [Outcome(change.address, Status.FAILED, "quota full")]
    estate.ledger.finish(batch, ended, [change])
    (event,) = estate.ledger.events(kind="outcome")
    assert event.rows[0].data["status"] == "failed"
    assert event.rows[0].data["message"] == "quota full"


def test_a_batch_of_thousands_is_two_quick_transactions(estate):
    """Three thousand changes: two events, no loop of transactions (time is only a coarse guard)."""
    import time

    changes = [estate.change(Action.CREATE, f"u{number}") for number in range(3000)]
    started = time.perf_counter()
    estate.do(*changes)
    assert time.perf_counter() - started < 10
    assert len(estate.ledger.known().owned) == 3000
    assert [event.kind for event in estate.ledger.events()] == ["estate", "intent", "outcome"]


def test_what_was_thought_of_before_another_of_its_kind_came_is_refused(ledger):
    seen, _ = ledger.head()
    ledger.record("something else", {}, actor="me@here")
    ledger.record("order proposed", {"order": "1"}, actor="me@here", seen=seen)
    with pytest.raises(CommsroomError, match="another order proposed was recorded meanwhile"):
        ledger.record("order proposed", {"order": "2"}, actor="you@there", seen=seen)
    assert [event.data["order"] for event in ledger.events(kind="order proposed")] == ["1"]
