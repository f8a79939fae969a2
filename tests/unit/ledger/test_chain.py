"""Tampering: every event and row is sealed, and the tables are the sum of the events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.estate.backend import Status
from commsroom.estate.resource import Action
from commsroom.ledger.chain import GENESIS, Sealed, rows_digest


@pytest.fixture
def history(estate):
    """Give a ledger with something of everything in it."""
    estate.do(
        estate.change(Action.CREATE, "wei", protected=True), estate.change(Action.CREATE, "mei")
    )
    estate.do(estate.change(Action.UPDATE, "wei", generation=2), status=Status.UNKNOWN)
    estate.ledger.record("approved", {"plan": "ab12"}, actor="lin@ops1", requester="mei@ops1")
    estate.ledger.advance(["mei/xmpp"], actor="lin@ops1", reason="rotation")
    estate.ledger.bind_key("c" * 32)
    estate.ledger.settle(
        estate.begin(estate.change(Action.DELETE, "mei")), {estate.address("mei"): "absent"}
    )
    estate.begin(estate.change(Action.CREATE, "open"))
    return estate.ledger


def test_an_untouched_ledger_is_whole(history):
    assert history.verify() == ()


SWAP = [
    "UPDATE ledger_events SET seq = -1 WHERE seq = 4",
    "UPDATE ledger_events SET seq = 4 WHERE seq = 5",
    "UPDATE ledger_events SET seq = 5 WHERE seq = -1",
]
COPY = (
    "INSERT INTO ledger_events SELECT {seq}, at, kind, actor, requester, batch, fence, data, rows,"
    " previous, hash FROM ledger_events WHERE seq = 6"
)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(["UPDATE ledger_events SET actor = 'nobody' WHERE seq = 3"], "event 3 .* was edited", id="edit-actor"),
        pytest.param(["UPDATE ledger_events SET requester = '' WHERE seq = 6"], "event 6 .* was edited", id="edit-requester"),
        pytest.param(["UPDATE ledger_events SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 2"], "event 2 .* was edited", id="edit-time"),
        pytest.param(["UPDATE ledger_events SET data = '{\"plan\":\"ab13\"}' WHERE seq = 6"], "event 6 .* was edited", id="edit-data"),
        pytest.param(["UPDATE ledger_events SET fence = 9 WHERE seq = 2"], "event 2 .* was edited", id="edit-fence"),
        pytest.param(["UPDATE ledger_events SET hash = previous WHERE seq = 6"], "event 6 .* was edited", id="edit-hash"),
        pytest.param(["DELETE FROM ledger_events WHERE seq = 6"], "events 6 to 6 are missing", id="delete-event"),
        pytest.param(["DELETE FROM ledger_events WHERE seq = (SELECT MAX(seq) FROM ledger_events)"], "head says", id="delete-last"),
        pytest.param(["DELETE FROM ledger_events"], "head says", id="delete-all"),
        pytest.param([COPY.format(seq=99)], "does not follow", id="insert-event"),
        pytest.param(SWAP, "event 4 does not follow", id="reorder-events"),
        pytest.param(["UPDATE ledger_rows SET key = 'eve' WHERE event = 2 AND position = 0"], "rows of event 2 ", id="edit-row-key"),
        pytest.param(["UPDATE ledger_rows SET data = '{}' WHERE event = 3 AND position = 1"], "rows of event 3 ", id="edit-row-data"),
        pytest.param(["DELETE FROM ledger_rows WHERE event = 2 AND position = 1"], "rows of event 2 ", id="delete-row"),
        pytest.param(["INSERT INTO ledger_rows SELECT event, 9, system, kind, key, action, data FROM ledger_rows WHERE event = 2 AND position = 0"], "rows of event 2 ", id="insert-row"),
        pytest.param(["UPDATE ledger_rows SET position = 1 - position + 10 WHERE event = 2"], "rows of event 2 ", id="reorder-rows"),
        pytest.param(["INSERT INTO ledger_rows SELECT 999, 0, system, kind, key, action, data FROM ledger_rows WHERE event = 2 AND position = 0"], "1 rows belong to no event", id="stray-row"),
        pytest.param(["INSERT INTO ledger_owned VALUES ('im1', 'account', 'root', 'owned', '')"], "ownership was edited.*im1:account/root", id="claim-foreign"),
        pytest.param(["DELETE FROM ledger_owned"], "ownership was edited", id="disown"),
        pytest.param(["DELETE FROM ledger_protected"], "protection was edited", id="unprotect"),
        pytest.param(["UPDATE ledger_secrets SET generation = 7"], "known of secrets was edited", id="secrets"),
        pytest.param(["UPDATE ledger_generations SET generation = 1"], "generations of secrets was edited", id="generations"),
        pytest.param(["DELETE FROM ledger_open_batches"], "open batches was edited", id="hide-open-batch"),
        pytest.param(["UPDATE ledger_estate SET id = 'another'"], "identity was edited", id="estate"),
        pytest.param(["UPDATE ledger_estate SET key_check = ''"], "identity was edited", id="key"),
        pytest.param(["UPDATE ledger_head SET seq = seq + 1"], "head says", id="head"),
    ],
)  # fmt: skip
def test_tampering_is_named(history, sql, statements, expected):
    sql(*statements)
    found = "\n".join(history.verify())
    assert found
    import re

    assert re.search(expected, found), found


def test_each_fault_is_named_not_only_the_first(history, sql):
    sql("UPDATE ledger_events SET actor = 'x' WHERE seq IN (2, 6)")
    faults = history.verify()
    assert any("event 2 " in fault for fault in faults)
    assert any("event 6 " in fault for fault in faults)
    assert not any("event 3 " in fault for fault in faults)


def test_the_head_noted_elsewhere_changes_with_every_event(history):
    before = history.head()
    history.record("note", {}, actor="lin@ops1")
    after = history.head()
    assert after[0] == before[0] + 1
    assert after[1] != before[1]


TEXT = st.text(max_size=8)
SEALED = st.builds(
    Sealed,
    seq=st.integers(1, 9),
    at=TEXT,
    kind=TEXT,
    actor=TEXT,
    requester=TEXT,
    batch=st.none() | st.integers(1, 9),
    fence=st.none() | st.integers(1, 9),
    data=TEXT,
    rows=TEXT,
)


@given(SEALED, SEALED)
def test_two_events_share_a_hash_only_if_they_are_equal(one, other):
    assert (one.hash(GENESIS) == other.hash(GENESIS)) is (one == other)


@given(SEALED)
def test_an_event_hashes_otherwise_after_another_one(event):
    assert event.hash(GENESIS) != event.hash("1" * 64)


ROWS = st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=3)


@given(ROWS, ROWS)
def test_rows_share_a_digest_only_if_they_are_equal_in_content_and_order(one, other):
    assert (rows_digest(one) == rows_digest(other)) is (one == other)
