"""Whatever happens, in whatever order: the tables are the sum of the events, and nothing is lost."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom.errors import CommsroomError
from commsroom.estate.backend import Status
from commsroom.estate.resource import Action
from commsroom.ledger import Ledger

LOGINS = st.sampled_from(["wei", "mei", "lin"])
CHANGES = st.tuples(st.sampled_from(Action), LOGINS, st.integers(1, 3), st.booleans())
BATCHES = st.lists(CHANGES, min_size=1, max_size=3, unique_by=lambda change: change[1])
STEPS = st.one_of(
    st.tuples(st.just("do"), BATCHES, st.sampled_from(Status)),
    st.tuples(st.just("kill"), BATCHES, st.sampled_from(["present", "absent", None])),
    st.tuples(st.just("leave open"), BATCHES, st.none()),
    st.tuples(st.just("abandon"), BATCHES, st.none()),
    st.tuples(
        st.sampled_from(["adopt", "forget", "protect", "unprotect", "advance"]), LOGINS, st.none()
    ),
)
CLAIMS = {Action.CREATE, Action.ADOPT}


def play(estate, step):
    """Do one step; return logins that are surely ours, and surely not ours, after it."""
    what, about, how = step
    ledger = estate.ledger
    if isinstance(about, list):
        changes = [
            estate.change(action, login, generation=generation, protected=protected)
            for action, login, generation, protected in about
        ]
        made = {login for action, login, *_ in about if action in CLAIMS}
        kept = {login for action, login, *_ in about if action is Action.UPDATE}
        gone = {login for action, login, *_ in about if action is Action.DELETE}
        if what == "do":
            estate.do(*changes, status=how)
            return (made | kept, gone) if how is Status.DONE else (made, set())
        batch = estate.begin(*changes)
        if what == "kill":
            found = {change.address: how for change in changes} if how else {}
            ledger.settle(batch, found)
            return {"present": (made, set()), "absent": (set(), made | gone), None: (made, set())}[
                how
            ]
        if what == "abandon":
            ledger.abandon(batch, "moved")
            return set(), set()
        return made, set()
    resource = estate.resource(about, protected=True)
    if what == "adopt":
        ledger.adopt([resource], actor="x")
        return {about}, set()
    if what == "forget":
        ledger.forget([resource.address], actor="x")
    elif what == "protect":
        ledger.protect([resource], actor="x")
    elif what == "unprotect":
        try:
            ledger.unprotect(resource.address, actor="x")
        except CommsroomError:
            assert resource.address not in ledger.known().protected
    else:
        ledger.advance([f"{about}/xmpp"], actor="x", reason="rotation")
    return set(), set()


@pytest.fixture
def fresh(tmp_path, estate):
    """Give new ledgers, one for each example."""
    numbers = itertools.count()

    def another():
        ledger = Ledger.open(str(tmp_path / f"{next(numbers)}.db"))
        return type(estate)(ledger)

    return another


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEPS, max_size=8))
def test_any_history_leaves_a_whole_ledger_that_knows_what_is_ours(fresh, steps):
    estate = fresh()
    with estate.ledger as ledger:
        for step in steps:
            ours, not_ours = play(estate, step)
            known = ledger.known()
            opened = {
                intent.address.key
                for batch in ledger.open_batches()
                for intent in batch.intents
                if intent.action in CLAIMS
            }
            owned = {address.key for address in known.owned}
            assert ours <= owned
            assert not (not_ours - opened) & owned
            assert ledger.verify() == ()
